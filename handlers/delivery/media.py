"""Downloads what messages refer to before the platform deletes it: WeChat keeps temporary media for three days
(api_uploadtempmedia page, read 2026-11-23).
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.delivery.states import MediaState
from bot.edge.errors import MediaError
from bot.edge.messages import Kind, MediaRef
from store import media

if TYPE_CHECKING:
    from pathlib import Path

    from adapters.kit.base import Media
    from handlers.services.deps import Deps
    from store.records.delivery import MediaRecord

BATCH = 20
# Longer than a download may take; a worker that died gives its rows back after this.
CLAIM = timedelta(minutes=2)
BACKOFF = (10, 60, 600, 3600, 6 * 3600, 12 * 3600, 24 * 3600)
"""Seconds between tries. Together they are well within WeChat's three days."""


def drain(deps: Deps) -> int:
    """Download what waits. Returns how many were handled."""
    total = 0
    while True:
        rows = deps.store.write(lambda tx: media.claim(tx, now=deps.clock.now(), claim=CLAIM, limit=BATCH))
        for row in rows:
            _fetch(deps, row)
        total += len(rows)
        if len(rows) < BATCH:
            return total


def _fetch(deps: Deps, row: MediaRecord) -> None:
    channel = deps.channels.get(row.channel)
    # The account was taken out of CHANNELS. It may come back, so the reference is not given up at once.
    if channel is None:
        _failed(deps, row, MediaError("no_channel", permanent=False))
        return
    try:
        found = channel.fetch_media(MediaRef(deps.store.vault.open(row.ref), Kind(row.kind)))
    except MediaError as error:
        _failed(deps, row, error)
        return
    digest = hashlib.sha256(found.content).hexdigest()
    path = _keep(deps.media_folder, digest, found)
    deps.store.write(
        lambda tx: media.settle(
            tx,
            row.id,
            state=MediaState.STORED,
            path=path,
            sha256=digest,
            size=len(found.content),
            content_type=found.content_type[:64],
            code="",
        )
    )
    deps.metrics.count("media", channel=row.channel, outcome="stored")


def _keep(folder: Path, digest: str, found: Media) -> str:
    # Named by the hash of its content: the same picture is stored once, and no name that somebody chose becomes a
    # path.
    relative = f"{digest[:2]}/{digest}"
    target = folder / relative
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        part.write_bytes(found.content)
        # Renamed when it is complete, so that nobody is shown half a picture.
        part.rename(target)
    return relative


def _failed(deps: Deps, row: MediaRecord, error: MediaError) -> None:
    given_up = error.permanent or row.attempts >= len(BACKOFF)
    wait = timedelta(0) if given_up else timedelta(seconds=BACKOFF[row.attempts])
    deps.store.write(
        lambda tx: media.settle(
            tx,
            row.id,
            state=MediaState.FAILED if given_up else MediaState.PENDING,
            code=error.code[:64],
            next_at=deps.clock.now() + wait,
        )
    )
    deps.metrics.count("media", channel=row.channel, outcome="failed" if given_up else "waiting")
