"""Downloads what people sent: checked by its content, limited in size, never from an internal address.

WeChat keeps temporary media for three days and answers an expired id with status 200 and a JSON body; for a video
it answers with a link in JSON (temporary media page, read 2026-11-23).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import requests

from adapters._wechat.errors import TOKEN_ERRORS, error_for
from adapters.kit.base import Media, read_bounded
from adapters.kit.http import HTTP_TIMEOUT
from adapters.kit.network import refuse_internal
from bot.edge.errors import MediaError, SendError, Temporary
from bot.edge.messages import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters._wechat.api import ThreadSessions
    from adapters._wechat.tokens import Tokens
    from bot.edge.messages import MediaRef

HOPS = 3
JSON_LONGEST = 65536
_HTML = (b"<!doctype", b"<html", b"<head", b"<body", b"<?xml", b"<svg", b"<script")


class TokenRefused(Exception):
    """The download was answered with a token error."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class MediaFetcher:
    """The downloads of one account."""

    def __init__(self, base_url: str, tokens: Tokens, sessions: ThreadSessions) -> None:
        self._base_url = base_url
        self._own_host = frozenset({urlsplit(base_url).netloc})
        self._tokens = tokens
        self._sessions = sessions

    def fetch(self, ref: MediaRef) -> Media:
        """Download. Raises MediaError only."""
        try:
            content, declared = self._load(ref)
        except SendError as error:
            raise MediaError(error.code, permanent=False) from None
        except requests.RequestException:
            raise MediaError("no_answer", permanent=False) from None
        except ValueError:  # a host or port no library accepts
            raise MediaError("bad_url", permanent=True) from None
        return Media(content, sniff(content, ref.kind, declared or ref.content_type))

    def _load(self, ref: MediaRef) -> tuple[bytes, str]:
        if ref.ref.startswith(("http://", "https://")):
            return self._follow(ref.ref)
        token = self._tokens.get()
        try:
            return self._by_id(ref.ref, token)
        except TokenRefused:
            renewed = self._tokens.renew(token)
        try:
            return self._by_id(ref.ref, renewed)
        except TokenRefused as refused:
            raise self._tokens.trip(error_for(refused.code)) from None

    def _by_id(self, media_id: str, token: str) -> tuple[bytes, str]:
        params = {"access_token": token, "media_id": media_id}
        content, declared = self._get(f"{self._base_url}/cgi-bin/media/get", params=params)
        answer = _answer(content)
        if answer is None:
            return content, declared
        url = answer.get("video_url")
        if isinstance(url, str) and url:
            return self._follow(url)
        raise _media_error(answer)

    def _follow(self, url: str) -> tuple[bytes, str]:
        """Follow a link from outside, with each hop checked. The look-up of a name and the call are two steps: a
        name that changes its address in between is not noticed here and has to be stopped by the network's own
        rules for outgoing calls.
        """
        for _ in range(HOPS):
            refuse_internal(url, allowed_hosts=self._own_host)
            with self._open(url) as response:
                if response.is_redirect:
                    url = urljoin(url, response.headers["location"])
                    continue
                return _read(response)
        raise MediaError("redirects", permanent=True)

    def _get(self, url: str, *, params: dict[str, str]) -> tuple[bytes, str]:
        with self._open(url, params=params) as response:
            return _read(response)

    def _open(self, url: str, **options: Any) -> requests.Response:
        return self._sessions.request("GET", url, stream=True, timeout=HTTP_TIMEOUT, **options)


def _read(response: requests.Response) -> tuple[bytes, str]:
    status = response.status_code
    if status != 200:
        raise MediaError(f"http_{status}", permanent=400 <= status < 500 and status not in {408, 429})
    declared = response.headers.get("content-type", "").split(";")[0].strip().lower()
    return read_bounded(response), declared


def _answer(content: bytes) -> dict[str, Any] | None:
    """The JSON object that came in the place of media, or None."""
    if len(content) > JSON_LONGEST or content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] != b"{":
        return None
    try:
        value = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _media_error(answer: dict[str, Any]) -> Exception:
    try:
        code = int(answer.get("errcode", 0))
    except (TypeError, ValueError):
        code = 0
    if code in TOKEN_ERRORS:
        return TokenRefused(code)
    if not code:
        return MediaError("not_media", permanent=True)
    # Only "busy" and the quotas pass by themselves; an expired id (40007) never does.
    return MediaError(str(code), permanent=not isinstance(error_for(code), Temporary))


# -- what it really is ---------------------------------------------------------------------------


def sniff(content: bytes, kind: Kind, declared: str = "") -> str:
    """The content type by the first bytes. What the server says counts only for sound and film."""
    head = content[:512].lstrip().lower()
    if head.startswith(_HTML) or _answer(content) is not None:
        raise MediaError("not_media", permanent=True)
    found = SNIFFERS.get(kind, _any_type)(content, declared)
    if not found:
        raise MediaError(f"not_{kind.value}", permanent=True)
    return found


def _image_type(content: bytes, _declared: str) -> str:
    for start, name in (
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF8", "image/gif"),
    ):
        if content.startswith(start):
            return name
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    is_bitmap = content[:2] == b"BM" and len(content) > 26 and content[6:10] == bytes(4)
    return "image/bmp" if is_bitmap else ""


def _voice_type(content: bytes, declared: str) -> str:
    if content.startswith(b"#!AMR"):
        return "audio/amr"
    if content.startswith(b"ID3") or (content[:1] == b"\xff" and content[1:2] in {b"\xfb", b"\xf3", b"\xf2"}):
        return "audio/mpeg"
    if content[:5] in {b"Speex", b"OggS\x00"}:
        return "audio/speex"
    return declared if declared.startswith("audio/") else ""


def _video_type(content: bytes, declared: str) -> str:
    if content[4:8] == b"ftyp":
        return "video/mp4"
    return declared if declared.startswith("video/") else ""


def _any_type(_content: bytes, _declared: str) -> str:
    return "application/octet-stream"


SNIFFERS: dict[Kind, Callable[[bytes, str], str]] = {
    Kind.IMAGE: _image_type,
    Kind.VOICE: _voice_type,
    Kind.VIDEO: _video_type,
}
