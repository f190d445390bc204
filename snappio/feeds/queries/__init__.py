"""Which posts a timeline shows."""
