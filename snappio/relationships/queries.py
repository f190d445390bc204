"""What members are to each other."""

from collections.abc import Collection

from django.db.models import QuerySet

from snappio.relationships.models import Block, CloseFriend, Follow


def blocked_between(viewer_id: int, member_ids: Collection[int]) -> set[int]:
    """Return those of the members who block the viewer or are blocked by them. One query."""
    made = Block.objects.filter(blocker=viewer_id, blocked__in=member_ids)
    suffered = Block.objects.filter(blocker__in=member_ids, blocked=viewer_id)
    # Together in one statement.
    found = made.values_list("blocked").union(suffered.values_list("blocker"), all=True)
    return {member_id for (member_id,) in found}


def is_blocked_between(one_id: int, other_id: int) -> bool:
    """Say whether either of the two blocks the other. One query."""
    return Block.objects.either_way(one_id, other_id).exists()


def followed_ids(follower_id: int) -> "QuerySet[Follow, int]":
    """Return the ids of those whom a member follows, to be used inside another query."""
    return Follow.objects.accepted().filter(follower=follower_id).values_list("followed", flat=True)


def close_friend_ids(owner_id: int) -> "QuerySet[CloseFriend, int]":
    """Return the ids of a member's close friends, to be used inside another query."""
    return CloseFriend.objects.filter(owner=owner_id).values_list("friend", flat=True)
