"""What follows the duty desk's words: 派, 不受理, 并, 分, 回访."""

from __future__ import annotations

import re

from bot.conversation.acts import (
    StaffAct,
    StaffBad,
    StaffCallBack,
    StaffMerge,
    StaffReject,
    StaffSend,
    StaffSplit,
)
from bot.conversation.officer_words import CODE_DIGITS, GAP, Args
from bot.inquiry.numbers import read_number
from bot.inquiry.rejection import read_reason
from bot.text.reading import normalise

_AROUND = " \t\r\n\u3000\xa0,，:：;；、。."
# 科协 and 政协 are units: the word stands apart on both sides.
_JOINTLY = re.compile(rf"(?:^|{GAP}|\s)(?:协办|協辦|协|協)(?:(?:{GAP}|\s)+|$)")
_PICK = re.compile(r"^(?:第|建议)?(?P<pick>[1-9一二三])(?:个|号|条)?$")
_PICKS = {"一": 1, "二": 2, "三": 3}


def read_send(args: Args) -> StaffAct | None:
    """派 1024 2, 派 1024 <unit>, either with 协 and who helps."""
    code, rest = args.code_anywhere()
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


def read_reject(args: Args) -> StaffAct | None:
    """不受理 1024 <reason> [text]."""
    code, rest = args.code_anywhere()
    if not args.meant:
        return None
    said = read_reason(rest)
    return StaffReject(args.number, said.reason.value, said.note, code) if said else StaffBad("staff.bad_reject")


def read_split(args: Args) -> StaffAct | None:
    """分3次付款 is a sentence: nothing but a code may follow."""
    code, rest = args.code_anywhere()
    return StaffSplit(args.number, code) if args.meant and not rest else None


_INTO = re.compile(r"^(?:到|入|至|进|進|和|与|與)\s*")


def read_merge(args: Args) -> StaffAct | None:
    """并 1024 1019."""
    code, rest = args.code_anywhere()
    into = read_number(_INTO.sub("", rest)) if rest else None
    if into:
        return StaffMerge(args.number, into, code)
    return _merge_tails(args.typed) or (StaffBad("staff.bad_merge") if args.meant else None)


def _merge_tails(typed: str) -> StaffAct | None:
    """``24 1019`` are two tails, though they look like the beginning of one full number."""
    parts = normalise(typed).split()
    numbers = [part for part in parts if len(part) != CODE_DIGITS]
    codes = [part for part in parts if len(part) == CODE_DIGITS]
    if not all(part.isdecimal() for part in parts) or len(numbers) != 2 or len(codes) > 1:
        return None
    return StaffMerge(numbers[0], numbers[1], codes[0] if codes else None)


# "不满意" before "满意", which it ends with.
_HEARD = re.compile(rf"^(?P<heard>不满意|基本满意|满意|未接通|没接通|无人接听)(?:{GAP}|[。.!！]|$)+")
_SCORES = {"满意": 1, "基本满意": 2, "不满意": 3}


def read_call_back(args: Args) -> StaffAct:
    """回访 1024 满意, with a note."""
    code, rest = args.code_anywhere()
    match = _HEARD.match(rest)
    if match is None:
        return StaffBad("staff.bad_call_back")
    return StaffCallBack(args.number, _SCORES.get(match["heard"], 0), rest[match.end() :].strip(), code)
