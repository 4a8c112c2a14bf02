"""Twilio's interface under ``/twilio/2010-04-01``, with its media behind a password and a redirect."""

from __future__ import annotations

import hmac
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, redirect, request

from simulator import twilio_phone
from simulator.faulty_answers import cut_if_ordered, instead_of_answer
from simulator.twilio import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.network import Network

API = "/2010-04-01/Accounts/<account>"


def blueprint(net: Network) -> Blueprint:
    routes = Blueprint("twilio", __name__, url_prefix="/twilio")
    rules: tuple[tuple[str, str, str, Callable[..., Response]], ...] = (
        (f"{API}/Messages.json", "send", "POST", _send),
        (f"{API}/Messages/<sid>.json", "message", "GET", _message),
        (f"{API}.json", "account", "GET", _account),
        (f"{API}/Messages/<sid>/Media/<media_id>", "media", "GET", _media),
    )
    for rule, name, method, view in rules:
        routes.add_url_rule(rule, name, partial(_guarded, net, view), methods=[method])
    routes.add_url_rule("/media-store/<media_id>", "media_store", partial(_stored, net))
    return routes


def _guarded(net: Network, view: Callable[..., Response], account: str, **parts: str) -> Response:
    """Refuse calls that do not show the account's sid and token as user and password."""
    try:
        _check_login(net, account)
        return view(net, **parts)
    except Refusal as refusal:
        return _refused(refusal)


def _check_login(net: Network, account: str) -> None:
    given = request.authorization
    user, password = (given.username or "", given.password or "") if given else ("", "")
    right = (net.settings.twilio_account_sid, net.settings.twilio_auth_token)
    same = all(hmac.compare_digest(a.encode(), b.encode()) for a, b in zip((user, password), right, strict=True))
    if not same:
        raise Refusal(20003)
    if account != right[0]:
        raise Refusal(20404)


def _refused(refusal: Refusal) -> Response:
    more = f"https://www.twilio.com/docs/errors/{refusal.code}"
    answer = jsonify(code=refusal.code, message=refusal.message, more_info=more, status=refusal.status)
    answer.status_code = refusal.status
    return answer


def _send(net: Network) -> Response:
    form = request.form.to_dict()
    to = form.get("To", "")
    fault = net.faults.take("twilio/messages", to)
    answer = instead_of_answer(fault)
    code = -1
    if answer is None:
        try:
            if fault is not None and fault.kind == "errcode":
                raise Refusal(fault.errcode, fault.status if fault.status != 500 else 0, fault.message)  # noqa: TRY301
            answer, code = _accepted(net, form), 0
        except Refusal as refusal:
            answer, code = _refused(refusal), refusal.code
    net.calls.called("twilio/messages", at=net.clock.now(), errcode=code, recipient=to)
    return cut_if_ordered(fault, answer)


def _accepted(net: Network, form: dict[str, str]) -> Response:
    message = net.sms.accept(form)
    order = net.faults.take("twilio/callback", message.to)
    resource: dict[str, Any] = message.resource(net.settings.twilio_account_sid)
    twilio_phone.carry(net, message, form.get("StatusCallback", ""), order)
    answer = jsonify(resource)
    answer.status_code = 201
    return answer


def _message(net: Network, sid: str) -> Response:
    return jsonify(net.sms.message(sid).resource(net.settings.twilio_account_sid))


def _account(net: Network) -> Response:
    fault = net.faults.take("twilio/account")
    answer = instead_of_answer(fault)
    if answer is not None:
        return answer
    if fault is not None and fault.kind == "errcode":
        raise Refusal(fault.errcode)
    sid = net.settings.twilio_account_sid
    uri = f"/2010-04-01/Accounts/{sid}.json"
    return jsonify(sid=sid, friendly_name="simulator", status="active", type="Full", uri=uri)


def _media(net: Network, sid: str, media_id: str) -> Response:
    """Redirect to the store of media, as Twilio does for a media address."""
    net.sms.message(sid)
    target = redirect(f"{net.settings.base_url}/twilio/media-store/{media_id}", 302)
    return Response(target.get_data(), status=302, headers={"Location": target.location or ""})


def _stored(net: Network, media_id: str) -> Response:
    item = net.media.get(media_id, net.clock.now())
    if item is None:
        return Response(status=404)
    return Response(item.content, content_type=item.content_type)
