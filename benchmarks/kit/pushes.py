"""Signed WeChat texts, written apart from the product: plain, or sealed as in safe mode."""

from __future__ import annotations

import base64
import hashlib
import os
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

if TYPE_CHECKING:
    from collections.abc import Iterator

APP_ID = "wxbenchmark0000001"
TOKEN = "a-token-for-benchmarks"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
ACCOUNT = "gh_benchmark000"
PATH = "/hooks/wechat"

MATTERS = (
    "幸福路{n}号楼下的路灯三天不亮了，晚上老人出门看不见路，请派人来修一下。",
    "春晓小区{n}栋一单元的水管漏水，物业说不归他们管，请问该找哪个部门？",
    "菜市场{n}号门口每天早上占道经营，车都过不去，希望有人来管一管。",
    "工地夜里十二点还在打桩，{n}弄的住户都睡不着，这个有没有时间规定？",
    "想问一下老人的高龄补贴在哪里办，需要带什么材料？门牌是{n}号。",
    "{n}路公交站台的雨棚破了一个大洞，下雨天等车的人没处躲。",
    "河边{n}米处的井盖松了，骑车经过响得厉害，怕有人摔跤。",
    "学校门口{n}号斑马线看不清了，接送孩子很不安全，能不能重新画线？",
)


@dataclass(frozen=True, slots=True)
class Shape:
    """``per_sender`` messages of each openid, one after another of all senders in a block of 200."""

    sealed: bool = False
    per_sender: int = 1


def requests(shape: Shape, *, host: str, count: int) -> Iterator[bytes]:
    """``count`` raw HTTP/1.1 requests, each unique in MsgId, nonce and text."""
    run = os.urandom(6).hex()
    block = 200
    for number in range(count):
        round_of_block, place = divmod(number, block * shape.per_sender)
        sender = round_of_block * block + place % block
        yield _request(_push(run, number, sender), host, f"{run}{number:x}", sealed=shape.sealed)


def senders(shape: Shape, count: int) -> int:
    """How many different openids are in the first ``count`` requests."""
    block = 200
    full, rest = divmod(count, block * shape.per_sender)
    return full * block + min(rest, block)


def _push(run: str, number: int, sender: int) -> bytes:
    message_id = int(run, 16) * 1_000_000 + number
    text = MATTERS[number % len(MATTERS)].format(n=number % 9973 + 1)
    return (
        f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName>"
        f"<FromUserName><![CDATA[oBench{run}{sender:010}]]></FromUserName>"
        f"<CreateTime>{int(time.time())}</CreateTime><MsgType><![CDATA[text]]></MsgType>"
        f"<Content><![CDATA[{text}]]></Content><MsgId>{message_id}</MsgId></xml>"
    ).encode()


def _request(body: bytes, host: str, nonce: str, *, sealed: bool) -> bytes:
    at = str(int(time.time()))
    query = f"signature={_sha1(TOKEN, at, nonce)}&timestamp={at}&nonce={nonce}&openid=o"
    if sealed:
        cipher = seal(body)
        query += f"&encrypt_type=aes&msg_signature={_sha1(TOKEN, at, nonce, cipher)}"
        body = (
            f"<xml><ToUserName><![CDATA[{ACCOUNT}]]></ToUserName><Encrypt><![CDATA[{cipher}]]></Encrypt></xml>"
        ).encode()
    head = (
        f"POST {PATH}?{query} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Mozilla/4.0\r\nAccept: */*\r\n"
        f"Content-Type: text/xml\r\nContent-Length: {len(body)}\r\nPragma: no-cache\r\n\r\n"
    )
    return head.encode() + body


def _sha1(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def _cipher() -> Cipher[modes.CBC]:
    key = base64.b64decode(AES_KEY + "=")
    return Cipher(algorithms.AES(key), modes.CBC(key[:16]))


def seal(plain: bytes) -> str:
    """A push's body as WeChat encrypts it."""
    content = os.urandom(16) + struct.pack(">I", len(plain)) + plain + APP_ID.encode()
    padding = 32 - len(content) % 32
    encryptor = _cipher().encryptor()
    return base64.b64encode(encryptor.update(content + bytes([padding]) * padding)).decode()


def unseal(cipher: str) -> bytes:
    """What a sealed answer says."""
    plain = _cipher().decryptor().update(base64.b64decode(cipher))
    (length,) = struct.unpack(">I", plain[16:20])
    return plain[20 : 20 + length]
