"""A room of a thousand, of whom 20 write: the largest that one process is asked to carry."""

from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks.report import AtLeast, Row
from benchmarks.scenarios.chat import delays, in_turn, room_sockets
from benchmarks.stage import Stage

MEMBERS = 1000
WRITING = 20


def run(stage: Stage) -> Iterator[Row]:
    """Compare deliveries a second with a bare broadcast, then look at delays at half of it."""
    with ExitStack() as stack:
        fleet = stack.enter_context(stage.fleet.running("sockets"))
        bare = stack.enter_context(stage.reference("broadcast"))
        sockets = room_sockets(stage.fleet, members=MEMBERS, writing=WRITING)
        ours, reference = in_turn(stage, [(fleet, sockets), (bare, sockets)], "deliveries")
        yield Row("room of 1,000, stored", "deliveries/s", ours, reference, AtLeast(0.8))
        _, p99 = delays(stage, fleet, sockets, ours / MEMBERS / 2)
        _, bare_p99 = delays(stage, bare, sockets, reference / MEMBERS / 2)
        yield Row("room of 1,000, half load: p99", "ms", p99, bare_p99)
