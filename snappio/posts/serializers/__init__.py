"""JSON of posts."""
