"""Conversations for staff: numbers only, no private words."""

from django.contrib import admin

from snappio.chat.models import Conversation
from snappio.core.admin import LookedAt


@admin.register(Conversation)
class ConversationAdmin(LookedAt[Conversation]):
    """Shows which conversations there are and how busy; messages stay between their people."""

    list_display = ["key", "kind", "last_seq", "created_at", "last_message_at"]
    list_filter = ["kind"]
    search_fields = ["name"]
