"""The owner of a group, who puts members out and brings them back in.

Over HTTP, one thing at a time, and again until the answer is certain. Whoever was put
out asks for the group's messages at once, and must find nothing.
"""

import asyncio
import random
from collections.abc import Callable, Sequence

import httpx

from tests.faults.callers import ANSWER_SECONDS, PAUSES
from tests.faults.fleet import Member
from tests.faults.histories import History
from tests.people import API


class Owner:
    """Changes who is in a group; ``others`` are the members besides the owner."""

    def __init__(
        self,
        *,
        member: Member,
        others: Sequence[Member],
        group: str,
        key: str,
        base: Callable[[], str],
        per_second: float,
        history: History,
        dice: random.Random,
    ) -> None:
        self.changes = 0
        self._member = member
        self._here, self._away = list(others), list[Member]()
        self._path = f"{API}/conversations/{group}/"
        self._key = key
        self._base = base
        self._per_second = per_second
        self._history = history
        self._dice = dice

    async def talk(self) -> None:
        """Put one out or bring one in, now and then."""
        async with httpx.AsyncClient(timeout=ANSWER_SECONDS, trust_env=False) as http:
            while True:
                await asyncio.sleep(self._dice.expovariate(self._per_second))
                # One at least stays, to whom things are told.
                if len(self._here) > 1 and (not self._away or self._dice.random() < 0.5):
                    await self._put_out(http)
                else:
                    await self._bring_in(http)
                self.changes += 1

    async def _put_out(self, http: httpx.AsyncClient) -> None:
        other = self._here.pop(self._dice.randrange(len(self._here)))
        # Not there: an earlier try has done it.
        await self._ask(
            http, self._member, "DELETE", f"members/{other.username}/", certain={204, 404}
        )
        self._away.append(other)
        status = await self._ask(http, other, "GET", "messages/", certain={200, 404})
        if status != httpx.codes.NOT_FOUND:
            self._history.peeks.append(
                f"{other.username} was shown {self._key} after being put out of it"
            )

    async def _bring_in(self, http: httpx.AsyncClient) -> None:
        other = self._away.pop(self._dice.randrange(len(self._away)))
        usernames = {"usernames": [other.username]}
        await self._ask(http, self._member, "POST", "members/", certain={204}, body=usernames)
        self._here.append(other)

    async def _ask(
        self,
        http: httpx.AsyncClient,
        who: Member,
        method: str,
        path: str,
        *,
        certain: set[int],
        body: dict[str, list[str]] | None = None,
    ) -> int:
        headers = {"Authorization": f"Bearer {who.access}"}
        while True:
            try:
                answer = await http.request(
                    method, self._base() + self._path + path, headers=headers, json=body
                )
            except httpx.TransportError:
                status = 0
            else:
                status = answer.status_code
                assert status in certain or status >= 500, answer.text
            if status in certain:
                return status
            await asyncio.sleep(self._dice.uniform(*PAUSES))
