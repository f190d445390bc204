"""Conversations and their messages."""

from django.apps import AppConfig


class ChatConfig(AppConfig):
    """Registers the app."""

    name = "snappio.chat"
