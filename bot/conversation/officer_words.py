"""Officers' words: how a message such as ``收 1024`` or ``复 1024 已修好`` is read.

Which words there are, and what each does, stands in one table in ``handlers/officer/table.py``; here is
what all of them share. Read only for a known officer, and only from the first characters of a message:
the same words in a forwarded, quoted or longer text are not a command. What follows the number of 复
stays as written. Over SMS, where a sender can be forged, the 6-digit code of the notice follows the number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from bot.conversation.acts import StaffBad
from bot.conversation.citizen_words import parse_confirm
from bot.inquiry.numbers import read_number
from bot.text.reading import bare, normalise, word_set

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from bot.conversation.acts import Act
    from bot.text.keys import TextKey

    Reader = Callable[["Args"], Act | None]
    Make = Callable[[str, str, str | None], Act]

GAP = r"[ \t\u3000\xa0,，:：;；、]"
# Python's \d knows full-width digits as well.
_NUMBER = re.compile(
    rf"^{GAP}*[#＃]?(?P<number>\d{{2}}[-－–—. ]\d{{4}}[-－–—. ]\d{{1,6}}|\d{{4}}[-－–—]\d{{1,6}}|\d{{1,12}}"
    rf"|[零〇一二三四五六七八九十百千幺两]+(?=号|\s|$|[,，:：]))(?:{GAP}*号)?(?P<end>(?:{GAP}|\n|\r)+|$)?"
)
_HEAD_CODE = re.compile(r"^(?P<code>\d{6})(?:\s+|[,，:：;；]\s*|$)")
CODE_DIGITS = 6
_BEFORE_CODE = " \t\r\n\u3000,，;；"
_STARTS_LIKE_NUMBER = re.compile(r"^(?:[\s:：,，#＃]|\d|$)")

SHORTEST_CLOSE = 3
"""Digits of a number that need not stand apart: 派3个人来 is a sentence."""


class Args(NamedTuple):
    """What follows a word: the number, then ``rest``. ``typed``: all that followed. ``apart``: with a gap between."""

    number: str
    rest: str
    apart: bool
    typed: str

    @property
    def meant(self) -> bool:
        """Whether the number is one, and not how many of something."""
        return self.apart or not self.rest or len(self.number) >= SHORTEST_CLOSE

    def code_first(self) -> tuple[str | None, str]:
        """A 6-digit code right after the number, and the text."""
        match = _HEAD_CODE.match(self.rest)
        return (normalise(match["code"]), self.rest[match.end() :]) if match else (None, self.rest)

    def code_anywhere(self) -> tuple[str | None, str]:
        """A 6-digit code right after the number or at the very end, and the text."""
        code, text = self.code_first()
        before, tail = self.rest[:-CODE_DIGITS], self.rest[-CODE_DIGITS:]
        if code or len(tail) < CODE_DIGITS or not tail.isdecimal() or before[-1:] not in _BEFORE_CODE:
            return code, text
        return normalise(tail), before.rstrip(_BEFORE_CODE)


class OfficerWords:
    """A vocabulary, compiled once.

    ``numbered``: words a number follows, several separated by blanks, and what reads the rest; a reader
    answers None for a text that is no command after all. ``alone``: words that are the whole message.
    """

    def __init__(self, numbered: Iterable[tuple[str, Reader]], alone: Iterable[tuple[str, Act]] = ()) -> None:
        self._readers = {word: read for words, read in numbered for word in words.split()}
        self._alone = {word: act for words, act in alone for word in word_set(words)}
        longest_first = "|".join(sorted(map(re.escape, self._readers), key=len, reverse=True))
        self._word = re.compile(rf"^[\s\u200b-\u200f\u202a-\u202e\ufeff]*(?P<word>{longest_first})")

    def parse(self, text: str) -> Act | None:
        """The act of an officer's message; StaffBad names what is missing; None when it is no command."""
        word = bare(text)
        if word in self._alone:
            return self._alone[word]
        if word.startswith("绑定") and not word.startswith("绑定手机"):
            return parse_confirm(normalise(text))
        match = self._word.match(text)
        return self._read(match["word"], text[match.end() :]) if match else None

    def _read(self, word: str, rest: str) -> Act | None:
        args = _number_and_rest(rest)
        if args is None:
            return StaffBad("staff.bad_number") if _meant_as_command(rest) else None
        return self._readers[word](args)


def _meant_as_command(rest: str) -> bool:
    """``收 abc`` or ``复``, but not ``收费太高`` and no text of several lines."""
    return bool(_STARTS_LIKE_NUMBER.match(rest)) and "\n" not in rest.strip()


def _number_and_rest(rest: str) -> Args | None:
    match = _NUMBER.match(rest)
    number = match and read_number(match["number"])
    if not match or not number:
        return None
    return Args(number, rest[match.end() :].strip(), match["end"] is not None, rest.strip())


# --- readers most words need ---


def number_only(make: Callable[[str, str | None], Act]) -> Reader:
    """Nothing but a code may follow the number: 收 1024."""

    def read(args: Args) -> Act:
        code, rest = args.code_first()
        return StaffBad("staff.bad_number") if rest else make(args.number, code)

    return read


def number_and_text(
    make: Make, missing: TextKey | None, *, code_anywhere: bool = True, doubtful: bool = False
) -> Reader:
    """A text follows the number: 问 1024 在哪一层？

    ``missing``: the text key that says what is missing; None where the text may be. ``code_anywhere`` false:
    the code stands right after the number, so that a text may end with six digits. ``doubtful``: the word
    also begins sentences (更正3处), so the number has to stand apart.
    """

    def read(args: Args) -> Act | None:
        code, text = args.code_anywhere() if code_anywhere else args.code_first()
        if doubtful and not args.meant:
            return None
        return make(args.number, text, code) if text or missing is None else StaffBad(missing)

    return read
