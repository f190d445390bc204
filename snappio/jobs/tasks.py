"""What the queue does for itself."""

from datetime import timedelta

from snappio.core.clock import now
from snappio.jobs.jobs import job
from snappio.jobs.models import Heartbeat, QueuedJob
from snappio.jobs.schedules import every

# Long enough to look into last weekend's failures.
KEEP_FINISHED = timedelta(days=7)
# Far beyond any lease: the reaper must have seen the silence.
KEEP_SILENT = timedelta(days=1)


@every(timedelta(hours=1))
@job()
def delete_old_rows() -> None:
    """Delete what was finished a week ago, and the heartbeats of workers long dead."""
    QueuedJob.objects.finished_before(now() - KEEP_FINISHED).delete()
    Heartbeat.objects.silent(since=KEEP_SILENT).delete()
