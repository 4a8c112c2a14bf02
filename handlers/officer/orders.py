"""What an officer does with an order, the same by word and by page: sign, answer, transfer, call in another unit.

Each function returns an ``Outcome``: the text key that tells the officer what happened. Authority depends on unit
and tier. Two officers at once are told apart by the order's version, and the second is told who was first. What a
unit has to ask for is in ``handlers/officer/unit_requests.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.directory.units import Role, Tier
from bot.inquiry.directions import Direction
from bot.inquiry.states import AssignmentEvent, AssignmentRole, AssignmentState, Event, State
from handlers.duty_desk import moves, placement
from handlers.duty_desk.merge import tell_merged
from handlers.inquiry.acting_officer import ActingOfficer, Outcome, refusing, too_late
from handlers.inquiry.answers import LONGEST_ANSWER, give
from handlers.inquiry.hand_over import call_in, hand_over, unit_time
from handlers.inquiry.linked_matters import answer_linked, sign_linked
from handlers.inquiry.pause import stop_waiting
from handlers.inquiry.pending_requests import drop_requests
from handlers.inquiry.transitions import finished, move, move_order
from handlers.notices import notify
from handlers.notices.phrases import about, say_time
from store import directory, inquiries

if TYPE_CHECKING:
    from store.records.directory import UnitRecord
    from store.records.joined import OrderRecord


@refusing
def sign(acting: ActingOfficer, order: OrderRecord) -> Outcome:
    """签收: sign for the order."""
    if order.state != AssignmentState.PENDING:
        return too_late(acting, order)
    if not move_order(acting.tx, order, AssignmentEvent.SIGN, signed_at=acting.now, signed_by=acting.officer.id):
        return too_late(acting, order)
    inquiry = inquiries.get(acting.tx, order.inquiry_id)
    # A signature for an assist order, or while the citizen is being asked, moves only the order and not the
    # inquiry.
    if order.role == AssignmentRole.LEAD and inquiry.state == State.DISPATCHED:
        inquiry = move(
            acting.tx,
            inquiry,
            Event.SIGN,
            acting.by,
            name="signed",
            data={"unit": order.unit_name, "assignment": order.id},
        )
    else:
        acting.log(inquiry.id, "signed", unit=order.unit_name, assignment=order.id)
    if order.role == AssignmentRole.LEAD:
        sign_linked(acting, order)
    return Outcome(
        done=True,
        key="staff.signed",
        params=about(inquiry)
        | {
            "due": say_time(order.due_at) if order.role == AssignmentRole.ASSIST else about(inquiry)["due"],
            "unit_due": unit_time(inquiry, order.due_at) if order.role == AssignmentRole.LEAD else "",
        },
    )


@refusing
def answer(acting: ActingOfficer, order: OrderRecord, text: str) -> Outcome:
    """答复: a lead answers the citizen, by whichever way is open; an assist answers the lead."""
    text = text.strip()
    if not text or len(text) > LONGEST_ANSWER:
        return acting.refuse("staff.bad_text", longest=LONGEST_ANSWER)
    if order.state not in inquiries.OPEN_ASSIGNMENT:
        return too_late(acting, order)
    if not move_order(acting.tx, order, AssignmentEvent.FINISH, **finished(order, acting.officer.id, acting.now)):
        return too_late(acting, order)
    return (
        _tell_lead(acting, order, text) if order.role == AssignmentRole.ASSIST else _tell_citizen(acting, order, text)
    )


def _tell_citizen(acting: ActingOfficer, order: OrderRecord, text: str) -> Outcome:
    inquiry = inquiries.get(acting.tx, order.inquiry_id)
    closes_at = acting.deps.calendar().due(acting.now, acting.deps.limits.close_days).at
    inquiry = move(
        acting.tx,
        inquiry,
        Event.ANSWER,
        acting.by,
        name="answered",
        answered_at=acting.now,
        fold_until=None,
        paused_at=None,
        next_state_at=closes_at,
        data={"unit": order.unit_name, "assignment": order.id, "silent": _end_assists(acting, order)},
    )
    drop_requests(acting.tx, inquiry, acting.by)
    stop_waiting(acting.tx, inquiry, acting.now)
    give(acting.deps, acting.tx, inquiry, text, unit=order.unit_name, officer_id=acting.officer.id, now=acting.now)
    together = answer_linked(acting, inquiry, order, text)
    for answered, own in [(inquiry, order), *together]:
        tell_merged(acting, answered, own, text)
    placement.learn_answered(acting, inquiry, order)
    return Outcome(done=True, key="staff.answered", params=about(inquiry) | {"linked": len(together)})


def _end_assists(acting: ActingOfficer, order: OrderRecord) -> list[str]:
    """End the assist orders. The lead need not wait for a unit that says nothing; the log names it."""
    silent = [
        row
        for row in inquiries.assignments_of(acting.tx, order.inquiry_id)
        if row.role == AssignmentRole.ASSIST and row.state in inquiries.OPEN_ASSIGNMENT
    ]
    for row in silent:
        move_order(acting.tx, row, AssignmentEvent.CANCEL, ended_at=acting.now)
    return [row.unit_name for row in silent]


def _tell_lead(acting: ActingOfficer, order: OrderRecord, text: str) -> Outcome:
    inquiry = inquiries.get(acting.tx, order.inquiry_id)
    inquiries.add_message(
        acting.tx,
        inquiry_id=inquiry.id,
        direction=Direction.INTERNAL,
        kind="text",
        text=text,
        now=acting.now,
        officer_id=acting.officer.id,
    )
    acting.log(inquiry.id, "assist_answered", unit=order.unit_name, assignment=order.id)
    notify.to_unit(
        acting.deps,
        acting.tx,
        inquiry,
        key="order.assisted",
        once=f"assisted:{order.id}",
        now=acting.now,
        params={"unit": order.unit_name, "text": text},
    )
    return Outcome(done=True, key="staff.assist_answered", params=about(inquiry))


@refusing
def transfer(acting: ActingOfficer, order: OrderRecord, unit: UnitRecord) -> Outcome:
    """转: the duty desk may transfer to any unit, a subdistrict office to its own communities."""
    if order.state not in inquiries.OPEN_ASSIGNMENT:
        return too_late(acting, order)
    if order.role == AssignmentRole.ASSIST:
        return acting.refuse("staff.lead_only", number=order.number)
    if acting.officer.role == Role.DUTY:
        done = moves.send_on(acting, order, unit)
        return _transferred(acting, order) if done.done else done
    if unit.id == order.unit_id:
        return acting.refuse("staff.same_unit", unit=unit.name)
    if unit.parent_code != acting.officer.unit_code:
        return acting.refuse("staff.no_transfer")
    inquiry = inquiries.get(acting.tx, order.inquiry_id)
    receiver = placement.receiving_unit(acting, inquiry, unit, now_at=order.unit_id)
    if isinstance(receiver, Outcome):
        return receiver
    drop_requests(acting.tx, inquiry, acting.by)
    return hand_over(acting, order, receiver, reason="transfer", name="transferred", key="staff.transferred")


def _transferred(acting: ActingOfficer, order: OrderRecord) -> Outcome:
    lead = inquiries.open_lead(acting.tx, order.inquiry_id) or order
    return Outcome(
        done=True,
        key="staff.transferred",
        params=about(inquiries.get(acting.tx, order.inquiry_id)) | {"unit": lead.unit_name},
    )


@refusing
def assist(acting: ActingOfficer, order: OrderRecord, unit: UnitRecord) -> Outcome:
    """协: call in a unit. The lead still has to answer; the unit called in is due earlier."""
    if order.state not in inquiries.OPEN_ASSIGNMENT:
        return too_late(acting, order)
    if order.role == AssignmentRole.ASSIST:
        return acting.refuse("staff.lead_only", number=order.number)
    helping = [
        row.unit_id
        for row in inquiries.assignments_of(acting.tx, order.inquiry_id)
        if row.role == AssignmentRole.ASSIST and row.state in inquiries.OPEN_ASSIGNMENT
    ]
    inquiry = inquiries.get(acting.tx, order.inquiry_id)
    receiver = placement.receiving_unit(acting, inquiry, unit, now_at=order.unit_id)
    if isinstance(receiver, Outcome):
        return receiver
    if receiver.id in helping:
        return acting.refuse("staff.same_unit", unit=receiver.name)
    # Two officers may call in the same unit at the same moment. The second one's work is then run again
    # (Conflict) and finds the first's order.
    inquiries.change(acting.tx, inquiry)
    opened = call_in(acting, order, receiver)
    acting.log(inquiry.id, "assist_asked", unit=receiver.name, from_unit=order.unit_name, assignment=opened)
    return Outcome(done=True, key="staff.assist_asked", params=about(inquiry) | {"unit": receiver.name})


def transfer_choices(acting: ActingOfficer, order: OrderRecord) -> list[UnitRecord]:
    """Units the officer may give the order to: the duty desk any, a subdistrict office its communities.

    Only units with somebody there to sign.
    """
    if acting.officer.role == Role.DUTY:
        units = directory.all_units(acting.tx)
    elif acting.officer.tier == Tier.SUBDISTRICT:
        units = directory.children(acting.tx, acting.officer.unit_code)
    else:
        return []
    staffed = {officer.unit_id for officer in directory.all_officers(acting.tx)}
    return [unit for unit in units if unit.id in staffed and unit.id != order.unit_id]
