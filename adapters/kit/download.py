"""Downloads what people sent, for any channel whose provider names media by URL.

Redirects are followed by hand, no address inside our network is called, and an error page is not taken for a
picture.
"""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import requests

from adapters.kit.base import Media, read_bounded
from adapters.kit.http import HTTP_TIMEOUT, http_session
from adapters.kit.network import refuse_internal
from bot.edge.errors import MediaError

MOST_REDIRECTS = 3

_GONE = frozenset({400, 404, 410})

IMAGE_MAGIC = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
)


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port. They must be equal before a password is sent along."""
    parts = urlsplit(url)
    return parts.scheme, (parts.hostname or ""), parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def download(url: str, *, provider_url: str, auth: tuple[str, str]) -> Media:
    """The media at ``url``. ``auth`` is sent only to the origin of ``provider_url``, which may also be an
    internal address (as in tests). Raises MediaError.
    """
    try:
        with http_session() as session:
            return _checked(_final(session, url, provider_url, auth))
    except requests.RequestException as error:
        raise MediaError(type(error).__name__, permanent=False) from None
    except (UnicodeError, ValueError):  # a host or port no library accepts
        raise MediaError("bad_url", permanent=True) from None


def _final(session: requests.Session, url: str, provider_url: str, auth: tuple[str, str]) -> requests.Response:
    """The answer at the end of the redirects. Each hop is checked, and gets the password only if its origin is
    the provider's.
    """
    allowed = frozenset({urlsplit(provider_url).netloc})
    for _ in range(MOST_REDIRECTS + 1):
        refuse_internal(url, allowed_hosts=allowed)
        own = auth if origin(url) == origin(provider_url) else None
        response = session.get(url, auth=own, timeout=HTTP_TIMEOUT, stream=True, allow_redirects=False)
        if not response.is_redirect:
            return response
        response.close()
        url = urljoin(url, response.headers["Location"])
    raise MediaError("too_many_redirects", permanent=True)


def _checked(response: requests.Response) -> Media:
    if response.status_code != 200:
        raise MediaError(f"http_{response.status_code}", permanent=response.status_code in _GONE)
    content = read_bounded(response)
    said = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    seen = image_type(content)
    if seen:
        return Media(content, seen)
    if said.startswith(("audio/", "video/")) and not _is_text(content):
        return Media(content, said)
    raise MediaError("not_media", permanent=True)


def image_type(content: bytes) -> str:
    """The type by the first bytes, whatever the header says; ``""`` when it is no picture."""
    for magic, name in IMAGE_MAGIC:
        if content.startswith(magic):
            return name
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return "image/heic" if content[4:12] in {b"ftypheic", b"ftypheix", b"ftypmif1"} else ""


def _is_text(content: bytes) -> bool:
    """Whether an error page or JSON was sent under a media type."""
    return content.lstrip()[:1] in {b"<", b"{", b"["}
