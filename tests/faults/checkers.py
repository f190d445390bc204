"""What must hold over a history, whatever broke meanwhile.

Each checker takes a `History` and returns a sentence for every thing that is
wrong; none may look at anything else.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise

from tests.faults.histories import Body, Connection, History

Checker = Callable[[History], list[str]]

# Positions are compared every five seconds, and the answer takes a moment.
EVENTUALLY_SECONDS = 6.0
# Enough to see what went wrong.
SHOWN = 8


def lost_acknowledged(history: History) -> list[str]:
    """K1: what was acknowledged is in the history."""
    kept = {message.body for message in history.stored}
    return [f"{body} was echoed to its sender and is lost" for body in _missing(history, kept)]


def _missing(history: History, kept: set[Body]) -> list[Body]:
    return sorted(history.acknowledged() - kept)


def duplicates(history: History) -> list[str]:
    """K2: no message is stored twice, nor told twice on one socket."""
    stored = Counter((message.conversation, message.body) for message in history.stored)
    found = [
        f"{body} is stored {n} times in {where}" for (where, body), n in stored.items() if n > 1
    ]
    for connection in history.connections:
        told = Counter(heard.body for heard in connection.heard)
        found += [f"{body} came {n} times {_on(connection)}" for body, n in told.items() if n > 1]
    return found


def holes(history: History) -> list[str]:
    """K3: messages and revisions of a conversation are numbered 1, 2, 3, …"""
    found = []
    numbers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for message in history.stored:
        numbers[message.conversation, "seq"].append(message.seq)
        numbers[message.conversation, "revision"].append(message.revision)
    for (conversation, kind), given in numbers.items():
        wrong = sorted(set(range(1, len(given) + 1)) ^ set(given))
        if wrong or len(set(given)) < len(given):
            found.append(f"{kind} of {conversation} has holes or repeats near {wrong[:SHOWN]}")
    return found


def reader_gaps(history: History) -> list[str]:
    """K5: between its handshake and its end a socket brings every message once, in turn."""
    kept = history.kept()
    found = []
    for connection in history.connections:
        seqs = [kept[connection.conversation].get(heard.body) for heard in connection.heard]
        numbered = [seq for seq in seqs if seq is not None]
        for before, after in pairwise([connection.since, *numbered]):
            if after != before + 1:
                found.append(f"{after} came after {before} {_on(connection)}")
                break
    return found


def total_order(history: History) -> list[str]:
    """K6: all readers and the history agree on which message has which number."""
    at: dict[tuple[str, int], Body] = {
        (message.conversation, message.seq): message.body for message in history.stored
    }
    found = []
    for connection in history.connections:
        for seq, heard in enumerate(connection.heard, connection.since + 1):
            agreed = at.setdefault((connection.conversation, seq), heard.body)
            if agreed != heard.body:
                found.append(f"{seq} is {agreed} elsewhere and {heard.body} {_on(connection)}")
                break
    return found


def sender_order(history: History) -> list[str]:
    """K7: what one socket sent is stored in that order."""
    kept = history.kept()
    found = []
    last: dict[int, tuple[int, Body]] = {}
    for sent in history.sent:
        seq = kept[sent.conversation].get(sent.body)
        if seq is None:
            continue
        before, body = last.get(sent.connection, (0, sent.body))
        if seq < before:
            found.append(f"{sent.body} was sent after {body} and is stored before it")
        last[sent.connection] = (seq, sent.body)
    return found


def phantoms(history: History) -> list[str]:
    """K8: nothing is told or stored that nobody sent there."""
    sent = {(sent.conversation, sent.body) for sent in history.sent}
    seen = {(message.conversation, message.body) for message in history.stored}
    for connection in history.connections:
        seen |= {(connection.conversation, heard.body) for heard in connection.heard}
    return [f"{body} in {where} was never sent" for where, body in sorted(seen - sent)]


def late(history: History) -> list[str]:
    """K9: once all is healed, whoever is connected hears everything within six seconds."""
    found = []
    by_number = {(m.conversation, m.seq): m for m in history.stored}
    for connection in history.connections:
        if connection.closed_at is not None:
            continue
        start = max(history.healed_at, connection.opened_at)
        seq = connection.since
        for seq, heard in enumerate(connection.heard, connection.since + 1):
            message = by_number.get((connection.conversation, seq))
            due = max(start, message.sent_at if message else 0.0) + EVENTUALLY_SECONDS
            if heard.at > due:
                found.append(f"{seq} came {heard.at - due:.1f} s too late {_on(connection)}")
                break
        if missing := [s for c, s in by_number if c == connection.conversation and s > seq]:
            found.append(f"{min(missing)} to {max(missing)} never came {_on(connection)}")
    return found


CHECKERS: dict[str, Checker] = {
    "K1 lost-acked": lost_acknowledged,
    "K2 duplicate": duplicates,
    "K3 holes": holes,
    "K5 reader-contiguous": reader_gaps,
    "K6 total order": total_order,
    "K7 sender order": sender_order,
    "K8 phantom": phantoms,
    "K9 eventual": late,
}


def verdict(history: History) -> list[str]:
    """Return everything that is wrong with a history, a few sentences for each checker."""
    return list(_complaints(history))


def _complaints(history: History) -> Iterator[str]:
    for name, checker in CHECKERS.items():
        found = checker(history)
        yield from (f"{name}: {sentence}" for sentence in found[:SHOWN])
        if len(found) > SHOWN:
            yield f"{name}: … and {len(found) - SHOWN} more"


def _on(connection: Connection) -> str:
    return f"on socket {connection.number} of {connection.reader} in {connection.conversation}"
