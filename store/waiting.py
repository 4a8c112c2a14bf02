"""What waits for the router, read for a whole batch at once: each query is run once a batch, not once an inquiry."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from sqlalchemy import func, select

from bot.inquiry.directions import Direction
from bot.inquiry.states import AssignmentRole
from store.engine.prepared import Prepared, named
from store.inquiries import OPEN_ASSIGNMENT
from store.tables.inquiries import assignments, inquiries, messages

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from store.engine.transactions import Tx
    from store.records.inquiries import InquiryRecord


class InquiryId(NamedTuple):
    """The id of an inquiry."""

    id: int


_WAITING: Prepared[InquiryId] = Prepared(
    lambda _: (
        select(inquiries.c.id)
        .where(inquiries.c.fold_until <= named("now"))
        .order_by(inquiries.c.fold_until)
        .limit(named("limit"))
    )
)


def waiting(tx: Tx, now: datetime, limit: int) -> list[int]:
    """Inquiries whose quiet interval is over, the longest waiting first."""
    return [row.id for row in _WAITING.rows(tx, now=now, limit=limit)]


def still_waiting(tx: Tx, now: datetime, ids: Sequence[int]) -> Sequence[InquiryRecord]:
    """Those of ``ids`` whose quiet interval is still over; on PostgreSQL locked against other workers."""
    query = (
        select(inquiries).where(inquiries.c.id.in_(ids), inquiries.c.fold_until <= now).order_by(inquiries.c.fold_until)
    )
    if not tx.sqlite:
        query = query.with_for_update(skip_locked=True)
    return cast("Sequence[InquiryRecord]", tx.conn.execute(query).all())


def said(tx: Tx, ids: Sequence[int]) -> dict[int, list[tuple[int, str]]]:
    """What each citizen wrote, in order: the message's id and its text. Citizens who wrote nothing are left out."""
    found: dict[int, list[tuple[int, str]]] = {}
    rows = tx.conn.execute(
        select(messages.c.inquiry_id, messages.c.id, messages.c.text)
        .where(messages.c.inquiry_id.in_(ids), messages.c.direction == Direction.IN)
        .order_by(messages.c.id)
    )
    for inquiry_id, message_id, text in rows:
        found.setdefault(inquiry_id, []).append((message_id, text))
    return found


def last_said(tx: Tx, ids: Collection[int]) -> dict[int, int]:
    """The id of each citizen's newest message."""
    rows = tx.conn.execute(
        select(messages.c.inquiry_id, func.max(messages.c.id).label("last"))
        .where(messages.c.inquiry_id.in_(ids), messages.c.direction == Direction.IN)
        .group_by(messages.c.inquiry_id)
    )
    return {row.inquiry_id: row.last for row in rows}


def in_hand(tx: Tx, ids: Collection[int]) -> set[int]:
    """Those of ``ids`` that a unit has already."""
    return set(
        tx.conn.execute(
            select(assignments.c.inquiry_id).where(
                assignments.c.inquiry_id.in_(ids),
                assignments.c.role == AssignmentRole.LEAD,
                assignments.c.state.in_(OPEN_ASSIGNMENT),
            )
        ).scalars()
    )


def wrote_before(tx: Tx, contact_ids: Collection[int], since: datetime) -> set[int]:
    """Those of the citizens who have told of more than one matter since a time."""
    return set(
        tx.conn.execute(
            select(inquiries.c.contact_id)
            .where(inquiries.c.contact_id.in_(contact_ids), inquiries.c.received_at >= since)
            .group_by(inquiries.c.contact_id)
            .having(func.count() > 1)
        ).scalars()
    )
