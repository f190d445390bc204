"""Members for tests."""

from rest_framework.test import APIClient

from snappio.accounts.models import User
from snappio.accounts.services.members import sign_up
from snappio.accounts.services.sessions import sign_in

PASSWORD = "plum-and-quince-7"
ADDRESS = "203.0.113.7"


def make_member(username: str) -> User:
    return sign_up(
        username=username,
        email=f"{username}@example.org",
        name=username.title(),
        password=PASSWORD,
        address=ADDRESS,
    )


def sign_in_header(user: User) -> dict[str, str]:
    pair = sign_in(username=user.username, password=PASSWORD, device="test", address=ADDRESS)
    return {"Authorization": f"Bearer {pair.access}"}


def client_of(user: User) -> APIClient:
    """Return an HTTP client with a session of its own, through the whole middleware."""
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=sign_in_header(user)["Authorization"])
    return client
