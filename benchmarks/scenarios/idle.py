"""Two thousand members who are only there: memory for each open socket."""

from collections.abc import Iterator

from benchmarks.report import AtMost, Row
from benchmarks.scenarios.chat import Sockets, bare_pairs, pair_sockets
from benchmarks.stage import Server, Stage

FIRST_PAIRS = 100
PAIRS = 1000
KIB = 1024


def run(stage: Stage) -> Iterator[Row]:
    """Open private chats, the dearest kind: a live topic for every two sockets."""
    sockets = pair_sockets(stage.fleet, pairs=FIRST_PAIRS + PAIRS)
    with stage.fleet.running("sockets") as server:
        ours = _measure(stage, server, sockets)
    with stage.reference("broadcast") as server:
        reference = _measure(stage, server, bare_pairs(pairs=FIRST_PAIRS + PAIRS))
    yield Row("idle socket, resident memory", "KiB", ours, reference, AtMost(25))


def _measure(stage: Stage, server: Server, sockets: Sockets) -> float:
    answer = stage.load(
        "idle",
        port=server.port,
        pid=server.pid,
        first=sockets[: 2 * FIRST_PAIRS],
        more=sockets[2 * FIRST_PAIRS :],
    )
    return float(answer["bytes_per_socket"]) / KIB
