"""Statements compiled once and run on the driver's own connection, inside the open transaction.

SQLAlchemy builds, looks up and wraps a statement for 70 to 150 µs, the database runs it in 10
(measured 2026-11-23, SQLite): with a dozen statements a message that is most of the intake's time.
What is bound and fetched goes through the same column types, errors come out as SQLAlchemy's.
"""

from __future__ import annotations

import json
from collections import namedtuple
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from sqlalchemy import Float, bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from store.tables.types import JsonText, OneOf, SafeText, UtcTime, clean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy.engine import Dialect
    from sqlalchemy.sql.compiler import SQLCompiler
    from sqlalchemy.types import TypeEngine

    from store.engine.transactions import Tx

    Processor = Callable[[Any], Any]

named = bindparam
"""A value given when the statement is run: ``table.c.channel == named("channel")``."""


R = TypeVar("R")


def changed(row: R, **values: Any) -> R:
    """A row read by a ``Prepared``, with other values, for use after the same change was made in the database."""
    return cast("R", cast("Any", row)._replace(**values))


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    positional: bool
    fixed: Mapping[str, Any]
    binders: Sequence[tuple[str, Processor | None]]
    fetchers: tuple[tuple[int, Processor], ...]
    record: Callable[[Sequence[Any]], Any]

    def parameters(self, values: dict[str, Any]) -> Any:
        """The parameters in the form of the driver: a list in order, or a mapping."""
        if self.fixed:
            values = {**self.fixed, **values}
        if self.positional:
            return [bind(values[name]) if bind else values[name] for name, bind in self.binders]
        return {name: bind(values[name]) if bind else values[name] for name, bind in self.binders}

    def read(self, row: Sequence[Any]) -> Any:
        """A fetched row with the types of its columns applied."""
        if self.fetchers:
            cells = list(row)
            for place, fetch in self.fetchers:
                cells[place] = fetch(cells[place])
            row = cells
        return self.record(row)


class Prepared(Generic[R]):
    """One statement. ``make`` builds it with the dialect's module (``insert(…).on_conflict_…``).

    ``R``: what a row of it has, a type of ``store.records``; the rows themselves are named tuples.

    ``columns``: what is set by name in an INSERT or UPDATE; other values are ``named``.
    """

    def __init__(self, make: Callable[[Any], Any], columns: Sequence[str] | None = None) -> None:
        self._make = make
        self._columns = columns
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, tx: Tx, **values: Any) -> list[R]:
        """All rows."""
        compiled = self._for(tx)
        return [compiled.read(row) for row in _execute(tx, compiled, values).fetchall()]

    def first(self, tx: Tx, **values: Any) -> R | None:
        """The first row, or None."""
        compiled = self._for(tx)
        row = _execute(tx, compiled, values).fetchone()
        return None if row is None else compiled.read(row)

    def scalar(self, tx: Tx, **values: Any) -> Any:
        """The first row's first column, or None."""
        compiled = self._for(tx)
        row = _execute(tx, compiled, values).fetchone()
        return None if row is None else compiled.read(row)[0]

    def new_id(self, tx: Tx, **values: Any) -> int | None:
        """The id of the inserted row, or None. For SQLite only.

        RETURNING would release the interpreter's lock once more, and the thread would wait until it gets it back.
        """
        cursor = _execute(tx, self._for(tx), values)
        return int(cursor.lastrowid) if cursor.rowcount == 1 else None

    def run(self, tx: Tx, **values: Any) -> int:
        """Run the statement. Returns how many rows it changed."""
        return int(_execute(tx, self._for(tx), values).rowcount)

    def run_many(self, tx: Tx, rows: Sequence[Mapping[str, Any]]) -> None:
        """Run the statement once for each row."""
        _execute_many(tx, self._for(tx), rows)

    def _for(self, tx: Tx) -> _Compiled:
        name = "sqlite" if tx.sqlite else "postgresql"
        found = self._compiled.get(name)
        if found is None:
            # Two threads may compile the same statement at once. Either result may stay, so there is no lock.
            found = self._compiled[name] = self._compile(tx.conn.dialect, sqlite if tx.sqlite else postgresql)
        return found

    def _compile(self, dialect: Dialect, module: Any) -> _Compiled:
        made = self._make(module)
        compiled = made.compile(dialect=dialect, column_keys=list(self._columns) if self._columns else None)
        returned = _returned(made)
        fetchers = ((place, _fetcher(column.type, dialect)) for place, column in enumerate(returned))
        binders = {name: _binder(bind.type, dialect) for name, bind in compiled.binds.items()}
        return _Compiled(
            compiled.string,
            compiled.positional,
            _fixed(compiled),
            [(name, binders[name]) for name in (compiled.positiontup if compiled.positional else binders)],
            tuple((place, fetch) for place, fetch in fetchers if fetch is not None),
            _record([column.key for column in returned]),
        )


