"""What the deadline run reads and marks: orders, inquiries and requests whose moment has come.

Every query here goes through a partial index on that moment, so that its cost follows what is due.
On PostgreSQL rows are locked and those of another worker skipped; SQLite has one writer at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Select, bindparam, func, literal_column, select, update

from bot.inquiry.states import OPEN as OPEN_STATES
from bot.inquiry.states import AssignmentState
from store.engine.writes import update_row
from store.tables.directory import units
from store.tables.inquiries import assignments, inquiries, requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from store.engine.transactions import Tx
    from store.records.inquiries import InquiryRecord, RequestRecord
    from store.records.joined import TimedOrderRecord

PAGE = 500
OPEN_ORDER = (AssignmentState.PENDING, AssignmentState.SIGNED, AssignmentState.DRAFTED)

TIMED = (
    select(
        assignments,
        inquiries.c.number,
        inquiries.c.summary,
        inquiries.c.state.label("inquiry_state"),
        inquiries.c.urgent,
        inquiries.c.contact_id,
        inquiries.c.received_at,
        inquiries.c.derivation,
        inquiries.c.due_at.label("promised_at"),
        inquiries.c.provisional,
        inquiries.c.paused_at,
        units.c.name.label("unit_name"),
        units.c.code.label("unit_code"),
        units.c.parent_code,
    )
    .join(inquiries, inquiries.c.id == assignments.c.inquiry_id)
    .join(units, units.c.id == assignments.c.unit_id)
)
_MARK = (
    update(assignments)
    .where(assignments.c.id == bindparam("order_id"))
    .values(checked_at=bindparam("checked"), next_check_at=bindparam("following"))
)
_EARLIEST = select(
    *(
        select(column).where(condition).order_by(column).limit(1).scalar_subquery().label(column.name)
        for column, condition in (
            (assignments.c.next_check_at, assignments.c.next_check_at.is_not(None)),
            (inquiries.c.next_state_at, inquiries.c.next_state_at.is_not(None)),
            (requests.c.decide_by, requests.c.state == literal_column("'pending'")),  # as the index has it
        )
    )
)


def order(tx: Tx, assignment_id: int) -> TimedOrderRecord:
    """One order with what its clock needs of the inquiry and the unit."""
    return cast("TimedOrderRecord", tx.conn.execute(TIMED.where(assignments.c.id == assignment_id)).one())


def all_orders(tx: Tx) -> Iterator[TimedOrderRecord]:
    """Every order there ever was, by id, a few hundred in memory at a time."""
    last = 0
    while rows := tx.conn.execute(TIMED.where(assignments.c.id > last).order_by(assignments.c.id).limit(PAGE)).all():
        yield from rows
        last = rows[-1].id


def open_orders(tx: Tx, inquiry_id: int) -> Sequence[TimedOrderRecord]:
    """The open orders of an inquiry, the lead first."""
    query = TIMED.where(assignments.c.inquiry_id == inquiry_id, assignments.c.state.in_(OPEN_ORDER))
    return cast(
        "Sequence[TimedOrderRecord]", tx.conn.execute(query.order_by(assignments.c.role.desc(), assignments.c.id)).all()
    )


def open_inquiries(tx: Tx, after: int, limit: int) -> Sequence[InquiryRecord]:
    """Open inquiries in the order of their ids, for going through all of them in batches."""
    query = select(inquiries).where(inquiries.c.id > after, inquiries.c.state.in_(OPEN_STATES))
    return cast("Sequence[InquiryRecord]", tx.conn.execute(query.order_by(inquiries.c.id).limit(limit)).all())


_ONE_RUN = select(func.pg_try_advisory_xact_lock(5_718_204_332))
"""A PostgreSQL advisory lock. The number is any one of our own, other than that of the migrations."""


def due_orders(tx: Tx, now: datetime, limit: int) -> Sequence[TimedOrderRecord]:
    """Orders to be looked at, the longest waiting first. On PostgreSQL they belong to this worker until it
    commits.

    Only one worker at a time gets any. Two workers that shared what was missed would each tell an officer her
    part of it, and she was promised one summary. The other finds nothing and looks again a second later.
    """
    # SQLite has one writer, so there the run is alone already.
    if not tx.sqlite and not tx.conn.execute(_ONE_RUN).scalar_one():
        return []
    query = TIMED.where(assignments.c.next_check_at <= now).order_by(assignments.c.next_check_at).limit(limit)
    return cast("Sequence[TimedOrderRecord]", tx.conn.execute(_locked(tx, query, assignments)).all())


def mark_checked(tx: Tx, marks: Sequence[tuple[int, datetime, datetime | None]]) -> None:
    """Store for each (order, checked at, next check) when it was looked at and when it is next; None means never
    again.
    """
    if marks:
        values = [{"order_id": i, "checked": at, "following": following} for i, at, following in marks]
        tx.conn.execute(_MARK, values)


def set_check(tx: Tx, assignment_id: int, *, checked_at: datetime, next_check_at: datetime | None) -> None:
    """Store that the clock of one order was set anew."""
    update_row(tx, assignments, assignment_id, checked_at=checked_at, next_check_at=next_check_at)


def due_inquiries(tx: Tx, now: datetime, limit: int) -> Sequence[InquiryRecord]:
    """Inquiries whose state is to change by itself now."""
    query = select(inquiries).where(inquiries.c.next_state_at <= now).order_by(inquiries.c.next_state_at).limit(limit)
    return cast("Sequence[InquiryRecord]", tx.conn.execute(_locked(tx, query, inquiries)).all())


def due_requests(tx: Tx, now: datetime, limit: int) -> Sequence[RequestRecord]:
    """Requests nobody decided in time."""
    query = (
        select(requests)
        .where(requests.c.state == literal_column("'pending'"), requests.c.decide_by < now)
        .order_by(requests.c.decide_by)
        .limit(limit)
    )
    return cast("Sequence[RequestRecord]", tx.conn.execute(_locked(tx, query, requests)).all())


class Waiting(NamedTuple):
    """For each kind of work, whether any is due."""

    orders: bool
    states: bool
    requests: bool


def anything_due(tx: Tx, now: datetime) -> Waiting:
    """Whether anything is due, asked before any lock is taken by the earliest moment of each kind.

    The question is not "is there a due row": PostgreSQL would expect to find one early and read the table for it
    (6 ms for 100,000 orders, measured 2026-11-23).
    """
    return Waiting(*(moment is not None and moment <= now for moment in tx.conn.execute(_EARLIEST).one()))


class UnitLoad(NamedTuple):
    """The number of a unit's open orders: all of them, those overdue, those due by today and by tomorrow."""

    id: int
    name: str
    code: str
    open: int
    overdue: int
    today: int
    tomorrow: int


def open_by_unit(tx: Tx, *, now: datetime, today: datetime, tomorrow: datetime) -> Sequence[UnitLoad]:
    """For each unit with open orders, how many are overdue, due by ``today`` and due by ``tomorrow``."""
    due = assignments.c.due_at

    def count(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count().filter(*conditions)

    rows = tx.conn.execute(
        select(
            units.c.id,
            units.c.name,
            units.c.code,
            func.count().label("open"),
            count(due < now).label("overdue"),
            count(due >= now, due <= today).label("today"),
            count(due >= now, due > today, due <= tomorrow).label("tomorrow"),
        )
        .select_from(assignments)
        .join(units, units.c.id == assignments.c.unit_id)
        .where(assignments.c.state.in_(OPEN_ORDER))
        .group_by(units.c.id, units.c.name, units.c.code)
        .order_by(units.c.code)
    )
    return [UnitLoad(*row) for row in rows]


def _locked(tx: Tx, query: Select[Any], table: Any) -> Select[Any]:
    return query if tx.sqlite else query.with_for_update(skip_locked=True, of=table)
