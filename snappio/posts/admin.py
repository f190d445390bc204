"""What was posted and said about it, for staff to look at."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from snappio.core.admin import LookedAt
from snappio.posts.models import Comment, Post


@admin.register(Post)
class PostAdmin(LookedAt[Post]):
    """Posts that everybody may see; what is for followers and friends stays with them."""

    list_display = ("id", "author", "content", "is_sensitive", "likes_count", "comments_count",
                    "created_at")  # fmt: skip
    list_filter = ("is_sensitive",)
    list_select_related = ("author",)
    search_fields = ("author__username",)
    fields = ("author", "content", "is_sensitive", "warning", "commenting", "likes_count",
              "comments_count", "created_at", "edited_at")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        """Show what is public."""
        return Post.objects.visible_to(None)


@admin.register(Comment)
class CommentAdmin(LookedAt[Comment]):
    """What was said about them."""

    list_display = ("id", "author", "post_id", "content", "likes_count", "created_at")
    list_select_related = ("author",)
    search_fields = ("author__username",)
    fields = ("author", "content", "likes_count", "answers_count", "created_at", "edited_at")

    def get_queryset(self, request: HttpRequest) -> Any:
        """Show what stands under public posts."""
        return Comment.objects.filter(post__in=Post.objects.visible_to(None))
