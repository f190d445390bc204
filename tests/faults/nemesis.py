"""What breaks, and when: a schedule that its seed determines."""

import asyncio
import random
import signal
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from tests.faults.fleet import PROCESSES, Fleet
from tests.house import Part
from tests.services import PrivateServer

# Between two faults; some faults take seconds themselves.
PAUSES = (0.3, 2.0)

Fault = Callable[["Nemesis"], Awaitable[None]]


class Client(Protocol):
    """Who has a socket that can be cut."""

    @property
    def is_away(self) -> bool:
        """Whether it is not at the process that it prefers."""

    def cut(self) -> None:
        """Reset its connection."""


class Nemesis:
    """Breaks one thing after the other; each fault heals what it broke."""

    def __init__(
        self,
        fleet: Fleet,
        clients: Sequence[Client],
        conversations: Sequence[str],
        dice: random.Random,
        faults: Sequence[str] = (),
    ) -> None:
        self.done: Counter[str] = Counter()
        self._fleet = fleet
        self._clients = clients
        self._conversations = conversations
        self._dice = dice
        self._kinds = [fault for fault in FAULTS if not faults or fault.__name__ in faults]

    async def rage(self, *, seconds: float) -> None:
        """Break things for so long; all is healed when this returns."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        # Every kind once before any comes again, so that a short run has them all.
        kinds: list[Fault] = []
        while loop.time() < until:
            if not kinds:
                kinds = self._dice.sample(self._kinds, len(self._kinds))
            fault = kinds.pop()
            await fault(self)
            self.done[fault.__name__] += 1
            await asyncio.sleep(self._dice.uniform(*PAUSES))

    async def redis_killed(self) -> None:
        await self._down(self._fleet.redis, signal.SIGKILL, self._dice.uniform(0.0, 3.0))

    async def redis_frozen(self) -> None:
        redis = self._fleet.redis
        redis._signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(self._dice.uniform(0.2, 2.0))
        finally:
            redis._signal(signal.SIGCONT)

    async def hints_refused(self) -> None:
        with self._fleet.hints_refused():
            await asyncio.sleep(self._dice.uniform(0.2, 3.0))

    async def hints_dropped(self) -> None:
        await self._faulty(dropped=self._dice.uniform(0.01, 0.5))

    async def hints_doubled(self) -> None:
        await self._faulty(doubled=self._dice.uniform(0.1, 0.6))

    async def hints_swapped(self) -> None:
        await self._faulty(swapped=self._dice.uniform(0.1, 0.6))

    async def _faulty(self, **shares: float) -> None:
        with self._fleet.wire.faulty(**shares, seed=self._dice.randrange(2**32)):
            await asyncio.sleep(self._dice.uniform(0.5, 4.0))

    async def subscriptions_killed(self) -> None:
        await asyncio.to_thread(self._fleet.kill_subscriptions)

    async def sockets_killed(self) -> None:
        part = self._one_part()
        self._fleet.house.kill(part)
        await self._replaced(part)

    async def sockets_terminated(self) -> None:
        # As a deployment does: everybody is sent away in order.
        part = self._one_part()
        await asyncio.to_thread(self._fleet.house.stop, part)
        await self._replaced(part)

    async def _replaced(self, part: Part) -> None:
        await asyncio.sleep(self._dice.uniform(0.0, 1.5))
        await asyncio.to_thread(self._fleet.house.restart, part)
        # Otherwise all would soon be on one process, and need no broker.
        for client in self._clients:
            if client.is_away:
                client.cut()

    async def sockets_frozen(self) -> None:
        part = self._one_part()
        self._fleet.freeze(part)
        try:
            await asyncio.sleep(self._dice.uniform(0.5, 4.0))
        finally:
            self._fleet.thaw(part)

    async def web_killed(self) -> None:
        await asyncio.to_thread(self._fleet.kill_web)

    async def postgres_killed(self) -> None:
        await self._down(self._fleet.postgres, signal.SIGKILL, self._dice.uniform(0.0, 2.0))

    async def postgres_restarted(self) -> None:
        # "Immediate": as after a crash, the log is replayed at the start.
        await self._down(self._fleet.postgres, signal.SIGQUIT, self._dice.uniform(0.0, 1.0))

    async def backends_terminated(self) -> None:
        for _ in range(self._dice.randint(1, 5)):
            await asyncio.to_thread(self._fleet.terminate_backends)
            await asyncio.sleep(self._dice.uniform(0.0, 0.2))

    async def conversation_locked(self) -> None:
        conversation = self._dice.choice(self._conversations)
        with self._fleet.conversation_locked(conversation):
            await asyncio.sleep(self._dice.uniform(0.2, 1.5))

    async def clients_cut(self) -> None:
        for client in self._dice.sample(self._clients, len(self._clients) // 2):
            client.cut()

    async def _down(self, server: PrivateServer, how: signal.Signals, seconds: float) -> None:
        await asyncio.to_thread(server._end, how)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(server.start)

    def _one_part(self) -> Part:
        parts = self._fleet.sockets
        assert len(parts) == PROCESSES
        return self._dice.choice(parts)


FAULTS: list[Fault] = [
    Nemesis.redis_killed,
    Nemesis.redis_frozen,
    Nemesis.hints_refused,
    Nemesis.hints_dropped,
    Nemesis.hints_doubled,
    Nemesis.hints_swapped,
    Nemesis.subscriptions_killed,
    Nemesis.sockets_killed,
    Nemesis.sockets_terminated,
    Nemesis.sockets_frozen,
    Nemesis.web_killed,
    Nemesis.postgres_killed,
    Nemesis.postgres_restarted,
    Nemesis.backends_terminated,
    Nemesis.conversation_locked,
    Nemesis.clients_cut,
]
