"""How accounts may refuse.

NotAuthenticated
├── SignInFailed        unknown name or wrong password: never said which
│   └── OtpNotValid     the password is right, the code beside it is not
├── OtpRequired         the password is right, and a code is asked for
├── TokenNotValid       not ours, expired, ended, or of the wrong kind
│   └── TokenOver       it was good until its time was over
├── BadAuthorization    an `Authorization` header that is no bearer token
└── MemberNotFound      a good token of somebody who is gone
Forbidden
├── EmailNotVerified    the instance wants a verified address first
├── ScopeNotSufficient  a program's token is not good for this
├── RegistrationClosed  nobody may join
└── AddressBlocked      nobody may join from there
InvalidInput
├── WrongPassword       the present password, asked again before a change
├── OtpWrong            a code, asked for before a change, that is none
├── InvitationNotValid  a code that is none, is over, or used up
├── LinkNotValid        a mailed link that is not ours, used, or over
└── (fields)            what sign-up and profile say field by field
Conflict
├── TooManyTokens       as many tokens for programs as one may have
├── TotpAlreadyOn       codes are asked for already
└── TotpNotBegun        there is no authenticator to confirm or to turn off
NotFound
├── SessionNotFound     no such session, or somebody else's
├── PersonalTokenNotFound
├── InvitationNotFound  no such code, or somebody else's
├── SignUpNotFound      nobody of this id waits
└── UnknownMember       no such member, or disabled, or gone
"""

from collections.abc import Collection

from snappio.core.errors import Conflict, Forbidden, InvalidInput, NotAuthenticated, NotFound


class SignInFailed(NotAuthenticated):
    """The name or the password is wrong; both look alike."""

    code = "no_active_account"
    detail = "No active account found with the given credentials"


class OtpNotValid(SignInFailed):
    """The code is wrong, or was used."""

    code = "otp_not_valid"
    detail = "The code is not valid."


class OtpRequired(NotAuthenticated):
    """A code is asked for beside the password."""

    code = "otp_required"
    detail = "A code from your authenticator app is needed."


class TokenNotValid(NotAuthenticated):
    """The token is not ours, over, or of the wrong kind."""

    code = "token_not_valid"
    detail = "Token is invalid or expired"


class TokenOver(TokenNotValid):
    """The same to those who ask over HTTP; sockets tell them apart."""


class BadAuthorization(NotAuthenticated):
    """The header does not read `Bearer <token>`."""

    code = "bad_authorization_header"
    detail = "Authorization header must contain two space-delimited values"


class MemberNotFound(NotAuthenticated):
    """The token is good, its member is not there any more."""

    code = "user_not_found"
    detail = "User not found"


class EmailNotVerified(Forbidden):
    """This instance lets only members with a verified address take part."""

    code = "email_not_verified"
    detail = "Verify your e-mail address first: open the link that was mailed to you."


class ScopeNotSufficient(Forbidden):
    """The token was made for something else."""

    code = "scope_not_sufficient"
    detail = "This token is not good for that."

    def __init__(self, needed: Collection[str]) -> None:
        words = " or ".join(sorted(needed)) or "nothing"
        super().__init__(f"{self.detail} It would need the scope: {words}.")


class RegistrationClosed(Forbidden):
    """Nobody may join this instance."""

    code = "registration_closed"
    detail = "This instance takes no new members."


class AddressBlocked(Forbidden):
    """Nobody may join from this network."""

    code = "address_blocked"
    detail = "Nobody may join from this address."


class InvitationNotValid(InvalidInput):
    """The code is none, is over, or was used as often as it may be."""

    code = "invitation_not_valid"
    detail = "This invitation is not valid."

    def __init__(self) -> None:
        super().__init__(fields={"invite": [self.detail]})


class LinkNotValid(InvalidInput):
    """A mailed link that is not ours, was used, or is over; they look alike."""

    code = "link_not_valid"
    detail = "This link is not valid any more. Ask for a new one."


class OtpWrong(InvalidInput):
    """The code that a change asks for is wrong, or was used."""

    code = OtpNotValid.code
    detail = OtpNotValid.detail

    def __init__(self) -> None:
        super().__init__(fields={"otp": [self.detail]})


class TooManyTokens(Conflict):
    """The member has as many tokens for programs as anybody may."""

    code = "too_many_tokens"
    detail = "You have as many tokens as you may; end one first."


class TotpAlreadyOn(Conflict):
    """Codes are asked for already; turn them off first."""

    code = "totp_already_on"
    detail = "Codes are already asked for; turn them off first."


class TotpNotBegun(Conflict):
    """There is no authenticator that this could be about."""

    code = "totp_not_begun"
    detail = "There is no authenticator to confirm or to turn off."


class WrongPassword(InvalidInput):
    """The present password does not match."""

    code = "wrong_password"
    detail = "The present password is not correct."


class SessionNotFound(NotFound):
    """No such session, or somebody else's."""

    code = "session_not_found"


class UnknownMember(NotFound):
    """Nobody of this name can be seen."""

    code = "member_not_found"
    detail = "No User matches the given query."


class InvitationNotFound(NotFound):
    """No such code, or somebody else's."""

    code = "invitation_not_found"


class SignUpNotFound(NotFound):
    """Nobody of this id waits."""

    code = "sign_up_not_found"


class PersonalTokenNotFound(NotFound):
    """No such token, or somebody else's, or one that is over."""

    code = "token_not_found"
