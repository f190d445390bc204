"""What members say of themselves, and the pictures they show."""

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from snappio.accounts.models import User
from snappio.accounts.tests.factories import client_of
from snappio.media.models import Media, ProfileImage, State
from snappio.media.services import collect_orphans
from snappio.media.tests.factories import make_file, make_upload
from snappio.media.tests.images import jpeg
from snappio.profiles.serializers import MemberOutput, OwnProfileOutput, PublicProfileOutput
from snappio.profiles.services import delete_member
from snappio.relationships.services.follows import follow_member

pytestmark = pytest.mark.django_db

PROFILE = "/api/v1/users/profile/"
AVATAR = "/api/v1/users/profile/avatar/"
BANNER = "/api/v1/users/profile/banner/"
LINK = {"label": "Home", "url": "https://example.org/~alice"}


def photo():
    return SimpleUploadedFile("me.jpg", jpeg((64, 32)), "application/octet-stream")


def put(client, address, **body):
    return client.put(address, body, format="multipart" if "file" in body else "json")


def test_everybody_reads_what_a_member_says(alice, bob, anonymous):
    said = {"bio": "At the sea.\nAlways.", "links": [LINK], "is_private": True}
    answer = client_of(alice).patch(PROFILE, said, format="json")

    assert answer.status_code == 200
    for shown in (answer.json(), anonymous.get("/api/v1/users/alice/").json()):
        assert {name: shown[name] for name in said} == said


def test_what_is_left_out_stays_as_it_is(alice):
    client = client_of(alice)
    said = {"bio": "Here", "links": [LINK], "is_private": True, "is_discoverable": False}
    client.patch(PROFILE, said, format="json")
    body = {"username": "alice", "email": "a@example.org", "name": "A", "password": "plum-quince-9"}
    # As the existing app writes it: a form, and nothing of what is new.
    for form in ("multipart", "json"):
        answer = client.put(PROFILE, body, format=form)

        assert answer.status_code == 200
        assert {name: answer.json()[name] for name in said} == said


def test_what_is_said_can_be_taken_back(alice):
    client = client_of(alice)
    client.patch(PROFILE, {"bio": "Here", "links": [LINK]}, format="json")
    shown = client.patch(PROFILE, {"bio": "", "links": []}, format="json").json()

    assert (shown["bio"], shown["links"]) == ("", [])


@pytest.mark.parametrize(
    "said",
    [
        {"bio": "x" * 501},
        {"bio": None},
        {"bio": "a\0b"},
        {"links": [LINK] * 5},
        {"links": [{"label": "", "url": LINK["url"]}]},
        {"links": [{"label": "x" * 31, "url": LINK["url"]}]},
        {"links": [{"label": "x", "url": "http://example.org"}]},
        {"links": [{"label": "x", "url": "javascript:alert(1)"}]},
        {"links": [{"label": "x", "url": "https://bank.example@evil.example/"}]},
        {"links": [{"label": "x", "url": "https://example.org/" + "x" * 200}]},
        {"links": "https://example.org"},
        {"links": [7]},
        {"is_private": "yes"},
        {"is_discoverable": None},
    ],
)
def test_refuses_what_is_none_of_it(alice, said):
    answer = client_of(alice).patch(PROFILE, {**said, "name": "Changed"}, format="json")

    assert answer.status_code == 400
    assert set(answer.json()) == set(said)
    assert User.objects.get(pk=alice.pk).name == "Alice"


def test_a_refused_name_changes_nothing_else(alice, bob):
    body = {"username": "bob", "bio": "Changed"}

    assert client_of(alice).patch(PROFILE, body, format="json").status_code == 400
    assert User.objects.get(pk=alice.pk).bio == ""


def test_who_becomes_public_lets_all_follow_who_wait(alice, bob):
    client = client_of(alice)
    client.patch(PROFILE, {"is_private": True}, format="json")
    follow_member(follower=bob, username="alice")
    assert client.get(PROFILE).json()["followers_count"] == 0

    shown = client.patch(PROFILE, {"is_private": False}, format="json").json()
    assert (shown["is_private"], shown["followers_count"]) == (False, 1)


@pytest.mark.parametrize(("address", "kind"), [(AVATAR, "avatar"), (BANNER, "banner")])
def test_a_picture_is_shown_until_it_is_taken_away(alice, anonymous, address, kind):
    client = client_of(alice)
    answer = put(client, address, file=photo())

    assert answer.status_code == 200
    assert (answer.json()["width"], answer.json()["height"]) == (64, 32)
    assert client.get(PROFILE).json()[kind] == answer.json()
    assert anonymous.get("/api/v1/users/alice/").json()[kind] == answer.json()
    for _ in range(2):
        assert client.delete(address).status_code == 204
    assert anonymous.get("/api/v1/users/alice/").json()[kind] is None


def test_the_picture_before_goes_with_its_files(
    alice, media_root, django_capture_on_commit_callbacks
):
    client = client_of(alice)
    put(client, AVATAR, file=photo())
    old = Media.objects.get()
    with django_capture_on_commit_callbacks(execute=True):
        put(client, AVATAR, file=photo())

    assert not Media.objects.filter(pk=old.pk).exists()
    (new,) = Media.objects.all()
    root = Path(media_root)
    kept = {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}
    assert kept == {rendition["file"] for rendition in new.renditions}


def test_an_upload_is_shown_by_its_id_once(alice, bob):
    client, media = client_of(alice), make_upload(alice)
    for _ in range(2):
        assert put(client, AVATAR, media=media.pk).status_code == 200

    # It is used now, and nowhere else.
    assert put(client, BANNER, media=media.pk).status_code == 404
    assert put(client_of(bob), AVATAR, media=make_upload(alice).pk).status_code == 404
    assert ProfileImage.objects.count() == 1


@pytest.mark.parametrize(
    "body", [{}, {"media": "x"}, {"media": 0}, {"media": 2**63}, {"file": "no file"}]
)
def test_refuses_what_is_no_picture(alice, body):
    assert put(client_of(alice), AVATAR, **body).status_code == 400
    assert not ProfileImage.objects.exists()


def test_refuses_files_that_are_no_images(alice):
    client = client_of(alice)
    text = SimpleUploadedFile("me.jpg", b"hello", "image/jpeg")

    assert set(put(client, AVATAR, file=text).json()) == {"file"}
    assert put(client, AVATAR, media=make_file(alice).pk).json()["code"] == "invalid_image"
    assert not ProfileImage.objects.exists()


def test_a_picture_goes_with_the_account(alice, django_capture_on_commit_callbacks):
    put(client_of(alice), AVATAR, file=photo())
    with django_capture_on_commit_callbacks(execute=True):
        delete_member(alice)

    assert not ProfileImage.objects.exists()
    assert not Media.objects.exclude(state=State.DISCARDED).exists()
    collect_orphans()
    assert not Media.objects.exists()
    gone = User.objects.get(pk=alice.pk)
    assert (gone.bio, gone.links) == ("", [])


def test_answers_have_the_fields_that_are_described(alice, bob):
    client = client_of(bob)
    put(client_of(alice), AVATAR, file=photo())
    follow_member(follower=bob, username="alice")
    described = {
        PROFILE: OwnProfileOutput,
        "/api/v1/users/alice/": PublicProfileOutput,
    }
    for address, output in described.items():
        shown = client.get(address).json()
        assert output(shown).data == shown
    (shown, _) = client.get("/api/v1/users/").json()[::-1]
    assert MemberOutput(shown).data == shown
