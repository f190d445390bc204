"""The checkers find what they are for: each is shown a history with one thing wrong."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.faults.checkers import CHECKERS, verdict
from tests.faults.histories import (
    Changed,
    Connection,
    Heard,
    History,
    Line,
    Place,
    Resources,
    Sent,
    State,
    Stored,
    Told,
    word_of,
)

ROOM = "room:lobby"
GROUP = "group:g"
MEGABYTE = 2**20


def good_history() -> History:
    """What was said in a room on old sockets, and in a group on new ones."""
    history = _said_in_the_room()
    _say_in_the_group(history)
    usual = Resources({"sockets 0": 80 * MEGABYTE}, {"sockets 0": 30}, 5, 10)
    history.before = history.after = usual
    return history


def _said_in_the_room() -> History:
    """Ann says five things, Ben one; Ann's second socket joins late, Cy only listens."""
    bodies = [("ann", 1), ("ann", 2), ("ben", 1), ("ann", 3), ("ann", 4), ("ann", 5)]
    heard = [Heard(body, at=100.0 + n) for n, body in enumerate(bodies)]
    return History(
        sent=[Sent(body, ROOM, connection=1 if body[0] == "ann" else 2) for body in bodies],
        connections=[
            Connection(1, "ann", ROOM, since=0, opened_at=99.0, heard=heard[:4], closed_at=104.0),
            Connection(2, "ben", ROOM, since=0, opened_at=99.0, heard=list(heard)),
            Connection(3, "cy", ROOM, since=2, opened_at=101.5, heard=heard[2:]),
            Connection(4, "ann", ROOM, since=4, opened_at=104.5, heard=heard[4:]),
        ],
        stored=[
            Stored(ROOM, n, n, body, sent_at=99.0 + n) for n, body in enumerate(bodies, start=1)
        ],
        places=[Place(ROOM, 6, 6, {}, is_open=True)],
        healed_at=100.0,
    )


def said(n: int, revision: int, text: str = "", reactions: frozenset[str] = frozenset()) -> State:
    """Message 1, 2 or 4 of the group, which Dan said."""
    body = ("dan", n)
    return State(n, revision, body, text or word_of(body), reactions=reactions)


NOTICE = State(3, 4, None, "")
EVA = frozenset({"eva"})


def told(state: State) -> Told:
    return Told("message", 101.0 + state.revision, state.revision, (state,))


def _say_in_the_group(history: History) -> None:
    """Dan says 1 and 2, edits 1 and removes Fay; he says 4, and Eva puts an emoji to 2.

    Eva's phone is cut off after 2, and a second socket of it goes on; there the last two
    changes come behind a gap.
    """
    first, edited = said(1, 1), said(1, 3, "better")
    second, liked, last = said(2, 2), said(2, 7, reactions=EVA), said(4, 6)
    one = Line(11, "eva.phone", "eva", 100.0, closed_at=103.5)
    one.told[GROUP] = [Told("subscribed", 100.0), told(first), told(second)]
    two = Line(12, "eva.phone", "eva", 104.0, {GROUP: 2})
    two.told[GROUP] = [
        Told(
            "subscribed", 104.0, 4, (edited, NOTICE),
            since=2, last_seq=3, read_seq=2, unread=1,
        ),
        Told("changed", 104.5, 5),
        Told("gap", 105.0, 7, after=5),
        told(last),
        told(liked),
    ]  # fmt: skip
    removed = Line(13, "fay.phone", "fay", 100.0)
    removed.told[GROUP] = [
        *one.told[GROUP],
        told(edited),
        told(NOTICE),
        Told("changed", 104.5, 5),
        Told("removed", 104.6),
    ]
    history.lines = [one, two, removed]
    history.sent += [
        Sent(("dan", 1), GROUP, 14, seq=1),
        Sent(("dan", 2), GROUP, 14),
        Sent(("dan", 2), GROUP, 15, seq=2),
        Sent(("dan", 4), GROUP, 15, seq=4),
        Sent(("dan", 5), GROUP, 15, refused="silenced", is_final=True),
    ]
    history.changed = [
        Changed("edit", GROUP, ("dan", 1), "better", told=True),
        Changed("react", GROUP, ("dan", 2), "eva", told=True),
    ]
    history.stored += [
        Stored(GROUP, 1, 3, ("dan", 1), 101.0, "better"),
        Stored(GROUP, 2, 7, ("dan", 2), 102.0, word_of(("dan", 2)), reactions=EVA),
        Stored(GROUP, 3, 4, ("notice", 3), 103.0, event="removed", subject="fay"),
        Stored(GROUP, 4, 6, ("dan", 4), 104.0, word_of(("dan", 4))),
    ]
    history.places.append(Place(GROUP, 4, 7, {"dan": 4, "eva": 2}))
    history.reads = {("eva", GROUP): 2}


