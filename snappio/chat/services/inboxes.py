"""Telling members' own topics what changed: their conversations, their switches."""

from collections.abc import Collection, Mapping

from django.db.models import F

from snappio.chat.keys import inbox_topic
from snappio.chat.models import Inbox
from snappio.chat.updates import InboxChange, Switches
from snappio.realtime.publishing import publish_on_commit
from snappio.realtime.updates import EPHEMERAL


def touch_inboxes(changes: Mapping[int, InboxChange | Switches]) -> None:
    """Count a change for each member and tell it after the commit, by member id.

    Runs in the transaction that makes the change. What is told may be lost; what is
    counted is found.
    """
    member_ids = sorted(changes)
    _make(member_ids)
    mine = Inbox.objects.filter(user__in=member_ids)
    # In order, so that two who add the same members never wait in a circle.
    list(mine.order_by("user").select_for_update().values_list("user"))
    mine.update(revision=F("revision") + 1)
    publish_on_commit(
        [
            changes[member_id].to_update(inbox_topic(member_id), revision).to_hint()
            for member_id, revision in mine.values_list("user", "revision")
        ]
    )


def mention_to(member_id: int, change: InboxChange) -> None:
    """Tell a member's other devices of what need not be found later: how far one has read."""
    publish_on_commit([change.to_update(inbox_topic(member_id), EPHEMERAL).to_hint()])


def _make(member_ids: Collection[int]) -> None:
    Inbox.objects.bulk_create(
        [Inbox(user_id=member_id) for member_id in member_ids], ignore_conflicts=True
    )
