"""The points ledger: entries and counter-entries, only ever added. A trigger in the database refuses changes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack, cast

from sqlalchemy import and_, func, or_, select

from store.engine.prepared import Prepared, named
from store.engine.writes import insert_ignoring
from store.tables.directory import officers, units
from store.tables.inquiries import assignments, inquiries
from store.tables.points import scores

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from store.engine.transactions import Tx
    from store.records.points import LedgerRecord, ScoreRecord, ScoreValues

LEDGER = (
    select(
        scores,
        units.c.code.label("unit_code"),
        units.c.name.label("unit_name"),
        inquiries.c.number,
        officers.c.code.label("actor_code"),
    )
    .join(units, units.c.id == scores.c.unit_id)
    .outerjoin(inquiries, inquiries.c.id == scores.c.inquiry_id)
    .outerjoin(officers, officers.c.id == scores.c.actor_id)
    .order_by(scores.c.id)
)

_OF_ORDER: Prepared[ScoreRecord] = Prepared(
    lambda _: (
        select(scores)
        .where(scores.c.inquiry_id == named("inquiry_id"), scores.c.assignment_id == named("assignment_id"))
        .order_by(scores.c.id)
    )
)


def add(tx: Tx, *, once: str, **values: Unpack[ScoreValues]) -> int | None:
    """Add an entry. None when it was added before."""
    return insert_ignoring(tx, scores, once=once, **values)


def get(tx: Tx, entry_id: int) -> LedgerRecord | None:
    """One entry with its unit and inquiry."""
    return cast("LedgerRecord | None", tx.conn.execute(LEDGER.where(scores.c.id == entry_id)).first())


def of_order(tx: Tx, inquiry_id: int, assignment_id: int) -> Sequence[ScoreRecord]:
    """The entries of one order in order."""
    return _OF_ORDER.rows(tx, inquiry_id=inquiry_id, assignment_id=assignment_id)


def of_inquiry(tx: Tx, inquiry_id: int) -> Sequence[LedgerRecord]:
    """The entries of one inquiry in order."""
    return cast("Sequence[LedgerRecord]", tx.conn.execute(LEDGER.where(scores.c.inquiry_id == inquiry_id)).all())


def of_month(tx: Tx, month: str, unit_id: int | None = None) -> Sequence[LedgerRecord]:
    """The entries of a month, of one unit or of all."""
    query = LEDGER.where(scores.c.month == month)
    return cast(
        "Sequence[LedgerRecord]",
        tx.conn.execute(query if unit_id is None else query.where(scores.c.unit_id == unit_id)).all(),
    )


def reversed_ids(tx: Tx, entry_ids: Sequence[int]) -> set[int]:
    """Which of these entries were taken back."""
    rows = tx.conn.execute(select(scores.c.reverses_id).where(scores.c.reverses_id.in_(entry_ids))).scalars()
    return set(rows)


def all_entries(tx: Tx) -> Sequence[ScoreRecord]:
    """The whole ledger in order."""
    return cast("Sequence[ScoreRecord]", tx.conn.execute(select(scores).order_by(scores.c.id)).all())


def charged_orders(tx: Tx, since: datetime) -> list[int]:
    """The orders that have an entry of this time or later."""
    return list(
        tx.conn.execute(
            select(scores.c.assignment_id).where(scores.c.at >= since, scores.c.assignment_id.is_not(None)).distinct()
        ).scalars()
    )


def orders_in_hand(tx: Tx, start: datetime, end: datetime) -> dict[int, int]:
    """For each unit, how many orders it had in hand at some time from ``start`` to before ``end``."""
    rows = tx.conn.execute(
        select(assignments.c.unit_id, func.count().label("orders"))
        .where(
            assignments.c.created_at < end, or_(assignments.c.ended_at.is_(None), and_(assignments.c.ended_at >= start))
        )
        .group_by(assignments.c.unit_id)
    )
    return {row.unit_id: row.orders for row in rows}


def ratings(tx: Tx, start: datetime, end: datetime) -> dict[int, list[int]]:
    """For each unit, the ratings given from ``start`` to before ``end``. Citizens who did not rate are not
    included.
    """
    rows = tx.conn.execute(
        select(inquiries.c.unit_id, inquiries.c.rating).where(
            inquiries.c.rated_at >= start, inquiries.c.rated_at < end, inquiries.c.rating.is_not(None)
        )
    )
    found: dict[int, list[int]] = {}
    for unit_id, rating in rows:
        found.setdefault(unit_id, []).append(rating)
    return found
