"""Who waits to be let in, and the staff's decision."""

from django.db import transaction

from snappio.accounts.errors import SignUpNotFound
from snappio.accounts.models import SignUp, UsedName, User
from snappio.core.clock import now
from snappio.core.pagination import LARGEST_ID
from snappio.mail.outgoing import send_letter


@transaction.atomic
def approve(member_id: int, *, by: User) -> None:
    """Let somebody in who waits, and tell them by mail; raises `SignUpNotFound`.

    Of two decisions at once the second finds nobody waiting.
    """
    sign_up = _locked(member_id)
    sign_up.approved_at, sign_up.approved_by = now(), by
    sign_up.save(update_fields=["approved_at", "approved_by"])
    User.objects.filter(pk=member_id, deleted_at=None).update(is_active=True)
    send_letter("accounts.approved", user_id=member_id)


@transaction.atomic
def refuse(member_id: int) -> None:
    """Turn somebody away who waits, and tell them by mail; raises `SignUpNotFound`.

    Unlike a member's, the row goes: nobody has seen it, and the name is free again.
    """
    user = _locked(member_id).user
    if user.email:
        send_letter("accounts.refused", to=user.email, username=user.username)
    UsedName.objects.filter(user=user).delete()
    user.delete()


def _locked(member_id: int) -> SignUp:
    # Databases know no larger ones.
    if member_id > LARGEST_ID:
        raise SignUpNotFound
    waiting = SignUp.objects.waiting().select_for_update(of=("self",)).select_related("user")
    sign_up = waiting.filter(pk=member_id).first()
    if sign_up is None:
        raise SignUpNotFound
    return sign_up
