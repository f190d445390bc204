"""What the Python client makes of frames, in order or not; no server is needed to see that."""

import base64
import json
import time
from typing import Any

import pytest
from snappio_client import (
    Breach,
    ChangedMessage,
    Conversation,
    Displaced,
    Ended,
    FileStore,
    NewMessage,
    Position,
    SessionEnded,
    Skipped,
    frames,
)
from snappio_client.connection import Backoff, Pace
from snappio_client.errors import ConnectionLost, EpochChanged, TokenExpired, of_close
from snappio_client.http import seconds_until_renewal

pytestmark = pytest.mark.once

HOME = "81"


def message(seq: int, revision: int, text: str = "") -> frames.Message:
    shown = {
        "conversation": HOME,
        "seq": seq,
        "revision": revision,
        "kind": "message",
        "sender": "alice",
        "sender_name": "Alice",
        "sender_kind": "member",
        "client_id": f"id-{seq}",
        "text": text,
        "sent_at": "2026-11-22T10:00:00.000000Z",
    }
    frame = frames.read(json.dumps({"type": "message", "conversation": HOME, "message": shown}))
    assert isinstance(frame, frames.MessageFrame)
    return frame.message


def heard(seq: int, revision: int, text: str = "") -> frames.MessageFrame:
    return frames.MessageFrame(HOME, message(seq, revision, text))


def subscribed(
    *messages: frames.Message,
    revision: int,
    last_seq: int,
    complete: bool = True,
    first_seq: int = 1,
    read_seq: int = 0,
) -> frames.Subscribed:
    return frames.Subscribed(
        conversation=HOME,
        revision=revision,
        last_seq=last_seq,
        first_seq=first_seq,
        read_seq=read_seq,
        delivered_seq=0,
        unread=last_seq - read_seq,
        complete=complete,
        messages=list(messages),
    )


def conversation(*, revision: int = 10, seq: int = 5) -> Conversation:
    """Return one that was heard up to here, live."""
    made = Conversation(None, HOME, Position(revision, seq))  # type: ignore[arg-type]
    assert told(made, subscribed(revision=revision, last_seq=seq)) == []
    return made


def told(to: Conversation, *heard_frames: Any) -> list[tuple[Any, ...]]:
    """Return what is told of frames: kind, `seq` or reason."""
    short = []
    for frame in heard_frames:
        for event in to.hear(frame):
            match event:
                case NewMessage() | ChangedMessage():
                    short.append((type(event), event.message.seq))
                case Skipped():
                    short.append((Skipped, event.after, event.before))
                case Breach():
                    short.append((Breach, event.reason))
                case _:
                    short.append((type(event),))
    return short


def test_new_messages_and_changes_of_old_ones_are_told_apart():
    home = conversation()

    assert told(home, heard(6, 11), heard(6, 12, "edited"), heard(7, 13)) == [
        (NewMessage, 6),
        (ChangedMessage, 6),
        (NewMessage, 7),
    ]
    assert home.messages[6].text == "edited"
    assert home.position == Position(13, 7)


@pytest.mark.parametrize("revision", [12, 10, 3])
def test_a_revision_out_of_turn_is_a_breach_and_moves_nothing(revision):
    home = conversation()

    assert told(home, frames.Passed(HOME, revision)) == [
        (Breach, f"revision {revision} after 10"),
    ]
    assert home.position == Position(10, 5)


def test_a_message_that_leaves_one_out_is_a_breach():
    assert told(conversation(), heard(7, 11)) == [(Breach, "message 7 after message 5")]


def test_present_states_fill_a_gap_in_the_order_of_their_numbers():
    home = conversation()
    gap = frames.Gap(HOME, 10, 14)

    # 6 was edited at 14, after 7 came at 12.
    assert told(home, gap, heard(7, 12), heard(6, 14), heard(8, 15)) == [
        (NewMessage, 6),
        (NewMessage, 7),
        (NewMessage, 8),
    ]
    assert home.position == Position(15, 8)


def test_a_resume_goes_on_before_a_gap_that_was_not_told_to_its_end():
    home = conversation()

    told(home, frames.Gap(HOME, 10, 14), heard(6, 12))

    assert home.position == Position(10, 6)


def test_a_state_newer_than_its_gap_is_told_once():
    home = conversation()
    gap = frames.Gap(HOME, 10, 11)

    assert told(home, gap, heard(6, 12), heard(6, 12), heard(7, 13)) == [
        (NewMessage, 6),
        (NewMessage, 7),
    ]


def test_gaps_follow_each_other_without_a_hole():
    home = conversation()

    first, second = frames.Gap(HOME, 10, 12), frames.Gap(HOME, 12, 14)
    assert told(home, first, heard(6, 11), second, heard(7, 13), heard(8, 15)) == [
        (NewMessage, 6),
        (NewMessage, 7),
        (NewMessage, 8),
    ]
    assert told(home, frames.Gap(HOME, 14, 20)) == [(Breach, "a gap after 14 at revision 15")]


