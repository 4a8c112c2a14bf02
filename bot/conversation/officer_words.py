"""Officers' words: 待办, 收, 复, 转, 退, 延, 问, 协, 派, 不受理, 并, 分, 更正, 撤答, 联系, 准, 驳, 回访,
看 and 绑定.

Read only for a known officer, and only from the first characters of a message: the same words in a
forwarded, quoted or longer text are not a command. What follows the number of 复 stays as written.
Over SMS, where a sender can be forged, the 6-digit code of the notice follows the number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bot.conversation.acts import (
    Confirm,
    Hint,
    StaffAct,
    StaffApprove,
    StaffAsk,
    StaffAssist,
    StaffBad,
    StaffCallBack,
    StaffContact,
    StaffCorrect,
    StaffDuty,
    StaffExtend,
    StaffList,
    StaffMerge,
    StaffRefuse,
    StaffReject,
    StaffReply,
    StaffRetract,
    StaffReturn,
    StaffSend,
    StaffShow,
    StaffSign,
    StaffSplit,
    StaffTransfer,
)
from bot.conversation.citizen_words import parse_confirm
from bot.inquiry.numbers import read_number
from bot.inquiry.rejection import read_reason
from bot.text.reading import bare, normalise, word_set

if TYPE_CHECKING:
    from collections.abc import Callable

STAFF_KEYS = (
    "staff.bad_call_back",
    "staff.bad_contact",
    "staff.bad_extension",
    "staff.bad_merge",
    "staff.bad_number",
    "staff.bad_question",
    "staff.bad_reason",
    "staff.bad_refusal",
    "staff.bad_reject",
    "staff.bad_retraction",
    "staff.bad_send",
    "staff.bad_text",
    "staff.bad_unit",
    "staff.help",
)

_LIST = word_set(
    "待办 我的待办 待办事项 待办列表 查待办 看待办 列表",
)
_DUTY = word_set(
    "值班 派单台 值班台",
)
_HELP = word_set(
    "口令 命令 工作人员帮助 办理帮助",
)
_WORDS = {
    "收": "sign", "签收": "sign", "接收": "sign",
    "复": "reply", "答复": "reply", "回复": "reply", "復": "reply", "複": "reply", "覆": "reply",
    "转": "transfer", "转办": "transfer", "轉": "transfer", "轉辦": "transfer", "簽收": "sign",
    "退": "return", "退单": "return", "退回": "return", "退單": "return", "答復": "reply", "回復": "reply",
    "延": "extend", "延期": "extend", "申请延期": "extend", "问": "ask", "追问": "ask", "問": "ask",
    "协": "assist", "协办": "assist", "協": "assist", "協辦": "assist",
    "派": "send", "派单": "send", "派單": "send", "分派": "send", "派给": "send", "派給": "send",
    "不受理": "reject", "不予受理": "reject", "拒": "reject",
    "并": "merge", "并案": "merge", "合并": "merge",
    "併": "merge", "併案": "merge", "合併": "merge", "並": "merge", "並案": "merge",
    "分": "split", "分出": "split", "分开": "split", "分開": "split",
    "更正": "correct", "更正答复": "correct", "更正答復": "correct", "改答": "correct",
    "撤答": "retract", "撤回答复": "retract", "撤回答復": "retract",
    "联系": "contact", "联系诉求人": "contact", "聯繫": "contact", "聯絡": "contact",
    "准": "approve", "批准": "approve", "同意": "approve", "準": "approve",
    "驳": "refuse", "驳回": "refuse", "不准": "refuse", "不同意": "refuse", "駁": "refuse", "駁回": "refuse",
    "回访": "call_back", "回訪": "call_back",
    "看": "show", "查看": "show", "详情": "show", "詳情": "show",
}  # fmt: skip
_WORD = re.compile(
    rf"^[\s\u200b-\u200f\u202a-\u202e\ufeff]*(?P<word>{'|'.join(sorted(_WORDS, key=len, reverse=True))})"
)
_GAP = r"[ \t\u3000\xa0,，:：;；、]"
# Python's \d knows full-width digits as well.
_NUMBER = re.compile(
    rf"^{_GAP}*[#＃]?(?P<number>\d{{2}}[-－–—. ]\d{{4}}[-－–—. ]\d{{1,6}}|\d{{4}}[-－–—]\d{{1,6}}|\d{{1,12}}"
    rf"|[零〇一二三四五六七八九十百千幺两]+(?=号|\s|$|[,，:：]))(?:{_GAP}*号)?(?P<end>(?:{_GAP}|\n|\r)+|$)?"
)
_HEAD_CODE = re.compile(r"^(?P<code>\d{6})(?:\s+|[,，:：;；]\s*|$)")
_CODE_DIGITS = 6
_BEFORE_CODE = " \t\r\n\u3000,，;；"
_AROUND = " \t\r\n\u3000\xa0,，:：;；、。."
_STARTS_LIKE_NUMBER = re.compile(r"^(?:[\s:：,，#＃]|\d|$)")


SHORTEST_CLOSE = 3
"""Digits of a number that need not stand apart: 派3个人来 is a sentence."""


class _Args(NamedTuple):
    """``typed``: all that followed the word."""

    number: str
    rest: str
    apart: bool
    typed: str

    @property
    def meant(self) -> bool:
        """Whether the number is one, and not how many of something."""
        return self.apart or not self.rest or len(self.number) >= SHORTEST_CLOSE


def parse_staff(text: str) -> StaffAct | Confirm | Hint | None:
    """The act of an officer's message; StaffBad names what is missing; None when it is no command."""
    word = bare(text)
    if word in _LIST:
        return StaffList()
    if word in _DUTY:
        return StaffDuty()
    if word in _HELP:
        return StaffBad("staff.help")
    if word.startswith("绑定") and not word.startswith("绑定手机"):
        return parse_confirm(normalise(text))
    match = _WORD.match(text)
    if match is None:
        return None
    return _read(_WORDS[match["word"]], text[match.end() :])


