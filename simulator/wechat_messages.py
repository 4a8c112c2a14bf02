"""The three ways an account may write first: customer-service, template, subscription notice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flask import request

from simulator.wechat import ApiError
from simulator.wechat_phone import report_later
from simulator.wechat_templates import card, complaint

if TYPE_CHECKING:
    from simulator.network import Network
    from simulator.wechat import Person

OK = {"errcode": 0, "errmsg": "ok"}
LONGEST = 2048
ESCAPED = re.compile(rb"(?<!\\)\\u[4-9dD][0-9a-fA-F]{3}")


def customer_service(net: Network, body: dict[str, Any]) -> dict[str, Any]:
    person = net.wechat.person(str(body.get("touser", "")))
    content = _content(net, body)
    net.wechat.spend_customer_service(person.openid)
    _show(net, person, "customer_service", **content)
    return OK


def template(net: Network, body: dict[str, Any]) -> dict[str, Any]:
    """Accept a template message. That it was shown is reported later by an event."""
    person = net.wechat.follower(str(body.get("touser", "")))
    found = net.wechat.template(body.get("template_id"))
    _check_fields(complaint(found, body.get("data")))
    once = str(body.get("client_msg_id", ""))
    sent = net.wechat.already_sent(person.openid, once)
    if sent is not None:
        return OK | {"msgid": sent}
    msgid = net.wechat.next_id()
    net.wechat.remember_sent(person.openid, once, msgid)
    status = "failed:user block" if person.blocked else "success"
    if not person.blocked:
        content = card(found, body["data"], str(body.get("url", "")))
        _show(net, person, "template_message", kind="card", card=content)
    report_later(net, person.openid, "TEMPLATESENDJOBFINISH", {"MsgID": msgid, "Status": status})
    return OK | {"msgid": msgid}


def subscription(net: Network, body: dict[str, Any]) -> dict[str, Any]:
    """Accept a subscription notice. The answer holds no message id; only the event does (users complain of it:
    community doc/000ea648670c88925b0d5479756c00).
    """
    person = net.wechat.person(str(body.get("touser", "")))
    found = net.wechat.template(body.get("template_id"), "SUB_")
    _check_fields(complaint(found, body.get("data")))
    net.wechat.spend_subscription(person.openid, found.id)
    _show(net, person, "subscription_notice", kind="card", card=card(found, body["data"], str(body.get("page", ""))))
    result = {
        "TemplateId": found.id, "MsgID": str(net.wechat.next_id()), "ErrorCode": 0, "ErrorStatus": "success",
    }  # fmt: skip
    report_later(net, person.openid, "subscribe_msg_sent_event", {"SubscribeMsgSentEvent": {"List": [result]}})
    return OK


def _content(net: Network, body: dict[str, Any]) -> dict[str, Any]:
    """What the bubble will show. Raises ApiError 40008, 44004, 45002 or 40007."""
    kind = body.get("msgtype")
    inner = body.get(kind) if isinstance(kind, str) else None
    if not isinstance(inner, dict):
        raise ApiError(47001 if kind in _CONTENT else 40008)
    if kind not in _CONTENT:
        raise ApiError(40008)
    return _CONTENT[kind](net, inner)


def _text(_net: Network, inner: dict[str, Any]) -> dict[str, Any]:
    return {"text": _checked(inner.get("content"))}


def _menu(_net: Network, inner: dict[str, Any]) -> dict[str, Any]:
    choices = [{"id": str(c.get("id", "")), "text": str(c.get("content", ""))} for c in inner.get("list", [])]
    lines = [str(inner.get("head_content", "")), str(inner.get("tail_content", ""))]
    return {"kind": "menu", "text": _checked("\n".join(line for line in lines if line)), "choices": choices}


def _image(net: Network, inner: dict[str, Any]) -> dict[str, Any]:
    media_id = str(inner.get("media_id", ""))
    if net.media.get(media_id, net.clock.now()) is None:
        raise ApiError(40007)
    return {"kind": "image", "picture": f"/wechat/pic/{media_id}"}


_CONTENT = {"text": _text, "msgmenu": _menu, "image": _image}


def _checked(given: Any) -> str:
    text = given if isinstance(given, str) else ""
    if not text.strip():
        raise ApiError(44004)
    if _escaped():
        # The platform shows \\uXXXX escapes as they stand: an old trap of JSON libraries' defaults.
        text = text.encode("ascii", "backslashreplace").decode()
    if len(text.encode()) > LONGEST:
        raise ApiError(45002)
    return text


def _escaped() -> bool:
    """Whether Chinese stands in the raw body as escapes; surrogates, which stand for emoji, count too."""
    return ESCAPED.search(request.get_data()) is not None


def _check_fields(wrong: str) -> None:
    if wrong:
        raise ApiError(47003, wrong)


def _show(net: Network, person: Person, way: str, **content: Any) -> None:
    net.phones.show(person.openid, at=net.clock.now(), direction="in", way=way, **content)
