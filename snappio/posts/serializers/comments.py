"""JSON of comments and likes."""

from typing import Any

from rest_framework import serializers

from snappio.core.limits import current_limits
from snappio.core.pagination import LARGEST_ID
from snappio.core.serializers import EntityOutput
from snappio.posts.models import Like
from snappio.posts.queries.comments import ShownComment
from snappio.posts.serializers.posts import entities_json, time_json


class EditCommentInput(serializers.Serializer[Any]):
    """What to say instead."""

    content = serializers.CharField(max_length=current_limits().comment_length)


class CommentInput(EditCommentInput):
    """What to say, and to which comment."""

    parent = serializers.IntegerField(  # type: ignore[assignment] # DRF has one on fields
        min_value=1,
        max_value=LARGEST_ID,
        required=False,
        allow_null=True,
        help_text="The comment that this answers, which itself answers none.",
    )


class CommentOutput(serializers.Serializer[Any]):
    """A comment on a post."""

    id = serializers.IntegerField()
    post = serializers.IntegerField()
    parent = serializers.IntegerField(  # type: ignore[assignment] # DRF has one on fields
        allow_null=True, help_text="The comment that it answers."
    )
    user = serializers.CharField(help_text="The author's username.")
    name = serializers.CharField(help_text="The author's display name.")
    content = serializers.CharField()
    entities = EntityOutput(many=True)
    timestamp = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)
    likes_count = serializers.IntegerField()
    answers_count = serializers.IntegerField()
    liked = serializers.BooleanField(help_text="By the viewer.")


class LikerOutput(serializers.Serializer[Any]):
    """A member who likes something."""

    id = serializers.IntegerField()
    username = serializers.CharField()
    name = serializers.CharField()
    liked_at = serializers.DateTimeField()


def comment_json(comment: ShownComment) -> dict[str, Any]:
    """Return what `CommentOutput` describes."""
    return {
        "id": comment.id,
        "post": comment.post,
        "parent": comment.parent,
        "user": comment.username,
        "name": comment.name,
        "content": comment.content,
        "entities": entities_json(comment.entities),
        "timestamp": time_json(comment.created_at),
        "edited_at": time_json(comment.edited_at) if comment.edited_at else None,
        "likes_count": comment.likes_count,
        "answers_count": comment.answers_count,
        "liked": comment.liked,
    }


def liker_json(like: Like) -> dict[str, Any]:
    """Return what `LikerOutput` describes."""
    return {
        "id": like.member_id,
        "username": like.member.username,
        "name": like.member.name,
        "liked_at": time_json(like.created_at),
    }
