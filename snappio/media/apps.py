"""Uploaded images and their renditions."""

from django.apps import AppConfig


class MediaConfig(AppConfig):
    """Registers the app."""

    name = "snappio.media"
