"""更正, 撤答: an answer that was given is corrected, or taken back.

A correction changes nothing but the answer: the first one counts for the clock, and whoever has read it is told
which one holds. If it is taken back, the order goes on as if it had never been answered: the clock has not stood
still, so that an empty answer in time gains nothing. Everybody who got the same answer, by a link or a merger,
gets the same message (docs/decisions/0015-an-answer-taken-back.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from bot.delivery.states import AttemptOutcome, OutboxState
from bot.inquiry.states import Actor, AssignmentEvent, AssignmentRole, AssignmentState, Event, State
from handlers.clocks.schedule import APOLOGY_DAYS, closing_after, reschedule
from handlers.inquiry.acting_officer import ActingOfficer, Outcome, refusing
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
    from store.records.delivery import OutboxRecord
    from store.records.inquiries import InquiryRecord
    from store.records.joined import OrderRecord

MOST_CORRECTIONS = 3
"""Each correction is a message to the citizen. What is still wrong after this many has to be explained by
telephone.
"""
LONGEST_REASON = 100
ANSWERED = frozenset({State.ANSWERED})
STANDING = ANSWERED | {State.CLOSED}


class Allowed(NamedTuple):
    """What the officer's page offers. Whether it is the unit's second time is said when it is tried."""

    correct: bool = False
    retract: bool = False


def allowed(tx: Tx, inquiry: InquiryRecord, order: OrderRecord) -> Allowed:
    """What is possible for an order as it is now."""
    correct = _fit(tx, inquiry, order, STANDING)
    return Allowed(correct, correct and inquiry.state in ANSWERED)


def _fit(tx: Tx, inquiry: InquiryRecord, order: OrderRecord, states: Collection[str]) -> bool:
    """Whether this order's answer is that of the inquiry, which must be in one of ``states``."""
    if inquiry.state not in states or order.state != AssignmentState.DONE:
        return False
    last = _last_lead(tx, inquiry)
    return last is not None and last.id == order.id


class _Reached(NamedTuple):
    """One inquiry that was given the answer. ``order`` is None for a merged one, which has none; ``row`` is its
    row in the outbox.
    """

    inquiry: InquiryRecord
    order: OrderRecord | None
    row: OutboxRecord | None


@refusing
def correct(acting: ActingOfficer, order: OrderRecord, text: str) -> Outcome:
    """更正: replace the answer by the one it should have been. What had not been sent is replaced without a
    message.
    """
    text = text.strip()
    if not text or len(text) > LONGEST_ANSWER:
        return acting.refuse("staff.bad_text", longest=LONGEST_ANSWER)
    inquiry = inquiries.get(acting.tx, order.inquiry_id)
    reached = _reached(acting, inquiry, order, STANDING)
    if isinstance(reached, Outcome):
        return reached
    before = given(acting.tx, inquiry.id)
    if before is not None and before.text == text:  # the same text once more, by a second tap
        return _corrected(inquiry, seen=True, others=0)
    if _times(acting, inquiry, "answer_corrected") >= MOST_CORRECTIONS:
        return acting.refuse("staff.corrected_enough", number=inquiry.number, most=MOST_CORRECTIONS)
    # Two officers may correct at the same moment. The second one's work is then run again (Conflict) and finds
    # the first's correction.
    inquiries.change(acting.tx, inquiry)
    seen = [_replace(acting, each, text, unit=order.unit_name) for each in reached]
    return _corrected(inquiry, seen=any(seen), others=len(reached) - 1)


def _corrected(inquiry: InquiryRecord, *, seen: bool, others: int) -> Outcome:
    return Outcome(done=True, key="staff.corrected", params=about(inquiry) | {"seen": seen, "others": others})


def _replace(acting: ActingOfficer, reached: _Reached, text: str, *, unit: str) -> bool:
    """Replace the answer. Returns whether the citizen may have read the old one."""
    seen = _set_aside(acting, reached, REPLACED)
    now_is = inquiries.get(acting.tx, reached.inquiry.id)
    give(acting.deps, acting.tx, now_is, text, unit=unit, officer_id=acting.officer.id, now=acting.now, corrected=seen)
    order = {"assignment": reached.order.id} if reached.order is not None else {}
    if seen:
        acting.log(now_is.id, "answer_corrected", unit=unit, **order)
    else:
        acting.log(now_is.id, "answer_edited", unit=unit, **order)
    return seen


@refusing
def retract(acting: ActingOfficer, order: OrderRecord, reason: str) -> Outcome:
    """撤答: the unit may do it once, the office as long as the answer waits for its rating. The citizen is told
    why.
    """
    reason = " ".join(reason.split())
    if not reason or len(reason) > LONGEST_REASON:
        return acting.refuse("staff.bad_retraction", longest=LONGEST_REASON)
    inquiry = inquiries.get(acting.tx, order.inquiry_id)
    reached = _reached(acting, inquiry, order, ANSWERED)
    if isinstance(reached, Outcome):
        return reached
    if acting.by.actor is not Actor.OFFICE and _times(acting, inquiry, "answer_retracted"):
        return acting.refuse("staff.retracted_before", number=inquiry.number)
    for each in reached:
        _take_back(acting, each, reason, unit=order.unit_name)
    inquiry = inquiries.get(acting.tx, inquiry.id)
    return Outcome(
        done=True,
        key="staff.retracted",
        params=about(inquiry)
        | {"unit_due": say_time(order.due_at), "late": order.due_at < acting.now, "others": len(reached) - 1},
    )


