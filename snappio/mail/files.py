"""Letters as files, for instances without a mail server."""

import os
import time
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from snappio.core.clock import now
from snappio.core.ids import secret_name

KEEP = timedelta(days=7)


class FileBackend(BaseEmailBackend):
    """Writes each letter into `MAIL_DIR` as a file that mail programs open."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the files, readable for their owner only: the links in them are keys."""
        directory = Path(settings.MAIL_DIR)
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        for message in email_messages:
            path = directory / f"{now():%Y%m%d-%H%M%S}-{secret_name()[:8]}.eml"
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
                file.write(message.message().as_bytes())
        return len(email_messages)


def delete_old() -> None:
    """Delete the files of letters older than a week."""
    oldest = time.time() - KEEP.total_seconds()
    for path in Path(settings.MAIL_DIR).glob("*.eml"):
        if path.stat().st_mtime < oldest:
            path.unlink(missing_ok=True)
