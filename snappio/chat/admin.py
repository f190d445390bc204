"""Conversations for staff: numbers only, no private words."""

from django.contrib import admin
from django.http import HttpRequest

from snappio.chat.models import Conversation


@admin.register(Conversation)
class ConversationAdmin(admin.ModelAdmin[Conversation]):
    """Shows which conversations there are and how busy; messages stay between their people."""

    list_display = ["key", "kind", "last_seq", "created_at", "last_message_at"]
    list_filter = ["kind"]
    search_fields = ["name"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Conversations are made by their first message."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        """Numbers and keys hold the order of messages; nobody edits them."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Conversation | None = None) -> bool:
        """Leave deleting to moderation, which gives a reason and keeps a trail."""
        return False
