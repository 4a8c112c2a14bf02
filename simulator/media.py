"""Pictures, recordings and files that pass between phones and the application.

WeChat keeps temporary media for three days (api_uploadtempmedia page, read 2026-11-23).
"""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

KEPT = timedelta(days=3)
SILENCE = b"#!AMR\n" + b"\x3c" + b"\x00" * 31
"""One empty frame of AMR at 12.2 kbit/s: a recording in which nobody said anything."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored file. ``kind`` is WeChat's media type: image, voice, video, thumb or file."""

    kind: str
    content: bytes
    content_type: str
    stored_at: datetime


class MediaStore:
    """Files in memory. Their ids cannot be guessed, as on the platforms."""

    def __init__(self) -> None:
        self._items: dict[str, Stored] = {}
        self._lock = threading.Lock()

    def put(self, kind: str, content: bytes, *, content_type: str, now: datetime) -> str:
        media_id = secrets.token_urlsafe(32)
        with self._lock:
            self._items[media_id] = Stored(kind, content, content_type, now)
        return media_id

    def get(self, media_id: str, now: datetime) -> Stored | None:
        """The file, or None if it is unknown or its three days are over."""
        with self._lock:
            item = self._items.get(media_id)
        return item if item and now - item.stored_at < KEPT else None

    def clear(self) -> None:
        with self._lock:
            self._items.clear()


def sample_picture() -> tuple[bytes, str]:
    """The picture a phone sends when nobody chose one."""
    return (Path(__file__).parent / "static" / "sample.jpg").read_bytes(), "image/jpeg"
