"""What is pinned to the top of a conversation."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.chat import queries
from snappio.chat.serializers.messages import MessageOutput, message_json
from snappio.chat.services.pins import pin_message, unpin_message
from snappio.chat.views.parameters import number_of


class PinList(APIView):
    """`conversations/{id}/pins/`: what is pinned."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="pins_list", responses=MessageOutput(many=True))
    def get(self, request: AuthenticatedRequest, conversation_id: str) -> Response:
        """List the pinned messages, the latest pin first; there are 50 at most."""
        conversation = queries.get_conversation(conversation_id, viewer=request.user)
        pins = queries.pins_of(conversation, viewer_id=request.user.pk)
        return Response(list(map(message_json, pins)))


class PinView(APIView):
    """`conversations/{id}/messages/{seq}/pin/`: a pin, set and taken away."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="pin_put", request=None, responses={204: None})
    def put(self, request: AuthenticatedRequest, conversation_id: str, seq: str) -> Response:
        """Pin a message; in groups and rooms the owner and moderators may."""
        pin_message(
            member=request.user,
            conversation=queries.get_conversation(conversation_id, viewer=request.user),
            seq=number_of(seq),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(operation_id="pin_delete", responses={204: None})
    def delete(self, request: AuthenticatedRequest, conversation_id: str, seq: str) -> Response:
        """Take the pin away."""
        unpin_message(
            member=request.user,
            conversation=queries.get_conversation(conversation_id, viewer=request.user),
            seq=number_of(seq),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)
