"""The log of what crossed the wire: the application's calls to us and our pushes to its hooks.

For tests and the page; it lives in memory and is bounded.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

KEPT = 20000


class CallLog:
    """Newest last. Counts go on when old entries fall out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._pushes: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._counts: Counter[str] = Counter()

    def called(self, endpoint: str, *, at: datetime, errcode: int, **more: Any) -> None:
        with self._lock:
            self._counts[endpoint] += 1
            self._calls.append({"endpoint": endpoint, "errcode": errcode, "at": at.isoformat()} | more)

    def pushed(self, entry: dict[str, Any]) -> None:
        with self._lock:
            self._pushes.append(entry)

    def listing(self) -> dict[str, Any]:
        """``calls``, ``pushes`` and ``counts`` by endpoint."""
        with self._lock:
            return {"calls": list(self._calls), "pushes": list(self._pushes), "counts": dict(self._counts)}

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
            self._pushes.clear()
            self._counts.clear()
