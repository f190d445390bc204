"""JSON of sign-in and sessions."""

from typing import Any

from rest_framework import serializers

from snappio.accounts.models import Session
from snappio.accounts.services.sessions import TokenPair
from snappio.core.limits import current_limits


class SignInInput(serializers.Serializer[Any]):
    """Name and password."""

    # Longer than any name, so that a wrong one is told like every other.
    username = serializers.CharField(max_length=254)
    password = serializers.CharField(max_length=current_limits().password_length)


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


class LinkInput(serializers.Serializer[Any]):
    """The token of a mailed link."""

    token = serializers.CharField(max_length=100)


class ResetInput(serializers.Serializer[Any]):
    """The address of an account whose password is forgotten."""

    email = serializers.EmailField(max_length=current_limits().email_length)


class ResetConfirmInput(LinkInput):
    """The token of a mailed link, and the password to come."""

    password = serializers.CharField(max_length=current_limits().password_length)


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
