"""Comments, their answers and their likes."""

import pytest
from django.db import connection

from snappio.accounts.tests.factories import client_of, make_member
from snappio.posts.models import Comment, CommentLike, Post
from snappio.posts.serializers.comments import CommentOutput
from snappio.posts.services import comments
from snappio.posts.services.publishing import Options
from snappio.posts.tests.factories import make_comment, make_follower, make_post
from snappio.relationships.models import Follow

POSTS = "/api/v1/posts/"
COMMENTS = "/api/v1/comments/"


def say(client, post, content="Nice", **more):
    headers = more.pop("headers", {})
    body = {"content": content, **more}
    return client.post(f"{POSTS}{post.pk}/comments/", body, format="json", headers=headers)


def listed(client, post, **query):
    answer = client.get(f"{POSTS}{post.pk}/comments/", query)
    assert answer.status_code == 200
    return answer.json()


def count_of(post):
    post.refresh_from_db()
    return post.comments_count


def test_says_and_shows_the_same(anonymous, as_alice, as_bob, alice, bob):
    post = make_post(alice)

    said = say(as_bob, post, "Nice, @alice")

    made = said.json()
    assert said.status_code == 201
    assert made == {
        "id": made["id"],
        "post": post.pk,
        "parent": None,
        "user": "bob",
        "name": "Bob",
        "content": "Nice, @alice",
        "entities": [{"type": "mention", "start": 6, "end": 12, "value": "alice"}],
        "timestamp": made["timestamp"],
        "edited_at": None,
        "likes_count": 0,
        "answers_count": 0,
        "liked": False,
    }
    assert list(made) == list(CommentOutput().fields)
    assert CommentOutput({**made}).data == made
    assert listed(anonymous, post) == [made]
    assert anonymous.get(f"{COMMENTS}{made['id']}/").json() == made
    assert as_alice.get(f"{POSTS}{post.pk}/").json()["comments_count"] == 1


def test_answers_stand_under_what_they_answer(anonymous, as_bob, alice, bob):
    post = make_post(alice)
    first, second = make_comment(post, bob, "first"), make_comment(post, bob, "second")
    for text in ("one", "two", "three"):
        say(as_bob, post, text, parent=first.pk)

    assert [(one["content"], one["answers_count"]) for one in listed(anonymous, post)] == [
        ("second", 0), ("first", 3),
    ]  # fmt: skip
    page = anonymous.get(f"{POSTS}{post.pk}/comments/", {"parent": first.pk, "limit": 2})
    rest = anonymous.get(page["Link"].partition("<")[2].partition(">")[0])
    assert [one["content"] for one in page.json() + rest.json()] == ["one", "two", "three"]
    assert listed(anonymous, post, parent=second.pk) == []
    assert count_of(post) == 5


def test_an_answer_is_not_answered(as_bob, alice, bob):
    post = make_post(alice)
    answer = make_comment(post, bob, parent=make_comment(post, bob))

    refused = say(as_bob, post, parent=answer.pk)

    assert (refused.status_code, set(refused.json())) == (400, {"parent"})
    assert count_of(post) == 2


# P6, R21
def test_a_comment_of_another_post_is_not_there(anonymous, as_bob, alice, bob):
    post, other = make_post(alice), make_post(alice)
    comment = make_comment(other, bob)
    make_comment(other, bob, parent=comment)

    refused = say(as_bob, post, parent=comment.pk)

    assert (refused.status_code, refused.json()["code"]) == (404, "comment_not_found")
    assert listed(anonymous, post, parent=comment.pk) == []
    assert (count_of(post), count_of(other)) == (0, 2)


@pytest.mark.parametrize(
    ("body", "field"),
    [({}, "content"), ({"content": ""}, "content"), ({"content": " "}, "content"),
     ({"content": "x" * 2001}, "content"), ({"content": "a\0b"}, "content"),
     ({"content": ["x"]}, "content"), ({"content": None}, "content"),
     ({"content": "x", "parent": "x"}, "parent"), ({"content": "x", "parent": 0}, "parent"),
     ({"content": "x", "parent": 2**63}, "parent")],
)  # fmt: skip
def test_refuses_field_by_field(as_alice, alice, body, field):
    post = make_post(alice)

    answer = as_alice.post(f"{POSTS}{post.pk}/comments/", body, format="json")

    assert (answer.status_code, set(answer.json())) == (400, {field})
    assert not Comment.objects.exists()


@pytest.mark.parametrize(
    ("commenting", "who"),
    [
        ("everybody", {"alice", "follower", "asking", "stranger"}),
        ("followers", {"alice", "follower"}),
        ("nobody", {"alice"}),
    ],
)
@pytest.mark.parametrize("chosen", ["at once", "later"])
def test_the_author_chooses_who_may_comment(as_alice, alice, commenting, who, chosen):
    post = make_post(alice, options=Options(commenting=commenting if chosen == "at once" else
                                            "everybody"))  # fmt: skip
    if chosen == "later":
        as_alice.patch(f"{POSTS}{post.pk}/", {"commenting": commenting})
    members = {name: make_member(name) for name in ("follower", "asking", "stranger")}
    make_follower(members["follower"], alice)
    Follow.objects.create(follower=members["asking"], followed=alice)
    clients = {"alice": as_alice, **{name: client_of(one) for name, one in members.items()}}

    answers = {name: say(client, post) for name, client in clients.items()}

    assert {name for name, answer in answers.items() if answer.status_code == 201} == who
    refused = [answer for name, answer in answers.items() if name not in who]
    assert {(one.status_code, one.json()["code"]) for one in refused} <= {
        (403, "comments_restricted")
    }


