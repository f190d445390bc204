"""Uploads that messages show."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.db import transaction

from snappio.accounts.models import User
from snappio.chat.errors import TooManyAttachments
from snappio.chat.keys import ConversationKey
from snappio.chat.models import Attachment, Conversation, Message
from snappio.chat.queries import states_of
from snappio.chat.services.drafts import Draft
from snappio.core.clock import now
from snappio.core.limits import current_limits
from snappio.media.errors import MediaNotFound
from snappio.media.models import Media
from snappio.media.services import attach_all, discard
from snappio.realtime.publishing import publish_on_commit


def take_uploads(draft: Draft) -> Sequence[Media]:
    """Put a draft's uploads to use, in the caller's transaction: all of them or none.

    Raises `MediaNotFound` for what is not the sender's own, or used already, and
    `TooManyAttachments`. Asks nothing for a draft without any.
    """
    if not draft.attachments:
        return ()
    if len(draft.attachments) > current_limits().attachments:
        raise TooManyAttachments
    if draft.sender_id is None:
        raise MediaNotFound
    # A savepoint: the rest of the batch is stored also if these are refused.
    with transaction.atomic():
        return attach_all(draft.attachments, owner=User(pk=draft.sender_id))


def keep_attachments(taken: Mapping[Message, Sequence[Media]]) -> None:
    """Store which messages show which uploads, in their order; nothing is asked for none."""
    if taken:
        Attachment.objects.bulk_create(
            Attachment(message=message, media=media, position=position)
            for message, uploads in taken.items()
            for position, media in enumerate(uploads)
        )


def drop_attachments(message_ids: Collection[int]) -> None:
    """Give up the uploads of messages, in the caller's transaction; files go after its commit."""
    discard(Media.objects.filter(attachment__message__in=message_ids))
    Attachment.objects.filter(message__in=message_ids).delete()


@transaction.atomic
def remove_attachments_of(sender: User) -> None:
    """Take a member's uploads out of all their messages; what says nothing else is emptied.

    Each message takes the next revision of its conversation. What becomes of the
    uploads is the caller's affair.
    """
    at = now()
    messages = Message.objects.filter(sender=sender, has_attachments=True)
    places = messages.order_by("conversation").values_list("conversation", flat=True)
    for conversation_id in list(places.distinct()):
        _remove_in(Conversation.objects.select_for_update().get(pk=conversation_id), sender, at)


def _remove_in(place: Conversation, sender: User, at: datetime) -> None:
    shown = Message.objects.filter(conversation=place, sender=sender, has_attachments=True)
    rows = list(shown.order_by("seq"))
    Attachment.objects.filter(message__in=rows).delete()
    for row in rows:
        place.revision += 1
        row.revision = place.revision
        row.has_attachments = False
        if not row.text:
            row.deleted_at, row.pinned_at = at, None
    Message.objects.bulk_update(rows, ["revision", "has_attachments", "deleted_at", "pinned_at"])
    place.save(update_fields=["revision"])
    topic = ConversationKey.parse(place.key).topic
    states = states_of(Message.objects.filter(pk__in=[row.pk for row in rows]).order_by("revision"))
    publish_on_commit(
        [state.to_update(topic, last_seq=place.last_seq).to_hint() for state in states]
    )
