"""What crosses the edge: addresses, inbound messages and events, outbound messages, receipts.

Adapters turn a platform's payload into these and these into a platform's calls; handlers know
nothing else about a platform.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


class Address(NamedTuple):
    """Where a person can be reached: ``wechat:oABC``, ``sms:+8613…``, ``console:me``."""

    scheme: str
    value: str

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """``scheme:value`` -> Address. Raises ValueError when either half is missing."""
        scheme, colon, value = text.partition(":")
        if not (scheme and colon and value):
            raise ValueError(f"address {text[:4]!r}… has no scheme:value form")
        return cls(scheme, value)


class Kind(StrEnum):
    """The kinds of an inbound message. UNSUPPORTED is stored though we cannot use it, so that nothing is lost."""

    TEXT = "text"
    IMAGE = "image"
    VOICE = "voice"
    VIDEO = "video"
    LOCATION = "location"
    LINK = "link"
    FILE = "file"
    UNSUPPORTED = "unsupported"


class Way(StrEnum):
    """A way out to a person. Which of them are rungs of the ladder, the channels say (``bot/edge/ways.py``).

    PASSIVE is the answer inside the webhook and HELD is no way at all. APP is a message of an app the person is
    signed in to by name, as WeCom's.
    """

    PASSIVE = "passive"
    APP = "app"
    CUSTOMER_SERVICE = "customer_service"
    SUBSCRIPTION = "subscription_notice"
    TEMPLATE = "template_message"
    SMS = "sms"
    CONSOLE = "console"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class MediaRef:
    """Something to download. ``ref`` is the platform's media id or URL; ``kind`` is a ``Kind``."""

    ref: str
    kind: Kind
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Location:
    """Degrees as the platform gave them (WGS 84 or GCJ-02), checked to be finite and in range."""

    latitude: float
    longitude: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One message of a person.

    ``external_id`` is unique for (channel, sender's message) and the same for each repeat of it.
    ``text`` is what the person wrote, unchanged, or what the platform recognised in a voice
    message (then ``recognised``), or a link's title and address; ``""`` when there is none.
    ``account`` is which of our accounts or numbers was written to.
    """

    channel: str
    external_id: str
    sender: Address
    kind: Kind
    text: str = ""
    account: str = ""
    media: tuple[MediaRef, ...] = ()
    location: Location | None = None
    recognised: bool = False
    sent_at: datetime | None = None


class Contact(StrEnum):
    """Something a person did to the channel other than writing."""

    FOLLOW = "follow"
    UNFOLLOW = "unfollow"
    SCAN = "scan"
    MENU = "menu"
    VIEW = "view"
    POSITION = "position"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    SUBSCRIPTION = "subscription"


@dataclass(frozen=True, slots=True)
class ContactEvent:
    """Something a person did to the channel. ``key`` is the menu key, the scene of the QR code or the link.

    ``choices`` of a SUBSCRIPTION says for each template id whether it was accepted. ``opens_reply`` is true where
    the platform allows a few messages after the event: WeChat gives three within a minute after a click on the
    menu, a follow and a scan, and none after VIEW and POSITION (customer-service message page of its developer
    documentation, read 2026-11).
    """

    channel: str
    external_id: str
    sender: Address
    event: Contact
    key: str = ""
    choices: Mapping[str, bool] = field(default_factory=dict)
    opens_reply: bool = False
    account: str = ""
    sent_at: datetime | None = None


class Outcome(StrEnum):
    """How far a delivery got. A stored outcome never moves to one of lower ``rank``."""

    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"

    @property
    def rank(self) -> int:
        """ACCEPTED is 0, SENT 1; DELIVERED and FAILED are both 2, because each is final."""
        return {"accepted": 0, "sent": 1, "delivered": 2, "failed": 2}[self.value]


class Failure(StrEnum):
    """The reason why a delivery failed, in the terms of the ladder: one for each class of ``SendError``."""

    TEMPORARY = "temporary"
    RATE_LIMITED = "rate_limited"
    AMBIGUOUS = "ambiguous"
    REFUSED = "refused"
    RECIPIENT_GONE = "recipient_gone"
    WINDOW_CLOSED = "window_closed"
    MISCONFIGURED = "misconfigured"


@dataclass(frozen=True, slots=True)
class DeliveryReceipt:
    """The platform's later report on a message we sent. ``message_id`` is what ``send`` returned."""

    channel: str
    external_id: str
    message_id: str
    outcome: Outcome
    code: str = ""
    failure: Failure | None = None
    recipient: Address | None = None


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """An authentic call we do not understand. It is stored as it came and answered as received."""

    channel: str
    external_id: str
    name: str
    sender: Address | None = None


Event = InboundMessage | ContactEvent | DeliveryReceipt | UnknownEvent


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    """One message to hand to a platform.

    Either ``text``, or ``template`` (our key, mapped to the platform's id by the channel's settings) with
    ``fields`` (our field names, fitted by the adapter): over a way that carries templates, and over every way
    of a channel that takes registered texts only, SMS too. ``once`` is the idempotency key, stable over retries
    (at most 32 characters).
    """

    to: Address
    way: Way
    text: str = ""
    template: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    once: str = ""
