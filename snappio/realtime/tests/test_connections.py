"""The sockets of one process."""

from uuid import uuid4

import pytest

from snappio.realtime.connections import Connection, OpenSockets, SessionOver


def connection(session_id):
    return Connection(outbox=None, send=None, address="::1", user_id=1, session_id=session_id)


def test_refuses_a_session_that_ended_while_its_socket_was_being_opened():
    sockets = OpenSockets()
    ended = uuid4()

    sockets.end_sessions([ended])

    with pytest.raises(SessionOver):
        sockets.add(connection(ended))
    sockets.add(connection(uuid4()))
    assert len(sockets) == 1


def test_forgets_a_socket_that_is_removed():
    sockets = OpenSockets()
    one = connection(uuid4())
    sockets.add(one)

    sockets.remove(one)

    assert len(sockets) == 0
    assert sockets.sessions() == []
