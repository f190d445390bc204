"""`GET /api/v1/feed/`: a member with 5,000 follows, among few posts and among many."""

import os
from collections.abc import Iterator

from benchmarks.report import AtMostRatio, Row
from benchmarks.scenarios.turns import medians
from benchmarks.stage import Stage

FEW = 10_000
# `FEED_POSTS=20000` is for a quick look.
MANY = int(os.environ.get("FEED_POSTS", "1000000"))
FOLLOWS = "5,000 active", "5,000 silent"
PATH = "/api/v1/feed/"


def run(stage: Stage) -> Iterator[Row]:
    """Compare the time of a page among many posts with that among few, one request at a time."""
    many, few = stage.new_fleet("many posts"), stage.new_fleet("few posts")
    readers = many.prepare("feed", MANY), few.prepare("feed", FEW)
    with many.running("web") as among_many, few.running("web") as among_few:
        for number, follows in enumerate(FOLLOWS):
            contenders = [
                (server, {"path": PATH, "connections": 1, "authorization": header})
                for server, header in (
                    (among_many, readers[0][number]["authorization"]),
                    (among_few, readers[1][number]["authorization"]),
                )
            ]
            found, reference = medians(stage, "requests", contenders, "requests")
            what = f"GET /feed/, {follows}, {MANY:,} posts against {FEW:,}"
            yield Row(what, "ms", 1000 / found, 1000 / reference, AtMostRatio(4))
