"""A room of 200, of whom 50 write: what one process can deliver, every message stored."""

from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks.report import AtLeast, AtMost, Row
from benchmarks.scenarios.chat import delays, in_turn, room_sockets
from benchmarks.stage import Stage

MEMBERS = 200
WRITING = 50


def run(stage: Stage) -> Iterator[Row]:
    """Compare deliveries a second with a bare broadcast, then look at delays at half of it."""
    with ExitStack() as stack:
        fleet = stack.enter_context(stage.fleet.running("sockets"))
        embedded = stack.enter_context(stage.embedded.running("serve"))
        bare = stack.enter_context(stage.reference("broadcast"))
        sockets = room_sockets(stage.fleet, members=MEMBERS, writing=WRITING)
        at_home = room_sockets(stage.embedded, members=MEMBERS, writing=WRITING)
        ours, small, reference = in_turn(
            stage, [(fleet, sockets), (embedded, at_home), (bare, sockets)], "deliveries"
        )
        yield Row("room of 200, stored", "deliveries/s", ours, reference, AtLeast(0.8))
        yield Row("room of 200, embedded", "deliveries/s", small, reference)

        bare_p50, bare_p99 = delays(stage, bare, sockets, reference / MEMBERS / 2)
        for name, server, there, most in (
            ("room of 200", fleet, sockets, ours),
            ("room of 200, embedded", embedded, at_home, small),
        ):
            p50, p99 = delays(stage, server, there, most / MEMBERS / 2)
            yield Row(f"{name}, half load: p50", "ms", p50, bare_p50)
            yield Row(f"{name}, half load: p99", "ms", p99, bare_p99, AtMost(20))
