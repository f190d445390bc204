"""Turning the second step of the sign-in on and off."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from snappio.accounts import otp
from snappio.accounts.errors import OtpWrong, TotpAlreadyOn, TotpNotBegun
from snappio.accounts.models import RecoveryCode, Totp, User
from snappio.accounts.services import second_step
from snappio.accounts.services.passwords import counted_guess, require_password
from snappio.core.clock import now
from snappio.mail.outgoing import send_letter


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app is told: ``secret`` in Base32, or all of it as ``uri``."""

    secret: str
    uri: str


@dataclass(frozen=True, slots=True)
class TotpState:
    """Whether codes are asked for, and how many recovery codes are unused."""

    enabled: bool
    recovery_codes_left: int


def state_of(member: User) -> TotpState:
    """Return how the member signs in. Two queries."""
    left = RecoveryCode.objects.filter(user=member, used_at=None).count()
    return TotpState(second_step.is_on(member), left)


def begin(member: User, *, password: str, address: str) -> Enrolment:
    """Give a secret to put into an app; nothing is asked for until `confirm`.

    Whoever holds a token only must not be able to shut the member out, hence the password.
    """
    require_password(member, password, address=address)
    secret = otp.new_secret()
    with transaction.atomic():
        _lock(member)
        if second_step.is_on(member):
            raise TotpAlreadyOn
        kept = {"secret": otp.encrypted(secret, user_id=member.pk), "last_step": 0}
        Totp.objects.update_or_create(user=member, defaults=kept)
    uri = otp.uri_of(secret, username=member.username, issuer=settings.INSTANCE_NAME)
    return Enrolment(otp.base32(secret), uri)


def confirm(member: User, *, code: str, address: str) -> Sequence[str]:
    """Turn codes on by a first one, and return the recovery codes: nobody can see them again."""
    codes = otp.new_recovery_codes()
    with counted_guess(member, address=address), transaction.atomic():
        _lock(member)
        totp = Totp.objects.filter(user=member, confirmed_at=None).first()
        if totp is None:
            raise TotpNotBegun
        step = second_step.step_matching(totp, otp.normalised(code))
        if step is None:
            raise OtpWrong
        totp.confirmed_at, totp.last_step = now(), step
        totp.save(update_fields=["confirmed_at", "last_step"])
        RecoveryCode.objects.filter(user=member).delete()
        RecoveryCode.objects.bulk_create(
            RecoveryCode(user=member, digest=otp.digest_of(each, user_id=member.pk))
            for each in codes
        )
        _notify(member, "totp-on")
    return codes


def turn_off(member: User, *, password: str, code: str, address: str) -> None:
    """Ask for no more codes, given the password and a last code."""
    require_password(member, password, address=address)
    with counted_guess(member, address=address), transaction.atomic():
        _lock(member)
        if not second_step.is_on(member):
            raise TotpNotBegun
        if not second_step.use_code(member, code):
            raise OtpWrong
        remove(member)


@transaction.atomic
def remove(member: User) -> None:
    """Take the second step away, on behalf of a member who has lost app and paper."""
    Totp.objects.filter(user=member).delete()
    RecoveryCode.objects.filter(user=member).delete()
    _notify(member, "totp-off")


def _notify(member: User, about: str) -> None:
    send_letter("accounts.notice", about=about, to=member.email, username=member.username)


def _lock(member: User) -> None:
    User.objects.locked().get(pk=member.pk)
