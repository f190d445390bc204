"""Uploads: images with their renditions, and other files."""

from django.apps import AppConfig


class MediaConfig(AppConfig):
    """Registers the app."""

    name = "snappio.media"
    # Uploads have an address of their own.
    features = ("media",)
