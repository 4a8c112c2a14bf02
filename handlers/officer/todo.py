"""待办: what waits for an officer, by word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.directory.units import Role
from bot.inquiry.states import AssignmentState
from handlers.duty_desk import moves
from handlers.duty_desk.rules import OBJECTION
from handlers.inquiry.acting_officer import units_in_charge
from handlers.notices.phrases import say_time
from store import directory, inquiries

if TYPE_CHECKING:
    from bot.conversation import acts
    from bot.conversation.state import ConversationState
    from handlers.services.deps import Turn
    from store.records.directory import StaffRecord

LISTED = 8


def todo(turn: Turn, state: ConversationState, _act: acts.StaffList, _event: Any) -> ConversationState:
    """待办: the open orders, the most urgent first; for the duty desk its queue with what is proposed."""
    officer = directory.officer(turn.tx, turn.address.officer_id)
    if officer is None:
        turn.reply("staff.nobody")
        return state
    if officer.role == Role.DUTY:
        return _queue(turn, state, officer)
    units = units_in_charge(turn.tx, officer)
    own = units if units is not None else [officer.unit_id]
    rows = [
        {
            "number": r.number,
            "summary": r.summary,
            "due": say_time(r.due_at),
            "signed": r.state == AssignmentState.SIGNED,
            "urgent": r.urgent,
        }
        for r in inquiries.open_of_units(turn.tx, own, LISTED)
    ]
    turn.reply("staff.todo", rows=rows, count=inquiries.count_open(turn.tx, own))
    return state


def _queue(turn: Turn, state: ConversationState, officer: StaffRecord) -> ConversationState:
    rows = [
        {
            "number": w.order.number,
            "summary": w.order.summary,
            "due": say_time(w.order.due_at),
            "urgent": w.order.urgent,
            "flagged": bool(w.order.flags),
            "objection": w.order.reason == OBJECTION,
            "position": w.suggestions[0].position if w.suggestions else 0,
            "unit": w.suggestions[0].unit_name if w.suggestions else "",
        }
        for w in moves.queue(turn.tx, turn.deps, LISTED)
    ]
    turn.reply("staff.queue", rows=rows, count=inquiries.count_open(turn.tx, [officer.unit_id]))
    return state
