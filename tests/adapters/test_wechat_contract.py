"""The channel contract, held by WeChat in safe mode: each push is encrypted and signed over its ciphertext."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

from adapters._wechat.errors import ERRORS, TOKEN_ERRORS
from bot.edge.messages import Address, Way
from tests.contract import CURRENT, OTHER, PREVIOUS, ChannelContract, ErrorCase
from tests.kit import wechat_kit as kit
from tests.kit.fakes import START

ACCESS_TOKEN = "access-token-never-shown"
CUSTOM = f"{kit.BASE}/message/custom/send"


def push(plain: bytes, *, key: str = kit.KEY, token: str = kit.TOKEN, at=START):
    cipher = kit.encrypt(plain, key=key)
    stamp = int(at.timestamp())
    body = f"<xml><ToUserName><![CDATA[{kit.GH}]]></ToUserName><Encrypt><![CDATA[{cipher}]]></Encrypt></xml>"
    signature = kit.sha1(token, str(stamp), "n1", cipher)
    return kit.request(body.encode(), token=token, at=stamp, encrypt_type="aes", msg_signature=signature)


class TestWeChat(ChannelContract):
    account = "wechat"
    secrets = ("s3cretvalue", kit.TOKEN, kit.KEY, kit.OLD_KEY, ACCESS_TOKEN)
    recipient = Address("wechat", kit.OPENID)
    way = Way.CUSTOMER_SERVICE
    error_cases = tuple(
        ErrorCase(str(code), kind, body=json.dumps({"errcode": code, "errmsg": f"to {kit.OPENID}"}), code=str(code))
        for code, (kind, _) in ERRORS.items()
        if code not in TOKEN_ERRORS  # those renew the token first; test_wechat_send.py follows them
    )

    def make_channel(self):
        return kit.channel()

    def signed_request(self, text, *, number=1, secret=CURRENT, at=START):
        content = text.replace("]]>", "]]]]><![CDATA[>")  # as any writer of CDATA does
        plain = kit.xml(Content=content, MsgId=f"{24_000_000 + number}")
        key = kit.OLD_KEY if secret == PREVIOUS else kit.KEY
        return push(plain, key=key, token="of-somebody-else" if secret == OTHER else kit.TOKEN, at=at)

    def signed_body(self, body):
        return push(body)

    def unsigned(self, request):
        kept = {name: value for name, value in request.query.items() if "signature" not in name}
        return replace(request, query=kept)

    def corrupt_signature(self, request):
        return replace(request, query={**request.query, "msg_signature": "0" * 40})

    def changed(self, body):
        """Only the ciphertext is signed; what stands around it is never read."""
        start = body.index(b"<Encrypt><![CDATA[") + len(b"<Encrypt><![CDATA[")
        swapped = bytes([body[start] ^ 1]) + body[start + 1 : start + 2].swapcase()
        return body[:start] + swapped + body[start + 2 :], body[:start] + body[start + 4 :], b""

    def stale_request(self):
        return self.signed_request("x", at=START - timedelta(hours=3))

    def read_reply(self, body):
        if body == b"success":
            return ""
        sealed = ET.fromstring(body).findtext("Encrypt")
        root = ET.fromstring(kit.decrypt(sealed))
        assert [child.tag for child in root].count("Content") == 1
        return root.findtext("Content")

    def expected_text(self, text):
        """XML's line ends are one character, and no control character is a text."""
        return re.sub("[\0-\x08\x0b\x0c\x0e-\x1f]", "", text.replace("\r\n", "\n"))

    def far_end(self, mock, case):
        mock.post(f"{kit.BASE}/stable_token", json={"access_token": ACCESS_TOKEN, "expires_in": 7200})
        if case is None:
            mock.post(CUSTOM, json={"errcode": 0, "errmsg": "ok", "msgid": 77})
        else:
            mock.post(CUSTOM, body=case.raises or case.body, status=case.status)
