"""The load, in a process of its own on a core of its own."""