def test_only_its_author_changes_a_comment(as_alice, as_bob, alice, bob):
    comment = make_comment(make_post(alice), bob)

    refused = as_alice.patch(f"{COMMENTS}{comment.pk}/", {"content": "mine now"})
    changed = as_bob.patch(f"{COMMENTS}{comment.pk}/", {"content": "Nicer #now"})

    assert refused.status_code == 403
    assert (changed.status_code, changed.json()["content"]) == (200, "Nicer #now")
    assert changed.json()["edited_at"]
    assert [one["value"] for one in changed.json()["entities"]] == ["now"]


@pytest.mark.parametrize(("who", "code"), [("bob", 204), ("alice", 204), ("carol", 403)])
def test_its_author_and_the_posts_delete_a_comment(alice, bob, carol, who, code):
    post = make_post(alice)
    comment, kept = make_comment(post, bob), make_comment(post, bob)
    make_comment(post, carol, parent=comment)
    comments.like_comment(comment_id=comment.pk, member=carol)
    client = client_of({"alice": alice, "bob": bob, "carol": carol}[who])

    answer = client.delete(f"{COMMENTS}{comment.pk}/")

    assert answer.status_code == code
    if code == 204:
        assert list(Comment.objects.all()) == [kept]
        assert not CommentLike.objects.exists()
    assert count_of(post) == Comment.objects.count()


def test_deleting_an_answer_leaves_the_others(as_bob, alice, bob):
    post = make_post(alice)
    comment = make_comment(post, bob)
    gone, _ = (make_comment(post, bob, parent=comment) for _ in range(2))

    as_bob.delete(f"{COMMENTS}{gone.pk}/")

    comment.refresh_from_db()
    assert (comment.answers_count, count_of(post)) == (1, 2)


def test_a_like_of_a_comment_is_counted_once(anonymous, as_alice, as_bob, alice, bob):
    post = make_post(alice)
    comment = make_comment(post, bob)

    for method, count in (("put", 1), ("put", 1), ("delete", 0), ("delete", 0), ("put", 1)):
        assert getattr(as_alice, method)(f"{COMMENTS}{comment.pk}/like/").status_code == 204
        (shown,) = listed(as_alice, post)
        assert (shown["likes_count"], shown["liked"]) == (count, count == 1)
    assert [(one["likes_count"], one["liked"]) for one in listed(anonymous, post)] == [(1, False)]


def test_the_same_key_gives_the_first_comment(as_bob, alice):
    post = make_post(alice)
    key = {"Idempotency-Key": "k"}

    first, again = (say(as_bob, post, headers=key) for _ in range(2))
    other = say(as_bob, post, "another text", headers=key)

    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert count_of(post) == 1


def test_comments_have_a_rate(as_bob, alice, rate_limits, settings):
    from dataclasses import replace

    from snappio.core.limits import Rate

    settings.LIMITS = replace(settings.LIMITS, comments_member=Rate(1, 3600))
    post = make_post(alice)

    assert [say(as_bob, post).status_code for _ in range(2)] == [201, 429]
    assert count_of(post) == 1


@pytest.mark.parametrize("limit", [1, 3])
def test_lists_with_three_queries(as_alice, alice, bob, limit, django_assert_num_queries):
    post = make_post(alice)
    for _ in range(3):
        make_comment(post, bob)

    with django_assert_num_queries(3):  # session, post, comments
        assert len(listed(as_alice, post, limit=limit)) == limit


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_counts_comments_exactly_however_many_come_and_go_at_once(alice, at_once):
    post = make_post(alice)
    thread = make_comment(post, alice)
    clients = [client_of(make_member(f"talker{n}")) for n in range(6)]

    def talk(client, number):
        for round_ in range(3):
            parent = {"parent": thread.pk} if round_ % 2 else {}
            said = say(client, post, **parent)
            assert said.status_code == 201
            if (number + round_) % 2:
                assert client.delete(f"{COMMENTS}{said.json()['id']}/").status_code == 204

    at_once(*(lambda c=client, n=n: talk(c, n) for n, client in enumerate(clients)))

    thread.refresh_from_db()
    assert count_of(post) == Comment.objects.filter(post=post).count()
    assert thread.answers_count == Comment.objects.filter(parent=thread).count()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite has one writer at a time")
def test_an_answer_while_the_comment_is_deleted_leaves_nothing(alice, bob, at_once):
    post = make_post(alice)
    for _ in range(5):
        comment = make_comment(post, alice)
        answering, deleting = client_of(bob), client_of(alice)

        codes = at_once(
            lambda c=answering, p=comment: say(c, post, parent=p.pk).status_code,
            lambda c=deleting, p=comment: c.delete(f"{COMMENTS}{p.pk}/").status_code,
        )

        assert codes[0] in {201, 404}
        assert codes[1] == 204
    assert (Comment.objects.count(), count_of(post)) == (0, 0)
    assert Post.objects.count() == 1
