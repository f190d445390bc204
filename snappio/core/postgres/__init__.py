"""A database engine of our own (`ENGINE = "snappio.core.postgres"`); Django loads `base`."""
