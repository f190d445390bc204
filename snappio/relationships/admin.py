"""What staff see of relationships: to look at, since nobody lives for another."""

from django.contrib import admin

from snappio.core.admin import LookedAt
from snappio.relationships.models import Block, Follow


@admin.register(Follow)
class FollowAdmin(LookedAt[Follow]):
    """Who follows whom, or has asked."""

    ordering = ("-id",)
    list_display = ("follower", "followed", "created_at", "accepted_at")
    list_select_related = ("follower", "followed")
    search_fields = ("follower__username", "followed__username")


@admin.register(Block)
class BlockAdmin(LookedAt[Block]):
    """Who blocks whom."""

    ordering = ("-id",)
    list_display = ("blocker", "blocked", "created_at")
    list_select_related = ("blocker", "blocked")
    search_fields = ("blocker__username", "blocked__username")
