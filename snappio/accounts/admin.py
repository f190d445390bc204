"""The staff's view of members and their sessions."""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth import authenticate
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminPasswordChangeForm
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from snappio.accounts import blocks
from snappio.accounts.errors import SignUpNotFound
from snappio.accounts.models import (
    AddressBlock,
    EmailDomainBlock,
    Instance,
    Invitation,
    Session,
    SignUp,
    User,
)
from snappio.accounts.services import invitations, members, sessions, sign_ups, totp
from snappio.core.clock import now
from snappio.core.errors import DomainError


class SignInForm(AdminAuthenticationForm):
    """Asks for a code of staff who sign in with codes; says when there were too many failures."""

    otp = forms.CharField(
        label="Code of your authenticator app, if you use one",
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )

    def clean(self) -> dict[str, Any]:
        """Check name, password and code."""
        name, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if not (name and password):
            return self.cleaned_data
        try:
            member = authenticate(
                self.request, username=name, password=password, otp=self.cleaned_data.get("otp", "")
            )
        except DomainError as refusal:
            raise ValidationError(refusal.detail, code=refusal.code) from None
        if member is None:
            raise self.get_invalid_login_error()
        self.confirm_login_allowed(member)
        self.user_cache = member
        return self.cleaned_data


admin.site.login_form = SignInForm


class PasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    """Sets a password on the member's behalf, typed twice."""

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        # To shut somebody out there is "disable", which says so in the list.
        self.fields.pop("usable_password", None)
        self.fields["password1"].required = self.fields["password2"].required = True

    def save(self, commit: bool = True) -> User:  # noqa: FBT001, FBT002 -- Django's signature
        """Set it, which ends all of the member's sessions."""
        member: User = self.user
        members.set_password(member, self.cleaned_data["password1"])
        member.refresh_from_db()
        return member


