"""Conditions on members, for the queries of every app that shows what members made.

Each takes the viewer and the name of the column that refers to a member, and gives a
condition to filter by:

    Post.objects.filter(shown_to(viewer.pk, "author"))

The viewer is an id, or None for who is not signed in; in a query that is compiled once
(`core.compiled`) it is a `parameter` whose value is such. So is ``at``, the present moment.
"""

from datetime import datetime
from typing import Any

from django.db.models import Exists, OuterRef, Q

from snappio.accounts.models import User
from snappio.relationships.models import Block, CloseFriend, Follow, Mute

# An id, None, or a parameter that stands for one.
Viewer = Any


def blocked_with(viewer: Viewer, member: str) -> Q:
    """Hold for members who block the viewer or are blocked by them."""
    blocks, blocked = (
        Block.objects.filter(blocker=viewer, blocked=OuterRef(member)),
        Block.objects.filter(blocker=OuterRef(member), blocked=viewer),
    )
    return Q(Exists(blocks)) | Q(Exists(blocked))


def muted_by(viewer: Viewer, member: str, *, at: datetime) -> Q:
    """Hold for members of whom the viewer does not want to hear now."""
    mutes = Mute.objects.in_force(at=at)
    return Q(Exists(mutes.filter(muter=viewer, muted=OuterRef(member))))


def followed_by(viewer: Viewer, member: str) -> Q:
    """Hold for members whom the viewer follows; a request is not enough."""
    follows = Follow.objects.accepted()
    return Q(Exists(follows.filter(follower=viewer, followed=OuterRef(member))))


def holding_close(viewer: Viewer, member: str) -> Q:
    """Hold for members who count the viewer among their close friends."""
    return Q(Exists(CloseFriend.objects.filter(owner=OuterRef(member), friend=viewer)))


def open_to(viewer: Viewer, member: str) -> Q:
    """Hold for members whose things the viewer may see, blocks aside.

    Those of a private member are for who follows them, and for themselves.
    """
    private = Exists(User.objects.filter(pk=OuterRef(member), is_private=True))
    return ~Q(private) | Q(**{member: viewer}) | followed_by(viewer, member)


def shown_to(viewer: Viewer, member: str) -> Q:
    """Hold for members whose things the viewer may see: open to them, and no block between."""
    return open_to(viewer, member) & ~blocked_with(viewer, member)
