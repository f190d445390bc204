"""People who use a house from outside, as an app would."""

import secrets
from contextlib import AbstractAsyncContextManager
from typing import Any, Self
from urllib.parse import quote

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.house import House

API = "/api/v1"
PASSWORD = "correct horse battery staple"


class Person:
    """Somebody with a name, a password and, once signed in, tokens.

    ``http`` carries the token by itself; addresses given to it are below
    ``/api/v1``. The username ends in a few random letters, since one house serves
    many tests.
    """

    def __init__(self, house: House, name: str = "Alice", *, username: str | None = None) -> None:
        self.house = house
        self.name = name
        self.username = username or f"{name.lower()}-{secrets.token_hex(4)}"
        self.email = f"{self.username}@example.com"
        self.password = PASSWORD
        self.id: int | None = None
        self.access = self.refresh = ""
        self.http = httpx.Client(base_url=house.http + API, timeout=30, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def sign_up(self) -> Self:
        """Create the account; the answer must be 201."""
        answer = self.http.post(
            "/users/",
            json={
                "username": self.username,
                "email": self.email,
                "name": self.name,
                "password": self.password,
            },
        )
        assert answer.status_code == httpx.codes.CREATED, answer.text
        self.id = answer.json()["id"]
        return self

    def sign_in(self) -> Self:
        """Get tokens; from now on ``http`` and sockets carry the access token."""
        answer = self.http.post(
            "/auth/", json={"username": self.username, "password": self.password}
        )
        assert answer.status_code == httpx.codes.OK, answer.text
        self.access, self.refresh = answer.json()["access"], answer.json()["refresh"]
        self.http.headers["Authorization"] = f"Bearer {self.access}"
        return self

    def open_socket(
        self, path: str, *, base: str | None = None, **options: Any
    ) -> "AbstractAsyncContextManager[ClientConnection]":
        """Open e.g. ``/ws/rooms/lobby/``, at ``base`` if the house has several processes."""
        headers = {"Authorization": f"Bearer {self.access}"} if self.access else {}
        return connect(
            (base or self.house.ws) + path,
            additional_headers=headers,
            # No proxy of the machine's environment, and no deflate: apps use none.
            proxy=None,
            compression=None,
            **options,
        )

    def open_chat_with(
        self, other: "Person", **options: Any
    ) -> "AbstractAsyncContextManager[ClientConnection]":
        """Open the private chat with another member."""
        return self.open_socket(f"/ws/user/{quote(other.username)}/", **options)