@admin.register(User)
class MemberAdmin(UserAdmin["User"]):
    """Members: to look at, to let out and in, to make staff of.

    Names and addresses are the member's own to change, under the rules of the
    services, which no form here knows; members sign up themselves.
    """

    list_display = ("username", "name", "email", "is_active", "is_staff", "created_at")
    list_filter = ("is_active", "is_staff", "is_superuser")
    search_fields = ("username", "name", "email")
    ordering = ("-id",)
    show_full_result_count = False
    fieldsets = (
        (None, {"fields": ("username", "name", "email", "password")}),
        (
            "Standing",
            {
                "fields": (
                    "is_active",
                    "email_verified_at",
                    "created_at",
                    "last_login",
                    "deleted_at",
                )
            },
        ),
        ("Staff", {"fields": ("is_staff", "is_superuser", "groups", "user_permissions")}),
    )
    readonly_fields = (
        "username", "name", "email", "email_verified_at", "is_active", "created_at", "last_login",
        "deleted_at",
    )  # fmt: skip
    change_password_form = PasswordForm
    actions = ("disable", "enable", "remove_totp")

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Let nobody make staff but a superuser: staff could promote themselves."""
        if request.user.is_superuser:
            return self.readonly_fields
        return (*self.readonly_fields, "is_staff", "is_superuser", "groups", "user_permissions")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: members sign up, and `createsuperuser` makes the first of the staff."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Refuse: a deleted row would free the name and orphan what the member wrote."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Keep other staff from superusers' passwords, and everybody from the deleted."""
        if obj is not None and obj.deleted_at is not None:
            return False
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    @admin.action(description="Disable: no sign-in, all sessions end", permissions=["change"])
    def disable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Disable the chosen members but oneself."""
        for member in queryset.filter(is_active=True).exclude(username=request.user.get_username()):
            if self.has_change_permission(request, member):
                members.disable_member(member)

    @admin.action(description="Enable", permissions=["change"])
    def enable(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Enable the chosen members again."""
        for member in queryset:
            if self.has_change_permission(request, member):
                members.enable_member(member)

    @admin.action(
        description="Ask for no more codes: who has lost app and recovery codes",
        permissions=["change"],
    )
    def remove_totp(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        """Take the second step from the chosen members, who are told by mail."""
        for member in queryset.filter(totp__isnull=False):
            if self.has_change_permission(request, member):
                totp.remove(member)


@admin.register(Session)
class SessionAdmin(admin.ModelAdmin["Session"]):
    """Who is signed in where."""

    # Programs, by tokens that members made for them, have scopes.
    list_display = (
        "user", "device", "scopes", "address", "last_seen_at", "expires_at", "ended_at",
    )  # fmt: skip
    list_select_related = ("user",)
    search_fields = ("user__username", "address")
    ordering = ("-last_seen_at",)
    show_full_result_count = False
    exclude = ("refresh_hash", "replaced_hash")
    actions = ("end",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: a session without a token is of no use."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Session | None = None) -> bool:
        """Refuse: ending closes open sockets too, deleting would not."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Session | None = None) -> bool:
        """Refuse to edit one, but let those who may change sessions end them."""
        return obj is None and super().has_change_permission(request)

    @admin.action(description="End", permissions=["change"])
    def end(self, request: HttpRequest, queryset: QuerySet[Session]) -> None:
        """End the chosen sessions."""
        for session in queryset.filter(ended_at=None, expires_at__gt=now()):
            sessions.sign_out(session)


@admin.register(SignUp)
class SignUpAdmin(admin.ModelAdmin["SignUp"]):
    """Who waits to be let in; who was let in, and by whom."""

    list_display = ("user", "email", "is_verified", "reason", "created_at", "approved_by")
    list_select_related = ("user", "approved_by")
    list_filter = (("approved_at", admin.EmptyFieldListFilter),)
    search_fields = ("user__username", "user__email")
    ordering = ("approved_at", "created_at")
    show_full_result_count = False
    actions = ("approve", "refuse")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: people sign up themselves."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: SignUp | None = None) -> bool:
        """Refuse: to turn somebody away is an action, which tells them."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: SignUp | None = None) -> bool:
        """Refuse to edit one, but let those decide who may."""
        return obj is None and super().has_change_permission(request)

    @admin.display(description="address")
    def email(self, sign_up: SignUp) -> str:
        """Return the address."""
        return sign_up.user.email

    @admin.display(description="verified", boolean=True)
    def is_verified(self, sign_up: SignUp) -> bool:
        """Say whether it is theirs."""
        return sign_up.user.email_verified_at is not None

    @admin.action(description="Approve: they are told by mail", permissions=["change"])
    def approve(self, request: HttpRequest, queryset: QuerySet[SignUp]) -> None:
        """Let the chosen in."""
        self._decide(queryset, lambda member_id: sign_ups.approve(member_id, by=_staff(request)))

    @admin.action(description="Refuse: they are told by mail, and deleted", permissions=["change"])
    def refuse(self, request: HttpRequest, queryset: QuerySet[SignUp]) -> None:
        """Turn the chosen away."""
        self._decide(queryset, sign_ups.refuse)

    def _decide(self, queryset: QuerySet[SignUp], decide: Callable[[int], None]) -> None:
        for sign_up in queryset:
            # Somebody else may have decided meanwhile.
            with suppress(SignUpNotFound):
                decide(sign_up.pk)


def _staff(request: HttpRequest) -> User:
    member: User = User.objects.get(pk=request.user.pk)
    return member


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin["Invitation"]):
    """Codes by which people join; staff make them for as many and as long as they like."""

    list_display = ("code", "made_by", "uses", "max_uses", "expires_at", "ended_at")
    list_select_related = ("made_by",)
    search_fields = ("code", "made_by__username")
    ordering = ("-id",)
    fields = ("max_uses", "expires_at")
    show_full_result_count = False
    actions = ("end",)

    def save_model(self, request: HttpRequest, obj: Invitation, form: Any, change: bool) -> None:  # noqa: FBT001
        """Make it in the name of who makes it."""
        obj.made_by = _staff(request)
        obj.save()

    def has_delete_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        """Refuse: a code is ended, and it stays known who came by it."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        """Refuse to edit one, but let those end it who may."""
        return obj is None and super().has_change_permission(request)

    @admin.action(description="End: nobody else joins by it", permissions=["change"])
    def end(self, request: HttpRequest, queryset: QuerySet[Invitation]) -> None:
        """End the chosen codes."""
        for invitation in queryset:
            invitations.end(invitation)


class EmailDomainForm(forms.ModelForm):  # type: ignore[type-arg]
    """Takes a domain in any spelling, or an address at it."""

    def clean_domain(self) -> str:
        """Return it as it is compared."""
        domain = blocks.normalised_domain(self.cleaned_data["domain"])
        if not domain:
            raise ValidationError("A domain is needed, e.g. mail.example.")
        return domain


@admin.register(EmailDomainBlock)
class EmailDomainBlockAdmin(admin.ModelAdmin["EmailDomainBlock"]):
    """Domains whose addresses are not taken at sign-up and after."""

    form = EmailDomainForm
    list_display = ("domain", "reason", "created_at")
    search_fields = ("domain",)


class NetworkForm(forms.ModelForm):  # type: ignore[type-arg]
    """Takes an address or a network."""

    def clean_network(self) -> str:
        """Return it as it is compared."""
        try:
            return blocks.normalised_network(self.cleaned_data["network"])
        except ValueError:
            raise ValidationError(
                "An address or a network is needed, e.g. 203.0.113.0/24 or 2001:db8::/64."
            ) from None


@admin.register(AddressBlock)
class AddressBlockAdmin(admin.ModelAdmin["AddressBlock"]):
    """Networks from which nobody joins."""

    form = NetworkForm
    list_display = ("network", "reason", "created_at")
    search_fields = ("network",)


@admin.register(Instance)
class InstanceAdmin(admin.ModelAdmin["Instance"]):
    """What `GET /api/v1/instance/` tells those who think of joining."""

    fields = ("rules", "terms", "contact", "languages")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let there be one."""
        return super().has_add_permission(request) and not Instance.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Instance | None = None) -> bool:
        """Refuse: it can be emptied."""
        return False

    def save_model(self, request: HttpRequest, obj: Instance, form: Any, change: bool) -> None:  # noqa: FBT001
        """Keep it the only one."""
        obj.pk = 1
        obj.save()
