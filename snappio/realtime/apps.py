"""How bytes travel between processes and to sockets."""

from django.apps import AppConfig


class RealtimeConfig(AppConfig):
    """Registers what the socket understands by itself."""

    name = "snappio.realtime"

    def ready(self) -> None:
        """Import what registers itself; models can be imported only now."""
        from snappio.realtime.gateway import commands, control  # noqa: PLC0415

        commands.register()
        control.register()
