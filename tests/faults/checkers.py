"""What must hold over a history, whatever broke meanwhile.

Each checker takes a `History` and returns a sentence for every thing that is
wrong; none may look at anything else.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise

from tests.faults import lines
from tests.faults.histories import Body, Connection, History, Resources
from tests.faults.lines import EVENTUALLY_SECONDS

Checker = Callable[[History], list[str]]

# Enough to see what went wrong.
SHOWN = 8


def lost_acknowledged(history: History) -> list[str]:
    """K1: what was acknowledged is in the history."""
    kept = {message.body for message in history.stored}
    found = [f"{body} was acknowledged and is lost" for body in history.acknowledged() - kept]
    return sorted(found) + lines.lost_changes(history)


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
    """K3: messages are numbered 1, 2, 3, …; no two have one revision, nor one beyond the last.

    Where nothing was changed, revisions are 1, 2, 3, … too. Where something was, each is
    heard in its turn by whoever is there (K5).
    """
    found = []
    numbers: dict[str, list[int]] = defaultdict(list)
    revisions: dict[str, list[int]] = defaultdict(list)
    for message in history.stored:
        numbers[message.conversation].append(message.seq)
        revisions[message.conversation].append(message.revision)
    for place in history.places:
        seqs, changes = numbers[place.conversation], revisions[place.conversation]
        wrong = sorted(set(range(1, place.last_seq + 1)) ^ set(seqs))
        if wrong or len(set(seqs)) < len(seqs):
            found.append(f"seq of {place.conversation} has holes or repeats near {wrong[:SHOWN]}")
        is_plain = place.revision == place.last_seq
        beyond = [each for each in changes if each > place.revision]
        if beyond or len(set(changes)) < len(changes):
            found.append(f"revision of {place.conversation} repeats, or is beyond its last")
        elif is_plain and sorted(changes) != list(range(1, place.revision + 1)):
            found.append(f"revision of {place.conversation} has holes")
    return found


def unstable_answers(history: History) -> list[str]:
    """K4: every answer to a message names the number that it has."""
    kept = history.kept()
    return [
        f"{sent.body} was answered with {sent.seq} and is {kept[sent.conversation].get(sent.body)}"
        for sent in history.sent
        if sent.seq is not None and kept[sent.conversation].get(sent.body) not in (None, sent.seq)
    ]


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
    last: dict[tuple[int, str], tuple[int, Body]] = {}
    for sent in history.sent:
        seq = kept[sent.conversation].get(sent.body)
        # What was refused is stored when it is sent again, if ever.
        if seq is None or sent.refused or sent.is_again:
            continue
        where = sent.connection, sent.conversation
        before, body = last.get(where, (0, sent.body))
        if seq < before:
            found.append(f"{sent.body} was sent after {body} and is stored before it")
        last[where] = (seq, sent.body)
    return found


def phantoms(history: History) -> list[str]:
    """K8: nothing is told or stored that nobody sent there."""
    sent = {(sent.conversation, sent.body) for sent in history.sent}
    stored = {
        (message.conversation, message.body) for message in history.stored if not message.event
    }
    seen = set(stored)
    for connection in history.connections:
        seen |= {(connection.conversation, heard.body) for heard in connection.heard}
    never = [f"{body} in {where} was never sent" for where, body in sorted(seen - sent)]
    open_ended = {(sent.conversation, sent.body) for sent in history.sent if not sent.is_final}
    refused = stored & (sent - open_ended)
    return never + [f"{body} in {where} was refused" for where, body in sorted(refused)]


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


# What a run may need more at its end; beside it, five in a hundred.
MORE_MEMORY = 24 * 2**20
MORE_DESCRIPTORS = 12
MORE_KEYS = 20
MORE_CONNECTIONS = 8


def leaks(history: History) -> list[str]:
    """K12: with the same clients as before, the fleet takes what it took before."""
    before, after = history.before, history.after
    if before is None or after is None:
        return []
    return [
        f"{what}: {was} before, {now} after"
        for what, was, now, more in _compared(before, after)
        if now > was * 1.05 + more
    ]


def _compared(before: Resources, after: Resources) -> Iterator[tuple[str, int, int, int]]:
    # Processes that died have successors of the same name.
    for name in before.memory.keys() & after.memory.keys():
        yield f"memory of {name}", before.memory[name], after.memory[name], MORE_MEMORY
        files = before.descriptors[name], after.descriptors[name]
        yield f"descriptors of {name}", *files, MORE_DESCRIPTORS
    yield "keys in Redis", before.redis_keys, after.redis_keys, MORE_KEYS
    connections = before.postgres_connections, after.postgres_connections
    yield "connections of PostgreSQL", *connections, MORE_CONNECTIONS


CHECKERS: dict[str, Checker] = {
    "K1 lost-acked": lost_acknowledged,
    "K2 duplicate": duplicates,
    "K3 holes": holes,
    "K4 ack-stable": unstable_answers,
    "K5 reader-contiguous": reader_gaps,
    "K5 revision-contiguous": lines.revision_gaps,
    "K6 total order": total_order,
    "K6 same state": lines.disagreements,
    "K7 sender order": sender_order,
    "K8 phantom": phantoms,
    "K8 phantom state": lines.phantom_states,
    "K9 eventual": late,
    "K9 eventual revision": lines.late_revisions,
    "K10 isolation": lines.intrusions,
    "K11 unread": lines.unread_counts,
    "K12 resources": leaks,
    "I5 present state": lines.wrong_models,
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