def lose_one(history: History) -> None:
    del history.stored[5]


def store_twice(history: History) -> None:
    history.stored.append(replace(history.stored[0], seq=7, revision=7))


def tell_twice(history: History) -> None:
    history.connections[1].heard.insert(2, history.connections[1].heard[1])


def skip_a_seq(history: History) -> None:
    history.stored[5] = replace(history.stored[5], seq=7)


def skip_a_revision(history: History) -> None:
    history.stored[5] = replace(history.stored[5], revision=7)


def keep_one_from_a_reader(history: History) -> None:
    del history.connections[1].heard[2]


def begin_too_late(history: History) -> None:
    del history.connections[2].heard[0]


def swap_for_one_reader(history: History) -> None:
    heard = history.connections[2].heard
    heard[0], heard[1] = heard[1], heard[0]


def tell_before_it_is_stored(history: History) -> None:
    """Number 6 was told to one reader, rolled back, and given to another message."""
    history.sent.append(Sent(("ben", 2), ROOM, connection=2))
    history.connections[2].heard[-1] = Heard(("ben", 2), at=105.0)


def swap_what_one_socket_sent(history: History) -> None:
    first, second = history.stored[3:5]
    history.stored[3:5] = [replace(first, body=second.body), replace(second, body=first.body)]


def tell_what_nobody_sent(history: History) -> None:
    history.connections[1].heard.append(Heard(("ben", 99), at=106.0))


def tell_in_another_room(history: History) -> None:
    history.stored.append(Stored("room:other", 1, 1, ("ann", 1)))


def withhold_the_last(history: History) -> None:
    del history.connections[1].heard[-1]


def deliver_after_seven_seconds(history: History) -> None:
    history.connections[2].heard[-1] = Heard(("ann", 5), at=112.5)


def lose_an_edit(history: History) -> None:
    history.stored[6] = replace(history.stored[6], text=word_of(("dan", 1)))


def answer_twice(history: History) -> None:
    history.sent[-3].seq = 3


def skip_a_revision_on_a_line(history: History) -> None:
    del history.lines[0].told[GROUP][1]


def begin_with_what_was_seen(history: History) -> None:
    frames = history.lines[1].told[GROUP]
    frames[0] = replace(frames[0], states=(said(2, 2), *frames[0].states))


def begin_with_what_comes_live(history: History) -> None:
    frames = history.lines[1].told[GROUP]
    frames[0] = replace(frames[0], states=(*frames[0].states, said(4, 6)))


def fold_from_elsewhere(history: History) -> None:
    history.lines[1].told[GROUP][2] = Told("gap", 105.0, 7, after=6)


def say_otherwise_at_a_revision(history: History) -> None:
    history.lines[0].told[GROUP][1] = told(said(1, 1, "worse"))


def tell_words_that_nobody_wrote(history: History) -> None:
    history.lines[1].told[GROUP][-2] = told(said(4, 6, "hm"))


def store_what_was_refused(history: History) -> None:
    history.stored.append(Stored(GROUP, 5, 8, ("dan", 5)))


def withhold_the_last_revision(history: History) -> None:
    del history.lines[1].told[GROUP][2:]


def tell_a_line_after_seven_seconds(history: History) -> None:
    frames = history.lines[1].told[GROUP]
    frames[-2] = replace(frames[-2], at=112.0)


