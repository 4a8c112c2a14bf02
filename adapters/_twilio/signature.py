"""Twilio's webhook signature: HMAC-SHA1 over the public URL and the sorted form fields.

The SDK's validator is not used: it raises TypeError, ValueError or IndexError on a missing header, an
impossible port or a bytes body, and compares in a loop that stops early (twilio 9.13.0, tried 2026-11-23).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_PORTS = {"https": 443, "http": 80}


def signature(token: str, url: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Base64 of the HMAC. Equal pairs count once and values of one name are sorted, as in Twilio's SDKs."""
    signed = url + "".join(name + value for name, value in sorted(set(pairs)))
    digest = hmac.new(token.encode(), signed.encode("utf-8", "surrogatepass"), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def url_variants(url: str) -> list[str]:
    """The URL as it is, without its port, and with the default port: Twilio signs any of these (the SDKs'
    comment: "sig generation on back end is inconsistent"). Scheme, path and query stay as configured and
    received.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return [url]
    bare = parts.netloc if port is None else parts.netloc.rpartition(":")[0]
    with_port = f"{bare}:{port or DEFAULT_PORTS.get(parts.scheme, 443)}"
    hosts = {parts.netloc, bare, with_port, bare.lower(), with_port.lower()}
    start = len(parts.scheme) + len("://")
    rest = url[start + len(parts.netloc) :]
    return [url[:start] + host + rest for host in sorted(hosts)]


def matches(given: str, tokens: Iterable[str], url: str, pairs: Iterable[tuple[str, str]]) -> bool:
    """Whether the header is the signature by any of the tokens over any variant, compared in constant time."""
    received = given.encode("utf-8", "surrogatepass")
    fields = list(pairs)
    results = [
        hmac.compare_digest(received, signature(token, variant, fields).encode())
        for token in tokens
        for variant in url_variants(url)
    ]
    return any(results)


def body_matches(given: str, body: bytes) -> bool:
    """Whether ``bodySHA256`` in the signed URL is the hash of a JSON body."""
    expected = hashlib.sha256(body).hexdigest()
    return hmac.compare_digest(given.lower().encode("utf-8", "surrogatepass"), expected.encode())
