"""What a citizen asks about her own inquiries: progress, urging, adding, withdrawing, opting out.

An inquiry is shown only to the contact that owns it, or with its query code. A wrong number and a stranger's
number get the same answer, so that numbers cannot be tried out.
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.clocks.workdays import CHINA
from bot.conversation.step import waits_no_more
from bot.delivery.states import AddressState
from bot.inquiry.directions import Direction
from bot.inquiry.numbers import NumberQuery, read_number
from bot.inquiry.states import Actor, AssignmentEvent, Event, LoggedActor, State
from bot.text.sms import split_text
from handlers.duty_desk.merge import head_of, pass_on, release
from handlers.inquiry.answers import given
from handlers.inquiry.hand_over import unit_time
from handlers.inquiry.pause import resume, stop_waiting
from handlers.inquiry.pending_requests import drop_requests
from handlers.inquiry.transitions import Author, move, move_order
from handlers.inquiry.wrong_codes import count_wrong_code
from handlers.notices.notify import to_unit
from handlers.notices.phrases import RATINGS, STATES, UNSEEN, about, say_due, say_time
from store import inquiries, outbox, people

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.conversation import acts
    from bot.conversation.state import ConversationState
    from bot.edge.messages import InboundMessage
    from handlers.services.deps import Turn
    from store.records.inquiries import InquiryRecord

LISTED = 5
REPLIED = (State.ANSWERED, State.CLOSED, State.ARCHIVED)


def progress(turn: Turn, state: ConversationState, act: acts.Progress, _event: Any) -> ConversationState:
    """Show one inquiry in full, or list the latest."""
    own = inquiries.pick(_own(turn), act.number)
    if act.number is None and len(own) != 1:
        _list(turn, own)
    elif own:
        _show(turn, own[0])
    else:
        _by_code(turn, act.number or "", act.code)
    return state


def _own(turn: Turn, *, only_open: bool = False) -> Sequence[InquiryRecord]:
    if turn.address.contact_id is None:
        return []
    return inquiries.of_contact(turn.tx, turn.address.contact_id, only_open=only_open)


def _list(turn: Turn, own: Sequence[InquiryRecord]) -> None:
    if not own:
        turn.reply("progress.none")
        return
    rows = [
        {
            "number": r.number,
            "state": STATES[r.state],
            "due": say_due(r),
            "summary": r.summary,
            "answered": r.state in REPLIED,
        }
        for r in own[:LISTED]
    ]
    turn.reply("progress.list", rows=rows, more=max(0, len(own) - LISTED))


def _show(turn: Turn, inquiry: InquiryRecord) -> None:
    turn.inquiry_id = inquiry.id
    # The work is done on the inquiry it was merged into, of which only the state is shown: its text may be
    # another citizen's.
    head = head_of(turn.tx, inquiry)
    lead = inquiries.open_lead(turn.tx, head.id)
    steps = [
        {"at": say_time(e.at), "name": e.name, "unit": e.data.get("unit", "")}
        for e in inquiries.events_of(turn.tx, inquiry.id)
        if e.name not in UNSEEN
    ]
    answer = given(turn.tx, inquiry.id)
    standing = about(inquiry) | {"due": say_due(head), "state": STATES[head.state]}
    turn.reply(
        "progress",
        **standing,
        unit=lead.unit_name if lead else "",
        steps=steps[-4:],
        answer=answer.text if answer is not None else "",
        left=_left(turn, head),
        rated=RATINGS.get(inquiry.rating or 0, ""),
        merged=head.id != inquiry.id,
    )


def _left(turn: Turn, inquiry: InquiryRecord) -> int:
    """The working days left, 0 on the last day and after it."""
    today, due = turn.now.astimezone(CHINA).date(), inquiry.due_at.astimezone(CHINA).date()
    return max(0, turn.deps.calendar().workdays_between(today, due)) if due > today else 0


def _by_code(turn: Turn, typed: str, code: str | None) -> None:
    """An inquiry of another channel or person, found by number and query code. Wrong codes are counted."""
    locked = turn.address.locked_until
    if locked is not None and locked > turn.now:
        turn.reply("progress.locked", until=say_time(locked))
        return
    digits = read_number(typed)
    query = NumberQuery.of(digits) if digits else None
    found = inquiries.by_number(turn.tx, query.full) if query and query.full else None
    # Compared in constant time, and a wrong number and a wrong code get the same answer: codes have six digits
    # only.
    if found is not None and code and hmac.compare_digest(found.query_code.encode(), code.encode()):
        people.change(turn.tx, turn.address.id, bad_codes=0)
        _show(turn, found)
        return
    if code:
        count_wrong_code(turn)
    turn.reply("progress.unknown")


def _one_open(turn: Turn, number: str | None, verb: str, *, merged: bool = False) -> InquiryRecord | None:
    """The open inquiry meant. If that is not clear, the citizen is told or asked which, and the result is None.

    ``merged``: if none is open, one that is worked on with another is taken.
    """
    own = inquiries.pick(_own(turn, only_open=True), number)
    if not own and (joined := _merged(turn, number)):
        if merged and len(joined) == 1:
            return joined[0]
        turn.reply("merged.already", **about(joined[0]) | {"due": say_due(head_of(turn.tx, joined[0]))})
        return None
    if len(own) == 1:
        turn.inquiry_id = own[0].id
        return own[0]
    if not own:
        turn.reply("progress.unknown" if number else "progress.none")
    else:
        turn.reply("which", verb=verb, rows=[{"number": r.number, "summary": r.summary} for r in own[:LISTED]])
    return None


def _merged(turn: Turn, number: str | None) -> list[InquiryRecord]:
    """The citizen's inquiries that are worked on with another one that is still open."""
    own = [row for row in inquiries.pick(_own(turn), number) if row.state == State.MERGED]
    return [row for row in own if head_of(turn.tx, row).state in inquiries.OPEN]


