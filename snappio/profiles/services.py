"""What touches a member in every app at once."""

from django.db import transaction

from snappio.accounts.models import User
from snappio.accounts.services.members import close_account
from snappio.chat.services.attachments import remove_attachments_of
from snappio.chat.services.departures import leave_all, lock_conversations_of
from snappio.chat.services.scheduled import discard_scheduled_of
from snappio.media.services import discard_all_of
from snappio.posts.services import delete_posts_of


@transaction.atomic
def delete_member(user: User) -> None:
    """Delete what the member made and close the account: all of it or nothing.

    Messages stay, as from a deleted member: others hold them too. What was uploaded
    for them goes. Tokens and
    open sockets are dead with the commit.
    """
    lock_conversations_of(user)
    # Before the rest, since it locks the member: nothing new can be made meanwhile.
    close_account(user)

    leave_all(User.objects.get(pk=user.pk))
    delete_posts_of(author=user)
    discard_scheduled_of(user)
    remove_attachments_of(user)
    discard_all_of(owner=user)
