"""Who the members are: accounts, sign-in, sessions."""

from typing import Any

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers how tokens are documented, and how open sockets learn that theirs is over."""

    name = "snappio.accounts"
    features = ("email_verification", "password_reset", "personal_tokens", "sessions", "totp")

    def describe_instance(self) -> dict[str, Any]:
        """Return what `GET /api/v1/instance/` says of joining."""
        from snappio.accounts.queries import description_of_instance  # noqa: PLC0415

        return description_of_instance()

    def ready(self) -> None:
        """Import what registers itself; models can be imported only now."""
        from snappio.accounts import letters, schema  # noqa: F401, PLC0415
        from snappio.accounts.queries import ended_among  # noqa: PLC0415
        from snappio.accounts.services.sessions import identify  # noqa: PLC0415
        from snappio.realtime.gateway.identity import register_authenticator  # noqa: PLC0415
        from snappio.realtime.runtime import register_session_check  # noqa: PLC0415

        register_session_check(ended_among)
        register_authenticator(identify)
