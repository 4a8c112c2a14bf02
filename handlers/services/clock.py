"""The clocks a process may run by."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class DemoClock:
    """The machine's clock moved by the offset the simulator wrote to a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, timedelta] = (0, timedelta(0))

    def now(self) -> datetime:
        return datetime.now(UTC) + self._offset()

    def _offset(self) -> timedelta:
        try:
            stamp = self._path.stat().st_mtime_ns
            if stamp != self._seen[0]:
                self._seen = (stamp, timedelta(seconds=float(self._path.read_text("ascii"))))
        except (OSError, ValueError, OverflowError):
            return self._seen[1]
        return self._seen[1]
