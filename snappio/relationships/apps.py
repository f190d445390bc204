"""Who follows, blocks and mutes whom."""

from django.apps import AppConfig


class RelationshipsConfig(AppConfig):
    """Registers the app."""

    name = "snappio.relationships"
    features = ("relationships",)
