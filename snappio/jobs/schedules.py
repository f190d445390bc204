"""Jobs that repeat.

@every(timedelta(days=1))
@job()
def delete_expired_sessions() -> None: ...
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction

from snappio.jobs.jobs import Job
from snappio.jobs.models import QueuedJob, Schedule

_intervals: dict[str, tuple[Job[[]], timedelta]] = {}


def every(interval: timedelta) -> Callable[[Job[[]]], Job[[]]]:
    """Enqueue the job once in each interval, however many workers there are."""
    if interval <= timedelta():
        raise ValueError("A schedule's interval must be positive.")

    def declare(job: Job[[]]) -> Job[[]]:
        _intervals[job.module_path] = (job, interval)
        return job

    return declare


def tick(*, at: datetime) -> int:
    """Enqueue what has come due, and return how much; safe to call from many workers at once.

    A new schedule is due at once. Runs that were missed are not made up for: one
    comes now, the next in the future. While an earlier run waits, runs or is
    being retried, it stands for this one.
    """
    known = dict(Schedule.objects.values_list("name", "next_due_at"))
    if new := _intervals.keys() - known.keys():
        Schedule.objects.bulk_create(
            [Schedule(name=name, next_due_at=at) for name in new], ignore_conflicts=True
        )
        known |= dict.fromkeys(new, at)
    return sum(
        _enqueue_once(job, due_at=known[name], next_due_at=next_due_at)
        for name, (job, interval) in _intervals.items()
        if (next_due_at := _next_after(known[name], interval, at)) is not None
    )


def _next_after(due_at: datetime, interval: timedelta, at: datetime) -> datetime | None:
    if due_at <= at:
        # Keeps to the beat: a daily run stays at its time of day.
        return due_at + ((at - due_at) // interval + 1) * interval
    # Further off than one interval: the code shortened it, or the clock went back.
    return at + interval if due_at - at > interval else None


@transaction.atomic
def _enqueue_once(job: Job[[]], *, due_at: datetime, next_due_at: datetime) -> bool:
    # The winner's enqueueing commits with its claim; all others match no row. They
    # do not wait for it either: it may be paused, and their hearts must beat on.
    due = Schedule.objects.filter(name=job.module_path, next_due_at=due_at)
    if due.select_for_update(skip_locked=True).first() is None:
        return False
    due.update(next_due_at=next_due_at)
    if QueuedJob.objects.unfinished().filter(task_path=job.module_path).exists():
        return False
    job.enqueue()
    return True
