"""回访: the duty desk calls the citizen after an answer and notes what she said.

Somebody other than the unit calls, so that satisfaction is not the unit's own word. A call that was
not answered is noted too: silence is "not reached", never "satisfied".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.inquiry import rework
from handlers.inquiry.acting import Desk, Outcome, refusing
from handlers.inquiry.rework import DISSATISFIED
from handlers.notices import notify
from handlers.notices.phrases import CALLED_BACK, STATES, about
from store import inquiries

if TYPE_CHECKING:
    from store.engine.writes import Record


@refusing
def call_back(desk: Desk, order: Record, score: int, note: str) -> Outcome:
    """Record a call; one that finds her not satisfied, with the reason, has the matter done again."""
    if desk.officer.role != "duty":
        return desk.refuse("staff.no_call_back")
    inquiry = inquiries.get(desk.tx, order.inquiry_id)
    if inquiry.state not in rework.REOPENABLE:
        return desk.refuse("staff.not_now", standing=STATES.get(inquiry.state, ""))
    again = score == DISSATISFIED
    if again and not note:
        return desk.refuse("staff.bad_call_back")
    desk.log(inquiry.id, "called_back", score=score, reason=bool(note))
    if note:
        inquiries.add_message(desk.tx, inquiry_id=inquiry.id, direction="call", kind="text", text=note, now=desk.now,
                              officer_id=desk.officer.id)
    if again:
        inquiry = rework.reopen(desk.deps, desk.tx, inquiry, desk.by, reason=note)
        notify.to_citizen(desk.tx, inquiry, key="reopened", once=f"reopened:call:{inquiry.id}:{inquiry.reopened}",
                           params=about(inquiry), now=desk.now)
    return Outcome(done=True, key="staff.called_back",
                   params=about(inquiry) | {"heard": CALLED_BACK[score], "again": again})
