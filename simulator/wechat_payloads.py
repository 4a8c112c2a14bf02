"""The bodies that WeChat posts to an account's server, as XML or JSON, plain or encrypted.

Field names and their order follow recorded messages; texts stand in CDATA, numbers bare.
"""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from simulator.wechat_crypto import signature

if TYPE_CHECKING:
    from collections.abc import Mapping

    from simulator.settings import Settings
    from simulator.wechat_crypto import Sealer


def envelope(settings: Settings, openid: str, *, created: int, kind: str) -> dict[str, Any]:
    return {
        "ToUserName": settings.wechat_account,
        "FromUserName": openid,
        "CreateTime": created,
        "MsgType": kind,
    }


def message_fields(kind: str, given: Mapping[str, Any], *, media_id: str, picture_url: str) -> dict[str, Any]:
    """The part of a message that depends on its kind. Raises KeyError for an unknown kind."""
    text = str(given.get("text", ""))
    voice = {"MediaId": media_id, "Format": "amr", "MediaId16K": media_id}
    if "recognition" in given:
        voice["Recognition"] = str(given["recognition"])
    fields: dict[str, dict[str, Any]] = {
        "text": {"Content": text},
        "image": {"PicUrl": picture_url, "MediaId": media_id},
        "voice": voice,
        "video": {"MediaId": media_id, "ThumbMediaId": media_id},
        "shortvideo": {"MediaId": media_id, "ThumbMediaId": media_id},
        "location": {
            "Location_X": given.get("latitude", 30.659462),
            "Location_Y": given.get("longitude", 104.101585),
            "Scale": 20,
            "Label": given.get("label", ""),
        },
        "link": {"Title": given.get("title", ""), "Description": text, "Url": given.get("url", "")},
        "file": {"Title": given.get("title", ""), "Description": text, "FileMd5": "", "FileTotalLen": "0"},
    }
    chosen = fields[kind]
    return chosen | ({"bizmsgmenuid": str(given["menu_id"])} if kind == "text" and "menu_id" in given else {})


def event_fields(event: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an event. ``given``: ``key``, ``latitude``/``longitude``/``precision``, and ``extra`` for any
    others, as they are.
    """
    fields: dict[str, Any] = {"Event": event}
    if event == "LOCATION":
        fields |= {
            "Latitude": given.get("latitude", 30.659462),
            "Longitude": given.get("longitude", 104.101585),
            "Precision": given.get("precision", 65.0),
        }
    elif "key" in given or event in {"subscribe", "unsubscribe", "CLICK", "VIEW", "SCAN"}:
        fields["EventKey"] = str(given.get("key", ""))
    if given.get("ticket"):
        fields["Ticket"] = str(given["ticket"])
    if event.startswith("scancode"):
        fields["ScanCodeInfo"] = {"ScanType": "qrcode", "ScanResult": str(given.get("result", ""))}
    return fields | dict(given.get("extra", {}))


def to_xml(payload: Mapping[str, Any]) -> str:
    return "<xml>" + "".join(_element(name, value) for name, value in payload.items()) + "</xml>"


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, item) for item in value)
    if isinstance(value, dict):
        inner = "".join(_element(key, item) for key, item in value.items())
        return f"<{name}>{inner}</{name}>"
    if isinstance(value, str):
        return f"<{name}><![CDATA[{value.replace(']]>', ']]]]><![CDATA[>')}]]></{name}>"
    return f"<{name}>{value}</{name}>"


def serialise(payload: Mapping[str, Any], push_format: str) -> str:
    if push_format == "json":
        return json.dumps(payload, ensure_ascii=False)
    return to_xml(payload)


def signed_call(
    settings: Settings, sealer: Sealer, payload: Mapping[str, Any], *, timestamp: int
) -> tuple[dict[str, str], bytes]:
    """The query and body of one push in the account's mode. Each try has a nonce of its own."""
    nonce = str(secrets.randbelow(9 * 10**9) + 10**9)
    query = {
        "signature": signature(settings.wechat_token, str(timestamp), nonce),
        "timestamp": str(timestamp),
        "nonce": nonce,
        "openid": str(payload["FromUserName"]),
    }
    plain = serialise(payload, settings.push_format)
    if settings.mode == "plain":
        return query, plain.encode()
    sealed = sealer.seal(plain.encode())
    query |= {
        "encrypt_type": "aes",
        "msg_signature": signature(settings.wechat_token, str(timestamp), nonce, sealed),
    }
    # Compatible mode carries the message twice, readable and encrypted (about three times the size).
    outer = dict(payload) if settings.mode == "compatible" else {"ToUserName": settings.wechat_account}
    return query, serialise(outer | {"Encrypt": sealed}, settings.push_format).encode()


def check_query(settings: Settings, echo: str, *, timestamp: int) -> str:
    """The query of the check of an address, which the account's owner starts in WeChat's console."""
    nonce = str(secrets.randbelow(10**9))
    signed = signature(settings.wechat_token, str(timestamp), nonce)
    return urlencode({"signature": signed, "echostr": echo, "timestamp": timestamp, "nonce": nonce})
