"""Media of messages: waiting to be downloaded, stored, or given up with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack, cast

from sqlalchemy import select

from bot.delivery.states import MediaState
from store.engine.writes import update_row
from store.tables.delivery import media

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime, timedelta

    from store.engine.transactions import Tx
    from store.records.delivery import MediaRecord, MediaValues


def claim(tx: Tx, *, now: datetime, claim: timedelta, limit: int = 20) -> Sequence[MediaRecord]:
    """Take media whose turn has come. What a dead worker took is taken again after ``claim``."""
    query = (
        select(media)
        .where(media.c.state == MediaState.PENDING, media.c.next_at <= now)
        .order_by(media.c.id)
        .limit(limit)
    )
    rows = tx.conn.execute(query if tx.sqlite else query.with_for_update(skip_locked=True)).all()
    for row in rows:
        update_row(tx, media, row.id, next_at=now + claim, attempts=row.attempts + 1)
    return rows


def settle(tx: Tx, media_id: int, /, **values: Unpack[MediaValues]) -> None:
    """Store the result of a download: state, path, content_type, size, sha256, code, next_at."""
    update_row(tx, media, media_id, **values)


def get(tx: Tx, media_id: int) -> MediaRecord | None:
    """One row."""
    return cast("MediaRecord | None", tx.conn.execute(select(media).where(media.c.id == media_id)).first())
