"""Staff words by WeChat or SMS: 待办, 收, 复, 转, 退, 延, 问, 协, 派, 不受理, 并, 更正, 撤答,
准, 驳, 看.

Over SMS a sender can be forged, so a changing command carries the code of its notice; five wrong
codes lock the phone for 30 minutes.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from bot.directory.units import Role
from bot.inquiry.directions import Direction
from bot.inquiry.states import AssignmentState
from bot.routing.keywords import unit_at_end
from handlers.duty_desk import call_backs, decide, moves
from handlers.duty_desk import merge as merge_moves
from handlers.duty_desk import reject as reject_moves
from handlers.duty_desk.merge import JOINED
from handlers.duty_desk.rules import OBJECTION, overtaken
from handlers.inquiry import acting_officer, answers, pause
from handlers.inquiry.linked_matters import take_out
from handlers.inquiry.wrong_codes import count_wrong_code
from handlers.notices.phrases import about, say_time
from handlers.notices.privacy import text_for
from handlers.officer import contact_details, corrections, orders, unit_requests
from store import directory, inquiries

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.conversation import acts
    from bot.conversation.state import ConversationState
    from handlers.services.deps import Turn
    from store.records.directory import UnitRecord
    from store.records.joined import OrderRecord, UnitRequestRecord

LISTED = 8
WHAT_IS_MISSING: dict[str, dict[str, Any]] = {
    "staff.bad_unit": {"names": []},
    "staff.bad_text": {"longest": answers.LONGEST_ANSWER},
    "staff.bad_retraction": {"longest": corrections.LONGEST_REASON},
}


def _acting(turn: Turn) -> acting_officer.ActingOfficer | None:
    officer = directory.officer(turn.tx, turn.address.officer_id)
    if officer is None:
        turn.reply("staff.nobody")
        return None
    return acting_officer.ActingOfficer(turn.tx, turn.deps, officer, turn.now)


def _tell(turn: Turn, outcome: acting_officer.Outcome) -> None:
    turn.reply(outcome.key, **outcome.params)
    if outcome.done:
        turn.wakes.update(("outbox-urgent", "outbox"))


def todo(turn: Turn, state: ConversationState, _act: acts.StaffList, _event: Any) -> ConversationState:
    """待办: the open orders, the most urgent first; for the duty desk its queue with what is proposed."""
    acting = _acting(turn)
    if acting is None:
        return state
    if acting.officer.role == Role.DUTY:
        return _queue(turn, state, acting)
    units = acting_officer.units_in_charge(turn.tx, acting.officer)
    own = units if units is not None else [acting.officer.unit_id]
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


def _queue(turn: Turn, state: ConversationState, acting: acting_officer.ActingOfficer) -> ConversationState:
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
    turn.reply("staff.queue", rows=rows, count=inquiries.count_open(turn.tx, [acting.officer.unit_id]))
    return state


def _order(
    turn: Turn,
    number: str,
    code: str | None,
    *,
    changing: bool = True,
    find: Callable[[acting_officer.ActingOfficer, str], OrderRecord | acting_officer.Outcome] = acting_officer.find,
) -> tuple[acting_officer.ActingOfficer, OrderRecord] | None:
    """The officer and the order, once it is clear that the command is really theirs."""
    acting = _acting(turn)
    if acting is None:
        return None
    found = find(acting, number)
    if isinstance(found, acting_officer.Outcome):
        _tell(turn, found)
        return None
    if changing and turn.by_sms and not _code_right(turn, acting, found.id, found.number, code):
        return None
    turn.inquiry_id = found.inquiry_id
    return acting, found


def _code_right(turn: Turn, acting: acting_officer.ActingOfficer, order_id: int, number: str, code: str | None) -> bool:
    locked = turn.address.locked_until
    if locked is not None and locked > turn.now:
        turn.reply("progress.locked", until=say_time(locked))
        return False
    right = turn.deps.signer.staff_code(order_id, acting.officer.id)
    if code and hmac.compare_digest(right.encode(), code.encode()):
        return True
    if code:
        count_wrong_code(turn)
    turn.reply("staff.code", number=number)
    return False


def sign(turn: Turn, state: ConversationState, act: acts.StaffSign, _event: Any) -> ConversationState:
    """收 1024."""
    if (at := _order(turn, act.number, act.code)) is not None:
        _tell(turn, orders.sign(*at))
    return state


def answer(turn: Turn, state: ConversationState, act: acts.StaffReply, _event: Any) -> ConversationState:
    """复 1024 …"""
    if (at := _order(turn, act.number, act.code)) is not None:
        _tell(turn, orders.answer(*at, _said(turn, at, act)))
    return state


def correct(turn: Turn, state: ConversationState, act: acts.StaffCorrect, _event: Any) -> ConversationState:
    """更正 1024 …"""
    if (at := _order(turn, act.number, act.code)) is not None:
        _tell(turn, corrections.correct(*at, _said(turn, at, act)))
    return state


def retract(turn: Turn, state: ConversationState, act: acts.StaffRetract, _event: Any) -> ConversationState:
    """撤答 1024 <why>."""
    if (at := _order(turn, act.number, act.code)) is not None:
        _tell(turn, corrections.retract(*at, act.reason))
    return state


def _said(
    turn: Turn, at: tuple[acting_officer.ActingOfficer, OrderRecord], act: acts.StaffReply | acts.StaffCorrect
) -> str:
    """Six digits after the number are the notice's code, or the answer begins with a number."""
    acting, order = at
    if act.code and act.code != turn.deps.signer.staff_code(order.id, acting.officer.id):
        return f"{act.code} {act.text}"
    return act.text


