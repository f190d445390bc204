"""Sockets alone, for a fleet."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from snappio.core.serving import require_shared_parts, serve_asgi


class Command(BaseCommand):
    """`manage.py sockets`."""

    help = "Serve the sockets (/ws/…) of a fleet; run as many of these as you like."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the address to listen on."""
        parser.add_argument("--host", default="127.0.0.1", help="default: %(default)s")
        parser.add_argument("--port", type=int, default=8001, help="default: %(default)s")

    def handle(self, *args: Any, host: str, port: int, **options: Any) -> None:
        """Serve until interrupted."""
        require_shared_parts("sockets")
        self.stdout.write(f"Sockets are served at ws://{host}:{port}/ws/")
        serve_asgi("sockets", host=host, port=port)
