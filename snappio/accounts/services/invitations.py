"""Codes by which people join."""

from datetime import timedelta

from django.db.models import F

from snappio.accounts.errors import InvitationNotFound, InvitationNotValid
from snappio.accounts.models import Invitation, User
from snappio.core import rates
from snappio.core.clock import now
from snappio.core.limits import current_limits


def make_invitation(*, by: User, max_uses: int = 1, expires_in: int | None = None) -> Invitation:
    """Make a code that works ``max_uses`` times for ``expires_in`` seconds, a week unless given."""
    limits = current_limits()
    rates.take("invitations", str(by.pk), limits.invitations_made)
    seconds = limits.invitation_lifetime if expires_in is None else expires_in
    expires_at = now() + timedelta(seconds=seconds)
    return Invitation.objects.create(made_by=by, max_uses=max_uses, expires_at=expires_at)


def end_invitation(code: str, *, owner: User) -> None:
    """Let nobody else in by one of the owner's codes; who came by it stays.

    Raises `InvitationNotFound`.
    """
    invitation = Invitation.objects.filter(code=code, made_by=owner).first()
    if invitation is None:
        raise InvitationNotFound
    end(invitation)


def end(invitation: Invitation) -> None:
    """Let nobody else in by this code; nothing if it was ended before."""
    Invitation.objects.filter(pk=invitation.pk, ended_at=None).update(ended_at=now())


def use_invitation(code: str) -> Invitation:
    """Count one use of the code, in the caller's transaction, or raise `InvitationNotValid`.

    Of two who come by the last use at once one gets in: the other's UPDATE finds none left.
    """
    # Not by a code of who has left, or was shown the door.
    invitation = Invitation.objects.filter(code=code, made_by__is_active=True).first()
    # Of its own columns alone: who waited for the other's UPDATE looks at those again,
    # and at nothing that was joined.
    usable = Invitation.objects.filter(ended_at=None, expires_at__gt=now(), uses__lt=F("max_uses"))
    if invitation is None or not usable.filter(pk=invitation.pk).update(uses=F("uses") + 1):
        raise InvitationNotValid
    return invitation
