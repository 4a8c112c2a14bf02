"""A person wrote or did something: who it is, what is meant, and the answer in the passive reply."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from bot.conversation.state import ConversationState
from bot.conversation.step import step
from bot.delivery.states import URGENT, AddressState, AttemptOutcome, OutboxState
from bot.edge.messages import Contact, ContactEvent, InboundMessage, Way
from bot.text.phones import is_machine_sender
from bot.text.sms import size
from handlers.citizen.rating import await_rating
from handlers.delivery.compose import fit, worded
from handlers.delivery.routes import can_ever_send
from handlers.inbound import carry_out
from handlers.inquiry.answers import ANSWERS
from handlers.officer import table
from handlers.services.deps import Deps, Reply, Turn
from store import inbox, outbox, people

if TYPE_CHECKING:
    from datetime import datetime

    from adapters.kit.base import Channel
    from bot.edge.messages import Address
    from store.engine.transactions import Tx
    from store.records.people import AddressValues, SenderRecord

SEPARATOR = "\n————\n"


def handle(
    deps: Deps,
    tx: Tx,
    channel: Channel,
    event: InboundMessage | ContactEvent,
    *,
    inbox_id: int,
    now: datetime,
    passive: bool,
) -> str | None:
    """Carry out what the event asks for. Returns the text of the passive reply, None when there is nothing to say."""
    if is_machine_sender(event.sender.value) and event.sender.scheme == "sms":
        deps.metrics.count("ignored", why="machine_sender")
        return None
    row = people.ensure(tx, channel.account, event.sender, now)
    row = _note_contact(tx, row, event, now)
    turn = Turn(tx, deps, now, row, channel)
    _converse(turn, event)
    reply, outbox_id = _answer(turn, inbox_id, event.sender, passive=passive)
    _try_held_again(turn)
    inbox.finish(tx, inbox_id, address_id=row.id, inquiry_id=turn.inquiry_id, reply=reply, outbox_id=outbox_id)
    for name in turn.wakes:
        tx.after_commit.append(partial(deps.wake, name))
    return reply if passive else None


def _note_contact(tx: Tx, row: SenderRecord, event: InboundMessage | ContactEvent, now: datetime) -> SenderRecord:
    """Note in the address which reply windows the event opens or closes."""
    values: AddressValues = {"last_inbound_at": now}
    if isinstance(event, InboundMessage):
        values |= {"message_at": now, "message_used": 0, "closed_at": None}
        if row.state == AddressState.GONE:
            values |= {"state": AddressState.ACTIVE, "state_code": "", "state_at": now}
    elif event.opens_reply:
        values |= {"event_at": now, "event_used": 0, "closed_at": None}
    if isinstance(event, ContactEvent):
        values |= _contact_values(row, event, now)
    return people.with_changes(tx, row, **values)


def _contact_values(row: SenderRecord, event: ContactEvent, now: datetime) -> AddressValues:
    if event.event is Contact.UNFOLLOW:
        return {"state": AddressState.GONE, "state_code": "unfollowed", "state_at": now}
    if event.event is Contact.FOLLOW and row.state != AddressState.OPTED_OUT:
        return {"state": AddressState.ACTIVE, "state_code": "", "state_at": now}
    if event.event is Contact.SUBSCRIPTION:
        choices = {name: "accept" if accepted else "reject" for name, accepted in event.choices.items()}
        return {"subscriptions": {**(row.subscriptions or {}), **choices}}
    return {}


def _converse(turn: Turn, event: InboundMessage | ContactEvent) -> None:
    state = ConversationState.from_json(turn.address.conversation or {})
    words = table.TABLE.words if turn.address.officer_id is not None else None
    decision = step(state, event, turn.now, rules=turn.deps.rules, officer=words)
    state = carry_out.carry_out(turn, decision.state, decision.acts, event)
    after = state.to_json()
    if after != (turn.address.conversation or {}):
        people.save_conversation(turn.tx, turn.address.id, after, turn.now)


def _answer(turn: Turn, inbox_id: int, to: Address, *, passive: bool) -> tuple[str | None, int | None]:
    """Fill the passive reply: first what was held, then the answers. The rest goes by the ladder.

    On a channel without a passive reply all of it goes by the ladder.
    """
    passive = passive and _has_slot(turn)
    room = turn.channel.limits
    texts: list[str] = []
    first: int | None = None
    for position, (outbox_id, reply) in enumerate(_to_say(turn, passive=passive)):
        text = _passive_text(turn, to, reply) if passive else ""
        joined = SEPARATOR.join([*texts, text])
        fits = size(joined, room.unit) <= room.passive_longest
        if passive and (fits or not texts):
            texts.append(text)
            row_id = outbox_id or _queue(turn, inbox_id, position, reply, state=OutboxState.SENT)
            _said(turn, row_id, inbox_id, held=reply if outbox_id is not None else None)
        elif outbox_id is None:
            row_id = _queue(turn, inbox_id, position, reply, state=OutboxState.PENDING)
            turn.wakes.add("outbox-urgent")
        else:
            continue
        first = first or row_id
    return (SEPARATOR.join(texts) or None), first


def _has_slot(turn: Turn) -> bool:
    return turn.channel.limits.passive_longest > 0 and turn.address.state == AddressState.ACTIVE


def _to_say(turn: Turn, *, passive: bool) -> list[tuple[int | None, Reply]]:
    """The replies, before them what was held for such a slot; with the row of the outbox that has it already."""
    held = _held(turn) if passive else []
    return [*held, *((None, reply) for reply in turn.replies)]


def _passive_text(turn: Turn, to: Address, reply: Reply) -> str:
    text, url = worded(turn.deps, turn.channel, to, reply.key, reply.params, brief=turn.by_sms)
    return fit(turn.deps.texts, turn.channel, text, "" if turn.by_sms else url, passive=True)


def _try_held_again(turn: Turn) -> None:
    """Without a passive reply what was held cannot be put into it. Since the person is there again, the ladder
    tries once more. A text the channel can never carry stays held.
    """
    if (
        turn.channel.limits.passive_longest
        or turn.address.contact_id is None
        or turn.address.state != AddressState.ACTIVE
    ):
        return
    for row in outbox.held_for(turn.tx, turn.address.contact_id):
        if can_ever_send(turn.deps, turn.channel, turn.deps.texts.known(row.key)):
            outbox.settle(turn.tx, row.id, OutboxState.PENDING, turn.now, not_before=turn.now, failed_ways=[])
            turn.wakes.add("outbox-urgent")


def _held(turn: Turn) -> list[tuple[int | None, Reply]]:
    if turn.address.contact_id is None:
        return []
    known = turn.deps.texts.known
    return [(row.id, Reply(known(row.key), row.params)) for row in outbox.held_for(turn.tx, turn.address.contact_id)]


def _queue(turn: Turn, inbox_id: int, position: int, reply: Reply, *, state: OutboxState) -> int | None:
    return outbox.add(
        turn.tx,
        once=f"reply:{inbox_id}:{position}",
        key=reply.key,
        params=reply.params,
        now=turn.now,
        priority=URGENT,
        state=state,
        address_id=turn.address.id,
        contact_id=turn.address.contact_id,
        inquiry_id=turn.inquiry_id,
        way=Way.PASSIVE.value if state == OutboxState.SENT else "",
    )


def _said(turn: Turn, outbox_id: int | None, inbox_id: int, *, held: Reply | None) -> None:
    if outbox_id is None:
        return
    if held is not None:  # a new row has this state already
        outbox.settle(turn.tx, outbox_id, OutboxState.SENT, turn.now, way=Way.PASSIVE.value)
        if held.key in ANSWERS:
            await_rating(turn.tx, turn.address.id, held.params["number"], turn.now)
    outbox.record(
        turn.tx,
        outbox_id,
        turn.now,
        way=Way.PASSIVE.value,
        outcome=AttemptOutcome.SENT,
        address_id=turn.address.id,
        channel=turn.channel.account,
        external_id=_slot(inbox_id),
    )


def _slot(inbox_id: int) -> str:
    """The name under which the passive reply of a message is recorded, in place of a provider's id."""
    return f"inbox:{inbox_id}"


def send_late(deps: Deps, tx: Tx, account: str, taken: inbox.Repeat, now: datetime) -> None:
    """The message was committed after all, but its answer could not be given in time: all of it goes by the ladder."""
    for row in outbox.said_in(tx, account, _slot(taken.inbox_id)):
        # The person has just written, so rungs that were refused before may be open again.
        outbox.settle(tx, row.id, OutboxState.PENDING, now, not_before=now, way="", failed_ways=[])
        outbox.record(
            tx,
            row.id,
            now,
            way=Way.PASSIVE.value,
            outcome=AttemptOutcome.SKIPPED,
            reason="webhook over its time budget",
        )
        tx.after_commit.append(lambda: deps.wake("outbox-urgent"))
