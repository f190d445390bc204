"""The bare servers: the least that does the same work for a client, and stores nothing.

`python -m benchmarks.references broadcast --port N` runs one.
"""

import argparse
from collections import defaultdict
from typing import Any

import uvicorn
from uvicorn._types import ASGIReceiveCallable, ASGISendCallable, Scope

_rooms: dict[str, set[ASGISendCallable]] = defaultdict(set)


async def broadcast(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Hand every frame to all sockets of the same path, the sender included.

    Awaited one by one: gathering the sends makes a task of each and is three
    times slower. The price is that one stalled reader stops the room.
    """
    if scope["type"] != "websocket":
        return
    await receive()
    room = _rooms[scope["path"]]
    await send({"type": "websocket.accept", "subprotocol": None, "headers": []})
    room.add(send)
    try:
        while (event := await receive())["type"] == "websocket.receive":
            frame: Any = {"type": "websocket.send", "text": event["text"]}
            for other in tuple(room):
                await other(frame)
    finally:
        room.discard(send)


APPLICATIONS = {"broadcast": broadcast}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("application", choices=APPLICATIONS)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    uvicorn.run(
        APPLICATIONS[options.application],
        host="127.0.0.1",
        port=options.port,
        # As `snappio.core.serving` starts ours, with uvicorn's own protocol.
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="error",
        backlog=4096,
    )


if __name__ == "__main__":
    main()
