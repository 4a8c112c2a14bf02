"""Inquiries linked as one matter of many citizens, and those a new inquiry is compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from sqlalchemy import Integer, func, literal_column, select

from bot.inquiry.states import AssignmentRole
from store.engine.prepared import Prepared, named
from store.inquiries import ASSIGNED, OPEN, OPEN_ASSIGNMENT
from store.tables.inquiries import assignments, inquiries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from store.engine.transactions import Tx
    from store.records.inquiries import InquiryRecord
    from store.records.joined import OrderRecord, ToldRecord

GIVEN = (
    select(inquiries.c.id, inquiries.c.contact_id, inquiries.c.flags)
    .join(assignments, assignments.c.inquiry_id == inquiries.c.id)
    .where(assignments.c.created_at >= named("since"), assignments.c.role == literal_column("'lead'"))
    .limit(named("most", type_=Integer))
)
_GIVEN: Prepared[ToldRecord] = Prepared(
    lambda _: GIVEN.where(assignments.c.unit_id == named("unit_id")).order_by(
        assignments.c.created_at.desc(), assignments.c.id.desc()
    )
)
_GIVEN_ANY: Prepared[ToldRecord] = Prepared(
    lambda _: GIVEN.order_by(assignments.c.id.desc())
)  # by the key alone: it reads no more than it gives
_LINKED: Prepared[InquiryRecord] = Prepared(
    lambda _: select(inquiries).where(inquiries.c.linked_to_id == named("head_id")).order_by(inquiries.c.id)
)
_COUNT: Prepared[object] = Prepared(
    lambda _: select(func.count().label("n")).select_from(inquiries).where(inquiries.c.linked_to_id == named("head_id"))
)
_OWN: Prepared[InquiryRecord] = Prepared(
    lambda _: (
        select(inquiries)
        .where(
            inquiries.c.contact_id == named("contact_id"),
            inquiries.c.received_at >= named("since"),
            inquiries.c.id < named("before"),
        )
        .order_by(inquiries.c.id.desc())
        .limit(named("most", type_=Integer))
    )
)


def given_lately(tx: Tx, unit_id: int | None, *, since: datetime, most: int) -> Sequence[ToldRecord]:
    """The id, citizen and flags of the inquiries given to a unit (None: to any) since a time, the newest first."""
    if unit_id is None:
        return _GIVEN_ANY.rows(tx, since=since, most=most)
    return _GIVEN.rows(tx, unit_id=unit_id, since=since, most=most)


def places_of(tx: Tx, inquiry_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The places that the router found in some inquiries."""
    rows = tx.conn.execute(select(inquiries.c.id, inquiries.c.routing).where(inquiries.c.id.in_(inquiry_ids)))
    return {row.id: tuple((row.routing or {}).get("places", [])) for row in rows}


def open_among(tx: Tx, inquiry_ids: Sequence[int]) -> Sequence[InquiryRecord]:
    """Those of some inquiries that are open, the oldest first."""
    return cast(
        "Sequence[InquiryRecord]",
        tx.conn.execute(
            select(inquiries)
            .where(inquiries.c.id.in_(inquiry_ids), inquiries.c.state.in_(OPEN))
            .order_by(inquiries.c.id)
        ).all(),
    )


def linked(tx: Tx, head_id: int) -> Sequence[InquiryRecord]:
    """The inquiries linked to this one, the oldest first, whatever became of them."""
    return _LINKED.rows(tx, head_id=head_id)


def count_linked(tx: Tx, head_id: int) -> int:
    """How many inquiries are linked to this one."""
    return int(_COUNT.scalar(tx, head_id=head_id))


def open_orders(tx: Tx, head_id: int) -> Sequence[OrderRecord]:
    """The open lead orders of the inquiries linked to this one, in the form of ``store.inquiries``."""
    return cast(
        "Sequence[OrderRecord]",
        tx.conn.execute(
            ASSIGNED.where(
                inquiries.c.linked_to_id == head_id,
                inquiries.c.state.in_(OPEN),
                assignments.c.role == AssignmentRole.LEAD,
                assignments.c.state.in_(OPEN_ASSIGNMENT),
            ).order_by(assignments.c.id)
        ).all(),
    )


def told_before(tx: Tx, inquiry: InquiryRecord, *, since: datetime, most: int) -> Sequence[InquiryRecord]:
    """The inquiries of the same citizen before this one, the newest first."""
    return _OWN.rows(tx, contact_id=inquiry.contact_id, since=since, before=inquiry.id, most=most)
