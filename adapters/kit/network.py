"""Which network an address belongs to: the open internet, our own, or a list of sources."""

from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from bot.edge.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import IPvAnyNetwork


def refuse_internal(url: str, *, allowed_hosts: frozenset[str] = frozenset()) -> None:
    """Raise MediaError when ``url`` is not http(s) or resolves into our own network.

    ``allowed_hosts`` (``host:port`` or ``host``) are exempt: a configured provider base URL.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise MediaError("bad_url", permanent=True) from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise MediaError("bad_url", permanent=True)
    if parts.netloc in allowed_hosts or parts.hostname in allowed_hosts:
        return
    try:
        infos = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError) as error:
        raise MediaError("unresolvable", permanent=False) from error
    if not all(is_public(str(info[4][0])) for info in infos):
        raise MediaError("internal_address", permanent=True)


# 6to4, NAT64 and site-local: "global" to Python 3.11, yet they can carry an internal IPv4 address.
_WRAPPED = tuple(ipaddress.ip_network(text) for text in ("2002::/16", "64:ff9b::/96", "64:ff9b:1::/48", "fec0::/10"))


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the open internet and to a single host."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    return ip.is_global and not ip.is_multicast and not any(ip in network for network in _WRAPPED)


def is_within(address: str, networks: Iterable[IPvAnyNetwork]) -> bool:
    """Whether an address lies in one of the networks. What is no address lies in none."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = ip.ipv4_mapped if isinstance(ip, ipaddress.IPv6Address) else None  # a socket for both families says so
    return any((mapped or ip) in network for network in networks)
