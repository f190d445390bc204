"""The checkers find what they are for: each is shown a history with one thing wrong."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.faults.checkers import CHECKERS, verdict
from tests.faults.histories import Connection, Heard, History, Sent, Stored

ROOM = "room:lobby"


def good_history() -> History:
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
        healed_at=100.0,
    )


def lose_one(history: History) -> None:
    del history.stored[-1]


def store_twice(history: History) -> None:
    history.stored.append(replace(history.stored[0], seq=7, revision=7))


def tell_twice(history: History) -> None:
    history.connections[1].heard.insert(2, history.connections[1].heard[1])


def skip_a_seq(history: History) -> None:
    history.stored[-1] = replace(history.stored[-1], seq=7)


def skip_a_revision(history: History) -> None:
    history.stored[-1] = replace(history.stored[-1], revision=7)


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
    first, second = history.stored[3], history.stored[4]
    history.stored[3:5] = [replace(first, body=second.body), replace(second, body=first.body)]


def tell_what_nobody_sent(history: History) -> None:
    history.connections[1].heard.append(Heard(("ben", 99), at=106.0))


def tell_in_another_room(history: History) -> None:
    history.stored.append(Stored("room:other", 1, 1, ("ann", 1)))


def withhold_the_last(history: History) -> None:
    del history.connections[1].heard[-1]


def deliver_after_seven_seconds(history: History) -> None:
    history.connections[2].heard[-1] = Heard(("ann", 5), at=112.5)


PLANTED = [
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
    for connection in history.connections[1:]:
        connection.heard.append(Heard(("ann", 6), at=106.5))

    assert verdict(history) == []
