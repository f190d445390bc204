"""Tokens for programs over HTTP: `/api/v1/auth/tokens/…`."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts import queries
from snappio.accounts.authentication import AuthenticatedRequest
from snappio.accounts.errors import PersonalTokenNotFound
from snappio.accounts.serializers import (
    NewPersonalTokenOutput,
    PersonalTokenInput,
    PersonalTokenOutput,
)
from snappio.accounts.services import personal_tokens
from snappio.core.http.addresses import address_of
from snappio.core.http.input import checked
from snappio.core.pagination import LARGEST_ID


class TokensView(APIView):
    """One's own tokens."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(
        operation_id="list_personal_tokens", responses={200: PersonalTokenOutput(many=True)}
    )
    def get(self, request: AuthenticatedRequest) -> Response:
        """List the caller's tokens for programs, newest first; not what they read."""
        found = queries.personal_tokens_of(request.user)
        return Response(PersonalTokenOutput(found, many=True).data)

    @extend_schema(
        operation_id="make_personal_token",
        request=PersonalTokenInput,
        responses={201: NewPersonalTokenOutput},
    )
    def post(self, request: AuthenticatedRequest) -> Response:
        """Make a token for a program; it is shown this once."""
        given = checked(PersonalTokenInput, request)
        password = given.pop("current_password")
        made = personal_tokens.make_token(
            request.user, **given, password=password, address=address_of(request)
        )
        shown = {**PersonalTokenOutput(made.row).data, "token": made.text}
        return Response(shown, status=status.HTTP_201_CREATED)


class TokenView(APIView):
    """One token."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="end_personal_token", responses={204: None})
    def delete(self, request: AuthenticatedRequest, token_id: int) -> Response:
        """End one of the caller's tokens; its open sockets close."""
        if token_id > LARGEST_ID:
            raise PersonalTokenNotFound
        personal_tokens.end_token(token_id, owner=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
