"""What goes in and what comes out: the same value to the character, or nothing at all."""

import json
import secrets

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sockets.listening import hear, hear_text, room_path, say
from tests.sockets.wire import Wire, frame, text

KIB = 1024
FRAME_BYTES = 64 * KIB

ODD_VALUES = [
    "null",
    "true",
    "0",
    "-0",
    "-0.0",
    "1e400",
    "-1E+999",
    "1.0000000000000000000000000001",
    "123456789012345678901234567890",
    "9007199254740993",
    "1e-999",
    '""',
    '"\\u0000"',
    '"\\ud83d\\ude00"',
    '"😀 \\/ \\" \\\\ é \\u00e9"',
    '"\u2028\u2029\x7f"',
    "[]",
    "{}",
    "[ 1 ,\t2 ,\n3 ]",
    '{"b": 1, "a": 2, "b": 3}',
    '{"a":1,"a":{"a":1}}',
    '{"data": "x", "user": "somebody else", "time": "1:2", "isme": true}',
    '{"data": 1}',
    '{"data": "\\u0000"}',
    '"' + "y" * 60_000 + '"',
    "[" + "1," * 20_000 + "1]",
    "[" * 62 + "]" * 62,
]

space = st.sampled_from(["", " ", "\n", "\t ", "\r\n"])
numbers = st.from_regex(
    r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?", fullmatch=True
)
words = st.builds(
    lambda word, plain: json.dumps(word, ensure_ascii=not plain),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.booleans(),
)
atoms = st.one_of(st.sampled_from(ODD_VALUES[:24]), numbers, words)


def _list(items, gap):
    return "[" + f"{gap},".join(items) + gap + "]"


def _object(pairs, gap):
    return "{" + ",".join(f"{gap}{key}{gap}:{gap}{value}" for key, value in pairs) + gap + "}"


values = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.builds(_list, st.lists(inner, max_size=4), space),
        # Two of three keys are alike: duplicates must survive.
        st.builds(
            _object,
            st.lists(st.tuples(st.sampled_from(['"a"', '"b"', '"\\u0061"']), inner), max_size=4),
            space,
        ),
    ),
    max_leaves=12,
)


@pytest.mark.parametrize("value", ODD_VALUES, ids=range(len(ODD_VALUES)))
async def test_gives_every_value_back_to_the_character(alice, bob, value):
    async with alice.open_chat_with(bob) as a, bob.open_chat_with(alice) as b:
        await a.send(f'{{"message": {value}}}')

        expected = f'{{"message": {value}}}'
        assert [await hear_text(a) == expected, await hear_text(b) == expected] == [True, True]


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(batch=st.lists(st.tuples(space, values, space), min_size=1, max_size=20))
async def test_gives_any_json_back_to_the_character(alice, bob, batch):
    async with alice.open_chat_with(bob) as a, bob.open_chat_with(alice) as b:
        for before, value, after in batch:
            await a.send(f'{before}{{"message":{before}{value}{after}}}{after}')
        expected = [f'{{"message": {value}}}' for _, value, _ in batch]

        assert [await hear_text(a) for _ in batch] == expected
        assert [await hear_text(b) for _ in batch] == expected


IGNORED = {
    "empty": "",
    "space": " ",
    "no JSON": "hello",
    "array": '["message"]',
    "number": "1",
    "string": '"message"',
    "null": "null",
    "no message": "{}",
    "another key": '{"Message": 1}',
    "half": '{"message": 1',
    "trailing bytes": '{"message": 1} x',
    "two values": '{"message": 1}{"message": 2}',
    "trailing comma": '{"message": 1,}',
    "no value": '{"message": }',
    "byte order mark": '\ufeff{"message": 1}',
    "NaN": '{"message": NaN}',
    "Infinity": '{"message": [Infinity]}',
    "-Infinity": '{"message": {"a": -Infinity}}',
    "NaN in another key": '{"message": 1, "x": NaN}',
    "lone high surrogate": '{"message": "\\ud83d"}',
    "lone low surrogate": '{"message": "\\ude00"}',
    "lone surrogate in a key": '{"message": {"\\ud83d": 1}}',
    "high surrogate, then text": '{"message": "\\ud83dx"}',
    "two high surrogates": '{"message": "\\ud83d\\ud83d"}',
    "lone surrogate in another key": '{"message": 1, "x": "\\udc00"}',
    "bad escape": '{"message": "\\x41"}',
    "half an escape": '{"message": "\\u12"}',
    "raw control character": '{"message": "a\nb"}',
    "raw NUL": '{"message": "\0"}',
    "leading zero": '{"message": 01}',
    "plus": '{"message": +1}',
    "bare dot": '{"message": 1.}',
    "hex": '{"message": 0x1}',
    "single quotes": "{'message': 1}",
    "comment": '{"message": 1 /* x */}',
    "depth 65": '{"message": ' + "[" * 65 + "]" * 65 + "}",
    "depth 1,000": '{"message": ' + "[" * 1000 + "]" * 1000 + "}",
    "depth 30,000": '{"message": ' + "[" * 30_000 + "]" * 30_000 + "}",
    "depth 10,000 of objects": '{"message": ' + '{"a":' * 10_000 + "1" + "}" * 10_000 + "}",
    "depth in another key": '{"x": ' + "[" * 1000 + "]" * 1000 + ', "message": 1}',
    "never closed": '{"message": ' + "[" * 60_000,
}


