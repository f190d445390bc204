"""Who takes part in a run.

Private chats and open rooms, where old sockets, new ones and HTTP meet, members and
guests; private chats and a group of new apps alone, where messages are also deleted,
and the group's owner puts members out and brings them back. Each conversation has
readers on both processes.
"""

import random
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.callers import Caller
from tests.faults.clients import Client
from tests.faults.fleet import Fleet, Member, chat_path, room_path
from tests.faults.histories import History
from tests.faults.owners import Owner
from tests.faults.phones import Phone

PAIRS = 3
ROOMS = 2
# Pairs with new apps only.
NEW_PAIRS = 2
GROUP_MEMBERS = 5
# Changes of the group's members, a second.
OWNER_RATE = 0.7
# A second and client.
OLD_RATE = 3.0
PHONE_RATE = 3.0
CALLER_RATE = 2.0


@dataclass(slots=True)
class Cast:
    """Everybody, and the keys of their conversations."""

    conversations: Sequence[str]
    clients: list[Client] = field(default_factory=list)
    phones: list[Phone] = field(default_factory=list)
    callers: list[Caller] = field(default_factory=list)
    owners: list[Owner] = field(default_factory=list)

    @property
    def listeners(self) -> list[Client | Phone]:
        return [*self.clients, *self.phones]

    @property
    def talkers(self) -> list[Client | Phone | Caller | Owner]:
        return [*(each for each in self.listeners if each.talks), *self.callers, *self.owners]


def assemble(fleet: Fleet, history: History, dice: random.Random) -> Cast:
    """Make members and conversations, and give each who talks and listens there."""
    members = fleet.members(2 * (PAIRS + NEW_PAIRS))
    pairs = list(zip(members[::2], members[1::2], strict=True))
    rooms = [f"room {secrets.token_hex(4)}" for _ in range(ROOMS)]
    private = [_private_key(one, other) for one, other in pairs]
    ids: dict[str, str] = fleet.office.ask(
        "open_conversations", *private, *(f"room:{name}" for name in rooms)
    )
    owner, *others = members[:GROUP_MEMBERS]
    group = fleet.office.ask("open_group", owner.username, *(other.username for other in others))
    ids[group["key"]] = group["id"]
    building = _Building(fleet, history, dice, Cast(list(ids)), ids)
    for pair, key in zip(pairs[:PAIRS], private[:PAIRS], strict=True):
        building.add_old_sockets_of_pair(*pair, key)
    for name in rooms:
        building.add_room(name, dice.sample(members, 3))
    mixed = {*private[:PAIRS], *(f"room:{name}" for name in rooms)}
    for n, (pair, key) in enumerate(zip(pairs, private, strict=True)):
        for home, member in enumerate(pair):
            keys = [key, *(f"room:{name}" for name in rooms if n % 2)]
            keys += [group["key"]] if member in members[:GROUP_MEMBERS] else []
            building.add_phone(member, home, keys, mixed)
        # A second device, at the other process.
        building.add_phone(pair[0], 1, [key], mixed, rate=PHONE_RATE / 3)
        if n % 2:
            building.add_caller(pair[1], [key])
    building.add_owner(owner, others, group["key"])
    return building.cast


@dataclass(slots=True)
class _Building:
    fleet: Fleet
    history: History
    dice: random.Random
    cast: Cast
    ids: Mapping[str, str]

    def add_old_sockets_of_pair(self, one: Member, other: Member, key: str) -> None:
        self._add_client(key, chat_path(other), 0, one)
        self._add_client(key, chat_path(one), 1, other)
        # A second device, which only listens.
        self._add_client(key, chat_path(one), 0, other, rate=0)

    def add_room(self, name: str, members: Sequence[Member]) -> None:
        for home, member in enumerate([*members, None]):
            self._add_client(f"room:{name}", room_path(name), home, member)
        self._add_client(f"room:{name}", room_path(name), 1, None, rate=0)

    def _add_client(
        self, key: str, path: str, home: int, member: Member | None, rate: float = OLD_RATE
    ) -> None:
        self.cast.clients.append(
            Client(
                f"{member.username if member else 'guest'}.{len(self.cast.clients)}",
                conversation=key,
                path=path,
                member=member,
                parts=lambda: self.fleet.sockets,
                home=home,
                per_second=rate,
                history=self.history,
                dice=random.Random(self.dice.random()),
            )
        )

    def add_phone(
        self,
        member: Member,
        home: int,
        keys: Sequence[str],
        mixed: set[str],
        rate: float = PHONE_RATE,
    ) -> None:
        self.cast.phones.append(
            Phone(
                f"{member.username}.phone{len(self.cast.phones)}",
                member=member,
                conversations={id_: key for key, id_ in self.ids.items()},
                named=keys,
                kept=mixed,
                parts=lambda: self.fleet.sockets,
                home=home,
                per_second=rate,
                history=self.history,
                dice=random.Random(self.dice.random()),
            )
        )

    def add_caller(self, member: Member, keys: Sequence[str]) -> None:
        self.cast.callers.append(
            Caller(
                f"{member.username}.caller{len(self.cast.callers)}",
                member=member,
                conversations={self.ids[key]: key for key in keys},
                base=lambda: self.fleet.web().url,
                per_second=CALLER_RATE,
                history=self.history,
                dice=random.Random(self.dice.random()),
            )
        )

    def add_owner(self, owner: Member, others: Sequence[Member], key: str) -> None:
        self.cast.owners.append(
            Owner(
                member=owner,
                others=others,
                group=self.ids[key],
                key=key,
                base=lambda: self.fleet.web().url,
                per_second=OWNER_RATE,
                history=self.history,
                dice=random.Random(self.dice.random()),
            )
        )


def _private_key(one: Member, other: Member) -> str:
    return f"private:{min(one.id, other.id)}:{max(one.id, other.id)}"
