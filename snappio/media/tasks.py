"""What media does in the background."""

from datetime import timedelta

from snappio.jobs.jobs import job
from snappio.jobs.schedules import every
from snappio.media import services


# Most files go right after the commit that gave them up; this takes the rest, and
# a member who left may expect to be gone within minutes.
@every(timedelta(minutes=1))
@job(attempts=3)
def collect_orphans() -> None:
    """Delete the files of what nobody uses, bounded in one run."""
    services.collect_orphans()
