"""Signatures and the AES envelope of WeChat's push (WXBizMsgCrypt).

Encryption goes through wechatpy. Opening does not: wechatpy 1.8.18 compares signatures with ``!=``,
takes any padding byte, decodes as UTF-8 only, and leaves IndexError and struct.error to the caller.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
import struct
from typing import TYPE_CHECKING

from wechatpy.crypto import PrpCrypto
from wechatpy.crypto.base import WeChatCipher

if TYPE_CHECKING:
    from collections.abc import Sequence

BLOCK = 32
"""WeChat pads to 32 bytes, although AES works with blocks of 16."""
PREFIX = 16
"""The number of random bytes before the length."""


def signature(*parts: str) -> str:
    """SHA-1 over the sorted parts: token, timestamp, nonce and, for ``msg_signature``, the ciphertext."""
    joined = "".join(sorted(parts)).encode("utf-8", "replace")
    return hashlib.sha1(joined, usedforsecurity=False).hexdigest()


def same(expected: str, given: str) -> bool:
    """Whether two texts are equal, compared in constant time. Texts beyond ASCII are allowed."""
    return hmac.compare_digest(expected.encode("utf-8", "replace"), given.encode("utf-8", "replace"))


def key_bytes(aes_key: str) -> bytes:
    """The 32 bytes of an EncodingAESKey (43 characters). Raises ValueError."""
    if len(aes_key) != 43 or not (aes_key.isascii() and aes_key.isalnum()):
        raise ValueError("must be the 43 letters and digits shown on the account's settings page")
    return base64.b64decode(aes_key + "=")


def unseal(encrypt: str, key: bytes, app_id: str) -> bytes | None:
    """The decrypted message, or None when this key or app id does not fit."""
    try:
        sealed = base64.b64decode(encrypt, validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(sealed) < BLOCK or len(sealed) % 16:
        return None
    plain: bytes = WeChatCipher(key).decrypt(sealed)
    return _unwrap(plain, app_id)


def _unwrap(plain: bytes, app_id: str) -> bytes | None:
    padding = plain[-1]
    if not 1 <= padding <= BLOCK or plain[-padding:] != bytes([padding]) * padding:
        return None
    content = plain[PREFIX:-padding]
    if len(content) < 4:
        return None
    (length,) = struct.unpack(">I", content[:4])
    message, receiver = content[4 : 4 + length], content[4 + length :]
    if not hmac.compare_digest(receiver, app_id.encode()):
        return None
    return message


def unseal_any(encrypt: str, keys: Sequence[tuple[str, bytes]], app_id: str) -> tuple[str, bytes] | None:
    """The name of the key that fits, and the decrypted message; or None."""
    for name, key in keys:
        message = unseal(encrypt, key, app_id)
        if message is not None:
            return name, message
    return None


class _Sealer(PrpCrypto):  # type: ignore[misc]
    def get_random_string(self) -> str:
        """Random characters from the system's source; wechatpy itself uses ``random``, which can be predicted."""
        return secrets.token_hex(8)


def seal(text: str, *, key: bytes, app_id: str, token: str, timestamp: str, as_json: bool = False) -> str:
    """The encrypted envelope of a reply, in the format of the push."""
    nonce = secrets.token_hex(8)
    encrypt = _Sealer(key).encrypt(text, app_id).decode()
    signed = signature(token, timestamp, nonce, encrypt)
    if as_json:
        return json.dumps({"Encrypt": encrypt, "MsgSignature": signed, "TimeStamp": int(timestamp), "Nonce": nonce})
    return (
        f"<xml><Encrypt><![CDATA[{encrypt}]]></Encrypt><MsgSignature><![CDATA[{signed}]]></MsgSignature>"
        f"<TimeStamp>{timestamp}</TimeStamp><Nonce><![CDATA[{nonce}]]></Nonce></xml>"
    )
