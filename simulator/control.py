"""The control interface under ``/sim``: what the page's buttons and the tests use. See README.md."""

from __future__ import annotations

import base64
import binascii
import secrets
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from simulator import twilio_phone, wechat_phone
from simulator.handshake import check_hook
from simulator.media import sample_picture
from simulator.twilio import E164
from simulator.wechat import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.network import Network

    Action = Callable[..., "dict[str, Any]"]

LARGEST_PICTURE = 10 * 1024 * 1024


def blueprint(net: Network) -> Blueprint:
    routes = Blueprint("control", __name__, url_prefix="/sim")
    for method, rule, action in RULES:
        view = partial(_answer, net, action)
        routes.add_url_rule(rule, f"{method}{rule}", view, methods=[method])
    return routes


def _answer(net: Network, action: Action, **parts: str) -> Response:
    """Run an action. Bad input of any kind is answered with status 400 and one line."""
    given = request.get_json(silent=True) if request.get_data() else {}
    if not isinstance(given, dict):
        return _bad("a JSON object is needed")
    try:
        return jsonify(action(net, given, **parts))
    except ApiError as error:
        return _bad(f"{error.errcode} {error.message}")
    except (KeyError, ValueError, TypeError) as error:
        return _bad(f"{type(error).__name__}: {error}")


def _bad(words: str) -> Response:
    answer = jsonify(error=words)
    answer.status_code = 400
    return answer


# -- reading ----------------------------------------------------------------------------------------


def _phones(net: Network, _given: dict[str, Any]) -> dict[str, Any]:
    return net.phones.snapshot() | status(net)


def status(net: Network) -> dict[str, Any]:
    """The part of the state that the toolbar shows."""
    clock = {"now": net.clock.now().isoformat(), "offset_seconds": net.clock.offset_seconds}
    return {"clock": clock, "faults": net.faults.listing(), "menu": net.wechat.menu}


def _calls(net: Network, _given: dict[str, Any]) -> dict[str, Any]:
    return net.calls.listing()


# -- WeChat -----------------------------------------------------------------------------------------


def _add_person(net: Network, given: dict[str, Any]) -> dict[str, Any]:
    openid = str(given.get("openid") or "o" + secrets.token_hex(14)[:27])
    name, role = str(given.get("name") or openid), str(given.get("role") or "citizen")
    phone = net.add_wechat(openid, name, role=role, follows=bool(given.get("follows", True)))
    return phone.head()


def _send_wechat(net: Network, given: dict[str, Any], openid: str) -> dict[str, Any]:
    payload, bubble = wechat_phone.send(net, openid, _with_picture(given))
    if given.get("wait", True):
        return wechat_phone.deliver(net, payload, bubble).report() | {"msg_id": str(payload["MsgId"])}
    net.background.start(wechat_phone.deliver, net, payload, bubble)
    return {"msg_id": str(payload["MsgId"])}


def _event(net: Network, given: dict[str, Any], openid: str) -> dict[str, Any]:
    payload = wechat_phone.act(net, openid, str(given["event"]), given)
    return _pushed(net, payload, given)


def _follow(net: Network, given: dict[str, Any], openid: str) -> dict[str, Any]:
    follow, scene = bool(given.get("follow", True)), str(given.get("scene", ""))
    key = {"key": f"qrscene_{scene}", "ticket": "TICKET"} if follow and scene else {}
    payload = wechat_phone.act(net, openid, "subscribe" if follow else "unsubscribe", key)
    return _pushed(net, payload, given)


def _block(net: Network, given: dict[str, Any], openid: str) -> dict[str, Any]:
    person = net.wechat.person(openid)
    person.blocked = bool(given.get("block", True))
    return {"blocked": person.blocked}


def _subscribe(net: Network, given: dict[str, Any], openid: str) -> dict[str, Any]:
    payload = wechat_phone.subscribe(net, openid, str(given["template"]), given)
    return _pushed(net, payload, given)


def _raw(net: Network, given: dict[str, Any], openid: str) -> dict[str, Any]:
    """Any fields over an ordinary envelope. A field whose value is null is left out."""
    fields: dict[str, Any] = {"ToUserName": net.settings.wechat_account, "FromUserName": openid}
    fields |= {"CreateTime": net.clock.timestamp()} | dict(given["fields"])
    payload = {name: value for name, value in fields.items() if value is not None}
    return _pushed(net, payload, given)


def _pushed(net: Network, payload: dict[str, Any], given: dict[str, Any]) -> dict[str, Any]:
    if given.get("wait", True):
        return wechat_phone.deliver(net, payload).report()
    net.background.start(wechat_phone.deliver, net, payload)
    return {}


