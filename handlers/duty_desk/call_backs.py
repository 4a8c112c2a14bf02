"""回访: the duty desk calls the citizen after an answer and records what she said.

Somebody other than the unit calls, so that satisfaction is not the unit's own word. A call that was not answered
is recorded as well, as "not reached" and never as "satisfied".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.directory.units import Role
from bot.inquiry.directions import Direction
from handlers.inquiry import rework
from handlers.inquiry.acting_officer import ActingOfficer, Outcome, refusing
from handlers.inquiry.rework import DISSATISFIED
from handlers.notices import notify
from handlers.notices.phrases import CALLED_BACK, STATES, about
from store import inquiries

if TYPE_CHECKING:
    from store.records.joined import OrderRecord


@refusing
def call_back(acting: ActingOfficer, order: OrderRecord, score: int, note: str) -> Outcome:
    """Record a call. If the citizen is not satisfied and gives a reason, the matter is done again."""
    if acting.officer.role != Role.DUTY:
        return acting.refuse("staff.no_call_back")
    inquiry = inquiries.get(acting.tx, order.inquiry_id)
    if inquiry.state not in rework.REOPENABLE:
        return acting.refuse("staff.not_now", standing=STATES.get(inquiry.state, ""))
    again = score == DISSATISFIED
    if again and not note:
        return acting.refuse("staff.bad_call_back")
    acting.log(inquiry.id, "called_back", score=score, reason=bool(note))
    if note:
        inquiries.add_message(
            acting.tx,
            inquiry_id=inquiry.id,
            direction=Direction.CALL,
            kind="text",
            text=note,
            now=acting.now,
            officer_id=acting.officer.id,
        )
    if again:
        inquiry = rework.reopen(acting.deps, acting.tx, inquiry, acting.by, reason=note)
        notify.to_citizen(
            acting.tx,
            inquiry,
            key="reopened",
            once=f"reopened:call:{inquiry.id}:{inquiry.reopened}",
            params=about(inquiry),
            now=acting.now,
        )
    return Outcome(
        done=True, key="staff.called_back", params=about(inquiry) | {"heard": CALLED_BACK[score], "again": again}
    )
