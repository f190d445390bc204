"""Filling an instance, through the same doors that members use."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from uuid import uuid4

from django.core.files.uploadedfile import SimpleUploadedFile

from snappio.accounts.models import Session, User
from snappio.accounts.services import members, sessions
from snappio.chat.keys import ConversationKey
from snappio.chat.services.messages import Draft, append_messages
from snappio.core.errors import DomainError
from snappio.demo.pictures import photograph
from snappio.demo.script import CAST, PASSWORD, POSTS, PRIVATE_TALKS, ROOM, ROOM_TALK, Line
from snappio.posts.services import create_post

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
    return User.objects.filter(username__in=names).exists()


def fill(progress: Progress) -> None:
    """Make the people, their posts and their talks; raises `InvalidInput` if a name is taken."""
    steps = list(_steps())
    for number, step in enumerate(steps, start=1):
        step.act()
        progress(number, len(steps), step.label)


def _steps() -> Iterable[_Step]:
    present: dict[str, Session] = {}
    for character in CAST:
        yield _Step(
            f"{character.name} signs up",
            lambda who=character: present.__setitem__(who.username, _join(who.username, who.name)),
        )
    for seed, (author, caption) in enumerate(POSTS):
        yield _Step(
            f"{author} posts a photograph",
            lambda seed=seed, author=author, caption=caption: _post(
                present[author].user, caption, seed
            ),
        )
    yield _Step(f"six people talk in the {ROOM}", lambda: _talk_in_room(present))
    for pair, lines in PRIVATE_TALKS:
        yield _Step(
            " and ".join(pair) + " talk",
            lambda pair=pair, lines=lines: _talk_privately(present, pair, lines),
        )


def _join(username: str, name: str) -> Session:
    members.sign_up(
        username=username,
        email=f"{username}@demo.example",
        name=name,
        password=PASSWORD,
        address=ADDRESS,
    )
    pair = sessions.sign_in(username=username, password=PASSWORD, device="demo", address=ADDRESS)
    return sessions.session_of(pair.access)


def _post(author: User, caption: str, seed: int) -> None:
    picture = SimpleUploadedFile("photograph.jpg", photograph(seed), "image/jpeg")
    create_post(author=author, content=caption, image=picture)


def _talk_in_room(present: Mapping[str, Session]) -> None:
    _say(ConversationKey.open_room(ROOM), ROOM_TALK, present)


def _talk_privately(
    present: Mapping[str, Session], pair: tuple[str, str], lines: Iterable[Line]
) -> None:
    one, other = (present[name].user_id for name in pair)
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
