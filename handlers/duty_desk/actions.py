"""What the duty desk can do with an order or a request: its entries of the table of officers' actions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.conversation import acts, desk_words
from bot.conversation.officer_words import number_and_text
from bot.directory.units import Role
from handlers.duty_desk import call_backs, decide, merge, moves, reject
from handlers.duty_desk.rules import overtaken
from handlers.inquiry import linked_matters
from handlers.inquiry.acting_officer import DECIDERS, GONE, Outcome
from handlers.inquiry.officer_action import OfficerAction
from store import directory, inquiries, requests

if TYPE_CHECKING:
    from handlers.inquiry.acting_officer import ActingOfficer
    from handlers.inquiry.officer_action import Command, OrderForm
    from store.records.directory import UnitRecord
    from store.records.joined import OrderRecord, UnitRequestRecord


def named_unit(command: Command, typed: str) -> UnitRecord | Outcome:
    """The one unit meant; otherwise the officer is told which come near."""
    found = moves.unit_named(command.turn.tx, command.turn.deps, typed)
    return command.acting.refuse("staff.bad_unit", names=found) if isinstance(found, list) else found


def _send(command: Command) -> Outcome | None:
    act: acts.StaffSend = command.act
    unit = _picked(command, act.pick) if act.pick else named_unit(command, act.unit)
    if isinstance(unit, Outcome):
        return unit
    named = [named_unit(command, name) for name in act.assists]
    helpers = [each for each in named if not isinstance(each, Outcome)]
    for unclear in (each for each in named if isinstance(each, Outcome)):
        command.turn.reply(unclear.key, **unclear.params)
    if len(helpers) < len(named):
        return None
    if helpers:
        return moves.send_jointly(command.acting, command.at, unit, helpers, pick=act.pick)
    return moves.send_on(command.acting, command.at, unit, pick=act.pick)


def _picked(command: Command, pick: int) -> UnitRecord | Outcome:
    """The unit of a suggestion; otherwise the officer is told which there are."""
    acting, order = command.acting, command.at
    found = moves.suggestions(acting.tx, acting.deps, inquiries.get(acting.tx, order.inquiry_id))
    chosen = next((each for each in found if each.position == pick), None)
    unit = directory.unit_by_code(acting.tx, chosen.unit_code) if chosen is not None else None
    if unit is not None:
        return unit
    rows = [{"position": each.position, "unit": each.unit_name} for each in found]
    return acting.refuse("staff.no_suggestion", number=order.number, pick=pick, unit=order.unit_name, rows=rows)


def _merge(command: Command) -> Outcome:
    into = merge.find_head(command.acting, command.act.into)
    return into if isinstance(into, Outcome) else merge.merge(command.acting, command.at, into)


def _form_request(acting: ActingOfficer, order: OrderRecord, form: OrderForm) -> UnitRequestRecord | Outcome:
    """The request the form was made for, of this inquiry and no other."""
    rows = requests.of_inquiry(acting.tx, order.inquiry_id)
    found = next((row for row in rows if str(row.id) == form.request), None)
    return found if found is not None else acting.refuse(GONE)


def _approve_form(acting: ActingOfficer, order: OrderRecord, form: OrderForm) -> Outcome:
    found = _form_request(acting, order, form)
    return found if isinstance(found, Outcome) else decide.approve(acting, found, form.note)


def _refuse_form(acting: ActingOfficer, order: OrderRecord, form: OrderForm) -> Outcome:
    found = _form_request(acting, order, form)
    return found if isinstance(found, Outcome) else decide.refuse(acting, found, form.note)


ACTIONS = (
    OfficerAction(
        "send",
        words="派 派单 派單 分派 派给 派給",
        read=desk_words.read_send,
        act=acts.StaffSend,
        find=moves.find_order,
        stopped=overtaken,
        do=_send,
        form=lambda acting, order, form: moves.send_pick(acting, order, form.pick),
        roles=DECIDERS,
        missing={"staff.bad_send": {}},
    ),
    OfficerAction(
        "reject",
        words="不受理 不予受理 拒",
        read=desk_words.read_reject,
        act=acts.StaffReject,
        find=moves.find_order,
        stopped=overtaken,
        do=lambda command: reject.reject(command.acting, command.at, command.act.reason, command.act.note),
        roles=DECIDERS,
        missing={"staff.bad_reject": {}},
    ),
    OfficerAction(
        "merge",
        words="并 并案 合并 併 併案 合併 並 並案",
        read=desk_words.read_merge,
        act=acts.StaffMerge,
        find=moves.find_order,
        stopped=overtaken,
        do=_merge,
        roles=DECIDERS,
        missing={"staff.bad_merge": {}},
    ),
    OfficerAction(
        "split",
        words="分 分出 分开 分開",
        read=desk_words.read_split,
        act=acts.StaffSplit,
        do=lambda command: linked_matters.take_out(command.acting, command.at),
        form=lambda acting, order, form: linked_matters.take_out_chosen(acting, order, form.linked),
    ),
    OfficerAction(
        "approve",
        words="准 批准 同意 準",
        read=number_and_text(acts.StaffApprove, missing=None),
        act=acts.StaffApprove,
        find=decide.find_request,
        do=lambda command: decide.approve(command.acting, command.at, command.act.note),
        form=_approve_form,
        on_request=True,
        roles=DECIDERS,
    ),
    OfficerAction(
        "refuse",
        words="驳 驳回 不准 不同意 駁 駁回",
        read=number_and_text(acts.StaffRefuse, missing="staff.bad_refusal"),
        act=acts.StaffRefuse,
        find=decide.find_request,
        do=lambda command: decide.refuse(command.acting, command.at, command.act.why),
        form=_refuse_form,
        on_request=True,
        roles=DECIDERS,
        missing={"staff.bad_refusal": {}},
    ),
    OfficerAction(
        "call_back",
        words="回访 回訪",
        read=desk_words.read_call_back,
        act=acts.StaffCallBack,
        do=lambda command: call_backs.call_back(command.acting, command.at, command.act.score, command.act.note),
        roles=frozenset({Role.DUTY}),
        missing={"staff.bad_call_back": {}},
    ),
)
