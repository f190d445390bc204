"""Where a request comes from, and how we are reached."""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

UNKNOWN = "unknown"
# One household or server usually holds a whole IPv6 /64; counting single
# addresses there would be no limit at all.
IPV6_PREFIX = 64


def client_address(peer: str, forwarded_for: str) -> str:
    """Return the client's address, believing only our own proxies.

    ``peer`` is who opened the connection. Each of our ``TRUSTED_PROXIES``
    appended one entry to ``X-Forwarded-For``; whatever stands further left was
    written by the client and proves nothing.
    """
    hops = [hop.strip() for hop in forwarded_for.split(",") if hop.strip()]
    trusted: int = settings.TRUSTED_PROXIES
    address = hops[-trusted] if 0 < trusted <= len(hops) else peer
    return _grouped(address)


def _grouped(address: str) -> str:
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ip_network((parsed, IPV6_PREFIX), strict=False))
    return str(parsed)


def address_of(request: HttpRequest) -> str:
    """Return the address that an HTTP request counts against."""
    return client_address(
        request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", "")
    )


def address_of_handshake(peer: str, headers: Sequence[tuple[bytes, bytes]]) -> str:
    """Return the address that a socket counts against (ASGI header pairs)."""
    forwarded = b",".join(value for name, value in headers if name == b"x-forwarded-for")
    return client_address(peer, forwarded.decode("latin-1"))


def public_url(request: HttpRequest, path: str) -> str:
    """Return ``path`` as an absolute address, the same in every answer where PUBLIC_URL is set.

    What is absolute already (a file in an object store) stays as it is.
    """
    if path.startswith(("https://", "http://")):
        return path
    if settings.PUBLIC_URL and path.startswith("/"):
        return f"{settings.PUBLIC_URL}{path}"
    return request.build_absolute_uri(path)
