"""Members with a program that only asks over HTTP.

One thing at a time, and again with the same `Idempotency-Key` until there is an answer
that is final.
"""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from itertools import count

import httpx

from tests.faults.fleet import Member
from tests.faults.histories import History, Sent, word_of
from tests.people import API

# A frozen process answers nobody.
ANSWER_SECONDS = 6
PAUSES = (0.1, 0.4)


class Caller:
    """One program of a member, which sends to its conversations (key by id) in turn."""

    def __init__(
        self,
        name: str,
        *,
        member: Member,
        conversations: Mapping[str, str],
        base: Callable[[], str],
        per_second: float,
        history: History,
        dice: random.Random,
    ) -> None:
        self.name = name
        self.is_idle = True
        self._member = member
        self._conversations: Sequence[tuple[str, str]] = list(conversations.items())
        self._base = base
        self._per_second = per_second
        self._history = history
        self._dice = dice
        self._number = history.next_number()
        self._numbers = count(1)

    async def talk(self) -> None:
        """Say something now and then; the last is answered before this ends."""
        headers = {"Authorization": f"Bearer {self._member.access}"}
        async with httpx.AsyncClient(
            headers=headers, timeout=ANSWER_SECONDS, trust_env=False
        ) as http:
            while True:
                await asyncio.sleep(self._dice.expovariate(self._per_second))
                self.is_idle = False
                await self._say(http, *self._dice.choice(self._conversations))
                self.is_idle = True

    async def _say(self, http: httpx.AsyncClient, conversation: str, key: str) -> None:
        word = word_of(body := (self.name, next(self._numbers)))
        while True:
            sent = Sent(body, key, self._number)
            self._history.sent.append(sent)
            status, seq = await self._post(http, conversation, word)
            if seq is not None:
                sent.seq = seq
                self._history.note_read(self._member.username, key, seq)
                return
            sent.refused = str(status or "")
            if 400 <= status < 500:
                sent.is_final = True
                return
            await asyncio.sleep(self._dice.uniform(*PAUSES))

    async def _post(
        self, http: httpx.AsyncClient, conversation: str, word: str
    ) -> tuple[int, int | None]:
        """Return the answer's status, 0 if there was none, and the message's number."""
        try:
            answer = await http.post(
                f"{self._base()}{API}/conversations/{conversation}/messages/",
                json={"text": word},
                headers={"Idempotency-Key": word},
            )
        except httpx.TransportError:
            return 0, None
        stored = answer.status_code == httpx.codes.CREATED
        return answer.status_code, answer.json()["seq"] if stored else None
