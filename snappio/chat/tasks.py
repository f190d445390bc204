"""What chat does in the background."""

from datetime import timedelta

from snappio.chat import search
from snappio.chat.services import retention, scheduled
from snappio.jobs.jobs import job
from snappio.jobs.schedules import every

MINUTE = timedelta(minutes=1)


@every(MINUTE)
@job(attempts=3)
def remove_expired_messages() -> None:
    """Remove messages that are older than their conversation keeps them."""
    retention.remove_expired()


@every(MINUTE)
@job(attempts=3)
def send_due_messages() -> None:
    """Send what is overdue, and have the coming minute's messages sent at their second."""
    scheduled.send_due()
    for scheduled_id, send_at in scheduled.coming_up(MINUTE):
        send_scheduled_message.using(run_after=send_at).enqueue(scheduled_id=scheduled_id)


@every(MINUTE)
@job(attempts=1)
def index_new_messages() -> None:
    """Work new messages into the search index, so that no sender has to."""
    search.work_in_new_words()


@job(attempts=1)
def send_scheduled_message(*, scheduled_id: int) -> None:
    """Send one message; if that fails, the next minute's run tries again."""
    scheduled.send_scheduled(scheduled_id)
