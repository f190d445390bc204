from datetime import timedelta

import pytest

from snappio.accounts.models import User
from snappio.chat.models import Conversation, Message
from snappio.chat.services import rows
from snappio.core.clock import now

pytestmark = pytest.mark.django_db

TEXTS = ["plain", "", "'quoted' \"twice\" \\ \\u0000", "%s {} 日本 \U0001f600"]


@pytest.fixture
def rooms():
    return [Conversation.objects.create(key=f"room:{n}", kind="room", name=f"{n}") for n in "ab"]


def message_in(room, text, *, sender=None):
    room.last_seq += 1
    room.revision += 2
    room.last_message_at = now() + timedelta(hours=1)
    return Message(
        conversation_id=room.pk,
        seq=room.last_seq,
        revision=room.revision,
        sender=sender,
        sender_kind="member" if sender else "guest",
        client_id=f"{room.last_seq}",
        text=text,
        raw=text,
        sent_at=room.last_message_at,
    )


@pytest.mark.parametrize("insert", [rows.insert, rows._insert_anywhere])
def test_keeps_every_field_of_every_message(rooms, insert):
    alice = User.objects.create_user("alice", "alice@example.org")
    fresh = [
        message_in(room, text, sender=sender)
        for text in TEXTS
        for room, sender in zip(rooms, (alice, None), strict=True)
    ]

    insert(fresh, rooms)

    names = [field.attname for field in Message._meta.concrete_fields]
    stored = {row["id"]: row for row in Message.objects.values(*names)}
    assert stored == {row.pk: {name: getattr(row, name) for name in names} for row in fresh}


@pytest.mark.parametrize("insert", [rows.insert, rows._insert_anywhere])
def test_moves_only_the_conversations_given(rooms, insert):
    written, quiet = rooms
    before = Conversation.objects.filter(pk=quiet.pk).values().get()
    fresh = [message_in(written, "one"), message_in(written, "two")]

    insert(fresh, [written])

    moved = Conversation.objects.get(pk=written.pk)
    assert (moved.last_seq, moved.revision) == (2, 4)
    assert moved.last_message_at == fresh[-1].sent_at
    assert (moved.key, moved.kind, moved.name) == (written.key, written.kind, written.name)
    assert Conversation.objects.filter(pk=quiet.pk).values().get() == before
