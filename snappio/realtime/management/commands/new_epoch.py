"""After a restore, and only then."""

from typing import Any

from asgiref.sync import async_to_sync
from django.core.management.base import BaseCommand

from snappio.realtime.broker import current_broker
from snappio.realtime.gateway.epochs import change_epoch


class Command(BaseCommand):
    """`manage.py new_epoch`."""

    help = (
        "Have all clients forget which changes they have seen. "
        "Run it after the database was restored from a backup."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Change the word, and print it."""
        word = change_epoch()
        # The word of it is sent by a thread that would end with this process.
        async_to_sync(current_broker().stop)()
        self.stdout.write(f"The epoch is now {word}.")