def _void_token(net: Network, _given: dict[str, Any]) -> dict[str, Any]:
    net.wechat.tokens.void()
    return {}


def _verify_hook(net: Network, _given: dict[str, Any]) -> dict[str, Any]:
    return check_hook(net)


# -- SMS --------------------------------------------------------------------------------------------


def _add_number(net: Network, given: dict[str, Any]) -> dict[str, Any]:
    number = str(given.get("number") or f"+861990009{secrets.randbelow(10**4):04d}")
    if not E164.fullmatch(number):
        raise ValueError("a number is written like +8619900009001")
    name, role = str(given.get("name") or number), str(given.get("role") or "citizen")
    return net.add_sms(number, name, role=role).head()


def _send_sms(net: Network, given: dict[str, Any], number: str) -> dict[str, Any]:
    if net.phones.get(number) is None:
        _add_number(net, {"number": number})
    form, bubble = twilio_phone.send(net, number, _with_picture(given))
    if given.get("wait", True):
        return twilio_phone.deliver(net, form, bubble).report()
    net.background.start(twilio_phone.deliver, net, form, bubble)
    return {"message_sid": form["MessageSid"]}


def _landline(net: Network, given: dict[str, Any], number: str) -> dict[str, Any]:
    if given.get("landline", True):
        net.sms.landlines.add(number)
    else:
        net.sms.landlines.discard(number)
    return {"landlines": sorted(net.sms.landlines)}


def _with_picture(given: dict[str, Any]) -> dict[str, Any]:
    """The fields with the bytes of ``picture``: a data URL (what a browser makes of a file), true for the sample,
    or absent.

    Raises ValueError.
    """
    picture = given.get("picture")
    if not picture:
        return {name: value for name, value in given.items() if name != "picture"}
    if picture is True:
        return given | {"picture": sample_picture()}
    head, comma, coded = str(picture).partition(",")
    if not comma or not head.startswith("data:image/"):
        raise ValueError("picture is a data URL of an image")
    try:
        content = base64.b64decode(coded, validate=True)
    except binascii.Error as error:
        raise ValueError("picture is not base64") from error
    if len(content) > LARGEST_PICTURE:
        raise ValueError("picture is larger than 10 MB")
    return given | {"picture": (content, head[5:].split(";")[0])}


# -- faults, clock, all ------------------------------------------------------------------------------


def _add_fault(net: Network, given: dict[str, Any]) -> dict[str, Any]:
    net.faults.add(**given)
    return _changed(net)


def _remove_faults(net: Network, _given: dict[str, Any]) -> dict[str, Any]:
    net.faults.remove(request.args.get("name", ""))
    return _changed(net)


def _advance(net: Network, given: dict[str, Any]) -> dict[str, Any]:
    """Move the simulated time. Access tokens stay valid unless ``tokens`` is set: a running application would
    have renewed them in the hours that are left out, but its own cache counts real seconds.
    """
    step = timedelta(hours=float(given.get("advance_hours", 0)), seconds=float(given.get("seconds", 0)))
    net.clock.advance(step)
    if given.get("tokens"):
        net.token_clock.advance(step)
    return _changed(net)


def _changed(net: Network) -> dict[str, Any]:
    state = status(net)
    net.phones.publish({"type": "status"} | state)
    return state


def _reset(net: Network, _given: dict[str, Any]) -> dict[str, Any]:
    net.reset()
    return _changed(net)


RULES: tuple[tuple[str, str, Action], ...] = (
    ("GET", "/phones", _phones),
    ("GET", "/calls", _calls),
    ("POST", "/wechat/persons", _add_person),
    ("POST", "/wechat/void_token", _void_token),
    ("POST", "/wechat/verify_hook", _verify_hook),
    ("POST", "/wechat/<openid>/send", _send_wechat),
    ("POST", "/wechat/<openid>/event", _event),
    ("POST", "/wechat/<openid>/follow", _follow),
    ("POST", "/wechat/<openid>/block", _block),
    ("POST", "/wechat/<openid>/subscribe", _subscribe),
    ("POST", "/wechat/<openid>/raw", _raw),
    ("POST", "/sms/numbers", _add_number),
    ("POST", "/sms/<number>/send", _send_sms),
    ("POST", "/sms/<number>/landline", _landline),
    ("POST", "/faults", _add_fault),
    ("DELETE", "/faults", _remove_faults),
    ("POST", "/clock", _advance),
    ("POST", "/reset", _reset),
)
