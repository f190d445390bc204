"""How bytes travel between processes and to sockets."""

from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    """Registers the app."""

    name = "snappio.realtime"
