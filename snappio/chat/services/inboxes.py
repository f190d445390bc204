"""Telling members' own topics what changed: their conversations, their switches."""

from collections.abc import Collection

from snappio.chat.keys import inbox_topic
from snappio.chat.models import Inbox
from snappio.chat.updates import InboxChange, Switches
from snappio.realtime.publishing import publish_on_commit
from snappio.realtime.updates import EPHEMERAL


def touch_inboxes(changes: Collection[tuple[int, InboxChange | Switches]]) -> None:
    """Count each change for its member, named by id, and tell it after the commit.

    Once in the transaction that makes the changes: two that touch the same inboxes
    lock them in the same order, and never wait in a circle. What is told may be lost;
    what is counted is found.
    """
    if not changes:
        return
    member_ids = sorted({member_id for member_id, _ in changes})
    _make(member_ids)
    mine = Inbox.objects.filter(user__in=member_ids)
    inboxes = {row.user_id: row for row in mine.order_by("user").select_for_update()}
    hints = []
    for member_id, change in changes:
        inboxes[member_id].revision += 1
        update = change.to_update(inbox_topic(member_id), inboxes[member_id].revision)
        hints.append(update.to_hint())
    Inbox.objects.bulk_update(inboxes.values(), ["revision"])
    publish_on_commit(hints)


def mention_to(member_id: int, change: InboxChange) -> None:
    """Tell a member's other devices of what need not be found later: how far one has read."""
    publish_on_commit([change.to_update(inbox_topic(member_id), EPHEMERAL).to_hint()])


def _make(member_ids: Collection[int]) -> None:
    Inbox.objects.bulk_create(
        [Inbox(user_id=member_id) for member_id in member_ids], ignore_conflicts=True
    )
