"""Filling an instance, through the same doors that members use."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile

from snappio.accounts.models import Session, User
from snappio.accounts.services import members, sessions
from snappio.chat.keys import ConversationKey
from snappio.chat.services.drafts import Draft
from snappio.chat.services.messages import append_messages
from snappio.core.errors import DomainError
from snappio.demo.pictures import photograph
from snappio.demo.script import (
    CAST,
    PASSWORD,
    POSTS,
    PRIVATE_TALKS,
    ROOM,
    ROOM_TALK,
    Character,
    Line,
)
from snappio.posts.services.publishing import create_post

ADDRESS = "127.0.0.1"

# Told after each step: how many of how many are done, and what was done.
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class _Step:
    label: str
    act: Callable[[], None]


def is_filled() -> bool:
    """Say whether anybody of the cast is here already."""
    names = [character.username for character in CAST]
    found: bool = User.objects.filter(username__in=names).exists()
    return found


def fill(progress: Progress) -> None:
    """Make the people, their posts and their talks; raises `InvalidInput` if a name is taken."""
    present: dict[str, Session] = {}
    steps = list(_steps(present))
    for number, step in enumerate(steps, start=1):
        step.act()
        progress(number, len(steps), step.label)


def _steps(present: dict[str, Session]) -> Iterable[_Step]:
    """Give what is to be done, in order; who has joined is kept in ``present``."""
    for character in CAST:
        yield _Step(f"{character.name} signs up", partial(_join, character, present))
    for seed, (author, caption) in enumerate(POSTS):
        yield _Step(f"{author} posts a photograph", partial(_post, author, caption, seed, present))
    room = partial(_say_in_room, ROOM, ROOM_TALK, present)
    yield _Step(f"six people talk in the {ROOM}", room)
    for pair, lines in PRIVATE_TALKS:
        yield _Step(" and ".join(pair) + " talk", partial(_say_privately, pair, lines, present))


def _join(character: Character, present: dict[str, Session]) -> None:
    username = character.username
    members.sign_up(
        username=username,
        email=f"{username}@demo.example",
        name=character.name,
        password=PASSWORD,
        address=ADDRESS,
    )
    pair = sessions.sign_in(username=username, password=PASSWORD, device="demo", address=ADDRESS)
    present[username] = sessions.session_of(pair.access)


def _post(author: str, caption: str, seed: int, present: Mapping[str, Session]) -> None:
    picture = SimpleUploadedFile("photograph.jpg", photograph(seed), "image/jpeg")
    create_post(author=present[author].user, content=caption, upload=picture)


def _say_in_room(name: str, lines: Iterable[Line], present: Mapping[str, Session]) -> None:
    _say(ConversationKey.open_room(name), lines, present)


def _say_privately(
    pair: tuple[str, str], lines: Iterable[Line], present: Mapping[str, Session]
) -> None:
    one, other = (present[username].user_id for username in pair)
    _say(ConversationKey.private(one, other), lines, present)


def _say(key: ConversationKey, lines: Iterable[Line], present: Mapping[str, Session]) -> None:
    drafts = [
        Draft(
            key=key,
            sender_id=present[line.sender].user_id,
            session_id=present[line.sender].pk,
            client_id=uuid4().hex,
            text=line.text,
        )
        for line in lines
    ]
    for outcome in append_messages(drafts):
        if isinstance(outcome, DomainError):
            raise outcome
