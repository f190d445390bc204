"""A small believable network, for newcomers to look at."""

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """Registers the command `demo`."""

    name = "snappio.demo"
