"""The command that fills an instance."""

import io

import pytest
from django.core.management import call_command

from snappio.accounts.models import User
from snappio.chat.models import Message
from snappio.demo.script import CAST, PASSWORD, POSTS, PRIVATE_TALKS, ROOM_TALK
from snappio.posts.models import Post

pytestmark = pytest.mark.once

LINES = len(ROOM_TALK) + sum(len(lines) for _, lines in PRIVATE_TALKS)


@pytest.fixture(autouse=True)
def own_files(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def run() -> str:
    out = io.StringIO()
    call_command("demo", stdout=out)
    return out.getvalue()


# Drawing takes seconds, so one story tells both.
@pytest.mark.django_db
def test_fills_the_instance_once_and_tells_how_to_sign_in():
    told = run()

    assert User.objects.count() == len(CAST)
    assert Post.objects.count() == len(POSTS)
    assert Message.objects.count() == LINES
    assert PASSWORD in told
    assert "21/21" in told

    told = run()

    assert "nothing was added" in told
    assert PASSWORD in told
    assert Post.objects.count() == len(POSTS)
