"""What accounts do in the background."""

from datetime import timedelta

from snappio.accounts.services import mailed_links, sessions
from snappio.jobs.jobs import job
from snappio.jobs.schedules import every


@every(timedelta(days=1))
@job()
def delete_expired_sessions() -> None:
    """Clear sign-ins whose last token is over."""
    sessions.delete_expired_sessions()


@every(timedelta(days=1))
@job()
def delete_expired_links() -> None:
    """Clear mailed links that are over."""
    mailed_links.delete_expired_links()
