"""The shared cache, backed by this process's own memory for the time when the shared one is away."""

from __future__ import annotations

import threading
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.edge.ports import CacheUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from bot.edge.ports import Clock, SharedCache


class SteadyCache:
    """A cache that never raises CacheUnavailable. What is set is also kept in memory, so that losing Redis loses
    no token.
    """

    def __init__(self, shared: SharedCache, clock: Clock) -> None:
        self._shared = shared
        self._clock = clock
        self._own: dict[str, tuple[str, datetime]] = {}
        self._mutex = threading.Lock()
        self._turn = threading.Lock()

    def get(self, key: str) -> str | None:
        try:
            return self._shared.get(key)
        except CacheUnavailable:
            value, until = self._own.get(key, ("", self._clock.now()))
            return value if until > self._clock.now() else None

    def set(self, key: str, value: str, seconds: float) -> None:
        self._own[key] = (value, self._clock.now() + timedelta(seconds=seconds))
        with suppress(CacheUnavailable):
            self._shared.set(key, value, seconds)

    def add(self, key: str, value: str, seconds: float) -> bool:
        try:
            return self._shared.add(key, value, seconds)
        except CacheUnavailable:
            with self._mutex:
                if self.get(key) is not None:
                    return False
                self.set(key, value, seconds)
                return True

    def delete(self, key: str) -> None:
        self._own.pop(key, None)
        with suppress(CacheUnavailable):
            self._shared.delete(key)

    @contextmanager
    def lock(self, key: str, seconds: float) -> Iterator[bool]:
        """A lock. The threads of this process queue here first, so that only one of them waits for the shared lock."""
        if not self._turn.acquire(timeout=seconds):
            yield False
            return
        try:
            with ExitStack() as stack:
                yield self._enter(stack, key, seconds)
        finally:
            self._turn.release()

    def _enter(self, stack: ExitStack, key: str, seconds: float) -> bool:
        """Whether the lock was obtained. Without the shared cache the lock of this process has to do."""
        lock = self._shared.lock(key, seconds)
        try:
            got = lock.__enter__()
        except CacheUnavailable:
            return True
        stack.callback(_leave, lock)
        return got


def _leave(lock: object) -> None:
    with suppress(CacheUnavailable):
        lock.__exit__(None, None, None)  # type: ignore[attr-defined]
