"""What the API's description says about every address, so that views need not repeat it."""

from collections.abc import Iterator
from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter

# Of every list.
PAGE_PARAMETERS = (
    OpenApiParameter("cursor", str, description="Where to continue; taken from `Link`."),
    OpenApiParameter("limit", int, description="How many to give; clamped to what is allowed."),
    OpenApiParameter(
        "Link",
        str,
        OpenApiParameter.HEADER,
        description='The address of the next page, `rel="next"`; absent on the last one.',
        response=[200],
    ),
)

METHODS = ("get", "post", "put", "patch", "delete")


class ApiSchema(AutoSchema):
    """Names a component `Profile` for `ProfileOutput`, `ProfileRequest` for `ProfileInput`."""

    def get_serializer_name(self, serializer: Any, direction: Any) -> str:
        """Return the class's name without the suffix that tells the direction."""
        name: str = super().get_serializer_name(serializer, direction)
        return name.removesuffix("Output").removesuffix("Input")


_REFUSAL = {
    "type": "object",
    "description": "A refusal: a sentence for people, a stable code for programs.",
    "properties": {"detail": {"type": "string"}, "code": {"type": "string"}},
    "required": ["detail"],
}
_FIELD_ERRORS = {
    "type": "object",
    "description": "What is wrong, field by field; `non_field_errors` for the whole.",
    "additionalProperties": True,
}
_SECONDS = {"type": "integer", "minimum": 0}


def _response(description: str, *schemas: str, headers: dict[str, Any] | None = None) -> Any:
    references = [{"$ref": f"#/components/schemas/{name}"} for name in schemas]
    schema = references[0] if len(references) == 1 else {"anyOf": references}
    content = {"application/json": {"schema": schema}}
    return {"description": description, "content": content} | (
        {"headers": headers} if headers else {}
    )


def _header(description: str) -> dict[str, Any]:
    return {"description": description, "schema": _SECONDS}


_RESPONSES = {
    "BadRequest": _response("The request is wrong.", "Refusal", "FieldErrors"),
    "Unauthorized": _response(
        "Nobody is signed in, or the token is not valid any more.",
        "Refusal",
        headers={"WWW-Authenticate": {"schema": {"type": "string"}}},
    ),
    "NotFound": _response("Absent, or hidden from the caller: both look alike.", "Refusal"),
    "TooMany": _response(
        "Too often.",
        "Refusal",
        headers={
            "Retry-After": _header("Seconds until a try may succeed."),
            "X-RateLimit-Limit": _header("How many requests may come at once."),
            "X-RateLimit-Remaining": _header("How many of them are left."),
            "X-RateLimit-Reset": _header("Seconds until all of them are back."),
        },
    ),
    "Refused": _response("Any other refusal.", "Refusal"),
}


def describe_refusals(result: Any, generator: Any, request: Any, public: bool) -> Any:  # noqa: FBT001
    """Add to every operation how it may refuse (a hook of drf-spectacular)."""
    components = result.setdefault("components", {})
    components.setdefault("schemas", {}).update(Refusal=_REFUSAL, FieldErrors=_FIELD_ERRORS)
    components["responses"] = _RESPONSES
    for path, operation in _operations(result):
        for status, name in _refusals_of(path, operation):
            reference = {"$ref": f"#/components/responses/{name}"}
            operation["responses"].setdefault(status, reference)
    return result


def _operations(result: Any) -> Iterator[tuple[str, Any]]:
    for path, item in result["paths"].items():
        for method in METHODS:
            if method in item:
                yield path, item[method]


def _refusals_of(path: str, operation: Any) -> Iterator[tuple[str, str]]:
    is_in_query = any(p["in"] == "query" for p in operation.get("parameters", ()))
    if "requestBody" in operation or is_in_query:
        yield "400", "BadRequest"
    if operation.get("security"):
        yield "401", "Unauthorized"
    if "{" in path:
        yield "404", "NotFound"
    yield "429", "TooMany"
    yield "default", "Refused"
