"""A forgotten password, set anew by a mailed link."""

from uuid import uuid4

from django.db import transaction

from snappio.accounts.errors import LinkNotValid
from snappio.accounts.models import User
from snappio.accounts.names import identity_of_email
from snappio.accounts.services import members
from snappio.accounts.services.emails import mark_verified
from snappio.accounts.services.mailed_links import open_link, use_link
from snappio.core import rates
from snappio.core.limits import current_limits
from snappio.mail.outgoing import send_letter


def request_reset(*, email: str, address: str) -> None:
    """Have a link mailed to the member with this e-mail address, if there is one.

    Nobody is told whether there is: the same is written and takes as long, and the
    link itself is made by the job.
    """
    limits, mailbox = current_limits(), identity_of_email(email)
    rates.take("reset:address", address, limits.resets_per_address)
    rates.take("reset:email", mailbox, limits.resets_per_email)
    user = User.objects.active().filter(email_identity=mailbox).first()
    user_id = None if user is None else user.pk
    send_letter("accounts.reset-password", link_id=str(uuid4()), user_id=user_id)


def require_open(token: str) -> None:
    """Raise `LinkNotValid` unless the token would set a password now."""
    if not open_link(token, "reset-password").user.is_active:
        raise LinkNotValid


@transaction.atomic
def reset_password(*, token: str, password: str) -> None:
    """Set a new password by a mailed link, which is used up; all of the member's sessions end.

    Raises `LinkNotValid`, or `InvalidInput` for a weak password, which leaves the link as it was.
    """
    member = use_link(token, "reset-password")
    if not member.is_active:
        raise LinkNotValid
    members.set_password(member, password)
    # The letter was read.
    mark_verified(member)
