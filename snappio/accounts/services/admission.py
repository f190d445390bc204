"""Who may join, and by which way (`REGISTRATION`)."""

from django.conf import settings

from snappio.accounts import blocks
from snappio.accounts.errors import AddressBlocked, RegistrationClosed
from snappio.accounts.models import AddressBlock, SignUp, User
from snappio.accounts.services.invitations import use_invitation

OPEN, APPROVAL, INVITATION, CLOSED = "open", "approval", "invitation", "closed"


def require_open_to(address: str) -> None:
    """Raise where nobody may join, or nobody from this address."""
    if settings.REGISTRATION == CLOSED:
        raise RegistrationClosed
    if AddressBlock.objects.filter(network__in=blocks.networks_of(address)).exists():
        raise AddressBlocked


def admit(user: User, *, invite: str) -> None:
    """Let somebody who is about to be saved in, as the instance has it, or raise."""
    if settings.REGISTRATION == INVITATION:
        user.invitation = use_invitation(invite)
    # Who waits is like who is disabled: no sign-in, and nobody sees them.
    user.is_active = settings.REGISTRATION != APPROVAL


def wait_for_approval(user: User, *, reason: str) -> None:
    """Put a saved member who waits before the staff."""
    if settings.REGISTRATION == APPROVAL:
        SignUp.objects.create(user=user, reason=reason)
