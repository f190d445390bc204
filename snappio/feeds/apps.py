"""Timelines."""

from django.apps import AppConfig


class FeedsConfig(AppConfig):
    """Registers the app."""

    name = "snappio.feeds"
    features = ("feed", "explore", "tags")
