"""What touches a member in every app at once."""

from typing import IO

from django.db import transaction

from snappio.accounts.models import Session, User
from snappio.accounts.services.descriptions import Description, describe_member
from snappio.accounts.services.members import MemberChanges, change_member, close_account
from snappio.chat.services.attachments import remove_attachments_of
from snappio.chat.services.departures import leave_all, lock_conversations_of
from snappio.chat.services.partings import lock_private_chat, tell_parting
from snappio.chat.services.scheduled import discard_scheduled_of
from snappio.feeds.services import forget_member
from snappio.media.models import ProfileImage
from snappio.media.services import discard_all_of, show_on_profile, store_image
from snappio.posts.services.deletion import delete_posts_of
from snappio.relationships.errors import NotYourself
from snappio.relationships.queries import get_known_member
from snappio.relationships.services.blocks import block, unblock
from snappio.relationships.services.departures import end_all_of
from snappio.relationships.services.follows import accept_all_requests


@transaction.atomic
def change_profile(
    user: User, changes: MemberChanges, description: Description, *, session: Session
) -> User:
    """Apply the changes, all or none; who becomes public lets all follow who wait.

    A new password ends all other sessions. Raises `InvalidInput` by field.
    """
    member = change_member(user, changes, session=session)
    describe_member(member, description)
    if description.is_private is False:
        accept_all_requests(member)
    changed: User = User.objects.get(pk=member.pk)
    return changed


def show_picture(*, owner: User, kind: ProfileImage.Kind, upload: IO[bytes]) -> None:
    """Make an upload the member's avatar or banner; the one before goes, with its files.

    Raises what `media.services.store_image` does. If it then does not come about, the
    collector takes the unused upload.
    """
    show_on_profile(store_image(owner=owner, file=upload), owner=owner, kind=kind)


@transaction.atomic
def block_member(*, blocker: User, username: str) -> None:
    """Block a member everywhere; one who is blocked stays so.

    Raises `UnknownMember` also for who blocks the blocker, and `NotYourself`.
    """
    blocked = get_known_member(username, viewer=blocker)
    if blocked.pk == blocker.pk:
        raise NotYourself
    # Conversations are locked before members, as everywhere.
    chat = lock_private_chat(blocker, blocked)
    if block(blocker=blocker, blocked=blocked):
        tell_parting(blocker, blocked, chat)


def unblock_member(*, blocker: User, username: str) -> None:
    """Block a member no more; one who is not blocked stays so.

    Raises as `block_member` does.
    """
    unblock(blocker=blocker, blocked=get_known_member(username, viewer=blocker))


@transaction.atomic
def delete_member(user: User) -> None:
    """Delete what the member made and close the account: all of it or nothing.

    Messages stay, as from a deleted member: others hold them too. What was uploaded for
    them goes. Tokens and open sockets are dead with the commit.
    """
    lock_conversations_of(user)
    # Before the rest, since it locks the member: nothing new can be made meanwhile.
    close_account(user)

    leave_all(User.objects.get(pk=user.pk))
    end_all_of(user)
    delete_posts_of(author=user)
    forget_member(user)
    discard_scheduled_of(user)
    remove_attachments_of(user)
    discard_all_of(owner=user)
