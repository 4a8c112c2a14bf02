"""What the domain and the adapters need from outside, as protocols."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from datetime import datetime


class Clock(Protocol):
    """The only source of the present moment. It gives aware times in UTC."""

    def now(self) -> datetime: ...


class SharedCache(Protocol):
    """A small store shared by all processes (Redis). Whatever is lost in it can be fetched again.

    Every method raises ``CacheUnavailable`` when the store cannot be reached.
    """

    def get(self, key: str) -> str | None: ...

    def set(self, key: str, value: str, seconds: float) -> None: ...

    def add(self, key: str, value: str, seconds: float) -> bool:
        """Set the key unless it exists. Returns whether it was set."""
        ...

    def delete(self, key: str) -> None: ...

    def lock(self, key: str, seconds: float) -> AbstractContextManager[bool]:
        """Wait up to ``seconds`` for the lock, which is held for at most as long. Yields whether it was obtained."""
        ...


class CacheUnavailable(Exception):
    """The shared store does not answer."""


class Alarms(Protocol):
    """Tells the operator of a problem, once for each ``key`` while its cause lasts: a counter, a log line, a
    notice.
    """

    def raise_alarm(self, key: str, **fields: str | float) -> None: ...

    def clear_alarm(self, key: str) -> None: ...
