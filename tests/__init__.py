"""What crosses apps: journeys, contracts, architecture, faults, and the harness for them."""
