"""Storing what is plain in one statement (PostgreSQL).

Most messages are plain: a member writes into a conversation that exists, nothing was
sent under this client id before, and no rule but the ordinary ones stands against it.
The database's own function `chat_append` (migration 0005) looks at all of a batch under
the conversations' locks, and stores what is plain: one round trip and one commit, and
Python does a tenth of the work that the long way costs it.

Whatever is not plain sends all of its conversation's drafts the long way
(`services.messages`), which knows every rule and the reason of every refusal. So this
one may only ever be stricter, and need not say why.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from snappio.accounts.entities import entities_of
from snappio.chat import keys
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Message
from snappio.chat.services.drafts import Draft
from snappio.chat.updates import MessageState
from snappio.core.clock import now


def append_plain(drafts: Sequence[Draft]) -> Mapping[int, MessageState]:
    """Store what is plain; return the messages by their drafts' places in the batch.

    A transaction of its own, unless the caller is in one.
    """
    unusual = {draft.key for draft in drafts if _is_unusual(draft)}
    given = [_given(place, draft) for place, draft in enumerate(drafts) if draft.key not in unusual]
    if not given:
        return {}
    at = now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM chat_append(%s, %s)", [orjson.dumps(given).decode(), at])
        rows = cursor.fetchall()
    entities = {one["place"]: one["entities"] for one in given}
    return {row[0]: _stored(drafts[row[0]], entities[row[0]], row, at) for row in rows}


def _is_unusual(draft: Draft) -> bool:
    is_empty = not (draft.text or draft.raw)
    return draft.session_id is None or is_empty or bool(draft.attachments)


def _given(place: int, draft: Draft) -> dict[str, Any]:
    return {
        "place": place,
        "key": str(draft.key),
        "sender_id": draft.sender_id,
        "partner_id": _partner_id(draft.key, draft.sender_id),
        "session_id": draft.session_id,
        "client_id": draft.client_id,
        "text": draft.text,
        "entities": entities_of(draft.text),
        "raw": draft.raw,
        "reply_to": draft.reply_to,
    }


def _partner_id(key: ConversationKey, sender_id: int | None) -> int | None:
    # None where there is none, and for a sender who is no party either: not plain.
    if key.kind != keys.PRIVATE or sender_id not in key.member_ids:
        return None
    one, other = key.member_ids
    return other if sender_id == one else one


def _stored(
    draft: Draft, entities: str, row: tuple[int, int, int, int, str, str], at: datetime
) -> MessageState:
    _, conversation_id, seq, revision, username, name = row
    return MessageState(
        conversation=str(conversation_id),
        seq=seq,
        revision=revision,
        kind=Message.Kind.MESSAGE.value,
        sender=username,
        sender_name=name,
        sender_kind=Message.SenderKind.MEMBER.value,
        client_id=draft.client_id,
        text=draft.text,
        raw=draft.raw,
        sent_at=at,
        reply_to=draft.reply_to,
        entities=entities,
    )