def _record(names: Sequence[str]) -> Callable[[Sequence[Any]], Any]:
    maker: Any = namedtuple  # noqa: PYI024  the columns are known only here
    return cast("Callable[[Sequence[Any]], Any]", maker("Record", names)._make)


def _returned(made: Any) -> list[Any]:
    if made.is_select:
        return list(made.selected_columns)
    return list(made.exported_columns)


def _fixed(compiled: SQLCompiler) -> dict[str, Any]:
    """The statement with its constants written into it."""
    return {name: bind.value for name, bind in compiled.binds.items() if not bind.required and bind.value is not None}


def _binder(kind: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    if isinstance(kind, UtcTime):
        return _moment_binder(dialect)
    if isinstance(kind, SafeText):
        return _clean  # what the type does, without the steps around it
    if isinstance(kind, OneOf):
        return kind.values.__getitem__
    return kind.dialect_impl(dialect).bind_processor(dialect)


def _clean(text: str | None) -> str | None:
    return None if text is None else clean(text)


@cache
def _moment_binder(dialect: Dialect) -> Processor | None:
    """A converter for times that remembers the last one: a message binds the same moment a dozen times, and
    making SQLite's text of it takes 4 µs.
    """
    binder = UtcTime().dialect_impl(dialect).bind_processor(dialect)
    return lru_cache(64)(binder) if binder else None


def _fetcher(kind: TypeEngine[Any], dialect: Dialect) -> Processor | None:
    if isinstance(kind, Float):
        return None  # both drivers give floats; psycopg's processor would ask for the column's type number
    if isinstance(kind, UtcTime):
        return _moment_fetcher(dialect)
    if isinstance(kind, JsonText):
        return _read_json  # what the type does, without the steps around it
    if isinstance(kind, OneOf):
        return kind.by_value.__getitem__
    return kind.dialect_impl(dialect).result_processor(dialect, None)


def _read_json(text: str | None) -> Any:
    return None if text is None else json.loads(text)


@cache
def _moment_fetcher(dialect: Dialect) -> Processor | None:
    """A converter for fetched times that remembers some: the rows of one inquiry hold the same few moments again
    and again.
    """
    fetcher = UtcTime().dialect_impl(dialect).result_processor(dialect, None)
    return lru_cache(1024)(fetcher) if fetcher else None


def _execute(tx: Tx, compiled: _Compiled, values: dict[str, Any]) -> Any:
    parameters = compiled.parameters(values)
    try:
        return tx.driver.execute(compiled.sql, parameters)
    except tx.conn.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemys(tx, compiled, error) from error


def _execute_many(tx: Tx, compiled: _Compiled, rows: Sequence[Mapping[str, Any]]) -> None:
    parameters = [compiled.parameters(dict(row)) for row in rows]
    try:
        tx.driver.cursor().executemany(compiled.sql, parameters)
    except tx.conn.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemys(tx, compiled, error) from error


def _as_sqlalchemys(tx: Tx, compiled: _Compiled, error: Any) -> Exception:
    """The driver's error as SQLAlchemy's. The parameters are left out, because they are what people wrote."""
    dialect = tx.conn.dialect
    if dialect.is_disconnect(error, tx.driver, None):
        tx.conn.invalidate(error)
    named_error = DBAPIError.instance(
        compiled.sql, None, error, dialect.loaded_dbapi.Error, hide_parameters=True, dialect=dialect
    )
    return cast("Exception", named_error)
