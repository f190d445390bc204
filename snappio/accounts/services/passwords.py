"""Looking at passwords, a limited number of times."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from django.contrib.auth.hashers import make_password

from snappio.accounts.errors import OtpNotValid, OtpRequired, SignInFailed, WrongPassword
from snappio.accounts.models import User
from snappio.accounts.names import identity_of
from snappio.accounts.services import second_step
from snappio.core import rates
from snappio.core.limits import current_limits


def member_with_password(username: str, password: str, *, address: str, otp: str = "") -> User:
    """Return the active member who has this password, or raise `SignInFailed`.

    Where the member signs in with codes, ``otp`` is one, which is used up; without it
    `OtpRequired` is raised, and no guess is counted. An unknown name costs the same work
    as a wrong password, so that the time does not tell them apart.
    """
    account = identity_of(username)
    with _guess(account, address):
        user: User | None = User.objects.active().filter(username_identity=account).first()
        if user is None:
            make_password(password)
            raise SignInFailed
        if not user.check_password(password):
            raise SignInFailed
        takes_code = second_step.is_on(user)
        if takes_code and otp and not second_step.use_code(user, otp):
            raise OtpNotValid
    if takes_code and not otp:
        raise OtpRequired
    return user


def require_password(user: User, password: str, *, address: str) -> None:
    """Raise `WrongPassword` unless it is the member's; whoever holds a token may not guess on."""
    with _guess(user.username_identity, address):
        if not user.check_password(password):
            raise WrongPassword(fields={"current_password": [WrongPassword.detail]})


def counted_guess(user: User, *, address: str) -> AbstractContextManager[None]:
    """Count what happens inside as a failure of the member's, if it raises."""
    return _guess(user.username_identity, address)


@contextmanager
def _guess(account: str, address: str) -> Iterator[None]:
    """Count what happens inside as a failure, per account and per address, if it raises.

    The allowance is spent before the password is looked at and given back on
    success, so parallel guesses cannot slip past.
    """
    limits = current_limits()
    allowances = (
        ("sign-in:address", address, limits.sign_in_failures_per_address),
        ("sign-in:account", account, limits.sign_in_failures_per_account),
    )
    for scope, subject, rate in allowances:
        rates.take(scope, subject, rate)
    yield
    for scope, subject, rate in allowances:
        rates.give_back(scope, subject, rate)
