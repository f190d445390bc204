"""Domains of mail and networks that nobody joins from, in one written form each."""

from collections.abc import Sequence
from ipaddress import IPv6Network, ip_network

# One household or server usually holds a whole IPv6 /64.
IPV6_PREFIX = 64


def normalised_domain(text: str) -> str:
    """Return a domain as it is compared: lower case, international letters in ASCII."""
    domain = text.strip().rpartition("@")[2].strip(".").lower()
    try:
        return domain.encode("idna").decode()
    except UnicodeError:
        return domain


def domains_of(email: str) -> Sequence[str]:
    """Return the domain of an address, and all that it lies under."""
    labels = normalised_domain(email).split(".")
    return [".".join(labels[first:]) for first in range(len(labels))]


def normalised_network(text: str) -> str:
    """Return an address or network as it is compared, or raise `ValueError`."""
    network = ip_network(text.strip(), strict=False)
    if isinstance(network, IPv6Network) and network.prefixlen > IPV6_PREFIX:
        network = network.supernet(new_prefix=IPV6_PREFIX)
    return str(network)


def networks_of(address: str) -> Sequence[str]:
    """Return all networks that an address is in, itself included; none where it is unknown."""
    try:
        network = ip_network(address)
    except ValueError:
        return []
    return [str(network.supernet(new_prefix=length)) for length in range(network.prefixlen + 1)]
