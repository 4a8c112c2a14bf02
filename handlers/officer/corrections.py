"""更正, 撤答: an answer already given is put right, or taken back.

Put right, nothing but the answer changes: the first one counts for the clock, and who has read that one is told
which holds now. Taken back, the order goes on as if it had never been answered: its clock has not stood still,
so an empty answer in time gains nothing. Whoever got the same answer, by a link or merged, gets the same again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bot.inquiry.states import Actor, AssignmentEvent, Event, State
from handlers.clocks.schedule import APOLOGY_DAYS, closing_after, reschedule
from handlers.inquiry.acting import Desk, Outcome, refusing
from handlers.inquiry.answers import (
    ANSWERS,
    CORRECTED,
    LONGEST_ANSWER,
    REPLACED,
    RETRACTED,
    UNSENT,
    give,
    given,
)
from handlers.inquiry.pending_requests import drop_requests
from handlers.inquiry.transitions import move, move_order
from handlers.notices.notify import to_citizen
from handlers.notices.phrases import STATES, about, say_due, say_time
from store import deadlines, inquiries, linked_inquiries, outbox
from store import duty_desk as desk_store
from store.engine.transactions import Conflict

if TYPE_CHECKING:
    from collections.abc import Collection

    from store.engine.transactions import Tx
    from store.engine.writes import Record

MOST_CORRECTIONS = 3
"""Each is a message to the citizen; what is still wrong then is for the telephone."""
LONGEST_REASON = 100
ANSWERED = frozenset({State.ANSWERED.value})
STANDING = ANSWERED | {State.CLOSED.value}


class Allowed(NamedTuple):
    """What the officer's page offers; whether it is the unit's second time is said when it is tried."""

    correct: bool = False
    retract: bool = False


def allowed(tx: Tx, inquiry: Record, order: Record) -> Allowed:
    """For an order as it is now."""
    correct = _fit(tx, inquiry, order, STANDING)
    return Allowed(correct, correct and inquiry.state in ANSWERED)


def _fit(tx: Tx, inquiry: Record, order: Record, states: Collection[str]) -> bool:
    """Whether this order's answer is the inquiry's, which stands in one of ``states``."""
    if inquiry.state not in states or order.state != "done":
        return False
    last = _last_lead(tx, inquiry)
    return last is not None and last.id == order.id


class _Reached(NamedTuple):
    """One inquiry that was given the answer. ``order`` None: it is merged and has none. ``row``: in the outbox."""

    inquiry: Record
    order: Record | None
    row: Record | None


@refusing
def correct(desk: Desk, order: Record, text: str) -> Outcome:
    """更正: the answer as it should have been; what had not gone out yet is replaced without a word."""
    text = text.strip()
    if not text or len(text) > LONGEST_ANSWER:
        return desk.refuse("staff.bad_text", longest=LONGEST_ANSWER)
    inquiry = inquiries.get(desk.tx, order.inquiry_id)
    reached = _reached(desk, inquiry, order, STANDING)
    if isinstance(reached, Outcome):
        return reached
    before = given(desk.tx, inquiry.id)
    if before is not None and before.text == text:  # the same once more, by a second tap
        return _corrected(inquiry, seen=True, others=0)
    if _times(desk, inquiry, "answer_corrected") >= MOST_CORRECTIONS:
        return desk.refuse("staff.corrected_enough", number=inquiry.number, most=MOST_CORRECTIONS)
    # Two officers who put it right at once: the second runs again and finds the first's.
    inquiries.change(desk.tx, inquiry)
    seen = [_replace(desk, each, text, unit=order.unit_name) for each in reached]
    return _corrected(inquiry, seen=any(seen), others=len(reached) - 1)


def _corrected(inquiry: Record, *, seen: bool, others: int) -> Outcome:
    return Outcome(done=True, key="staff.corrected", params=about(inquiry) | {"seen": seen, "others": others})


def _replace(desk: Desk, reached: _Reached, text: str, *, unit: str) -> bool:
    """Whether the citizen may have read the old one."""
    seen = _set_aside(desk, reached, REPLACED)
    now_is = inquiries.get(desk.tx, reached.inquiry.id)
    give(desk.deps, desk.tx, now_is, text, unit=unit, officer_id=desk.officer.id, now=desk.now, corrected=seen)
    order = {"assignment": reached.order.id} if reached.order is not None else {}
    if seen:
        desk.log(now_is.id, "answer_corrected", unit=unit, **order)
    else:
        desk.log(now_is.id, "answer_edited", unit=unit, **order)
    return seen


@refusing
def retract(desk: Desk, order: Record, reason: str) -> Outcome:
    """撤答: by the unit once, by the office whenever an answer waits for its rating. The citizen is told why."""
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON:
        return desk.refuse("staff.bad_retraction", longest=LONGEST_REASON)
    inquiry = inquiries.get(desk.tx, order.inquiry_id)
    reached = _reached(desk, inquiry, order, ANSWERED)
    if isinstance(reached, Outcome):
        return reached
    if desk.by.actor is not Actor.OFFICE and _times(desk, inquiry, "answer_retracted"):
        return desk.refuse("staff.retracted_before", number=inquiry.number)
    for each in reached:
        _take_back(desk, each, reason, unit=order.unit_name)
    inquiry = inquiries.get(desk.tx, inquiry.id)
    return Outcome(done=True, key="staff.retracted", params=about(inquiry) | {
        "unit_due": say_time(order.due_at), "late": order.due_at < desk.now, "others": len(reached) - 1})


def _take_back(desk: Desk, reached: _Reached, reason: str, *, unit: str) -> None:
    tx, inquiry, order = desk.tx, reached.inquiry, reached.order
    seen = _set_aside(desk, reached, RETRACTED)
    if order is None:
        inquiries.change(tx, inquiry, answered_at=None, rated_at=None)
        desk.log(inquiry.id, "answer_retracted", unit=unit, reason=reason)
    else:
        inquiry = move(tx, inquiry, Event.RETRACT, desk.by, name="answer_retracted", answered_at=None, rated_at=None,
                       next_state_at=None, data={"unit": unit, "assignment": order.id, "reason": reason})
        if not move_order(tx, order, AssignmentEvent.REOPEN, ended_at=None, ended_by=None):
            raise Conflict("an order changed while its answer was taken back")
        drop_requests(tx, inquiry, desk.by)  # she had asked for it to be done again: it is
        _wind_on(desk, order)
    if seen:
        now_is = inquiries.get(tx, inquiry.id)
        to_citizen(tx, now_is, key="retracted", once=f"retracted:{inquiry.id}:{_times(desk, inquiry, 'answer_retracted')}",
                   now=desk.now, priority=0, can_wait=False,
                   params=about(now_is) | {"unit": unit, "reason": reason, "new_due": _promise(desk, now_is),
                                           "url": desk.deps.signer.citizen_url(inquiry.id)})


def _wind_on(desk: Desk, order: Record) -> None:
    """The clock as if it had never stopped: what fell since the answer is told and charged by the next run."""
    looked = deadlines.order(desk.tx, order.id).checked_at
    if looked is not None and looked > order.ended_at:
        deadlines.set_check(desk.tx, order.id, checked_at=order.ended_at, next_check_at=None)
    reschedule(desk.tx, order, desk.deps.calendar(), desk.now, limits=desk.deps.limits)


def _promise(desk: Desk, inquiry: Record) -> str:
    """The citizen's date; where that is over, one that can be kept."""
    if inquiry.due_at > desk.now:
        return say_due(inquiry)
    return say_time(closing_after(desk.deps.calendar(), desk.now, APOLOGY_DAYS))


