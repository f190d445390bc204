"""Jobs for the tests; at module level, as the queue finds them by path."""

import os
import threading
from collections import Counter
from pathlib import Path

from django.contrib.auth.models import Group

from snappio.jobs.jobs import job
from snappio.jobs.tests.waiting import eventually

# What the jobs did in this process.
done: list[str] = []
calls: Counter[str] = Counter()
started = threading.Event()
may_end = threading.Event()


def forget_all():
    done.clear()
    calls.clear()
    started.clear()
    may_end.clear()


@job()
def note(*, text: str) -> None:
    done.append(text)


@job()
def note_turn() -> None:
    done.append("turn")


@job(attempts=3)
def fail_at_first(*, key: str, failures: int) -> None:
    calls[key] += 1
    if calls[key] <= failures:
        raise RuntimeError(f"no luck\0 with {key}")
    done.append(key)


@job(attempts=1)
def leave() -> None:
    raise SystemExit(3)


@job()
def wait_for_permission() -> None:
    started.set()
    if may_end.wait(30):
        done.append("permitted")


@job()
def found_group_twice(*, name: str, folder: str) -> None:
    """Have an idempotent effect; the first attempt then waits for a sign and fails."""
    Group.objects.bulk_create([Group(name=name)], ignore_conflicts=True)
    attempt = len(list(Path(folder).glob("attempt-*"))) + 1
    Path(folder, f"attempt-{attempt}").write_text(str(os.getpid()))
    if attempt == 1:
        eventually(Path(folder, "may-fail").exists, seconds=60)
        raise RuntimeError("the first attempt fails late")


@job()
def write_line(*, path: str, line: str) -> None:
    with Path(path).open("a") as file:
        file.write(f"{line}\n")
