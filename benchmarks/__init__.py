"""How fast Snappio is, next to bare servers that do the least for the same work."""
