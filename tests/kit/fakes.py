"""Stand-ins for what an adapter gets from outside: a clock, the shared cache, the operator's alarms.

Small and real in behaviour: the cache expires by the clock given, its lock really excludes threads.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from adapters.kit.base import Services
from bot.edge.ports import CacheUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


class FakeClock:
    """Stands still until told to move."""

    def __init__(self, start: datetime = START) -> None:
        self.time = start

    def now(self) -> datetime:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


class MemoryCache:
    """``SharedCache`` in one process. ``down = True`` makes every call raise CacheUnavailable."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.down = False
        self.rows: dict[str, tuple[str, datetime]] = {}
        self._mutex = threading.RLock()
        self._locks: dict[str, threading.Lock] = {}

    def get(self, key: str) -> str | None:
        self._reach()
        value, until = self.rows.get(key, ("", self.clock.now()))
        return value if until > self.clock.now() else None

    def set(self, key: str, value: str, seconds: float) -> None:
        self._reach()
        self.rows[key] = (value, self.clock.now() + timedelta(seconds=seconds))

    def add(self, key: str, value: str, seconds: float) -> bool:
        with self._mutex:
            if self.get(key) is not None:
                return False
            self.set(key, value, seconds)
            return True

    def delete(self, key: str) -> None:
        self._reach()
        self.rows.pop(key, None)

    @contextmanager
    def lock(self, key: str, seconds: float) -> Iterator[bool]:
        self._reach()
        with self._mutex:
            lock = self._locks.setdefault(key, threading.Lock())
        got = lock.acquire(timeout=seconds)
        try:
            yield got
        finally:
            if got:
                lock.release()

    def _reach(self) -> None:
        if self.down:
            raise CacheUnavailable


class RecordingAlarms:
    """``raised`` holds each alarm in order, ``standing`` those not cleared."""

    def __init__(self) -> None:
        self.raised: list[tuple[str, dict[str, str | int | float]]] = []
        self.standing: set[str] = set()

    def raise_alarm(self, key: str, **fields: str | float) -> None:
        self.raised.append((key, fields))
        self.standing.add(key)

    def clear_alarm(self, key: str) -> None:
        self.standing.discard(key)


def fake_services(clock: FakeClock | None = None) -> Services:
    """Services of fakes; reach them as ``services.clock`` and so on."""
    clock = clock or FakeClock()
    return Services(clock=clock, cache=MemoryCache(clock), alarms=RecordingAlarms())
