"""Many rows quickly: COPY on PostgreSQL, one transaction of executemany on SQLite."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from bot.clocks.workdays import Calendar
from bot.edge.messages import Address
from bot.inquiry.numbers import format_number
from store import directory as units_table
from store import people

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from store.engine.transactions import Store, Tx

PAGE = 20_000
FIRST_DAY = date(2026, 10, 26)
DAYS = 28
"""A day's counter ends at 999,999."""
OFFICERS = 7
"""Of each unit: a head and six more; the model district has about 390 in 55 units."""
INQUIRY = (
    "id",
    "number",
    "query_code",
    "contact_id",
    "address_id",
    "channel",
    "state",
    "summary",
    "unit_id",
    "received_at",
    "due_at",
    "derivation",
    "provisional",
)
ORDER = (
    "id",
    "inquiry_id",
    "unit_id",
    "role",
    "state",
    "created_at",
    "due_at",
    "signed_at",
    "signed_by",
    "checked_at",
    "next_check_at",
)


@dataclass(frozen=True, slots=True)
class Stored:
    """An open inquiry with its signed order: opened, due, last and next looked at."""

    opened: datetime
    due: datetime
    checked: datetime
    following: datetime | None


def directory(store: Store, *, units: int) -> None:
    """So many units with their officers, the first a head; the first unit is the duty desk."""

    def work(tx: Tx) -> None:
        for n in range(1, units + 1):
            unit_id = units_table.save_unit(
                tx,
                f"U{n:02}",
                name=f"第{n}局",
                short_names=[],
                tier="district",
                parent_code="",
                keywords=[],
                places=[],
                phone="",
            )
            for m in range(OFFICERS):
                role = "head" if m == 0 else "duty" if n == 1 else "leader" if m == 1 and n < 4 else "officer"
                units_table.save_officer(tx, f"U{n:02}-{m}", name=f"某{n}{m}", unit_id=unit_id, role=role)

    store.write(work)


def load(store: Store, rows: Iterable[Stored], *, units: int) -> None:
    """Inquiries and their orders, in turn over the units; each of its own number, all of one citizen."""
    first = next(iter(rows := iter(rows)))
    address = store.write(lambda tx: people.ensure(tx, "console", Address("console", "bench"), first.opened))
    derivations: dict[tuple[datetime, datetime], str] = {}
    number = 0
    all_rows = (row for part in ([first], rows) for row in part)
    while page := list(islice(all_rows, PAGE)):
        made = [_make(row, number + n, units, address, derivations) for n, row in enumerate(page, 1)]
        number += len(page)
        insert(store, "inquiries", INQUIRY, [inquiry for inquiry, _ in made])
        insert(store, "assignments", ORDER, [order for _, order in made])
    _settle(store)


def _make(row: Stored, n: int, units: int, address: Any, derivations: dict[Any, str]) -> tuple[tuple[Any, ...], ...]:
    unit = n % units + 1
    derivation = derivations.setdefault((row.opened, row.due), _derivation(row))
    day = FIRST_DAY + timedelta(days=n % DAYS)
    inquiry = (
        n,
        format_number(day, n // DAYS + 1),
        "384712",
        address.contact_id,
        address.id,
        "console",
        "in_progress",
        "幸福路12号楼下路灯三天不亮",
        unit,
        row.opened,
        row.due,
        derivation,
        False,
    )
    officer = (unit - 1) * OFFICERS + 3
    return inquiry, (n, n, unit, "lead", "signed", row.opened, row.due, row.opened, officer, row.checked, row.following)


def _derivation(row: Stored) -> str:
    due = Calendar().due(row.opened, 4)
    return json.dumps([[step.day.isoformat(), step.counted, step.why, step.status] for step in due.derivation])


def insert(store: Store, table: str, columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    with store.engine.begin() as conn:
        raw: Any = conn.connection.dbapi_connection
        names = ", ".join(columns)
        if store.engine.dialect.name == "sqlite":
            marks = ", ".join("?" * len(columns))
            raw.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", _as_text(rows))
            return
        with raw.cursor() as cursor, cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def _as_text(rows: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Moments as SQLAlchemy stores them in SQLite."""
    for row in rows:
        yield tuple(
            f"{cell.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}" if hasattr(cell, "astimezone") else cell for cell in row
        )


def _settle(store: Store) -> None:
    """As a database that grew over years: identities behind the rows, the planner's figures, nothing to write back."""
    if store.engine.dialect.name == "sqlite":
        store.engine.dispose()  # the last connection's end empties the log
    else:
        with store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            for table in ("inquiries", "assignments"):
                conn.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")
            conn.exec_driver_sql("VACUUM ANALYZE")
            conn.exec_driver_sql("CHECKPOINT")
    # Else the first rounds' fsync waits for the load's own pages (3 s against 0.7, measured 2026-11-23).
    os.sync()
