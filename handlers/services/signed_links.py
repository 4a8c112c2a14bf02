"""Signed links and codes: each purpose has its own salt, each link an end, and the previous secret still counts."""

from __future__ import annotations

import hashlib
import hmac
import secrets as random
from typing import TYPE_CHECKING

from itsdangerous import BadData, URLSafeTimedSerializer

if TYPE_CHECKING:
    from collections.abc import Sequence

STAFF_SECONDS = 72 * 3600
CITIZEN_SECONDS = 30 * 24 * 3600
DUTY_SECONDS = 12 * 3600
"""How long a link to the duty desk lasts, and a sign-in made with it."""
NONCE_BYTES = 9


class Links:
    """The implementation of ``handlers.services.deps.Signer``. A token contains ids of rows only: nothing
    personal is in a link.
    """

    def __init__(self, public_url: str, secrets: Sequence[str]) -> None:
        self._base = public_url.rstrip("/")
        self._keys = [secret.encode() for secret in secrets]
        self._key = self._keys[0]
        # itsdangerous signs with the last key of the list and accepts all of them.
        keys = [secret.encode() for secret in reversed(secrets)]
        self._staff = URLSafeTimedSerializer(keys, salt="staff-page")
        self._citizen = URLSafeTimedSerializer(keys, salt="citizen-page")
        self._duty_link = URLSafeTimedSerializer(keys, salt="duty-link")
        self._duty_cookie = URLSafeTimedSerializer(keys, salt="duty-cookie")

    def entry_url(self) -> str:
        """The home page, unsigned. It is what can be registered with a carrier as the one address in our messages."""
        return f"{self._base}/"

    def citizen_url(self, inquiry_id: int) -> str:
        return f"{self._base}/i/{self._citizen.dumps(inquiry_id)}"

    def staff_url(self, inquiry_id: int, officer_id: int) -> str:
        return f"{self._base}/s/{self._staff.dumps([inquiry_id, officer_id])}"

    def duty_url(self, officer_id: int) -> str:
        """A link to the duty desk, new each time. The page makes sure that it is used once."""
        return f"{self._base}/duty/in/{self._duty_link.dumps([officer_id, random.token_urlsafe(NONCE_BYTES)])}"

    def duty_cookie(self, officer_id: int, nonce: str) -> str:
        """What the browser keeps after a link was used."""
        return str(self._duty_cookie.dumps([officer_id, nonce]))

    def staff_code(self, assignment_id: int, officer_id: int) -> str:
        """Six digits that belong to the order and the officer. A new order of the same inquiry has another code."""
        message = f"staff-code:{assignment_id}:{officer_id}".encode()
        digest = hmac.digest(self._key, message, hashlib.sha256)
        return f"{int.from_bytes(digest[:8], 'big') % 1_000_000:06}"

    def read_citizen(self, token: str) -> int | None:
        """The inquiry a link shows; None when it is forged or older than 30 days."""
        try:
            value = self._citizen.loads(token, max_age=CITIZEN_SECONDS)
        except BadData:
            return None
        return value if isinstance(value, int) else None

    def read_staff(self, token: str) -> tuple[int, int] | None:
        """The (inquiry, officer) of a link; None when it is forged or older than 72 hours."""
        try:
            inquiry_id, officer_id = self._staff.loads(token, max_age=STAFF_SECONDS)
        except (BadData, ValueError, TypeError):
            return None
        return inquiry_id, officer_id

    def expired(self, token: str) -> bool:
        """Whether a staff link was made by us and is only too old. Then the page may say how to get a new one."""
        try:
            self._staff.loads(token)
        except BadData:
            return False
        return True

    def read_duty_link(self, token: str) -> tuple[int, str] | None:
        """The (officer, nonce) of a link to the duty desk; None when it is forged or older than 12 hours."""
        return _pair(self._duty_link, token)

    def read_duty_cookie(self, value: str) -> tuple[int, str] | None:
        """The (officer, nonce) of a cookie; None when it is forged or older than 12 hours."""
        return _pair(self._duty_cookie, value)

    def form_seal(self, token: str, action: str) -> str:
        """What a form on the page of ``token`` contains. With the link alone, which may be found in some log,
        nothing can be changed.
        """
        return _seal(self._key, token, action)

    def form_sealed(self, token: str, action: str, seal: str) -> bool:
        """Whether ``seal`` was made for this page and action, under any secret in use."""
        given = seal.encode("utf-8", "replace")
        return any(hmac.compare_digest(_seal(key, token, action).encode(), given) for key in self._keys)


def _pair(serializer: URLSafeTimedSerializer, token: str) -> tuple[int, str] | None:
    try:
        officer_id, nonce = serializer.loads(token, max_age=DUTY_SECONDS)
    except (BadData, ValueError, TypeError):
        return None
    return int(officer_id), str(nonce)


def _seal(key: bytes, token: str, action: str) -> str:
    return hmac.new(key, f"staff-form:{action}:{token}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:40]
