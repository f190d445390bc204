"""Where processes put together who is there: memory in one process, Redis in a fleet.

What a process says of a connection runs out by itself, so a process that dies
takes its members along. All times are those of the store's own clock: processes
whose clocks differ still agree.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol, cast

import redis
import redis.asyncio
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from snappio.core.clock import now
from snappio.core.redis import TIMEOUT_SECONDS
from snappio.realtime.presence.states import PresenceState, Present, State

# How long it is known when somebody was last here.
KEPT = timedelta(days=30)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class StoreAway(Exception):
    """The store did not answer, or not in time."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a process says of one connection: it was heard of ``age`` seconds ago.

    It counts for ``lasts`` seconds from then, unless it is said again. ``connection``
    is unique among all processes.
    """

    connection: str
    state: Present
    age: float
    lasts: float


@dataclass(frozen=True, slots=True)
class Reading:
    """A member as the store has it now.

    ``has_changed`` is true for exactly one reading of each change: whoever gets it
    announces it. ``holds`` is the number of seconds after which the first claim
    runs out, or None if there is none.
    """

    user_id: int
    seen: PresenceState
    has_changed: bool
    holds: float | None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Readings, all of the moment ``at``, in microseconds of the store's clock.

    The store remembers since ``since``: another one than before means that it has
    forgotten everything.
    """

    at: int
    since: int
    readings: Sequence[Reading]


class Store(Protocol):
    """Keeps the claims of all processes."""

    async def sync(self, members: Mapping[int, Sequence[Claim]]) -> Snapshot:
        """Add what is claimed of these members and return all of them as they are then.

        One step that nothing comes between. Raises `StoreAway`.
        """

    async def close(self) -> None:
        """Close connections, if there are any."""


@dataclass(slots=True)
class _Member:
    # State, microseconds when heard of, microseconds when it runs out.
    claims: dict[str, tuple[Present, int, int]] = field(default_factory=dict)
    told: State = "offline"
    # When the last connection that is gone was heard of: microseconds, and the date.
    left: int = 0
    last_seen: datetime | None = None


class MemoryStore:
    """For one process that does everything, and ends with it."""

    def __init__(self) -> None:
        # Those who did something last come last.
        self._members: OrderedDict[int, _Member] = OrderedDict()

    async def sync(self, members: Mapping[int, Sequence[Claim]]) -> Snapshot:
        at = _monotonic()
        self._forget_long_gone(at)
        return Snapshot(at, 0, [self._sync(user, claims, at) for user, claims in members.items()])

    def _sync(self, user_id: int, claims: Sequence[Claim], at: int) -> Reading:
        member = self._members.get(user_id)
        if member is None:
            if not claims:
                return Reading(user_id, PresenceState("offline"), has_changed=False, holds=None)
            member = self._members[user_id] = _Member()
        for claim in claims:
            heard = at - _microseconds(claim.age)
            runs_out = heard + _microseconds(claim.lasts)
            member.claims[claim.connection] = claim.state, heard, runs_out
        if claims:
            self._members.move_to_end(user_id)
        for connection, (_, heard, runs_out) in list(member.claims.items()):
            if runs_out <= at:
                del member.claims[connection]
                if heard > member.left:
                    member.left = heard
                    member.last_seen = now() - (at - heard) * MICROSECOND
        return _reading_of(user_id, member, at)

    def _forget_long_gone(self, at: int) -> None:
        while self._members:
            user_id, member = next(iter(self._members.items()))
            heard = [member.left, *(runs_out for _, _, runs_out in member.claims.values())]
            if max(heard) * MICROSECOND + KEPT > at * MICROSECOND:
                return
            del self._members[user_id]

    async def close(self) -> None:
        """Nothing to do."""


def _reading_of(user_id: int, member: _Member, at: int) -> Reading:
    claimed = {claimed for claimed, _, _ in member.claims.values()}
    state: State = "offline"
    if claimed:
        state = "online" if "online" in claimed else "away"
    has_changed, member.told = state != member.told, state
    seen = PresenceState(state, None if claimed else member.last_seen)
    ends = min((runs_out for _, _, runs_out in member.claims.values()), default=None)
    return Reading(user_id, seen, has_changed, None if ends is None else (ends - at) / 1e6)


def _monotonic() -> int:
    # A wall clock that is set right would take everybody along.
    return time.monotonic_ns() // 1000


def _microseconds(seconds: float) -> int:
    return round(seconds * 1e6)


