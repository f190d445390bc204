"""What linters cannot see about the shape of the code, and the contract they lack."""
