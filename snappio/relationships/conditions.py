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


def blocked_by(viewer: Viewer, member: str) -> Q:
    """Hold for members whom the viewer blocks."""
    return Q(Exists(Block.objects.filter(blocker=viewer, blocked=OuterRef(member))))


def blocking(viewer: Viewer, member: str) -> Q:
    """Hold for members who block the viewer."""
    return Q(Exists(Block.objects.filter(blocker=OuterRef(member), blocked=viewer)))


def blocked_with(viewer: Viewer, member: str) -> Q:
    """Hold for members who block the viewer or are blocked by them."""
    return blocked_by(viewer, member) | blocking(viewer, member)


def muted_by(viewer: Viewer, member: str, *, at: datetime) -> Q:
    """Hold for members of whom the viewer does not want to hear now."""
    mutes = Mute.objects.in_force(at=at)
    return Q(Exists(mutes.filter(muter=viewer, muted=OuterRef(member))))


def followed_by(viewer: Viewer, member: str) -> Q:
    """Hold for members whom the viewer follows; a request is not enough."""
    follows = Follow.objects.accepted()
    return Q(Exists(follows.filter(follower=viewer, followed=OuterRef(member))))


def following(viewer: Viewer, member: str) -> Q:
    """Hold for members who follow the viewer."""
    follows = Follow.objects.accepted()
    return Q(Exists(follows.filter(follower=OuterRef(member), followed=viewer)))


def asked_by(viewer: Viewer, member: str) -> Q:
    """Hold for private members who have not answered the viewer's request to follow them."""
    requests = Follow.objects.requested()
    return Q(Exists(requests.filter(follower=viewer, followed=OuterRef(member))))


def asking(viewer: Viewer, member: str) -> Q:
    """Hold for members whose request to follow the viewer waits."""
    requests = Follow.objects.requested()
    return Q(Exists(requests.filter(follower=OuterRef(member), followed=viewer)))


def close_to(viewer: Viewer, member: str) -> Q:
    """Hold for members whom the viewer counts among their close friends."""
    return Q(Exists(CloseFriend.objects.filter(owner=viewer, friend=OuterRef(member))))


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


def known_to(viewer: Viewer, member: str) -> Q:
    """Hold for members of whom the viewer may know that they are there.

    Whoever blocks the viewer is not, unless the viewer blocks them, too: they
    have to find them to end it.
    """
    return ~blocking(viewer, member) | blocked_by(viewer, member)