def _read(verb: str, rest: str) -> StaffAct | None:
    args = _number_and_rest(rest)
    if args is None:
        return StaffBad("staff.bad_number") if _meant_as_command(rest) else None
    return _READERS[verb](args)


def _meant_as_command(rest: str) -> bool:
    """``收 abc`` or ``复``, but not ``收费太高`` and no text of several lines."""
    return bool(_STARTS_LIKE_NUMBER.match(rest)) and "\n" not in rest.strip()


def _number_and_rest(rest: str) -> _Args | None:
    match = _NUMBER.match(rest)
    number = match and read_number(match["number"])
    if not match or not number:
        return None
    return _Args(number, rest[match.end() :].strip(), match["end"] is not None, rest.strip())


def _head_code(rest: str) -> tuple[str | None, str]:
    match = _HEAD_CODE.match(rest)
    return (_ascii(match["code"]), rest[match.end() :]) if match else (None, rest)


def _any_code(rest: str) -> tuple[str | None, str]:
    """Right after the number or at the very end."""
    code, text = _head_code(rest)
    before, tail = rest[:-_CODE_DIGITS], rest[-_CODE_DIGITS:]
    if code or len(tail) < _CODE_DIGITS or not tail.isdecimal() or before[-1:] not in _BEFORE_CODE:
        return code, text
    return _ascii(tail), before.rstrip(_BEFORE_CODE)


def _ascii(code: str) -> str:
    return normalise(code)


def _sign(args: _Args) -> StaffAct:
    code, rest = _head_code(args.rest)
    return StaffBad("staff.bad_number") if rest else StaffSign(args.number, code)


def _show(args: _Args) -> StaffAct:
    _code, rest = _head_code(args.rest)
    return StaffBad("staff.bad_number") if rest else StaffShow(args.number)


def _reply(args: _Args) -> StaffAct:
    code, text = _head_code(args.rest)
    return StaffReply(args.number, text, code) if text else StaffBad("staff.bad_text")


def _correct(args: _Args) -> StaffAct | None:
    code, text = _head_code(args.rest)
    if not args.meant:
        return None
    return StaffCorrect(args.number, text, code) if text else StaffBad("staff.bad_text")


def _retract(args: _Args) -> StaffAct | None:
    code, reason = _any_code(args.rest)
    if not args.meant:
        return None
    return StaffRetract(args.number, reason, code) if reason else StaffBad("staff.bad_retraction")


def _transfer(args: _Args) -> StaffAct:
    code, unit = _any_code(args.rest)
    return StaffTransfer(args.number, unit, code) if unit else StaffBad("staff.bad_unit")


# "3号楼" is a place and "3" alone is days.
_DAYS = re.compile(rf"^(?P<days>\d{{1,3}}|[一二三四五六七八九十]{{1,3}})(?:个?工作日|天|日|{_GAP}|$){_GAP}*")


def _extend(args: _Args) -> StaffAct:
    code, rest = _any_code(args.rest)
    match = _DAYS.match(rest)
    days = read_number(match["days"]) if match else None
    reason = rest[match.end() :].strip() if match and days else rest
    if not reason:
        return StaffBad("staff.bad_extension")
    return StaffExtend(args.number, int(days) if days else None, reason, code)


def _ask(args: _Args) -> StaffAct:
    code, question = _any_code(args.rest)
    return StaffAsk(args.number, question, code) if question else StaffBad("staff.bad_question")


