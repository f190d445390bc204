"""Every actor tries every address of posts, their comments and timelines, over real HTTP."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from snappio.media.tests.images import jpeg
from tests.house import House
from tests.people import Person

SCHEMA = Path(__file__).resolve().parents[2] / "docs" / "api.yaml"
METHODS = {"get", "post", "put", "patch", "delete"}

PUBLIC, FOLLOWERS, CLOSE = "public", "followers", "close_friends"
# Who sees what of the author's.
SEEN = {
    "anonymous": {PUBLIC},
    "stranger": {PUBLIC},
    "follower": {PUBLIC, FOLLOWERS},
    "close": {PUBLIC, CLOSE},
    "blocked": set(),
    "blocking": set(),
    "author": {PUBLIC, FOLLOWERS, CLOSE},
}
# What one needs to be for a 2xx: to see the post, to be signed in besides, to be its author.
READ, ACT, OWN = "read", "act", "own"
# Those that change nothing others rest on come first, deletions last.
BELOW_POSTS = {
    ("get", "/api/v1/posts/{post_id}/"): READ,
    ("get", "/api/v1/posts/{post_id}/history/"): READ,
    ("get", "/api/v1/posts/{post_id}/likes/"): READ,
    ("get", "/api/v1/posts/{post_id}/comments/"): READ,
    ("get", "/api/v1/comments/{comment_id}/"): READ,
    ("put", "/api/v1/posts/{post_id}/like/"): ACT,
    ("delete", "/api/v1/posts/{post_id}/like/"): ACT,
    ("put", "/api/v1/posts/{post_id}/bookmark/"): ACT,
    ("delete", "/api/v1/posts/{post_id}/bookmark/"): ACT,
    ("post", "/api/v1/posts/{post_id}/comments/"): ACT,
    ("put", "/api/v1/comments/{comment_id}/like/"): ACT,
    ("delete", "/api/v1/comments/{comment_id}/like/"): ACT,
    ("patch", "/api/v1/comments/{comment_id}/"): OWN,
    ("put", "/api/v1/posts/{post_id}/"): OWN,
    ("patch", "/api/v1/posts/{post_id}/"): OWN,
    ("delete", "/api/v1/comments/{comment_id}/"): OWN,
    ("delete", "/api/v1/posts/{post_id}/"): OWN,
}
# Lists that show the author's posts to whom they are for; None is 401 for the anonymous.
TIMELINES = {
    "/api/v1/posts/?username={author}": SEEN,
    "/api/v1/users/{author}/posts/": SEEN,
    "/api/v1/tags/{tag}/posts/": SEEN,
    "/api/v1/feed/": {
        **{actor: set() for actor in SEEN},
        "anonymous": None,
        "follower": {PUBLIC, FOLLOWERS},
        "author": {PUBLIC, FOLLOWERS, CLOSE},
    },
    "/api/v1/bookmarks/": {**{actor: set() for actor in SEEN}, "anonymous": None},
}


class World:
    """The author's posts, and everybody there may be to the author."""

    def __init__(self, house: House, stack: ExitStack) -> None:
        self.people = {
            name: stack.enter_context(Person(house, name.title())).sign_up().sign_in()
            for name in SEEN
            if name != "anonymous"
        }
        self.clients = {name: person.http for name, person in self.people.items()}
        self.clients["anonymous"] = stack.enter_context(
            httpx.Client(base_url=f"{house.http}/api/v1", timeout=30, trust_env=False)
        )
        self.author = self.people["author"].username
        self.tag = self.author.replace("-", "_")
        self._relate()
        self.posts = {visibility: self.publish(visibility) for visibility in SEEN["author"]}

    def publish(self, visibility: str) -> dict[str, Any]:
        """Publish a post with a comment, both the author's; return their ids and the text."""
        http = self.clients["author"]
        body = {"content": f"{visibility} #{self.tag}", "visibility": visibility}
        made = http.post("/posts/", data=body, files={"uploadImage": jpeg()})
        assert made.status_code == 201, made.text
        post_id = made.json()["id"]
        said = http.post(f"/posts/{post_id}/comments/", json={"content": "first"})
        assert said.status_code == 201, said.text
        return {"post_id": post_id, "comment_id": said.json()["id"]}

    def _relate(self) -> None:
        name = {actor: person.username for actor, person in self.people.items()}
        author = self.clients["author"]
        for answer in (
            self.clients["follower"].put(f"/users/{self.author}/follow/"),
            author.put(f"/close-friends/{name['close']}/"),
            author.put(f"/users/{name['blocked']}/block/"),
            self.clients["blocking"].put(f"/users/{self.author}/block/"),
        ):
            assert answer.is_success, answer.text


@pytest.fixture(scope="module")
def world(house: House) -> Iterator[World]:
    """The people and posts that all attempts share."""
    with ExitStack() as stack:
        yield World(house, stack)


def expected(actor: str, visibility: str, needed: str) -> set[int]:
    """Return which statuses may come of an attempt."""
    if actor == "anonymous" and needed != READ:
        return {401}
    if visibility not in SEEN[actor]:
        return {404}
    if needed == OWN and actor != "author":
        return {403}
    return {200, 201, 204}


def ask(client: httpx.Client, method: str, path: str, ids: Mapping[str, Any]) -> httpx.Response:
    body = {} if method in {"get", "delete"} else {"json": {"content": "changed"}}
    return client.request(method.upper(), path.removeprefix("/api/v1").format(**ids), **body)


@pytest.mark.parametrize("visibility", [PUBLIC, FOLLOWERS, CLOSE])
def test_everybody_may_do_what_the_law_says_and_nothing_else(world, visibility):
    unlawful = []
    for actor, client in world.clients.items():
        ids = world.publish(visibility)
        for (method, path), needed in BELOW_POSTS.items():
            status = ask(client, method, path, ids).status_code
            if status not in expected(actor, visibility, needed):
                unlawful.append(f"{actor} {method} {path}: {status}")

    assert unlawful == []


# P1
@pytest.mark.parametrize("actor", ["stranger", "blocked", "blocking"])
def test_what_is_hidden_and_what_is_absent_are_alike_to_the_byte(world, actor):
    hidden, absent = world.posts[CLOSE], {"post_id": 2**52, "comment_id": 2**52}
    for method, path in BELOW_POSTS:
        answers = [ask(world.clients[actor], method, path, ids) for ids in (hidden, absent)]

        assert {answer.status_code for answer in answers} == {404}, (method, path)
        assert answers[0].content == answers[1].content


@pytest.mark.parametrize("path", TIMELINES)
def test_timelines_show_each_what_is_for_them(world, path):
    address = path.removeprefix("/api/v1").format(author=world.author, tag=world.tag)
    known = {ids["post_id"]: visibility for visibility, ids in world.posts.items()}
    for actor, client in world.clients.items():
        answer = client.get(address, params={"limit": 100} if "?" not in path else None)

        law = TIMELINES[path][actor]
        if law is None:
            assert answer.status_code == 401, actor
        elif answer.status_code == 404:
            # The author is absent altogether.
            assert (actor in {"blocked", "blocking"}, "users/" in path) == (True, True)
        else:
            assert {known[p["id"]] for p in answer.json() if p["id"] in known} == law, actor


def test_no_address_of_posts_is_without_a_row():
    paths = yaml.safe_load(SCHEMA.read_text())["paths"]
    named = {
        (method, path)
        for path, item in paths.items()
        if "{post_id}" in path or "{comment_id}" in path
        for method in item
        if method in METHODS
    }

    assert named == BELOW_POSTS.keys()