async def test_ignores_what_is_no_message_and_goes_on(alice, bob):
    heard = []
    async with alice.open_chat_with(bob) as a:
        for number, (name, bad) in enumerate(IGNORED.items()):
            await a.send(bad)
            await say(a, number)
            if (text := await hear(a)) != number:
                heard.append((name, text))
                assert await hear(a) == number
        await a.send(b'{"message": "binary"}')
        await a.send(b"")
        await say(a, "end")
        assert await hear(a) == "end"

    assert heard == []


async def test_ignores_other_keys(alice, bob):
    async with alice.open_chat_with(bob) as a:
        await a.send('{"type": "x", "user": "bob", "message": 1, "id": 7, "seq": [{"a": 1e999}]}')
        assert await hear_text(a) == '{"message": 1}'


async def test_takes_the_last_of_two_messages_in_one_frame(alice, bob):
    async with alice.open_chat_with(bob) as a:
        await a.send('{"message": 1, "message": 2}')
        assert await hear_text(a) == '{"message": 2}'


async def test_takes_an_escaped_key_for_what_it_spells(alice, bob):
    async with alice.open_chat_with(bob) as a:
        await a.send('{"mess\\u0061ge": 1}')
        assert await hear_text(a) == '{"message": 1}'


async def test_brackets_inside_strings_are_not_depth(alice, bob):
    value = '"' + "[{" * 500 + '\\"' + "[" * 500 + '"'
    async with alice.open_chat_with(bob) as a:
        await a.send(f'{{"message": {value}}}')
        assert await hear_text(a) == f'{{"message": {value}}}'


def padded(size):
    overhead = len('{"message": ""}')
    return f'{{"message": "{"z" * (size - overhead)}"}}'


async def test_takes_exactly_64_kib(alice, bob):
    async with alice.open_chat_with(bob) as a, bob.open_chat_with(alice) as b:
        await a.send(padded(FRAME_BYTES))
        assert len(await hear_text(a)) == FRAME_BYTES
        assert len(await hear_text(b)) == FRAME_BYTES


@pytest.mark.parametrize("size", [FRAME_BYTES + 1, 2 * FRAME_BYTES, 16 * KIB * KIB])
async def test_closes_a_larger_frame_with_1009(house, size):
    async with Wire(house.ws) as wire:
        assert await wire.open(room_path()) == 101
        wire.write(text(padded(size)))
        assert await wire.close_code() == 1009


async def test_closes_a_message_of_fragments_that_is_larger_with_1009(house):
    async with Wire(house.ws) as wire:
        assert await wire.open(room_path()) == 101
        wire.write(frame(1, b"x" * FRAME_BYTES, fin=False) + frame(0, b"x"))
        assert await wire.close_code() == 1009


async def test_a_message_may_come_in_fragments(house):
    async with Wire(house.ws) as wire:
        assert await wire.open(room_path()) == 101
        whole = f'{{"message": "é{secrets.token_hex(8)}"}}'.encode()
        # Split inside a character, with a ping in between.
        cut = whole.index("é".encode()) + 1
        wire.write(frame(1, whole[:cut], fin=False) + frame(9, b"?") + frame(0, whole[cut:]))
        assert await wire.read_frame() == (10, b"?")
        assert (await wire.read_text()).encode() == whole
