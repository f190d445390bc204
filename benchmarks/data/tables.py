"""The tables."""

from django.core.management import call_command


def make() -> None:
    """Make the tables."""
    call_command("migrate", verbosity=0)
