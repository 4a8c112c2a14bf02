"""Hands the work of a unit that is gone to its successor, else to the duty desk.

Called with each import of a directory, in batches: the first in the import's own transaction, the others after
it, so that messages can come in meanwhile. Run again it finds what is left.

Nobody gains time by a merger: the unit's own due time goes along unless it is over already. The citizen's date is
never moved here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.inquiry.states import Actor, AssignmentEvent, AssignmentRole, Event, RequestEvent, RequestKind, State
from handlers.clocks import schedule
from handlers.inquiry.hand_over import clock_of, dispatch
from handlers.inquiry.transitions import Author, move, move_order, move_request
from handlers.notices import notify
from store import directory, inquiries, requests

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.directory import UnitRecord
    from store.records.inquiries import InquiryRecord
    from store.records.joined import OrderRecord

BATCH = 100
NAME = "redirected"
MOVABLE = frozenset({State.DISPATCHED, State.IN_PROGRESS})
"""States in which a unit is at work, so that the state changes with the unit. While the citizen is being asked a
question the state stays.
"""
DROPPED = (RequestKind.EXTENSION, RequestKind.RETURN)
"""Requests of the former unit that nobody has to decide any more once the desk has the order."""


@dataclass(frozen=True, slots=True)
class _Move:
    """One batch being moved."""

    deps: Deps
    tx: Tx
    now: datetime

    @property
    def by(self) -> Author:
        return Author(Actor.OFFICE, None, self.now)

    def heir(self, unit_id: int) -> UnitRecord | None:
        """The unit that took over the work, or None."""
        return directory.standing(self.tx, directory.unit(self.tx, unit_id))


def redirect_all(deps: Deps) -> int:
    """Move all that is left, each batch in a transaction of its own. Returns how many orders."""
    total = 0
    while moved := deps.store.write(lambda tx: redirect(deps, tx, deps.clock.now())):
        total += moved
    return total


def redirect(deps: Deps, tx: Tx, now: datetime) -> int:
    """Move one batch. Returns how many orders; 0 when nothing is left or nobody is there to take it."""
    gone = directory.gone_unit_ids(tx)
    if not gone:
        return 0
    work = _Move(deps, tx, now)
    _redirect_proposals(work, gone)
    rows = inquiries.open_of_units(tx, gone, BATCH)
    moved = sum(_redirect(work, row) for row in rows)
    if moved:
        tx.after_commit.append(lambda: deps.wake("outbox"))
    return moved


def _redirect(work: _Move, order: OrderRecord) -> bool:
    heir = work.heir(order.unit_id)
    if order.role == AssignmentRole.ASSIST:
        return _redirect_assist(work, order, heir)
    unit = heir if heir is not None and not _accused(work, order, heir) else directory.duty_unit(work.tx)
    if unit is None:
        work.tx.after_commit.append(lambda: work.deps.alarms.raise_alarm("no_duty_desk"))
        return False
    return _redirect_lead(work, order, unit, merged=heir is not None and unit.id == heir.id)


def _accused(work: _Move, order: OrderRecord, unit: UnitRecord) -> bool:
    """Whether the inquiry accuses somebody of this unit, which must not get it by a merger either."""
    routing = inquiries.get(work.tx, order.inquiry_id).routing or {}
    return bool({unit.code, unit.parent_code} & set(routing.get("accused", [])))


def _redirect_lead(work: _Move, order: OrderRecord, unit: UnitRecord, *, merged: bool) -> bool:
    if not move_order(work.tx, order, AssignmentEvent.CANCEL, ended_at=work.now, reason=NAME):
        return False
    inquiry = inquiries.get(work.tx, order.inquiry_id)
    details = {"unit": unit.name, "from_unit": order.unit_name, "from_assignment": order.id}
    if inquiry.state in MOVABLE:
        inquiry = move(work.tx, inquiry, Event.REDISPATCH, work.by, name=NAME, unit_id=unit.id, data=details)
    else:
        inquiries.change(work.tx, inquiry, unit_id=unit.id)
        work.by.log(work.tx, inquiry.id, NAME, **details)
        inquiry = inquiries.get(work.tx, inquiry.id)
    due_at = _due(work, inquiry, order) if merged else None
    opened = dispatch(
        work.deps,
        work.tx,
        inquiry,
        unit.id,
        now=work.now,
        due_at=due_at,
        kind="rework" if order.reason == "rework" else "",
        tell=not _follows(work, inquiry, order, unit),
    )
    if inquiry.paused_at is not None:
        _keep_still(work, inquiry.id, opened)
    _take_along(work, order, opened, unit, merged=merged)
    return True


def _follows(work: _Move, inquiry: InquiryRecord, order: OrderRecord, unit: UnitRecord) -> bool:
    """Whether the inquiry is linked to one that goes the same way. Then the new officers are told of that one only."""
    head = inquiries.open_lead(work.tx, inquiry.linked_to_id) if inquiry.linked_to_id is not None else None
    return head is not None and head.unit_id in {order.unit_id, unit.id}


def _due(work: _Move, inquiry: InquiryRecord, order: OrderRecord) -> datetime:
    """The rest of the unit's time, or one day if nothing is left. While the clock stands still nothing runs out."""
    if inquiry.paused_at is not None or order.due_at > work.now:
        due: datetime = order.due_at
        return due
    return clock_of(work.deps, inquiry, work.now, days=1)


