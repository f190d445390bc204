"""The bare servers: the least that does the same work for a client, and stores nothing.

`python -m benchmarks.references broadcast --port N` runs one.
"""

import argparse
import os
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
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


_POSTS = """
SELECT post.id, author.username, author.name, post.content, post.created_at, post.edited_at,
  post.entities, post.is_sensitive, post.warning, post.visibility, post.commenting,
  post.likes_count, post.comments_count
FROM posts_post AS post JOIN accounts_user AS author ON author.id = post.author_id
WHERE post.author_id = (SELECT id FROM accounts_user WHERE username = $1)
  AND author.is_active AND NOT author.is_private AND post.visibility = 'public'
  AND EXISTS (SELECT 1 FROM posts_postimage AS image WHERE image.post_id = post.id)
ORDER BY post.id DESC LIMIT 101
"""
_IMAGES = """
SELECT image.post_id, image.alt, media.width, media.height, media.blurhash, media.renditions
FROM posts_postimage AS image JOIN media_media AS media ON media.id = image.media_id
WHERE image.post_id = ANY($1) ORDER BY image.post_id, image.position
"""


def posts() -> Starlette:
    """Return a service that answers `GET /posts/?username=` as ours does, and nothing else."""
    prefix = f"{os.environ['PUBLIC_URL']}/media/"

    @asynccontextmanager
    async def lifespan(application: Starlette) -> AsyncIterator[None]:
        pool = asyncpg.create_pool(os.environ["POSTGRES_URL"], min_size=8, max_size=8)
        async with pool as application.state.pool:
            yield

    def image_json(row: Any) -> dict[str, Any]:
        renditions = [
            {
                "name": one["name"],
                "url": prefix + one["file"],
                "width": one["width"],
                "height": one["height"],
            }
            for one in orjson.loads(row["renditions"])
        ]
        return {
            "url": renditions[0]["url"],
            "width": row["width"],
            "height": row["height"],
            "blurhash": row["blurhash"],
            "alt": row["alt"],
            "renditions": renditions,
        }

    async def answer(request: Request) -> Response:
        async with request.app.state.pool.acquire() as connection:
            found = await connection.fetch(_POSTS, request.query_params["username"])
            rows = await connection.fetch(_IMAGES, [row["id"] for row in found])
        images = defaultdict(list)
        for row in rows:
            images[row["post_id"]].append(image_json(row))
        body = [
            {
                "id": row["id"],
                "user": row["username"],
                "name": row["name"],
                "content": row["content"],
                "timestamp": _iso(row["created_at"]),
                "image": images[row["id"]][0]["url"],
                "images": images[row["id"]],
                "edited_at": row["edited_at"] and _iso(row["edited_at"]),
                "entities": orjson.Fragment(row["entities"] or "[]"),
                "sensitive": row["is_sensitive"],
                "warning": row["warning"],
                "visibility": row["visibility"],
                "commenting": row["commenting"],
                "likes_count": row["likes_count"],
                "comments_count": row["comments_count"],
                "liked": False,
                "bookmarked": False,
            }
            for row in found
        ]
        return Response(orjson.dumps(body), media_type="application/json")

    return Starlette(routes=[Route("/api/v1/posts/", answer)], lifespan=lifespan)


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


APPLICATIONS = {"broadcast": lambda: broadcast, "posts": posts}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("application", choices=APPLICATIONS)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    uvicorn.run(
        APPLICATIONS[options.application](),
        host="127.0.0.1",
        port=options.port,
        # As `snappio.core.serving` starts ours, with uvicorn's own protocol.
        loop="uvloop",
        http="httptools",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_ping_interval=20,
        ws_ping_timeout=20,
        lifespan="auto",
        proxy_headers=False,
        server_header=False,
        access_log=False,
        log_level="error",
        backlog=4096,
    )


if __name__ == "__main__":
    main()
