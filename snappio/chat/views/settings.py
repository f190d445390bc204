"""A member's private switches."""

from drf_spectacular.utils import extend_schema
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.chat import queries
from snappio.chat.serializers.settings import (
    ChatSettingsInput,
    ChatSettingsOutput,
    switches_json,
)
from snappio.chat.services import settings as services
from snappio.core.http.input import checked


class ChatSettingsView(APIView):
    """`chat/settings/`: what others are told of the member, and the member of them."""

    permission_classes = [IsAuthenticated]

    @extend_schema(operation_id="chat_settings_get", responses=ChatSettingsOutput)
    def get(self, request: AuthenticatedRequest) -> Response:
        """Show the switches."""
        return Response(switches_json(queries.switches_of(request.user)))

    @extend_schema(
        operation_id="chat_settings_change",
        request=ChatSettingsInput,
        responses=ChatSettingsOutput,
    )
    def patch(self, request: AuthenticatedRequest) -> Response:
        """Turn some switches; they act at once, on open sockets too."""
        changes = checked(ChatSettingsInput, request, partial=True)
        return Response(
            switches_json(services.change_switches(member=request.user, changes=changes))
        )