def test_a_gap_that_ends_without_a_message_is_a_breach():
    home = conversation()

    assert told(home, frames.Gap(HOME, 10, 12), heard(7, 12), frames.Passed(HOME, 13)) == [
        (Breach, "message 7 after message 5"),
    ]


def test_a_resume_tells_each_message_once_whatever_its_order():
    home = conversation()
    told(home, heard(6, 11), heard(5, 12))
    home.pause()

    resumed = subscribed(message(7, 13), message(6, 14), message(5, 12), revision=14, last_seq=7)

    assert told(home, resumed) == [(ChangedMessage, 6), (NewMessage, 7)]


def test_a_long_absence_is_said_and_what_may_be_stale_is_dropped():
    home = conversation()
    told(home, heard(6, 11))
    home.pause()

    resumed = subscribed(message(300, 500), revision=500, last_seq=300, complete=False)

    assert told(home, resumed) == [(Skipped, 6, 300), (NewMessage, 300)]
    assert list(home.messages) == [300]


def test_what_retention_removed_was_not_missed():
    home = conversation()
    home.pause()

    resumed = subscribed(message(9, 20), revision=20, last_seq=9, first_seq=9)

    assert told(home, resumed) == [(NewMessage, 9)]


def test_a_resume_that_claims_to_be_complete_and_is_not_is_a_breach():
    home = conversation()
    home.pause()

    assert told(home, subscribed(message(8, 13), revision=13, last_seq=8)) == [
        (Breach, "complete, and without messages 6 to 7"),
        (Skipped, 5, 8),
        (NewMessage, 8),
    ]


def test_what_is_unread_in_a_conversation_never_seen_is_new():
    home = Conversation(None, HOME)  # type: ignore[arg-type]
    shown = subscribed(message(9, 20), revision=20, last_seq=9, read_seq=6)

    assert told(home, shown) == [(Skipped, 6, 9), (NewMessage, 9)]
    assert home.unread == 3


def test_what_was_read_elsewhere_is_not_new():
    home = Conversation(None, HOME)  # type: ignore[arg-type]

    assert told(home, subscribed(message(9, 20), revision=20, last_seq=9, read_seq=9)) == []
    assert list(home.messages) == [9]


def test_what_a_newer_server_adds_is_passed_over():
    assert frames.read('{"type": "sparkle", "colour": "red"}') is None
    bye = frames.read('{"type": "bye", "code": 4001, "after": 250, "mood": "good"}')
    assert bye == frames.Bye(code=4001, after=250)


@pytest.mark.parametrize(
    "text", ["[]", "{", "{}", '{"type": "bye", "code": "soon", "after": 1}', '"bye"']
)
def test_what_is_no_frame_is_refused(text):
    with pytest.raises(ValueError):
        frames.read(text)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (1001, ConnectionLost),
        (1006, ConnectionLost),
        (4001, ConnectionLost),
        (4003, TokenExpired),
        (4007, EpochChanged),
        (4499, ConnectionLost),
        (4501, SessionEnded),
        (4503, Displaced),
        (4599, Ended),
    ],
)
def test_the_close_code_decides(code, kind):
    assert type(of_close(code)) is kind


def test_waits_are_random_below_a_limit_that_doubles_and_begins_anew():
    backoff = Backoff()
    limits = [0.5, 1, 2, 4, 8, 16, 30, 30]

    waits = [backoff.next(healthy_for=59) for _ in limits]

    assert all(0 <= wait <= limit for wait, limit in zip(waits, limits, strict=True))
    assert len(set(waits)) == len(waits)
    assert backoff.next(healthy_for=60) <= 0.5


async def test_frames_are_paced_to_the_limit_after_a_burst():
    pace = Pace(count=1000, seconds=1, burst=21)

    began = time.monotonic()
    for _ in range(20):
        await pace.turn()
    at_once = time.monotonic() - began
    for _ in range(50):
        await pace.turn()

    assert at_once < 0.02
    assert time.monotonic() - began >= 0.045


@pytest.mark.parametrize(
    ("lifetime", "due"), [(3600, 3540), (60, 30), (-100, 0)], ids=["long", "short", "expired"]
)
def test_a_token_is_renewed_before_it_expires(lifetime, due):
    now = time.time()
    claims = json.dumps({"iat": min(now, now + lifetime), "exp": now + lifetime}).encode()
    token = f"e30.{base64.urlsafe_b64encode(claims).decode().rstrip('=')}.x"

    assert seconds_until_renewal(token) == pytest.approx(due, abs=2)


@pytest.mark.parametrize("token", ["", "opaque", "a.b.c", "e30.e30.x", "e30.W10.x"])
def test_a_token_that_does_not_say_when_it_expires_is_left_alone(token):
    assert seconds_until_renewal(token) is None


def test_a_file_remembers_positions_of_its_epoch(tmp_path):
    path = tmp_path / "positions.json"
    store = FileStore(path)
    store.begin("k3")
    store.keep("81", Position(414, 390))
    store.keep("82", Position(1, 1))
    store.drop("82")

    assert FileStore(path).load() == ("k3", {"81": Position(414, 390)})

    FileStore(path).begin("k4")
    assert FileStore(path).load() == ("k4", {})
