"""The access token of one account, shared by all processes, and the breaker for the time when it cannot be had.

``stable_token`` gives the same token within its validity, is renewed 5 minutes early, and allows
``force_refresh`` at most 20 times a day and 30 seconds apart (api_getstableaccesstoken page, read 2026-11-23).
wechatpy knows only the older interface, whose calls make each other's tokens invalid, and repeats a failing call
without end.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.edge.errors import FAILURES, Misconfigured, RateLimited, SendError, Temporary
from bot.edge.messages import Failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from adapters._wechat.cache import SteadyCache
    from bot.edge.ports import Alarms, Clock

MARGIN = 300
"""Seconds before its end at which a token is no longer used. WeChat renews it that early and accepts both
meanwhile.
"""
DEFAULT_LIFE = 7000.0
"""Seconds of validity if the answer names none: a little less than the documented 7,200."""
FORCE_APART = 30.0
FIRST_PAUSE = 60.0
LONGEST_PAUSE = 600.0
LOCK_SECONDS = 20.0
"""Longer than one call may take: 5 seconds to connect and 10 to read."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token and when it was fetched."""

    value: str
    fetched: datetime


class Tokens:
    """The tokens of an account. ``fetch(force)`` calls the platform and returns its answer or raises SendError."""

    def __init__(
        self,
        account: str,
        app_id: str,
        *,
        cache: SteadyCache,
        clock: Clock,
        alarms: Alarms,
        fetch: Callable[[bool], dict[str, Any]],
    ) -> None:
        self._account = account
        # The AppID is in the name: after a change of account an old token must not be found under it.
        name = hashlib.sha256(f"{account}|{app_id}".encode()).hexdigest()[:16]
        self._key = f"wechat:token:{name}"
        self._cache = cache
        self._clock = clock
        self._alarms = alarms
        self._fetch = fetch
        self._alarmed = False

    # -- use -------------------------------------------------------------------------------------

    def get(self) -> str:
        """A token to use. Raises SendError; while the breaker is open it does so at once, without a call."""
        self._refuse_if_open()
        token = self.peek()
        return token.value if token else self._fetch_once()

    def renew(self, failed: str) -> str:
        """A token after the platform refused ``failed``: the one that another process has fetched meanwhile, or a
        forced one.
        """
        with self._cache.lock(f"{self._key}:lock", LOCK_SECONDS) as got:
            self._check_turn(got=got)
            token = self.peek()
            if token and token.value != failed:
                return token.value
            # Refused again within the time in which WeChat renews once only: forcing would give the same token.
            if not self._cache.add(f"{self._key}:forced", "1", FORCE_APART):
                raise self.trip(Misconfigured("40001", "renewed token refused"))
            return self._store(force=True)

    def peek(self) -> Token | None:
        """The cached token, without a call."""
        try:
            row = json.loads(self._cache.get(self._key) or "null")
            return Token(row["token"], datetime.fromtimestamp(row["at"], UTC)) if row else None
        except (ValueError, TypeError, KeyError):  # written by another version of us
            return None

    def age(self) -> timedelta | None:
        token = self.peek()
        return self._clock.now() - token.fetched if token else None

    def _fetch_once(self) -> str:
        """Fetch a token in one process and one thread. The others find it when their turn comes."""
        with self._cache.lock(f"{self._key}:lock", LOCK_SECONDS) as got:
            self._check_turn(got=got)
            token = self.peek()
            return token.value if token else self._store(force=False)

    def _check_turn(self, *, got: bool) -> None:
        if not got:
            # Nobody waits longer than one call takes: the message is tried again by the outbox.
            raise Temporary("token_lock", "another process is fetching the token")
        self._refuse_if_open()

    def _store(self, *, force: bool) -> str:
        try:
            answer = self._fetch(force)
        except (Misconfigured, RateLimited) as error:
            raise self.trip(error) from None
        value = answer.get("access_token")
        if not isinstance(value, str) or not value:
            raise Temporary("no_token", "token missing in the answer")
        row = {"token": value, "at": self._clock.now().timestamp()}
        self._cache.set(self._key, json.dumps(row), _life(answer.get("expires_in")))
        # Another process, since restarted, may have raised the alarm: the next success clears it.
        self._alarmed = self._alarmed or self._cache.get(f"{self._key}:pause") is not None
        return value

    # -- breaker ---------------------------------------------------------------------------------

    def trip(self, error: SendError) -> SendError:
        """Open the breaker for a while, twice as long each time, and tell the operator. Returns ``error``."""
        if self._cache.get(f"{self._key}:open"):
            return error
        pause = _seconds(self._cache.get(f"{self._key}:pause")) or FIRST_PAUSE
        row = {"code": error.code, "detail": error.detail, "failure": error.failure.value}
        self._cache.set(f"{self._key}:open", json.dumps(row), pause)
        # The pause outlives the breaker, so that the next trouble soon after this one waits longer.
        self._cache.set(f"{self._key}:pause", str(min(pause * 2, LONGEST_PAUSE)), LONGEST_PAUSE * 3)
        self._alarms.raise_alarm(self._alarm, code=error.code, detail=error.detail)
        self._alarmed = True
        return error

    def works(self) -> None:
        """Note that a call with the token succeeded: the next trouble begins with the short pause again."""
        if not self._alarmed:
            return
        self._alarmed = False
        self._cache.delete(f"{self._key}:pause")
        self._alarms.clear_alarm(self._alarm)

    @property
    def _alarm(self) -> str:
        return f"wechat_token:{self._account}"

    def _refuse_if_open(self) -> None:
        text = self._cache.get(f"{self._key}:open")
        if text:
            self._alarmed = True  # whichever process sees it work again clears the alarm
            raise _stored_error(text)


def _stored_error(text: str) -> SendError:
    try:
        row = json.loads(text)
        kind, code, detail = FAILURES[Failure(row["failure"])], str(row["code"]), str(row["detail"])
    except (ValueError, TypeError, KeyError):
        return Misconfigured("breaker", "token calls paused")
    return kind(code, f"{detail}, calls paused")


def _life(expires_in: object) -> float:
    seconds = _seconds(expires_in) or DEFAULT_LIFE
    return max(seconds - MARGIN, 60.0)


def _seconds(value: object) -> float:
    """A positive number of seconds, or 0."""
    try:
        seconds = float(str(value))
    except ValueError:
        return 0.0
    return seconds if 0 < seconds < 10**6 else 0.0