def tell_who_was_removed(history: History) -> None:
    history.lines[2].told[GROUP].insert(-1, told(said(4, 6)))


def store_what_the_removed_said(history: History) -> None:
    history.stored[-1] = replace(history.stored[-1], body=("fay", 4))


def tell_a_stranger(history: History) -> None:
    line = Line(16, "gus.phone", "gus", 100.0)
    line.told[GROUP] = [Told("typing", 101.0)]
    history.lines.append(line)


def forget_what_was_read(history: History) -> None:
    history.places[1].read_seqs["eva"] = 1


def tell_less_than_was_read(history: History) -> None:
    frames = history.lines[1].told[GROUP]
    frames[0] = replace(frames[0], read_seq=1, unread=2)


def count_wrongly(history: History) -> None:
    frames = history.lines[1].told[GROUP]
    frames[0] = replace(frames[0], unread=3)


def keep_files_open(history: History) -> None:
    assert history.before is not None
    history.after = replace(history.before, descriptors={"sockets 0": 90})


def withhold_a_change(history: History) -> None:
    history.lines[1].told[GROUP].pop()


PLANTED = [
    (lose_an_edit, "K1 lost-acked"),
    (answer_twice, "K4 ack-stable"),
    (skip_a_revision_on_a_line, "K5 revision-contiguous"),
    (begin_with_what_was_seen, "K5 revision-contiguous"),
    (begin_with_what_comes_live, "K5 revision-contiguous"),
    (fold_from_elsewhere, "K5 revision-contiguous"),
    (say_otherwise_at_a_revision, "K6 same state"),
    (tell_words_that_nobody_wrote, "K8 phantom state"),
    (store_what_was_refused, "K8 phantom"),
    (withhold_the_last_revision, "K9 eventual revision"),
    (tell_a_line_after_seven_seconds, "K9 eventual revision"),
    (tell_who_was_removed, "K10 isolation"),
    (store_what_the_removed_said, "K10 isolation"),
    (tell_a_stranger, "K10 isolation"),
    (forget_what_was_read, "K11 unread"),
    (tell_less_than_was_read, "K11 unread"),
    (count_wrongly, "K11 unread"),
    (keep_files_open, "K12 resources"),
    (withhold_a_change, "I5 present state"),
    (lose_one, "K1 lost-acked"),
    (store_twice, "K2 duplicate"),
    (tell_twice, "K2 duplicate"),
    (skip_a_seq, "K3 holes"),
    (skip_a_revision, "K3 holes"),
    (keep_one_from_a_reader, "K5 reader-contiguous"),
    (begin_too_late, "K5 reader-contiguous"),
    (swap_for_one_reader, "K6 total order"),
    (tell_before_it_is_stored, "K6 total order"),
    (swap_what_one_socket_sent, "K7 sender order"),
    (tell_what_nobody_sent, "K8 phantom"),
    (tell_in_another_room, "K8 phantom"),
    (withhold_the_last, "K9 eventual"),
    (deliver_after_seven_seconds, "K9 eventual"),
]


def test_finds_nothing_in_a_good_history():
    assert verdict(good_history()) == []


@pytest.mark.parametrize(("plant", "found_by"), PLANTED)
def test_finds_what_is_planted(plant: Callable[[History], None], found_by: str):
    history = good_history()
    plant(history)

    assert CHECKERS[found_by](history) != []


def test_every_checker_has_something_planted_for_it():
    assert {found_by for _, found_by in PLANTED} == set(CHECKERS)


def test_a_message_whose_acknowledgement_was_lost_may_be_stored_or_not():
    history = good_history()
    history.sent += [Sent(("ann", 6), ROOM, connection=1), Sent(("ann", 7), ROOM, connection=4)]
    history.stored.append(Stored(ROOM, 7, 7, ("ann", 6), sent_at=106.0))
    history.places[0] = replace(history.places[0], last_seq=7, revision=7)
    for connection in history.connections[1:]:
        connection.heard.append(Heard(("ann", 6), at=106.5))

    assert verdict(history) == []
