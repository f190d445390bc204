"""Requests that read: history, and which conversations one hears of."""

from functools import partial

from snappio.chat import queries
from snappio.chat.errors import ConversationNotFound
from snappio.chat.gateway import frames
from snappio.chat.gateway.encoder import message_text
from snappio.chat.gateway.places import Asked, id_of, places_among
from snappio.chat.gateway.subscriptions import Subscriptions
from snappio.chat.gateway.watching import Watching
from snappio.realtime.database import in_database
from snappio.realtime.gateway.errors import BadFrame
from snappio.realtime.gateway.session import Session


async def history(session: Session, frame: frames.History) -> frames.Page:
    """Return messages in order of `seq`."""
    return await in_database(partial(_page, session, frame))


def _page(session: Session, frame: frames.History) -> frames.Page:
    member = session.part(Subscriptions).member()
    pk = id_of(frame.conversation)
    place = None if pk is None else places_among([Asked(member, [pk])])[0].get(pk)
    if place is None:
        raise ConversationNotFound
    messages = queries.history_of(
        place.conversation,
        viewer_id=member.pk,
        stretch=_stretch_of(frame),
        limit=frame.limit,
    )
    return frames.Page(
        messages=[message_text(state) for state in messages],
        first_seq=place.first_seq,
        last_seq=place.conversation.last_seq,
    )


def _stretch_of(frame: frames.History) -> queries.Stretch:
    numbers = {"before": frame.before, "after": frame.after, "around": frame.around}
    given = [name for name, number in numbers.items() if number is not None]
    if len(given) + frame.first_unread > 1:
        raise BadFrame("Only one of before, after, around and first_unread may be given.")
    return queries.Stretch(**numbers, first_unread=frame.first_unread)


async def presence(session: Session, frame: frames.Presence) -> frames.PresenceResult:
    """Be there in another way, and watch others."""
    watching = session.part(Watching)
    if frame.state is not None:
        watching.change(frame.state)
    members = []
    if frame.watch is not None:
        members = await watching.watch(frame.watch, session.part(Subscriptions).member)
    return frames.PresenceResult(members=members)


async def subscribe(session: Session, frame: frames.Subscribe) -> None:
    """Hear of a conversation; `subscribed` comes before the answer."""
    await session.part(Subscriptions).subscribe(frame.conversation, frame.since)


async def unsubscribe(session: Session, frame: frames.Unsubscribe) -> None:
    """Hear no more of it on this socket."""
    await session.part(Subscriptions).unsubscribe(frame.conversation)
