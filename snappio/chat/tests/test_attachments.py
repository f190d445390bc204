"""Messages that show uploads: taken with the message, and given up with it."""

import pytest

from snappio.chat.frames import write_frame
from snappio.chat.models import Attachment, Conversation, Message
from snappio.chat.serializers.messages import AttachmentOutput
from snappio.chat.services.conversations import open_private_chat
from snappio.chat.services.messages import append_messages
from snappio.chat.services.retention import remove_expired
from snappio.chat.sources import ChatSource
from snappio.chat.tests.factories import client_of, draft, private
from snappio.chat.updates import read_update
from snappio.core.clock import now
from snappio.media.errors import MediaNotFound
from snappio.media.models import Media, State
from snappio.media.shapes import media_json
from snappio.media.tests.factories import make_file, make_upload
from snappio.profiles.services import delete_member
from snappio.realtime.updates import Position


@pytest.fixture(autouse=True)
def media_root(settings, tmp_path):
    """Files of tests stay with the tests."""
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def key(alice, bob):
    return private(alice, bob)


@pytest.fixture
def chat(alice, bob):
    conversation = open_private_chat(opener=alice, username="bob")
    return f"/api/v1/conversations/{conversation.pk}/messages/"


def send(member, chat, *uploads, **more):
    body = {"attachments": [upload.pk for upload in uploads], **more}
    return client_of(member).post(chat, body, format="json")


def shown(message):
    return [attachment["id"] for attachment in message["attachments"]]


def test_message_shows_uploads_in_their_order_and_needs_no_words(alice, bob, chat, settings):
    settings.PUBLIC_URL = "https://social.example"
    picture, file = make_upload(alice), make_file(alice)

    answer = send(alice, chat, file, picture)

    assert (answer.status_code, answer.json()["text"]) == (201, "")
    assert shown(answer.json()) == [file.pk, picture.pk]
    assert set(answer.json()["attachments"][0]) == set(AttachmentOutput().fields)
    (message,) = client_of(bob).get(chat).json()
    assert message["attachments"] == answer.json()["attachments"]
    told = message["attachments"][1]
    assert told["url"] == media_json(picture)["url"]
    assert told["url"].startswith("https://social.example/media/")
    assert set(Media.objects.values_list("state", flat=True)) == {State.ATTACHED}


def test_listeners_and_old_sockets_hear_of_them(alice, key, chat):
    picture = make_upload(alice)
    send(alice, chat, picture, text="look")

    (update,) = ChatSource().missed(key.topic, Position(0, 0), 10).updates

    state = read_update(update)
    url = media_json(picture)["url"]
    assert [attachment.url for attachment in state.attachments] == [url]
    assert f'"data":"look\\n{url}"'.encode() in write_frame(state)


def test_same_client_id_gives_the_first_message_with_its_uploads(alice, chat):
    picture = make_upload(alice)

    answers = [send(alice, chat, picture, client_id="x") for _ in range(2)]

    assert answers[0].json() == answers[1].json()
    assert shown(answers[1].json()) == [picture.pk]
    assert Attachment.objects.count() == 1


def test_one_refused_upload_refuses_its_message_and_no_other(alice, bob, key):
    mine, theirs = make_upload(alice), make_upload(bob)

    outcomes = append_messages(
        [
            draft(alice, key, "", attachments=(mine.pk, theirs.pk)),
            draft(alice, key, "", attachments=(mine.pk,)),
            draft(None, key, "", attachments=(mine.pk,)),
            draft(bob, key, "plain"),
        ]
    )

    assert isinstance(outcomes[0], MediaNotFound)
    assert [one.message.seq for one in (outcomes[1], outcomes[3])] == [1, 2]
    assert list(Message.objects.values_list("has_attachments", flat=True).order_by("seq")) == [
        True,
        False,
    ]


@pytest.mark.parametrize("which", ["another's", "used", "absent", "twice"])
def test_uploads_that_are_not_ones_own_or_not_free_look_the_same(alice, bob, chat, which):
    upload = make_upload(bob if which == "another's" else alice)
    if which == "used":
        send(alice, chat, upload)
    ids = {"absent": [999_999], "twice": [upload.pk] * 2}.get(which, [upload.pk])

    answer = client_of(alice).post(chat, {"attachments": ids}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (404, "media_not_found")
    assert Message.objects.count() == (which == "used")


@pytest.mark.parametrize(
    "body",
    [
        {"attachments": []},
        {"attachments": [], "text": ""},
        {"attachments": "x"},
        {"attachments": ["x"]},
        {"attachments": [0]},
        {"attachments": [-1]},
        {"attachments": [2**63]},
        {"attachments": [True]},
        {"attachments": {}},
        {"attachments": None},
        {"attachments": list(range(1, 12))},
    ],
)
def test_refuses_what_names_no_uploads(alice, chat, body):
    answer = client_of(alice).post(chat, body, format="json")

    assert answer.status_code in (400, 404)
    assert not Message.objects.exists()


def test_words_may_go_where_a_picture_stays(alice, chat):
    send(alice, chat, make_upload(alice), text="look")
    send(alice, chat, text="words alone")
    client = client_of(alice)

    bare = client.patch(f"{chat}1/", {"text": ""}, format="json")
    empty = client.patch(f"{chat}2/", {"text": ""}, format="json")

    assert (bare.status_code, bare.json()["text"], len(bare.json()["attachments"])) == (200, "", 1)
    assert (empty.status_code, empty.json()) == (400, {"text": ["This field may not be blank."]})


def test_deleted_message_gives_its_uploads_up(alice, chat, django_capture_on_commit_callbacks):
    send(alice, chat, make_upload(alice), make_file(alice))

    with django_capture_on_commit_callbacks(execute=True):
        client_of(alice).delete(f"{chat}1/")

    assert client_of(alice).get(f"{chat}1/").json()["attachments"] == []
    assert not Media.objects.exists()
    assert not Attachment.objects.exists()


def test_retention_gives_them_up_too(alice, chat, django_capture_on_commit_callbacks):
    send(alice, chat, make_upload(alice))
    Message.objects.update(sent_at=now().replace(year=2020))
    Conversation.objects.update(retention_seconds=3600)

    with django_capture_on_commit_callbacks(execute=True):
        assert remove_expired() == 1

    assert not Media.objects.exists()


def test_account_that_goes_takes_its_uploads_along(
    alice, bob, key, chat, django_capture_on_commit_callbacks
):
    send(alice, chat, make_upload(alice), text="look")
    send(alice, chat, make_upload(alice))
    kept = make_upload(bob)
    send(bob, chat, kept)

    with django_capture_on_commit_callbacks(execute=True):
        delete_member(alice)

    assert list(Media.objects.all()) == [kept]
    history = client_of(bob).get(chat).json()
    assert [(message["text"], message["deleted"]) for message in history] == [
        ("look", False),
        ("", True),
        ("", False),
    ]
    assert [shown(message) for message in history] == [[], [], [kept.pk]]
    missed = ChatSource().missed(key.topic, Position(3, 3), 10)
    assert [update.revision for update in missed.updates] == [4, 5]
    assert Conversation.objects.get().revision == 5


@pytest.mark.parametrize("rows", [1, 3])
def test_history_asks_the_same_number_of_queries_for_any_number(
    alice, chat, rows, django_assert_num_queries
):
    for _ in range(rows):
        send(alice, chat, make_upload(alice), make_file(alice))
    client = client_of(alice)

    # The session, the conversation, messages, reactions, and what is attached.
    with django_assert_num_queries(5):
        assert len(client.get(chat).json()) == rows
