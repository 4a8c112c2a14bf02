"""What the duty desk's moves share: who may decide, who was first, ending orders and reopening at the desk."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.inquiry.states import AssignmentEvent, AssignmentRole, Event, LoggedActor
from handlers.duty_desk.placement import is_desk
from handlers.inquiry.acting_officer import DECIDERS, too_late
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
    from handlers.inquiry.acting_officer import ActingOfficer, Outcome
    from handlers.inquiry.transitions import Author
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.inquiries import InquiryRecord
    from store.records.joined import OrderRecord

OBJECTION = "objection"
"""The ``assignments.reason`` of the desk's order to decide on a citizen's objection."""
JUST_NOW = timedelta(minutes=10)
DID = ("transferred", "returned", "rejected", "merged", "answered", "withdrawn", "reworked", "unmerged")
"""Events that tell an officer what became of an order he is still looking at."""


def stopped(acting: ActingOfficer, order: OrderRecord) -> Outcome | None:
    """Why this officer may not decide on this order now; None when nothing forbids it."""
    if acting.officer.role not in DECIDERS:
        return acting.refuse("staff.no_desk")
    if order.state not in inquiries.OPEN_ASSIGNMENT:
        return somebody_was_first(acting, order)
    if order.role == AssignmentRole.ASSIST:
        return acting.refuse("staff.lead_only", number=order.number)
    if not may_read(acting.officer, inquiries.get(acting.tx, order.inquiry_id), keeper=acting.deps.secrets_officer):
        return acting.refuse("staff.secret", number=order.number)
    if order.reason == OBJECTION and decided_before(acting, order) and others_decide(acting):
        return acting.refuse("staff.second_officer", number=order.number)
    return None


def somebody_was_first(acting: ActingOfficer, order: OrderRecord) -> Outcome:
    """The answer when somebody else was first: who it was, what they did and when."""
    events = [e for e in inquiries.events_of(acting.tx, order.inquiry_id) if e.name in DID]
    if not events:
        return too_late(acting, order)
    last = events[-1]
    officer = last.actor_id if last.actor == LoggedActor.OFFICER else None
    return acting.refuse(
        "staff.first",
        number=order.number,
        did=last.name,
        unit=str(last.data.get("unit", "")),
        who=inquiries.officer_name(acting.tx, officer),
        at=say_time(last.at),
        mine=officer == acting.officer.id,
    )


def overtaken(acting: ActingOfficer, order: OrderRecord) -> Outcome | None:
    """Whether somebody else has just sent on the inquiry of a typed number. A number does not show what state the
    officer had seen, so he is told instead.

    A page knows the order its form was made for and needs no such rule.
    """
    if is_desk(acting.tx, order.unit_id) or order.created_at < acting.now - JUST_NOW:
        return None
    last = [e for e in inquiries.events_of(acting.tx, order.inquiry_id) if e.name in DID][-1:]
    by_other = [
        e
        for e in last
        if e.name == "transferred" and e.actor == LoggedActor.OFFICER and e.actor_id != acting.officer.id
    ]
    return somebody_was_first(acting, order) if by_other else None


def decided_before(acting: ActingOfficer, order: OrderRecord) -> bool:
    """Whether this officer is the one who did not accept the inquiry."""
    before = rejected_by(acting.tx, order.inquiry_id)
    return bool(before == acting.officer.id)


def rejected_by(tx: Tx, inquiry_id: int) -> int | None:
    """The officer who last did not accept it."""
    by = [event.actor_id for event in inquiries.events_of(tx, inquiry_id) if event.name == "rejected"]
    return by[-1] if by else None


def others_decide(acting: ActingOfficer) -> bool:
    """Whether somebody else could decide: another duty officer or a leader."""
    return any(row.id != acting.officer.id for row in desk_store.deciders(acting.tx))


def end_orders(acting: ActingOfficer, inquiry: InquiryRecord, order: OrderRecord, *, how: str) -> bool:
    """End the orders of an inquiry and tell the units that had them. False when somebody else was first.

    ``how`` is rejected or merged. To be called before the inquiry itself is moved.
    """
    if not move_order(acting.tx, order, AssignmentEvent.CANCEL, ended_at=acting.now, ended_by=acting.officer.id):
        return False
    rows = [row for row in inquiries.assignments_of(acting.tx, inquiry.id) if row.state in inquiries.OPEN_ASSIGNMENT]
    for row in rows:
        move_order(acting.tx, row, AssignmentEvent.CANCEL, ended_at=acting.now, ended_by=acting.officer.id)
    for row in [order, *rows]:
        if not is_desk(acting.tx, row.unit_id):
            notify.to_unit(
                acting.deps,
                acting.tx,
                inquiry,
                key="order.ended",
                once=f"ended:{row.id}",
                now=acting.now,
                unit_id=row.unit_id,
                params={"how": how},
            )
    drop_requests(acting.tx, inquiry, acting.office)
    stop_waiting(acting.tx, inquiry, acting.now)
    return True


def reopen_at_desk(
    deps: Deps,
    tx: Tx,
    inquiry: InquiryRecord,
    event: Event,
    by: Author,
    *,
    name: str,
    days: int | None = None,
    kind: str = "",
    tell: bool = True,
    appeals: int = 0,
) -> InquiryRecord:
    """Open an ended inquiry again at the desk. Returns the inquiry as it is then.

    ``days`` are the working days the desk has for it. The citizen's date is never earlier than the old one.
    """
    due_at, duty = clock_of(deps, inquiry, by.now, days=days), directory.duty_unit(tx)
    promised = max(inquiry.due_at, due_at)
    inquiry = move(
        tx,
        inquiry,
        event,
        by,
        name=name,
        due_at=promised,
        closed_at=None,
        answered_at=None,
        next_state_at=None,
        merged_into_id=None,
        appeals=inquiry.appeals + appeals,
        # If nobody belongs to a duty desk it goes to the router, which waits until there is one.
        fold_until=None if duty is not None else by.now,
        data={"was_due": inquiry.due_at.isoformat(), "due": promised.isoformat()},
    )
    if duty is None:
        return inquiry
    inquiry = move(
        tx,
        inquiry,
        Event.DISPATCH,
        system(by.now),
        name="dispatched",
        unit_id=duty.id,
        data={"unit": duty.name, "why": name},
    )
    dispatch(deps, tx, inquiry, duty.id, now=by.now, kind=kind, due_at=due_at, tell=tell)
    return inquiry
