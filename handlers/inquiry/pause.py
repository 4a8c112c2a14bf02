"""A question to the citizen stops both clocks until she answers or three working days are over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.clocks.steps import resumed
from bot.conversation.state import ConversationState
from bot.conversation.step import supplement_asked, waits_no_more
from bot.inquiry import request_rules
from bot.inquiry.states import (
    Actor,
    AssignmentEvent,
    AssignmentRole,
    AssignmentState,
    Event,
    RequestEvent,
    RequestKind,
    State,
    state_before_asking,
)
from handlers.clocks import schedule
from handlers.inquiry.acting_officer import ActingOfficer, Outcome, refusing, too_late
from handlers.inquiry.hand_over import unit_time
from handlers.inquiry.transitions import Author, move, move_order, move_request, system
from handlers.notices import notify
from handlers.notices.phrases import about, say_time
from store import inquiries, people, requests

if TYPE_CHECKING:
    from datetime import datetime

    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.inquiries import InquiryRecord
    from store.records.joined import OrderRecord

LONGEST_QUESTION = 60
"""Characters of a question. With number and date it then fits two SMS segments."""


@refusing
def ask(acting: ActingOfficer, order: OrderRecord, question: str) -> Outcome:
    """问: put one question to the citizen. Her next message within the limit is the answer."""
    question = " ".join(question.split())
    if order.state not in inquiries.OPEN_ASSIGNMENT:
        return too_late(acting, order)
    if order.role == AssignmentRole.ASSIST:
        return acting.refuse("staff.lead_only", number=order.number)
    inquiry = inquiries.get(acting.tx, order.inquiry_id)
    asked = requests.count_of_unit(acting.tx, inquiry.id, order.unit_id, RequestKind.SUPPLEMENT)
    problem = request_rules.supplement_problem(request_rules.SupplementAsk(State(inquiry.state), question, asked))
    if problem is not None or len(question) > LONGEST_QUESTION:
        said = "reason_long" if problem is None else problem.value
        return acting.refuse(
            "staff.no_question", problem=said, longest=LONGEST_QUESTION, days=acting.deps.limits.supplement_days
        )
    if order.state == AssignmentState.PENDING and not move_order(
        # Whoever asks has taken the matter on, so it counts as signed for: the limit for signing must not run out
        # while the citizen is asked.
        acting.tx,
        order,
        AssignmentEvent.SIGN,
        signed_at=acting.now,
        signed_by=acting.officer.id,
    ):
        return too_late(acting, order)
    return _ask(acting, order, inquiry, question)


def _ask(acting: ActingOfficer, order: OrderRecord, inquiry: InquiryRecord, question: str) -> Outcome:
    until = request_rules.supplement_until(acting.now, acting.deps.calendar(), limits=acting.deps.limits)
    requests.add(
        acting.tx,
        inquiry_id=inquiry.id,
        assignment_id=order.id,
        kind=RequestKind.SUPPLEMENT,
        opened_at=acting.now,
        opened_by=acting.officer.id,
        reason=question,
        decide_by=until,
    )
    inquiry = move(
        acting.tx,
        inquiry,
        Event.ASK,
        acting.by,
        name="asked",
        paused_at=acting.now,
        data={"unit": order.unit_name, "assignment": order.id},
    )
    _schedule(acting.deps, acting.tx, inquiry.id, acting.now)
    for address in people.of_contact(acting.tx, inquiry.contact_id):
        _await_answer(acting.tx, address.id, inquiry.number, until, now=acting.now)
    params = about(inquiry) | {"unit": order.unit_name, "question": question, "until": say_time(until)}
    notify.to_citizen(
        acting.tx,
        inquiry,
        key="asked",
        once=f"asked:{inquiry.id}:{order.id}",
        params=params,
        now=acting.now,
        priority=0,
        can_wait=False,
    )
    return Outcome(done=True, key="staff.asked", params=about(inquiry) | {"until": say_time(until)})


def _await_answer(tx: Tx, address_id: int, number: str, until: datetime, *, now: datetime) -> None:
    state = ConversationState.from_json(people.by_id(tx, address_id).conversation or {})
    people.save_conversation(tx, address_id, supplement_asked(state, number, until).to_json(), now)


def stop_waiting(tx: Tx, inquiry: InquiryRecord, now: datetime, *, but: int | None = None) -> None:
    """No address waits for the answer to our question any more. ``but``: the address that is answering now."""
    for address in people.of_contact(tx, inquiry.contact_id):
        stored = people.by_id(tx, address.id).conversation or {}
        before = ConversationState.from_json(stored)
        after = waits_no_more(before, inquiry.number)
        if address.id != but and after != before:
            people.save_conversation(tx, address.id, after.to_json(), now)


def resume(
    deps: Deps, tx: Tx, inquiry: InquiryRecord, now: datetime, *, answered: bool = False, but: int | None = None
) -> InquiryRecord:
    """Start the clocks again, later by the pause and at most by the cap. Returns the inquiry as it is then.

    ``answered``: the citizen wrote, and the caller answers her; otherwise the time for it is over, and she is
    told that her inquiry goes on as it is. The unit is told in both cases.
    """
    waiting = requests.pending(tx, inquiry.id, RequestKind.SUPPLEMENT)
    for request in waiting:
        move_request(tx, request, RequestEvent.APPROVE if answered else RequestEvent.EXPIRE, decided_at=now)
    if inquiry.state != State.NEED_INFO:
        return inquiry
    old, paused_at = inquiry.due_at, inquiry.paused_at or now
    lead = inquiries.open_lead(tx, inquiry.id)
    by = Author(Actor.CITIZEN, inquiry.contact_id, now) if answered else system(now)
    due_at = resumed(old, paused_at, now, deps.calendar(), cap_days=deps.limits.supplement_days)
    inquiry = move(
        tx,
        inquiry,
        Event.SUPPLY if answered else Event.LAPSE,
        by,
        name="resumed" if answered else "lapsed",
        due_at=due_at,
        paused_at=None,
        back_to=state_before_asking(AssignmentState(lead.state) if lead is not None else None),
        data={"old": old.isoformat(), "new": due_at.isoformat(), "since": paused_at.isoformat()},
    )
    _shift_orders(deps, tx, inquiry, now, since=waiting[-1].opened_at if waiting else now)
    stop_waiting(tx, inquiry, now, but=but)
    if not answered:
        _tell_lapsed(deps, tx, inquiry, now)
    return inquiry


def _shift_orders(deps: Deps, tx: Tx, inquiry: InquiryRecord, now: datetime, *, since: datetime) -> None:
    """Move the due time of every open order, and the date of an extension that is still to be decided."""

    def moved(at: datetime) -> datetime:
        return resumed(at, since, now, deps.calendar(), cap_days=deps.limits.supplement_days)

    for order in inquiries.assignments_of(tx, inquiry.id):
        if order.state in inquiries.OPEN_ASSIGNMENT:
            inquiries.change_assignment(tx, order, due_at=moved(order.due_at))
    for request in requests.pending(tx, inquiry.id, RequestKind.EXTENSION):
        if request.wanted_at is not None:
            requests.move(tx, request, request.state, wanted_at=moved(request.wanted_at))
    _schedule(deps, tx, inquiry.id, now)


def _schedule(deps: Deps, tx: Tx, inquiry_id: int, now: datetime) -> None:
    for order in inquiries.assignments_of(tx, inquiry_id):
        if order.state in inquiries.OPEN_ASSIGNMENT:
            schedule.reschedule(tx, order, deps.calendar(), now, limits=deps.limits)


def _tell_lapsed(deps: Deps, tx: Tx, inquiry: InquiryRecord, now: datetime) -> None:
    lead = inquiries.open_lead(tx, inquiry.id)
    once = f"lapsed:{inquiry.id}:{inquiry.version}"
    notify.to_citizen(tx, inquiry, key="lapsed", once=once, params=about(inquiry), now=now)
    notify.to_unit(
        deps,
        tx,
        inquiry,
        key="order.lapsed",
        once=f"order.{once}",
        now=now,
        params={"unit_due": unit_time(inquiry, lead.due_at) if lead is not None else ""},
    )
