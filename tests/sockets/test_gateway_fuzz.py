"""`/ws/`: whatever a client says is answered or closes the socket, and breaks nothing."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.sockets.gateway import conversation_with, greeted

# Half of them nearly right: what is wrong from end to end is refused at the first byte.
NAMES = ["type", "id", "conversation", "seq", "text", "client_id", "emoji", "limit", "since", "on"]
TYPES = ["send", "edit", "delete", "react", "history", "read", "typing", "subscribe", "ping"]
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["1", "2", 1, 2**63, -1, "\0", "\ud800", "x" * 300]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
frames = st.builds(
    lambda kind, fields: {"type": kind, "id": 7, **fields},
    st.sampled_from(TYPES) | st.text(),
    st.dictionaries(st.sampled_from(NAMES[1:]), values, max_size=6),
)


@st.composite
def texts(draw):
    """Frames with a part cut out, doubled or replaced."""
    text = json.dumps(draw(frames))
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, len(text)))
    put = draw(st.sampled_from(["", text[start:end] * 2, "\0", "\\", '"', "[" * 200, "\ufeff"]))
    return draw(st.sampled_from([text, text[:start] + put + text[end:]]))


@pytest.mark.once
async def test_mutated_frames_are_answered_or_refused(alice, bob):
    chat = conversation_with(alice, bob)
    alice.http.post(f"/conversations/{chat}/messages/", json={"text": "here"})
    said: list[str] = []

    @settings(
        max_examples=200, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(texts())
    def collect(text: str) -> None:
        said.append(text)

    collect()
    async with greeted(alice) as socket:
        for text in said:
            await socket.socket.send(text.encode("utf-8", "replace").decode())
            # Some tell others, too; each is answered, under its id or under none.
            answer = await socket.next()
            while answer["type"] not in ("ok", "error"):
                answer = await socket.next()
        await socket.result("ping")
    seqs = [each["seq"] for each in alice.http.get(f"/conversations/{chat}/messages/").json()]
    assert seqs == list(range(1, len(seqs) + 1))