def transfer(turn: Turn, state: ConversationState, act: acts.StaffTransfer, _event: Any) -> ConversationState:
    """转 1024 <unit>."""
    if (at := _order(turn, act.number, act.code)) is None:
        return state
    if (row := _unit(turn, act.unit)) is not None:
        _tell(turn, orders.transfer(*at, row))
    return state


def assist(turn: Turn, state: ConversationState, act: acts.StaffAssist, _event: Any) -> ConversationState:
    """协 1024 <unit>."""
    if (at := _order(turn, act.number, act.code)) is not None and (row := _unit(turn, act.unit)) is not None:
        _tell(turn, orders.assist(*at, row))
    return state


def send_on(turn: Turn, state: ConversationState, act: acts.StaffSend, _event: Any) -> ConversationState:
    """派 1024 2, 派 1024 <unit>, either with 协 and who helps."""
    if (at := _desk_order(turn, act.number, act.code)) is None:
        return state
    unit = _picked(turn, at, act.pick) if act.pick else _unit(turn, act.unit)
    helping = [_unit(turn, name) for name in act.assists] if unit is not None else []
    if unit is None or None in helping:
        return state
    helpers = [row for row in helping if row is not None]
    outcome = (
        moves.send_jointly(*at, unit, helpers, pick=act.pick) if helpers else moves.send_on(*at, unit, pick=act.pick)
    )
    _tell(turn, outcome)
    return state


def _desk_order(turn: Turn, number: str, code: str | None) -> tuple[acting_officer.ActingOfficer, OrderRecord] | None:
    """For who decides for the desk, unless somebody else has just done so."""
    at = _order(turn, number, code, find=moves.find_order)
    if at is not None and (refused := overtaken(*at)) is not None:
        _tell(turn, refused)
        return None
    return at


def _picked(turn: Turn, at: tuple[acting_officer.ActingOfficer, OrderRecord], pick: int) -> UnitRecord | None:
    """The unit of a suggestion; otherwise the officer is told which there are."""
    acting, order = at
    inquiry = inquiries.get(turn.tx, order.inquiry_id)
    found = moves.suggestions(turn.tx, turn.deps, inquiry)
    chosen = next((each for each in found if each.position == pick), None)
    if chosen is not None:
        return directory.unit_by_code(turn.tx, chosen.unit_code)
    rows = [{"position": each.position, "unit": each.unit_name} for each in found]
    _tell(turn, acting.refuse("staff.no_suggestion", number=order.number, pick=pick, unit=order.unit_name, rows=rows))
    return None


def reject(turn: Turn, state: ConversationState, act: acts.StaffReject, _event: Any) -> ConversationState:
    """不受理 1024 <reason> [text]."""
    if (at := _desk_order(turn, act.number, act.code)) is not None:
        _tell(turn, reject_moves.reject(*at, act.reason, act.note))
    return state


def merge(turn: Turn, state: ConversationState, act: acts.StaffMerge, _event: Any) -> ConversationState:
    """并 1024 1019."""
    if (at := _desk_order(turn, act.number, act.code)) is None:
        return state
    into = merge_moves.find_head(at[0], act.into)
    _tell(turn, into if isinstance(into, acting_officer.Outcome) else merge_moves.merge(*at, into))
    return state


def split(turn: Turn, state: ConversationState, act: acts.StaffSplit, _event: Any) -> ConversationState:
    """分 1024."""
    if (at := _order(turn, act.number, act.code)) is not None:
        _tell(turn, take_out(*at))
    return state


