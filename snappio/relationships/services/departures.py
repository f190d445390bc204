"""The end of all that somebody is to others, when an account is closed."""

from django.db.models import Q

from snappio.accounts.models import User
from snappio.relationships.models import Block, CloseFriend, Follow, FollowCounts, Mute
from snappio.relationships.services.follows import end_follows


def end_all_of(member: User) -> None:
    """Delete every row that names the member, in the caller's transaction.

    The caller holds the lock on the member's row, and the member is not active any
    more: nothing new can come.
    """
    end_follows(Follow.objects.touching(member.pk))
    Block.objects.filter(Q(blocker=member) | Q(blocked=member)).delete()
    Mute.objects.filter(Q(muter=member) | Q(muted=member)).delete()
    CloseFriend.objects.filter(Q(owner=member) | Q(friend=member)).delete()
    FollowCounts.objects.filter(member=member).delete()
