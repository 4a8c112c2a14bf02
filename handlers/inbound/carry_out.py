"""Carries out what a message was understood to ask for: one function for each act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.conversation import acts
from handlers.citizen import matter, own_inquiries, phone, rating
from handlers.duty_desk import reject
from handlers.inbound import floods
from handlers.officer import commands, duty_link, table, todo

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.conversation.state import ConversationState
    from bot.edge.messages import ContactEvent, InboundMessage
    from handlers.services.deps import Turn


def _hint(turn: Turn, state: ConversationState, act: acts.Hint, _event: Any) -> ConversationState:
    turn.reply(act.key)
    return state


def _ignore(turn: Turn, state: ConversationState, act: acts.Ignore, _event: Any) -> ConversationState:
    turn.deps.metrics.count("ignored", why=act.why)
    return state


def _human(turn: Turn, state: ConversationState, _act: acts.Human, _event: Any) -> ConversationState:
    turn.reply("human")
    return state


CARRIERS: dict[type, Callable[[Turn, ConversationState, Any, Any], ConversationState]] = {
    acts.OpenInquiry: matter.open_inquiry,
    acts.AddPart: matter.add_part,
    acts.EndDraft: matter.end_draft,
    acts.Emergency: matter.emergency,
    acts.CoolDown: floods.cool_down,
    acts.Keep: floods.keep,
    acts.Hint: _hint,
    acts.Ignore: _ignore,
    acts.Human: _human,
    acts.Progress: own_inquiries.progress,
    acts.Urge: own_inquiries.urge,
    acts.Supplement: own_inquiries.supplement,
    acts.Withdraw: own_inquiries.withdraw,
    acts.FullText: own_inquiries.full_text,
    acts.Objection: reject.object_to,
    acts.OptOut: own_inquiries.opt_out,
    acts.OptIn: own_inquiries.opt_in,
    acts.Rate: rating.rate,
    acts.RatingReason: rating.reason,
    acts.BindPhone: phone.bind_phone,
    acts.Confirm: phone.confirm,
    acts.StaffList: todo.todo,
    acts.StaffDuty: duty_link.duty_link,
    acts.StaffBad: commands.bad,
    acts.StaffCommand: commands.carry_out,
    **{entry.act: commands.carry_out for entry in table.TABLE.entries},
}


def carry_out(
    turn: Turn, state: ConversationState, wanted: Sequence[acts.Act], event: InboundMessage | ContactEvent
) -> ConversationState:
    """Carry out every act in order. Returns the state of the conversation after them."""
    for act in wanted:
        state = CARRIERS[type(act)](turn, state, act, event)
    for follow_up in turn.later:
        follow_up()
    return state
