"""Telling every process that sessions have ended, so that their sockets close at once."""

from collections.abc import Iterable
from uuid import UUID

import msgspec

from snappio.realtime.publishing import publish_on_commit

# Every process that holds sockets listens here. Revocations are few; a channel
# for each member would be many subscriptions for nothing.
CHANNEL = "control:sessions"


def revoke_on_commit(session_ids: Iterable[UUID]) -> None:
    """After the commit, close the open sockets of these sessions everywhere, within a second.

    If the word is lost, the regular check of open sessions closes them later
    (`realtime.gate`), and no write of theirs is accepted meanwhile.
    """
    if ids := list(session_ids):
        publish_on_commit([(CHANNEL, msgspec.json.encode(ids))])


def read_revocation(payload: bytes) -> list[UUID]:
    """Return the sessions that a message on `CHANNEL` names."""
    return msgspec.json.decode(payload, type=list[UUID])
