"""What people do with posts."""
