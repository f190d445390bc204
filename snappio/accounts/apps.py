"""Who the members are: accounts, sign-in, sessions."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers how open sockets learn that their session is over."""

    name = "snappio.accounts"

    def ready(self) -> None:
        """Contribute to the processes that hold sockets."""
        # Models can be imported only now.
        from snappio.accounts.sockets import ended_among  # noqa: PLC0415
        from snappio.realtime.runtime import register_session_check  # noqa: PLC0415

        register_session_check(ended_among)
