"""Joining, changing and leaving."""

from dataclasses import dataclass

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from snappio.accounts import blocks, names
from snappio.accounts.errors import UnknownMember
from snappio.accounts.models import (
    EmailDomainBlock,
    PersonalToken,
    Session,
    SignUp,
    Totp,
    UsedName,
    User,
)
from snappio.accounts.services import admission
from snappio.accounts.services.emails import request_verification
from snappio.accounts.services.mailed_links import void_links
from snappio.accounts.services.passwords import require_password
from snappio.accounts.services.sessions import end_program_sessions, end_sessions, end_sign_ins
from snappio.core import rates
from snappio.core.clock import now
from snappio.core.errors import InvalidInput, NotAuthenticated
from snappio.core.limits import current_limits
from snappio.mail.outgoing import send_letter

USERNAME_TAKEN = "user with this username already exists."
EMAIL_TAKEN = "user with this email address already exists."
EMAIL_REFUSED = "Addresses of this provider are not accepted."
USERNAME_INVALID = (
    "Enter a valid username. This value may contain only letters, "
    "numbers, and @/./+/-/_ characters."
)
USERNAME_RESERVED = "This username is reserved."


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChanges:
    """What a member writes about themselves; None leaves a thing as it is."""

    username: str | None = None
    email: str | None = None
    name: str | None = None
    password: str | None = None


def sign_up(
    *,
    username: str,
    email: str,
    name: str,
    password: str,
    address: str,
    invite: str = "",
    reason: str = "",
) -> User:
    """Make a member, or raise `InvalidInput` that says field by field what is wrong.

    As `REGISTRATION` has it, the member needs an ``invite``, or waits inactive for the
    staff, who read the ``reason``. Raises `RegistrationClosed` or `AddressBlocked`, too.
    """
    admission.require_open_to(address)
    rates.take("sign-up", address, current_limits().sign_ups_per_address)
    user = User()
    changes = MemberChanges(username=username, email=email, name=name, password=password)
    with transaction.atomic():
        _apply(user, changes)
        admission.admit(user, invite=invite)
        _save_unique(user)
        admission.wait_for_approval(user, reason=reason)
        request_verification(user)
    return user


def change_member(user: User, changes: MemberChanges, *, session: Session) -> User:
    """Apply the changes; a new password ends all other sessions."""
    with transaction.atomic():
        member = _locked(user)
        old_email = member.email
        changed = _apply(member, changes)
        if changed:
            _save_unique(member, update_fields=changed)
        if member.email != old_email:
            _follow_up_new_email(member, old_email)
        if changes.password is not None:
            _follow_up_new_password(member)
            end_sign_ins(member, but=session)
    return member


def _follow_up_new_email(member: User, old_email: str) -> None:
    void_links(member)
    request_verification(member)
    # Whoever reads the old address hears of it, in case it was not the member.
    send_letter("accounts.notice", about="email", to=old_email, username=member.username)


def _follow_up_new_password(member: User) -> None:
    void_links(member)
    send_letter("accounts.notice", about="password", to=member.email, username=member.username)


def change_password(
    session: Session, *, present: str, new: str, address: str, end_tokens: bool = False
) -> None:
    """Set a new password if the present one is right; the member's other sign-ins end.

    With ``end_tokens`` the member's tokens for programs end, too.
    """
    member = session.user
    require_password(member, present, address=address)
    with transaction.atomic():
        # Somebody else may have changed it since the look above.
        if _locked(member).password != member.password:
            raise NotAuthenticated
        if complaints := _complaints_about(new, member):
            raise InvalidInput(fields={"new_password": complaints})
        change_member(member, MemberChanges(password=new), session=session)
        if end_tokens:
            end_program_sessions(member)


def set_password(user: User, password: str) -> None:
    """Set a password on the member's behalf; all sessions end."""
    with transaction.atomic():
        member = _locked_by_staff(user)
        _save_unique(member, update_fields=_apply(member, MemberChanges(password=password)))
        _follow_up_new_password(member)
        end_sessions(member)


def disable_member(user: User) -> None:
    """Shut the member out: no sign-in, no session, no socket, invisible to others."""
    with transaction.atomic():
        member = _locked_by_staff(user)
        end_sessions(member)
        member.is_active = False
        member.save(update_fields=["is_active"])


def enable_member(user: User) -> None:
    """Let a disabled member in again; one who left stays away."""
    # Who waits to be let in is decided about elsewhere, and told.
    waiting = SignUp.objects.waiting().values("pk")
    kept_out = User.objects.filter(pk=user.pk, deleted_at__isnull=True).exclude(pk__in=waiting)
    kept_out.update(is_active=True)


