"""The simulated time: the real clock plus an offset that tests and the page's toolbar move forward.

The offset in seconds is also written to a file, so that an application started with that file
lives in the same time. What the file says at the start is kept, also an earlier time than the real
one: tests begin on a working morning of a known week, at whatever hour they are run.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path


class Clock:
    """The real time plus ``offset``. It moves backwards only by ``reset``."""

    def __init__(self, file: str = "") -> None:
        self._file = Path(file) if file else None
        self._lock = threading.Lock()
        # A restarted simulator goes on at the time where it was: what the application recorded until then must
        # not lie in the future.
        self._offset = _stored(self._file)
        self._write()

    @property
    def offset_seconds(self) -> float:
        return self._offset.total_seconds()

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset

    def timestamp(self) -> int:
        return int(self.now().timestamp())

    def advance(self, step: timedelta) -> None:
        """Move forward. Raises ValueError for a negative step, since a platform's clock does not go back."""
        if step < timedelta(0):
            raise ValueError("the clock moves forward only")
        with self._lock:
            self._offset += step
            self._write()

    def reset(self) -> None:
        with self._lock:
            self._offset = timedelta(0)
            self._write()

    def _write(self) -> None:
        if self._file is None:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_name(self._file.name + ".new")
        fresh.write_text(f"{self.offset_seconds:.0f}\n", encoding="ascii")
        fresh.replace(self._file)  # readers never see half a number


def _stored(file: Path | None) -> timedelta:
    if file is None or not file.exists():
        return timedelta(0)
    try:
        return timedelta(seconds=float(file.read_text(encoding="ascii")))
    except (ValueError, OverflowError):
        return timedelta(0)
