"""A run: clients talk, the nemesis breaks things, all heals, the checkers judge.

Private chats and open rooms, members and guests, each conversation with readers on
both processes.
"""

import asyncio
import os
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from tests.faults.checkers import EVENTUALLY_SECONDS, verdict
from tests.faults.clients import Client
from tests.faults.fleet import Fleet, chat_path, room_path
from tests.faults.histories import History
from tests.faults.nemesis import Nemesis

PAIRS = 4
ROOMS = 3
# A lane tries one batch for ten seconds before it gives up.
SETTLE_SECONDS = 12.0
MESSAGES_PER_SECOND = 8.0
AFTERWARDS_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Report:
    """How a run went, in figures, and what was wrong."""

    seed: int
    seconds: float
    faults: Counter[str]
    sent: int
    acknowledged: int
    stored: int
    heard: int
    sockets: int
    complaints: Sequence[str]

    def __str__(self) -> str:
        faults = ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items()))
        lines = [
            f"seed {self.seed}: {self.seconds:.0f} s, {self.faults.total()} faults ({faults})",
            f"{self.sent} sent, {self.acknowledged} acknowledged, {self.stored} stored",
            f"{self.heard} heard on {self.sockets} sockets",
            *self.complaints,
        ]
        return "\n".join(lines)


def seed_from_environment() -> int:
    """Return SEED, or one that was never seen."""
    return int(os.environ.get("SEED") or secrets.randbelow(1_000_000))


async def run(fleet: Fleet, *, seconds: float, seed: int, faults: Sequence[str] = ()) -> Report:
    """Break the fleet for so long, by these faults or by all, heal it, and judge."""
    dice = random.Random(seed)
    history = History()
    clients = _clients(fleet, history, dice)
    nemesis = Nemesis(fleet, clients, dice, faults)
    began_at = time.monotonic()

    listening = [asyncio.create_task(client.listen()) for client in clients]
    await _until(lambda: all(client.is_open for client in clients), 20, "Every client's socket")
    talking = [asyncio.create_task(client.talk()) for client in clients if client.talks]
    await nemesis.rage(seconds=seconds)

    history.healed_at = time.time()
    await _until(lambda: all(client.is_open for client in clients), 20, "Every client's return")
    await asyncio.sleep(AFTERWARDS_SECONDS)
    await _end(talking)
    await _settle(fleet, clients)
    await _end(listening, history)

    history.stored = fleet.stored(*{client.conversation for client in clients})
    return Report(
        seed=seed,
        seconds=time.monotonic() - began_at,
        faults=nemesis.done,
        sent=len(history.sent),
        acknowledged=len(history.acknowledged()),
        stored=len(history.stored),
        heard=sum(len(connection.heard) for connection in history.connections),
        sockets=len(history.connections),
        complaints=verdict(history),
    )


def _clients(fleet: Fleet, history: History, dice: random.Random) -> list[Client]:
    def client(conversation: str, path: str, home: int, member=None, rate=MESSAGES_PER_SECOND):
        return Client(
            f"{member.username if member else 'guest'}.{len(clients)}",
            conversation=conversation,
            path=path,
            member=member,
            parts=lambda: fleet.sockets,
            home=home,
            per_second=rate,
            history=history,
            dice=random.Random(dice.random()),
        )

    clients: list[Client] = []
    members = fleet.members(2 * PAIRS)
    for one, other in zip(members[::2], members[1::2], strict=True):
        key = f"private:{min(one.id, other.id)}:{max(one.id, other.id)}"
        clients.append(client(key, chat_path(other), 0, one))
        clients.append(client(key, chat_path(one), 1, other))
        # A second device, which only listens.
        clients.append(client(key, chat_path(one), 0, other, rate=0))
    for _ in range(ROOMS):
        name = f"room {secrets.token_hex(4)}"
        for home, member in enumerate([*dice.sample(members, 3), None]):
            clients.append(client(f"room:{name}", room_path(name), home, member))
        clients.append(client(f"room:{name}", room_path(name), 1, None, rate=0))
    return clients


async def _settle(fleet: Fleet, clients: Sequence[Client]) -> None:
    """Wait until nothing is stored any more, and a moment for the last to be heard."""
    conversations = {client.conversation for client in clients}
    positions: dict[str, int] = {}

    def is_settled() -> bool:
        nonlocal positions
        before, positions = positions, fleet.positions(*conversations)
        return before == positions and all(
            client.last >= positions.get(client.conversation, 0) for client in clients
        )

    # Whoever misses something when time is up is found by the checkers.
    with suppress(TimeoutError):
        await _until(is_settled, SETTLE_SECONDS + EVENTUALLY_SECONDS, "Rest", pause=0.5)


async def _until(
    holds: Callable[[], bool], seconds: float, what: str, *, pause: float = 0.05
) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not await asyncio.to_thread(holds):
        if loop.time() > deadline:
            raise TimeoutError(f"{what} did not happen within {seconds:g} s.")
        await asyncio.sleep(pause)


async def _end(tasks: Sequence["asyncio.Task[None]"], history: History | None = None) -> None:
    # Sockets that are open now were open at the end: closing them is our doing.
    open_now = [c for c in history.connections if c.closed_at is None] if history else []
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for connection in open_now:
        connection.closed_at = None
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
