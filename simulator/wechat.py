"""What WeChat knows of an official account: who follows it, and what it may still send to whom.

Quotas since June 2023: five customer-service messages within 48 hours of a person's message, three within a
minute of a menu click, a follow or a scan (…/doc/service/api/customer/message/api_sendcustommessage, read
2026-11-23).
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from simulator.wechat_templates import REGISTERED, Template
from simulator.wechat_tokens import Tokens

if TYPE_CHECKING:
    from datetime import datetime

    from simulator.clock import Clock
    from simulator.settings import Settings

OPENING_EVENTS = frozenset({"CLICK", "subscribe", "SCAN", "scancode_push", "scancode_waitmsg"})
"""Events that allow messages. VIEW and LOCATION do not."""

ONCE = timedelta(minutes=10)
"""How long a ``client_msg_id`` is remembered (api_sendtemplatemessage page, read 2026-11-23)."""

MESSAGES: dict[int, str] = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40003: "invalid openid",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40037: "invalid template_id",
    40125: "invalid appsecret",
    40164: "invalid ip 127.0.0.1, not in whitelist",
    41001: "access_token missing",
    42001: "access_token expired",
    43004: "require subscribe",
    43101: "user refuse to accept the msg",
    44004: "empty content",
    45002: "content size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit  must slower  retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    47001: "data format error",
    48001: "api unauthorized",
    48002: "user block receive message",
    50005: "user is unsubscribed",
}


class ApiError(Exception):
    """An errcode with WeChat's words for it."""

    def __init__(self, errcode: int, message: str = "") -> None:
        super().__init__(errcode)
        self.errcode = errcode
        self.message = message or MESSAGES.get(errcode, "error")


@dataclass(slots=True)
class Allowance:
    """The customer-service messages that are still free, until a moment."""

    until: datetime
    left: int


@dataclass(slots=True)
class Person:
    """A person who met the account. ``blocked``: receiving is switched off. ``subscriptions``: template id and
    how many notices are left, -1 for a long-term one.
    """

    openid: str
    follows: bool = True
    blocked: bool = False
    by_message: Allowance | None = None
    by_event: Allowance | None = None
    subscriptions: dict[str, int] = field(default_factory=dict)
    sent_once: dict[str, tuple[datetime, int]] = field(default_factory=dict)


class Account:
    """One official account. Many threads may use it at once."""

    def __init__(self, settings: Settings, clock: Clock, token_clock: Clock) -> None:
        self.tokens = Tokens(token_clock)
        self.menu: list[dict[str, Any]] = []
        self.templates: dict[str, Template] = dict(REGISTERED)
        self._settings = settings
        self._clock = clock
        self._token_clock = token_clock
        self._persons: dict[str, Person] = {}
        self._lock = threading.RLock()
        self._ids = itertools.count(int(clock.timestamp()) * 1000)

    def next_id(self) -> int:
        """An id for MsgId and msgid alike: ever growing, 64 bits (24 000 000 000 000 000 + milliseconds)."""
        return 24_000_000_000_000_000 + next(self._ids)

    def add(self, openid: str, *, follows: bool = True) -> Person:
        with self._lock:
            return self._persons.setdefault(openid, Person(openid, follows=follows))

    def person(self, openid: str) -> Person:
        """The person of an openid. Raises ApiError 40003 for one that never met this account."""
        with self._lock:
            person = self._persons.get(openid)
        if person is None:
            raise ApiError(40003)
        return person

    def follower(self, openid: str, otherwise: int = 43004) -> Person:
        person = self.person(openid)
        if not person.follows:
            raise ApiError(otherwise)
        return person

    # -- what a person does ---------------------------------------------------------------------

    def wrote(self, openid: str) -> None:
        hours = timedelta(hours=self._settings.message_hours)
        with self._lock:
            allowance = Allowance(self._clock.now() + hours, self._settings.message_quota)
            self.person(openid).by_message = allowance

    def acted(self, openid: str, event: str) -> None:
        """Note an event of a person. Only some events allow messages; following and leaving change more."""
        with self._lock:
            person = self.person(openid)
            if event in OPENING_EVENTS:
                until = self._clock.now() + timedelta(seconds=self._settings.event_seconds)
                person.by_event = Allowance(until, self._settings.event_quota)
            if event == "subscribe":
                person.follows = True
            elif event == "unsubscribe":
                person.follows = False
                person.by_message = person.by_event = None

    def subscribed(self, openid: str, template_id: str, *, accept: bool, long_term: bool) -> None:
        with self._lock:
            held = self.person(openid).subscriptions
            if not accept:
                held.pop(template_id, None)
            elif long_term or held.get(template_id) == -1:
                held[template_id] = -1
            else:
                held[template_id] = held.get(template_id, 0) + 1

    # -- what the application may send ------------------------------------------------------------

    def spend_customer_service(self, openid: str) -> None:
        """Use one free message. Raises ApiError 45015 outside of every window, 45047 when the quota is used up."""
        with self._lock:
            person = self.follower(openid, otherwise=45015)
            if person.blocked:
                raise ApiError(48002)
            now = self._clock.now()
            open_now = [a for a in (person.by_event, person.by_message) if a and now < a.until]
            if not open_now:
                raise ApiError(45015)
            usable = [allowance for allowance in open_now if allowance.left > 0]
            if not usable:
                raise ApiError(45047)
            usable[0].left -= 1

    def spend_subscription(self, openid: str, template_id: str) -> None:
        """Use one subscription. Raises ApiError 43101 when there is none or it is used up."""
        with self._lock:
            person = self.person(openid)
            left = person.subscriptions.get(template_id, 0)
            if not left or person.blocked:
                raise ApiError(43101)
            if left > 0:
                person.subscriptions[template_id] = left - 1

    def already_sent(self, openid: str, client_msg_id: str) -> int | None:
        """The msgid given for the same ``client_msg_id`` within the last ten minutes."""
        with self._lock:
            sent = self.person(openid).sent_once.get(client_msg_id) if client_msg_id else None
        return sent[1] if sent and self._clock.now() - sent[0] < ONCE else None

    def remember_sent(self, openid: str, client_msg_id: str, msgid: int) -> None:
        with self._lock:
            if client_msg_id:
                self.person(openid).sent_once[client_msg_id] = (self._clock.now(), msgid)

    def template(self, template_id: Any, prefix: str = "") -> Template:
        """A registered template. Raises ApiError 40037. Templates and subscriptions are two separate libraries on
        the platform.
        """
        found = self.templates.get(template_id) if isinstance(template_id, str) else None
        if found is None or found.id.startswith("SUB_") != (prefix == "SUB_"):
            raise ApiError(40037)
        return found

    def clear(self) -> None:
        with self._lock:
            self._persons.clear()
            self.tokens = Tokens(self._token_clock)
