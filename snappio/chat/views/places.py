"""One's own place in a conversation: how far one is, whether it may notify."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.chat import queries
from snappio.chat.serializers.places import (
    MarkerInput,
    MuteInput,
    ProgressOutput,
    progress_json,
)
from snappio.chat.services import places as services
from snappio.core.http.input import checked


class ReadMarker(APIView):
    """`conversations/{id}/read/`: how far the member has read."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="conversation_read", request=MarkerInput, responses=ProgressOutput)
    def post(self, request: AuthenticatedRequest, conversation_id: str) -> Response:
        """Remember that everything up to `seq` was read; it never moves back."""
        given = checked(MarkerInput, request)
        conversation = queries.get_conversation(conversation_id, viewer=request.user)
        progress = services.mark_read(
            conversation=conversation, reader=request.user, seq=given["seq"]
        )
        return Response(progress_json(progress))


class DeliveredMarker(APIView):
    """`conversations/{id}/delivered/`: how far messages have reached the member."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="conversation_delivered", request=MarkerInput, responses=ProgressOutput
    )
    def post(self, request: AuthenticatedRequest, conversation_id: str) -> Response:
        """Remember that everything up to `seq` has reached a device; it never moves back."""
        given = checked(MarkerInput, request)
        conversation = queries.get_conversation(conversation_id, viewer=request.user)
        progress = services.mark_delivered(
            conversation=conversation, receiver=request.user, seq=given["seq"]
        )
        return Response(progress_json(progress))


class Mute(APIView):
    """`conversations/{id}/mute/`: whether it may notify the member."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="conversation_mute", request=MuteInput, responses={204: None})
    def put(self, request: AuthenticatedRequest, conversation_id: str) -> Response:
        """Have it notify nothing, for so many seconds or for ever."""
        given = checked(MuteInput, request)
        conversation = queries.get_conversation(conversation_id, viewer=request.user)
        services.mute(conversation=conversation, member=request.user, seconds=given["seconds"])
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="conversation_unmute", responses={204: None})
    def delete(self, request: AuthenticatedRequest, conversation_id: str) -> Response:
        """Have it notify again."""
        conversation = queries.get_conversation(conversation_id, viewer=request.user)
        services.unmute(conversation=conversation, member=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)
