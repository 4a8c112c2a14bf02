"""Encryption of stored values with keys that can be changed, and the keyed hash by which addresses are found.

The first secret encrypts and hashes; every secret decrypts and is tried when something is looked up. A new
``SECRET_KEY`` (with the old one as ``SECRET_KEY_PREVIOUS``) therefore takes effect at once, and ``wenzheng
rekey`` rewrites what is stored. The encryption is Fernet: AES-128-CBC with HMAC-SHA256 (cryptography.io).
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet


def derive(secret: str, purpose: str) -> bytes:
    """A key of 32 bytes for one purpose, from a secret of at least 32 characters."""
    return hmac.digest(secret.encode(), b"wenzheng:" + purpose.encode(), hashlib.sha256)


class Vault:
    """Encrypts texts and bytes, and hashes addresses."""

    def __init__(self, secret: str, *previous: str) -> None:
        secrets = (secret, *previous)
        self._fernet = MultiFernet([Fernet(base64.urlsafe_b64encode(derive(s, "encrypt"))) for s in secrets])
        self._hash_keys = [derive(s, "look-up") for s in secrets]

    def seal(self, clear: str | bytes) -> str:
        """Encrypt. The result is ASCII."""
        data = clear.encode("utf-8", "surrogatepass") if isinstance(clear, str) else clear
        return self._fernet.encrypt(data).decode("ascii")

    def open(self, sealed: str) -> str:
        """Decrypt to text. Raises ValueError when no key fits."""
        return self.open_bytes(sealed).decode("utf-8", "surrogatepass")

    def open_bytes(self, sealed: str) -> bytes:
        """Decrypt. Raises ValueError when no key fits."""
        try:
            return self._fernet.decrypt(sealed)
        except InvalidToken as error:
            raise ValueError("no key fits this entry: is SECRET_KEY_PREVIOUS missing?") from error

    def digest(self, value: str) -> str:
        """The hash for look-ups under the current key: 64 hex digits."""
        return self.digests(value)[0]

    def digests(self, value: str) -> list[str]:
        """The hashes for look-ups under every key, the current one first."""
        data = value.encode("utf-8", "surrogatepass")
        return [hmac.new(key, data, hashlib.sha256).hexdigest() for key in self._hash_keys]
