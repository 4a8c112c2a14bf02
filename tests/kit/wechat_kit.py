"""What WeChat's side does in the adapter tests: signs, encrypts, builds pushes. Written apart from the adapter."""

from __future__ import annotations

import base64
import hashlib
import json
import struct
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from adapters.kit.base import Received, WebhookRequest, WebhookResponse
from adapters.wechat import WeChat
from bot.edge.messages import Address, OutboundMessage, Way
from tests.kit.fakes import START, FakeClock, fake_services

if TYPE_CHECKING:
    from adapters.kit.base import Services

APP_ID = "wx0123456789abcdef"
TOKEN = "t0ken"
KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OLD_KEY = "ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210zyxwvut"[:43]
NOW = int(START.timestamp())
GH = "gh_0123456789ab"
OPENID = "oTESTTESTTESTTESTTESTTEST001"
BASE = "https://api.weixin.qq.com/cgi-bin"
TOKEN_URL = f"{BASE}/stable_token"
CUSTOM = f"{BASE}/message/custom/send"
OK = {"errcode": 0, "errmsg": "ok"}
TO = Address("wechat", OPENID)
TEXT = OutboundMessage(TO, Way.CUSTOMER_SERVICE, text="您的来信已答复")


def channel(services: Services | None = None, **settings: Any) -> WeChat:
    values = {
        "app_id": APP_ID,
        "app_secret": "s3cretvalue",
        "token": TOKEN,
        "aes_key": KEY,
        "aes_key_previous": OLD_KEY,
        "allow_plain": True,
        "templates": {"answered": "tpl-1"},
        "subscriptions": {"answered": "sub-1"},
        "template_fields": {"answered": {"number": "character_string1", "unit": "thing2", "due": "time3"}},
    }
    return WeChat("wechat", WeChat.Config(**(values | settings)), services or fake_services(FakeClock()))


def sha1(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def encrypt(plain: bytes, *, key: str = KEY, app_id: str = APP_ID, padding: bytes = b"") -> str:
    raw = base64.b64decode(key + "=")
    content = b"0123456789abcdef" + struct.pack(">I", len(plain)) + plain + app_id.encode()
    length = 32 - len(content) % 32
    cipher = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).encryptor()
    return base64.b64encode(cipher.update(content + (padding or bytes([length]) * length))).decode()


def decrypt(sealed: str, *, key: str = KEY, app_id: str = APP_ID) -> bytes:
    raw = base64.b64decode(key + "=")
    cipher = Cipher(algorithms.AES(raw), modes.CBC(raw[:16])).decryptor()
    plain = cipher.update(base64.b64decode(sealed))
    content = plain[16 : -plain[-1]]
    (length,) = struct.unpack(">I", content[:4])
    assert content[4 + length :] == app_id.encode()
    return content[4 : 4 + length]


def request(body: bytes, *, token: str = TOKEN, at: int = NOW, nonce: str = "n1", **query: str) -> WebhookRequest:
    """A plain push, rightly signed unless told otherwise; a query value of "" drops the parameter."""
    signed = {"timestamp": str(at), "nonce": nonce, "signature": sha1(token, str(at), nonce)} | query
    kept = {name: value for name, value in signed.items() if value}
    return WebhookRequest("POST", "https://wz.test/hooks/wechat", kept, {}, body)


def sealed(plain: bytes, *, key: str = KEY, app_id: str = APP_ID, extra: str = "", **query: str) -> WebhookRequest:
    """A safe-mode push; ``extra`` are plain elements beside, as compatible mode has them."""
    cipher = encrypt(plain, key=key, app_id=app_id)
    body = f"<xml><ToUserName><![CDATA[{GH}]]></ToUserName>{extra}<Encrypt><![CDATA[{cipher}]]></Encrypt></xml>"
    return signed_body(body.encode(), cipher, **query)


def signed_body(body: bytes, cipher: str, **query: str) -> WebhookRequest:
    at, nonce = str(NOW), "n1"
    aes = {"encrypt_type": "aes", "msg_signature": sha1(TOKEN, at, nonce, cipher)}
    return request(body, **(aes | query))


def xml(kind: str = "text", **fields: str) -> bytes:
    """A push with the common fields, each replaceable; a value of "" drops it."""
    common = {
        "ToUserName": GH,
        "FromUserName": OPENID,
        "CreateTime": str(NOW),
        "MsgType": kind,
        "MsgId": "24000000000000001",
    }
    rows = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in (common | fields).items() if value)
    return f"<xml>{rows}</xml>".encode()


def event(name: str, **fields: str) -> bytes:
    return xml("event", MsgId="", Event=name, **fields)


def parsed(body: bytes, **settings: Any) -> Any:
    """The one event of a plain push."""
    (found,) = received(body, **settings).events
    return found


def received(body: bytes, **settings: Any) -> Received:
    return channel(**settings).receive(request(body), START)


def reply_fields(response: WebhookResponse) -> dict[str, str]:
    """The reply as WeChat's own XML reader sees it; refuses doubled elements."""
    root = ET.fromstring(response.body)
    names = [child.tag for child in root]
    assert len(names) == len(set(names)), names
    return {child.tag: child.text or "" for child in root}


def as_json(**fields: Any) -> bytes:
    common = {"ToUserName": GH, "FromUserName": OPENID, "CreateTime": NOW, "MsgType": "text", "MsgId": 24}
    return json.dumps(common | fields, ensure_ascii=False).encode("utf-8", "surrogatepass")


def issue_token(web: Any, value: str = "T1", **fields: object) -> None:
    web.post(TOKEN_URL, json={"access_token": value, "expires_in": 7200} | fields)


def calls(web: Any, url: str) -> list[Any]:
    """The requests made to this address, in order."""
    return [call.request for call in web.calls if call.request.url.split("?")[0] == url]


def body(call: Any) -> Any:
    return json.loads(call.body)
