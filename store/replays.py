"""What a replay asks of the database: when something falls due next, what is new, and what it all amounted to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from sqlalchemy import ColumnClause, case, func, literal_column, select

from bot.inquiry.states import AssignmentState
from store.directory import STAFF
from store.engine.prepared import Prepared, named
from store.tables.delivery import inbox, outbox
from store.tables.directory import officers, units
from store.tables.inquiries import assignments, events, inquiries, requests
from store.tables.points import scores

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from store.engine.transactions import Tx
    from store.records.directory import StaffRecord
    from store.records.inquiries import AssignmentRecord, CountedInquiryRecord, RequestRecord

PENDING: ColumnClause[str] = literal_column("'pending'")
OVER = ("overdue", "yellow", "red")


class Moments(NamedTuple):
    """When each kind of work falls due next; None if nothing waits."""

    routing: datetime | None
    orders: datetime | None
    states: datetime | None
    requests: datetime | None
    outbox: datetime | None


_MOMENTS: Prepared[Moments] = Prepared(
    lambda _: select(
        select(func.min(inquiries.c.fold_until))
        .where(inquiries.c.fold_until.is_not(None))
        .scalar_subquery()
        .label("routing"),
        select(func.min(assignments.c.next_check_at))
        .where(assignments.c.next_check_at.is_not(None))
        .scalar_subquery()
        .label("orders"),
        select(func.min(inquiries.c.next_state_at))
        .where(inquiries.c.next_state_at.is_not(None))
        .scalar_subquery()
        .label("states"),
        select(func.min(requests.c.decide_by)).where(requests.c.state == PENDING).scalar_subquery().label("requests"),
        # Both states, as the index has it: with one of them SQLite reads the whole table.
        select(func.min(outbox.c.not_before))
        .where(outbox.c.state.in_([PENDING, literal_column("'sending'")]), outbox.c.state == PENDING)
        .scalar_subquery()
        .label("outbox"),
    )
)
_ORDERS: Prepared[AssignmentRecord] = Prepared(
    lambda _: select(assignments).where(assignments.c.id > named("after")).order_by(assignments.c.id)
)
_REQUESTS: Prepared[RequestRecord] = Prepared(
    lambda _: select(requests).where(requests.c.id > named("after")).order_by(requests.c.id)
)
_OPENED: Prepared[object] = Prepared(
    lambda _: select(inbox.c.inquiry_id).where(
        inbox.c.channel == named("channel"), inbox.c.external_id == named("external_id")
    )
)


_ORDER: Prepared[AssignmentRecord] = Prepared(
    lambda _: select(assignments).where(assignments.c.id == named("order_id"))
)


def next_moments(tx: Tx) -> Moments:
    """The earliest moment of each kind, read through the index that the work itself uses."""
    found = _MOMENTS.first(tx)
    assert found is not None  # noqa: S101  a select without FROM gives one row
    return Moments(*found)


def newer_orders(tx: Tx, after: int) -> Sequence[AssignmentRecord]:
    """The orders opened after the one with this id."""
    return _ORDERS.rows(tx, after=after)


def order(tx: Tx, order_id: int) -> AssignmentRecord | None:
    """One order as it stands now."""
    return _ORDER.first(tx, order_id=order_id)


def newer_requests(tx: Tx, after: int) -> Sequence[RequestRecord]:
    """The requests made after the one with this id."""
    return _REQUESTS.rows(tx, after=after)


def last_ids(tx: Tx) -> tuple[int, int]:
    """The ids of the newest order and the newest request."""
    row = tx.conn.execute(
        select(select(func.max(assignments.c.id)).scalar_subquery(), select(func.max(requests.c.id)).scalar_subquery())
    ).one()
    return row[0] or 0, row[1] or 0


def opened_by(tx: Tx, channel: str, external_id: str) -> int | None:
    """The inquiry that a message opened or belongs to."""
    found: int | None = _OPENED.scalar(tx, channel=channel, external_id=external_id)
    return found


def by_channel(tx: Tx) -> dict[str, int]:
    """How many inquiries came over each channel."""
    rows = tx.conn.execute(select(inquiries.c.channel, func.count()).group_by(inquiries.c.channel))
    return {row[0]: row[1] for row in rows}


COUNTED = select(
    inquiries.c.id,
    inquiries.c.state,
    inquiries.c.received_at,
    inquiries.c.answered_at,
    inquiries.c.due_at,
    inquiries.c.rating,
    inquiries.c.extended,
    inquiries.c.returns,
    inquiries.c.reopened,
)


def of_channel(tx: Tx, channel: str) -> Sequence[CountedInquiryRecord]:
    """For each inquiry of a channel, what a summary counts."""
    found = tx.conn.execute(COUNTED.where(inquiries.c.channel == channel).order_by(inquiries.c.id)).all()
    return cast("Sequence[CountedInquiryRecord]", found)


def cards(tx: Tx, channel: str) -> dict[str, int]:
    """How many orders of a channel's inquiries were overdue, got a yellow card, got a red card."""
    rows = tx.conn.execute(
        select(events.c.name, func.count())
        .join(inquiries, inquiries.c.id == events.c.inquiry_id)
        .where(inquiries.c.channel == channel, events.c.name.in_(OVER))
        .group_by(events.c.name)
    )
    return dict.fromkeys(OVER, 0) | {row[0]: row[1] for row in rows}


class UnitPoints(NamedTuple):
    """What a unit was charged, and the number of its orders."""

    code: str
    name: str
    hundredths: int
    orders: int
    done: int


def points_by_unit(tx: Tx, channel: str) -> Sequence[UnitPoints]:
    """The hundredths each unit was charged in a channel's inquiries and the number of its orders, the highest
    charge first.
    """
    charged = (
        select(scores.c.unit_id, func.sum(scores.c.hundredths).label("hundredths"))
        .join(inquiries, inquiries.c.id == scores.c.inquiry_id)
        .where(inquiries.c.channel == channel)
        .group_by(scores.c.unit_id)
        .subquery()
    )
    given = (
        select(
            assignments.c.unit_id,
            func.count().label("orders"),
            func.sum(case((assignments.c.state == AssignmentState.DONE, 1), else_=0)).label("done"),
        )
        .join(inquiries, inquiries.c.id == assignments.c.inquiry_id)
        .where(inquiries.c.channel == channel)
        .group_by(assignments.c.unit_id)
        .subquery()
    )
    rows = tx.conn.execute(
        select(
            units.c.code,
            units.c.name,
            func.coalesce(charged.c.hundredths, 0).label("hundredths"),
            given.c.orders,
            given.c.done,
        )
        .join(given, given.c.unit_id == units.c.id)
        .outerjoin(charged, charged.c.unit_id == units.c.id)
        .order_by(func.coalesce(charged.c.hundredths, 0), units.c.code)
    )
    return [UnitPoints(*row) for row in rows]


def officers_by_unit(tx: Tx) -> Sequence[StaffRecord]:
    """Active officers in order with their units: the people who work in a replay."""
    found = tx.conn.execute(STAFF.where(officers.c.active, units.c.active).order_by(officers.c.id)).all()
    return cast("Sequence[StaffRecord]", found)
