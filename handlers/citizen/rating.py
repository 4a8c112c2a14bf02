"""满意, 基本满意, 不满意: ratings are recorded as given. A citizen who says nothing never counts as satisfied."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.conversation.state import ConversationState
from bot.conversation.step import answered, rating_reason_asked
from bot.inquiry.states import Actor, AssignmentState, Event, LoggedActor, State
from handlers.duty_desk.merge import head_of
from handlers.inquiry.rework import DISSATISFIED, Rework, dissatisfied
from handlers.inquiry.transitions import Author, move
from handlers.notices.notify import to_unit
from handlers.notices.phrases import RATINGS, about, say_due
from store import inquiries, people

if TYPE_CHECKING:
    from datetime import datetime

    from bot.conversation import acts
    from handlers.services.deps import Turn
    from store.engine.transactions import Tx
    from store.records.inquiries import InquiryRecord

RATING_OPEN = timedelta(days=7)
REPLACE_WITHIN = timedelta(hours=24)
"""Within a day a second rating replaces the first. Both are in the event log."""

LISTED = 5


def await_rating(tx: Tx, address_id: int, number: str, now: datetime) -> None:
    """Note that an answer went out to this address: from now on a lone 1, 2 or 3 from there rates it."""
    state = ConversationState.from_json(people.by_id(tx, address_id).conversation or {})
    if state.awaiting in {"", "rating"}:  # a question we have just asked comes first
        people.save_conversation(tx, address_id, answered(state, number, now + RATING_OPEN).to_json(), now)


def rate(turn: Turn, state: ConversationState, act: acts.Rate, _event: Any) -> ConversationState:
    """Record a score for the answer meant: that of the number, or the latest."""
    if several := _which(turn, act):
        turn.reply("rating.which", rows=[{"number": row.number, "summary": row.summary} for row in several[:LISTED]])
        return state
    inquiry = _rated(turn, act.number)
    if inquiry is None:
        turn.reply("rating.nothing")
        return state
    if inquiry.rated_at is not None and turn.now - inquiry.rated_at > REPLACE_WITHIN:
        turn.reply("rating.late", **about(inquiry))
        return state
    _record(turn, inquiry, act.score, act.reason)
    if act.score == DISSATISFIED and not act.reason:
        turn.reply("rating.reason", **about(inquiry))
        return rating_reason_asked(state, inquiry.number, turn.now)
    _follow(turn, inquiry.id, act.score, act.reason)
    return state


def reason(turn: Turn, state: ConversationState, act: acts.RatingReason, _event: Any) -> ConversationState:
    """Record why the citizen was not satisfied."""
    inquiry = inquiries.by_number(turn.tx, act.number)
    if inquiry is None or inquiry.contact_id != turn.address.contact_id:
        turn.reply("rating.nothing")
        return state
    _record(turn, inquiry, DISSATISFIED, act.text)
    _follow(turn, inquiry.id, DISSATISFIED, act.text)
    return state


def _which(turn: Turn, act: acts.Rate) -> list[InquiryRecord]:
    """The answers a bare 不满意 may mean. It makes the unit do the work again, so the citizen is asked which one."""
    if act.score != DISSATISFIED or act.number is not None or turn.address.contact_id is None:
        return []
    own = inquiries.of_contact(turn.tx, turn.address.contact_id)
    waiting = [
        row
        for row in own
        if row.answered_at is not None and row.rating is None and turn.now - row.answered_at <= RATING_OPEN
    ]
    return waiting if len(waiting) > 1 else []


def _follow(turn: Turn, inquiry_id: int, score: int, why: str) -> None:
    """What a rating leads to: satisfied closes the inquiry; not satisfied, with a reason, has it done again. For
    a merged inquiry that concerns the one it was merged into.
    """
    inquiry = inquiries.get(turn.tx, inquiry_id)
    head = head_of(turn.tx, inquiry)
    by = Author(Actor.CITIZEN, turn.address.contact_id, turn.now)
    rework = Rework.NOTHING
    if score == DISSATISFIED:
        rework = dissatisfied(turn.deps, turn.tx, head, by, reason=why)
    elif inquiry.state == State.ANSWERED:
        limits = turn.deps.limits
        move(
            turn.tx,
            inquiry,
            Event.CLOSE,
            by,
            name="closed",
            closed_at=turn.now,
            next_state_at=turn.now + timedelta(days=limits.archive_days),
        )
    inquiry = inquiries.get(turn.tx, inquiry_id)
    standing = about(inquiry) | {"due": say_due(inquiries.get(turn.tx, head.id))}
    if rework is Rework.REOPENED:
        turn.wakes.add("outbox-urgent")
        turn.reply("reopened", **standing)
    elif rework is Rework.ASKED:
        turn.reply("rework.asked", **standing)
    else:
        turn.reply("rating.thanks", **about(inquiry), rating=RATINGS[score])


def _rated(turn: Turn, number: str | None) -> InquiryRecord | None:
    if turn.address.contact_id is None:
        return None
    own = inquiries.pick(inquiries.of_contact(turn.tx, turn.address.contact_id), number)
    answered = [(row.answered_at, row) for row in own if row.answered_at is not None]
    latest = max(answered, key=lambda found: found[0], default=None)
    return latest[1] if latest is not None else None


def _record(turn: Turn, inquiry: InquiryRecord, score: int, why: str) -> None:
    turn.inquiry_id = inquiry.id
    inquiries.change(turn.tx, inquiry, rating=score, rating_reason=why, rated_at=turn.now)
    inquiries.log(
        turn.tx,
        inquiry.id,
        "rated",
        turn.now,
        actor=LoggedActor.CITIZEN,
        actor_id=turn.address.contact_id,
        score=score,
        reason=bool(why),
    )
    to_unit(
        turn.deps,
        turn.tx,
        inquiry,
        key="order.rated",
        now=turn.now,
        once=f"rated:{inquiry.id}:{turn.now.isoformat()}",
        params={"rating": RATINGS[score], "reason": why},
        # Praise goes to the officer who answered; a complaint concerns the whole unit.
        only=None if score == DISSATISFIED else _answered_by(turn, inquiry),
    )
    turn.wakes.add("outbox")


def _answered_by(turn: Turn, inquiry: InquiryRecord) -> int | None:
    done = [row for row in inquiries.assignments_of(turn.tx, inquiry.id) if row.state == AssignmentState.DONE]
    return done[-1].ended_by if done else None
