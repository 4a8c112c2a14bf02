"""A sender who writes far too much: told once, then stored but not answered for a day, unless a person lifts it.

``bot/conversation/flood_limits.py`` decides; here it is carried out. Dangers named in a flood are acts of their
own and reach the duty desk all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.conversation.flood_limits import is_cooled, unblocked
from bot.conversation.state import ConversationState
from bot.edge.messages import Address
from bot.inquiry.directions import Direction
from handlers.notices.phrases import say_time
from store import inquiries, people

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from bot.conversation import acts
    from bot.edge.messages import InboundMessage
    from handlers.services.deps import Turn
    from store.engine.transactions import Tx
    from store.records.people import AddressRecord


def cool_down(turn: Turn, state: ConversationState, act: acts.CoolDown, _event: Any) -> ConversationState:
    """Send the one notice, and log it with the inquiry that was being told."""
    turn.reply("hint.cooled", until=say_time(act.until))
    inquiry_id = state.draft.inquiry_id if state.draft is not None else None
    inquiries.log(turn.tx, inquiry_id, "sender_cooled", turn.now, address=turn.address.id, until=act.until.isoformat())
    turn.deps.metrics.count("ignored", why="cooled")
    return state


def keep(turn: Turn, state: ConversationState, _act: acts.Keep, event: InboundMessage) -> ConversationState:
    """Store a message with its sender and without an inquiry; for a picture only that there was one."""
    inquiries.add_message(
        turn.tx,
        inquiry_id=None,
        direction=Direction.IN,
        kind=event.kind.value,
        text=event.text,
        now=turn.now,
        address_id=turn.address.id,
    )
    turn.deps.metrics.count("ignored", why="cooled")
    return state


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of one address of a sender. ``until`` is None if the sender is answered; ``kept`` counts messages
    stored without an inquiry.
    """

    address_id: int
    channel: str
    until: datetime | None
    kept: int


def find(tx: Tx, typed: str, channels: Iterable[str]) -> Sequence[AddressRecord]:
    """The addresses meant by the number of an inquiry, or by an address such as ``sms:+12025550123``."""
    inquiry = inquiries.by_number(tx, typed)
    if inquiry is not None:
        return people.of_contact(tx, inquiry.contact_id)
    if ":" not in typed:
        return []
    found = (people.find(tx, channel, Address.parse(typed)) for channel in channels)
    return [row for row in found if row is not None]


def standing(tx: Tx, row: AddressRecord, now: datetime) -> Standing:
    """The state of an address."""
    state = _state(tx, row)
    return Standing(
        row.id, row.channel, state.cooled_until if is_cooled(state, now) else None, people.kept_without(tx, row.id)
    )


def unblock(tx: Tx, row: AddressRecord, now: datetime) -> bool:
    """Answer this address again. False when it was not in the cool-down."""
    state = _state(tx, row)
    if not is_cooled(state, now):
        return False
    people.save_conversation(tx, row.id, unblocked(state).to_json(), now)
    inquiries.log(tx, None, "sender_unblocked", now, address=row.id)
    return True


def _state(tx: Tx, row: AddressRecord) -> ConversationState:
    return ConversationState.from_json(people.by_id(tx, row.id).conversation or {})
