"""The kernel: errors, ids, clock, limits, pagination, HTTP glue."""

from django.apps import AppConfig


class CoreConfig(AppConfig):
    """Has no models and imports no other app."""

    name = "snappio.core"
