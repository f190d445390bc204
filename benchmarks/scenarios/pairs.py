"""A hundred private chats at once: messages acknowledged, that is stored and echoed."""

from collections.abc import Iterator
from contextlib import ExitStack

from benchmarks.report import AtLeast, AtMost, Row
from benchmarks.scenarios.chat import bare_pairs, delays, in_turn, pair_sockets
from benchmarks.stage import Stage

PAIRS = 100


def run(stage: Stage) -> Iterator[Row]:
    """Compare messages a second with a bare broadcast, then look at delays at half of it."""
    with ExitStack() as stack:
        fleet = stack.enter_context(stage.fleet.running("sockets"))
        bare = stack.enter_context(stage.reference("broadcast"))
        sockets = pair_sockets(stage.fleet, pairs=PAIRS)
        alike = bare_pairs(pairs=PAIRS)
        ours, reference = in_turn(stage, [(fleet, sockets), (bare, alike)], "messages")
        yield Row("100 pairs, stored", "messages/s", ours, reference, AtLeast(0.3))
        p50, p99 = delays(stage, fleet, sockets, ours / 2)
        bare_p50, bare_p99 = delays(stage, bare, alike, reference / 2)
        yield Row("100 pairs, half load: p50", "ms", p50, bare_p50)
        yield Row("100 pairs, half load: p99", "ms", p99, bare_p99, AtMost(20))
