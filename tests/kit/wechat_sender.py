"""A patient WeChat server for load and fault tests: signs, encrypts, sends, reads the answer."""

from __future__ import annotations

import itertools
import re
import secrets
import time
from pathlib import Path
from urllib.parse import urlencode

import requests

from handlers.services.clock import DemoClock
from tests.kit.wechat_kit import decrypt, encrypt, sha1

ACCOUNT = "gh_wenzheng0001"
_CONTENT = re.compile(r"<Content><!\[CDATA\[(.*?)\]\]></Content>", re.DOTALL)
_ENCRYPT = re.compile(r"<Encrypt><!\[CDATA\[(.*?)\]\]></Encrypt>", re.DOTALL)
_ids = itertools.count(7_000_000_000)


class Sender:
    """One official account's pushes in safe mode, with the secrets of ``env`` and in the time of its CLOCK_FILE."""

    def __init__(self, env: dict[str, str], web: str) -> None:
        self.token, self.key, self.app_id = env["WECHAT_TOKEN"], env["WECHAT_AES_KEY"], env["WECHAT_APP_ID"]
        self.hook = f"{web}/hooks/wechat"
        self.clock = DemoClock(Path(env["CLOCK_FILE"]))

    def push(self, openid: str, msg_id: str, text: str) -> tuple[str, bytes]:
        """URL and body of one signed, encrypted text, fresh at this moment."""
        now = str(int(self.clock.now().timestamp()))
        plain = (
            f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>"
            f"<CreateTime>{now}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
            f"<Content><![CDATA[{text}]]></Content><MsgId>{msg_id}</MsgId></xml>"
        )
        sealed, nonce = encrypt(plain.encode(), key=self.key, app_id=self.app_id), secrets.token_hex(5)
        query = urlencode(
            {
                "signature": sha1(self.token, now, nonce),
                "timestamp": now,
                "nonce": nonce,
                "openid": openid,
                "encrypt_type": "aes",
                "msg_signature": sha1(self.token, now, nonce, sealed),
            }
        )
        body = f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        return f"{self.hook}?{query}", body.encode()

    def read(self, body: bytes) -> str:
        """The text of a passive reply, "" for "success"."""
        found = _ENCRYPT.search(body.decode())
        content = _CONTENT.search(decrypt(found.group(1), key=self.key, app_id=self.app_id).decode()) if found else None
        return content.group(1) if content else ""

    def say(self, openid: str, text: str, *, msg_id: str = "", tries: int = 40) -> str:
        """Send one message until it is answered 200, the same MsgId each time; the reply's text."""
        msg_id = msg_id or str(next(_ids))
        for _ in range(tries):
            url, body = self.push(openid, msg_id, text)
            try:
                answer = requests.post(url, data=body, timeout=5)
            except requests.RequestException:
                time.sleep(0.3)
                continue
            if answer.status_code == 200:
                return self.read(answer.content)
            time.sleep(0.3)
        raise AssertionError(f"{tries} tries and no answer")
