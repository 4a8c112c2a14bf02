"""Binds an address to a person by a one-time code: an officer's address, or a citizen's phone.

A citizen who writes by WeChat can name a phone, so that there is one more way to reach her. A code is sent to
that phone, and she types it in WeChat. An officer's code is given out by the operator.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.edge.messages import Address
from bot.inquiry.numbers import new_code
from handlers.inquiry.wrong_codes import count_wrong_code
from handlers.notices.phrases import say_time
from store import directory, outbox, people

if TYPE_CHECKING:
    from bot.conversation import acts
    from bot.conversation.state import ConversationState
    from handlers.services.deps import Turn

# Three codes a day for a phone: each costs money, and a stranger's phone must not be flooded by typing its
# number.
CODE_LIFE = timedelta(minutes=30)
CODES_A_DAY = 3


def bind_phone(turn: Turn, state: ConversationState, act: acts.BindPhone, _event: Any) -> ConversationState:
    """Send a code to the named phone."""
    deps = turn.deps
    if turn.address.scheme == "sms" or not deps.sms_channel:
        turn.reply("bind.needless" if turn.address.scheme == "sms" else "bind.impossible")
        return state
    contact_id = people.ensure_contact(turn.tx, turn.address, turn.now)
    target = people.ensure(turn.tx, deps.sms_channel, Address("sms", act.phone), turn.now)
    if _codes_today(turn, target.id) >= CODES_A_DAY:
        # Too many codes were sent already. No other is sent, so the last one stays valid.
        turn.reply("bind.enough", last=act.phone[-4:])
        return state
    code = new_code(secrets.randbelow)
    people.start_binding(
        turn.tx, contact_id=contact_id, address_id=target.id, code=code, expires_at=turn.now + CODE_LIFE
    )
    outbox.add(
        turn.tx,
        once=f"bind:{target.id}:{turn.now.isoformat()}",
        key="bind.code",
        now=turn.now,
        params={"code": code},
        priority=0,
        address_id=target.id,
    )
    turn.wakes.add("outbox-urgent")
    turn.reply("bind.sent", last=act.phone[-4:])
    return state


def _codes_today(turn: Turn, address_id: int) -> int:
    return outbox.count_since(turn.tx, address_id, "bind.code", turn.now - timedelta(days=1))


def confirm(turn: Turn, state: ConversationState, act: acts.Confirm, _event: Any) -> ConversationState:
    """Handle a code: it is an officer's, or that of a phone being bound, or wrong."""
    locked = turn.address.locked_until
    if locked is not None and locked > turn.now:
        turn.reply("progress.locked", until=say_time(locked))
        return state
    officer = directory.use_bind_code(turn.tx, act.code, turn.now)
    if officer is not None:
        people.change(turn.tx, turn.address.id, officer_id=officer.id, bad_codes=0)
        turn.reply("bind.officer", name=officer.name, unit=directory.unit(turn.tx, officer.unit_id).name)
        return state
    if turn.address.contact_id is not None and people.finish_binding(
        turn.tx, contact_id=turn.address.contact_id, code=act.code, now=turn.now
    ):
        # There is one more way to her now, so what found none is tried again.
        outbox.release_held(turn.tx, turn.address.contact_id, turn.now)
        turn.wakes.add("outbox")
        turn.reply("bind.done")
        return state
    count_wrong_code(turn)
    turn.reply("bind.wrong")
    return state
