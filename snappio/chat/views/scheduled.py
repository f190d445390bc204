"""Messages to be sent later: one's own, and nobody else's."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.chat import queries
from snappio.chat.errors import ScheduledMessageNotFound
from snappio.chat.serializers.scheduled import (
    RescheduleMessageInput,
    ScheduledMessageOutput,
    ScheduleMessageInput,
    scheduled_message_json,
)
from snappio.chat.services.scheduled import (
    Plan,
    cancel_message,
    reschedule_message,
    schedule_message,
)
from snappio.chat.views.parameters import number_of
from snappio.core.http.input import checked


class ScheduledMessageList(APIView):
    """`conversations/{id}/scheduled/`: what the member has scheduled there."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="scheduled_messages_list", responses=ScheduledMessageOutput(many=True)
    )
    def get(self, request: AuthenticatedRequest, conversation_id: str) -> Response:
        """List one's own, the next first; what was refused says why."""
        conversation = queries.get_conversation(conversation_id, viewer=request.user)
        rows = queries.scheduled_by(request.user, conversation)
        return Response(list(map(scheduled_message_json, rows)))

    @extend_schema(
        operation_id="scheduled_messages_create",
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
        request=ScheduleMessageInput,
        responses={201: ScheduledMessageOutput},
    )
    def post(self, request: AuthenticatedRequest, conversation_id: str) -> Response:
        """Schedule a message; with the same `client_id` it is the same one."""
        given = checked(ScheduleMessageInput, request)
        row = schedule_message(
            sender=request.user,
            conversation=queries.get_conversation(conversation_id, viewer=request.user),
            plan=Plan(
                text=given["text"],
                send_at=given["send_at"],
                client_id=given.get("client_id") or request.headers.get("Idempotency-Key"),
                reply_to=given.get("reply_to"),
            ),
        )
        return Response(scheduled_message_json(row), status=status.HTTP_201_CREATED)


class ScheduledMessageView(APIView):
    """`conversations/{id}/scheduled/{id}/`: one that waits."""

    permission_classes = [IsAuthenticated]

    @extend_schema(
        operation_id="scheduled_message_change",
        request=RescheduleMessageInput,
        responses=ScheduledMessageOutput,
    )
    def patch(
        self, request: AuthenticatedRequest, conversation_id: str, scheduled_id: str
    ) -> Response:
        """Change its text or time; with a new time, one that was refused waits again."""
        given = checked(RescheduleMessageInput, request)
        row = reschedule_message(
            sender=request.user,
            conversation=queries.get_conversation(conversation_id, viewer=request.user),
            scheduled_id=number_of(scheduled_id, ScheduledMessageNotFound),
            **given,
        )
        return Response(scheduled_message_json(row))

    @extend_schema(operation_id="scheduled_message_cancel", responses={204: None})
    def delete(
        self, request: AuthenticatedRequest, conversation_id: str, scheduled_id: str
    ) -> Response:
        """Delete it, unless it was sent meanwhile."""
        cancel_message(
            sender=request.user,
            conversation=queries.get_conversation(conversation_id, viewer=request.user),
            scheduled_id=number_of(scheduled_id, ScheduledMessageNotFound),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)
