"""What mail does in the background."""

from datetime import timedelta
from typing import Any

from snappio.jobs.jobs import job
from snappio.jobs.schedules import every
from snappio.mail import files
from snappio.mail.letters import compose
from snappio.mail.sending import send


@job()
def deliver(*, kind: str, arguments: dict[str, Any]) -> None:
    """Write a letter and send it."""
    if written := compose(kind, arguments):
        send(written)


@every(timedelta(days=1))
@job()
def delete_old_files() -> None:
    """Delete letters that were kept as files a week ago."""
    files.delete_old()
