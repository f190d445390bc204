"""What must hold over what `/ws/` told (docs/realtime.md, "What you may rely on").

Checkers as those in `checkers`: each takes a `History` and returns a sentence for
every thing that is wrong.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf

from tests.faults.histories import Body, Changed, History, Line, Place, State, Stored, Told, word_of

# Positions are compared every five seconds, and the answer takes a moment.
EVENTUALLY_SECONDS = 6.0
# Frames that take a revision each.
STEPS = {"message", "changed", "passed"}


@dataclass(slots=True)
class _Follower:
    """How far one socket has told one conversation."""

    revision: int = -1
    # Behind a gap: states may come again that lie in it.
    gap_after: int = -1

    def take(self, told: Told) -> str:
        """Take a frame; return what is wrong with it, if anything."""
        if told.kind == "subscribed":
            self.revision, self.gap_after = told.revision, -1
            # A message that was there already may have changed since: that is told again.
            wrong = [
                (state.seq, state.revision)
                for state in told.states
                if state.revision <= told.since or state.seq > told.last_seq
            ]
            return f"subscribed at {told.revision} shows {wrong}" if wrong else ""
        if told.kind == "removed":
            self.revision = -1
            return ""
        if self.revision < 0:
            return f"{told.kind} {told.revision} came without `subscribed`"
        if told.kind == "gap":
            before, self.gap_after, self.revision = self.revision, told.after, told.revision
            is_wrong = told.after != before or told.revision <= told.after
            return f"gap {told.after} to {told.revision} came after {before}" if is_wrong else ""
        if self.gap_after < told.revision <= self.revision and self.gap_after >= 0:
            return ""
        before, self.revision, self.gap_after = self.revision, told.revision, -1
        return f"{told.revision} came after {before}" if told.revision != before + 1 else ""


def revision_gaps(history: History) -> list[str]:
    """K5: between `subscribed` and the end every revision comes in turn, or a `gap` says so."""
    found = []
    for line in history.lines:
        for conversation, frames in line.told.items():
            follower = _Follower()
            for told in frames:
                if told.kind in STEPS | {"subscribed", "gap", "removed"} and (
                    wrong := follower.take(told)
                ):
                    found.append(f"{wrong} {_on(line, conversation)}")
                    break
    return found


def disagreements(history: History) -> list[str]:
    """K6: what a message says at a revision, it says to everybody; its number is one."""
    at: dict[tuple[str, int], Body] = {
        (stored.conversation, stored.seq): stored.body
        for stored in history.stored
        if not stored.event
    }
    seen: dict[tuple[str, int], tuple[int, str, bool]] = {}
    found = []
    for line, conversation, state in _states(history):
        if state.body is not None:
            agreed = at.setdefault((conversation, state.seq), state.body)
            if agreed != state.body:
                found.append(
                    f"{state.seq} is {agreed} elsewhere and {state.body} {_on(line, conversation)}"
                )
        says = (state.seq, state.text, state.deleted)
        if seen.setdefault((conversation, state.revision), says) != says:
            found.append(f"revision {state.revision} is two things, one {_on(line, conversation)}")
    return found


def phantom_states(history: History) -> list[str]:
    """K8: nothing is told that nobody said, nor with words that it never had."""
    sent = {(each.conversation, each.body) for each in history.sent}
    words: dict[Body, set[str]] = defaultdict(lambda: {""})
    for change in history.changed:
        if change.kind == "edit":
            words[change.body].add(change.value)
    found = []
    for line, conversation, state in _states(history):
        if state.body is None:
            continue
        if (conversation, state.body) not in sent:
            found.append(f"{state.body} was never sent {_on(line, conversation)}")
        elif state.text not in words[state.body] | {word_of(state.body)}:
            found.append(f"{state.body} never said {state.text!r} {_on(line, conversation)}")
    return found


def late_revisions(history: History) -> list[str]:
    """K9: once all is healed, whoever is connected is told everything within six seconds."""
    places = {place.conversation: place for place in history.places}
    sent_at = {(each.conversation, each.seq): each.sent_at for each in history.stored}
    found = []
    for line in history.lines:
        if line.closed_at is not None:
            continue
        for conversation, frames in line.told.items():
            place = places.get(conversation)
            if place is None or not _is_open(frames):
                continue
            if (reached := _reached(frames)) < place.revision:
                found.append(
                    f"{reached + 1} to {place.revision} never came {_on(line, conversation)}"
                )
            found += _too_late(history, line, conversation, sent_at)
    return found


def _too_late(
    history: History, line: Line, conversation: str, sent_at: dict[tuple[str, int], float]
) -> Iterator[str]:
    start, last_seq = max(history.healed_at, line.opened_at), 0
    for told in line.told[conversation]:
        # When a message was sent the database tells, when it was changed nothing does.
        for state in told.states if told.kind == "message" else ():
            due = max(start, sent_at.get((conversation, state.seq), 0.0)) + EVENTUALLY_SECONDS
            if state.seq > last_seq and told.at > due:
                yield f"{state.seq} came {told.at - due:.1f} s too late {_on(line, conversation)}"
                return
        last_seq = max([last_seq, told.last_seq, *(state.seq for state in told.states)])


def _is_open(frames: list[Told]) -> bool:
    turns = [told.kind for told in frames if told.kind in ("subscribed", "removed")]
    return bool(turns) and turns[-1] == "subscribed"


def _reached(frames: list[Told]) -> int:
    follower = _Follower()
    for told in frames:
        if told.kind in STEPS | {"subscribed", "gap", "removed"}:
            follower.take(told)
    return follower.revision


def intrusions(history: History) -> list[str]:
    """K10: nothing of a conversation after one's removal from it, nor of others' ever.

    By revisions, which need no clocks: a removal has one, and so has a coming back.
    """
    places = {place.conversation: place for place in history.places}
    spans = _spans(history)
    found = list(history.peeks)
    found += [
        f"{stored.body} is stored in {stored.conversation}, where its sender was not"
        for stored in history.stored
        if not _may_have_said(stored, spans)
    ]
    for line in history.lines:
        for conversation, frames in line.told.items():
            place = places[conversation]
            if not _belongs(line, place, spans):
                found.append(f"something was told {_on(line, conversation)}")
                continue
            own = spans.get((conversation, line.username))
            found += [
                f"{state.seq} at {state.revision} was shown {_on(line, conversation)}"
                for told in frames
                for state in told.states
                if not _may_see(state, own)
            ]
    return found


@dataclass(frozen=True, slots=True)
class _Span:
    """From which revision and message on, and to which, somebody was a member."""

    since: int
    first_seq: int
    until: float = inf
    last_seq: float = inf


def _spans(history: History) -> dict[tuple[str, str], list[_Span]]:
    # Notices say who came and went; who never did was there from the beginning.
    spans: dict[tuple[str, str], list[_Span]] = {}
    for stored in sorted(history.stored, key=lambda each: (each.conversation, each.seq)):
        if stored.event not in ("added", "removed"):
            continue
        own = spans.setdefault((stored.conversation, stored.subject), [])
        if stored.event == "added":
            own.append(_Span(stored.revision, stored.seq))
        else:
            last = own.pop() if own else _Span(0, 1)
            # The notice has one revision, the change of the members the next.
            own.append(_Span(last.since, last.first_seq, stored.revision + 1, stored.seq))
    return spans


def _belongs(line: Line, place: Place, spans: dict[tuple[str, str], list[_Span]]) -> bool:
    return (
        place.is_open
        or line.username in place.read_seqs
        or (place.conversation, line.username) in spans
    )


def _may_see(state: State, spans: list[_Span] | None) -> bool:
    return spans is None or any(
        span.since <= state.revision <= span.until and state.seq >= span.first_seq for span in spans
    )


def _may_have_said(stored: Stored, spans: dict[tuple[str, str], list[_Span]]) -> bool:
    # Bodies begin with the name of their sender, and what it talks with.
    username, _, _ = stored.body[0].partition(".")
    own = spans.get((stored.conversation, username))
    return own is None or any(span.first_seq <= stored.seq <= span.last_seq for span in own)


def unread_counts(history: History) -> list[str]:
    """K11: nobody has read less than they said, and `unread` is the rest."""
    found = []
    for place in history.places:
        for username, read_seq in place.read_seqs.items():
            said = history.reads.get((username, place.conversation), 0)
            if not said <= read_seq <= place.last_seq:
                found.append(
                    f"{username} has read {said} of {place.conversation}, and {read_seq} is kept"
                )
    for line in history.lines:
        for conversation, frames in line.told.items():
            least = line.read_seqs.get(conversation, 0)
            for told in frames:
                if told.kind != "subscribed":
                    continue
                if told.read_seq < least:
                    found.append(f"read {told.read_seq}, after {least} {_on(line, conversation)}")
                # What was said before somebody came is not theirs to read.
                if told.unread != max(0, told.last_seq - max(told.read_seq, told.first_seq - 1)):
                    found.append(f"{told.unread} unread {_on(line, conversation)}")
    return found


@dataclass(slots=True)
class _Model:
    """What a phone holds of a conversation that does as docs/realtime.md says.

    All messages from ``first_seq`` on; of older ones it may know what has changed.
    """

    first_seq: int = 1
    held: dict[int, State] = field(default_factory=dict)

    def take(self, told: Told) -> None:
        """Apply a frame."""
        if told.kind == "subscribed":
            # Of what was not named the last alone is told; of very much, the newest.
            is_cut = told.since < 0 or not told.complete
            shown = min((state.seq for state in told.states), default=told.last_seq + 1)
            self.first_seq = max(told.first_seq, shown if is_cut else self.first_seq)
            self.held = {seq: state for seq, state in self.held.items() if seq >= self.first_seq}
        for state in told.states:
            before = self.held.get(state.seq)
            if before is None or before.revision <= state.revision:
                self.held[state.seq] = state


def wrong_models(history: History) -> list[str]:
    """I5: who applies what is told, over all of a phone's sockets, holds what history says."""
    stored: dict[str, list[Stored]] = defaultdict(list)
    for kept in history.stored:
        stored[kept.conversation].append(kept)
    phones: dict[str, list[Line]] = defaultdict(list)
    for line in history.lines:
        phones[line.phone].append(line)
    found = []
    for phone, lines in phones.items():
        if lines[-1].closed_at is not None:
            continue
        for conversation, frames in lines[-1].told.items():
            if not _is_open(frames):
                continue
            model = _Model()
            for line in lines:
                for told in line.told.get(conversation, ()):
                    model.take(told)
            found += [
                f"{phone} holds {model.held.get(kept.seq)} of {conversation}, and kept is {kept}"
                for kept in stored[conversation]
                if kept.seq >= model.first_seq and not _is_same(model.held.get(kept.seq), kept)
            ]
    return found


