"""Links in letters: made once, used once."""

from datetime import timedelta
from uuid import UUID

from django.db.models import QuerySet

from snappio.accounts import links
from snappio.accounts.errors import LinkNotValid
from snappio.accounts.links import Purpose
from snappio.accounts.models import MailedLink, User
from snappio.core.clock import now
from snappio.core.limits import current_limits


def make_link(user: User, purpose: Purpose, *, link_id: UUID) -> MailedLink:
    """Return the link of this id to the member's present address, made now or by an earlier try."""
    lifetimes: dict[Purpose, int] = {
        "verify-email": current_limits().verification_lifetime,
        "reset-password": current_limits().reset_lifetime,
    }
    at = now()
    made, _ = MailedLink.objects.get_or_create(
        pk=link_id,
        defaults={
            "user": user,
            "purpose": purpose,
            "email": user.email,
            "created_at": at,
            "expires_at": at + timedelta(seconds=lifetimes[purpose]),
        },
    )
    return made


def open_link(token: str, purpose: Purpose) -> MailedLink:
    """Return the link, with its member, that the token opens, or raise `LinkNotValid`."""
    found = (
        MailedLink.objects.select_related("user")
        .filter(pk=links.unseal(purpose, token), used_at=None, expires_at__gt=now())
        .first()
    )
    # Mailed to an address that the member has given up since: whoever reads there is not meant.
    if found is None or found.purpose != purpose or found.email != found.user.email:
        raise LinkNotValid
    return found


def use_link(token: str, purpose: Purpose) -> User:
    """Use the link up and return its member, locked; runs in the caller's transaction.

    Of two who open it at once, one gets in.
    """
    link = open_link(token, purpose)
    member: User | None = (
        User.objects.locked().filter(pk=link.user_id, email=link.email, deleted_at=None).first()
    )
    if member is None or not _open_links(member).filter(pk=link.pk).update(used_at=now()):
        raise LinkNotValid
    return member


def void_links(member: User) -> None:
    """Close the member's links: their address or password is another now."""
    _open_links(member).update(used_at=now())


def _open_links(member: User) -> QuerySet[MailedLink]:
    return MailedLink.objects.filter(user=member, used_at=None)


def delete_expired_links() -> None:
    """Delete links that are over."""
    MailedLink.objects.filter(expires_at__lt=now()).delete()
