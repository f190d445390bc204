"""Photographs with a text."""

from django.apps import AppConfig


class PostsConfig(AppConfig):
    """Registers the app."""

    name = "snappio.posts"
    features = ("posts", "comments", "bookmarks")