def _take_back(acting: ActingOfficer, reached: _Reached, reason: str, *, unit: str) -> None:
    tx, inquiry, order = acting.tx, reached.inquiry, reached.order
    seen = _set_aside(acting, reached, RETRACTED)
    if order is None:
        inquiries.change(tx, inquiry, answered_at=None, rated_at=None)
        acting.log(inquiry.id, "answer_retracted", unit=unit, reason=reason)
    else:
        inquiry = move(
            tx,
            inquiry,
            Event.RETRACT,
            acting.by,
            name="answer_retracted",
            answered_at=None,
            rated_at=None,
            next_state_at=None,
            data={"unit": unit, "assignment": order.id, "reason": reason},
        )
        if not move_order(tx, order, AssignmentEvent.REOPEN, ended_at=None, ended_by=None):
            raise Conflict("an order changed while its answer was taken back")
        # the citizen had asked for it to be done again, which is what happens now
        drop_requests(tx, inquiry, acting.by)
        _wind_on(acting, order)
    if seen:
        now_is = inquiries.get(tx, inquiry.id)
        to_citizen(
            tx,
            now_is,
            key="retracted",
            once=f"retracted:{inquiry.id}:{_times(acting, inquiry, 'answer_retracted')}",
            now=acting.now,
            priority=0,
            can_wait=False,
            params=about(now_is)
            | {
                "unit": unit,
                "reason": reason,
                "new_due": _promise(acting, now_is),
                "url": acting.deps.signer.citizen_url(inquiry.id),
            },
        )


def _wind_on(acting: ActingOfficer, order: OrderRecord) -> None:
    """Set the clock as if it had never stopped: what happened since the answer is told and charged by the next run."""
    looked = deadlines.order(acting.tx, order.id).checked_at
    ended = order.ended_at
    if looked is not None and ended is not None and looked > ended:
        deadlines.set_check(acting.tx, order.id, checked_at=ended, next_check_at=None)
    reschedule(acting.tx, order, acting.deps.calendar(), acting.now, limits=acting.deps.limits)


def _promise(acting: ActingOfficer, inquiry: InquiryRecord) -> str:
    """The citizen's date; if it is over, one that can be kept."""
    if inquiry.due_at > acting.now:
        return say_due(inquiry)
    return say_time(closing_after(acting.deps.calendar(), acting.now, APOLOGY_DAYS))


# --- who was given it, and how far it got ---


def _reached(
    acting: ActingOfficer, inquiry: InquiryRecord, order: OrderRecord, states: Collection[str]
) -> list[_Reached] | Outcome:
    """The inquiry, what was answered with it, and what was merged into any of them; or the reason why nothing can
    be changed.
    """
    if order.role != AssignmentRole.LEAD:
        return acting.refuse("staff.lead_only", number=inquiry.number)
    if order.state in inquiries.OPEN_ASSIGNMENT:
        return acting.refuse("staff.not_answered", number=inquiry.number)
    if not _fit(acting.tx, inquiry, order, states):
        return acting.refuse("staff.not_now", standing=STATES[inquiry.state])
    found = _given_alike(acting, inquiry, order, states)
    if any(each.row is not None and each.row.state == OutboxState.SENDING for each in found):
        return acting.refuse("staff.sending", number=inquiry.number)
    return found


def _given_alike(
    acting: ActingOfficer, inquiry: InquiryRecord, order: OrderRecord, states: Collection[str]
) -> list[_Reached]:
    tx = acting.tx
    found = [_Reached(inquiry, order, _row(acting, inquiry))]
    for other in linked_inquiries.linked(tx, inquiry.id):
        lead = _last_lead(tx, other)
        if (
            other.state in states
            and lead is not None
            and (lead.unit_id, lead.ended_at) == (order.unit_id, order.ended_at)
        ):
            found.append(_Reached(other, lead, _row(acting, other)))
    merged = [
        row for each in found for row in desk_store.merged_into(tx, each.inquiry.id) if row.answered_at is not None
    ]
    return found + [_Reached(row, None, _row(acting, row)) for row in merged]


def _last_lead(tx: Tx, inquiry: InquiryRecord) -> OrderRecord | None:
    leads = [row for row in inquiries.assignments_of(tx, inquiry.id) if row.role == AssignmentRole.LEAD]
    return leads[-1] if leads else None


def _row(acting: ActingOfficer, inquiry: InquiryRecord) -> OutboxRecord | None:
    rows = [row for row in outbox.of_inquiry(acting.tx, inquiry.id) if row.key in ANSWERS]
    return rows[-1] if rows else None


def _set_aside(acting: ActingOfficer, reached: _Reached, kind: str) -> bool:
    """Set the answer aside so that no later receipt sends it again. Returns whether it may have been read."""
    seen = reached.row is not None and _may_have_arrived(acting, reached.row)
    if reached.row is not None:
        outbox.cancel(acting.tx, reached.row, acting.now)
    message = given(acting.tx, reached.inquiry.id)
    if message is not None:
        inquiries.set_aside(acting.tx, message.id, kind if seen else UNSENT)
    return seen


def _may_have_arrived(acting: ActingOfficer, row: OutboxRecord) -> bool:
    """Whether the old answer may have arrived. A correction that is still unsent follows an answer that was read."""
    if row.state in {OutboxState.SENT, OutboxState.DELIVERED} or row.key == CORRECTED:
        return True
    return any(
        attempt.outcome in {AttemptOutcome.SENT, AttemptOutcome.DELIVERED, AttemptOutcome.AMBIGUOUS}
        for attempt in outbox.deliveries_of(acting.tx, row.id)
    )


def _times(acting: ActingOfficer, inquiry: InquiryRecord, name: str) -> int:
    return sum(event.name == name for event in inquiries.events_of(acting.tx, inquiry.id))
