"""Frames and keys, by themselves."""

import pytest

from snappio.chat.errors import BadRoomName, NobodyToTalkTo
from snappio.chat.frames import BadFrame, read_frame, text_of
from snappio.chat.keys import ConversationKey

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        ('{"data": "hi", "user": "x"}', "hi"),
        ('{"data": "a\\u0000b"}', "ab"),
        ('"plain \\u00e9"', "plain é"),
        ('{"data": 1}', '{"data": 1}'),
        ("1e400", "1e400"),
        ("null", "null"),
        ('"' + "x" * 20_000 + '"', "x" * 10_000),
    ],
)
def test_text_is_the_data_or_the_value_itself(raw, text):
    assert text_of(raw) == text


def test_nesting_of_64_is_read_and_65_is_not():
    assert read_frame('{"message": ' + "[" * 63 + "]" * 63 + "}") == "[" * 63 + "]" * 63
    with pytest.raises(BadFrame):
        read_frame('{"message": ' + "[" * 64 + "]" * 64 + "}")


def test_many_brackets_side_by_side_are_not_deep():
    value = "[" + ",".join(["[]"] * 500) + "]"
    assert read_frame(f'{{"message": {value}}}') == value


def test_binary_is_no_frame():
    with pytest.raises(BadFrame):
        read_frame(None)


def test_private_keys_are_the_same_from_both_sides_and_need_two():
    assert ConversationKey.private(2, 1) == ConversationKey.private(1, 2)
    with pytest.raises(NobodyToTalkTo):
        ConversationKey.private(1, 1)


@pytest.mark.parametrize("name", ["a", "private:1:2", "a:b", "x" * 100, "é" * 100, ":"])
def test_keys_survive_being_written_and_never_meet_private_ones(name):
    key = ConversationKey.open_room(name)
    assert ConversationKey.parse(str(key)) == key
    assert not str(key).startswith("private:")


@pytest.mark.parametrize("name", ["", "x" * 101, "~a", "a\0", "a\n", "\x7f", "\x85"])
def test_refuses_what_cannot_be_a_room(name):
    with pytest.raises(BadRoomName):
        ConversationKey.open_room(name)
