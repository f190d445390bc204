"""`GET /api/v1/posts/?username=`: 20 posts of one author out of 20,000."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.request import urlopen

from benchmarks.report import AtLeast, Row
from benchmarks.scenarios.turns import medians
from benchmarks.stage import PUBLIC_URL, CannotRun, Server, Stage

POSTS = 20_000
OF_THE_AUTHOR = 20
# As many as the HTTP threads of one process.
CONNECTIONS = 8


def run(stage: Stage) -> Iterator[Row]:
    """Compare requests a second with a handler written by hand for this one address."""
    author = stage.fleet.prepare("posts", POSTS, OF_THE_AUTHOR)
    path = f"/api/v1/posts/?username={author}"
    with ExitStack() as stack:
        ours = stack.enter_context(stage.fleet.running("web"))
        bare = stack.enter_context(
            stage.reference("posts", POSTGRES_URL=stage.fleet.postgres_url, PUBLIC_URL=PUBLIC_URL)
        )
        _require_equal(_answer(ours, path), _answer(bare, path))
        options = {"path": path, "connections": CONNECTIONS}
        found, reference = medians(
            stage, "requests", [(ours, options), (bare, options)], "requests"
        )
    yield Row("GET /posts/?username=, 20 posts", "requests/s", found, reference, AtLeast(0.8))


def _answer(server: Server, path: str) -> Any:
    with urlopen(f"http://127.0.0.1:{server.port}{path}") as response:
        return json.load(response)


def _require_equal(ours: Any, bare: Any) -> None:
    if len(ours) != OF_THE_AUTHOR:
        raise CannotRun(f"{len(ours)} posts came instead of {OF_THE_AUTHOR}")
    if ours != bare:
        raise CannotRun("the reference answers otherwise; benchmarks/references.py lags behind")
