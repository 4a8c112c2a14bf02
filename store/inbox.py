"""The inbox: every authentic call, stored once, with the answer it was given."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from store.engine.writes import insert_ignoring, update_row
from store.tables.delivery import inbox

if TYPE_CHECKING:
    from datetime import datetime

    from store.engine.transactions import Tx


@dataclass(frozen=True, slots=True)
class Repeat:
    """The message was taken before. ``reply`` is what was answered then."""

    inbox_id: int
    reply: str | None
    outbox_id: int | None


def take(
    tx: Tx, *, channel: str, external_id: str, replay_key: str, kind: str, raw: bytes, now: datetime
) -> int | Repeat | None:
    """Store a call. Returns the new row's id, a Repeat if the message was stored before, or None when the same
    signed request was seen with another message in it (docs/decisions/0010-replay-guard-in-the-inbox.md).
    """
    # The insert decides and not a query before it: of two calls at the same moment only one can insert.
    row_id = insert_ignoring(
        tx,
        inbox,
        channel=channel,
        external_id=external_id,
        replay_key=replay_key or None,
        received_at=now,
        kind=kind,
        raw=tx.vault.seal(raw),
    )
    if row_id is not None:
        return row_id
    row = tx.conn.execute(
        select(inbox.c.id, inbox.c.reply, inbox.c.outbox_id).where(
            inbox.c.channel == channel, inbox.c.external_id == external_id
        )
    ).first()
    if row is None:
        return None
    return Repeat(row.id, tx.vault.open(row.reply) if row.reply else None, row.outbox_id)


def finish(
    tx: Tx, inbox_id: int, *, address_id: int | None, inquiry_id: int | None, reply: str | None, outbox_id: int | None
) -> None:
    """Store what came of the message, so that a repeat of it gets the same answer."""
    update_row(
        tx,
        inbox,
        inbox_id,
        address_id=address_id,
        inquiry_id=inquiry_id,
        outbox_id=outbox_id,
        reply=tx.vault.seal(reply) if reply else None,
    )
