"""Small statements every repository uses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, literal_column, update
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    from sqlalchemy import Row, Table

    from store.engine import Tx

    Record = Row[Any]


def insert_row(tx: Tx, table: Table, **values: Any) -> int:
    """Insert one row and return its id."""
    return int(tx.conn.execute(insert(table).returning(table.c.id), values).scalar_one())


def insert_ignoring(tx: Tx, table: Table, **values: Any) -> int | None:
    """Insert a row unless a unique constraint has it already; its id or None."""
    dialect = sqlite if tx.sqlite else postgresql
    statement = dialect.insert(table).on_conflict_do_nothing().returning(literal_column("id"))
    return tx.conn.execute(statement, values).scalar()


def update_row(tx: Tx, table: Table, row_id: int, **values: Any) -> None:
    """Change one row by its id."""
    tx.conn.execute(update(table).where(table.c.id == row_id).values(**values))
