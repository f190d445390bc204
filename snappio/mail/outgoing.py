"""Where the apps post their letters."""

from typing import Any

from snappio.mail.tasks import deliver


def send_letter(kind: str, **arguments: Any) -> None:
    """Send a letter once the caller's transaction commits; tried again while that fails.

    ``arguments`` are kept in the queue where staff can read them: no secrets.
    """
    deliver.enqueue(kind=kind, arguments=arguments)
