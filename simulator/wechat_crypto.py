"""WeChat's signatures and message encryption, written from the platform's description.

Deliberately not the library the application uses: two implementations check each other.
(developers.weixin.qq.com … push/encryption.md, read 2026-11-23)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32
"""WeChat pads to 32 bytes, not to the 16 of the cipher."""


class BadCiphertext(Exception):
    """The text was not encrypted with this account's key."""


def signature(*parts: str) -> str:
    """SHA-1 over the sorted parts: token, timestamp, nonce and, in safe mode, the encrypted text."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())


class Sealer:
    """Encrypts and decrypts with one EncodingAESKey (43 characters) for one AppID."""

    def __init__(self, aes_key: str, app_id: str) -> None:
        self._key = base64.b64decode(aes_key + "=")
        self._app_id = app_id.encode()

    def seal(self, plain: bytes, salt: bytes | None = None) -> str:
        salt = salt or secrets.token_bytes(16)
        packed = salt + struct.pack(">I", len(plain)) + plain + self._app_id
        fill = BLOCK - len(packed) % BLOCK
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(packed + bytes([fill]) * fill) + encryptor.finalize()).decode()

    def open(self, sealed: str) -> bytes:
        """Decrypt. Raises BadCiphertext."""
        packed = self._decrypt(sealed)
        (length,) = struct.unpack(">I", packed[16:20])
        plain, app_id = packed[20 : 20 + length], packed[20 + length :]
        if app_id != self._app_id:
            raise BadCiphertext("made for another app id")
        return plain

    def _decrypt(self, sealed: str) -> bytes:
        try:
            decryptor = self._cipher().decryptor()
            padded = decryptor.update(base64.b64decode(sealed, validate=True)) + decryptor.finalize()
        except (binascii.Error, ValueError) as error:
            raise BadCiphertext("not base64 or not whole blocks") from error
        if not padded or not 1 <= padded[-1] <= BLOCK or len(padded) - padded[-1] < 20:
            raise BadCiphertext("bad padding")
        return padded[: -padded[-1]]

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))