def _is_same(state: State | None, kept: Stored) -> bool:
    return state is not None and (
        (state.text, state.deleted, state.revision, state.reactions)
        == (kept.text, kept.deleted, kept.revision, kept.reactions)
    )


def lost_changes(history: History) -> list[str]:
    """K1: what was said to be changed is changed."""
    stored = {each.body: each for each in history.stored}
    later = {(change.body, change.value) for change in history.changed if change.kind == "unreact"}
    # A member's phones know nothing of each other.
    given = Counter(
        (change.body, change.value) for change in history.changed if change.kind == "react"
    )
    found = []
    for change in history.changed:
        kept = stored.get(change.body)
        if not change.told or kept is None or (kept.deleted and change.kind != "delete"):
            continue
        what = (change.body, change.value)
        is_undone = (change.kind == "react" and what in later) or (
            change.kind == "unreact" and given[what] > 1
        )
        if not _shows(kept, change) and not is_undone:
            found.append(f"{change.kind} of {change.body} was acknowledged and is lost")
    return found


def _shows(kept: Stored, change: Changed) -> bool:
    match change.kind:
        case "edit":
            return kept.text == change.value
        case "delete":
            return kept.deleted
        case "react":
            return change.value in kept.reactions
    return change.value not in kept.reactions


def _states(history: History) -> Iterator[tuple[Line, str, State]]:
    for line in history.lines:
        for conversation, frames in line.told.items():
            for told in frames:
                for state in told.states:
                    yield line, conversation, state


def _on(line: Line, conversation: str) -> str:
    return f"on line {line.number} of {line.phone} in {conversation}"
