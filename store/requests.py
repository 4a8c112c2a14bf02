"""Requests: what units ask of the duty desk, and what the desk has to decide for citizens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack, cast

from sqlalchemy import func, select

from bot.inquiry.numbers import NumberQuery, read_number
from bot.inquiry.states import RequestKind, RequestState
from store.engine.prepared import Prepared, named
from store.engine.writes import change_version, insert_row
from store.tables.directory import units
from store.tables.inquiries import assignments, inquiries, requests

if TYPE_CHECKING:
    from collections.abc import Sequence

    from store.engine.transactions import Tx
    from store.records.inquiries import RequestDetails, RequestRecord
    from store.records.joined import UnitRequestRecord

PENDING = RequestState.PENDING
TO_DECIDE = (RequestKind.EXTENSION, RequestKind.RETURN, RequestKind.REWORK)
"""The kinds that somebody has to decide. A supplement is not decided; it waits for the citizen."""

ASKED = (
    select(requests, inquiries.c.number, assignments.c.unit_id.label("asked_by_unit"), units.c.name.label("unit_name"))
    .join(inquiries, inquiries.c.id == requests.c.inquiry_id)
    .join(assignments, assignments.c.id == requests.c.assignment_id)
    .join(units, units.c.id == assignments.c.unit_id)
)

_OF_INQUIRY: Prepared[UnitRequestRecord] = Prepared(
    lambda _: ASKED.where(requests.c.inquiry_id == named("inquiry_id")).order_by(requests.c.id)
)


def add(tx: Tx, /, **values: Unpack[RequestDetails]) -> int:
    """A new request, waiting for its decision."""
    return insert_row(tx, requests, state=PENDING, **values)


def find(tx: Tx, request_id: int) -> UnitRequestRecord | None:
    """One request with its inquiry's number and the unit that asked, or None."""
    return cast("UnitRequestRecord | None", tx.conn.execute(ASKED.where(requests.c.id == request_id)).first())


def of_inquiry(tx: Tx, inquiry_id: int) -> Sequence[UnitRequestRecord]:
    """Every request of an inquiry in order."""
    return _OF_INQUIRY.rows(tx, inquiry_id=inquiry_id)


def pending(tx: Tx, inquiry_id: int, *kinds: RequestKind) -> list[UnitRequestRecord]:
    """The requests of an inquiry that are still open, of some kinds or of all."""
    return [row for row in of_inquiry(tx, inquiry_id) if row.state == PENDING and (not kinds or row.kind in kinds)]


def proposing(tx: Tx, unit_ids: Sequence[int]) -> Sequence[UnitRequestRecord]:
    """The open requests that propose one of these units."""
    return cast(
        "Sequence[UnitRequestRecord]",
        tx.conn.execute(
            ASKED.where(requests.c.state == PENDING, requests.c.unit_id.in_(unit_ids)).order_by(requests.c.id)
        ).all(),
    )


def count_of_unit(tx: Tx, inquiry_id: int, unit_id: int, kind: RequestKind) -> int:
    """How often a unit has asked for something in an inquiry, whatever was decided."""
    return int(
        tx.conn.execute(
            select(func.count())
            .select_from(requests)
            .join(assignments, assignments.c.id == requests.c.assignment_id)
            .where(requests.c.inquiry_id == inquiry_id, requests.c.kind == kind, assignments.c.unit_id == unit_id)
        ).scalar_one()
    )


def to_decide(tx: Tx, typed: str) -> list[UnitRequestRecord]:
    """The open requests of the inquiry that a typed number means; of expired ones the last, which can still be
    approved late.
    """
    digits = read_number(typed)
    if digits is None:
        return []
    query = NumberQuery.of(digits)
    wanted = ASKED.where(requests.c.kind.in_(TO_DECIDE), requests.c.state.in_((PENDING, RequestState.EXPIRED)))
    if query.full:
        wanted = wanted.where(inquiries.c.number == query.full)
    else:
        wanted = wanted.where(inquiries.c.number.endswith(digits[-4:].lstrip("0") or "0"))
    found = tx.conn.execute(wanted.order_by(requests.c.id.desc()).limit(500)).all()
    rows = [row for row in cast("Sequence[UnitRequestRecord]", found) if query.matches(row.number)]
    return [row for row in rows if row.state == PENDING] or rows[:1]


def move(tx: Tx, row: RequestRecord, state: RequestState, /, **values: Unpack[RequestDetails]) -> bool:
    """Change a request as it was read. False when somebody else was first."""
    return change_version(tx, requests, row, state=state, **values)