def _assist(args: _Args) -> StaffAct:
    code, unit = _any_code(args.rest)
    return StaffAssist(args.number, unit, code) if unit else StaffBad("staff.bad_unit")


# 科协 and 政协 are units: the word stands apart on both sides.
_JOINTLY = re.compile(rf"(?:^|{_GAP}|\s)(?:协办|協辦|协|協)(?:(?:{_GAP}|\s)+|$)")
_PICK = re.compile(r"^(?:第|建议)?(?P<pick>[1-9一二三])(?:个|号|条)?$")
_PICKS = {"一": 1, "二": 2, "三": 3}


def _send(args: _Args) -> StaffAct | None:
    code, rest = _any_code(args.rest)
    first, *others = _JOINTLY.split(rest, maxsplit=1)
    unit, helping = first.strip(_AROUND), tuple(re.split(r"[\s,，、;；]+", others[0].strip(_AROUND))) if others else ()
    if not args.meant:
        return None
    if not unit or helping == ("",):
        return StaffBad("staff.bad_send")
    pick = _PICK.match(normalise(unit))
    if pick is None:
        return StaffSend(args.number, unit, 0, helping, code)
    return StaffSend(args.number, "", _PICKS.get(pick["pick"]) or int(pick["pick"]), helping, code)


def _reject(args: _Args) -> StaffAct | None:
    code, rest = _any_code(args.rest)
    if not args.meant:
        return None
    said = read_reason(rest)
    return StaffReject(args.number, said.reason.value, said.note, code) if said else StaffBad("staff.bad_reject")


def _split(args: _Args) -> StaffAct | None:
    """分3次付款 is a sentence: nothing but a code may follow."""
    code, rest = _any_code(args.rest)
    return StaffSplit(args.number, code) if args.meant and not rest else None


def _contact(args: _Args) -> StaffAct | None:
    code, reason = _any_code(args.rest)
    if not args.meant:
        return None
    return StaffContact(args.number, reason, code) if reason else StaffBad("staff.bad_contact")


_INTO = re.compile(r"^(?:到|入|至|进|進|和|与|與)\s*")


def _merge(args: _Args) -> StaffAct | None:
    code, rest = _any_code(args.rest)
    into = read_number(_INTO.sub("", rest)) if rest else None
    if into:
        return StaffMerge(args.number, into, code)
    return _merge_tails(args.typed) or (StaffBad("staff.bad_merge") if args.meant else None)


def _merge_tails(typed: str) -> StaffAct | None:
    """``24 1019`` are two tails, though they look like the beginning of one full number."""
    parts = normalise(typed).split()
    numbers = [part for part in parts if len(part) != _CODE_DIGITS]
    codes = [part for part in parts if len(part) == _CODE_DIGITS]
    if not all(part.isdecimal() for part in parts) or len(numbers) != 2 or len(codes) > 1:
        return None
    return StaffMerge(numbers[0], numbers[1], codes[0] if codes else None)


def _approve(args: _Args) -> StaffAct:
    code, note = _any_code(args.rest)
    return StaffApprove(args.number, note, code)


def _refuse(args: _Args) -> StaffAct:
    code, why = _any_code(args.rest)
    return StaffRefuse(args.number, why, code) if why else StaffBad("staff.bad_refusal")


def _return(args: _Args) -> StaffAct:
    code, reason = _any_code(args.rest)
    return StaffReturn(args.number, reason, code) if reason else StaffBad("staff.bad_reason")


# "不满意" before "满意", which it ends with.
_HEARD = re.compile(rf"^(?P<heard>不满意|基本满意|满意|未接通|没接通|无人接听)(?:{_GAP}|[。.!！]|$)+")
_SCORES = {"满意": 1, "基本满意": 2, "不满意": 3}


def _call_back(args: _Args) -> StaffAct:
    code, rest = _any_code(args.rest)
    match = _HEARD.match(rest)
    if match is None:
        return StaffBad("staff.bad_call_back")
    return StaffCallBack(args.number, _SCORES.get(match["heard"], 0), rest[match.end() :].strip(), code)


_READERS: dict[str, Callable[[_Args], StaffAct | None]] = {
    "sign": _sign,
    "reply": _reply,
    "correct": _correct,
    "retract": _retract,
    "transfer": _transfer,
    "return": _return,
    "extend": _extend,
    "ask": _ask,
    "assist": _assist,
    "send": _send,
    "reject": _reject,
    "merge": _merge,
    "split": _split,
    "contact": _contact,
    "approve": _approve,
    "refuse": _refuse,
    "show": _show,
    "call_back": _call_back,
}
