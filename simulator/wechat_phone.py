"""What a person does on a WeChat phone, and what the phone shows afterwards."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from simulator import texts
from simulator.media import SILENCE, sample_picture
from simulator.wechat_payloads import envelope, event_fields, message_fields

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.network import Network
    from simulator.phones import Bubble
    from simulator.wechat_push import Pushed

MEDIA_KINDS = {"image": "image", "voice": "voice", "video": "video", "shortvideo": "video", "file": "file"}


def send(net: Network, openid: str, given: Mapping[str, Any]) -> tuple[dict[str, Any], Bubble]:
    """A message leaves the phone: its payload, and its bubble, still ``sending``. Then ``deliver``.

    ``given``: ``kind`` (text …) and that kind's own: text, recognition, latitude, longitude, label,
    title, url, picture (bytes). Raises KeyError for an unknown kind, ApiError for an unknown person.
    """
    kind = str(given.get("kind", "text"))
    media_id = _upload(net, kind, given) if kind in MEDIA_KINDS else ""
    picture = f"/wechat/pic/{media_id}" if kind == "image" else ""
    net.wechat.wrote(openid)
    payload = envelope(net.settings, openid, created=net.clock.timestamp(), kind=kind)
    payload |= message_fields(kind, given, media_id=media_id, picture_url=net.settings.base_url + picture)
    payload["MsgId"] = net.wechat.next_id()
    shown = {"kind": kind, "text": _shown_text(kind, given), "picture": picture, "status": "sending"}
    bubble = net.phones.show(openid, at=net.clock.now(), direction="out", way="wechat", **shown)
    return payload, bubble


def deliver(net: Network, payload: Mapping[str, Any], bubble: Bubble | None = None) -> Pushed:
    """Push the payload and show what comes back: the reply, nothing, or WeChat's line of failure."""
    pushed = net.pusher.push(payload)
    openid = str(payload["FromUserName"])
    kind = str(payload.get("Event") or payload["MsgType"])
    net.calls.pushed({"channel": "wechat", "kind": kind, "openid": openid} | pushed.report())
    if bubble is not None:
        net.phones.mark(openid, bubble, "sent" if pushed.outcome in {"reply", "silent"} else "failed")
    if pushed.outcome == "reply":
        net.phones.show(openid, at=net.clock.now(), direction="in", way="passive", text=pushed.reply)
    elif pushed.outcome != "silent":
        note(net, openid, texts.SERVICE_UNAVAILABLE)
    return pushed


def act(net: Network, openid: str, event: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """An event caused by this person. Returns its payload for ``deliver``."""
    net.wechat.acted(openid, event)
    payload = envelope(net.settings, openid, created=net.clock.timestamp(), kind="event")
    payload |= event_fields(event, given)
    net.phones.set_state(openid, follows=net.wechat.person(openid).follows)
    line = _line_of(event, str(given.get("name") or given.get("key", "")))
    if line:
        note(net, openid, line)
    return payload


def subscribe(net: Network, openid: str, template_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The person allows or refuses a notice. ``via`` is ``change`` when it is done by the switch in the account's
    settings.
    """
    accept, long_term = bool(given.get("accept", True)), bool(given.get("long_term", False))
    template = net.wechat.template(template_id, "SUB_")
    net.wechat.subscribed(openid, template_id, accept=accept, long_term=long_term)
    line = texts.SUBSCRIBED if accept else texts.REFUSED
    note(net, openid, line.format(title=template.title))
    payload = envelope(net.settings, openid, created=net.clock.timestamp(), kind="event")
    choice = {"TemplateId": template_id, "SubscribeStatusString": "accept" if accept else "reject"}
    return payload | _subscription_event(choice, change=given.get("via") == "change")


def report_later(net: Network, openid: str, event: str, fields: Mapping[str, Any]) -> None:
    """Push the event with a call's result a moment later. The answer to it is shown to nobody."""
    net.background.start(_report, net, openid, event, dict(fields))


def _report(net: Network, openid: str, event: str, fields: dict[str, Any]) -> None:
    time.sleep(net.settings.result_delay)
    payload = envelope(net.settings, openid, created=net.clock.timestamp(), kind="event")
    pushed = net.pusher.push(payload | {"Event": event} | fields)
    net.calls.pushed({"channel": "wechat", "kind": event, "openid": openid} | pushed.report())


def note(net: Network, openid: str, line: str) -> None:
    net.phones.show(openid, at=net.clock.now(), direction="note", way="system", text=line)


def _subscription_event(choice: dict[str, Any], *, change: bool) -> dict[str, Any]:
    if change:
        return {"Event": "subscribe_msg_change_event", "SubscribeMsgChangeEvent": {"List": [choice]}}
    popup = {"List": [choice | {"PopupScene": "2"}]}
    return {"Event": "subscribe_msg_popup_event", "SubscribeMsgPopupEvent": popup}


def _upload(net: Network, kind: str, given: Mapping[str, Any]) -> str:
    if kind == "image":
        content, content_type = given.get("picture") or sample_picture()
    elif kind == "voice":
        content, content_type = SILENCE, "audio/amr"
    else:
        content, content_type = b"\x00" * 64, "application/octet-stream"
    return net.media.put(MEDIA_KINDS[kind], content, content_type=content_type, now=net.clock.now())


def _shown_text(kind: str, given: Mapping[str, Any]) -> str:
    field = {"voice": "recognition", "location": "label", "link": "title", "file": "title"}.get(kind, "text")
    return str(given.get(field, ""))


def _line_of(event: str, key: str) -> str:
    lines = {
        "subscribe": texts.FOLLOWED,
        "unsubscribe": texts.UNFOLLOWED,
        "CLICK": texts.MENU_CLICKED,
        "SCAN": texts.SCANNED,
    }
    return lines.get(event, "").format(key=key)
