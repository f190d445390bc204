"""Writing a batch of messages: one statement on PostgreSQL, plain ORM elsewhere.

The ORM takes four times as long to compile `bulk_update` for a hundred rows as
PostgreSQL takes to run it, and the sockets of the process wait meanwhile.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from django.db import connection

from snappio.chat.models import Conversation, Message, Participant


def insert(messages: Sequence[Message], conversations: Sequence[Conversation]) -> None:
    """Insert new messages, and save how far their conversations and senders have come.

    The caller holds the conversations' locks and has numbered the messages.
    """
    if connection.vendor == "postgresql":
        _insert_on_postgres(messages, conversations)
    else:
        _insert_anywhere(messages, conversations)


def _insert_anywhere(messages: Sequence[Message], conversations: Sequence[Conversation]) -> None:
    Message.objects.bulk_create(messages)
    # Not `bulk_update`: that costs more for each row than a statement of its own.
    for row in conversations:
        Conversation.objects.filter(pk=row.pk).update(
            last_seq=row.last_seq, revision=row.revision, last_message_at=row.last_message_at
        )
    for place in _read_by(messages):
        Participant.objects.filter(
            conversation_id=place["conversation_id"], user_id=place["user_id"]
        ).update(
            read_seq=place["read_seq"],
            delivered_seq=place["read_seq"],
            wrote_at=place["wrote_at"],
        )


def _read_by(messages: Sequence[Message]) -> Iterable[dict[str, Any]]:
    # Who sends has read what they sent; the last of several counts.
    last = {
        (message.conversation_id, message.sender_id): message
        for message in messages
        if message.sender_id is not None
    }
    for (conversation_id, user_id), message in last.items():
        yield {
            "conversation_id": conversation_id,
            "user_id": user_id,
            "read_seq": message.seq,
            "wrote_at": message.sent_at,
        }


_INSERT = """
WITH moved AS (
  UPDATE chat_conversation AS conversation
  SET last_seq = place.last_seq, revision = place.revision,
      last_message_at = place.last_message_at
  FROM json_populate_recordset(NULL::chat_conversation, %s) AS place
  WHERE conversation.id = place.id
), read AS (
  UPDATE chat_participant AS participant
  SET read_seq = place.read_seq, delivered_seq = place.read_seq, wrote_at = place.wrote_at
  FROM json_populate_recordset(NULL::chat_participant, %s) AS place
  WHERE participant.conversation_id = place.conversation_id
    AND participant.user_id = place.user_id
)
INSERT INTO chat_message (
  conversation_id, seq, revision, kind, event, subject_id, sender_id, sender_kind, client_id,
  text, entities, raw, reply_to, has_attachments, sent_at
)
SELECT conversation_id, seq, revision, kind, event, subject_id, sender_id, sender_kind, client_id,
  text, entities, raw, reply_to, has_attachments, sent_at
FROM json_populate_recordset(NULL::chat_message, %s)
RETURNING conversation_id, seq, id
"""


def _insert_on_postgres(messages: Sequence[Message], conversations: Sequence[Conversation]) -> None:
    # JSON carries all rows as one parameter, which is cheaper to make and to
    # quote than an array for each column.
    places = [
        {
            "id": row.pk,
            "last_seq": row.last_seq,
            "revision": row.revision,
            "last_message_at": row.last_message_at,
        }
        for row in conversations
    ]
    rows = [
        {
            "conversation_id": message.conversation_id,
            "seq": message.seq,
            "revision": message.revision,
            "kind": message.kind,
            "event": message.event,
            "subject_id": message.subject_id,
            "sender_id": message.sender_id,
            "sender_kind": message.sender_kind,
            "client_id": message.client_id,
            "text": message.text,
            "entities": message.entities,
            "raw": message.raw,
            "reply_to": message.reply_to,
            "has_attachments": message.has_attachments,
            "sent_at": message.sent_at,
        }
        for message in messages
    ]
    with connection.cursor() as cursor:
        given = (places, list(_read_by(messages)), rows)
        cursor.execute(_INSERT, [orjson.dumps(each).decode() for each in given])
        ids = {(conversation, seq): pk for conversation, seq, pk in cursor.fetchall()}
    for message in messages:
        message.pk = ids[message.conversation_id, message.seq]
