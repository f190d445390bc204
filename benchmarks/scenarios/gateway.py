"""`/ws/`: acknowledged messages, silent thousands, and all of them coming back at once."""

import json
from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks.report import AtMost, Row
from benchmarks.scenarios.chat import Sockets, bare_pairs, in_turn
from benchmarks.stage import Instance, Stage, say

TALKING_PAIRS = 100
FIRST_PAIRS = 100
IDLE_PAIRS = 2500
RESUMING_PAIRS = 1000
# Messages in each chat before the run.
WORDS = 3
# The first wait of clients' back-off.
SPREAD_SECONDS = 0.5
KIB = 1024


def run(stage: Stage) -> Iterator[Row]:
    """Measure the three on a fleet of two processes."""
    yield from _talk(stage)
    yield from _sit_still(stage)
    yield from _come_back(stage)


def _talk(stage: Stage) -> Iterator[Row]:
    with ExitStack() as stack:
        fleet = stack.enter_context(stage.fleet.running("sockets"))
        bare = stack.enter_context(stage.reference("broadcast"))
        sockets = _sockets(stage.fleet, pairs=TALKING_PAIRS)
        contenders = [(fleet, sockets), (bare, bare_pairs(pairs=TALKING_PAIRS))]
        ours, reference = in_turn(stage, contenders, "messages")
    yield Row("100 pairs on /ws/, acknowledged", "messages/s", ours, reference)


def _sit_still(stage: Stage) -> Iterator[Row]:
    sockets = _sockets(stage.fleet, pairs=FIRST_PAIRS + IDLE_PAIRS)
    with stage.fleet.running("sockets") as server:
        answer = stage.load(
            "idle",
            port=server.port,
            pid=server.pid,
            first=sockets[: 2 * FIRST_PAIRS],
            more=sockets[2 * FIRST_PAIRS :],
        )
    grown = answer["bytes_per_socket"] / KIB
    yield Row(f"idle on /ws/, {2 * IDLE_PAIRS:,} of them", "KiB", grown, None, AtMost(25))


def _come_back(stage: Stage) -> Iterator[Row]:
    # Half of them have missed the last message.
    sockets = _sockets(stage.fleet, pairs=RESUMING_PAIRS, seen=(WORDS, WORDS - 1))
    with (
        stage.fleet.running("sockets") as server,
        stage.fleet.running("sockets") as other,
    ):
        answer = stage.load(
            "resume",
            port=server.port,
            pid=server.pid,
            other_port=other.port,
            sockets=sockets,
            spread=SPREAD_SECONDS,
        )
    say(f"resume: all after {answer['seconds']:.1f} s, p50 {answer['p50']:.0f} ms")
    many = f"{2 * RESUMING_PAIRS:,}"
    # Ten thousand within 15 s, in proportion.
    yield Row(f"resume of {many} after a kill: all", "s", answer["seconds"], None, AtMost(3))
    yield Row(f"resume of {many}: hello to ready, p99", "ms", answer["p99"], None, AtMost(300))


def _sockets(instance: Instance, *, pairs: int, seen: tuple[int, int] = (WORDS, WORDS)) -> Sockets:
    return [
        {
            "path": "/ws/",
            "authorization": member["authorization"],
            "hello": _hello(member["conversation"], seen[number % 2]),
            "conversation": member["conversation"],
            "writes": pairs == TALKING_PAIRS and number % 2 == 0,
        }
        for number, member in enumerate(instance.prepare("chats", pairs, WORDS))
    ]


def _hello(conversation: str, revision: int) -> str:
    return json.dumps({"type": "hello", "version": 1, "since": {conversation: revision}})
