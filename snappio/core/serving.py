"""How the servers are started; the commands `serve`, `web` and `sockets` use it."""

import gc
import multiprocessing
import multiprocessing.process
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management.base import CommandError

from snappio.core.limits import current_limits

# Within this, requests end and lanes store what is queued; supervisors usually
# kill after 30 s.
SHUTDOWN_SECONDS = 10
# A socket whose peer vanished is gone after at most 35 s, and nobody seems to be there
# for longer than 45 s: presence gives ten more to who may be changing networks.
PING_SECONDS = 20
PONG_SECONDS = 15
# The threads that store messages come back from the database to an interpreter
# that the event loop holds; with Python's own 5 ms they wait longer for it than
# for the database.
SWITCH_SECONDS = 0.0002

# As uvicorn ends when the application did not start.
STARTUP_FAILURE = 3

# Objects made and not yet freed before the collector looks for cycles. Python's own
# 700 come together within a request or two: a tenth of the CPU went into looking.
YOUNG_OBJECTS = 20_000


Farewell = Callable[[], Awaitable[None]]

_farewells: list[Farewell] = []


def register_farewell(farewell: Farewell) -> None:
    """Await ``farewell`` when a server is about to end: it takes no new connections any more."""
    _farewells.append(farewell)


class _Server(uvicorn.Server):
    """Lets the apps send their clients away before all connections are closed."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # A proxy that asks whether we are ready goes elsewhere from now on.
        for server in self.servers:
            server.close()
        for farewell in _farewells:
            await farewell()
        await super().shutdown(sockets)


def collect_rarely() -> None:
    """Spare the garbage collector what lives as long as the process does."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 10, 10)


def end_with_parent() -> None:
    """End this process when the one that started it is gone, even if that was killed.

    A worker that stayed behind would go on answering at the port of its successor, with
    old code and connections of its own. Nothing happens in a process that was not
    started by `multiprocessing`.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_outlive, args=(parent,), daemon=True).start()


def _outlive(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(SHUTDOWN_SECONDS)
    # Whoever holds a request for so long has nobody to answer.
    os._exit(1)


def serve_asgi(application: str, *, host: str, port: int) -> None:
    """Serve an ASGI application of `config.asgi` until SIGINT or SIGTERM."""
    options: dict[str, Any] = {
        "loop": "uvloop",
        "http": "snappio.core.http.protocol:HttpProtocol",
        "ws": "snappio.realtime.protocol:SocketProtocol",
        "ws_max_size": current_limits().frame_bytes,
        # Compression would cost each socket 50 KiB, and each frame its own work.
        "ws_per_message_deflate": False,
        "ws_ping_interval": PING_SECONDS,
        "ws_ping_timeout": PONG_SECONDS,
        "lifespan": "on",
        "timeout_graceful_shutdown": SHUTDOWN_SECONDS,
        # Proxies are counted by `core.http.addresses` alone.
        "proxy_headers": False,
        "server_header": False,
        "access_log": False,
        "log_config": None,
        "backlog": 4096,
    }
    sys.setswitchinterval(SWITCH_SECONDS)
    server = _Server(uvicorn.Config(f"config.asgi:{application}", host=host, port=port, **options))
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        sys.exit(STARTUP_FAILURE)


def require_shared_parts(command: str) -> None:
    """Raise unless several processes can work together with these settings."""
    if not (settings.POSTGRES_URL and settings.REDIS_URL):
        raise CommandError(
            f"`{command}` is one of several processes, which meet in PostgreSQL and Redis: set "
            "POSTGRES_URL and REDIS_URL. For everything in one process use `manage.py serve`."
        )
