"""What the router learns from: which unit an inquiry belonged to in the end, and who said so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from bot.inquiry.directions import Direction
from store.engine.prepared import Prepared, named
from store.engine.writes import insert_row, update_row
from store.tables.directory import units
from store.tables.inquiries import inquiries, messages
from store.tables.routing import decisions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.classifier.states import DecisionSource
    from store.engine.transactions import Tx
    from store.records.inquiries import InquiryRecord
    from store.records.routing import DecisionRecord, DecisionValues, LessonRecord

LESSONS = (
    select(
        decisions.c.inquiry_id,
        decisions.c.source,
        decisions.c.at,
        inquiries.c.flags,
        units.c.code.label("unit_code"),
    )
    .join(units, units.c.id == decisions.c.unit_id)
    .join(inquiries, inquiries.c.id == decisions.c.inquiry_id)
)
_OF: Prepared[DecisionRecord] = Prepared(
    lambda _: select(decisions).where(decisions.c.inquiry_id == named("inquiry_id"))
)


def record(
    tx: Tx,
    inquiry: InquiryRecord,
    unit_id: int,
    *,
    source: DecisionSource,
    now: datetime,
    officer_id: int | None = None,
    category: str = "",
) -> None:
    """Store the latest word on which unit an inquiry belongs to.

    ``source``: ``desk`` (dispatched by hand), ``correction`` (taken from the unit that the machine or the desk
    had chosen) or ``answered`` (the unit the machine chose has answered, so it was right). What the machine had
    suggested is stored beside it.
    """
    values: DecisionValues = {
        "unit_id": unit_id,
        "source": source,
        "officer_id": officer_id,
        "at": now,
        "category": category or inquiry.category,
    }
    known = _OF.first(tx, inquiry_id=inquiry.id)
    if known is not None:
        update_row(tx, decisions, known.id, **values)
    else:
        insert_row(tx, decisions, inquiry_id=inquiry.id, suggested=inquiry.routing or {}, **values)


def of_inquiry(tx: Tx, inquiry_id: int) -> DecisionRecord | None:
    """The decision on one inquiry, or None."""
    return _OF.first(tx, inquiry_id=inquiry_id)


def count(tx: Tx, *, since: datetime | None = None) -> int:
    """The number of decisions, or of those made after ``since``."""
    query = select(func.count()).select_from(decisions)
    return int(tx.conn.execute(query.where(decisions.c.at > since) if since is not None else query).scalar_one())


def newest(tx: Tx, limit: int) -> Sequence[LessonRecord]:
    """The newest decisions, the oldest of them first: ``inquiry_id``, ``unit_code``, ``source``, ``at`` and the
    inquiry's ``flags``.

    Decisions for units that were abolished without a successor are left out.
    """
    rows = tx.conn.execute(
        LESSONS.where(units.c.active | (units.c.merged_into != ""))
        .order_by(decisions.c.at.desc(), decisions.c.id.desc())
        .limit(limit)
    ).all()
    return rows[::-1]


def texts(tx: Tx, inquiry_ids: Sequence[int]) -> dict[int, str]:
    """What the citizens wrote, by inquiry."""
    said: dict[int, list[str]] = {}
    rows = tx.conn.execute(
        select(messages.c.inquiry_id, messages.c.text)
        .join(inquiries, inquiries.c.id == messages.c.inquiry_id)
        .where(
            messages.c.inquiry_id.in_(inquiry_ids),
            messages.c.direction == Direction.IN,
            messages.c.created_at <= func.coalesce(inquiries.c.answered_at, messages.c.created_at),
        )
        .order_by(messages.c.id)
    )
    for inquiry_id, text in rows:
        said.setdefault(inquiry_id, []).append(text)
    return {inquiry_id: "\n".join(parts) for inquiry_id, parts in said.items()}
