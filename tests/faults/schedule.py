"""A run: clients talk, the nemesis breaks things, all heals, the checkers judge.

Who takes part stands in `cast`.
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

from tests.faults.cast import Cast, assemble
from tests.faults.checkers import EVENTUALLY_SECONDS, verdict
from tests.faults.fleet import Fleet
from tests.faults.histories import History, Place
from tests.faults.nemesis import Nemesis

# A lane tries one batch for ten seconds before it gives up.
SETTLE_SECONDS = 12.0
WARM_UP_SECONDS = 2.0
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
    changed: int
    heard: int
    told: int
    sockets: int
    complaints: Sequence[str]

    def __str__(self) -> str:
        faults = ", ".join(f"{name} {count}" for name, count in sorted(self.faults.items()))
        lines = [
            f"seed {self.seed}: {self.seconds:.0f} s, {self.faults.total()} faults ({faults})",
            f"{self.sent} sent, {self.acknowledged} acknowledged, {self.stored} stored",
            f"{self.changed} changes; {self.heard} heard, {self.told} told, {self.sockets} sockets",
            *self.complaints,
        ]
        return "\n".join(lines)


def seed_from_environment() -> int:
    """Return SEED, or one that was never seen."""
    return int(os.environ.get("SEED") or secrets.randbelow(1_000_000))


async def run(fleet: Fleet, *, seconds: float, seed: int, faults: Sequence[str] = ()) -> Report:
    """Break the fleet for so long, by these faults or by all, heal it, and judge."""
    history = History()
    dice = random.Random(seed)
    cast = await asyncio.to_thread(assemble, fleet, history, dice)
    nemesis = Nemesis(fleet, cast.listeners, cast.conversations, dice, faults)
    began_at = time.monotonic()

    listening = [asyncio.create_task(client.listen()) for client in cast.listeners]
    await _until(lambda: _all_open(cast), 30, "Every client's socket")
    talking = [asyncio.create_task(client.talk()) for client in cast.talkers]
    await asyncio.sleep(WARM_UP_SECONDS)
    history.before = await asyncio.to_thread(fleet.resources)
    await nemesis.rage(seconds=seconds)

    history.healed_at = time.time()
    await _until(lambda: _all_open(cast), 30, "Every client's return")
    await asyncio.sleep(AFTERWARDS_SECONDS)
    history.after = await asyncio.to_thread(fleet.resources)
    await _end(talking)
    await _settle(fleet, cast)
    await _end(listening, history)

    history.stored = fleet.stored(*cast.conversations)
    history.places = fleet.places(*cast.conversations)
    return Report(
        seed=seed,
        seconds=time.monotonic() - began_at,
        faults=nemesis.done,
        sent=len({sent.body for sent in history.sent}),
        changed=sum(change.told for change in history.changed),
        acknowledged=len(history.acknowledged()),
        stored=len(history.stored),
        heard=sum(len(connection.heard) for connection in history.connections),
        told=sum(len(frames) for line in history.lines for frames in line.told.values()),
        sockets=len(history.connections) + len(history.lines),
        complaints=verdict(history),
    )


def _all_open(cast: Cast) -> bool:
    return all(client.is_open for client in cast.listeners)


async def _settle(fleet: Fleet, cast: Cast) -> None:
    """Wait until nothing is stored any more, and a moment for the last to be heard."""
    before: dict[str, Place] = {}

    def is_settled() -> bool:
        nonlocal before
        places = {place.conversation: place for place in fleet.places(*cast.conversations)}
        before, was = places, before
        return (
            places == was
            and all(phone.is_idle for phone in cast.phones)
            and all(c.last >= places[c.conversation].last_seq for c in cast.clients)
            and all(
                revision >= places[key].revision
                for phone in cast.phones
                for key, revision in phone.positions().items()
            )
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
    all_of_them = [*history.connections, *history.lines] if history else []
    open_now = [each for each in all_of_them if each.closed_at is None]
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for connection in open_now:
        connection.closed_at = None
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
