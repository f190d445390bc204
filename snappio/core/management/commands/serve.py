"""Everything in one process: HTTP, sockets and background jobs."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from snappio.core.serving import serve_asgi


class Command(BaseCommand):
    """`manage.py serve`."""

    help = "Serve HTTP, sockets and background jobs from this one process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address to listen on."""
        parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
        parser.add_argument("--port", type=int, default=8000, help="default: %(default)s")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        """Serve until interrupted."""
        shown = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::") else host  # noqa: S104
        self.stdout.write(
            f"Snappio runs at http://{shown}:{port}/\n"
            f"  the API's documentation   http://{shown}:{port}/docs/swagger/\n"
            f"  the admin                 http://{shown}:{port}/admin/\n"
            "Ctrl-C stops it."
        )
        serve_asgi("application", host=host, port=port)
        self.stdout.write("Snappio has stopped.")
