"""What goes over HTTP: signing in, new tokens, files; anything else by `Api.call`."""

import asyncio
import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import msgspec

from snappio_client.errors import Refused

# A new token is asked for this long before the old one expires, or at half its life.
MARGIN_SECONDS = 60.0


@dataclass(frozen=True)
class Tokens:
    """What a session is carried by; ``refresh`` may be empty."""

    access: str
    refresh: str = ""

    def __repr__(self) -> str:
        return "Tokens(…)"


class Api:
    """Calls below ``/api/v1/``; a refusal raises `Refused` with the server's code."""

    def __init__(self, url: str, *, tokens: Tokens | None = None, trust_env: bool = True) -> None:
        self.tokens = tokens
        self._url = f"{url.rstrip('/')}/api/v1/"
        self._trust_env = trust_env
        self._client: httpx.AsyncClient | None = None

    async def sign_in(self, username: str, password: str) -> Tokens:
        given = await self.call("POST", "auth/", json={"username": username, "password": password})
        return Tokens(given["access"], given["refresh"])

    async def refresh(self, token: str) -> Tokens:
        given = await self.call("POST", "auth/refresh/", json={"refresh": token})
        return Tokens(given["access"], given["refresh"])

    async def upload(self, data: bytes, *, name: str = "file", alt: str = "") -> dict[str, Any]:
        """Upload a picture; the answer's ``id`` may be attached to a message."""
        shown: dict[str, Any] = await self.call(
            "POST", "media/", files={"file": (name, data)}, data={"alt": alt} if alt else {}
        )
        return shown

    async def call(self, method: str, path: str, **options: Any) -> Any:
        """Return an answer's JSON (None if it is empty); ``options`` are httpx's.

        Raises `Refused`, and `httpx.TransportError` when nobody answers.
        """
        if self._client is None:
            # Made at the first call: a client that only uses its socket needs none.
            self._client = httpx.AsyncClient(
                base_url=self._url, timeout=30, trust_env=self._trust_env
            )
        is_signing_in = path.startswith("auth/") and method == "POST"
        if self.tokens and not is_signing_in:
            options["headers"] = {"Authorization": f"Bearer {self.tokens.access}"}
        answer = await self._client.request(method, path, **options)
        if answer.is_error:
            raise _refusal(answer)
        return answer.json() if answer.content else None

    async def close(self) -> None:
        if self._client:
            await self._client.aclose()


def _refusal(answer: httpx.Response) -> Refused:
    try:
        said = answer.json()
    except ValueError:
        said = None
    said = said if isinstance(said, dict) else {}
    wait = answer.headers.get("Retry-After", "")
    return Refused(
        str(said.get("code", "invalid")),
        str(said.get("detail", said or answer.reason_phrase)),
        retry=answer.status_code == httpx.codes.TOO_MANY_REQUESTS or answer.is_server_error,
        after=float(wait) if wait.isdigit() else None,
        status=answer.status_code,
    )


class Credentials:
    """Who one is: the tokens of the API, or a name and a password to get them with."""

    def __init__(
        self,
        api: Api,
        *,
        username: str,
        password: str,
        on_tokens: Callable[[Tokens], None] | None,
    ) -> None:
        if api.tokens is None and not (username and password):
            raise ValueError("a token is needed, or a username and a password")
        self._api = api
        self._username = username
        self._password = password
        self._on_tokens = on_tokens
        self._lock = asyncio.Lock()

    async def access(self) -> str:
        """Return an access token, signing in if there is none yet."""
        async with self._lock:
            tokens = self._api.tokens
            return tokens.access if tokens else await self._sign_in()

    async def renew(self, old: str) -> str:
        """Return a token in place of one that expires; raise `Refused` if there is no way.

        A refresh token is used up by its use, so whoever asks meanwhile gets the same.
        """
        async with self._lock:
            tokens = self._api.tokens
            if tokens and tokens.access != old:
                return tokens.access
            if tokens and tokens.refresh:
                try:
                    return self._keep(await self._api.refresh(tokens.refresh))
                except Refused as refusal:
                    if refusal.retry or not self._password:
                        raise
            return await self._sign_in()

    async def _sign_in(self) -> str:
        if not self._password:
            raise Refused("token_not_valid", "The token has expired, and nothing renews it.")
        return self._keep(await self._api.sign_in(self._username, self._password))

    def _keep(self, tokens: Tokens) -> str:
        self._api.tokens = tokens
        if self._on_tokens:
            self._on_tokens(tokens)
        return tokens.access


def seconds_until_renewal(token: str) -> float | None:
    """Return in how many seconds a new token should be asked for, or None if it does not say."""
    try:
        payload = token.split(".")[1]
        claims = msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        expires_at, issued_at = float(claims["exp"]), float(claims["iat"])
    except (IndexError, KeyError, TypeError, ValueError):
        return None
    margin = min(MARGIN_SECONDS, (expires_at - issued_at) / 2)
    return max(expires_at - margin - time.time(), 0.0)
