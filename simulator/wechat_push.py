"""Posting to the account's server as WeChat does: five seconds, three tries, and a strict eye on the answer.

(…/guide/product/message/Passive_user_reply_message.html, read 2026-11-23: without an answer in
time, or with an abnormal one such as JSON, the person sees that the account is out of service.)
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode
from xml.etree.ElementTree import ParseError

import requests
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from simulator.wechat_crypto import BadCiphertext, Sealer, same, signature
from simulator.wechat_payloads import signed_call

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.clock import Clock
    from simulator.settings import Settings

LONGEST_REPLY = 2048
"""The greatest length of a text in bytes. A longer one is refused like any abnormal answer (measured by users,
not in the documents).
"""


class Abnormal(Exception):
    """An answer WeChat does not accept. The words say what is wrong with it."""


@dataclass(slots=True)
class Pushed:
    """What the platform saw. ``outcome`` is silent, reply, abnormal or unanswered."""

    outcome: str = "unanswered"
    statuses: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    reply: str = ""
    why: str = ""
    seconds: float = 0.0

    @property
    def tries(self) -> int:
        return len(self.statuses) + len(self.errors)

    def report(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome, "tries": self.tries, "statuses": self.statuses, "errors": self.errors,
            "reply": self.reply, "why": self.why, "seconds": round(self.seconds, 4),
        }  # fmt: skip


class Pusher:
    """Delivers payloads to one hook. It has no state and is used by many threads."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self.sealer = Sealer(settings.wechat_aes_key, settings.wechat_app_id)

    def push(self, payload: Mapping[str, Any]) -> Pushed:
        """Deliver the same payload (same MsgId) up to three times, signed anew each time."""
        pushed, started = Pushed(), time.monotonic()
        for _ in range(self._settings.wechat_tries):
            answer = self._try(payload, pushed)
            if answer is not None:
                self._judge(answer, payload, pushed)
                break
        pushed.seconds = time.monotonic() - started
        return pushed

    def _try(self, payload: Mapping[str, Any], pushed: Pushed) -> requests.Response | None:
        """One call. None when no answer came in time, or one that asks for another try."""
        settings = self._settings
        query, body = signed_call(settings, self.sealer, payload, timestamp=self._clock.timestamp())
        try:
            answer = post(settings.wechat_hook, query, body, settings)
        except requests.RequestException as error:
            pushed.errors.append(type(error).__name__)
            return None
        pushed.statuses.append(answer.status_code)
        return answer if answer.status_code == requests.codes.ok else None

    def _judge(self, answer: requests.Response, payload: Mapping[str, Any], pushed: Pushed) -> None:
        try:
            pushed.reply = read_answer(answer, self._settings, self.sealer, payload)
            pushed.outcome = "reply" if pushed.reply else "silent"
        except Abnormal as error:
            pushed.outcome, pushed.why = "abnormal", str(error)


def post(url: str, query: Mapping[str, str], body: bytes, settings: Settings) -> requests.Response:
    kind = "application/json" if settings.push_format == "json" else "text/xml"
    limit = settings.wechat_timeout
    started = time.monotonic()
    headers = {"Content-Type": kind, "User-Agent": "Mozilla/4.0", "Accept": "*/*", "Accept-Encoding": "identity"}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(
            f"{url}?{urlencode(query)}", data=body, headers=headers, timeout=limit, allow_redirects=False
        )
    if time.monotonic() - started > limit:  # the library's limit is per read, WeChat's for the whole
        raise requests.ReadTimeout
    return answer


def read_answer(answer: requests.Response, settings: Settings, sealer: Sealer, payload: Mapping[str, Any]) -> str:
    """The text to show, ``""`` for an answer without text. Raises Abnormal."""
    if answer.headers.get("Content-Encoding"):
        raise Abnormal("compressed")
    body = answer.content
    if body in {b"", b"success"}:
        return ""
    reply = _parse(body, settings)
    if "Encrypt" in reply:
        reply = _parse(_opened(reply, settings, sealer), settings)
    elif settings.mode == "safe":
        raise Abnormal("plain answer in safe mode")
    return _text_of(reply, payload)


def _parse(body: bytes, settings: Settings) -> dict[str, str]:
    if body.lstrip()[:1] == b"{" and settings.push_format == "json":
        return _parse_json(body)
    try:
        root = fromstring(body)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise Abnormal("not xml") from error
    if root.tag != "xml":
        raise Abnormal("root is not xml")
    if len({child.tag for child in root}) != len(root):
        raise Abnormal("an element stands twice")
    return {child.tag: child.text or "" for child in root}


def _parse_json(body: bytes) -> dict[str, str]:
    try:
        parsed = json.loads(body)
    except ValueError as error:
        raise Abnormal("not json") from error
    return {str(key): str(value) for key, value in parsed.items()}


def _opened(reply: Mapping[str, str], settings: Settings, sealer: Sealer) -> bytes:
    sealed = reply["Encrypt"]
    parts = (settings.wechat_token, reply.get("TimeStamp", ""), reply.get("Nonce", ""), sealed)
    if not same(signature(*parts), reply.get("MsgSignature", "")):
        raise Abnormal("bad MsgSignature")
    try:
        return sealer.open(sealed)
    except BadCiphertext as error:
        raise Abnormal(f"cannot decrypt: {error}") from error


def _text_of(reply: Mapping[str, str], payload: Mapping[str, Any]) -> str:
    if reply.get("ToUserName") != payload["FromUserName"] or reply.get("FromUserName") != payload["ToUserName"]:
        raise Abnormal("to or from is not this conversation's")
    if not reply.get("CreateTime", "").isdigit():
        raise Abnormal("CreateTime is not a number")
    if reply.get("MsgType") != "text":
        raise Abnormal("only text replies are known here")
    text = reply.get("Content", "")
    if not text.strip() or len(text.encode()) > LONGEST_REPLY:
        raise Abnormal("text empty or longer than 2048 bytes")
    return text
