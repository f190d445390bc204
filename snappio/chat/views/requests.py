"""Chats that strangers begin."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.chat import queries
from snappio.chat.services import requests as services


class Acceptance(APIView):
    """`conversations/{id}/accept/`: take what a stranger began."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="conversation_accept", request=None, responses={204: None})
    def post(self, request: AuthenticatedRequest, conversation_id: str) -> Response:
        """Make a request a chat like any other; writing or reacting in it does the same."""
        conversation = queries.get_conversation(conversation_id, viewer=request.user)
        services.accept_request(conversation=conversation, member=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class Refusal(APIView):
    """`conversations/{id}/decline/`: want nothing of what a stranger began."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="conversation_decline", request=None, responses={204: None})
    def post(self, request: AuthenticatedRequest, conversation_id: str) -> Response:
        """Have it out of sight until you open the chat yourself; the stranger is not told."""
        conversation = queries.get_conversation(conversation_id, viewer=request.user)
        services.decline_request(conversation=conversation, member=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
