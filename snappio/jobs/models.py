"""Jobs in the queue, workers that live, schedules that come due."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now
from django_tasks import TaskResultStatus
from django_tasks.base import DEFAULT_TASK_PRIORITY
from django_tasks_db.models import DBTaskResult


class QueuedJobQuerySet(models.QuerySet["QueuedJob"]):
    """Words for jobs."""

    def due(self, *, at: datetime) -> "QueuedJobQuerySet":
        """Keep those that a worker may take now, oldest first."""
        # All have the one priority; naming it makes this one range of the index.
        return self.filter(
            status=TaskResultStatus.READY, priority=DEFAULT_TASK_PRIORITY, run_after__lte=at
        )

    def unfinished(self) -> "QueuedJobQuerySet":
        """Keep those that wait or run."""
        return self.filter(status__in=[TaskResultStatus.READY, TaskResultStatus.RUNNING])

    def running(self) -> "QueuedJobQuerySet":
        """Keep those that a worker has taken and not settled."""
        return self.filter(status=TaskResultStatus.RUNNING)

    def failed(self) -> "QueuedJobQuerySet":
        """Keep those that failed at their last attempt: the dead letters."""
        return self.filter(status=TaskResultStatus.FAILED)

    def finished_before(self, moment: datetime) -> "QueuedJobQuerySet":
        """Keep those that were over, well or badly, before the moment."""
        return self.filter(finished_at__lt=moment)

    def as_claimed(self, claimed: "QueuedJob") -> "QueuedJobQuerySet":
        """Keep the row only while it still belongs to this very claim.

        A worker that was paused finds nothing here once its job went to another,
        or to itself a second time.
        """
        return self.running().filter(
            pk=claimed.pk, worker_ids=claimed.worker_ids, started_at=claimed.started_at
        )


class QueuedJob(DBTaskResult[..., Any]):
    """One job of the queue; the row is the library's.

    `worker_ids` has an entry for each attempt; the last one holds the job.
    """

    # Our words in the place of the library's.
    objects: ClassVar[models.Manager["QueuedJob"]] = QueuedJobQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        proxy = True
        verbose_name = "job"

    def __str__(self) -> str:
        return f"{self.task_path} {self.status}"

    @property
    def attempts(self) -> int:
        """How often a worker took it."""
        return len(self.worker_ids)


class HeartbeatQuerySet(models.QuerySet["Heartbeat"]):
    """Words for heartbeats."""

    # Judged by the database's clock alone, so machines whose clocks differ agree.
    def live(self, *, lease: timedelta) -> "HeartbeatQuerySet":
        """Keep the workers that were seen within the lease."""
        return self.filter(seen_at__gt=Now() - lease)

    def silent(self, *, since: timedelta) -> "HeartbeatQuerySet":
        """Keep the workers that were not seen for so long."""
        return self.filter(seen_at__lt=Now() - since)


class Heartbeat(models.Model):
    """A running worker's sign of life."""

    worker_id = models.CharField(max_length=64, primary_key=True)
    started_at = models.DateTimeField(db_default=Now())
    seen_at = models.DateTimeField(db_default=Now())

    objects: ClassVar[models.Manager["Heartbeat"]] = HeartbeatQuerySet.as_manager()

    def __str__(self) -> str:
        return self.worker_id


class Schedule(models.Model):
    """When a repeated job comes due next; how often stands in the code."""

    name = models.CharField(max_length=200, primary_key=True)
    next_due_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name