def urge(turn: Turn, state: ConversationState, act: acts.Urge, _event: Any) -> ConversationState:
    """催: tell the unit, at most once a working day."""
    inquiry = _one_open(turn, act.number, "催")
    if inquiry is None:
        return state
    today = turn.now.astimezone(CHINA).date()
    # Once a day by China's date, so that urging keeps its weight with the unit.
    if inquiry.urged_on == today:
        turn.reply("urge.again", **about(inquiry))
        return state
    inquiries.change(turn.tx, inquiry, urged_on=today)
    inquiries.log(turn.tx, inquiry.id, "urged", turn.now, actor=LoggedActor.CITIZEN, actor_id=turn.address.contact_id)
    to_unit(turn.deps, turn.tx, inquiry, key="order.urged", once=f"urge:{inquiry.id}:{today}", now=turn.now)
    turn.wakes.add("outbox")
    turn.reply("urge", **about(inquiry))
    return state


def supplement(turn: Turn, state: ConversationState, act: acts.Supplement, event: InboundMessage) -> ConversationState:
    """补充: add words beside the original text and tell the unit."""
    inquiry = _asked_about(turn, act.number) or _one_open(turn, act.number, "补充", merged=True)
    if inquiry is None:
        return state
    turn.inquiry_id = inquiry.id
    if not act.text and not event.media:
        turn.reply("supplement.empty", **about(inquiry))
        return state
    inquiries.add_message(
        turn.tx,
        inquiry_id=inquiry.id,
        direction=Direction.IN,
        kind=event.kind.value,
        text=act.text,
        now=turn.now,
        media_refs=event.media,
        channel=turn.channel.account,
        address_id=turn.address.id,
    )
    inquiries.log(
        turn.tx, inquiry.id, "supplemented", turn.now, actor=LoggedActor.CITIZEN, actor_id=turn.address.contact_id
    )
    if event.media:
        turn.wakes.add("bulk")
    asked = inquiry.state == State.NEED_INFO
    if asked:
        inquiry = resume(turn.deps, turn.tx, inquiry, turn.now, answered=True, but=turn.address.id)
        state = _heard(turn, state, inquiry)
    if inquiry.state == State.MERGED:
        pass_on(turn.deps, turn.tx, inquiry, act.text, turn.now, once=f"{event.channel}:{event.external_id}")
        turn.wakes.add("outbox")
    elif inquiry.fold_until is None:
        lead = inquiries.open_lead(turn.tx, inquiry.id)
        to_unit(
            turn.deps,
            turn.tx,
            inquiry,
            key="order.supplemented",
            now=turn.now,
            once=f"supplement:{event.channel}:{event.external_id}",
            params={
                "text": act.text,
                "asked": asked,
                "unit_due": unit_time(inquiry, lead.due_at) if lead is not None else "",
            },
        )
        turn.wakes.add("outbox")
    turn.reply("supplement", **about(inquiry))
    return state


