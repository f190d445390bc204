"""A self-hosted social network backend."""

__version__ = "0.1.0"
