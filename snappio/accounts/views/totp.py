"""The second step of the sign-in over HTTP: `/api/v1/auth/totp/`."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView

from snappio.accounts.authentication import AuthenticatedRequest
from snappio.accounts.serializers import (
    RecoveryCodesOutput,
    TotpBeginInput,
    TotpBegunOutput,
    TotpConfirmInput,
    TotpEndInput,
    TotpStateOutput,
)
from snappio.accounts.services import totp
from snappio.core.http.addresses import address_of
from snappio.core.http.input import checked


class TotpView(APIView):
    """Codes of an authenticator app."""

    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="read_totp", responses={200: TotpStateOutput})
    def get(self, request: AuthenticatedRequest) -> Response:
        """Say whether signing in takes a code, and how many recovery codes are left."""
        return Response(TotpStateOutput(totp.state_of(request.user)).data)

    @extend_schema(
        operation_id="begin_totp", request=TotpBeginInput, responses={200: TotpBegunOutput}
    )
    def post(self, request: AuthenticatedRequest) -> Response:
        """Give a secret for an authenticator app; it counts once a code has confirmed it."""
        given = checked(TotpBeginInput, request)
        begun = totp.begin(
            request.user, password=given["current_password"], address=address_of(request)
        )
        return Response(TotpBegunOutput(begun).data)

    @extend_schema(
        operation_id="confirm_totp", request=TotpConfirmInput, responses={200: RecoveryCodesOutput}
    )
    def put(self, request: AuthenticatedRequest) -> Response:
        """Ask for codes from now on; the recovery codes are shown this once."""
        given = checked(TotpConfirmInput, request)
        codes = totp.confirm(request.user, code=given["otp"], address=address_of(request))
        return Response({"recovery_codes": codes})

    # No schema is made of the body of a DELETE, so neither of what is wrong with it.
    @extend_schema(
        operation_id="end_totp",
        responses={
            204: None,
            400: OpenApiResponse(OpenApiTypes.OBJECT, "The request is wrong."),
        },
    )
    def delete(self, request: AuthenticatedRequest) -> Response:
        """Ask for no more codes; the body has the `current_password` and an `otp`."""
        given = checked(TotpEndInput, request)
        totp.turn_off(
            request.user,
            password=given["current_password"],
            code=given["otp"],
            address=address_of(request),
        )
        return Response(status=status.HTTP_204_NO_CONTENT)
