"""Leaving every group and room at once, when an account is closed.

Conversations are locked before members everywhere: a message refers to its sender,
and waits for whoever is closing that account. So the locks come first, the account
is closed then, and the places are given up last.
"""

from django.db import transaction

from snappio.accounts.models import User
from snappio.chat import keys
from snappio.chat.models import Conversation, Participant
from snappio.chat.services.inboxes import touch_inboxes
from snappio.chat.services.locking import place_of
from snappio.chat.services.membership import step_out
from snappio.chat.updates import InboxChange


@transaction.atomic
def lock_conversations_of(member: User) -> None:
    """Lock the member's groups and rooms until the caller's transaction ends. One query."""
    _locked_for(member)


@transaction.atomic
def leave_all(member: User) -> None:
    """Give up every place in groups and rooms; private chats stay for the others.

    What the member owned goes on to whoever is there longest. At most ten queries
    for each conversation.
    """
    changes: list[tuple[int, InboxChange]] = []
    # Again: somebody may have added them a moment before the account was closed.
    for conversation in _locked_for(member):
        place = place_of(conversation, member)
        if place is not None:
            changes += step_out(conversation, place, member)
    touch_inboxes(changes)


def _locked_for(member: User) -> list[Conversation]:
    mine = Conversation.objects.exclude(kind=keys.PRIVATE).filter(
        pk__in=Participant.objects.filter(user=member).values("conversation")
    )
    # In id order, so that two who lock several never wait in a circle.
    return list(mine.order_by("pk").select_for_update())
