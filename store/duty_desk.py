"""What the duty desk works with: its queue, which inquiries were merged into which, and who else may decide."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast

from sqlalchemy import case, select

from bot.directory.units import Role
from bot.inquiry.numbers import NumberQuery, read_number
from bot.inquiry.states import AssignmentRole, State
from store.engine.prepared import Prepared, named
from store.inquiries import ASSIGNED, OPEN, OPEN_ASSIGNMENT
from store.tables.directory import officers
from store.tables.inquiries import assignments, inquiries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from store.engine.transactions import Tx
    from store.records.directory import OfficerRecord
    from store.records.inquiries import InquiryRecord
    from store.records.joined import QueuedOrderRecord

MOST = 50
LOOKED_BACK = timedelta(days=90)
"""The greatest age of an inquiry that is found by the tail of its number. A full number finds any."""

QUEUED = ASSIGNED.add_columns(inquiries.c.flags, inquiries.c.routing)
_MERGED_INTO: Prepared[InquiryRecord] = Prepared(
    lambda _: select(inquiries).where(inquiries.c.merged_into_id == named("head_id")).order_by(inquiries.c.id)
)


def merged_into(tx: Tx, head_id: int) -> Sequence[InquiryRecord]:
    """The inquiries merged into this one, the oldest first."""
    return _MERGED_INTO.rows(tx, head_id=head_id)


def meant(tx: Tx, typed: str, now: datetime) -> list[InquiryRecord]:
    """The inquiries that a typed number can mean: any one by its full number; by a tail, those received lately
    that did not end otherwise.
    """
    digits = read_number(typed)
    if digits is None:
        return []
    query = NumberQuery.of(digits)
    if query.full:
        return list(tx.conn.execute(select(inquiries).where(inquiries.c.number == query.full)))
    rows = tx.conn.execute(
        select(inquiries)
        .where(
            inquiries.c.state.in_([*OPEN, State.ANSWERED, State.MERGED]),
            inquiries.c.due_at > now - LOOKED_BACK,
            inquiries.c.number.endswith(digits[-4:].lstrip("0") or "0"),
        )
        .order_by(inquiries.c.id.desc())
        .limit(500)
    )
    return [row for row in rows if query.matches(row.number)]


def queue(tx: Tx, unit_id: int, limit: int = MOST) -> Sequence[QueuedOrderRecord]:
    """The open lead orders of the desk's unit: urgent ones, then flagged ones, then by due time. With ``flags``
    and ``routing``.
    """
    flagged = case((inquiries.c.flags.is_(None), 0), (inquiries.c.flags == [], 0), else_=1)
    return cast(
        "Sequence[QueuedOrderRecord]",
        tx.conn.execute(
            QUEUED.where(
                assignments.c.unit_id == unit_id,
                assignments.c.role == AssignmentRole.LEAD,
                assignments.c.state.in_(OPEN_ASSIGNMENT),
            )
            .order_by(inquiries.c.urgent.desc(), flagged.desc(), assignments.c.due_at, assignments.c.id)
            .limit(limit)
        ).all(),
    )


def deciders(tx: Tx) -> Sequence[OfficerRecord]:
    """The active officers who decide for the desk: its own, and the leaders."""
    return cast(
        "Sequence[OfficerRecord]",
        tx.conn.execute(
            select(officers)
            .where(officers.c.active, officers.c.role.in_((Role.DUTY, Role.LEADER)))
            .order_by(officers.c.id)
        ).all(),
    )
