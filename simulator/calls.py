"""The log of what passed over the wire: the application's calls to us and our pushes to its hooks.

Read by tests and by the page. It lives in memory and has a limited length.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

KEPT = 20000


class CallLog:
    """The last calls and pushes, the newest last. Counts go on when old entries are dropped."""

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
        """The calls, the pushes and the ``counts`` by endpoint."""
        with self._lock:
            return {"calls": list(self._calls), "pushes": list(self._pushes), "counts": dict(self._counts)}

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
            self._pushes.clear()
            self._counts.clear()
