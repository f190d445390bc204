"""Members in private chats, two by two, who have said a few words."""

from uuid import uuid4

from benchmarks.data import members
from snappio.accounts.models import Session, User
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Conversation
from snappio.chat.services.drafts import Draft
from snappio.chat.services.messages import append_messages

BATCH = 250


def make(count: str, words: str) -> list[dict[str, str]]:
    """Make so many pairs with so many words; return each member's `Authorization` and chat."""
    made = members.make(str(2 * int(count)))
    names = [one["username"] for one in made]
    ids = dict(User.objects.filter(username__in=names).values_list("username", "pk"))
    sessions = dict(Session.objects.filter(user__in=ids.values()).values_list("user", "pk"))
    pairs = [(ids[one], ids[other]) for one, other in zip(names[::2], names[1::2], strict=True)]
    for start in range(0, len(pairs), BATCH):
        for _ in range(int(words)):
            append_messages([_draft(*pair, sessions) for pair in pairs[start : start + BATCH]])
    found = dict(Conversation.objects.values_list("key", "pk"))
    places = [str(found[str(ConversationKey.private(*pair))]) for pair in pairs]
    return [{**one, "conversation": places[number // 2]} for number, one in enumerate(made)]


def _draft(sender_id: int, partner_id: int, sessions: dict[int, object]) -> Draft:
    return Draft(
        key=ConversationKey.private(sender_id, partner_id),
        sender_id=sender_id,
        session_id=sessions[sender_id],  # type: ignore[arg-type]
        client_id=uuid4().hex,
        text="It is a truth universally acknowledged.",
    )
