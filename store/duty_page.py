"""What ``/duty`` reads: what waits, what was sent on without a person, the day's figures.

Every query goes by an index, or by the newest rows alone: the page costs the same with a million stored.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sqlalchemy import Text, and_, case, exists, func, literal, literal_column, or_, select, type_coerce

from bot.inquiry.states import OPEN_ASSIGNMENT, AssignmentRole, RequestKind, State
from store.tables.delivery import media
from store.tables.directory import units
from store.tables.inquiries import assignments, inquiries, messages, requests

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from sqlalchemy import ColumnElement

    from store.engine.transactions import Tx
    from store.records.joined import LeadRecord, UndecidedRecord

LOOK_BACK = 1000
"""The number of newest orders among which those given out by the machine are looked for."""
FIRST_FLAGS, NEXT_FLAGS = ("emergency", "self_harm"), ("secret", "accusation")

_IS_OPEN = assignments.c.state.in_(OPEN_ASSIGNMENT)
_ORDER = (
    assignments.c.id.label("order_id"),
    assignments.c.created_at.label("since"),
    assignments.c.state.label("order_state"),
    assignments.c.signed_by,
    assignments.c.reason.label("order_reason"),
    assignments.c.unit_id.label("order_unit_id"),
    units.c.name.label("unit_name"),
    units.c.code.label("unit_code"),
)
LEADS = (
    select(inquiries, *_ORDER)
    .join(assignments, assignments.c.inquiry_id == inquiries.c.id)
    .join(units, units.c.id == assignments.c.unit_id)
    .where(assignments.c.role == AssignmentRole.LEAD)
)


def _flagged(names: Iterable[str]) -> ColumnElement[bool]:
    written = type_coerce(inquiries.c.flags, Text)
    return or_(*(written.like(f'%"{name}"%') for name in names))


_HEADS = assignments.alias("heads")


def _at_desk(unit_id: int) -> ColumnElement[bool]:
    """The condition for the desk's open lead orders. One that is linked to another at the desk is handled with it
    and not listed.
    """
    with_head = exists().where(
        _HEADS.c.inquiry_id == inquiries.c.linked_to_id,
        _HEADS.c.role == AssignmentRole.LEAD,
        _HEADS.c.unit_id == unit_id,
        _HEADS.c.state.in_(OPEN_ASSIGNMENT),
    )
    return and_(assignments.c.role == AssignmentRole.LEAD, assignments.c.unit_id == unit_id, _IS_OPEN, ~with_head)


_URGENCY = case((or_(inquiries.c.urgent, _flagged(FIRST_FLAGS)), 0), (_flagged(NEXT_FLAGS), 1), else_=2)


def waiting(tx: Tx, unit_id: int, limit: int) -> Sequence[LeadRecord]:
    """Inquiries whose open lead order lies with the desk: danger first, then what needs care, then by time left."""
    query = LEADS.where(_at_desk(unit_id))
    return cast(
        "Sequence[LeadRecord]",
        tx.conn.execute(query.order_by(_URGENCY, inquiries.c.due_at, inquiries.c.id).limit(limit)).all(),
    )


def count_waiting(tx: Tx, unit_id: int) -> int:
    """How many inquiries ``waiting`` would find without a limit."""
    query = select(func.count()).select_from(assignments).join(inquiries, inquiries.c.id == assignments.c.inquiry_id)
    return int(tx.conn.execute(query.where(_at_desk(unit_id))).scalar_one())


def linked_orders(tx: Tx, head_id: int, limit: int) -> Sequence[LeadRecord]:
    """The open lead orders of inquiries linked to this one, in the form of ``waiting``."""
    query = LEADS.where(inquiries.c.linked_to_id == head_id, _IS_OPEN).order_by(inquiries.c.id)
    return cast("Sequence[LeadRecord]", tx.conn.execute(query.limit(limit)).all())


def order(tx: Tx, order_id: int) -> LeadRecord | None:
    """One lead order with its inquiry, in the form of ``waiting``."""
    return cast("LeadRecord | None", tx.conn.execute(LEADS.where(assignments.c.id == order_id)).first())


def sent_by_machine(tx: Tx, limit: int) -> Sequence[LeadRecord]:
    """The newest orders of units that the router chose by itself, in the form of ``waiting``."""
    newest = select(func.max(assignments.c.id)).scalar_subquery()
    routing = type_coerce(inquiries.c.routing, Text)
    chosen = literal('%"chosen":"') + units.c.code + literal('"%')
    query = LEADS.where(assignments.c.id > newest - LOOK_BACK, assignments.c.reason == "", routing.like(chosen))
    return cast("Sequence[LeadRecord]", tx.conn.execute(query.order_by(assignments.c.id.desc()).limit(limit)).all())


TO_DECIDE = (
    select(
        requests,
        inquiries.c.number,
        inquiries.c.summary,
        inquiries.c.flags,
        inquiries.c.urgent,
        units.c.name.label("unit_name"),
    )
    .join(inquiries, inquiries.c.id == requests.c.inquiry_id)
    .join(assignments, assignments.c.id == requests.c.assignment_id)
    .join(units, units.c.id == assignments.c.unit_id)
)


def to_decide(tx: Tx, limit: int) -> Sequence[UndecidedRecord]:
    """The requests of units and citizens that nobody has decided, the nearest limit first."""
    return cast(
        "Sequence[UndecidedRecord]",
        tx.conn.execute(
            TO_DECIDE.where(
                requests.c.state == literal_column("'pending'"),
                requests.c.kind.in_((RequestKind.EXTENSION, RequestKind.RETURN, RequestKind.REWORK)),
            )
            .order_by(requests.c.decide_by, requests.c.id)
            .limit(limit)
        ).all(),
    )


def linked(tx: Tx, inquiry_ids: Sequence[int]) -> dict[int, int]:
    """How many inquiries are linked to each of these."""
    rows = tx.conn.execute(
        select(inquiries.c.linked_to_id, func.count())
        .where(inquiries.c.linked_to_id.in_(inquiry_ids))
        .group_by(inquiries.c.linked_to_id)
    )
    return {inquiry_id: count for inquiry_id, count in rows if inquiry_id is not None}


def with_media(tx: Tx, inquiry_ids: Sequence[int]) -> dict[int, int]:
    """How many pictures and recordings came with each of these."""
    rows = tx.conn.execute(
        select(messages.c.inquiry_id, func.count())
        .join(media, media.c.message_id == messages.c.id)
        .where(messages.c.inquiry_id.in_(inquiry_ids))
        .group_by(messages.c.inquiry_id)
    )
    return {inquiry_id: count for inquiry_id, count in rows if inquiry_id is not None}


class Figures(NamedTuple):
    """The inquiries of a day: how many, how many went to a unit without the desk, how many were not accepted."""

    received: int
    by_machine: int
    rejected: int


def figures(tx: Tx, day: date, unit_id: int) -> Figures:
    """Count a day's inquiries by their numbers, which begin with the day. ``unit_id`` is the desk's unit."""

    def given(*which: Any) -> ColumnElement[bool]:
        return exists().where(
            assignments.c.inquiry_id == inquiries.c.id, assignments.c.role == AssignmentRole.LEAD, *which
        )

    by_machine = func.count().filter(given(), ~given(assignments.c.unit_id == unit_id))
    rejected = func.count().filter(inquiries.c.state == State.REJECTED)
    of_day = inquiries.c.number.between(f"{day:%y-%m%d}-0000", f"{day:%y-%m%d}-999999")
    found = tx.conn.execute(select(func.count(), by_machine, rejected).select_from(inquiries).where(of_day)).one()
    return Figures(*found)
