"""Makes our events of a push. Nothing here raises: what is not understood becomes ``UnknownEvent``.

External ids are digests, because they are stored in clear and must not show an openid.
"""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.edge.messages import (
    Address,
    Contact,
    ContactEvent,
    DeliveryReceipt,
    Failure,
    InboundMessage,
    Kind,
    Location,
    MediaRef,
    Outcome,
    UnknownEvent,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from adapters._wechat.push_body import Node
    from bot.edge.messages import Event

FUTURE = 86400
"""Seconds that a CreateTime may lie ahead of the request before it counts as nonsense."""

CONTACTS: dict[str, tuple[Contact, bool]] = {
    "subscribe": (Contact.FOLLOW, True),
    "unsubscribe": (Contact.UNFOLLOW, False),
    "scan": (Contact.SCAN, True),
    "location": (Contact.POSITION, False),
    "click": (Contact.MENU, True),
    "view": (Contact.VIEW, False),
    "view_miniprogram": (Contact.VIEW, False),
    # Of the menu's other buttons only these two open a reply (customer-service page, read 2026-11-23).
    "scancode_push": (Contact.MENU, True),
    "scancode_waitmsg": (Contact.MENU, True),
    "pic_sysphoto": (Contact.MENU, False),
    "pic_photo_or_album": (Contact.MENU, False),
    "pic_weixin": (Contact.MENU, False),
    "location_select": (Contact.MENU, False),
    "subscribe_msg_popup_event": (Contact.SUBSCRIPTION, False),
    "subscribe_msg_change_event": (Contact.SUBSCRIPTION, False),
}
"""For the name of an event in lower case, what the person did, and whether WeChat allows replies for it."""

TEMPLATE_RESULTS: dict[str, Failure] = {
    # The person blocks template messages, not the account: other ways stay open.
    "user_block": Failure.REFUSED,
    "system_failed": Failure.TEMPORARY,
    "freq_limit": Failure.RATE_LIMITED,
}

VOICE_TYPES = {"amr": "audio/amr", "speex": "audio/speex", "mp3": "audio/mpeg"}

_UNSUPPORTED_TEXT = re.compile(r"^[\[【]?收到不支持的消息类型[，,]暂无法显示[\]】]?$")
"""The text WeChat sends in the place of stickers and the like."""


@dataclass(frozen=True, slots=True)
class Push:
    """One push with its common fields read. ``latest`` is the last plausible CreateTime, 0 if there is none."""

    channel: str
    root: Node
    payload: bytes
    latest: float = 0.0

    @property
    def sender(self) -> str:
        return self.root.get("FromUserName")

    @property
    def address(self) -> Address | None:
        return Address("wechat", self.sender) if self.sender else None

    @property
    def account(self) -> str:
        return self.root.get("ToUserName")

    @property
    def msg_id(self) -> str:
        """The message's id as text. The documentation spells the field MsgId and MsgID; both are read."""
        return self.root.get("MsgId", "MsgID", "Msgid")

    @property
    def sent_at(self) -> datetime | None:
        return sent_at(self.root.get("CreateTime"), self.latest)


def digest(prefix: str, *parts: str) -> str:
    """The prefix and 160 bits of SHA-256 over the parts, as ``m:1f3a…``."""
    joined = "\x1f".join(parts).encode("utf-8", "replace")
    return f"{prefix}:{hashlib.sha256(joined).hexdigest()[:40]}"


def sent_at(text: str, latest: float) -> datetime | None:
    """The time of CreateTime. It is seconds by the documentation and milliseconds in some pushes; None for
    nonsense.
    """
    if not (text.isascii() and text.isdigit() and 0 < len(text) < 17):
        return None
    seconds = int(text) / 1000 if len(text) > 11 else float(text)
    if not seconds or seconds > (latest + FUTURE if latest else 4102444800):
        return None
    return datetime.fromtimestamp(seconds, UTC)


def unknown(channel: str, name: str, payload: bytes, sender: Address | None = None) -> UnknownEvent:
    """An event that is kept raw, under an id that stays the same. ``name`` keeps letters and digits only."""
    word = re.sub(r"[^A-Za-z0-9_.-]", "", name)[:60] or "unnamed"
    identity = "u:" + hashlib.sha256(payload).hexdigest()[:40]
    return UnknownEvent(channel, identity, word, sender)


def read(push: Push) -> tuple[Event, ...]:
    """The events of a push: usually one, several for a list of receipts."""
    kind = push.root.get("MsgType").lower()
    if kind == "event":
        return _event(push)
    message = _message(push, kind)
    return (message or unknown(push.channel, kind or "no_type", push.payload, push.address),)


# -- messages ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Content:
    kind: Kind
    text: str = ""
    media: tuple[MediaRef, ...] = ()
    location: Location | None = None
    recognised: bool = False


def _message(push: Push, kind: str) -> InboundMessage | None:
    reader = READERS.get(kind, _unsupported)
    is_person = kind in READERS or (push.msg_id and not push.root.find("Event"))
    if push.address is None or not kind or not is_person:
        return None
    content = reader(push.root)
    return InboundMessage(
        push.channel,
        _message_id(push, kind),
        push.address,
        content.kind,
        text=content.text,
        account=push.account,
        media=content.media,
        location=content.location,
        recognised=content.recognised,
        sent_at=push.sent_at,
    )


def _message_id(push: Push, kind: str) -> str:
    """The id of a message. MsgId is unique for each sender only: two people with the same one have been seen
    (WxJava#333).
    """
    if push.msg_id:
        return digest("m", push.sender, push.msg_id)
    content = [push.root.raw(name) for name in ("Content", "MediaId", "PicUrl", "Url", "Title", "FileKey")]
    place = [push.root.get(name) for name in ("Location_X", "Location_Y", "Label")]
    return digest("n", push.sender, push.root.get("CreateTime"), kind, *content, *place)


def _text(root: Node) -> _Content:
    text = root.raw("Content")
    if _UNSUPPORTED_TEXT.match(text.strip()):
        return _Content(Kind.UNSUPPORTED)
    return _Content(Kind.TEXT, text)


def _image(root: Node) -> _Content:
    ref = root.get("MediaId")
    url = root.get("PicUrl")
    if not ref and url.startswith(("http://", "https://")):
        ref = url
    return _Content(Kind.IMAGE, media=_media(ref, Kind.IMAGE))


def _voice(root: Node) -> _Content:
    words = root.get("Recognition", "Recongnition")  # both spellings stand in WeChat's documentation
    media_type = VOICE_TYPES.get(root.get("Format").lower(), "")
    media = _media(root.get("MediaId"), Kind.VOICE, media_type)
    return _Content(Kind.VOICE, words, media, recognised=bool(words))


def _video(root: Node) -> _Content:
    return _Content(Kind.VIDEO, media=_media(root.get("MediaId"), Kind.VIDEO))


def _location(root: Node) -> _Content:
    label = root.get("Label")
    latitude, longitude = _degrees(root.get("Location_X"), 90), _degrees(root.get("Location_Y"), 180)
    place = None if latitude is None or longitude is None else Location(latitude, longitude, label)
    return _Content(Kind.LOCATION, label, location=place)


def _link(root: Node) -> _Content:
    parts = (root.get("Title"), root.get("Url"))
    return _Content(Kind.LINK, "\n".join(part for part in parts if part))


def _file(root: Node) -> _Content:
    return _Content(Kind.FILE, root.get("Title"), _media(root.get("MediaId"), Kind.FILE))


def _unsupported(_root: Node) -> _Content:
    return _Content(Kind.UNSUPPORTED)


READERS: dict[str, Callable[[Node], _Content]] = {
    "text": _text,
    "image": _image,
    "voice": _voice,
    "video": _video,
    "shortvideo": _video,
    "location": _location,
    "link": _link,
    "file": _file,
}


def _media(ref: str, kind: Kind, content_type: str = "") -> tuple[MediaRef, ...]:
    return (MediaRef(ref, kind, content_type),) if ref else ()


def _degrees(text: str, limit: float) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and abs(value) <= limit else None


# -- events ------------------------------------------------------------------------------------


def _event(push: Push) -> tuple[Event, ...]:
    name = push.root.get("Event")
    events: tuple[Event, ...] = ()
    if name.lower() == "templatesendjobfinish":
        events = _template_result(push)
    elif name.lower() == "subscribe_msg_sent_event":
        events = _subscription_results(push)
    elif name.lower() in CONTACTS and push.address:
        events = (_contact(push, name.lower(), push.address),)
    return events or (unknown(push.channel, name or "no_event", push.payload, push.address),)


def _contact(push: Push, name: str, sender: Address) -> ContactEvent:
    event, opens_reply = CONTACTS[name]
    key = push.root.get("EventKey")
    return ContactEvent(
        push.channel,
        _event_id(push, name),
        sender,
        event,
        key=key.removeprefix("qrscene_") if event is Contact.FOLLOW else key,
        choices=_choices(push.root) if event is Contact.SUBSCRIPTION else {},
        opens_reply=opens_reply,
        account=push.account,
        sent_at=push.sent_at,
    )


def _event_id(push: Push, name: str, *more: str) -> str:
    """The id of an event. LOCATION events come every 5 seconds and share their CreateTime with others
    (weixin-java-tools#66), so the coordinates are part of it.
    """
    root = push.root
    details = [root.get(tag) for tag in ("EventKey", "Latitude", "Longitude", "MenuId")]
    below = [node.text for tag in ("List", "ScanCodeInfo", "SendPicsInfo") for node in root.below(tag)]
    return digest("e", push.sender, root.get("CreateTime"), name, *details, *below, *more)


def _choices(root: Node) -> dict[str, bool]:
    """The choices of a subscription. A list is repeated tags in XML, and an array or a single object in JSON: all
    are elements ``List``.
    """
    rows = ((row.get("TemplateId"), row.get("SubscribeStatusString")) for row in root.below("List"))
    return {template: status.lower() == "accept" for template, status in rows if template}


def _template_result(push: Push) -> tuple[Event, ...]:
    if not push.msg_id:
        return ()
    status = re.sub(r"[^a-z0-9]+", "_", push.root.get("Status").lower().removeprefix("failed")).strip("_")
    delivered = status == "success"
    receipt = DeliveryReceipt(
        push.channel,
        _event_id(push, "templatesendjobfinish", push.msg_id, status),
        push.msg_id,
        Outcome.DELIVERED if delivered else Outcome.FAILED,
        code="" if delivered else status[:40] or "unnamed",
        failure=None if delivered else TEMPLATE_RESULTS.get(status, Failure.REFUSED),
        recipient=push.address,
    )
    return (receipt,)


def _subscription_results(push: Push) -> tuple[Event, ...]:
    rows = list(push.root.below("List")) or [push.root]
    return tuple(_subscription_result(push, row) for row in rows if row.get("MsgID", "MsgId"))


def _subscription_result(push: Push, row: Node) -> DeliveryReceipt:
    message_id, code = row.get("MsgID", "MsgId"), row.get("ErrorCode") or "0"
    delivered = code == "0"
    return DeliveryReceipt(
        push.channel,
        _event_id(push, "subscribe_msg_sent_event", message_id),
        message_id,
        Outcome.DELIVERED if delivered else Outcome.FAILED,
        code="" if delivered else re.sub(r"[^0-9A-Za-z-]", "", code)[:20],
        failure=None if delivered else Failure.REFUSED,
        recipient=push.address,
    )
