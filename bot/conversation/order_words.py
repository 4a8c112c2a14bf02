"""What follows an officer's words on an order, where it is more than a number and a text."""

from __future__ import annotations

import re

from bot.conversation.acts import StaffAct, StaffBad, StaffExtend
from bot.conversation.officer_words import GAP, Args
from bot.inquiry.numbers import read_number

# "3号楼" is a place and "3" alone is days.
_DAYS = re.compile(rf"^(?P<days>\d{{1,3}}|[一二三四五六七八九十]{{1,3}})(?:个?工作日|天|日|{GAP}|$){GAP}*")


def read_extend(args: Args) -> StaffAct:
    """延 1024 3 <reason>: days may be left out."""
    code, rest = args.code_anywhere()
    match = _DAYS.match(rest)
    days = read_number(match["days"]) if match else None
    reason = rest[match.end() :].strip() if match and days else rest
    if not reason:
        return StaffBad("staff.bad_extension")
    return StaffExtend(args.number, int(days) if days else None, reason, code)
