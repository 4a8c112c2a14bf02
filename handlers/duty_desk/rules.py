"""What the duty desk's moves have in common: who may decide, who was first, ending and reopening at the desk.

Used by ``duty`` (dispatch), ``rejecting`` and ``merging``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.inquiry.states import AssignmentEvent, Event
from handlers.duty_desk.placement import is_desk
from handlers.inquiry.acting import DECIDERS, too_late
from handlers.inquiry.hand_over import clock_of, dispatch
from handlers.inquiry.pause import stop_waiting
from handlers.inquiry.pending_requests import drop_requests
from handlers.inquiry.transitions import move, move_order, system
from handlers.notices import notify
from handlers.notices.phrases import say_time
from handlers.notices.privacy import may_read
from store import directory, inquiries
from store import duty_desk as desk_store

if TYPE_CHECKING:

    from handlers.inquiry.acting import Desk, Outcome
    from handlers.inquiry.transitions import By
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.engine.writes import Record

OBJECTION = "objection"
"""``assignments.reason`` of the desk's order about a citizen's objection."""
JUST_NOW = timedelta(minutes=10)
DID = ("transferred", "returned", "rejected", "merged", "answered", "withdrawn", "reworked", "unmerged")
"""Events that tell what became of an order somebody else is still looking at."""


def stopped(desk: Desk, order: Record) -> Outcome | None:
    """Why this officer may not decide on this order now; None when nothing is in the way."""
    if desk.officer.role not in DECIDERS:
        return desk.refuse("staff.no_desk")
    if order.state not in inquiries.OPEN_ASSIGNMENT:
        return first(desk, order)
    if order.role == "assist":
        return desk.refuse("staff.lead_only", number=order.number)
    if not may_read(desk.officer, inquiries.get(desk.tx, order.inquiry_id), keeper=desk.deps.secrets_officer):
        return desk.refuse("staff.secret", number=order.number)
    if order.reason == OBJECTION and decided_before(desk, order) and others_decide(desk):
        return desk.refuse("staff.second_officer", number=order.number)
    return None


def first(desk: Desk, order: Record) -> Outcome:
    """Somebody was first: who it was, what they did and when."""
    events = [e for e in inquiries.events_of(desk.tx, order.inquiry_id) if e.name in DID]
    if not events:
        return too_late(desk, order)
    last = events[-1]
    officer = last.actor_id if last.actor == "officer" else None
    return desk.refuse("staff.first", number=order.number, did=last.name, unit=str(last.data.get("unit", "")),
                       who=inquiries.officer_name(desk.tx, officer), at=say_time(last.at),
                       mine=officer == desk.officer.id)


def overtaken(desk: Desk, order: Record) -> Outcome | None:
    """A number typed says nothing of what the officer saw: when somebody else has just sent it on, they are told.

    A page knows the order its form was made for, and needs no such rule.
    """
    if is_desk(desk.tx, order.unit_id) or order.created_at < desk.now - JUST_NOW:
        return None
    last = [e for e in inquiries.events_of(desk.tx, order.inquiry_id) if e.name in DID][-1:]
    by_other = [e for e in last if e.name == "transferred" and e.actor == "officer" and e.actor_id != desk.officer.id]
    return first(desk, order) if by_other else None


def decided_before(desk: Desk, order: Record) -> bool:
    """Whether it was this officer who did not accept it."""
    before = rejected_by(desk.tx, order.inquiry_id)
    return bool(before == desk.officer.id)


def rejected_by(tx: Tx, inquiry_id: int) -> int | None:
    """Who did not accept it, the last time."""
    by = [event.actor_id for event in inquiries.events_of(tx, inquiry_id) if event.name == "rejected"]
    return by[-1] if by else None


def others_decide(desk: Desk) -> bool:
    """Whether there is anybody else who could: another duty officer, or a leader."""
    return any(row.id != desk.officer.id for row in desk_store.deciders(desk.tx))


def end_orders(desk: Desk, inquiry: Record, order: Record, *, how: str) -> bool:
    """Its orders are over, and the units that had them know. False when somebody was first.

    ``how``: rejected or merged. Before the inquiry itself is moved.
    """
    if not move_order(desk.tx, order, AssignmentEvent.CANCEL, ended_at=desk.now, ended_by=desk.officer.id):
        return False
    rows = [row for row in inquiries.assignments_of(desk.tx, inquiry.id) if row.state in inquiries.OPEN_ASSIGNMENT]
    for row in rows:
        move_order(desk.tx, row, AssignmentEvent.CANCEL, ended_at=desk.now, ended_by=desk.officer.id)
    for row in [order, *rows]:
        if not is_desk(desk.tx, row.unit_id):
            notify.to_unit(desk.deps, desk.tx, inquiry, key="order.ended", once=f"ended:{row.id}", now=desk.now,
                            unit_id=row.unit_id, params={"how": how})
    drop_requests(desk.tx, inquiry, desk.office)
    stop_waiting(desk.tx, inquiry, desk.now)
    return True


def reopen_at_desk(deps: Deps, tx: Tx, inquiry: Record, event: Event, by: By, *, name: str,
                   days: int | None = None, kind: str = "", tell: bool = True, appeals: int = 0) -> Record:
    """What was ended stands at the desk again; the inquiry as it is now.

    ``days``: working days the desk has for it. The citizen's date is never earlier than the old one.
    """
    due_at, duty = clock_of(deps, inquiry, by.now, days=days), directory.duty_unit(tx)
    promised = max(inquiry.due_at, due_at)
    inquiry = move(tx, inquiry, event, by, name=name, due_at=promised, closed_at=None, answered_at=None,
                   next_state_at=None, merged_into_id=None, appeals=inquiry.appeals + appeals,
                   # Without a desk it goes to the router, which waits for one.
                   fold_until=None if duty is not None else by.now,
                   data={"was_due": inquiry.due_at.isoformat(), "due": promised.isoformat()})
    if duty is None:
        return inquiry
    inquiry = move(tx, inquiry, Event.DISPATCH, system(by.now), name="dispatched", unit_id=duty.id,
                   data={"unit": duty.name, "why": name})
    dispatch(deps, tx, inquiry, duty.id, now=by.now, kind=kind, due_at=due_at, tell=tell)
    return inquiry
