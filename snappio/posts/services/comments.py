"""Commenting."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Q

from snappio.accounts.entities import entities_of
from snappio.accounts.models import User
from snappio.core import rates
from snappio.core.clock import now
from snappio.core.idempotency import IdempotencyKeyReused, hash_of, require_key
from snappio.core.limits import current_limits
from snappio.posts import policies
from snappio.posts.errors import AnswerToAnswer, CommentNotFound
from snappio.posts.models import Comment, CommentLike, Post
from snappio.posts.services.locking import lock_member, locked_post


@dataclass(frozen=True, slots=True)
class _Target:
    comment: Comment
    post: Post


@transaction.atomic
def comment_on_post(
    *, post_id: int, author: User, content: str, parent_id: int | None = None, key: str = ""
) -> Comment:
    """Comment on a post, or answer a comment on it.

    The same ``key`` again gives the first comment, as long as it is there. Raises
    `PostNotFound`, `CommentsRestricted`, `CommentNotFound` for a comment on another
    post, or `AnswerToAnswer`.
    """
    require_key(key)
    lock_member(author)
    post = locked_post(post_id, viewer=author)
    request_hash = hash_of([post_id, content, parent_id]) if key else ""
    if earlier := _made_before(author, key, request_hash):
        return earlier
    policies.require_can_comment(author, post)
    if parent_id is not None:
        _require_can_be_answered(parent_id, post, author)
    rates.take("comments", str(author.pk), current_limits().comments_member)

    comment = Comment.objects.create(
        post=post,
        parent_id=parent_id,
        author=author,
        content=content,
        entities=entities_of(content),
        idempotency_key=key,
        request_hash=request_hash,
    )
    Post.objects.filter(pk=post.pk).update(comments_count=F("comments_count") + 1)
    _count_answer(parent_id, 1)
    return comment


@transaction.atomic
def edit_comment(*, comment_id: int, editor: User, content: str) -> None:
    """Change the text of one's own comment; no change is no edit."""
    comment = _target(comment_id, viewer=editor).comment
    policies.require_can_edit_comment(editor, comment)

    if content != comment.content:
        comment.content, comment.entities, comment.edited_at = content, entities_of(content), now()
        comment.save(update_fields=["content", "entities", "edited_at"])


@transaction.atomic
def delete_comment(*, comment_id: int, remover: User) -> None:
    """Delete a comment, and what answers it."""
    target = _target(comment_id, viewer=remover)
    policies.require_can_delete_comment(remover, target.comment, target.post)

    gone = Comment.objects.filter(Q(pk=comment_id) | Q(parent=comment_id))
    CommentLike.objects.filter(comment__in=gone).delete()
    deleted, _ = gone.delete()
    Post.objects.filter(pk=target.post.pk).update(comments_count=F("comments_count") - deleted)
    _count_answer(target.comment.parent_id, -1)


@transaction.atomic
def like_comment(*, comment_id: int, member: User) -> None:
    """Like a comment; once more changes nothing."""
    rates.take("likes", str(member.pk), current_limits().likes_member)
    lock_member(member)
    comment = _target(comment_id, viewer=member).comment

    _, is_new = CommentLike.objects.get_or_create(comment=comment, member=member)
    if is_new:
        Comment.objects.filter(pk=comment_id).update(likes_count=F("likes_count") + 1)


@transaction.atomic
def unlike_comment(*, comment_id: int, member: User) -> None:
    """Take a like back; without one nothing changes."""
    comment = _target(comment_id, viewer=member).comment

    deleted, _ = CommentLike.objects.filter(comment=comment, member=member).delete()
    if deleted:
        Comment.objects.filter(pk=comment_id).update(likes_count=F("likes_count") - 1)


def _count_answer(parent_id: int | None, change: int) -> None:
    if parent_id is not None:
        answered = Comment.objects.filter(pk=parent_id)
        answered.update(answers_count=F("answers_count") + change)


def _target(comment_id: int, *, viewer: User) -> _Target:
    # The post's lock guards its comments, too: read them after it is held.
    post_id = Comment.objects.filter(pk=comment_id).values_list("post", flat=True).first()
    if post_id is None:
        raise CommentNotFound
    post = Post.objects.visible_to(viewer.pk).locked().filter(pk=post_id).first()
    comment = Comment.objects.visible_to(viewer.pk).filter(pk=comment_id).first()
    if post is None or comment is None:
        raise CommentNotFound
    return _Target(comment, post)


def _require_can_be_answered(comment_id: int, post: Post, author: User) -> None:
    visible = Comment.objects.visible_to(author.pk)
    comment = visible.filter(pk=comment_id, post=post).first()
    if comment is None:
        raise CommentNotFound
    if comment.parent_id is not None:
        raise AnswerToAnswer(fields={"parent": [AnswerToAnswer.detail]})


def _made_before(author: User, key: str, request_hash: str) -> Comment | None:
    made = Comment.objects.filter(author=author, idempotency_key=key)
    earlier = made.first() if key else None
    if earlier is not None and earlier.request_hash != request_hash:
        raise IdempotencyKeyReused
    return earlier
