"""The ASGI applications: everything in one process, or sockets alone."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from asgiref.typing import ASGI3Application
from channels.routing import ProtocolTypeRouter, URLRouter
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

# Loads the apps; what is imported below needs them.
from django.conf import settings

from config.http import application as http
from snappio.chat.sockets import open_room, private_chat
from snappio.core.http.gate import BodyGate, answer_health
from snappio.jobs.worker import Worker
from snappio.realtime.connections import no_such_socket
from snappio.realtime.gateway.endpoint import gateway
from snappio.realtime.runtime import Lifespan


def _socket(pattern: str, application: Any) -> Any:
    # Django's types know views only; Channels' router takes ASGI applications.
    return re_path(pattern, application)


websockets = URLRouter(
    [
        _socket(r"^ws/?$", gateway),
        _socket(r"^ws/user/", private_chat),
        _socket(r"^ws/rooms/", open_room),
        _socket(r"", no_such_socket),
    ]
)

# A supervisor kills after half a minute; a job that takes longer is taken over.
JOB_SECONDS = 10


@asynccontextmanager
async def running_worker() -> AsyncIterator[None]:
    """Run background jobs in a thread of this process."""
    worker = Worker()
    worker.start()
    try:
        yield
    finally:
        await asyncio.to_thread(worker.stop, JOB_SECONDS)


# HTTP is the same WSGI application everywhere; here a fixed number of threads
# serves it, so connections to the database are as many, however many requests come.
application: ASGI3Application = ProtocolTypeRouter(
    {
        "http": BodyGate(
            cast("ASGI3Application", WSGIMiddleware(cast("Any", http), settings.HTTP_THREADS))
        ),
        "websocket": websockets,
        "lifespan": Lifespan(running_worker),
    }
)

sockets: ASGI3Application = ProtocolTypeRouter(
    {"http": answer_health, "websocket": websockets, "lifespan": Lifespan()}
)
