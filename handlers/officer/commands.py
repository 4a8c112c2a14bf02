"""Carries out an officer's word, by WeChat or SMS: what each does stands in ``handlers/officer/table.py``.

Over SMS a sender can be forged, so a changing command carries the code of its notice; five wrong
codes lock the phone for 30 minutes.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from handlers.inquiry.acting_officer import ActingOfficer, Outcome
from handlers.inquiry.officer_action import Command
from handlers.inquiry.wrong_codes import count_wrong_code
from handlers.notices.phrases import say_time
from handlers.officer import table
from store import directory

if TYPE_CHECKING:
    from bot.conversation import acts
    from bot.conversation.state import ConversationState
    from handlers.services.deps import Turn


def carry_out(turn: Turn, state: ConversationState, act: Any, _event: Any) -> ConversationState:
    """A word with a number: its outcome is told, and it is told why where nothing can be done."""
    officer = directory.officer(turn.tx, turn.address.officer_id)
    if officer is None:
        turn.reply("staff.nobody")
        return state
    outcome = _outcome(turn, ActingOfficer(turn.tx, turn.deps, officer, turn.now), act)
    if outcome is not None:
        turn.reply(outcome.key, **outcome.params)
        if outcome.done:
            turn.wakes.update(("outbox-urgent", "outbox"))
    return state


def _outcome(turn: Turn, acting: ActingOfficer, act: Any) -> Outcome | None:
    """What came of it, once it is clear that the command is really theirs; None when all is said."""
    action = table.TABLE.of(act)
    found = action.find(acting, act.number)
    if isinstance(found, Outcome):
        return found
    if turn.by_sms and not action.reads_only and not _code_right(turn, acting, found, act.code):
        return None
    turn.inquiry_id = found.inquiry_id
    if action.stopped is not None and (refused := action.stopped(acting, found)) is not None:
        return refused
    return action.do(Command(turn, acting, found, act)) if action.do is not None else None


def _code_right(turn: Turn, acting: ActingOfficer, found: Any, code: str | None) -> bool:
    locked = turn.address.locked_until
    if locked is not None and locked > turn.now:
        turn.reply("progress.locked", until=say_time(locked))
        return False
    # The notice of a request carries the code of the order it was made for.
    order_id = getattr(found, "assignment_id", found.id)
    right = turn.deps.signer.staff_code(order_id, acting.officer.id)
    if code and hmac.compare_digest(right.encode(), code.encode()):
        return True
    if code:
        count_wrong_code(turn)
    turn.reply("staff.code", number=found.number)
    return False


def bad(turn: Turn, state: ConversationState, act: acts.StaffBad, _event: Any) -> ConversationState:
    """A staff word that lacks something."""
    turn.reply(act.key, **table.TABLE.missing.get(act.key, {}))
    return state
