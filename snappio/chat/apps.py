"""Conversations and their messages."""

from django.apps import AppConfig


class ChatConfig(AppConfig):
    """Registers where live streams read chat, and the lanes that store messages."""

    name = "snappio.chat"

    def ready(self) -> None:
        """Contribute to the processes that hold sockets."""
        # Models can be imported only now.
        from snappio.chat import keys  # noqa: PLC0415
        from snappio.chat.gateway import commands  # noqa: PLC0415
        from snappio.chat.lanes import running_lanes  # noqa: PLC0415
        from snappio.chat.sources import ChatSource, InboxSource  # noqa: PLC0415
        from snappio.realtime.runtime import register_part  # noqa: PLC0415
        from snappio.realtime.updates import register_source  # noqa: PLC0415

        register_source(keys.TOPIC_KIND, ChatSource())
        register_source(keys.INBOX_KIND, InboxSource())
        register_part(running_lanes)
        commands.register()
