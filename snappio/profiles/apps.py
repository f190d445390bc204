"""What one sees of a member."""

from django.apps import AppConfig


class ProfilesConfig(AppConfig):
    """Registers the app."""

    name = "snappio.profiles"
    features = ("profiles",)
