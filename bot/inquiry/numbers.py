"""The number of an inquiry, made to be read aloud, and its query code.

``26-1123-0042``: year, month and day of receipt in China, the day's counter. People type it with or
without hyphens, in full-width or Chinese digits, or only its tail. Nothing here looks anything up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

from bot.text.reading import chinese_number, digits_of, normalise

if TYPE_CHECKING:
    from collections.abc import Callable

_CANONICAL = re.compile(r"(\d\d)-(\d{4})-(\d{4,6})")
_PREFIX = re.compile(
    r"^(?:cx|no\.?|№|#|第|(?:受理|工单|诉求|查询)?(?:编号|单号|号码|流水号|工单号)(?:是|为)?)\s*[::#]?\s*"
)
_SUFFIX = re.compile(r"\s*(?:号|单|件|号单|号件|号诉求)?[.。!?,]*$")
_GAPS = r"[\s\-‐‑‒–—―−_.·・/、,~]"
_NUMERALS = "零〇○一二三四五六七八九幺两"
_READABLE = re.compile(rf"[0-9{_NUMERALS}](?:{_GAPS}*[0-9{_NUMERALS}])*")
_GROUPS = re.compile(rf"(?:(\d\d){_GAPS}+)?(\d{{4}}){_GAPS}+(\d{{1,6}})")
_LONGEST_TAIL = 9
_FULL = range(10, 13)


def format_number(day: date, counter: int) -> str:
    """The number of an inquiry. ``day`` is the day of receipt in China, ``counter`` counts from 1 within the day."""
    if not 1 <= counter <= 999_999:
        raise ValueError(f"counter must be 1 to 999999, not {counter}")
    return f"{day:%y-%m%d}-{counter:04}"


def canonical(digits: str) -> str | None:
    """The number with hyphens: ``2611230042`` becomes ``26-1123-0042``. None when the digits are no full number."""
    if len(digits) not in _FULL or not digits.isascii() or not digits.isdecimal():
        return None
    if not _is_date(digits[:6]) or int(digits[6:]) == 0:
        return None
    return f"{digits[:2]}-{digits[2:6]}-{digits[6:]}"


def _is_date(yymmdd: str) -> bool:
    try:
        date(2000 + int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:]))
    except ValueError:
        return False
    return True


def read_number(text: str) -> str | None:
    """The digits of the number a person typed, full or only its tail; None if the text is anything else.

    ``２６－１１２３－００４２号`` gives ``2611230042``, ``26-1123-42`` the same, ``四十二`` gives ``42``.
    """
    plain = _SUFFIX.sub("", _PREFIX.sub("", normalise(text)))
    number = chinese_number(plain) if re.search("[十百千]", plain) else None
    if number is not None:
        return str(number)
    if not _READABLE.fullmatch(plain):
        return None
    digits = _join(digits_of(plain))
    return digits if canonical(digits) or len(digits) <= _LONGEST_TAIL else None


def _join(plain: str) -> str:
    """Join the groups of a number as printed. A short counter is padded, or the groups would run together."""
    groups = _GROUPS.fullmatch(plain)
    if groups is None:
        return re.sub(_GAPS, "", plain)
    year, day, counter = groups.groups()
    return f"{year or ''}{day}{int(counter):04}"


@dataclass(frozen=True, slots=True)
class NumberQuery:
    """The number to look for: a ``full`` number in canonical form, or the ``tail`` that somebody remembers."""

    full: str | None = None
    tail: str | None = None

    @classmethod
    def of(cls, digits: str) -> NumberQuery:
        """The query for digits as ``read_number`` gives them."""
        full = canonical(digits)
        return cls(full=full) if full else cls(tail=digits)

    def matches(self, number: str) -> bool:
        """Whether the inquiry with this canonical number is meant. A tail may fit several inquiries."""
        parts = _CANONICAL.fullmatch(number)
        if parts is None:
            return False
        if self.full is not None:
            return number == self.full
        return self.tail is not None and _fits(self.tail, *parts.groups())


def _fits(tail: str, year: str, day: str, counter: str) -> bool:
    """Compare by value, so that 42 and 0042 are the same counter: first the counter alone, then with the day,
    then with the year.
    """
    heads = ("", day, year + day)
    rests = (tail[len(head) :] for head in heads if tail.startswith(head))
    return any(rest and int(rest) == int(counter) for rest in rests)


def is_guessable(code: str) -> bool:
    """Whether a code is easy to guess: one or two different digits, a run up or down, or one half repeated."""
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(code)}
    runs = len(steps) == 1 and steps <= {0, 1, 9}
    return runs or len(set(code)) <= 2 or code[:3] == code[3:]


def new_code(below: Callable[[int], int]) -> str:
    """A query code of six digits. ``below(n)`` must give a random number below n, as ``secrets.randbelow`` does."""
    while True:
        code = f"{below(1_000_000):06}"
        if not is_guessable(code):
            return code
