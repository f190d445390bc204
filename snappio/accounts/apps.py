"""Who the members are: accounts, sign-in, sessions."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Registers the app."""

    name = "snappio.accounts"
