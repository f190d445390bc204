"""What sockets ask when they come, answered for many at a time.

Each answer begins with the member's session: it may have ended since the last one.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, TypeVar

from snappio.accounts.errors import TokenNotValid
from snappio.accounts.models import User
from snappio.accounts.services.sessions import live_members
from snappio.chat.gateway.frames import Subscribed
from snappio.chat.gateway.missed import MOST_MISSED, Heard, Joined, subscribed_of
from snappio.chat.gateway.places import Asked, Listing, listings_of, places_among
from snappio.chat.queries import switches_among
from snappio.chat.updates import Switches
from snappio.core.errors import DomainError
from snappio.core.limits import current_limits
from snappio.realtime.connections import patiently
from snappio.realtime.gateway.identity import Identity
from snappio.realtime.gathering import Gathering

# So many members are answered together, who may have hundreds of conversations each.
MEMBERS_TOGETHER = 64
# So many conversations and changes of them are told together, lest what many have
# missed fill the memory.
CHANGES_TOGETHER = 1_000


class Arrival(NamedTuple):
    """A socket that wants to know what there is to hear of."""

    identity: Identity
    # Conversations that may be none of the member's own.
    named: Collection[int]


class Found(NamedTuple):
    """The member's switches, and the conversations to join."""

    switches: Switches
    listings: Sequence[Listing]


class Resumption(NamedTuple):
    """A socket that has joined conversations, and from where on it hears each."""

    identity: Identity
    heard: Mapping[int, Heard]


async def found_for(arrival: Arrival) -> Found:
    """Return what there is to hear of, or raise `NotAuthenticated`."""

    async def ask() -> Found:
        return await _arrivals.ask(arrival)

    return await patiently(ask)


async def told_to(resumption: Resumption) -> Sequence[Subscribed]:
    """Return what to tell, of those that may still be read, or raise `NotAuthenticated`."""
    weight = sum(1 + min(each.behind, MOST_MISSED) for each in resumption.heard.values())

    async def ask() -> Sequence[Subscribed]:
        return await _resumptions.ask(resumption, weight=weight)

    return await patiently(ask)


# --- In database threads -----------------------------------------------------

Answer = TypeVar("Answer")


def _find(arrivals: Sequence[Arrival]) -> list[Found | DomainError]:
    members = _members(arrivals)
    switches = switches_among([member.pk for member in members.values()])
    present = [number for number in range(len(arrivals)) if number in members]
    asked = [Asked(members[number], arrivals[number].named) for number in present]
    listings = listings_of(asked, limit=current_limits().subscriptions)
    found = {
        number: Found(switches.get(members[number].pk, Switches()), each)
        for number, each in zip(present, listings, strict=True)
    }
    return [found.get(number, TokenNotValid()) for number in range(len(arrivals))]


def _tell(resumptions: Sequence[Resumption]) -> list[Sequence[Subscribed] | DomainError]:
    members = _members(resumptions)
    present = [number for number in range(len(resumptions)) if number in members]
    asked = [Asked(members[number], resumptions[number].heard) for number in present]
    joined = [
        [
            Joined(places[pk], heard)
            for pk, heard in resumptions[number].heard.items()
            if pk in places
        ]
        for number, places in zip(present, places_among(asked), strict=True)
    ]
    frames = iter(subscribed_of([each for group in joined for each in group]))
    told = {
        number: [next(frames) for _ in group] for number, group in zip(present, joined, strict=True)
    }
    return [told.get(number, TokenNotValid()) for number in range(len(resumptions))]


def _members(askers: Sequence[Arrival | Resumption]) -> Mapping[int, User]:
    """Return who asks, by number, where the session is live."""
    identities = [asker.identity for asker in askers]
    live = live_members({each.session_id: each.user_id for each in identities})
    return {
        number: live[each.session_id]
        for number, each in enumerate(identities)
        if each.session_id in live
    }


_arrivals = Gathering[Arrival, Found](_find, most=MEMBERS_TOGETHER)
_resumptions = Gathering[Resumption, Sequence[Subscribed]](_tell, most=CHANGES_TOGETHER)
