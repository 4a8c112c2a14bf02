"""Carries out what a message was understood to ask: one function an act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot import acts
from handlers import binding, citizen, desk_door, floods, matter, rating, rejecting, staff

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bot.conversation import ConversationState
    from bot.messages import ContactEvent, InboundMessage
    from handlers.deps import Turn

Carrier = "Callable[[Turn, ConversationState, Any, InboundMessage | ContactEvent], ConversationState]"


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
    acts.Progress: citizen.progress,
    acts.Urge: citizen.urge,
    acts.Supplement: citizen.supplement,
    acts.Withdraw: citizen.withdraw,
    acts.FullText: citizen.full_text,
    acts.Objection: rejecting.object_to,
    acts.OptOut: citizen.opt_out,
    acts.OptIn: citizen.opt_in,
    acts.Rate: rating.rate,
    acts.RatingReason: rating.reason,
    acts.BindPhone: binding.bind_phone,
    acts.Confirm: binding.confirm,
    acts.StaffList: staff.todo,
    acts.StaffDuty: desk_door.duty_link,
    acts.StaffSign: staff.sign,
    acts.StaffReply: staff.answer,
    acts.StaffTransfer: staff.transfer,
    acts.StaffReturn: staff.give_back,
    acts.StaffExtend: staff.extend,
    acts.StaffAsk: staff.ask,
    acts.StaffAssist: staff.assist,
    acts.StaffSend: staff.send_on,
    acts.StaffReject: staff.reject,
    acts.StaffMerge: staff.merge,
    acts.StaffSplit: staff.split,
    acts.StaffContact: staff.contact,
    acts.StaffCorrect: staff.correct,
    acts.StaffRetract: staff.retract,
    acts.StaffCallBack: staff.call_back,
    acts.StaffApprove: staff.approve,
    acts.StaffRefuse: staff.refuse,
    acts.StaffShow: staff.show,
    acts.StaffBad: staff.bad,
}


def carry_out(
    turn: Turn, state: ConversationState, wanted: Sequence[acts.Act], event: InboundMessage | ContactEvent
) -> ConversationState:
    """Every act in order; the conversation's state after them."""
    for act in wanted:
        state = CARRIERS[type(act)](turn, state, act, event)
    for follow_up in turn.later:
        follow_up()
    return state
