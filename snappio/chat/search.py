"""Finding messages by their words, among what the searcher may read.

A message is found that has all the words, the last one also as a beginning, so that
one may search while typing. Letter case does not matter, and no sign has a meaning of
its own. Both databases look words up in an index that the database
itself keeps (migration 0006).
"""

from collections.abc import Sequence

from django.db import connection, transaction
from django.db.models import BooleanField, F, Func, QuerySet, Value

from snappio.accounts.models import User
from snappio.chat.models import Conversation, Message
from snappio.chat.queries import states_of
from snappio.chat.updates import MessageState
from snappio.core import rates
from snappio.core.limits import current_limits
from snappio.core.pagination import Page, encode_cursor

# For a search that finds too much to sort; what takes longer is refused as unavailable.
TIMEOUT_MILLISECONDS = 2000


def search_messages(
    searcher: User,
    *,
    words: str,
    conversation: Conversation | None = None,
    before: int | None,
    limit: int,
) -> Page[MessageState]:
    """Return the messages with these words in the searcher's conversations, the newest first.

    ``conversation`` keeps those of one; ``before`` is the id that the page continues
    after. Raises `TooMany` beyond the allowance.
    """
    rates.take("search:messages", str(searcher.pk), current_limits().searches_member)
    # What a word is within these, the database decides as it does for texts.
    wanted = [piece for piece in words.split() if any(map(str.isalnum, piece))]
    if not wanted:
        return Page([], None)
    messages = _readable(searcher)
    if conversation is not None:
        messages = messages.filter(conversation=conversation)
    if before is not None:
        messages = messages.filter(pk__lt=before)

    ids = _first_ids(_matching(messages, wanted).order_by("-pk"), limit + 1)

    shown = ids[:limit]
    found = states_of(Message.objects.filter(pk__in=shown).order_by("-pk"))
    return Page(found, encode_cursor(shown[-1]) if len(ids) > limit else None)


def work_in_new_words() -> None:
    """Put what was written lately in its place in PostgreSQL's index.

    Until then it is found in a list that is read from end to end. SQLite keeps none.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT gin_clean_pending_list('chat_message_words')")


def _readable(searcher: User) -> QuerySet[Message]:
    # One join: the place that is asked for `first_seq` is the searcher's own.
    return Message.objects.filter(
        conversation__participants__user=searcher,
        seq__gte=F("conversation__participants__first_seq"),
        kind=Message.Kind.MESSAGE,
        deleted_at=None,
    )


def _first_ids(messages: QuerySet[Message], count: int) -> list[int]:
    with transaction.atomic(durable=True):
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                # Until the end of this transaction.
                cursor.execute(
                    "SELECT set_config('statement_timeout', %s, true)", [str(TIMEOUT_MILLISECONDS)]
                )
        return list(messages.values_list("pk", flat=True)[:count])


def _matching(messages: QuerySet[Message], words: Sequence[str]) -> QuerySet[Message]:
    if connection.vendor == "postgresql":
        return messages.filter(_TextHas("text", Value(_on_postgres(words))))
    return messages.filter(_RowHas("pk", Value(_on_sqlite(words))))


def _on_postgres(words: Sequence[str]) -> str:
    quoted = (word.replace("\\", "\\\\").replace("'", "''") for word in words)
    return " & ".join(f"'{word}'" for word in quoted) + ":*"


def _on_sqlite(words: Sequence[str]) -> str:
    quoted = (word.replace('"', '""') for word in words)
    return " ".join(f'"{word}"' for word in quoted) + "*"


class _TextHas(Func):
    # As the index has it, to the letter.
    template = "to_tsvector('simple', %(expressions)s)"
    arg_joiner = ") @@ to_tsquery('simple', "
    output_field = BooleanField()


class _RowHas(Func):
    template = "(%(expressions)s))"
    arg_joiner = " IN (SELECT rowid FROM chat_words WHERE chat_words MATCH "
    output_field = BooleanField()
