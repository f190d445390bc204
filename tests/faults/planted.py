"""The product with one fault planted into it: settings, and the app that plants.

``DJANGO_SETTINGS_MODULE=tests.faults.planted`` and ``PLANTED``, the name of one of
the functions below.
"""

import os
import random
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.apps import AppConfig
from django.db import transaction

from config.settings.base import *  # noqa: F403
from config.settings.base import INSTALLED_APPS as APPS

INSTALLED_APPS = [*APPS, "tests.faults.planted.Planted"]


class Planted(AppConfig):
    """Plants, once everything is loaded."""

    name = "tests.faults"

    def ready(self) -> None:
        PLANTS[os.environ["PLANTED"]]()


def acknowledge_before_commit() -> None:
    """Tell first, then take a while to commit: a crash in between loses what was told."""
    from snappio.chat import lanes
    from snappio.chat.services import messages
    from snappio.realtime.publishing import publish_rollback_unsafe

    append = messages.append_messages

    def append_messages(drafts: Sequence[Any], *, is_retry: bool = False) -> Sequence[Any]:
        # Also around what one statement stores, which is committed by itself otherwise.
        with transaction.atomic():
            return append(drafts, is_retry=is_retry)

    def publish(hints: Sequence[Any]) -> None:
        publish_rollback_unsafe(hints)
        time.sleep(0.05)

    messages.publish_on_commit = publish
    messages.append_messages = lanes.append_messages = append_messages


def skip_a_number() -> None:
    """Leave a number out now and then, as a sequence does that a rollback has used."""
    from snappio.chat.services import messages

    following = messages._next_message

    def next_message(conversation: Any, *arguments: Any) -> Any:
        if conversation.last_seq % 50 == 49:
            conversation.last_seq += 1
            conversation.revision += 1
        return following(conversation, *arguments)

    messages._next_message = next_message
    # The long way is the one that numbers in Python.
    messages.append_plain = lambda _: {}


def skip_what_was_missed() -> None:
    """Notice a gap and go on behind it."""
    from snappio.chat.sources import ChatSource
    from snappio.realtime.updates import Missed

    def missed(self: ChatSource, topic: str, after: Any, limit: int) -> Missed:
        return Missed([], self.positions([topic]).get(topic, after))

    ChatSource.missed = missed


def take_any_lane() -> None:
    """Store what one socket sends side by side."""
    from snappio.chat import lanes
    from snappio.realtime.lanes import Lanes

    lanes.LANES = 3
    Lanes.lane_of = lambda self, _key: random.choice(self._lanes)


def deliver_to_who_is_out() -> None:
    """Go on telling a member who was put out."""
    from snappio.realtime.hub import Hub

    Hub._bar = lambda *_: None


def show_everything() -> None:
    """Ask nobody whether they are in a conversation."""
    from snappio.chat.models.conversations import ConversationQuerySet

    ConversationQuerySet.visible_to = lambda self, _viewer: self


PLANTS: dict[str, Callable[[], None]] = {
    plant.__name__: plant
    for plant in (
        acknowledge_before_commit,
        skip_a_number,
        skip_what_was_missed,
        take_any_lane,
        deliver_to_who_is_out,
        show_everything,
    )
}
