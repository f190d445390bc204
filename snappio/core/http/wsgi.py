"""What must be refused before Django makes a request of it."""

from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import orjson
from django.utils.http import parse_header_parameters

UTF8 = frozenset({"utf-8", "utf8", "us-ascii"})


def utf8_only(application: WSGIApplication) -> WSGIApplication:
    """Wrap ``application``: 415 for a request that says it is in another encoding than UTF-8.

    Python takes `charset=rot13` for an encoding, and Django then fails while it
    makes the request: no middleware sees it, and the server answers 500.
    """

    def wrapped(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        _, parameters = parse_header_parameters(environ.get("CONTENT_TYPE", ""))
        if parameters.get("charset", "utf-8").lower() in UTF8:
            return application(environ, start_response)
        body = orjson.dumps({
            "detail": "Requests must be encoded in UTF-8.", "code": "unsupported_charset",
        })  # fmt: skip
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response("415 Unsupported Media Type", headers)
        return [body]

    return wrapped
