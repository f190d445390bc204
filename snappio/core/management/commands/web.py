"""HTTP alone, for a fleet."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels

from snappio.core.serving import require_shared_parts


class Command(BaseCommand):
    """`manage.py web`."""

    help = "Serve the HTTP API, the admin and the docs of a fleet; run as many as you like."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address to listen on."""
        parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
        parser.add_argument("--port", type=int, default=8000, help="default: %(default)s")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        """Serve until interrupted."""
        require_shared_parts("web")
        self.stdout.write(f"HTTP is served at http://{host}:{port}/")
        Granian(
            "config.wsgi:application",
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            # As many as there are connections in the pool; more would only wait.
            blocking_threads=settings.HTTP_THREADS,
            workers=1,
            log_level=LogLevels.warning,
            websockets=False,
        ).serve()
