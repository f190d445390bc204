"""Taking jobs out of the queue, and what becomes of them.

    READY ──claim──▶ RUNNING ──▶ SUCCESSFUL
      ▲                 │
      └── back-off ─────┤  raised, or its worker died
                        └──▶ FAILED   no attempts left; stays for the admin

Every step out of RUNNING is an UPDATE on the condition that the claim still
holds, so of two who think they own a job one has its way.
"""

import logging
import secrets
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from traceback import format_exception
from typing import Any
from uuid import UUID

from django.db import transaction
from django_tasks import TaskResultStatus

from snappio.core.clock import now
from snappio.jobs.jobs import DEFAULT_ATTEMPTS, Job
from snappio.jobs.models import Heartbeat, QueuedJob
from snappio.jobs.waking import wake_workers

logger = logging.getLogger(__name__)

FIRST_DELAY_SECONDS = 5.0
LONGEST_DELAY_SECONDS = 15 * 60.0
_dice = secrets.SystemRandom()


class WorkerLost(Exception):
    """The worker fell silent before it settled the job."""


def claim(worker_id: str, *, at: datetime) -> QueuedJob | None:
    """Take the oldest due job for this worker, or return None; no two workers get the same."""
    due = QueuedJob.objects.due(at=at)
    # Asked first without a transaction: on SQLite each one queues for the only writer.
    if not due.exists():
        return None
    with transaction.atomic():
        claimed = due.select_for_update(skip_locked=True).first()
        if claimed is not None:
            claimed.claim(worker_id)
    return claimed


def call(claimed: QueuedJob) -> BaseException | None:
    """Call the job's function and return what it raised, if it did."""
    try:
        _job_of(claimed).call(**claimed.args_kwargs["kwargs"])
    # `sys.exit` somewhere in a library must not end the worker's thread.
    except (Exception, SystemExit) as error:  # noqa: BLE001 - all errors end as data in the row
        return error
    return None


def settle(claimed: QueuedJob, error: BaseException | None, *, at: datetime) -> bool:
    """Write down how an attempt ended; return False if the job went to another meanwhile.

    An error brings it back after a while, until the attempts are used up.
    """
    if error is None:
        return _move(claimed, status=TaskResultStatus.SUCCESSFUL, finished_at=at,
                     exception_class_path="", traceback="")  # fmt: skip
    told = {
        "exception_class_path": f"{type(error).__module__}.{type(error).__qualname__}",
        # PostgreSQL keeps no NUL in a text.
        "traceback": "".join(format_exception(error)).replace("\0", "\\0"),
    }
    attempts = _attempts_allowed(claimed)
    if claimed.attempts >= attempts:
        moved = _move(claimed, status=TaskResultStatus.FAILED, finished_at=at, **told)
        if moved:
            logger.error(
                "Job %s (%s) failed for good after %d attempts.",
                claimed.task_path, claimed.pk, claimed.attempts, exc_info=error,
            )  # fmt: skip
        return moved
    delay = delay_after(claimed.attempts)
    moved = _move(claimed, status=TaskResultStatus.READY, run_after=at + delay, **told)
    if moved:
        logger.warning(
            "Job %s (%s) failed, attempt %d of %d; next in %.0f s: %r",
            claimed.task_path, claimed.pk, claimed.attempts, attempts, delay.total_seconds(), error,
        )  # fmt: skip
    return moved


def delay_after(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: three times longer each time, up to 15 min.

    Spread by a quarter both ways, so that what failed together does not come back together.
    """
    delay = min(FIRST_DELAY_SECONDS * 3 ** (attempts - 1), LONGEST_DELAY_SECONDS)
    return timedelta(seconds=delay * _dice.uniform(0.75, 1.25))


def reap(
    *, lease: timedelta, worker_id: str, running: Collection[UUID], at: datetime
) -> list[QueuedJob]:
    """Take jobs back from workers not seen within the lease; each such attempt counts.

    ``worker_id`` is the caller's own: it lives, and holds nothing but what is ``running``,
    whatever an interrupted claim left behind. Return the jobs taken back.
    """
    # Jobs are read before heartbeats: who had claimed had beaten, so no worker
    # that came in between looks dead.
    held = list(QueuedJob.objects.running())
    live = set(Heartbeat.objects.live(lease=lease).values_list("pk", flat=True)) - {worker_id}
    lost = [
        claimed
        for claimed in held
        if claimed.worker_ids[-1] not in live
        and not (claimed.worker_ids[-1] == worker_id and _is_held(claimed, running, at - lease))
    ]
    return [claimed for claimed in lost if settle(claimed, _loss_of(claimed), at=at)]


def _is_held(claimed: QueuedJob, running: Collection[UUID], settled_by: datetime) -> bool:
    # A claim so young may not be known as running yet.
    assert claimed.started_at is not None
    return claimed.pk in running or claimed.started_at > settled_by


def _loss_of(claimed: QueuedJob) -> WorkerLost:
    return WorkerLost(f"Worker {claimed.worker_ids[-1]} was lost.")


def run_again(jobs: Iterable[QueuedJob]) -> int:
    """Give failed jobs all their attempts anew; return how many of them had failed."""
    failed = QueuedJob.objects.failed().filter(pk__in=[job.pk for job in jobs])
    count = failed.update(
        status=TaskResultStatus.READY, run_after=now(), worker_ids=[], finished_at=None
    )
    transaction.on_commit(wake_workers, robust=True)
    return count


def run_due_jobs(*, at: datetime | None = None) -> int:
    """Run in this thread whatever is due, also what that enqueues, and return how many.

    For tests and consoles; ``at`` looks into the future, where retries are due.
    """
    count = 0
    while claimed := claim("console", at=at or now()):
        settle(claimed, call(claimed), at=at or now())
        count += 1
    return count


def _job_of(claimed: QueuedJob) -> Job[Any]:
    job = claimed.task
    if not isinstance(job, Job):
        raise TypeError(f"{claimed.task_path} is not a job.")
    return job


def _attempts_allowed(claimed: QueuedJob) -> int:
    try:
        return _job_of(claimed).attempts
    # Its code is not here: perhaps a newer release wrote it. A worker of that
    # release gets it with one of the next attempts.
    except Exception:  # noqa: BLE001 - importing may raise anything
        return DEFAULT_ATTEMPTS


def _move(claimed: QueuedJob, **changes: Any) -> bool:
    moved = QueuedJob.objects.as_claimed(claimed).update(**changes)
    if not moved:
        logger.warning(
            "Job %s (%s) went to another worker meanwhile.", claimed.task_path, claimed.pk
        )
    return bool(moved)
