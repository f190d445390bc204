"""Members and their sign-ins."""

import uuid
from datetime import datetime
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models, transaction
from django.db.models import Q

from snappio.accounts.names import identity_of, identity_of_email, normalise_username
from snappio.core.clock import now
from snappio.core.ids import secret_name


class UserQuerySet(models.QuerySet["User"]):
    """Words for members."""

    def active(self) -> "UserQuerySet":
        """Keep those who may sign in and be seen: neither disabled nor deleted."""
        return self.filter(is_active=True)

    def locked(self) -> "UserQuerySet":
        """Lock the rows until the transaction ends; rows that refer to them may still be added."""
        return self.select_for_update(of=("self",), no_key=True)

    def named(self, username: str) -> "UserQuerySet":
        """Keep the one who writes the name exactly so; letter case counts in addresses."""
        return self.filter(username=username)


class UserManager(BaseUserManager["User"].from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Makes members outside sign-up: the first staff member, test data."""

    @transaction.atomic
    def create_user(
        self, username: str, email: str, password: str | None = None, **more: object
    ) -> "User":
        """Make a member; no rule but the database's is applied, and the e-mail may be empty."""
        user = User(
            username=normalise_username(username),
            username_identity=identity_of(username),
            email=email,
            email_identity=identity_of_email(email) or None,
            **{"name": username, **more},
        )
        user.set_password(password)
        user.save(using=self._db)
        UsedName.objects.create(identity=user.username_identity, user=user)
        return user

    def create_superuser(
        self, username: str, email: str, password: str | None = None, **more: object
    ) -> "User":
        """Make a staff member who may do everything in the admin."""
        return self.create_user(
            username, email, password, **{"is_staff": True, "is_superuser": True, **more}
        )


class User(AbstractBaseUser, PermissionsMixin):
    """A member.

    The row of a deleted member stays, emptied of everything but the name:
    messages keep a sender, and nobody else can ever take the name.
    """

    username = models.CharField(max_length=50, unique=True)
    # The same for all spellings of a name; longer, since folding may lengthen it.
    username_identity = models.CharField(max_length=200, unique=True)
    name = models.CharField(max_length=60)
    email = models.CharField(max_length=254)
    # Null once deleted (empty would not be unique), so that the address may sign up again.
    email_identity = models.CharField(max_length=600, unique=True, null=True)  # noqa: DJ001

    # What the member says of themselves.
    bio = models.TextField(blank=True)
    # [{"label", "url"}], https alone.
    links = models.JSONField(default=list, blank=True)
    # Who wants to follow has to ask, and only followers see what is posted.
    is_private = models.BooleanField(default=False)
    # Whether one is among those whom strangers come across without asking for the name.
    is_discoverable = models.BooleanField(default=True)

    # When the member opened the link mailed to the present address.
    email_verified_at = models.DateTimeField(null=True, blank=True)

    # By which code the member has come, where one was needed.
    invitation = models.ForeignKey(
        "Invitation", on_delete=models.SET_NULL, null=True, blank=True, related_name="members"
    )

    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=now)
    deleted_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "username"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["email"]

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(deleted_at__isnull=True) | Q(is_active=False),
                name="user_deleted_is_inactive",
            ),
        ]

    def __str__(self) -> str:
        return self.username

    def get_short_name(self) -> str:
        """Return the display name (the admin greets with it)."""
        return self.name


class UsedName(models.Model):
    """An identity that somebody has, or had before a rename; nobody else may take it."""

    identity = models.CharField(max_length=200, primary_key=True)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="used_names")

    def __str__(self) -> str:
        return self.identity


class SessionQuerySet(models.QuerySet["Session"]):
    """Words for sessions."""

    def live(self, *, at: datetime) -> "SessionQuerySet":
        """Keep those that still open doors: neither ended nor expired, their member active."""
        return self.filter(ended_at__isnull=True, expires_at__gt=at, user__is_active=True)

    def of_people(self) -> "SessionQuerySet":
        """Keep sign-ins; the others belong to tokens that members made for programs."""
        return self.filter(scopes="")

    def of_programs(self) -> "SessionQuerySet":
        """Keep those of tokens for programs."""
        return self.exclude(scopes="")


