"""并: a matter told several times is worked on once, and everybody who told it is answered.

``head`` is the inquiry into which the others were merged. Each citizen is told of their own number only. If the
head ends without an answer, the merged inquiries stand by themselves again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.inquiry.directions import Direction
from bot.inquiry.states import OPEN, Event, State
from handlers.duty_desk.rules import end_orders, reopen_at_desk, somebody_was_first, stopped
from handlers.inquiry.acting_officer import ActingOfficer, Outcome, refusing
from handlers.inquiry.answers import give, given
from handlers.inquiry.linked_matters import pass_head_on
from handlers.inquiry.transitions import move, system
from handlers.notices import notify
from handlers.notices.phrases import STATES, about, say_due, shorten
from handlers.notices.privacy import accused
from store import directory, inquiries
from store import duty_desk as desk_store

if TYPE_CHECKING:
    from datetime import datetime

    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.inquiries import InquiryRecord
    from store.records.joined import OrderRecord

LISTED = 5
LONGEST_CHAIN = 20
JOINED = "joined"
"""The ``messages.kind`` of a merged inquiry's text, which is stored with its head for the officers."""


@refusing
def merge(acting: ActingOfficer, order: OrderRecord, into: InquiryRecord) -> Outcome:
    """Merge the inquiry of ``order`` into ``into``, or into the one that was merged into."""
    if (refused := stopped(acting, order)) is not None:
        return refused
    inquiry, head = inquiries.get(acting.tx, order.inquiry_id), head_of(acting.tx, into)
    if (refused := _unfit(acting, inquiry, head)) is not None:
        return refused
    # Two officers may merge two inquiries into each other at the same moment. The second one's work is then run
    # again (Conflict) and finds the first merger.
    inquiries.change(acting.tx, head, **_carried(inquiry, head))
    if not end_orders(acting, inquiry, order, how="merged"):
        return somebody_was_first(acting, order)
    inquiry = move(
        acting.tx,
        inquiry,
        Event.MERGE,
        acting.office,
        name="merged",
        merged_into_id=head.id,
        closed_at=acting.now,
        fold_until=None,
        paused_at=None,
        next_state_at=None,
        data={"into": head.number},
    )
    _follow(acting, inquiry, head)
    pass_head_on(acting.deps, acting.tx, inquiry, acting.now, into=head if head.state in OPEN else None)
    _tell(acting, inquiry, head)
    return Outcome(
        done=True,
        key="staff.merged",
        params=about(inquiry)
        | {"into": head.number, "standing": STATES[head.state], "answered": head.state == State.ANSWERED},
    )


def head_of(tx: Tx, inquiry: InquiryRecord) -> InquiryRecord:
    """The inquiry into which this one was merged in the end; itself when it was not merged."""
    for _ in range(LONGEST_CHAIN):
        if inquiry.state != State.MERGED or inquiry.merged_into_id is None:
            return inquiry
        inquiry = inquiries.get(tx, inquiry.merged_into_id)
    return inquiry


def find_head(acting: ActingOfficer, typed: str) -> InquiryRecord | Outcome:
    """The inquiry that a typed number means, whichever citizen's, or the reason why it cannot be merged into."""
    found = desk_store.meant(acting.tx, typed, acting.now)
    if not found:
        return acting.refuse("staff.unknown", typed=typed)
    if len(found) > 1:
        return acting.refuse("staff.which", rows=[{"number": r.number, "summary": r.summary} for r in found[:LISTED]])
    return found[0]


def _unfit(acting: ActingOfficer, inquiry: InquiryRecord, head: InquiryRecord) -> Outcome | None:
    if head.id == inquiry.id:
        return acting.refuse("staff.merge_self", number=inquiry.number)
    if head.state not in OPEN | {State.ANSWERED}:
        return acting.refuse("staff.merge_closed", number=head.number, standing=STATES[head.state])
    # A merger shows each text to the other's readers.
    if "secret" in [*(inquiry.flags or []), *(head.flags or [])]:
        return acting.refuse("staff.secret", number=inquiry.number)
    unit = directory.unit(acting.tx, head.unit_id) if head.unit_id is not None else None
    # The officers of that inquiry's unit would read this one's text, which they must not.
    if unit is not None and accused(inquiry, unit):
        return acting.refuse("staff.accused_unit", number=inquiry.number, unit=unit.name)
    return None


