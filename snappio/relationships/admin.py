"""What staff see of relationships: to look at, since nobody lives for another."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from snappio.relationships.models import Block, Follow


class _ReadOnly(admin.ModelAdmin[Any]):
    show_full_result_count = False
    ordering = ("-id",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: only the two themselves say what they are to each other."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse likewise."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a row that goes behind the services' back leaves the counts wrong."""
        return False


@admin.register(Follow)
class FollowAdmin(_ReadOnly):
    """Who follows whom, or has asked."""

    list_display = ("follower", "followed", "created_at", "accepted_at")
    list_select_related = ("follower", "followed")
    search_fields = ("follower__username", "followed__username")


@admin.register(Block)
class BlockAdmin(_ReadOnly):
    """Who blocks whom."""

    list_display = ("blocker", "blocked", "created_at")
    list_select_related = ("blocker", "blocked")
    search_fields = ("blocker__username", "blocked__username")
