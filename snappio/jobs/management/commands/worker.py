"""`manage.py worker`: a process that runs background jobs and schedules."""

import signal
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from snappio.jobs.worker import Worker

LOOK_SECONDS = 0.5


class Command(BaseCommand):
    """Runs a `Worker` until a signal comes."""

    help = (
        "Run background jobs and schedules until SIGTERM or Ctrl+C, which let the present "
        "jobs finish; a second one does not wait. Start as many workers as you like: each "
        "job goes to one of them, and the jobs of one that dies go to the others."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare `--threads`."""
        parser.add_argument(
            "--threads",
            type=int,
            default=1,
            help="how many jobs may run at the same time in this process (default: 1)",
        )

    def handle(self, *, threads: int, **options: Any) -> None:
        """Run, and return once the last job is finished."""
        if threads < 1:
            raise CommandError("--threads must be at least 1.")
        asked_to_stop = threading.Event()

        def stop(signum: int, frame: FrameType | None) -> None:
            asked_to_stop.set()
            signal.signal(signum, signal.SIG_DFL)

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)

        worker = Worker(threads=threads)
        worker.start()
        at_once = "one at a time" if threads == 1 else f"up to {threads} at a time"
        self._say(f"Worker {worker.id} runs jobs, {at_once}. Ctrl+C stops it.")
        # Looked at again and again: the system may hand a signal to another thread,
        # and only the main one, awake, calls its handler.
        while not asked_to_stop.wait(LOOK_SECONDS):
            pass
        self._say("Stopping; the present job may finish.")
        worker.stop()
        self._say(f"Stopped after {worker.jobs_done} jobs.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
