"""Small statements that every repository uses."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import insert, literal_column, update

from store.engine.prepared import Prepared, named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Table

    from store.engine.transactions import Tx


VALUES_TOGETHER = 50
"""The most values in one INSERT of several rows. A statement costs psycopg some 100 µs, however many rows it has,
but one with more values than this is parsed anew each time (``MAX_CACHED_STATEMENT_PARAMS``, psycopg 3.3, seen
2026-11-23).
"""


def insert_row(tx: Tx, table: Table, **values: Any) -> int:
    """Insert one row and return its id."""
    if tx.sqlite:
        row_id = _insert_plain(table, tuple(values)).new_id(tx, **values)
    else:
        row_id = _insert(table, tuple(values)).scalar(tx, **values)
    if row_id is None:
        raise RuntimeError("an insert gave no id")
    return int(row_id)


def insert_ignoring(tx: Tx, table: Table, **values: Any) -> int | None:
    """Insert a row unless a unique constraint forbids it. Returns its id or None."""
    if tx.sqlite:
        return _insert_ignoring_plain(table, tuple(values)).new_id(tx, **values)
    row_id: int | None = _insert_ignoring(table, tuple(values)).scalar(tx, **values)
    return row_id


def insert_many_ignoring(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows of the same columns, leaving out those a unique constraint forbids."""
    if not rows:
        return
    names = tuple(rows[0])
    if tx.sqlite:  # one row at a time is a tenth faster there
        _insert_ignoring_plain(table, names).run_many(tx, rows)
        return
    together = max(1, VALUES_TOGETHER // len(names))
    for start in range(0, len(rows), together):
        some = rows[start : start + together]
        _insert_several(table, names, len(some)).run(
            tx, **{f"{name}__{place}": row[name] for place, row in enumerate(some) for name in names}
        )


def update_row(tx: Tx, table: Table, row_id: int, **values: Any) -> None:
    """Change one row by its id."""
    _update(table, tuple(values)).run(tx, by_id=row_id, **values)


class Versioned(Protocol):
    """A row that counts how often it was changed."""

    @property
    def id(self) -> int: ...
    @property
    def version(self) -> int: ...


def change_version(tx: Tx, table: Table, row: Versioned, **values: Any) -> bool:
    """Change a row as it was read. False when its ``version`` is another by now, so that somebody else changed it."""
    changing = _change_version(table, ("version", *values))
    return changing.run(tx, by_id=row.id, by_version=row.version, version=row.version + 1, **values) == 1


# These caches are keyed by column names, which come from our own calls and never from outside, so they stay
# small.


@cache
def _insert(table: Table, names: tuple[str, ...]) -> Prepared[object]:
    return Prepared(lambda _: insert(table).returning(table.c.id), names)


@cache
def _insert_ignoring(table: Table, names: tuple[str, ...]) -> Prepared[object]:
    return Prepared(
        lambda dialect: dialect.insert(table).on_conflict_do_nothing().returning(literal_column("id")), names
    )


@cache
def _insert_plain(table: Table, names: tuple[str, ...]) -> Prepared[object]:
    return Prepared(lambda _: insert(table).inline(), names)


@cache
def _insert_ignoring_plain(table: Table, names: tuple[str, ...]) -> Prepared[object]:
    return Prepared(lambda dialect: dialect.insert(table).inline().on_conflict_do_nothing(), names)


@cache
def _insert_several(table: Table, names: tuple[str, ...], count: int) -> Prepared[object]:
    values = [{name: named(f"{name}__{place}", type_=table.c[name].type) for name in names} for place in range(count)]
    return Prepared(lambda dialect: dialect.insert(table).inline().values(values).on_conflict_do_nothing())


@cache
def _update(table: Table, names: tuple[str, ...]) -> Prepared[object]:
    return Prepared(lambda _: update(table).where(table.c.id == named("by_id")), names)


@cache
def _change_version(table: Table, names: tuple[str, ...]) -> Prepared[object]:
    return Prepared(
        lambda _: update(table).where(table.c.id == named("by_id"), table.c.version == named("by_version")), names
    )