def _asked_about(turn: Turn, number: str | None) -> InquiryRecord | None:
    """Of several open inquiries, the one whose unit has asked a question."""
    asked = [row for row in inquiries.pick(_own(turn, only_open=True), number) if row.state == State.NEED_INFO]
    return asked[0] if len(asked) == 1 else None


def _heard(turn: Turn, state: ConversationState, inquiry: InquiryRecord) -> ConversationState:
    """Stop waiting for the answer after the quiet interval: until then more parts of the same answer may follow."""
    soon = turn.now + timedelta(seconds=turn.deps.rules.quiet_seconds)
    waits_on = state.awaiting_until is not None and state.awaiting_until > soon
    return waits_no_more(state, inquiry.number) if waits_on else state


def withdraw(turn: Turn, state: ConversationState, act: acts.Withdraw, _event: Any) -> ConversationState:
    """撤回: possible until there is an answer."""
    inquiry = _one_open(turn, act.number, "撤回")
    if inquiry is None:
        return state
    to_unit(turn.deps, turn.tx, inquiry, key="order.withdrawn", once=f"withdraw:{inquiry.id}", now=turn.now)
    by = Author(Actor.CITIZEN, turn.address.contact_id, turn.now)
    inquiry = move(
        turn.tx, inquiry, Event.WITHDRAW, by, name="withdrawn", closed_at=turn.now, fold_until=None, paused_at=None
    )
    for order in inquiries.assignments_of(turn.tx, inquiry.id):
        if order.state in inquiries.OPEN_ASSIGNMENT:
            move_order(turn.tx, order, AssignmentEvent.CANCEL, ended_at=turn.now)
    drop_requests(turn.tx, inquiry, by)
    release(turn.deps, turn.tx, inquiry, turn.now)
    stop_waiting(turn.tx, inquiry, turn.now, but=turn.address.id)
    state = waits_no_more(state, inquiry.number)
    turn.wakes.add("outbox")
    turn.reply("withdraw", **about(inquiry))
    return state


def full_text(turn: Turn, state: ConversationState, act: acts.FullText, _event: Any) -> ConversationState:
    """全文: send the whole answer, in as many messages as the channel needs."""
    answered = [r for r in inquiries.pick(_own(turn), act.number) if r.answered_at is not None]
    answer = given(turn.tx, answered[0].id) if answered else None
    if answer is None:
        turn.reply("progress.none")
        return state
    inquiry = answered[0]
    turn.inquiry_id = inquiry.id
    limits = turn.channel.limits
    parts = split_text(
        answer.text, max(1, limits.longest - 1 if limits.unit == "segments" else limits.longest - 64), limits.unit
    )
    for position, part in enumerate(parts, start=1):
        turn.reply("full_text", number=inquiry.number, part=part, position=position, count=len(parts))
    return state


def opt_out(turn: Turn, state: ConversationState, act: acts.OptOut, _event: Any) -> ConversationState:
    """退订: nothing more is sent to this address on this channel."""
    if not act.by_platform:
        turn.reply("opted_out")
    people.change(turn.tx, turn.address.id, state=AddressState.OPTED_OUT, state_code="asked", state_at=turn.now)
    return state


def opt_in(turn: Turn, state: ConversationState, act: acts.OptIn, _event: Any) -> ConversationState:
    """恢复: messages may be sent again, and those held are sent now."""
    people.change(turn.tx, turn.address.id, state=AddressState.ACTIVE, state_code="", state_at=turn.now)
    turn.address = people.by_id(turn.tx, turn.address.id)  # the answer to this word itself may already be sent
    if turn.address.contact_id is not None and outbox.release_held(turn.tx, turn.address.contact_id, turn.now):
        turn.wakes.add("outbox")
    if not act.by_platform:
        turn.reply("opted_in")
    return state
