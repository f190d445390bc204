"""What can be changed of a post, and what it said before."""

import pytest
import time_machine

from snappio.accounts.tests.factories import client_of
from snappio.media.models import Media
from snappio.posts.models import PostMention, PostRevision, PostTag
from snappio.posts.services.publishing import Options
from snappio.posts.tests.factories import make_close_friend, make_follower, make_post

POSTS = "/api/v1/posts/"


def history(client, post, **query):
    answer = client.get(f"{POSTS}{post.pk}/history/", query)
    assert answer.status_code == 200
    return [one["content"] for one in answer.json()]


def change(client, post, **body):
    return client.patch(f"{POSTS}{post.pk}/", body, format="json")


def test_keeps_every_earlier_text_with_its_time(anonymous, as_alice, alice):
    with time_machine.travel("2026-05-01T12:00Z", tick=False):
        post = make_post(alice, "one #a")
    as_alice = client_of(alice)
    change(as_alice, post, content="two")
    shown = change(as_alice, post, content="three").json()

    listed = anonymous.get(f"{POSTS}{post.pk}/history/").json()

    assert [one["content"] for one in listed] == ["two", "one #a"]
    assert listed[1] == {
        "content": "one #a",
        "entities": [{"type": "hashtag", "start": 4, "end": 6, "value": "a"}],
        "timestamp": "2026-05-01T12:00:00.000000Z",
    }
    assert shown["timestamp"] < listed[0]["timestamp"] < shown["edited_at"]


def test_history_is_paged_with_constant_queries(anonymous, as_alice, alice, capture):
    post = make_post(alice, "0")
    for number in range(1, 5):
        change(as_alice, post, content=str(number))

    assert history(anonymous, post, limit=2) == ["3", "2"]
    first = anonymous.get(f"{POSTS}{post.pk}/history/", {"limit": 2})
    rest = anonymous.get(first["Link"].partition("<")[2].partition(">")[0])
    assert [one["content"] for one in rest.json()] == ["1", "0"]
    assert capture(lambda: history(anonymous, post, limit=1)) == 2
    assert capture(lambda: history(anonymous, post, limit=3)) == 2


def test_an_edit_names_anew(as_alice, alice, bob, carol):
    post = make_post(alice, "@bob at the #sea")

    shown = change(as_alice, post, content="@carol at the #lake").json()

    assert [one["value"] for one in shown["entities"]] == ["carol", "lake"]
    assert list(PostTag.objects.values_list("tag", flat=True)) == ["lake"]
    assert list(PostMention.objects.values_list("member", flat=True)) == [carol.pk]


def test_edits_have_an_end(as_alice, alice):
    post = make_post(alice)
    PostRevision.objects.bulk_create(
        PostRevision(post=post, content="x", visibility="public", written_at=post.created_at)
        for _ in range(100)
    )

    answer = change(as_alice, post, content="once more")

    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_edits")
    assert change(as_alice, post, warning="spiders").status_code == 200


def test_describes_the_images_anew(as_alice, alice):
    post = make_post(alice)

    answer = change(as_alice, post, alts=["a boat"])

    assert [image["alt"] for image in answer.json()["images"]] == ["a boat"]
    assert answer.json()["edited_at"] is None


@pytest.mark.parametrize("alts", [[], ["one", "two"], "x", ["x" * 1501], [None]])
def test_wants_one_description_for_each_image(as_alice, alice, alts):
    post = make_post(alice)

    answer = change(as_alice, post, alts=alts)

    assert (answer.status_code, set(answer.json())) == (400, {"alts"})


def test_not_to_be_sensitive_takes_the_warning_away(as_alice, alice):
    post = make_post(alice, options=Options(warning="spiders"))

    shown = change(as_alice, post, sensitive=False).json()

    assert (shown["sensitive"], shown["warning"]) == (False, "")
    assert change(as_alice, post, warning="again").json()["sensitive"] is True


def loads(client, address):
    answer = client.get(address.removeprefix("http://testserver"))
    return answer.status_code == 200 and bool(b"".join(answer.streaming_content))


# --- Narrowing -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change_of", "is_replaced"),
    [
        (("public", "followers"), True),
        (("public", "close_friends"), True),
        (("followers", "close_friends"), True),
        (("close_friends", "followers"), True),
        (("followers", "public"), False),
        (("close_friends", "public"), False),
        (("public", "public"), False),
    ],
)
def test_images_move_where_somebody_is_shut_out(
    as_alice, alice, change_of, is_replaced, django_capture_on_commit_callbacks
):
    before, after = change_of
    post = make_post(alice, options=Options(visibility=before))
    was = as_alice.get(f"{POSTS}{post.pk}/").json()

    with django_capture_on_commit_callbacks(execute=True):
        shown = change(as_alice, post, visibility=after).json()

    assert shown["visibility"] == after
    assert (shown["image"] != was["image"]) == is_replaced
    assert [loads(as_alice, one["image"]) for one in (was, shown)] == [not is_replaced, True]
    assert Media.objects.count() == 1
    assert shown["images"][0]["blurhash"] == was["images"][0]["blurhash"]


def test_what_was_written_for_fewer_stays_with_them(anonymous, as_alice, as_bob, alice, bob):
    make_follower(bob, alice)
    post = make_post(alice, "for friends", Options(visibility="close_friends"))
    change(as_alice, post, content="for followers", visibility="followers")
    change(as_alice, post, content="for all", visibility="public")
    change(as_alice, post, content="for all, mended")

    assert history(anonymous, post) == ["for all"]
    assert history(as_bob, post) == ["for all", "for followers"]
    assert history(as_alice, post) == ["for all", "for followers", "for friends"]
    make_close_friend(alice, bob)
    assert history(as_bob, post) == ["for all", "for followers", "for friends"]
