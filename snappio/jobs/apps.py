"""Background work, kept in the database."""

from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Registers the app."""

    name = "snappio.jobs"
