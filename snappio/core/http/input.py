"""What a request brings, checked and normalised."""

from typing import Any

from rest_framework.request import Request
from rest_framework.serializers import Serializer


def checked(
    serializer_class: type[Serializer[Any]], request: Request, *, partial: bool = False
) -> dict[str, Any]:
    """Return the body as ``serializer_class`` understands it, or raise a 400 by field.

    With ``partial`` nothing is required.
    """
    return _validated(serializer_class(data=request.data, partial=partial))


def checked_query(serializer_class: type[Serializer[Any]], request: Request) -> dict[str, Any]:
    """Return the query parameters likewise."""
    return _validated(serializer_class(data=request.query_params))


def _validated(serializer: Serializer[Any]) -> dict[str, Any]:
    serializer.is_valid(raise_exception=True)
    validated: dict[str, Any] = serializer.validated_data
    return validated