# KEYS[1] since when Redis remembers; then one hash for each member.
# ARGV[1] milliseconds for which a member is kept, ARGV[2] those for which `since` is;
# ARGV[3] microseconds for which it proves nothing that a member is missing; then for
# each member the number of claims, and of each its connection, state, and microseconds
# since it was heard of and for which it lasts.
# A hash holds `told`, the state last announced; `left`, when the last connection that
# is gone was heard of; and `c:` connection → "state heard runs-out".
_SYNC = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local function digits(number) return string.format('%.0f', number) end

local since = tonumber(redis.call('GET', KEYS[1])) or now
redis.call('SET', KEYS[1], digits(since), 'PX', ARGV[2])
local is_young = now - since < tonumber(ARGV[3])

local answer = {digits(now), digits(since)}
local argument = 4
for number = 2, #KEYS do
  local key = KEYS[number]
  local claims = tonumber(ARGV[argument])
  local wrote = claims > 0
  argument = argument + 1
  for _ = 1, claims do
    local heard = now - ARGV[argument + 2]
    local times = digits(heard) .. ' ' .. digits(heard + ARGV[argument + 3])
    redis.call('HSET', key, 'c:' .. ARGV[argument], ARGV[argument + 1] .. ' ' .. times)
    argument = argument + 4
  end

  local state, told, left, gone, ends = 'offline', 'offline', 0, 0, nil
  local fields = redis.call('HGETALL', key)
  for index = 1, #fields, 2 do
    local name, value = fields[index], fields[index + 1]
    if name == 'told' then
      told = value
    elseif name == 'left' then
      left = tonumber(value) or 0
    else
      local claimed, heard, runs_out = string.match(value, '^(%a+) (%d+) (%d+)$')
      runs_out = tonumber(runs_out) or 0
      if runs_out <= now then
        redis.call('HDEL', key, name)
        gone = math.max(gone, tonumber(heard) or 0)
        wrote = true
      else
        if state ~= 'online' then state = claimed end
        ends = math.min(ends or runs_out, runs_out)
      end
    end
  end

  if gone > left then
    left = gone
    redis.call('HSET', key, 'left', digits(left))
  end
  local has_changed = 0
  if state == 'offline' and is_young then
    state = 'unknown'
  elseif state ~= told then
    has_changed = 1
    redis.call('HSET', key, 'told', state)
    wrote = true
  end
  if wrote then redis.call('PEXPIRE', key, ARGV[1]) end
  answer[number + 1] = {state, digits(left), has_changed, digits(ends and ends - now or 0)}
end
return answer
"""


class RedisStore:
    """For several processes; what Redis forgets they tell it again.

    ``claims_last`` is the number of seconds after which a process is given up that
    says nothing. ``rebuilding`` is how many seconds all processes may take to tell a
    Redis that has forgotten everything: until then a member it has not heard of is
    unknown, not offline.
    """

    def __init__(self, url: str, *, claims_last: float, rebuilding: float) -> None:
        # Every call as a whole is bounded below.
        self._client = redis.asyncio.Redis.from_url(url, retry=Retry(NoBackoff(), 1))
        self._script = self._client.register_script(_SYNC)
        self._settings = [
            round(KEPT.total_seconds() * 1000),
            round(claims_last * 1000),
            _microseconds(rebuilding),
        ]

    async def sync(self, members: Mapping[int, Sequence[Claim]]) -> Snapshot:
        keys = ["presence:since", *(f"presence:{user_id}" for user_id in members)]
        arguments: list[str | int] = list(self._settings)
        for claims in members.values():
            arguments.append(len(claims))
            for claim in claims:
                arguments += (claim.connection, claim.state)
                arguments += (_microseconds(claim.age), _microseconds(claim.lasts))
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                at, since, *answers = await self._script(keys, arguments)
        except (redis.RedisError, OSError) as error:
            raise StoreAway(str(error) or "no answer in time") from error
        readings = [
            _reading_from(user_id, answer) for user_id, answer in zip(members, answers, strict=True)
        ]
        return Snapshot(int(at), int(since), readings)

    async def close(self) -> None:
        await self._client.aclose()


def _reading_from(user_id: int, answer: tuple[bytes, bytes, int, bytes]) -> Reading:
    state = cast("State", answer[0].decode())
    left, has_changed, holds = int(answer[1]), bool(answer[2]), int(answer[3])
    last_seen = EPOCH + left * MICROSECOND if state == "offline" and left else None
    return Reading(user_id, PresenceState(state, last_seen), has_changed, holds / 1e6 or None)
