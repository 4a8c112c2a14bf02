"""What an officer can do with an order of the unit's own: entries of the table of officers' actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversation import acts, order_words
from bot.conversation.officer_words import number_and_text, number_only
from bot.directory.units import Role
from bot.inquiry.directions import Direction
from bot.routing.keywords import unit_at_end
from handlers.duty_desk import moves
from handlers.duty_desk.actions import named_unit
from handlers.duty_desk.merge import JOINED
from handlers.inquiry import pause
from handlers.inquiry.acting_officer import Outcome, find
from handlers.inquiry.answers import LONGEST_ANSWER
from handlers.inquiry.officer_action import Missing, OfficerAction
from handlers.notices.phrases import about
from handlers.notices.privacy import text_for
from handlers.officer import contact_details, corrections, orders, unit_requests
from store import directory, inquiries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handlers.inquiry.acting_officer import ActingOfficer
    from handlers.inquiry.officer_action import Command, OrderForm
    from store.records.directory import UnitRecord
    from store.records.joined import OrderRecord

SHORTEST_ANSWER = 2
MOST_DIGITS = 3
NO_TEXT: Missing = {"staff.bad_text": {"longest": LONGEST_ANSWER}}
NO_UNIT: Missing = {"staff.bad_unit": {"names": []}}


def _said(command: Command) -> str:
    """Six digits after the number are the notice's code, or the answer begins with a number."""
    act: acts.StaffReply | acts.StaffCorrect = command.act
    code = command.turn.deps.signer.staff_code(command.at.id, command.acting.officer.id)
    return f"{act.code} {act.text}" if act.code and act.code != code else act.text


def _transfer(command: Command) -> Outcome:
    unit = named_unit(command, command.act.unit)
    return unit if isinstance(unit, Outcome) else orders.transfer(command.acting, command.at, unit)


def _assist(command: Command) -> Outcome:
    unit = named_unit(command, command.act.unit)
    return unit if isinstance(unit, Outcome) else orders.assist(command.acting, command.at, unit)


def _give_back(command: Command) -> Outcome:
    """The unit it should go to stands at the end of the reason, if one is named."""
    named = unit_at_end(command.turn.deps.router().directory, command.act.reason)
    unit = directory.unit_by_code(command.turn.tx, named.code) if named is not None else None
    return unit_requests.give_back(command.acting, command.at, command.act.reason, unit)


def _find_to_read(acting: ActingOfficer, number: str) -> OrderRecord | Outcome:
    """A leader reads what he may have to decide on for the desk, too."""
    found = find(acting, number)
    if acting.officer.role == Role.LEADER and isinstance(found, Outcome):
        return moves.find_order(acting, number)
    return found


def _show(command: Command) -> None:
    """What the citizen said, in full."""
    turn = command.turn
    inquiry = inquiries.get(turn.tx, command.at.inquiry_id)
    said = [
        m.text or f"[{m.kind}]"
        for m in inquiries.messages_of(turn.tx, inquiry.id)
        if m.direction == Direction.IN or m.kind == JOINED
    ]
    parts = [text_for(command.acting.officer, inquiry, part, keeper=turn.deps.secrets_officer) for part in said]
    turn.reply("staff.show", **about(inquiry), parts=parts, masked=parts != said)


# --- the forms of an order's page ---


def _answer_form(acting: ActingOfficer, order: OrderRecord, form: OrderForm) -> Outcome:
    return _too_short(acting, form) or orders.answer(acting, order, form.text)


def _correct_form(acting: ActingOfficer, order: OrderRecord, form: OrderForm) -> Outcome:
    return _too_short(acting, form) or corrections.correct(acting, order, form.text)


def _too_short(acting: ActingOfficer, form: OrderForm) -> Outcome | None:
    if len(form.text.strip()) >= SHORTEST_ANSWER:
        return None
    return acting.refuse("staff.bad_text", longest=LONGEST_ANSWER)


def _give_back_form(acting: ActingOfficer, order: OrderRecord, form: OrderForm) -> Outcome:
    wanted = form.unit.strip()
    unit = _typed_unit(_staffed(acting), wanted)
    if wanted and unit is None:
        return acting.refuse("staff.bad_unit", names=[])
    return unit_requests.give_back(acting, order, form.reason, unit)


def _transfer_form(acting: ActingOfficer, order: OrderRecord, form: OrderForm) -> Outcome:
    unit = _typed_unit(orders.transfer_choices(acting, order), form.unit)
    return orders.transfer(acting, order, unit) if unit is not None else acting.refuse("staff.bad_unit", names=[])


def _assist_form(acting: ActingOfficer, order: OrderRecord, form: OrderForm) -> Outcome:
    unit = _typed_unit(_staffed(acting), form.unit)
    return orders.assist(acting, order, unit) if unit is not None else acting.refuse("staff.bad_unit", names=[])


