"""What the chat scenarios share: members at the two sockets, and how they are measured."""

import secrets
from collections.abc import Sequence
from typing import Any

from benchmarks.scenarios.turns import medians
from benchmarks.stage import Instance, Server, Stage, say

Sockets = list[dict[str, Any]]


def room_sockets(instance: Instance, *, members: int, writing: int) -> Sockets:
    """Return the sockets of members in one room; so many of them write."""
    path = f"/ws/rooms/{secrets.token_hex(8)}/"
    return [
        {"path": path, "authorization": member["authorization"], "writes": number < writing}
        for number, member in enumerate(instance.prepare("members", members))
    ]


def pair_sockets(instance: Instance, *, pairs: int) -> Sockets:
    """Return the sockets of pairs in private chats; one of each writes."""
    members = instance.prepare("members", 2 * pairs)
    sockets = []
    for one, other in zip(members[::2], members[1::2], strict=True):
        for member, partner, writes in ((one, other, True), (other, one, False)):
            path = f"/ws/user/{partner['username']}/"
            sockets.append(
                {"path": path, "authorization": member["authorization"], "writes": writes}
            )
    return sockets


def bare_pairs(*, pairs: int) -> Sockets:
    """Return the same for the bare broadcast, which knows paths alone."""
    return [
        {"path": f"/{number // 2}", "authorization": None, "writes": number % 2 == 0}
        for number in range(2 * pairs)
    ]


def in_turn(
    stage: Stage, contenders: Sequence[tuple[Server, Sockets]], figure: str
) -> Sequence[float]:
    """Measure the throughput of each in turn, several times; return their medians."""
    return medians(
        stage,
        "throughput",
        [(server, {"sockets": sockets}) for server, sockets in contenders],
        figure,
    )


def delays(stage: Stage, server: Server, sockets: Sockets, rate: float) -> tuple[float, float]:
    """Return the median and the 99th percentile, in ms, at so many messages a second."""
    answer = stage.load(
        "latency", port=server.port, sockets=sockets, rate=rate, seconds=stage.seconds
    )
    say(f"{server.name} at {rate:,.0f}/s: p50 {answer['p50']:.1f}, p99 {answer['p99']:.1f} ms")
    return answer["p50"], answer["p99"]
