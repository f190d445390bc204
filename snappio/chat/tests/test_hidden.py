"""What is hidden costs as many queries as what is absent: the time tells nothing either (P1)."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from snappio.chat.tests.factories import client_of, group_of, room_of, say

REQUESTS = [
    ("get", "{conversation}/", None),
    ("patch", "{conversation}/", {"description": "x"}),
    ("get", "{conversation}/messages/", None),
    ("post", "{conversation}/messages/", {"text": "x"}),
    ("get", "{conversation}/messages/1/", None),
    ("patch", "{conversation}/messages/1/", {"text": "x"}),
    ("delete", "{conversation}/messages/1/", None),
    ("put", "{conversation}/messages/1/reactions/👍/", None),
    ("post", "{conversation}/read/", {"seq": 1}),
    ("post", "{conversation}/leave/", None),
    ("get", "{conversation}/members/", None),
    ("post", "{conversation}/members/", {"usernames": ["carol"]}),
    ("patch", "{conversation}/members/bob/", {"role": "member"}),
    ("delete", "{conversation}/members/bob/", None),
    ("put", "{conversation}/members/bob/silence/", {"seconds": 9}),
    ("get", "{conversation}/bans/", None),
    ("put", "{conversation}/bans/bob/", None),
    ("get", "{room}/", None),
    ("post", "{room}/join/", None),
    ("get", "{room}/invites/", None),
    ("post", "{room}/invites/", None),
]


@pytest.mark.parametrize("request_", REQUESTS, ids=lambda each: f"{each[0]}-{each[1]}")
def test_stranger_learns_nothing_from_the_number_of_queries(alice, bob, carol, request_):
    method, path, body = request_
    room = room_of(alice, bob, visibility="private")
    group = group_of(alice, bob)
    say(alice, group)
    say(alice, room)
    client = client_of(carol)
    spent = []
    for conversation, room_id in ((group.pk, room.key.removeprefix("room:")), (10**9, "~none")):
        address = path.format(
            conversation=f"/api/v1/conversations/{conversation}", room=f"/api/v1/rooms/{room_id}"
        )
        with CaptureQueriesContext(connection) as queries:
            answer = getattr(client, method)(address, body, format="json")
        spent.append((answer.status_code, answer.content, len(queries)))

    assert spent[0] == spent[1]
    assert spent[0][0] == 404
