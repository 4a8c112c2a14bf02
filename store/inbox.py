"""The inbox: every authentic call, once, with the answer it was given."""

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
    """This message was taken before; ``reply`` is what was answered then."""

    inbox_id: int
    reply: str | None
    outbox_id: int | None


def take(
    tx: Tx, *, channel: str, external_id: str, replay_key: str, kind: str, raw: bytes, now: datetime
) -> int | Repeat | None:
    """A new row's id; a Repeat; or None when the signed request was seen with another message in it."""
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
    """Note what came of the message, so that a repeat is answered the same."""
    update_row(
        tx,
        inbox,
        inbox_id,
        address_id=address_id,
        inquiry_id=inquiry_id,
        outbox_id=outbox_id,
        reply=tx.vault.seal(reply) if reply else None,
    )
