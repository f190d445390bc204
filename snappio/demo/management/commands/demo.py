"""Fills the instance with a small network."""

from typing import Any

from django.core.management.base import BaseCommand

from snappio.demo import services
from snappio.demo.script import CAST, PASSWORD, ROOM

BAR_WIDTH = 28


class Command(BaseCommand):
    """`manage.py demo`."""

    help = "Fill this instance with six people, their photographs and their talks."

    def handle(self, *args: Any, **options: Any) -> None:
        """Fill, with a bar, unless it was done before; then say how to sign in."""
        if services.is_filled():
            self.stdout.write("The demo's people are here already; nothing was added.")
        else:
            services.fill(self._progress)
            self.stdout.write("")
        self._say_how_to_sign_in()

    def _progress(self, done: int, total: int, label: str) -> None:
        filled = BAR_WIDTH * done // total
        bar = "█" * filled + "·" * (BAR_WIDTH - filled)
        line = f"{bar} {done}/{total} {label}"
        if self.stdout.isatty():
            self.stdout.write(f"\r{line:<78}", ending="")
            self.stdout.flush()
        else:
            self.stdout.write(line)

    def _say_how_to_sign_in(self) -> None:
        names = ", ".join(character.username for character in CAST)
        self.stdout.write(
            f"Sign in as any of: {names}\n"
            f"Password: {PASSWORD}\n"
            f"They talk in the room /ws/rooms/{ROOM}/."
        )
