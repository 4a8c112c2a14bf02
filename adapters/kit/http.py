"""Calling a provider over HTTP, and what its failures mean: the same for every channel.

A channel with an SDK of its own uses ``transport_error`` and ``status_error``; one without has ``post_json``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import TYPE_CHECKING, Any

import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from adapters.kit.payload import json_object
from bot.edge.errors import Ambiguous, Misconfigured, RateLimited, SendError, Temporary

if TYPE_CHECKING:
    from collections.abc import Mapping

HTTP_TIMEOUT = (5.0, 10.0)
"""Seconds to connect and to read. wechatpy 1.8.18 and twilio 9.13.0 wait without end by default (tried 2026-11-23)."""

RETRY_AFTER = 30.0
RETRY_AFTER_MOST = 3600.0

_NEVER_LEFT = (ConnectTimeoutError, NewConnectionError)
"""urllib3's errors from before a byte was sent. A failed name look-up is a NewConnectionError too."""

_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,40}")

Codes = dict[str, tuple[type[SendError], str]]
"""A provider's codes: for each the error and its meaning in words."""


def http_session() -> requests.Session:
    """A session that keeps no cookies and never reads proxies or netrc from outside."""
    session = requests.Session()
    session.trust_env = False
    session.max_redirects = 3
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    return session


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider answered. ``fields`` is its JSON object, empty when the body is none."""

    status: int
    fields: Mapping[str, Any]
    retry_after: float = RETRY_AFTER

    @property
    def ok(self) -> bool:
        """Whether the HTTP status is a success. Many platforms put an error inside all the same."""
        return 200 <= self.status < 300

    def error(self, codes: Codes, code: Any = "") -> SendError:
        """The error to raise for an answer that is no success. ``code`` is the provider's own."""
        code = safe_code(code)
        known = code_error(codes, code, retry_after=self.retry_after)
        if known or not self.ok:
            return known or status_error(self.status, code, retry_after=self.retry_after)
        return SendError(code, "not in the table") if code else Ambiguous("bad_answer", f"HTTP {self.status}")


def post_json(
    url: str, body: Mapping[str, Any], *, headers: Mapping[str, str] | None = None, auth: tuple[str, str] | None = None
) -> Answer:
    """Make one call that sends. Raises SendError when no answer came; a redirect counts as an answer and is not
    followed.

    Each call has a connection of its own: on one that the other side has closed meanwhile we would not know
    whether the message went out.
    """
    # Escaped: a lone surrogate a person sent has no UTF-8.
    data = json.dumps(body).encode()
    sent = {"Content-Type": "application/json", **(headers or {})}
    try:
        with http_session() as session:
            given = session.post(url, data=data, headers=sent, auth=auth, timeout=HTTP_TIMEOUT, allow_redirects=False)
    except requests.RequestException as error:
        raise transport_error(error) from None  # its text holds the URL
    return Answer(given.status_code, json_object(given.content), retry_after(given.headers))


def transport_error(error: requests.RequestException, lost: type[SendError] = Ambiguous) -> SendError:
    """The error when no answer came: Temporary if the request cannot have left us, else ``lost``."""
    name = type(error).__name__
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.SSLError):
        return Temporary("no_connection", name)
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(error, requests.ConnectionError) and isinstance(reason, (*_NEVER_LEFT, ConnectionRefusedError)):
        return Temporary("no_connection", name)
    if isinstance(error, ValueError):  # InvalidURL, InvalidSchema, MissingSchema, InvalidHeader
        return Misconfigured("bad_url", "base address not usable")
    return lost("no_answer", name)


def status_error(
    status: int, code: str = "", *, lost: type[SendError] = Ambiguous, retry_after: float = RETRY_AFTER
) -> SendError:
    """The error for an HTTP status that is no success, if the provider's own code says nothing more.

    ``lost`` is for 5xx: what was posted may have been processed before the other side failed.
    """
    code, words = code or f"http_{status}", f"HTTP {status}"
    if status == 429:
        return RateLimited(code, "too many requests", retry_after=retry_after)
    if status in {401, 403, 404}:
        return Misconfigured(code, words)
    return lost(code, words) if status >= 500 else SendError(code, f"not in the table, {words}")


def code_error(codes: Codes, code: str, *, retry_after: float = RETRY_AFTER) -> SendError | None:
    """The error for a provider's code; None for a code that is not in the table."""
    if code not in codes:
        return None
    kind, words = codes[code]
    return kind(code, words, retry_after=retry_after) if issubclass(kind, RateLimited) else kind(code, words)


def safe_code(given: Any) -> str:
    """A provider's code in a form that may be stored and logged; ``""`` for anything that looks like more than a
    code.
    """
    code = str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
    return code if _CODE.fullmatch(code) else ""


def retry_after(headers: Any) -> float:
    """The seconds that the provider asks to wait, within limits."""
    given = str((headers or {}).get("Retry-After", ""))
    return min(max(float(given), 1.0), RETRY_AFTER_MOST) if given.isascii() and given.isdigit() else RETRY_AFTER
