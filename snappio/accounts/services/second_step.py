"""The code that is asked for beside the password."""

from snappio.accounts import otp
from snappio.accounts.models import RecoveryCode, Totp, User
from snappio.core.clock import now


def is_on(member: User) -> bool:
    """Say whether the member signs in with a code, too."""
    return Totp.objects.confirmed().filter(user=member).exists()


def use_code(member: User, code: str) -> bool:
    """Use a code of the member's app or paper up; return False if it is none, or was used."""
    given = otp.normalised(code)
    return _use_recovery_code(member, given) or _use_app_code(member, given)


def _use_recovery_code(member: User, code: str) -> bool:
    unused = RecoveryCode.objects.filter(user=member, used_at=None)
    return bool(unused.filter(digest=otp.digest_of(code, user_id=member.pk)).update(used_at=now()))


def _use_app_code(member: User, code: str) -> bool:
    totp = Totp.objects.confirmed().filter(user=member).first()
    step = None if totp is None else step_matching(totp, code)
    if step is None:
        return False
    # Of two who show one code at the same moment one changes the row.
    earlier = Totp.objects.filter(user=member, last_step__lt=step)
    return bool(earlier.update(last_step=step))


def step_matching(totp: Totp, code: str) -> int | None:
    """Return the half minute of a normalised code of this app's, or None."""
    secret = otp.decrypted(bytes(totp.secret), user_id=totp.user_id)
    return None if secret is None else otp.step_of(secret, code, at=now())
