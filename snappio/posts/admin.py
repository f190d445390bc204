"""What was posted and said about it, for staff to look at."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from snappio.posts.models import Comment, Post


class _LookedAt(admin.ModelAdmin[Any]):
    """Shows and changes nothing: counters and files hang on these rows.

    Deleting goes through the services, which nobody calls here: moderation gives a
    reason and keeps a trail.
    """

    show_full_result_count = False
    list_select_related = ("author",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Members write for themselves."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody puts words into a member's mouth."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave deleting to the services."""
        return False


@admin.register(Post)
class PostAdmin(_LookedAt):
    """Posts that everybody may see; what is for followers and friends stays with them."""

    list_display = ("id", "author", "content", "is_sensitive", "likes_count", "comments_count",
                    "created_at")  # fmt: skip
    list_filter = ("is_sensitive",)
    search_fields = ("author__username",)
    fields = ("author", "content", "is_sensitive", "warning", "commenting", "likes_count",
              "comments_count", "created_at", "edited_at")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        """Show what is public."""
        return Post.objects.visible_to(None)


@admin.register(Comment)
class CommentAdmin(_LookedAt):
    """What was said about them."""

    list_display = ("id", "author", "post_id", "content", "likes_count", "created_at")
    search_fields = ("author__username",)
    fields = ("author", "content", "likes_count", "answers_count", "created_at", "edited_at")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Show what stands under public posts."""
        return Comment.objects.filter(post__in=Post.objects.visible_to(None))
