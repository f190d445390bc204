"""What clients see, as exact forms."""

import re
from collections.abc import Mapping
from typing import Any

from tests.contract.wire import Reply

JSON = "application/json"
# ISO 8601 in UTC, with microseconds and `Z`.
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
POST_KEYS = {
    "id", "user", "name", "content", "timestamp", "image", "images", "edited_at", "entities",
    "sensitive", "warning", "visibility", "commenting", "likes_count", "comments_count", "liked",
    "bookmarked",
}  # fmt: skip
# The first five are what the existing app reads.
PROFILE_KEYS = {
    "id", "username", "email", "name", "posts", "email_verified",
    "avatar", "banner", "bio", "links", "is_private", "is_discoverable",
    "followers_count", "following_count",
}  # fmt: skip
MEMBER_KEYS = {"id", "username", "name", "avatar", "bio", "is_private", "relationship"}
LARGEST_SAFE_INTEGER = 2**53


def assert_profile(shown: Mapping[str, Any]) -> None:
    """Check names and types of a member's own profile."""
    assert set(shown) == PROFILE_KEYS
    assert_id(shown["id"])
    assert all(type(shown[key]) is str for key in ("username", "email", "name"))
    assert type(shown["posts"]) is list
    for post_id in shown["posts"]:
        assert_id(post_id)


def assert_post(shown: Mapping[str, Any]) -> None:
    """Check names and types of a post; the app crashes on a null among the old ones."""
    assert set(shown) == POST_KEYS
    assert_id(shown["id"])
    assert all(type(shown[key]) is str for key in ("user", "name", "content", "timestamp", "image"))
    assert TIME.fullmatch(shown["timestamp"])
    assert shown["image"].startswith(("http://", "https://"))
    assert shown["images"][0]["url"] == shown["image"]


def assert_id(value: Any) -> None:
    assert type(value) is int
    assert 0 < value < LARGEST_SAFE_INTEGER


def given(reply: Reply, status: int) -> Any:
    """Return the JSON of an answer of that status and of exactly JSON's type."""
    assert reply.status == status, reply.body
    assert reply.headers["content-type"] == JSON
    return reply.json()


def nothing_given(reply: Reply) -> None:
    """Check that an answer is 204 without a body."""
    assert (reply.status, reply.body) == (204, b"")
