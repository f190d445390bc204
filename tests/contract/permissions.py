"""Who may do what in which conversation, as a table that is computed.

    actors    everybody from nobody to the owner, made once for each house
    places    one conversation of each kind, with all of them in it or out of it
    verbs     what one may try there
    channels  the ways to try (`tests.contract.channels`): each turns an attempt into
              `ALLOWED` or `Refused`

`expected` is the law: small enough to be read, and the same for every channel.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.accounts import make_accounts, run_in
from tests.house import House
from tests.people import Person

PRIVATE_CHAT, PARTED_CHAT, GROUP = "private chat", "parted chat", "group"
OPEN, MEMBERS, PRIVATE = "open room", "members room", "private room"
KINDS = (PRIVATE_CHAT, PARTED_CHAT, GROUP, OPEN, MEMBERS, PRIVATE)
# With whom the owner is there alone. The moderator is blocked once all places are made.
PARTNERS = {PRIVATE_CHAT: "member", PARTED_CHAT: "moderator"}
VISIBILITIES = {OPEN: "open", MEMBERS: "members", PRIVATE: "private"}

# Whom no conversation knows: without a token, with a dead one, with one that is forged.
NOBODY = ("anonymous", "disabled", "forged")
# In or out of every conversation but the private chats, which are the owner's and a partner's.
PEOPLE = ("stranger", "member", "ex-member", "banned", "silenced", "moderator", "owner")
ACTORS = NOBODY + PEOPLE
# Who is put out and brought in again by those who may.
RECRUIT = "recruit"
_INSIDERS = ("moderator", "member", "ex-member", "banned", "silenced", "disabled", RECRUIT)

READING = frozenset({"get", "history", "message", "members", "subscribe"})
SPEAKING = frozenset({"send", "edit", "react", "typing"})
OWN_MESSAGES = frozenset({"edit", "delete"})
MODERATING = frozenset({"add", "remove", "ban", "rename", "invite", "pin"})

# The channels on which somebody deletes a message: each has one of everybody's for it.
DELETING = ("http", "gateway")


@dataclass(frozen=True)
class Refused:
    """Not allowed; ``code`` is the refusal's stable code, None where the channel has none."""

    code: str | None


ALLOWED = "allowed"
Outcome = str | Refused

UNKNOWN = Refused("not_authenticated")
HIDDEN = Refused("conversation_not_found")
PARTED = Refused("nobody_to_talk_to")


def expected(actor: str, kind: str, verb: str) -> Outcome:  # noqa: C901, PLR0911 -- it reads as a list
    """Return what must come of an attempt."""
    if actor in NOBODY:
        return UNKNOWN
    standing = standing_of(actor, kind)
    has_invites = kind in VISIBILITIES
    if standing is None or (verb == "invite" and not has_invites):
        return HIDDEN
    if verb == "list":
        return HIDDEN if standing == "visitor" else ALLOWED
    if verb in READING:
        return ALLOWED
    # Nobody is told that they write, which looks like a partner who is not there.
    if kind == PARTED_CHAT and verb in (SPEAKING | {"pin"}) - {"typing"}:
        return PARTED
    if verb in OWN_MESSAGES and actor == "stranger":
        return Refused("not_your_message")
    if verb in SPEAKING:
        return Refused("silenced") if standing == "silenced" else ALLOWED
    if verb == "delete":
        return ALLOWED
    if standing == "visitor":
        return Refused("not_a_participant")
    if verb == "pin" and kind == PRIVATE_CHAT:
        return ALLOWED
    if verb in MODERATING and standing not in {"moderator", "owner"}:
        is_of_groups = kind in PARTNERS and verb in {"ban", "rename"}
        return Refused("not_in_private_chats" if is_of_groups else "permission_denied")
    return ALLOWED


def agree(one: Outcome, other: Outcome) -> bool:
    """Say whether two channels have told the same; one without codes only whether they refuse."""
    if isinstance(one, Refused) and isinstance(other, Refused):
        return None in (one.code, other.code) or one == other
    return one == other


def standing_of(actor: str, kind: str) -> str | None:
    """Return what somebody is in a place; None for whom it must look absent to."""
    if kind in PARTNERS:
        return "member" if actor in {"owner", PARTNERS[kind]} else None
    if actor in {"stranger", "ex-member"}:
        return "visitor" if kind == OPEN else None
    return None if actor == "banned" else actor