def close_account(user: User) -> None:
    """Empty the member's row and end all sessions.

    The identity of the name stays, so that nobody else can take it. What the
    member made is the business of the apps that hold it.
    """
    with transaction.atomic():
        member = _locked(user)
        end_sessions(member)
        # Kept, so that its tokens are told "User not found"; where the person was is not.
        member.sessions.update(device="", address="")
        PersonalToken.objects.filter(session__user=member).delete()
        member.mailed_links.all().delete()
        Totp.objects.filter(user=member).delete()
        member.recovery_codes.all().delete()
        SignUp.objects.filter(user=member).update(reason="")
        member.groups.clear()
        member.user_permissions.clear()
        member.deleted_at = now()
        member.is_active = member.is_staff = member.is_superuser = False
        member.name = member.email = member.bio = ""
        member.links = []
        member.email_identity = member.email_verified_at = member.last_login = None
        member.set_unusable_password()
        member.save()


def _locked(user: User) -> User:
    member: User | None = User.objects.active().locked().filter(pk=user.pk).first()
    if member is None:
        raise NotAuthenticated
    return member


def _locked_by_staff(user: User) -> User:
    # Unlike the member's own deeds these work on who is disabled, too.
    member: User | None = User.objects.locked().filter(pk=user.pk, deleted_at__isnull=True).first()
    if member is None:
        raise UnknownMember
    return member


def _apply(user: User, changes: MemberChanges) -> list[str]:
    # All complaints at once, as people see a form.
    errors: dict[str, list[str]] = {}
    changed: list[str] = []
    if changes.name is not None:
        user.name = changes.name
        changed.append("name")
    if changes.username is not None:
        changed += _apply_username(user, changes.username, errors)
    if changes.email is not None:
        changed += _apply_email(user, changes.email, errors)
    if changes.password is not None:
        changed += _apply_password(user, changes.password, errors)
    if errors:
        raise InvalidInput(fields=errors)
    return changed


def _apply_username(user: User, given: str, errors: dict[str, list[str]]) -> list[str]:
    username = names.normalise_username(given)
    identity = names.identity_of(username)
    if not names.is_well_formed(username):
        errors["username"] = [USERNAME_INVALID]
    elif names.is_reserved(username) and identity != user.username_identity:
        errors["username"] = [USERNAME_RESERVED]
    elif _is_name_taken(user, identity):
        errors["username"] = [USERNAME_TAKEN]
    user.username, user.username_identity = username, identity
    return ["username", "username_identity"]


def _apply_email(user: User, email: str, errors: dict[str, list[str]]) -> list[str]:
    identity = names.identity_of_email(email)
    if _is_email_taken(user, identity):
        errors["email"] = [EMAIL_TAKEN]
    elif email != user.email and _is_domain_blocked(email):
        errors["email"] = [EMAIL_REFUSED]
    if email != user.email:
        user.email_verified_at = None
    user.email, user.email_identity = email, identity
    return ["email", "email_identity", "email_verified_at"]


def _is_domain_blocked(email: str) -> bool:
    return EmailDomainBlock.objects.filter(domain__in=blocks.domains_of(email)).exists()


def _is_name_taken(user: User, identity: str) -> bool:
    return UsedName.objects.exclude(user_id=user.pk).filter(pk=identity).exists()


def _is_email_taken(user: User, identity: str | None) -> bool:
    return (
        bool(identity) and User.objects.exclude(pk=user.pk).filter(email_identity=identity).exists()
    )


def _apply_password(user: User, password: str, errors: dict[str, list[str]]) -> list[str]:
    if complaints := _complaints_about(password, user):
        errors["password"] = complaints
    # Hashing is dear: not for a form that fails anyway.
    if not errors:
        user.set_password(password)
    return ["password"]


def _complaints_about(password: str, user: User) -> list[str]:
    try:
        validate_password(password, user)
    except ValidationError as error:
        return list(error.messages)
    return []


def _save_unique(user: User, *, update_fields: list[str] | None = None) -> None:
    # Two who ask for one name at the same moment both pass the check above; the
    # constraint lets one through.
    try:
        with transaction.atomic():
            user.save(update_fields=update_fields)
            _hold_name(user)
    except IntegrityError:
        if _is_email_taken(user, user.email_identity):
            raise InvalidInput(fields={"email": [EMAIL_TAKEN]}) from None
        raise InvalidInput(fields={"username": [USERNAME_TAKEN]}) from None


def _hold_name(user: User) -> None:
    held, _ = UsedName.objects.get_or_create(
        identity=user.username_identity, defaults={"user": user}
    )
    if held.user_id != user.pk:
        raise IntegrityError("username")
