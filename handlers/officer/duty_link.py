"""值班: sends the officer a personal link to the duty desk's page, by the way the word came.

By SMS no link is sent, because mainland carriers filter them; the text says where to open it instead.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from handlers.inquiry.acting_officer import DECIDERS
from handlers.notices.phrases import say_time
from handlers.services.signed_links import DUTY_SECONDS
from store import directory

if TYPE_CHECKING:
    from bot.conversation import acts
    from bot.conversation.state import ConversationState
    from handlers.services.deps import Turn


def duty_link(turn: Turn, state: ConversationState, _act: acts.StaffDuty, _event: Any) -> ConversationState:
    """Send a new link. Each of them can be used to sign in once."""
    officer = directory.officer(turn.tx, turn.address.officer_id)
    if officer is None or officer.role not in DECIDERS:
        turn.reply("staff.nobody" if officer is None else "staff.no_desk")
        return state
    until = say_time(turn.now + timedelta(seconds=DUTY_SECONDS))
    turn.reply("staff.duty", url=turn.deps.signer.duty_url(officer.id), until=until)
    return state
