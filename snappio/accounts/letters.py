"""What accounts write to their members."""

from uuid import UUID

from django.conf import settings
from django.utils.http import urlencode

from snappio.accounts.links import Purpose, seal
from snappio.accounts.models import User
from snappio.accounts.services.mailed_links import make_link
from snappio.core.limits import DAY, HOUR, current_limits
from snappio.mail.letters import Letter, Link, address_of_page, letter

NOT_YOU = "If it was not you, you need not do anything."


@letter("accounts.verify-email")
def verify_email(*, link_id: str, user_id: int) -> Letter | None:
    """Ask the member to open a link; nothing where the address is verified or gone."""
    user = User.objects.filter(pk=user_id, email_verified_at=None).exclude(email="").first()
    if user is None:
        return None
    days = current_limits().verification_lifetime // DAY
    return Letter(
        to=user.email,
        subject=f"Confirm your address for {settings.INSTANCE_NAME}",
        paragraphs=[
            f"Hello {user.username},",
            f"please confirm that this is your e-mail address on {settings.INSTANCE_NAME}.",
        ],
        link=_link(user, "verify-email", link_id, "Confirm the address", "/account/email/"),
        closing=[f"The link works once, within {days} days. {NOT_YOU}"],
    )


@letter("accounts.reset-password")
def reset_password(*, link_id: str, user_id: int | None) -> Letter | None:
    """Send the link that sets a new password; nobody has asked for None."""
    user = User.objects.active().filter(pk=user_id).exclude(email="").first()
    if user is None:
        return None
    hours = current_limits().reset_lifetime // HOUR
    return Letter(
        to=user.email,
        subject=f"A new password for {settings.INSTANCE_NAME}",
        paragraphs=[
            f"Hello {user.username},",
            "somebody, hopefully you, has asked for a new password for your account.",
        ],
        link=_link(user, "reset-password", link_id, "Choose a new password", "/account/password/"),
        closing=[
            f"The link works once, within {hours} h, and signs you out everywhere. {NOT_YOU}",
        ],
    )


def _link(user: User, purpose: Purpose, link_id: str, label: str, page: str) -> Link:
    link = make_link(user, purpose, link_id=UUID(link_id))
    query = urlencode({"token": seal(purpose, link.pk)})
    return Link(label, address_of_page(f"{page}?{query}"))


BREAK_IN = (
    "If it was not you, ask for a new password at once and look at where you are signed in, "
    "or write to those who run the instance."
)
NOTICES = {
    "email": "the e-mail address of your account was changed, and this is not the one any more.",
    "token": "a token was made, by which a program acts in your name.",
    "password": "the password of your account was changed.",
    "totp-on": "signing in to your account now takes a code from an authenticator app.",
    "totp-off": "signing in to your account takes no code from an authenticator app any more.",
}


@letter("accounts.notice")
def notice(*, about: str, to: str, username: str) -> Letter | None:
    """Tell the member of a change that somebody who broke in would make."""
    if not to:
        return None
    return Letter(
        to=to,
        subject=f"Your account on {settings.INSTANCE_NAME}",
        paragraphs=[f"Hello {username},", NOTICES[about]],
        closing=[BREAK_IN],
    )


@letter("accounts.approved")
def approved(*, user_id: int) -> Letter | None:
    """Tell somebody who waited that they are in."""
    user = User.objects.active().filter(pk=user_id).exclude(email="").first()
    if user is None:
        return None
    return Letter(
        to=user.email,
        subject=f"Welcome to {settings.INSTANCE_NAME}",
        paragraphs=[
            f"Hello {user.username},",
            "your account was approved. Sign in with the name and password that you chose.",
        ],
    )


@letter("accounts.refused")
def refused(*, to: str, username: str) -> Letter:
    """Tell somebody who waited that they are not."""
    return Letter(
        to=to,
        subject=f"Your sign-up at {settings.INSTANCE_NAME}",
        paragraphs=[
            f"Hello {username},",
            "your sign-up was not approved, and what you wrote into it is deleted.",
        ],
    )