def _keep_still(work: _Move, inquiry_id: int, order_id: int) -> None:
    opened = next(row for row in inquiries.assignments_of(work.tx, inquiry_id) if row.id == order_id)
    schedule.reschedule(work.tx, opened, work.deps.calendar(), work.now, limits=work.deps.limits)


def _take_along(work: _Move, order: OrderRecord, opened: int, unit: UnitRecord, *, merged: bool) -> None:
    """Requests of the former unit go on under the new order, or are settled by the move.

    A question to the citizen always goes on. If the order goes to the desk, or to the very unit a return
    proposed, nothing is left to decide.
    """
    for request in requests.pending(work.tx, order.inquiry_id):
        if request.assignment_id != order.id:
            continue
        if request.kind in DROPPED and (not merged or request.unit_id == unit.id):
            move_request(work.tx, request, RequestEvent.EXPIRE, decided_at=work.now, note="dropped")
            work.by.log(work.tx, order.inquiry_id, "request_dropped", kind=request.kind, request=request.id)
        else:
            requests.move(work.tx, request, request.state, assignment_id=opened)


def _redirect_assist(work: _Move, order: OrderRecord, heir: UnitRecord | None) -> bool:
    """Hand an assist order to the successor, unless it has a part in the matter already. Without a successor the
    lead goes on alone.
    """
    if not move_order(work.tx, order, AssignmentEvent.CANCEL, ended_at=work.now, reason=NAME):
        return False
    inquiry = inquiries.get(work.tx, order.inquiry_id)
    rows = inquiries.assignments_of(work.tx, inquiry.id)
    engaged = {row.unit_id for row in rows if row.state in inquiries.OPEN_ASSIGNMENT}
    if heir is None or heir.id in engaged or _accused(work, order, heir):
        work.by.log(work.tx, inquiry.id, "assist_ended", unit=order.unit_name, assignment=order.id)
        notify.to_unit(
            work.deps,
            work.tx,
            inquiry,
            key="order.assist_ended",
            once=f"assist_ended:{order.id}",
            now=work.now,
            params={"unit": order.unit_name},
        )
        return True
    lead = next(
        (row.unit_name for row in rows if row.role == AssignmentRole.LEAD and row.state in inquiries.OPEN_ASSIGNMENT),
        "",
    )
    opened = _call_in(work, inquiry, heir.id, due_at=_due(work, inquiry, order), lead=lead)
    work.by.log(work.tx, inquiry.id, "assist_asked", unit=heir.name, from_unit=order.unit_name, assignment=opened)
    return True


def _call_in(work: _Move, inquiry: InquiryRecord, unit_id: int, *, due_at: datetime, lead: str) -> int:
    deps, now = work.deps, work.now
    check = schedule.first_check(now, due_at, deps.calendar(), urgent=bool(inquiry.urgent), limits=deps.limits)
    opened = inquiries.assign(
        work.tx,
        inquiry_id=inquiry.id,
        unit_id=unit_id,
        role=AssignmentRole.ASSIST,
        due_at=due_at,
        now=now,
        reason="",
        next_check_at=check,
    )
    notify.new_assist(deps, work.tx, opened, inquiry, unit_id, due_at=due_at, now=now, lead=lead)
    if inquiry.paused_at is not None:
        _keep_still(work, inquiry.id, opened)
    return opened


def _redirect_proposals(work: _Move, gone: Sequence[int]) -> None:
    """Requests to return an order to a unit that is gone: its successor is proposed instead, or nobody."""
    for request in requests.proposing(work.tx, gone):
        heir = work.heir(request.unit_id) if request.unit_id is not None else None
        requests.move(work.tx, request, request.state, unit_id=heir.id if heir is not None else None)