def contact(turn: Turn, state: ConversationState, act: acts.StaffContact, _event: Any) -> ConversationState:
    """联系 1024 <reason>."""
    if (at := _order(turn, act.number, act.code)) is not None:
        _tell(turn, contact_details.ask(*at, act.reason))
    return state


def call_back(turn: Turn, state: ConversationState, act: acts.StaffCallBack, _event: Any) -> ConversationState:
    """回访 1024 满意."""
    if (at := _order(turn, act.number, act.code)) is not None:
        _tell(turn, call_backs.call_back(*at, act.score, act.note))
    return state


def _unit(turn: Turn, typed: str) -> UnitRecord | None:
    """The one unit meant; otherwise the officer is told which come near."""
    found = moves.unit_named(turn.tx, turn.deps, typed)
    if isinstance(found, list):
        turn.reply("staff.bad_unit", names=found)
        return None
    return found


def give_back(turn: Turn, state: ConversationState, act: acts.StaffReturn, _event: Any) -> ConversationState:
    """退 1024 <reason>, with the unit it should go to at the end, if one is named."""
    if (at := _order(turn, act.number, act.code)) is not None:
        named = unit_at_end(turn.deps.router().directory, act.reason)
        unit = directory.unit_by_code(turn.tx, named.code) if named is not None else None
        _tell(turn, unit_requests.give_back(*at, act.reason, unit))
    return state


def extend(turn: Turn, state: ConversationState, act: acts.StaffExtend, _event: Any) -> ConversationState:
    """延 1024 3 <reason>."""
    if (at := _order(turn, act.number, act.code)) is not None:
        _tell(turn, unit_requests.extend(*at, act.days, act.reason))
    return state


def ask(turn: Turn, state: ConversationState, act: acts.StaffAsk, _event: Any) -> ConversationState:
    """问 1024 <question>."""
    if (at := _order(turn, act.number, act.code)) is not None:
        _tell(turn, pause.ask(*at, act.question))
    return state


def approve(turn: Turn, state: ConversationState, act: acts.StaffApprove, _event: Any) -> ConversationState:
    """准 1024."""
    if (at := _request(turn, act.number, act.code)) is not None:
        _tell(turn, decide.approve(*at, act.note))
    return state


def refuse(turn: Turn, state: ConversationState, act: acts.StaffRefuse, _event: Any) -> ConversationState:
    """驳 1024 <why>."""
    if (at := _request(turn, act.number, act.code)) is not None:
        _tell(turn, decide.refuse(*at, act.why))
    return state


def _request(
    turn: Turn, number: str, code: str | None
) -> tuple[acting_officer.ActingOfficer, UnitRequestRecord] | None:
    """The officer and the request to decide, once it is clear that the command is really theirs."""
    acting = _acting(turn)
    if acting is None:
        return None
    found = decide.find_request(acting, number)
    if isinstance(found, acting_officer.Outcome):
        _tell(turn, found)
        return None
    if turn.by_sms and not _code_right(turn, acting, found.assignment_id, found.number, code):
        return None
    turn.inquiry_id = found.inquiry_id
    return acting, found


def _to_read(acting: acting_officer.ActingOfficer, number: str) -> OrderRecord | acting_officer.Outcome:
    """A leader reads what he may have to decide on for the desk, too."""
    found = acting_officer.find(acting, number)
    return (
        moves.find_order(acting, number)
        if acting.officer.role == Role.LEADER and isinstance(found, acting_officer.Outcome)
        else found
    )


def show(turn: Turn, state: ConversationState, act: acts.StaffShow, _event: Any) -> ConversationState:
    """看 1024: what the citizen said, in full."""
    if (at := _order(turn, act.number, None, changing=False, find=_to_read)) is None:
        return state
    inquiry = inquiries.get(turn.tx, at[1].inquiry_id)
    said = [
        m.text or f"[{m.kind}]"
        for m in inquiries.messages_of(turn.tx, inquiry.id)
        if m.direction == Direction.IN or m.kind == JOINED
    ]
    parts = [text_for(at[0].officer, inquiry, part, keeper=turn.deps.secrets_officer) for part in said]
    turn.reply("staff.show", **about(inquiry), parts=parts, masked=parts != said)
    return state


def bad(turn: Turn, state: ConversationState, act: acts.StaffBad, _event: Any) -> ConversationState:
    """A staff word that lacks something."""
    turn.reply(act.key, **WHAT_IS_MISSING.get(act.key, {}))
    return state
