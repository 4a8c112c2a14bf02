"""WeChat's interface under ``/wechat/cgi-bin``. The status is always 200; ``errcode`` says whether a call
succeeded.
"""

from __future__ import annotations

import json
import secrets
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, request

from simulator import wechat_messages
from simulator.faulty_answers import cut_if_ordered, instead_of_answer
from simulator.wechat import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulator.network import Network

    Work = Callable[[Network, dict[str, Any]], "dict[str, Any] | Response"]

OPEN = frozenset({"stable_token", "token"})
"""Endpoints that need no access token, because they give one."""


def blueprint(net: Network) -> Blueprint:
    routes = Blueprint("wechat", __name__, url_prefix="/wechat")
    for path, method, work in ENDPOINTS:
        view = partial(_answer, net, path, work)
        routes.add_url_rule(f"/cgi-bin/{path}", path.replace("/", "_"), view, methods=[method])
    routes.add_url_rule("/pic/<media_id>", "pic", partial(_picture, net))
    return routes


def _answer(net: Network, path: str, work: Work) -> Response:
    endpoint = f"wechat/{path}"
    body = _body()
    openid = str(body.get("touser") or request.args.get("openid", ""))
    fault = net.faults.take(endpoint, openid)
    answer = instead_of_answer(fault)
    errcode = -1
    if answer is None:
        order = ApiError(fault.errcode, fault.message) if fault and fault.kind == "errcode" else None
        answer, errcode = _worked(net, work, body, open_to_all=path in OPEN, order=order)
    net.calls.called(endpoint, at=net.clock.now(), errcode=errcode, recipient=openid)
    return cut_if_ordered(fault, answer)


def _worked(
    net: Network, work: Work, body: dict[str, Any], *, open_to_all: bool, order: ApiError | None
) -> tuple[Response, int]:
    try:
        if order is not None:
            raise order
        if not open_to_all:
            _check_token(net)
        result = work(net, body)
    except ApiError as error:
        return jsonify(errcode=error.errcode, errmsg=_worded(error)), error.errcode
    return (result if isinstance(result, Response) else jsonify(result)), 0


def _check_token(net: Network) -> None:
    errcode = net.wechat.tokens.fault_of(request.args.get("access_token", ""))
    if errcode:
        raise ApiError(errcode)


def _worded(error: ApiError) -> str:
    """An error's words followed by the request's id, the form seen in recorded answers."""
    return f"{error.message} rid: {secrets.token_hex(4)}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"


def _body() -> dict[str, Any]:
    if request.mimetype == "multipart/form-data" or request.method == "GET":
        return {}
    try:
        parsed = json.loads(request.get_data() or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _stable_token(net: Network, body: dict[str, Any]) -> dict[str, Any]:
    _check_account(net, body.get("appid"), body.get("secret"))
    given = net.wechat.tokens.stable(force=body.get("force_refresh") is True)
    if given is None:
        raise ApiError(45009)
    return {"access_token": given[0], "expires_in": given[1]}


def _token(net: Network, _body: dict[str, Any]) -> dict[str, Any]:
    _check_account(net, request.args.get("appid"), request.args.get("secret"))
    value, seconds = net.wechat.tokens.plain()
    return {"access_token": value, "expires_in": seconds}


def _check_account(net: Network, app_id: Any, secret: Any) -> None:
    if app_id != net.settings.wechat_app_id:
        raise ApiError(40013)
    if secret != net.settings.wechat_app_secret:
        raise ApiError(40125)


def _upload(net: Network, _body: dict[str, Any]) -> dict[str, Any]:
    kind, file = request.args.get("type", ""), request.files.get("media")
    if kind not in {"image", "voice", "video", "thumb"}:
        raise ApiError(40004, "invalid media type")
    if file is None:
        raise ApiError(41005, "media data missing")
    content_type = file.mimetype or "application/octet-stream"
    media_id = net.media.put(kind, file.read(), content_type=content_type, now=net.clock.now())
    return {"type": kind, "media_id": media_id, "created_at": net.clock.timestamp()}


def _download(net: Network, _body: dict[str, Any]) -> dict[str, Any] | Response:
    media_id = request.args.get("media_id", "")
    item = net.media.get(media_id, net.clock.now())
    if item is None:
        raise ApiError(40007)
    if item.kind == "video":
        return {"video_url": f"{net.settings.base_url}/wechat/pic/{media_id}"}
    answer = Response(item.content, content_type=item.content_type)
    answer.headers["Content-disposition"] = f'attachment; filename="{media_id}"'
    return answer


def _picture(net: Network, media_id: str) -> Response:
    """The file that ``PicUrl`` and ``video_url`` point to. It needs no token, as on the platform."""
    item = net.media.get(media_id, net.clock.now())
    return Response(item.content, content_type=item.content_type) if item else Response(status=404)


def _user_info(net: Network, _body: dict[str, Any]) -> dict[str, Any]:
    """Facts about a person, without a nickname: the platform stopped giving it at the end of 2021."""
    person = net.wechat.person(request.args.get("openid", ""))
    if not person.follows:
        return {"subscribe": 0, "openid": person.openid}
    return {
        "subscribe": 1, "openid": person.openid, "nickname": "", "sex": 0, "language": "zh_CN", "city": "",
        "province": "", "country": "", "headimgurl": "", "subscribe_time": net.clock.timestamp(), "remark": "",
        "groupid": 0, "tagid_list": [], "subscribe_scene": "ADD_SCENE_QR_CODE", "qr_scene": 0, "qr_scene_str": "",
    }  # fmt: skip


def _menu(net: Network, body: dict[str, Any]) -> dict[str, Any]:
    buttons = body.get("button")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= 3:
        raise ApiError(40016, "invalid button size")
    net.wechat.menu = buttons
    net.phones.publish({"type": "menu", "menu": buttons})
    return {"errcode": 0, "errmsg": "ok"}


def _callback_ip(_net: Network, _body: dict[str, Any]) -> dict[str, Any]:
    return {"ip_list": ["127.0.0.1"]}


ENDPOINTS: tuple[tuple[str, str, Work], ...] = (
    ("stable_token", "POST", _stable_token),
    ("token", "GET", _token),
    ("message/custom/send", "POST", wechat_messages.customer_service),
    ("message/template/send", "POST", wechat_messages.template),
    ("message/subscribe/bizsend", "POST", wechat_messages.subscription),
    ("media/upload", "POST", _upload),
    ("media/get", "GET", _download),
    ("user/info", "GET", _user_info),
    ("menu/create", "POST", _menu),
    ("getcallbackip", "GET", _callback_ip),
)
