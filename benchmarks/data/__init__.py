"""What an instance holds before it is measured; each module has one `make`."""
