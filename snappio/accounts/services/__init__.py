"""What people do with accounts."""