class Session(models.Model):
    """One sign-in on one device, or one program; every token is bound to one and dies with it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sessions")
    # What a program may do by its `PersonalToken`, separated by commas; empty for a
    # person, who may do everything.
    scopes = models.CharField(max_length=100, blank=True)
    device = models.CharField(max_length=200, blank=True)
    address = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(default=now)
    last_seen_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    # SHA-256 of the `jti` of the only refresh token that works, and of the one it
    # replaced: who reads this table cannot make a token from it.
    refresh_hash = models.CharField(max_length=64, blank=True)
    replaced_hash = models.CharField(max_length=64, blank=True)
    refreshed_at = models.DateTimeField(default=now)

    objects: ClassVar[models.Manager["Session"]] = SessionQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["user", "-last_seen_at"], name="session_of_user"),
            # For the job that clears what is over.
            models.Index(fields=["expires_at"], name="session_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}@{self.device or self.address}"


class PersonalToken(models.Model):
    """A token that a member made for a program; it lives and dies with its session."""

    session = models.OneToOneField(Session, on_delete=models.CASCADE, related_name="personal_token")
    name = models.CharField(max_length=60)
    # SHA-256 of the token, which has 256 random bits: nothing to guess, nothing to salt.
    digest = models.CharField(max_length=64, unique=True)

    def __str__(self) -> str:
        return self.name


class MailedLink(models.Model):
    """A link mailed to a member: it works once, for a while, and at the address it went to."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="mailed_links")
    purpose = models.CharField(max_length=20)
    email = models.CharField(max_length=254)
    created_at = models.DateTimeField(default=now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [
            # For the job that clears what is over.
            models.Index(fields=["expires_at"], name="mailed_link_expiry"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} of {self.user_id}"


class TotpQuerySet(models.QuerySet["Totp"]):
    """Words for authenticators."""

    def confirmed(self) -> "TotpQuerySet":
        """Keep those that are asked for."""
        return self.filter(confirmed_at__isnull=False)


class Totp(models.Model):
    """A member's authenticator app; asked for at sign-in once a first code was right."""

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="totp"
    )
    # Encrypted with a key derived from the instance's secret.
    secret = models.BinaryField()
    created_at = models.DateTimeField(default=now)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    # The half minute of the last code that was used: no code works twice.
    last_step = models.BigIntegerField(default=0)

    objects: ClassVar[models.Manager["Totp"]] = TotpQuerySet.as_manager()

    def __str__(self) -> str:
        return f"authenticator of {self.user_id}"


class RecoveryCode(models.Model):
    """A code on paper, for whom the app is lost; works once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="recovery_codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["user", "digest"], name="recovery_code_once"),
        ]

    def __str__(self) -> str:
        return f"recovery code of {self.user_id}"


class Invitation(models.Model):
    """A code by which people join, so many times and so long."""

    code = models.CharField(max_length=32, unique=True, default=secret_name, editable=False)
    made_by = models.ForeignKey(User, on_delete=models.CASCADE, related_name="invitations")
    max_uses = models.PositiveIntegerField(default=1)
    uses = models.PositiveIntegerField(default=0, editable=False)
    created_at = models.DateTimeField(default=now, editable=False)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(uses__lte=models.F("max_uses")), name="invitation_not_overused"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["made_by", "-id"], name="invitation_of_member"),
        ]

    def __str__(self) -> str:
        return f"invitation by {self.made_by_id}"


class SignUpQuerySet(models.QuerySet["SignUp"]):
    """Words for those who wait."""

    def waiting(self) -> "SignUpQuerySet":
        """Keep those about whom nobody has decided."""
        return self.filter(approved_at__isnull=True)


class SignUp(models.Model):
    """Somebody who waits for the staff, or was let in by them; who is refused leaves no row."""

    user = models.OneToOneField(
        User, on_delete=models.CASCADE, primary_key=True, related_name="sign_up"
    )
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(default=now)
    approved_at = models.DateTimeField(null=True, blank=True)
    approved_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    objects: ClassVar[models.Manager["SignUp"]] = SignUpQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["user"], condition=Q(approved_at__isnull=True), name="sign_up_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"sign-up of {self.user_id}"


class EmailDomainBlock(models.Model):
    """A domain, with all below it, whose mail addresses are not taken."""

    domain = models.CharField(max_length=253, unique=True)
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)

    def __str__(self) -> str:
        return self.domain


class AddressBlock(models.Model):
    """A network from which nobody joins; in IPv6 a /64 at least."""

    network = models.CharField(max_length=43, unique=True)
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=now, editable=False)

    def __str__(self) -> str:
        return self.network


class Instance(models.Model):
    """What the instance tells everybody who thinks of joining; there is one row at most."""

    rules = models.TextField(blank=True, help_text="One rule in a line.")
    terms = models.TextField(blank=True, help_text="The terms of use, or where they are.")
    contact = models.CharField(
        max_length=254, blank=True, help_text="An e-mail address, or a page."
    )
    languages = models.CharField(
        max_length=100, blank=True, help_text="Codes as in HTML, separated by commas: en, de."
    )

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(pk=1), name="instance_is_one"),
        ]
        verbose_name_plural = "instance"

    def __str__(self) -> str:
        return "What the instance says of itself"