def _staffed(acting: ActingOfficer) -> list[UnitRecord]:
    staffed = {officer.unit_id for officer in directory.all_officers(acting.tx)}
    return [unit for unit in directory.all_units(acting.tx) if unit.id in staffed]


def _typed_unit(units: Sequence[UnitRecord], typed: str) -> UnitRecord | None:
    wanted = typed.strip()
    named = [unit for unit in units if wanted in {unit.name, unit.code, *unit.short_names}]
    return named[0] if len(named) == 1 else None


def _extend_form(acting: ActingOfficer, order: OrderRecord, form: OrderForm) -> Outcome:
    typed = form.days
    days = int(typed) if typed.isascii() and typed.isdecimal() and len(typed) <= MOST_DIGITS else 0
    return unit_requests.extend(acting, order, days, form.reason, form.category or "none")


ACTIONS = (
    OfficerAction(
        "sign",
        words="收 签收 接收 簽收",
        read=number_only(acts.StaffSign),
        act=acts.StaffSign,
        do=lambda command: orders.sign(command.acting, command.at),
        form=lambda acting, order, _form: orders.sign(acting, order),
    ),
    OfficerAction(
        "answer",
        words="复 答复 回复 復 複 覆 答復 回復",
        read=number_and_text(acts.StaffReply, missing="staff.bad_text", code_anywhere=False),
        act=acts.StaffReply,
        do=lambda command: orders.answer(command.acting, command.at, _said(command)),
        form=_answer_form,
        missing=NO_TEXT,
    ),
    OfficerAction(
        "correct",
        words="更正 更正答复 更正答復 改答",
        read=number_and_text(acts.StaffCorrect, missing="staff.bad_text", code_anywhere=False, doubtful=True),
        act=acts.StaffCorrect,
        do=lambda command: corrections.correct(command.acting, command.at, _said(command)),
        form=_correct_form,
        missing=NO_TEXT,
    ),
    OfficerAction(
        "retract",
        words="撤答 撤回答复 撤回答復",
        read=number_and_text(acts.StaffRetract, missing="staff.bad_retraction", doubtful=True),
        act=acts.StaffRetract,
        do=lambda command: corrections.retract(command.acting, command.at, command.act.reason),
        form=lambda acting, order, form: corrections.retract(acting, order, form.reason),
        missing={"staff.bad_retraction": {"longest": corrections.LONGEST_REASON}},
    ),
    OfficerAction(
        "transfer",
        words="转 转办 轉 轉辦",
        read=number_and_text(acts.StaffTransfer, missing="staff.bad_unit"),
        act=acts.StaffTransfer,
        do=_transfer,
        form=_transfer_form,
        missing=NO_UNIT,
    ),
    OfficerAction(
        "back",
        words="退 退单 退回 退單",
        read=number_and_text(acts.StaffReturn, missing="staff.bad_reason"),
        act=acts.StaffReturn,
        do=_give_back,
        form=_give_back_form,
        missing={"staff.bad_reason": {}},
    ),
    OfficerAction(
        "extend",
        words="延 延期 申请延期",
        read=order_words.read_extend,
        act=acts.StaffExtend,
        do=lambda command: unit_requests.extend(command.acting, command.at, command.act.days, command.act.reason),
        form=_extend_form,
        missing={"staff.bad_extension": {}},
    ),
    OfficerAction(
        "ask",
        words="问 追问 問",
        read=number_and_text(acts.StaffAsk, missing="staff.bad_question"),
        act=acts.StaffAsk,
        do=lambda command: pause.ask(command.acting, command.at, command.act.question),
        form=lambda acting, order, form: pause.ask(acting, order, form.question),
        missing={"staff.bad_question": {}},
    ),
    OfficerAction(
        "assist",
        words="协 协办 協 協辦",
        read=number_and_text(acts.StaffAssist, missing="staff.bad_unit"),
        act=acts.StaffAssist,
        do=_assist,
        form=_assist_form,
        missing=NO_UNIT,
    ),
    OfficerAction(
        "contact",
        words="联系 联系诉求人 聯繫 聯絡",
        read=number_and_text(acts.StaffContact, missing="staff.bad_contact", doubtful=True),
        act=acts.StaffContact,
        do=lambda command: contact_details.ask(command.acting, command.at, command.act.reason),
        form=lambda acting, order, form: contact_details.ask(acting, order, form.reason),
        missing={"staff.bad_contact": {}},
    ),
    OfficerAction(
        "show",
        words="看 查看 详情 詳情",
        read=number_only(lambda number, _code: acts.StaffShow(number)),
        act=acts.StaffShow,
        find=_find_to_read,
        do=_show,
        reads_only=True,
    ),
)