@dataclass
class Place:
    """A conversation, and the messages with which everybody in it may try something."""

    kind: str
    id: str
    # Of what is no room, one that no room has.
    room: str
    # By actor: the `seq` of a message to edit, and of one to delete on each channel.
    said: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def first(self) -> int:
        """The owner's message that everybody tries to read, to react to and to pin."""
        return self.said["owner"]["edit"]

    def own(self, actor: str, use: str) -> int:
        """Return an own message of the actor's; for who has said nothing, one that stays."""
        return self.said[actor][use] if actor in self.said else self.first


class World:
    """The people and places of one house."""

    def __init__(self, house: House) -> None:
        names = (*PEOPLE, "disabled", RECRUIT)
        made = make_accounts(house, [(f"matrix-{name}", name.title()) for name in names])
        self.people: dict[str, Person] = {}
        for name, account in zip(names, made, strict=True):
            self._add(house, name, account.access, account.username)
        self._add(house, "anonymous", "", "matrix-anonymous")
        # What one member's token says, with the seal of another's.
        body = self.people["owner"].access.rpartition(".")[0]
        seal = self.people["member"].access.rpartition(".")[2]
        self._add(house, "forged", f"{body}.{seal}", "matrix-forged")
        self.places = {kind: self._place(kind) for kind in KINDS}
        _good(self.people["owner"].http.put(f"/users/{self._partner(PARTED_CHAT)}/block/"))
        username = self.people["disabled"].username
        run_in(house, f"members.disable_member(User.objects.get(username={username!r}))")

    def close(self) -> None:
        """Close everybody's connections."""
        for person in self.people.values():
            person.http.close()

    def restore(self, place: Place, actor: str, verb: str) -> None:
        """Undo what an attempt has changed that others' attempts rest on."""
        owner = self.people["owner"].http
        path = f"/conversations/{place.id}"
        if verb in {"remove", "ban"}:
            username = self.people[RECRUIT].username
            _good(owner.delete(f"{path}/bans/{username}/"))
            _good(owner.post(f"{path}/members/", json={"usernames": [username]}))
        if verb == "send" and standing_of(actor, place.kind) == "visitor":
            _good(self.people[actor].http.post(f"{path}/leave/"))

    def _add(self, house: House, name: str, access: str, username: str) -> None:
        person = Person(house, name.title(), username=username)
        person.access = access
        if access:
            person.http.headers["Authorization"] = f"Bearer {access}"
        self.people[name] = person

    def _place(self, kind: str) -> Place:
        place = self._made(kind)
        insiders: Sequence[str] = (PARTNERS[kind],) if kind in PARTNERS else _INSIDERS
        for actor in ("owner", *insiders):
            uses = ("edit", *DELETING)
            place.said[actor] = {use: self._say(place, actor) for use in uses}
        if kind not in PARTNERS:
            self._give_roles(f"/conversations/{place.id}")
        return place

    def _made(self, kind: str) -> Place:
        owner = self.people["owner"].http
        usernames = [self.people[name].username for name in _INSIDERS]
        if kind in VISIBILITIES:
            body: dict[str, Any] = {"name": f"matrix {kind}", "visibility": VISIBILITIES[kind]}
            made = _good(owner.post("/rooms/", json=body)).json()
            path = f"/conversations/{made['conversation']}/members/"
            _good(owner.post(path, json={"usernames": usernames}))
            return Place(kind, made["conversation"], made["id"])
        body = {"usernames": usernames}
        if kind in PARTNERS:
            body = {"username": self._partner(kind)}
        made = _good(owner.post("/conversations/", json=body)).json()
        return Place(kind, made["id"], "~no-room")

    def _partner(self, kind: str) -> str:
        return self.people[PARTNERS[kind]].username

    def _say(self, place: Place, actor: str) -> int:
        path = f"/conversations/{place.id}/messages/"
        said = _good(self.people[actor].http.post(path, json={"text": f"{actor} was here"}))
        seq: int = said.json()["seq"]
        return seq

    def _give_roles(self, path: str) -> None:
        owner = self.people["owner"].http
        name = {actor: self.people[actor].username for actor in _INSIDERS}
        _good(owner.patch(f"{path}/members/{name['moderator']}/", json={"role": "moderator"}))
        _good(owner.put(f"{path}/members/{name['silenced']}/silence/", json={"seconds": 9999}))
        _good(owner.put(f"{path}/bans/{name['banned']}/"))
        _good(self.people["ex-member"].http.post(f"{path}/leave/"))


def _good(answer: httpx.Response) -> httpx.Response:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.text}"
    return answer
