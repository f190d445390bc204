"""Blocking: two members cease to be there for each other."""

from django.db import transaction
from django.db.models import Q

from snappio.accounts.errors import UnknownMember
from snappio.accounts.models import User
from snappio.relationships.models import Block, CloseFriend, Follow
from snappio.relationships.services.follows import end_follows
from snappio.relationships.services.pairs import locked_pair


@transaction.atomic
def block(*, blocker: User, blocked: User) -> bool:
    """Block a member; return whether it is new.

    Ends follows, requests and close friendships between the two, both ways. What else
    ends with it is for the apps that hold it: clients come through
    `profiles.services.block_member`. Raises `UnknownMember` for who blocks the blocker.
    """
    blocker, blocked = locked_pair(blocker, blocked)
    between = Block.objects.either_way(blocker.pk, blocked.pk)
    if between.filter(blocker=blocker).exists():
        return False
    if between.exists():
        raise UnknownMember

    Block.objects.create(blocker=blocker, blocked=blocked)
    end_follows(Follow.objects.either_way(blocker.pk, blocked.pk))
    CloseFriend.objects.filter(
        Q(owner=blocker, friend=blocked) | Q(owner=blocked, friend=blocker)
    ).delete()
    return True


@transaction.atomic
def unblock(*, blocker: User, blocked: User) -> None:
    """Block a member no more; one who is not blocked stays so. What the block ended stays ended."""
    locked_pair(blocker, blocked)

    Block.objects.filter(blocker=blocker, blocked=blocked).delete()
