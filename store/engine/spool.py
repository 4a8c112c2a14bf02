"""The spool: messages kept on disk, synced, while the database is away or too slow.

Each message is a file of its own, so that a crash can damage only the one being written, which was not
acknowledged yet. Files are encrypted like the inbox. ``wenzheng sweep`` and every worker take them in.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import secrets
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from store.engine.vault import Vault


class Spool:
    """A folder of encrypted messages waiting for the database."""

    def __init__(self, folder: Path, vault: Vault) -> None:
        self._folder = folder
        self._vault = vault

    def put(self, item: dict[str, Any]) -> None:
        """Store ``item`` (JSON) durably. Raises OSError when the disk refuses."""
        self._folder.mkdir(parents=True, exist_ok=True)
        name = secrets.token_hex(12)
        part = self._folder / f"{name}.part"
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, self._vault.seal(json.dumps(item)).encode("ascii"))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        # The name ending in .msg appears only when the content is on disk, so that nobody reads half a message;
        # the folder is synced as well, or a power cut could lose the new name.
        part.rename(self._folder / f"{name}.msg")
        self._sync_folder()

    def items(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Every stored message, the oldest first. One that cannot be read is renamed and stays."""
        if not self._folder.is_dir():
            return
        for path in sorted(self._folder.glob("*.msg"), key=_stored_at):
            try:
                yield path, json.loads(self._vault.open(path.read_text("ascii")))
            except FileNotFoundError:
                continue  # another worker took it
            except (ValueError, UnicodeDecodeError):
                with contextlib.suppress(FileNotFoundError):  # another worker set it aside
                    path.rename(path.with_suffix(".bad"))

    def done(self, path: Path) -> None:
        """Remove a message that is in the database now."""
        path.unlink(missing_ok=True)

    def size(self) -> int:
        """The number of waiting messages."""
        return sum(1 for _ in self._folder.glob("*.msg")) if self._folder.is_dir() else 0

    def _sync_folder(self) -> None:
        descriptor = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _stored_at(path: Path) -> float:
    """When it was stored. Another worker may have taken it since the folder was listed: then it goes last."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return math.inf
