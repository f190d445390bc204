"""Measuring several servers in turn, so that a busy moment of the machine hits all alike."""

from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.stage import Server, Stage, say

ROUNDS = 3
BUSY = 0.95


def medians(
    stage: Stage, kind: str, contenders: Sequence[tuple[Server, dict[str, Any]]], figure: str
) -> Sequence[float]:
    """Run a measurement against each, several times in turn; return their medians."""
    figures: list[list[float]] = [[] for _ in contenders]
    for number in range(ROUNDS):
        for found, (server, options) in zip(figures, contenders, strict=True):
            answer = stage.load(
                kind, port=server.port, pid=server.pid, seconds=stage.seconds, **options
            )
            found.append(answer[figure])
            say(f"{number + 1}/{ROUNDS} {server.name}: {answer[figure]:,.0f}/s ({_cpu(answer)})")
    return [median(found) for found in figures]


def _cpu(answer: dict[str, float]) -> str:
    server, load = answer["server_cpu"], answer["load_cpu"]
    note = "; the load is the limit" if load > BUSY else ""
    return f"server {server:.0%}, load {load:.0%} of a core{note}"
