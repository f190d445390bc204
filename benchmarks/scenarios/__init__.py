"""The scenarios; each yields the rows that it measured."""
