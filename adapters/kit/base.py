"""The channel contract: verify -> handshake -> parse -> acknowledge, send, fetch_media.

A channel is one file beside this one, holding one subclass of ``Channel``; the file name is its
name in settings (``CHANNELS=wechat,twilio,hotline=twilio``), URLs and logs. See
``docs/add-a-channel.md``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, final

from pydantic import BaseModel, ConfigDict

from bot.edge.errors import MediaError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

    import requests

    from bot.edge.messages import Address, Event, Kind, MediaRef, OutboundMessage, Way
    from bot.edge.ports import Alarms, Clock, SharedCache
    from bot.edge.ways import WayOut

    Texts = Literal["free", "registered"]
    Links = Literal["any", "constant", "none"]

MAX_MEDIA_BYTES = 10 * 1024 * 1024
"""WeChat's own limit for pictures is 10 MB (media/upload page, read 2026-11-23)."""


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    """A platform's call, before anything is trusted.

    ``url`` is the configured public URL of this hook plus the received query, never the Host header.
    ``headers`` has lower-case names. ``body`` is raw and already bounded in size. ``remote`` is the address of who
    called, for a list of sources: the connection's, or what one of our own proxies (TRUSTED_PROXIES) says; ``""``
    when nobody knows. It never replaces a signature.
    """

    method: str
    url: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    remote: str = ""


@dataclass(frozen=True, slots=True)
class WebhookResponse:
    """``body`` exactly as sent; never compressed, never a redirect."""

    status: int
    body: bytes = b""
    content_type: str = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Received:
    """An authentic call: the platform's check answered (``handshake``), or its ``events``.

    ``context`` is the adapter's own, for ``acknowledge`` (whom to answer, which key decrypted).
    ``replay_key`` names this very signed request where the platform has a nonce; ``store/inbox.py`` refuses
    the same key with another body. ``payload`` is the decrypted body to keep.
    """

    events: tuple[Event, ...] = ()
    handshake: WebhookResponse | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    replay_key: str = ""
    payload: bytes = b""


@dataclass(frozen=True, slots=True)
class Sent:
    """Handed to the platform. ``external_id`` comes back in receipts; ``parts`` are SMS segments."""

    external_id: str
    parts: int = 1


@dataclass(frozen=True, slots=True)
class Media:
    """A download: checked, bounded, of the type it says."""

    content: bytes
    content_type: str


@dataclass(frozen=True, slots=True)
class ReplyWindow:
    """Free-form messages are possible only for a while after the person acts, and only so many.

    WeChat since 2023-06: 5 within 48 h of a message, 3 within 1 min of a menu click, follow or scan.
    """

    message_hours: float
    message_quota: int
    event_minutes: float
    event_quota: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What a channel can carry. ``longest`` counts in ``unit``: characters, utf8_bytes or segments.

    ``passive_longest`` is for the answer inside the webhook, same unit; 0: the platform shows none, and all answers
    go by the outbox. ``texts`` registered: only templates the platform has approved go out, none of our own words.
    ``links``: any; constant, the one address that is the same for everybody; or none (mainland carriers filter
    them).
    """

    longest: int
    unit: str
    passive_longest: int = 0
    window: ReplyWindow | None = None
    media: frozenset[Kind] = frozenset()
    receipts: bool = False
    texts: Texts = "free"
    links: Links = "any"


class ChannelConfig(BaseModel):
    """Settings of one account; every field has a help text (``description``), secrets are SecretStr.

    Environment names follow: account name and field name in upper case (``HOTLINE_ACCOUNT_SID``).
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @classmethod
    def insecure(cls, values: Mapping[str, Any]) -> list[str]:  # noqa: ARG003  # for subclasses
        """Combinations refused outside demo mode, each as ``FIELD: why`` (field in upper case)."""
        return []


@dataclass(frozen=True, slots=True)
class Services:
    """What an adapter may use beside its settings."""

    clock: Clock
    cache: SharedCache
    alarms: Alarms


class Channel(ABC):
    """One account with one provider. Instances are shared by threads and hold no per-message state.

    ``ways``: what it offers beside the passive reply, each a rung of the delivery ladder.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    scheme: ClassVar[str]
    Config: ClassVar[type[ChannelConfig]]
    limits: ClassVar[Limits]
    ways: ClassVar[tuple[WayOut, ...]]

    def __init__(self, account: str, config: Any, services: Services) -> None:
        self.account = account
        self.config = config
        self.services = services

    # -- inbound -----------------------------------------------------------------------------

    @final
    def receive(self, request: WebhookRequest, now: datetime) -> Received:
        """Verified first, whatever the subclass does later. Raises WebhookRejected."""
        self.verify(request, now)
        handshake = self.handshake(request)
        if handshake is not None:
            return Received(handshake=handshake)
        return self.parse(request)

    @abstractmethod
    def verify(self, request: WebhookRequest, now: datetime) -> None:
        """Constant-time signature and freshness, current and previous secret; else WebhookRejected."""

    def handshake(self, request: WebhookRequest) -> WebhookResponse | None:  # noqa: ARG002  # for subclasses
        """The platform's URL check; None when this is not one."""
        return None

    @abstractmethod
    def parse(self, request: WebhookRequest) -> Received:
        """Pure. Unknown kinds become UnknownEvent; never another exception than WebhookRejected."""

    @abstractmethod
    def acknowledge(self, received: Received, reply: str | None) -> WebhookResponse:
        """What this platform calls received, with the passive reply where there is one (``limits.passive_longest``).

        ``received`` may be empty (``Received()``) when nothing could be read.
        """

    # -- outbound ----------------------------------------------------------------------------

    @abstractmethod
    def send(self, message: OutboundMessage) -> Sent:
        """Hand over one message or raise SendError; no other exception."""

    def fetch_media(self, ref: MediaRef) -> Media:  # noqa: ARG002  # for subclasses
        """Download what a message referred to. Raises MediaError."""
        raise MediaError("unsupported", permanent=True)

    def can_send(self, way: Way, template: str = "") -> str:  # noqa: ARG002  # for subclasses
        """Nothing when this account is set up for ``way`` (and for ``template``), else why not."""
        return "" if any(out.way is way for out in self.ways) else "unsupported"

    def carries_template(self, out: WayOut) -> bool:
        """Whether a message over this way is a template and its fields, not a text."""
        return out.template or self.limits.texts == "registered"

    def subscription_id(self, template: str) -> str:  # noqa: ARG002  # for subclasses
        """The platform's id of the subscription notice for our key; ``""`` where there is none."""
        return ""

    def links_to(self, to: Address) -> Links:  # noqa: ARG002  # for subclasses
        """Which addresses a message to this recipient may carry."""
        return self.limits.links

    # -- operation ---------------------------------------------------------------------------

    def check(self) -> str:
        """Ask the platform whether the credentials work: one line for ``wenzheng check``. Raises SendError."""
        return "nothing to check"

    def age_of_token(self) -> timedelta | None:
        """Age of the cached access token, for metrics; None where there is none."""
        return None


def read_bounded(response: requests.Response, limit: int = MAX_MEDIA_BYTES) -> bytes:
    """The body of a streamed response, or MediaError once it passes ``limit`` bytes."""
    content = bytearray()
    for chunk in response.iter_content(65536):
        content += chunk
        if len(content) > limit:
            raise MediaError("too_large", permanent=True)
    if not content:
        raise MediaError("empty", permanent=True)
    return bytes(content)
