"""Everything that is stored encrypted, and its re-encryption under the current key, a batch at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from store.engine.writes import update_row
from store.tables.delivery import inbox, media
from store.tables.people import addresses

if TYPE_CHECKING:
    from sqlalchemy import Table

    from store.engine.transactions import Tx

BATCH = 500
SEALED = {"addresses": (addresses, ("cipher",)), "inbox": (inbox, ("raw", "reply")), "media": (media, ("ref",))}
"""The tables with encrypted columns, by name."""


def reseal(tx: Tx, *, table: str, after: int) -> list[int]:
    """Encrypt the next rows of a table (a key of ``SEALED``) anew. Returns their ids, none at the end."""
    found, columns = SEALED[table]
    rows = tx.conn.execute(select(found).where(found.c.id > after).order_by(found.c.id).limit(BATCH)).all()
    for row in rows:
        _reseal_row(tx, found, row.id, {c: tx.vault.open_bytes(getattr(row, c)) for c in columns if getattr(row, c)})
    return [row.id for row in rows]


def _reseal_row(tx: Tx, table: Table, row_id: int, opened: dict[str, bytes]) -> None:
    values = {column: tx.vault.seal(clear) for column, clear in opened.items()}
    if table is addresses:
        values["hash"] = tx.vault.digest(opened["cipher"].decode())
    update_row(tx, table, row_id, **values)
