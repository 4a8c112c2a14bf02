"""Access tokens: ``stable_token`` and the older ``token``, each with its own rule of renewal.

(developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken, read 2026-11-23)
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

    from simulator.clock import Clock

LIFE = timedelta(seconds=7200)
OVERLAP = timedelta(minutes=5)
FORCE_PAUSE = timedelta(seconds=30)
FORCED_A_DAY = 20


@dataclass(frozen=True, slots=True)
class Token:
    value: str
    ends: datetime


class Tokens:
    """The tokens valid now. The two interfaces are separate: neither touches the other's token."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._stable: Token | None = None
        self._plain: Token | None = None
        self._overlapping: list[Token] = []
        self._expired: set[str] = set()
        self._forced: list[datetime] = []

    def stable(self, *, force: bool) -> tuple[str, int] | None:
        """The token and its seconds left; None when the day's forced refreshes are used up."""
        now = self._clock.now()
        with self._lock:
            if force and self._may_force(now):
                if len(self._forced) >= FORCED_A_DAY:
                    return None
                self._forced.append(now)
                self._renew(now, overlap=OVERLAP)
            elif self._stable is None or now >= self._stable.ends - OVERLAP:
                self._renew(now, overlap=OVERLAP)
            assert self._stable is not None  # noqa: S101
            return self._stable.value, int((self._stable.ends - now).total_seconds())

    def plain(self) -> tuple[str, int]:
        """A new token of the older interface. The one before it is void at once."""
        with self._lock:
            self._plain = _fresh(self._clock.now())
            return self._plain.value, int(LIFE.total_seconds())

    def fault_of(self, value: str) -> int:
        """0 for a valid token, else the errcode: 41001 missing, 42001 expired, 40001 void or unknown."""
        if not value:
            return 41001
        now = self._clock.now()
        with self._lock:
            self._retire(now)
            held = [self._stable, self._plain, *self._overlapping]
            if any(token is not None and token.value == value for token in held):
                return 0
            return 42001 if value in self._expired else 40001

    def void(self) -> None:
        """Make all tokens void, as another program does that fetches tokens for the same account."""
        with self._lock:
            self._stable = self._plain = None
            self._overlapping.clear()

    def _may_force(self, now: datetime) -> bool:
        self._forced = [moment for moment in self._forced if now - moment < timedelta(days=1)]
        return not self._forced or now - self._forced[-1] >= FORCE_PAUSE

    def _renew(self, now: datetime, *, overlap: timedelta) -> None:
        old = self._stable
        if old is not None:
            self._overlapping.append(Token(old.value, min(old.ends, now + overlap)))
        self._stable = _fresh(now)

    def _retire(self, now: datetime) -> None:
        for token in [self._stable, self._plain, *self._overlapping]:
            if token is not None and now >= token.ends:
                self._expired.add(token.value)
        self._stable = self._stable if self._stable and now < self._stable.ends else None
        self._plain = self._plain if self._plain and now < self._plain.ends else None
        self._overlapping = [token for token in self._overlapping if now < token.ends]


def _fresh(now: datetime) -> Token:
    return Token(secrets.token_urlsafe(96), now + LIFE)
