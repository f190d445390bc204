"""The ASGI applications: everything in one process, or sockets alone."""

import os
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from asgiref.typing import ASGI3Application
from channels.routing import ProtocolTypeRouter, URLRouter
from django.core.wsgi import get_wsgi_application
from django.urls import re_path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

# Loads the apps; what is imported below needs them.
http = get_wsgi_application()

from django.conf import settings  # noqa: E402

from snappio.chat.sockets import open_room, private_chat  # noqa: E402
from snappio.core.http.gate import BodyGate, answer_health  # noqa: E402
from snappio.realtime.runtime import lifespan  # noqa: E402
from snappio.realtime.sockets import no_such_socket  # noqa: E402


def _socket(pattern: str, application: Any) -> Any:
    # Django's types know views only; Channels' router takes ASGI applications.
    return re_path(pattern, application)


websockets = URLRouter(
    [
        _socket(r"^ws/user/", private_chat),
        _socket(r"^ws/rooms/", open_room),
        _socket(r"", no_such_socket),
    ]
)

# HTTP is the same WSGI application everywhere; here a fixed number of threads
# serves it, so connections to the database are as many, however many requests come.
application: ASGI3Application = ProtocolTypeRouter(
    {
        "http": BodyGate(
            cast("ASGI3Application", WSGIMiddleware(cast("Any", http), settings.HTTP_THREADS))
        ),
        "websocket": websockets,
        "lifespan": lifespan,
    }
)

sockets: ASGI3Application = ProtocolTypeRouter(
    {"http": answer_health, "websocket": websockets, "lifespan": lifespan}
)
