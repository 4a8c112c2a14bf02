"""``wenzheng rekey``: moves stored secrets to the current key."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click
from sqlalchemy import select

import bootstrap
from store.rows import update_row
from store.spool import Spool
from store.tables import addresses, inbox, media

if TYPE_CHECKING:
    from sqlalchemy import Table

    from store.engine import Tx

BATCH = 500
SEALED = ((addresses, ("cipher",)), (inbox, ("raw", "reply")), (media, ("ref",)))


@click.command()
def rekey() -> None:
    """Re-encrypt everything under SECRET_KEY; afterwards SECRET_KEY_PREVIOUS can be removed."""
    settings = bootstrap.read().settings
    store = bootstrap.make_store(settings)
    total = 0
    try:
        for table, columns in SEALED:
            last = 0
            while rows := store.write(partial(_batch, table=table, columns=columns, after=last)):
                last = rows[-1]
                total += len(rows)
    finally:
        store.close()
    click.echo(f"{total} rows under the current key")
    if waiting := Spool(settings.data_dir / "spool", store.vault).size():
        raise click.ClickException(f"{waiting} messages wait in the spool, maybe under the former key: keep "
                                   "SECRET_KEY_PREVIOUS until the workers have taken them in, then run this again")


def _batch(tx: Tx, *, table: Table, columns: tuple[str, ...], after: int) -> list[int]:
    rows = tx.conn.execute(select(table).where(table.c.id > after).order_by(table.c.id).limit(BATCH)).all()
    for row in rows:
        opened = {c: tx.vault.open_bytes(getattr(row, c)) for c in columns if getattr(row, c)}
        values = {column: tx.vault.seal(clear) for column, clear in opened.items()}
        if table is addresses:
            values["hash"] = tx.vault.digest(opened["cipher"].decode())
        update_row(tx, table, row.id, **values)
    return [row.id for row in rows]


COMMANDS = (rekey,)
