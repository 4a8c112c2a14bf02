"""What an officer does with an order: sign, answer, transfer, call in another unit. By word or page alike.

Each returns an ``Outcome``: the text key that tells the officer what happened. Authority is by unit
and tier; two officers at once are settled by the assignment's version, and the second is told who
was first. What a unit has to ask for is in ``handlers/officer/requests.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.inquiry.states import AssignmentEvent, Event, State
from handlers.duty_desk import moves, placement
from handlers.duty_desk.merge import tell_merged
from handlers.inquiry.acting import Desk, Outcome, refusing, too_late
from handlers.inquiry.answers import LONGEST_ANSWER, give
from handlers.inquiry.hand_over import call_in, hand_over, unit_time
from handlers.inquiry.linked_matters import answer_linked, sign_linked
from handlers.inquiry.pause import stop_waiting
from handlers.inquiry.pending_requests import drop_requests
from handlers.inquiry.transitions import move, move_order
from handlers.notices import notify
from handlers.notices.phrases import about, say_time
from store import inquiries

if TYPE_CHECKING:
    from store.engine.writes import Record



@refusing
def sign(desk: Desk, order: Record) -> Outcome:
    """签收."""
    if order.state != "pending":
        return too_late(desk, order)
    if not move_order(desk.tx, order, AssignmentEvent.SIGN, signed_at=desk.now, signed_by=desk.officer.id):
        return too_late(desk, order)
    inquiry = inquiries.get(desk.tx, order.inquiry_id)
    # An assist's signature, or one given while the citizen is asked, moves only the order.
    if order.role == "lead" and inquiry.state == State.DISPATCHED:
        inquiry = move(desk.tx, inquiry, Event.SIGN, desk.by, name="signed",
                       data={"unit": order.unit_name, "assignment": order.id})
    else:
        desk.log(inquiry.id, "signed", unit=order.unit_name, assignment=order.id)
    if order.role == "lead":
        sign_linked(desk, order)
    return Outcome(done=True, key="staff.signed", params=about(inquiry) | {
        "due": say_time(order.due_at) if order.role == "assist" else about(inquiry)["due"],
        "unit_due": unit_time(inquiry, order.due_at) if order.role == "lead" else "",
    })


@refusing
def answer(desk: Desk, order: Record, text: str) -> Outcome:
    """答复: a lead's to the citizen, by whatever way is open; an assist's to the lead."""
    text = text.strip()
    if not text or len(text) > LONGEST_ANSWER:
        return desk.refuse("staff.bad_text", longest=LONGEST_ANSWER)
    if order.state not in inquiries.OPEN_ASSIGNMENT:
        return too_late(desk, order)
    signed = {} if order.signed_by else {"signed_at": desk.now, "signed_by": desk.officer.id}
    if not move_order(desk.tx, order, AssignmentEvent.FINISH, ended_at=desk.now, ended_by=desk.officer.id, **signed):
        return too_late(desk, order)
    return _tell_lead(desk, order, text) if order.role == "assist" else _tell_citizen(desk, order, text)


def _tell_citizen(desk: Desk, order: Record, text: str) -> Outcome:
    inquiry = inquiries.get(desk.tx, order.inquiry_id)
    closes_at = desk.deps.calendar().due(desk.now, desk.deps.limits.close_days).at
    inquiry = move(desk.tx, inquiry, Event.ANSWER, desk.by, name="answered", answered_at=desk.now, fold_until=None,
                   paused_at=None, next_state_at=closes_at,
                   data={"unit": order.unit_name, "assignment": order.id, "silent": _end_assists(desk, order)})
    drop_requests(desk.tx, inquiry, desk.by)
    stop_waiting(desk.tx, inquiry, desk.now)
    give(desk.deps, desk.tx, inquiry, text, unit=order.unit_name, officer_id=desk.officer.id, now=desk.now)
    together = answer_linked(desk, inquiry, order, text)
    for answered, own in [(inquiry, order), *together]:
        tell_merged(desk, answered, own, text)
    placement.learn_answered(desk, inquiry, order)
    return Outcome(done=True, key="staff.answered", params=about(inquiry) | {"linked": len(together)})


def _end_assists(desk: Desk, order: Record) -> list[str]:
    """The lead need not wait for an assist that says nothing; the log names it."""
    silent = [row for row in inquiries.assignments_of(desk.tx, order.inquiry_id)
              if row.role == "assist" and row.state in inquiries.OPEN_ASSIGNMENT]
    for row in silent:
        move_order(desk.tx, row, AssignmentEvent.CANCEL, ended_at=desk.now)
    return [row.unit_name for row in silent]


def _tell_lead(desk: Desk, order: Record, text: str) -> Outcome:
    inquiry = inquiries.get(desk.tx, order.inquiry_id)
    inquiries.add_message(desk.tx, inquiry_id=inquiry.id, direction="internal", kind="text", text=text, now=desk.now,
                          officer_id=desk.officer.id)
    desk.log(inquiry.id, "assist_answered", unit=order.unit_name, assignment=order.id)
    notify.to_unit(desk.deps, desk.tx, inquiry, key="order.assisted", once=f"assisted:{order.id}", now=desk.now,
                    params={"unit": order.unit_name, "text": text})
    return Outcome(done=True, key="staff.assist_answered", params=about(inquiry))


@refusing
def transfer(desk: Desk, order: Record, unit: Record) -> Outcome:
    """转: the duty desk to any unit, a subdistrict office to its own communities."""
    if order.state not in inquiries.OPEN_ASSIGNMENT:
        return too_late(desk, order)
    if order.role == "assist":
        return desk.refuse("staff.lead_only", number=order.number)
    if desk.officer.role == "duty":
        done = moves.send_on(desk, order, unit)
        return _transferred(desk, order) if done.done else done
    if unit.id == order.unit_id:
        return desk.refuse("staff.same_unit", unit=unit.name)
    if unit.parent_code != desk.officer.unit_code:
        return desk.refuse("staff.no_transfer")
    inquiry = inquiries.get(desk.tx, order.inquiry_id)
    taker = placement.taker(desk, inquiry, unit, now_at=order.unit_id)
    if isinstance(taker, Outcome):
        return taker
    drop_requests(desk.tx, inquiry, desk.by)
    return hand_over(desk, order, taker, reason="transfer", name="transferred", key="staff.transferred")


def _transferred(desk: Desk, order: Record) -> Outcome:
    lead = inquiries.open_lead(desk.tx, order.inquiry_id) or order
    return Outcome(done=True, key="staff.transferred", params=about(inquiries.get(desk.tx, order.inquiry_id)) | {
        "unit": lead.unit_name})


@refusing
def assist(desk: Desk, order: Record, unit: Record) -> Outcome:
    """协: the lead keeps the duty to answer; the unit called in is due earlier."""
    if order.state not in inquiries.OPEN_ASSIGNMENT:
        return too_late(desk, order)
    if order.role == "assist":
        return desk.refuse("staff.lead_only", number=order.number)
    helping = [row.unit_id for row in inquiries.assignments_of(desk.tx, order.inquiry_id)
               if row.role == "assist" and row.state in inquiries.OPEN_ASSIGNMENT]
    inquiry = inquiries.get(desk.tx, order.inquiry_id)
    taker = placement.taker(desk, inquiry, unit, now_at=order.unit_id)
    if isinstance(taker, Outcome):
        return taker
    if taker.id in helping:
        return desk.refuse("staff.same_unit", unit=taker.name)
    # Two officers who call in the same unit at once: the second runs again and finds the first's.
    inquiries.change(desk.tx, inquiry)
    opened = call_in(desk, order, taker)
    desk.log(inquiry.id, "assist_asked", unit=taker.name, from_unit=order.unit_name, assignment=opened)
    return Outcome(done=True, key="staff.assist_asked", params=about(inquiry) | {"unit": taker.name})
