"""An inquiry is given to a unit: the order is opened with a clock of its own, and its officers are told.

There are two clocks: the citizen's began with the receipt and is stored in the inquiry; the unit's begins here,
with the dispatch. What is handed down inside a subdistrict keeps its clock, so that nobody gains time by passing
it on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.clocks.steps import assist_due, unit_due, urgent_due
from bot.inquiry.directions import Direction
from bot.inquiry.states import AssignmentEvent, AssignmentRole, Event
from handlers.clocks.schedule import first_check
from handlers.inquiry.acting_officer import Outcome, too_late
from handlers.inquiry.transitions import move, move_order
from handlers.notices import notify
from handlers.notices.phrases import about, say_time
from store import inquiries, linked_inquiries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.text.keys import TextKey
    from handlers.inquiry.acting_officer import ActingOfficer
    from handlers.notices.recipients import Known
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.directory import UnitRecord
    from store.records.inquiries import InquiryRecord
    from store.records.joined import OrderRecord


def clock_of(deps: Deps, inquiry: InquiryRecord, now: datetime, *, days: int | None = None) -> datetime:
    """The due time of an order that is opened now: working days, or the clock on the wall when it is urgent."""
    if inquiry.urgent:
        return urgent_due(now, hours=deps.limits.urgent_hours)
    return unit_due(now, days or deps.limits.reply_days_for(inquiry.kind), deps.calendar(), rule=deps.due_rule).at


def dispatch(
    deps: Deps,
    tx: Tx,
    inquiry: InquiryRecord,
    unit_id: int,
    *,
    now: datetime,
    reason: str = "",
    kind: str = "",
    due_at: datetime | None = None,
    tell: bool = True,
    said: Sequence[str] | None = None,
    known: Known | None = None,
) -> int:
    """Open the lead order of a unit and tell its officers. Returns the order's id.

    ``kind`` ``rework``: the citizen was not satisfied. ``tell`` false: the caller tells them in words of its own.
    ``said`` and ``known``: what the citizen wrote and the units, if the caller has read them already.
    """
    due_at = due_at or clock_of(deps, inquiry, now)
    assignment_id = _open(deps, tx, inquiry, unit_id, role=AssignmentRole.LEAD, due_at=due_at, now=now, reason=kind)
    if not tell:
        return assignment_id
    if said is None:
        said = [m.text for m in inquiries.messages_of(tx, inquiry.id) if m.direction == Direction.IN]
    notify.new_order(
        deps,
        tx,
        assignment_id,
        inquiry,
        unit_id,
        due_at=due_at,
        now=now,
        known=known,
        text=" / ".join(text for text in (reason, *said) if text),
    )
    return assignment_id


def call_in(acting: ActingOfficer, order: OrderRecord, unit: UnitRecord) -> int:
    """Open an assist order for another unit, due before the lead's."""
    deps, tx, now = acting.deps, acting.tx, acting.now
    inquiry = inquiries.get(tx, order.inquiry_id)
    # One day before the lead's, but never in the past: a unit called in late must not be late already.
    due_at = _not_over(deps, inquiry, assist_due(order.due_at, deps.calendar(), opened_at=now), now)
    assignment_id = _open(deps, tx, inquiry, unit.id, role=AssignmentRole.ASSIST, due_at=due_at, now=now, reason="")
    notify.new_assist(deps, tx, assignment_id, inquiry, unit.id, due_at=due_at, now=now, lead=order.unit_name)
    return assignment_id


def _open(
    deps: Deps,
    tx: Tx,
    inquiry: InquiryRecord,
    unit_id: int,
    *,
    role: AssignmentRole,
    due_at: datetime,
    now: datetime,
    reason: str,
) -> int:
    # Stored when the order is opened, so that the deadline run finds it by an index and computes nothing for the
    # others.
    check = first_check(now, due_at, deps.calendar(), urgent=bool(inquiry.urgent), limits=deps.limits)
    return inquiries.assign(
        tx,
        inquiry_id=inquiry.id,
        unit_id=unit_id,
        role=role,
        due_at=due_at,
        now=now,
        reason=reason,
        next_check_at=check,
    )


def hand_over(
    acting: ActingOfficer,
    order: OrderRecord,
    unit: UnitRecord,
    *,
    reason: str,
    name: str,
    key: TextKey,
    by_officer: int | None = None,
    returns: int = 0,
    data: dict[str, Any] | None = None,
    tell: bool = True,
) -> Outcome:
    """Move the order from one unit to another: the old one ends and a new one is opened. What is linked to it
    goes along.

    ``by_officer``: who returned it. ``data`` goes into the log's entry. ``tell`` false: nobody is told.
    """
    officer_id = by_officer or acting.officer.id
    if not move_order(
        acting.tx, order, AssignmentEvent.RETURN, ended_at=acting.now, ended_by=officer_id, reason=reason
    ):
        return too_late(acting, order)
    inquiry = inquiries.get(acting.tx, order.inquiry_id)
    inquiry = move(
        acting.tx,
        inquiry,
        Event.REDISPATCH,
        acting.by,
        name=name,
        unit_id=unit.id,
        returns=inquiry.returns + returns,
        data={"unit": unit.name, "from_unit": order.unit_name, "reason": reason} | (data or {}),
    )
    below = unit.parent_code and unit.parent_code == order.unit_code
    kept = _not_over(acting.deps, inquiry, order.due_at, acting.now) if below else None
    dispatch(
        acting.deps,
        acting.tx,
        inquiry,
        unit.id,
        now=acting.now,
        reason=reason if name == "returned" else "",
        due_at=kept,
        tell=tell,
    )
    for linked in _linked_orders(acting, order):
        hand_over(acting, linked, unit, reason=reason, name=name, key=key, by_officer=by_officer, data=data, tell=False)
    return Outcome(done=True, key=key, params=about(inquiry) | {"unit": unit.name})


def _linked_orders(acting: ActingOfficer, order: OrderRecord) -> list[OrderRecord]:
    """The open orders of the same unit whose inquiries are linked to this order's: they go where it goes."""
    linked = linked_inquiries.open_orders(acting.tx, order.inquiry_id)
    return [each for each in linked if each.unit_id == order.unit_id]


def _not_over(deps: Deps, inquiry: InquiryRecord, due_at: datetime, now: datetime) -> datetime:
    """A due time taken over from another's order, or one day if it is over: nobody is late before they have the
    order.
    """
    return due_at if due_at > now else clock_of(deps, inquiry, now, days=1)


def unit_time(inquiry: InquiryRecord, due_at: datetime) -> str:
    """The unit's own date in words if it differs from the citizen's, else ``""``."""
    return "" if due_at == inquiry.due_at else say_time(due_at)
