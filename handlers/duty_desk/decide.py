"""The duty desk decides on requests: 准, 驳, or nothing, which counts as refused.

A request that expired undecided may still be granted, because the desk was late and not the unit. The result is
the same whether the deadline run or the officer came first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.clocks.steps import unit_due
from bot.directory.units import Role
from bot.inquiry import request_rules
from bot.inquiry.states import RequestEvent, RequestKind, RequestState
from bot.routing.keywords import find_unit
from handlers.clocks import charges, schedule
from handlers.duty_desk import placement
from handlers.inquiry import rework
from handlers.inquiry.acting_officer import DECIDERS, ActingOfficer, Outcome, refusing
from handlers.inquiry.hand_over import hand_over
from handlers.inquiry.pause import resume
from handlers.inquiry.transitions import move_request, system
from handlers.notices import notify
from handlers.notices.phrases import REASONS, about, say_time
from store import directory, inquiries, linked_inquiries, requests

if TYPE_CHECKING:
    from datetime import datetime

    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.directory import UnitRecord
    from store.records.inquiries import InquiryRecord, RequestRecord
    from store.records.joined import OrderRecord, UnitRequestRecord

SHORTEST_NOTE = 2


def find_request(acting: ActingOfficer, typed: str) -> UnitRequestRecord | Outcome:
    """The request that a typed number means, for an officer who may decide it."""
    if acting.officer.role not in DECIDERS:
        return acting.refuse("staff.no_decide")
    found = requests.to_decide(acting.tx, typed)
    if not found:
        return acting.refuse("staff.no_request", typed=typed)
    if len({row.inquiry_id for row in found}) > 1:
        return acting.refuse(
            "staff.which",
            rows=[
                {"number": row.number, "summary": inquiries.get(acting.tx, row.inquiry_id).summary} for row in found[:5]
            ],
        )
    return found[0]


@refusing
def approve(acting: ActingOfficer, request: UnitRequestRecord, note: str = "") -> Outcome:
    """准: grant the request. ``note`` may name the unit to which a returned order goes."""
    inquiry = inquiries.get(acting.tx, request.inquiry_id)
    if (refused := _not_theirs(acting, inquiry, request)) is not None:
        return refused
    request = _over(acting.deps, acting.tx, inquiry, request, acting.now)
    work = {RequestKind.EXTENSION: _extend, RequestKind.RETURN: _take_back, RequestKind.REWORK: _reopen}
    return work[RequestKind(request.kind)](acting, inquiry, request, note.strip())


@refusing
def refuse(acting: ActingOfficer, request: UnitRequestRecord, why: str) -> Outcome:
    """驳: refuse the request, with the reason that is told to whoever asked."""
    inquiry = inquiries.get(acting.tx, request.inquiry_id)
    if (refused := _not_theirs(acting, inquiry, request)) is not None:
        return refused
    if len(why.strip()) < SHORTEST_NOTE:
        return acting.refuse("staff.bad_refusal")
    if not move_request(
        acting.tx, request, RequestEvent.REFUSE, decided_at=acting.now, decided_by=acting.officer.id, note=why.strip()
    ):
        return _decided(acting, request)
    # The citizen reads the log's entries too. The reason is meant for whoever asked, so it is not among this
    # entry's data.
    acting.log(
        inquiry.id,
        f"{request.kind}_refused",
        unit=request.unit_name,
        assignment=request.assignment_id,
        request=request.id,
    )
    charges.settle_now(acting.deps, acting.tx, request.assignment_id, acting.now)
    if request.kind == RequestKind.REWORK:
        notify.to_citizen(
            acting.tx,
            inquiry,
            key="rework.refused",
            once=f"rework.refused:{request.id}",
            now=acting.now,
            params=about(inquiry) | {"reason": why.strip()},
        )
    else:
        _tell_unit(acting.deps, acting.tx, inquiry, request, now=acting.now, decision="refused", note=why.strip())
    return _done(inquiry, request, "refused")


def _not_theirs(acting: ActingOfficer, inquiry: InquiryRecord, request: UnitRequestRecord) -> Outcome | None:
    """Whether this officer may not decide it. A second extension is for a leader, all else for the duty desk or a
    leader.
    """
    if acting.officer.role not in DECIDERS:
        return acting.refuse("staff.no_decide")
    if request.state not in {RequestState.PENDING, RequestState.EXPIRED}:
        return _decided(acting, request)
    second = request.kind == RequestKind.EXTENSION and inquiry.extended > 0
    return (
        acting.refuse("staff.leader_decides", number=inquiry.number)
        if second and acting.officer.role != Role.LEADER
        else None
    )


def _decided(acting: ActingOfficer, request: UnitRequestRecord) -> Outcome:
    """The answer when somebody else decided first: who, and how."""
    row = requests.find(acting.tx, request.id) or request
    return acting.refuse(
        "staff.request_decided",
        number=row.number,
        decision=row.state,
        who=inquiries.officer_name(acting.tx, row.decided_by),
        mine=row.decided_by == acting.officer.id,
        at=say_time(row.decided_at) if row.decided_at is not None else "",
    )


def _done(inquiry: InquiryRecord, request: UnitRequestRecord, decision: str) -> Outcome:
    return Outcome(
        done=True,
        key="staff.decided",
        params=about(inquiry) | {"kind": request.kind, "decision": decision, "unit": request.unit_name},
    )


def _grant(acting: ActingOfficer, request: UnitRequestRecord, note: str) -> bool:
    return move_request(
        acting.tx, request, RequestEvent.APPROVE, decided_at=acting.now, decided_by=acting.officer.id, note=note
    )


def _extend(acting: ActingOfficer, inquiry: InquiryRecord, request: UnitRequestRecord, note: str) -> Outcome:
    order = next(row for row in inquiries.assignments_of(acting.tx, inquiry.id) if row.id == request.assignment_id)
    if order.state not in inquiries.OPEN_ASSIGNMENT:
        return acting.refuse("staff.not_now", standing=about(inquiry)["state"])
    wanted = request.wanted_at
    if wanted is None:
        raise RuntimeError("an extension without a date")
    if request_rules.approval_problem(wanted, acting.now) is not None:
        return acting.refuse("staff.date_passed", number=inquiry.number, wanted=say_time(wanted))
    if not _grant(acting, request, note):
        return _decided(acting, request)
    inquiry = _put_off(acting, inquiry, order, request, wanted)
    # Inquiries linked to this one are answered together with it, so they are given the same time.
    for linked in linked_inquiries.open_orders(acting.tx, inquiry.id):
        if linked.unit_id == order.unit_id:
            _put_off(acting, inquiries.get(acting.tx, linked.inquiry_id), linked, request, wanted)
    _tell_unit(acting.deps, acting.tx, inquiry, request, now=acting.now, decision="approved", note=note)
    return _done(inquiry, request, "approved")


def _put_off(
    acting: ActingOfficer, inquiry: InquiryRecord, order: OrderRecord, request: UnitRequestRecord, wanted: datetime
) -> InquiryRecord:
    """Set the new date for the order and its citizen. Returns the inquiry as it is then."""
    late = request_rules.extension_expired(order.due_at, acting.now, paused_at=inquiry.paused_at)
    old, new = inquiry.due_at, max(inquiry.due_at, wanted)
    inquiries.change_assignment(acting.tx, order, due_at=max(order.due_at, wanted))
    inquiries.change(
        acting.tx,
        inquiry,
        due_at=new,
        extended=inquiry.extended + 1,
        provisional=inquiry.provisional or _provisional(acting.deps, old, new),
    )
    schedule.reschedule(acting.tx, order, acting.deps.calendar(), acting.now, limits=acting.deps.limits)
    acting.log(
        inquiry.id,
        "extended",
        unit=order.unit_name,
        assignment=order.id,
        request=request.id,
        late=late,
        was_due=old.isoformat(),
        due=new.isoformat(),
        reason_code=request.reason_code,
    )
    # Granted late, after the old due time was charged: the ledger is settled by the new one.
    charges.settle_now(acting.deps, acting.tx, order.id, acting.now)
    inquiry = inquiries.get(acting.tx, inquiry.id)
    if new != old:
        _tell_extended(acting, inquiry, request, old)
    return inquiry


def _provisional(deps: Deps, old: datetime, new: datetime) -> bool:
    """Whether the new date rests on days that have not been announced."""
    days = max(1, deps.calendar().workdays_between(old.date(), new.date()))
    return unit_due(old, days, deps.calendar()).provisional


def _tell_extended(acting: ActingOfficer, inquiry: InquiryRecord, request: UnitRequestRecord, old: datetime) -> None:
    notify.to_citizen(
        acting.tx,
        inquiry,
        key="extended",
        once=f"extended:{request.id}:{inquiry.id}",
        now=acting.now,
        params=about(inquiry)
        | {
            "was_due": say_time(old),
            "why": REASONS.get(request.reason_code, REASONS[""]),
            "reason": request.reason,
            "unit": request.unit_name,
        },
    )


def _take_back(acting: ActingOfficer, inquiry: InquiryRecord, request: UnitRequestRecord, note: str) -> Outcome:
    """Give a returned order to the unit the note names, else to the one proposed, else to the duty desk, which
    sends it on.
    """
    order = next(row for row in inquiries.assignments_of(acting.tx, inquiry.id) if row.id == request.assignment_id)
    unit = _named(acting, note) or _proposed(acting, request) or directory.duty_unit(acting.tx)
    if unit is None or unit.id == order.unit_id:
        return acting.refuse("staff.bad_unit", names=[])
    receiver = placement.receiving_unit(acting, inquiry, unit, now_at=order.unit_id)
    return receiver if isinstance(receiver, Outcome) else _back_to(acting, order, request, receiver, note)


def _back_to(
    acting: ActingOfficer, order: OrderRecord, request: UnitRequestRecord, unit: UnitRecord, note: str
) -> Outcome:
    if not _grant(acting, request, note):
        return _decided(acting, request)
    done = hand_over(
        acting,
        order,
        unit,
        reason=request.reason,
        name="returned",
        key="staff.transferred",
        by_officer=request.opened_by,
        returns=1,
    )
    if done.done:
        inquiry = inquiries.get(acting.tx, order.inquiry_id)
        placement.learn(acting, inquiry, unit)
        notify.to_unit(
            acting.deps,
            acting.tx,
            inquiry,
            key="order.decided",
            once=f"decided:{request.id}",
            now=acting.now,
            unit_id=order.unit_id,
            params={"kind": request.kind, "decision": "approved", "note": unit.name},
        )
    return done


def _named(acting: ActingOfficer, text: str) -> UnitRecord | None:
    units = find_unit(acting.deps.router().directory, text) if text else []
    return directory.unit_by_code(acting.tx, units[0].code) if len(units) == 1 else None


def _proposed(acting: ActingOfficer, request: UnitRequestRecord) -> UnitRecord | None:
    """The proposed unit if it can take the order now: it may have been abolished, or its last officer may have
    left.
    """
    if request.unit_id is None:
        return None
    unit = directory.unit(acting.tx, request.unit_id)
    return unit if unit.active and directory.officers_of(acting.tx, unit.id) else None


def granted_by_transfer(acting: ActingOfficer, order: OrderRecord, unit: UnitRecord) -> Outcome | None:
    """转 by the duty desk on an order somebody wants to return: that grants the return."""
    asked = requests.pending(acting.tx, order.inquiry_id, RequestKind.RETURN)
    return _back_to(acting, order, asked[-1], unit, "") if asked else None


def _reopen(acting: ActingOfficer, inquiry: InquiryRecord, request: UnitRequestRecord, note: str) -> Outcome:
    if not _grant(acting, request, note):
        return _decided(acting, request)
    inquiry = rework.reopen(acting.deps, acting.tx, inquiry, acting.office, reason=request.reason)
    notify.to_citizen(
        acting.tx, inquiry, key="reopened", once=f"reopened:{request.id}", params=about(inquiry), now=acting.now
    )
    return _done(inquiry, request, "approved")


# -- nobody decided --------------------------------------------------------------------------


def expire(deps: Deps, tx: Tx, request: RequestRecord, now: datetime) -> None:
    """End a request that nobody decided in time, or a question the citizen did not answer. Called by the deadline
    run.

    An extension or a return counts as refused and the unit is told; a question ends its pause. A citizen's wish
    for another rework is not refused by silence: the desk is asked again.
    """
    row = requests.find(tx, request.id)
    if row is None or row.state != RequestState.PENDING:
        return
    inquiry = inquiries.get(tx, row.inquiry_id)
    if row.kind == RequestKind.SUPPLEMENT:
        resume(deps, tx, inquiry, now, answered=False)
    elif row.kind == RequestKind.REWORK:
        by = request_rules.decide_by(now, deps.calendar(), limits=deps.limits)
        if requests.move(tx, row, row.state, decide_by=by):
            notify.to_deciders(deps, tx, inquiry, requests.find(tx, row.id) or row, now=now, leader=False)
    else:
        _over(deps, tx, inquiry, row, now)


def _over(deps: Deps, tx: Tx, inquiry: InquiryRecord, request: UnitRequestRecord, now: datetime) -> UnitRequestRecord:
    """The request, expired if its time is over; the unit is told of that once."""
    if request.state != RequestState.PENDING or now <= request.decide_by or request.kind == RequestKind.REWORK:
        return request
    if move_request(tx, request, RequestEvent.EXPIRE, decided_at=now):
        system(now).log(
            tx,
            inquiry.id,
            f"{request.kind}_expired",
            unit=request.unit_name,
            assignment=request.assignment_id,
            request=request.id,
        )
        _tell_unit(deps, tx, inquiry, request, now=now, decision="expired", note="")
    return requests.find(tx, request.id) or request


def _tell_unit(
    deps: Deps, tx: Tx, inquiry: InquiryRecord, request: UnitRequestRecord, *, now: datetime, decision: str, note: str
) -> None:
    order = next((row for row in inquiries.assignments_of(tx, inquiry.id) if row.id == request.assignment_id), None)
    due = {"due": say_time(order.due_at)} if order is not None else {}
    notify.to_unit(
        deps,
        tx,
        inquiry,
        key="order.decided",
        once=f"decided:{request.id}:{decision}",
        now=now,
        params={"kind": request.kind, "decision": decision, "note": note} | due,
    )
