"""Days on which the office differs from the published calendar, each with its author and source."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sqlalchemy import delete, insert, select

from bot.clocks.workdays import Override
from store.tables.operations import calendar_overrides as table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

    from store.engine.transactions import Tx
    from store.records.operations import OverrideRecord


def overrides(tx: Tx) -> dict[date, Override]:
    """All of these days, in the form the domain's calendar takes."""
    return {row.day: Override(row.workday, row.source) for row in tx.conn.execute(select(table))}


def of_span(tx: Tx, first: date, last: date) -> Sequence[OverrideRecord]:
    """The days of a span, with author and source."""
    return cast(
        "Sequence[OverrideRecord]",
        tx.conn.execute(select(table).where(table.c.day.between(first, last)).order_by(table.c.day)).all(),
    )


def put(tx: Tx, days: Mapping[date, bool], *, author: str, source: str, now: datetime) -> None:
    """Enter days as worked or not. What was entered for them before is replaced."""
    if not days:
        return
    tx.conn.execute(delete(table).where(table.c.day.in_(days)))
    tx.conn.execute(
        insert(table),
        [
            {"day": day, "workday": works, "author": author[:64], "source": source, "entered_at": now}
            for day, works in sorted(days.items())
        ],
    )
