"""JSON of sign-in and sessions."""

from typing import Any

from rest_framework import serializers

from snappio.accounts.models import PersonalToken, Session, SignUp
from snappio.accounts.services.sessions import TokenPair
from snappio.accounts.services.totp import Enrolment, TotpState
from snappio.core.limits import current_limits
from snappio.core.serializers import StrictBooleanField

# A recovery code with some spaces.
OTP_LENGTH = 30


class SignInInput(serializers.Serializer[Any]):
    """Name and password, and a code where the member signs in with codes."""

    # Longer than any name, so that a wrong one is told like every other.
    username = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=current_limits().password_length)
    otp = serializers.CharField(
        max_length=OTP_LENGTH,
        required=False,
        allow_blank=True,
        default="",
        help_text="Where the answer was `otp_required`: a code of the member's authenticator "
        "app, or a recovery code.",
    )


class RefreshInput(serializers.Serializer[Any]):
    """The refresh token to exchange."""

    refresh = serializers.CharField()


class VerifyInput(serializers.Serializer[Any]):
    """A token of either kind."""

    token = serializers.CharField()


class VerifyOutput(serializers.Serializer[Any]):
    """Nothing: the status says it."""


class PasswordInput(serializers.Serializer[Any]):
    """The present password and the one to come."""

    current_password = serializers.CharField(max_length=current_limits().password_length)
    new_password = serializers.CharField(max_length=current_limits().password_length)
    end_tokens = StrictBooleanField(
        required=False, default=False, help_text="Whether tokens for programs end, too."
    )


class MailedLinkInput(serializers.Serializer[Any]):
    """The token of a mailed link."""

    token = serializers.CharField(max_length=100)


class ResetInput(serializers.Serializer[Any]):
    """The address of an account whose password is forgotten."""

    email = serializers.EmailField(max_length=current_limits().email_length)


class ResetConfirmInput(MailedLinkInput):
    """The token of a mailed link, and the password to come."""

    password = serializers.CharField(max_length=current_limits().password_length)


class TotpBeginInput(serializers.Serializer[Any]):
    """The present password."""

    current_password = serializers.CharField(max_length=current_limits().password_length)


class TotpBegunOutput(serializers.Serializer[Enrolment]):
    """What an authenticator app is told: typed, or as a QR code of `uri`."""

    secret = serializers.CharField(help_text="In Base32.")
    uri = serializers.CharField()


class TotpConfirmInput(serializers.Serializer[Any]):
    """A first code of the app."""

    otp = serializers.CharField(max_length=OTP_LENGTH)


class TotpEndInput(TotpConfirmInput, TotpBeginInput):
    """The present password, and a last code of the app or a recovery code."""


class TotpStateOutput(serializers.Serializer[TotpState]):
    """Whether signing in takes a code."""

    enabled = serializers.BooleanField()
    recovery_codes_left = serializers.IntegerField()


class RecoveryCodesOutput(serializers.Serializer[Any]):
    """Codes to write down, each good for one sign-in without the app."""

    recovery_codes = serializers.ListField(child=serializers.CharField())


class TokenPairOutput(serializers.Serializer[TokenPair]):
    """What a client keeps after signing in."""

    access = serializers.CharField()
    refresh = serializers.CharField()


class SessionOutput(serializers.Serializer[Any]):
    """One place where the member is signed in."""

    id = serializers.UUIDField()
    device = serializers.CharField()
    address = serializers.CharField()
    created_at = serializers.DateTimeField()
    last_seen_at = serializers.DateTimeField()
    current = serializers.SerializerMethodField()

    def get_current(self, session: Session) -> bool:
        """Say whether this is the session that asks."""
        return bool(session == self.context["current"])


# What a program's token may be good for; `config/scopes.py` says where each is needed.
SCOPES = ("read", "write", "chat")


class PersonalTokenInput(serializers.Serializer[Any]):
    """What a token for a program is to be good for, and the present password."""

    name = serializers.CharField(max_length=60)
    scopes = serializers.MultipleChoiceField(choices=SCOPES, allow_empty=False)
    expires_in = serializers.IntegerField(
        min_value=60,
        max_value=current_limits().personal_token_lifetime,
        required=False,
        default=current_limits().personal_token_lifetime,
        help_text="In seconds.",
    )
    current_password = serializers.CharField(max_length=current_limits().password_length)


class PersonalTokenOutput(serializers.Serializer[Any]):
    """A token that a member made for a program."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    scopes = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(source="session.created_at")
    last_seen_at = serializers.DateTimeField(source="session.last_seen_at")
    expires_at = serializers.DateTimeField(source="session.expires_at")

    def get_scopes(self, token: PersonalToken) -> list[str]:
        """Return what it is good for."""
        return token.session.scopes.split(",")


class NewPersonalTokenOutput(PersonalTokenOutput):
    """A new token; what it reads is shown this once."""

    token = serializers.CharField()


class InvitationInput(serializers.Serializer[Any]):
    """How often and how long a code works."""

    max_uses = serializers.IntegerField(
        min_value=1, max_value=current_limits().invitation_uses, required=False, default=1
    )
    expires_in = serializers.IntegerField(
        min_value=60,
        max_value=current_limits().invitation_lifetime_max,
        required=False,
        default=current_limits().invitation_lifetime,
        help_text="In seconds.",
    )


class InvitationOutput(serializers.Serializer[Any]):
    """A code by which people join."""

    code = serializers.CharField()
    max_uses = serializers.IntegerField()
    uses = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)


class SignUpOutput(serializers.Serializer[Any]):
    """Somebody who waits to be let in."""

    id = serializers.IntegerField(source="user_id")
    username = serializers.CharField(source="user.username")
    name = serializers.CharField(source="user.name")
    email = serializers.CharField(source="user.email")
    email_verified = serializers.SerializerMethodField()
    reason = serializers.CharField()
    created_at = serializers.DateTimeField()

    def get_email_verified(self, sign_up: SignUp) -> bool:
        """Say whether the address is theirs."""
        return sign_up.user.email_verified_at is not None