def _carried(inquiry: InquiryRecord, head: InquiryRecord) -> dict[str, Any]:
    """The flags of the head with those of the merged inquiry added: it now contains the words of both, so danger
    and secrecy hold for it.
    """
    flags = [*(head.flags or []), *(flag for flag in inquiry.flags or [] if flag not in (head.flags or []))]
    routing, other = head.routing or {}, inquiry.routing or {}
    accused_units = sorted({*routing.get("accused", []), *other.get("accused", [])})
    return {
        "urgent": bool(head.urgent or inquiry.urgent),
        "flags": flags or None,
        "routing": (routing | {"accused": accused_units}) if accused_units else head.routing,
    }


def _follow(acting: ActingOfficer, inquiry: InquiryRecord, head: InquiryRecord) -> None:
    """Move what was merged into this inquiry to the head as well, and store what was said there for the head's
    officers.
    """
    for row in desk_store.merged_into(acting.tx, inquiry.id):
        inquiries.set_head(acting.tx, row.id, head.id)
    inquiries.add_message(
        acting.tx,
        inquiry_id=head.id,
        direction=Direction.INTERNAL,
        kind=JOINED,
        now=acting.now,
        text=_said(acting.tx, inquiry),
        officer_id=acting.officer.id,
    )
    acting.log(head.id, "joined", number=inquiry.number)


def _said(tx: Tx, inquiry: InquiryRecord) -> str:
    said = [m.text for m in inquiries.messages_of(tx, inquiry.id) if m.direction == Direction.IN and m.text]
    return "\n".join(said) or inquiry.summary


def _tell(acting: ActingOfficer, inquiry: InquiryRecord, head: InquiryRecord) -> None:
    """Tell the citizen, by their own number, and the head's officers. If there is an answer already, send it."""
    tx, now = acting.tx, acting.now
    answer = given(tx, head.id) if head.state == State.ANSWERED else None
    if answer is not None and head.unit_id is not None:
        unit = directory.unit(tx, head.unit_id).name
        _answer_one(acting.deps, tx, inquiry, answer.text, unit=unit, officer_id=answer.officer_id, now=now)
        return
    notify.to_citizen(
        tx,
        inquiry,
        key="merged",
        once=f"merged:{inquiry.id}:{head.id}",
        now=now,
        params=about(inquiry) | {"due": say_due(head)},
    )
    notify.to_unit(
        acting.deps,
        tx,
        head,
        key="order.joined",
        once=f"joined:{head.id}:{inquiry.id}",
        now=now,
        params={"text": shorten(_said(tx, inquiry), 120)},
        urgent=bool(inquiry.urgent),
    )


def pass_on(deps: Deps, tx: Tx, inquiry: InquiryRecord, text: str, now: datetime, *, once: str) -> None:
    """Pass what the citizen of a merged inquiry adds to those who work on the head."""
    head = head_of(tx, inquiry)
    if text:
        inquiries.add_message(tx, inquiry_id=head.id, direction=Direction.INTERNAL, kind=JOINED, text=text, now=now)
    notify.to_unit(
        deps,
        tx,
        head,
        key="order.joined",
        once=f"joined:{head.id}:{once}",
        now=now,
        params={"text": shorten(text, 120)},
    )


def tell_merged(acting: ActingOfficer, head: InquiryRecord, order: OrderRecord, text: str) -> None:
    """Send the head's answer to everybody whose inquiry was merged into it."""
    for row in desk_store.merged_into(acting.tx, head.id):
        _answer_one(
            acting.deps, acting.tx, row, text, unit=order.unit_name, officer_id=acting.officer.id, now=acting.now
        )


def _answer_one(
    deps: Deps, tx: Tx, inquiry: InquiryRecord, text: str, *, unit: str, officer_id: int | None, now: datetime
) -> None:
    """Store the answer with the merged inquiry too, so that 全文, progress and the rating find it there."""
    inquiries.change(tx, inquiry, answered_at=now)
    give(deps, tx, inquiries.get(tx, inquiry.id), text, unit=unit, officer_id=officer_id, now=now)


def release(deps: Deps, tx: Tx, head: InquiryRecord, now: datetime) -> None:
    """The head ended without an answer: what was merged into it and is still waiting is decided by itself again."""
    for row in desk_store.merged_into(tx, head.id):
        if row.state != State.MERGED or row.answered_at is not None:
            continue
        inquiry = reopen_at_desk(deps, tx, row, Event.UNMERGE, system(now), name="unmerged")
        notify.to_citizen(
            tx, inquiry, key="unmerged", once=f"unmerged:{inquiry.id}:{head.id}", now=now, params=about(inquiry)
        )
    pass_head_on(deps, tx, head, now)
