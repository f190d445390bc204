"""A reader that never reads, in a busy room: what it costs the server and the others."""

from collections.abc import Iterator

from benchmarks.report import AtMost, AtMostRatio, Row
from benchmarks.scenarios.chat import room_sockets
from benchmarks.stage import Stage

MEMBERS = 50
WRITING = 20
RATE = 200
PATIENCE_SECONDS = 30
MIB = 1024 * 1024
KIB = 1024


def run(stage: Stage) -> Iterator[Row]:
    """Measure the others without it and with it, until the server cuts it off."""
    *sockets, reader = room_sockets(stage.fleet, members=MEMBERS + 1, writing=WRITING)
    with stage.fleet.running("sockets") as server:
        found = stage.load(
            "stalled",
            port=server.port,
            pid=server.pid,
            sockets=sockets,
            reader=reader,
            rate=RATE,
            padding=KIB,
            calm_seconds=2 * stage.seconds,
            patience_seconds=PATIENCE_SECONDS,
        )
    closed_after = found["closed_after"]
    yield Row(
        "stalled reader: server grows by", "MiB", found["growth_bytes"] / MIB, None, AtMost(2)
    )
    yield Row(
        "stalled reader: closed after",
        "s",
        float("inf") if closed_after is None else closed_after,
        None,
        AtMost(20),
    )
    yield Row(
        "stalled reader: p99 of the others, to without",
        "ms",
        found["p99"],
        found["calm_p99"],
        AtMostRatio(1.5),
    )
