"""What a text names and links to, by itself."""

import time

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from snappio.accounts.entities import LONGEST_LINK, MOST_ENTITIES, entities_of

pytestmark = pytest.mark.once


def found(text):
    entities = orjson.loads(entities_of(text) or "[]")
    return [(entity["type"], text[entity["start"] : entity["end"]], entity["value"])
            for entity in entities]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "written", "name"),
    [
        ("@bob", "@bob", "bob"),
        ("hello @bob.", "@bob", "bob"),
        ("(@bob)", "@bob", "bob"),
        ("@bob's", "@bob", "bob"),
        ("hey @Bob_1-x, you", "@Bob_1-x", "Bob_1-x"),
        ("@bob@example.org", "@bob@example.org", "bob@example.org"),
        ("😀😀 @日本", "@日本", "日本"),
        ("@ｂｏｂ", "@ｂｏｂ", "bob"),
        ("@" + "x" * 50, "@" + "x" * 50, "x" * 50),
    ],
)
def test_finds_a_member_by_the_rules_of_usernames(text, written, name):
    assert found(text) == [("mention", written, name)]


@pytest.mark.parametrize(
    "text",
    ["bob@example.org", "a.@b", "x/@bob", "@", "@@", "@...", "@everyone", "@" + "x" * 51],
)
def test_what_is_no_name_mentions_nobody(text):
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("#tea", "tea"),
        ("so #Tea!", "Tea"),
        ("(#2026plans)", "2026plans"),
        ("#日本語", "日本語"),
        ("#हिन्दी", "हिन्दी"),
    ],
)
def test_finds_a_tag(text, tag):
    assert found(text) == [("hashtag", f"#{tag}", tag)]


@pytest.mark.parametrize("text", ["#", "#1", "a#b", "&#39;", "##x", "# tea", "#" + "x" * 101])
def test_what_is_no_tag(text):
    assert found(text) == []


@pytest.mark.parametrize(
    ("text", "link"),
    [
        ("https://example.org", "https://example.org"),
        ("see http://example.org/a?b=c&d#e, and", "http://example.org/a?b=c&d#e"),
        ("HTTPS://EXAMPLE.ORG/X", "HTTPS://EXAMPLE.ORG/X"),
        ("(https://example.org/a_(b))", "https://example.org/a_(b)"),
        ("(https://example.org/)...", "https://example.org/"),
        ("<https://example.org/>", "https://example.org/"),
        ('"https://example.org/x"!', "https://example.org/x"),
        ("https://example.org/@bob/#tea", "https://example.org/@bob/#tea"),
        ("https://пример.рф/путь。", "https://пример.рф/путь"),
        ("https://example.org/a\u202egpj.exe", "https://example.org/a"),
    ],
)
def test_finds_a_link_and_where_it_ends(text, link):
    assert found(text) == [("link", link, link)]


@pytest.mark.parametrize(
    "text",
    [
        "javascript://example.org",
        "ftp://example.org",
        "data:text/html,x",
        "https://",
        "https:// example.org",
        "https://)",
        "xhttps://example.org",
        "example.org",
        "https://x/" + "x" * LONGEST_LINK,
    ],
)
def test_what_is_no_link(text):
    assert found(text) == []


def test_places_are_counted_in_code_points_and_in_order():
    text = "😀 @bob likes #tea: https://example.org"
    assert found(text) == [
        ("mention", "@bob", "bob"),
        ("hashtag", "#tea", "tea"),
        ("link", "https://example.org", "https://example.org"),
    ]


def test_has_an_end():
    assert len(found("@a " * 3000)) == MOST_ENTITIES


@given(st.text(st.sampled_from("@#:/.()a1 hps-&é\u0301\n[]😀"), max_size=300), st.integers(1, 40))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_at_once_and_entities_do_not_overlap(text, times):
    text = ("https://" + text * times)[:10_000]

    started_at = time.process_time()
    entities = orjson.loads(entities_of(text) or "[]")

    assert time.process_time() - started_at < 0.5
    reached = 0
    for entity in entities:
        assert reached <= entity["start"] < entity["end"] <= len(text)
        assert entity["value"]
        reached = entity["end"]


@pytest.mark.parametrize(
    "piece", ["@", "#", "https://", "https://a(", "@a", "(", "https://a))", "&#"]
)
def test_worst_texts_cost_no_more_than_long_ones(piece):
    text = (piece * 10_000)[:10_000]
    started_at = time.process_time()
    entities_of(text)
    assert time.process_time() - started_at < 0.5