# --- who was given it, and how far it got ---


def _reached(desk: Desk, inquiry: Record, order: Record, states: Collection[str]) -> list[_Reached] | Outcome:
    """The inquiry, what was answered with it, and what was merged into any of them; or why nothing can be changed."""
    if order.role != "lead":
        return desk.refuse("staff.lead_only", number=inquiry.number)
    if order.state in inquiries.OPEN_ASSIGNMENT:
        return desk.refuse("staff.not_answered", number=inquiry.number)
    if not _fit(desk.tx, inquiry, order, states):
        return desk.refuse("staff.not_now", standing=STATES[inquiry.state])
    found = _given_alike(desk, inquiry, order, states)
    if any(each.row is not None and each.row.state == "sending" for each in found):
        return desk.refuse("staff.sending", number=inquiry.number)
    return found


def _given_alike(desk: Desk, inquiry: Record, order: Record, states: Collection[str]) -> list[_Reached]:
    tx = desk.tx
    found = [_Reached(inquiry, order, _row(desk, inquiry))]
    for other in linked_inquiries.linked(tx, inquiry.id):
        lead = _last_lead(tx, other)
        if other.state in states and lead is not None and (lead.unit_id, lead.ended_at) == (order.unit_id, order.ended_at):
            found.append(_Reached(other, lead, _row(desk, other)))
    merged = [row for each in found for row in desk_store.merged_into(tx, each.inquiry.id) if row.answered_at is not None]
    return found + [_Reached(row, None, _row(desk, row)) for row in merged]


def _last_lead(tx: Tx, inquiry: Record) -> Record | None:
    leads = [row for row in inquiries.assignments_of(tx, inquiry.id) if row.role == "lead"]
    return leads[-1] if leads else None


def _row(desk: Desk, inquiry: Record) -> Record | None:
    rows = [row for row in outbox.of_inquiry(desk.tx, inquiry.id) if row.key in ANSWERS]
    return rows[-1] if rows else None


def _set_aside(desk: Desk, reached: _Reached, kind: str) -> bool:
    """The answer that held holds no more, and no later receipt sends it once more; whether it may have been read."""
    seen = reached.row is not None and _may_have_arrived(desk, reached.row)
    if reached.row is not None:
        outbox.cancel(desk.tx, reached.row, desk.now)
    message = given(desk.tx, reached.inquiry.id)
    if message is not None:
        inquiries.set_aside(desk.tx, message.id, kind if seen else UNSENT)
    return seen


def _may_have_arrived(desk: Desk, row: Record) -> bool:
    """A correction still unsent follows an answer that was read."""
    if row.state in {"sent", "delivered"} or row.key == CORRECTED:
        return True
    return any(attempt.outcome in {"sent", "delivered", "ambiguous"} for attempt in outbox.deliveries_of(desk.tx, row.id))


def _times(desk: Desk, inquiry: Record, name: str) -> int:
    return sum(event.name == name for event in inquiries.events_of(desk.tx, inquiry.id))


