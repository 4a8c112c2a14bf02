"""Finds the runs of digits in a text that identify a person: telephone, identity card, bank card.

It works on a text in which every digit, full-width or Chinese, has been replaced by ASCII at its place
(``bot/text/masking.py`` does that). People write numbers in groups, so neighbouring groups are tried together,
the longest combination first. A number has at most 19 digits, so the cost grows only linearly with the text.
"""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from bot.text.reading import word_set

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LONGEST, SHORTEST = 19, 7
_BEFORE = 12  # characters in front of a number that may say what it is
_BETWEEN = frozenset(" -.()·_")
_GROUP = re.compile(r"[0-9]+")

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"0(?:10|2[0-9])[2-8][0-9]{7}|0[3-9][0-9]{2}[2-8][0-9]{6,7}")
_SERVICE = re.compile(r"[48]00[0-9]{7}")
_SAYS_PHONE = re.compile(
    r"(?:电话|電話|手机|手機|座机|固话|致电|拨打|号码|號碼|联系方式|tel|phone|mobile)(?!费|費)", re.IGNORECASE
)
_SAYS_ID = re.compile(r"身份证|身份證|证件号|證件號")
_SAYS_CARD = re.compile(r"卡号|卡號|银行卡|銀行卡|信用卡|账号|帐号|賬號|账户|帐户|存折|社保卡")

# The first two digits of an identity card: a province (GB/T 2260, read 2026-11).
_PROVINCES = word_set(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83"
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_GROWN = 2010  # born before: a wrong check digit is a slip; later, "area + date + counter" is a case number


class Number(NamedTuple):
    """A number at ``start``; ``kind`` one of mobile, landline, id_card, bank_card."""

    start: int
    end: int
    kind: str


class _Run(NamedTuple):
    """Groups of digits tried as one number: the digits, the sizes of the groups, the words in front, and whether
    an ``x`` follows or a ``+`` precedes.
    """

    digits: str
    sizes: tuple[int, ...]
    before: str
    x: bool
    plus: bool

    @property
    def whole(self) -> bool:
        """Whether the groups are written like one number: evenly, or digit by digit, and not as a list or a date."""
        return len(self.sizes) == 1 or min(self.sizes) >= 3 or max(self.sizes) == 1


def numbers(plain: str) -> Iterator[Number]:
    """The personal numbers in order, without overlap."""
    groups = [found.span() for found in _GROUP.finditer(plain)]
    at = 0
    while at < len(groups):
        taken = 1
        most, length = _linked(plain, groups, at)
        for count in range(most if length >= SHORTEST else 0, 0, -1):
            run = _run(plain, groups[at : at + count])
            if kind := _kind(run):
                taken = count
                if kind != "keep":
                    yield Number(groups[at][0], groups[at + count - 1][1] + run.x, kind)
                break
        at += taken


def _linked(plain: str, groups: Sequence[tuple[int, int]], at: int) -> tuple[int, int]:
    """How many groups from ``at`` on may be one number, and their digits; none when the first group alone is too
    long.
    """
    total = groups[at][1] - groups[at][0]
    if total > LONGEST:
        return 0, 0
    count = 1
    for (_, end), (start, stop) in pairwise(groups[at : at + LONGEST]):
        if total + stop - start > LONGEST or start - end > 3 or not _BETWEEN.issuperset(plain[end:start]):
            break
        total += stop - start
        count += 1
    return count, total


def _run(plain: str, groups: Sequence[tuple[int, int]]) -> _Run:
    start, end = groups[0][0], groups[-1][1]
    sizes = tuple(stop - begin for begin, stop in groups)
    digits = "".join(plain[begin:stop] for begin, stop in groups)
    x = sum(sizes) == 17 and plain[end : end + 1] in {"x", "X"}
    return _Run(digits, sizes, plain[max(0, start - _BEFORE) : start], x, plain[start - 1 : start] == "+" and start > 0)


def _kind(run: _Run) -> str:
    """The kind of a number. ``keep`` is a number of ours, a date or a service line, which must not be read as
    part of another number.
    """
    if _ours(run):
        return "keep"
    if run.whole and _is_identity(run):
        return "id_card"
    if run.whole and _is_card(run):
        return "bank_card"
    if _is_mobile(run):
        return "mobile"
    return "landline" if _is_landline(run) else ""


def _ours(run: _Run) -> bool:
    if run.sizes[:2] == (2, 4) and len(run.sizes) == 3 and 3 <= run.sizes[2] <= 6:
        return True  # 26-1123-0042
    if len(run.sizes) == 3 and run.sizes[0] == 4 and max(run.sizes[1:]) <= 2:
        return True  # 2026-11-23
    return _SERVICE.fullmatch(run.digits) is not None


def _is_mobile(run: _Run) -> bool:
    if run.plus and 10 <= len(run.digits) <= 15:
        return True
    digits, sizes = run.digits, run.sizes
    for code in ("0086", "86"):
        if digits.startswith(code) and len(digits) == len(code) + 11:
            digits = digits[len(code) :]
            sizes = sizes[1:] if sizes[0] == len(code) else (sizes[0] - len(code), *sizes[1:])
            break
    written = min(sizes) >= 3 or max(sizes) == 1 or _SAYS_PHONE.search(run.before) is not None
    return written and _MOBILE.fullmatch(digits) is not None


def _is_landline(run: _Run) -> bool:
    if run.whole and _LANDLINE.fullmatch(run.digits):
        return True
    local = run.sizes in {(7,), (8,), (3, 4), (4, 4)} and run.digits[0] in "2345678"
    return local and not _is_date(run.digits) and _SAYS_PHONE.search(run.before) is not None


def _is_identity(run: _Run) -> bool:
    digits = run.digits + ("X" if run.x else "")
    if len(digits) in {15, 18} and _SAYS_ID.search(run.before):
        return True
    if digits[:2] not in _PROVINCES:
        return False
    if len(digits) == 15:
        return _is_date("19" + digits[6:12])
    if len(digits) != 18 or not _is_date(digits[6:14]):
        return False
    return int(digits[6:10]) < _GROWN or _checks(digits)


def _checks(identity: str) -> bool:
    """Whether the 18th character is the right check character by GB 11643."""
    total = sum(int(digit) * weight for digit, weight in zip(identity, _WEIGHTS, strict=False))
    return _CHECKS[total % 11] == identity[17]


def _is_card(run: _Run) -> bool:
    if 12 <= len(run.digits) <= LONGEST and _SAYS_CARD.search(run.before):
        return True
    return 16 <= len(run.digits) <= LONGEST and run.digits[0] in "34569" and luhn(run.digits)


def luhn(digits: str) -> bool:
    """The check sum of bank cards (ISO/IEC 7812)."""
    doubled = [int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0


def _is_date(digits: str) -> bool:
    if len(digits) != 8 or not "1900" <= digits[:4] <= "2099":
        return False
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True
