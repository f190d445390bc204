"""Whether an address is the member's."""

from uuid import uuid4

from django.db import transaction

from snappio.accounts.models import User
from snappio.accounts.services.mailed_links import use_link
from snappio.core import rates
from snappio.core.clock import now
from snappio.core.limits import current_limits
from snappio.mail.outgoing import send_letter


def request_verification(member: User) -> None:
    """Mail the member a link that verifies the present address; in the caller's transaction."""
    send_letter("accounts.verify-email", link_id=str(uuid4()), user_id=member.pk)


def resend_verification(member: User) -> None:
    """Mail the link again, a few times an hour; nothing for an address that is verified."""
    if member.email_verified_at is None and member.email:
        limits = current_limits()
        rates.take("verification", str(member.pk), limits.verification_mails_per_account)
        request_verification(member)


@transaction.atomic
def verify_email(token: str) -> None:
    """Verify the address that a link was mailed to, or raise `LinkNotValid`."""
    mark_verified(use_link(token, "verify-email"))


def mark_verified(member: User) -> None:
    """Note that the locked member reads what is mailed to the address."""
    if member.email_verified_at is None:
        member.email_verified_at = now()
        member.save(update_fields=["email_verified_at"])
