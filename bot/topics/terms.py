"""The terms of a text by which topics are found: runs of four characters, and of three in the lead.

No dictionary: names of estates, projects and products are exactly the words a dictionary does not know.
A text is cut where a name never goes on: at punctuation, at particles and pronouns, at long numbers and
at the names of the whole area (the city, the district), which say nothing there, and at the words with which
one turns to an office. Pure functions.
"""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING

from ahocorasick_rs import AhoCorasick

from bot.text.reading import normalise

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

SIZE = 4
MARK = 3
"""The number of characters of a second word shared by the beginnings of messages. It need not be a name."""
LEAD = 40  # characters: what a message without a headline begins with
LONGEST = 2000  # characters looked at; WeChat ends at 680

_PARTICLES = "的了吗呢吧啊么是我你您他她们这那就也都很"
# Phrases with which people address an office, whatever the matter. What they write about comes after.
_ADDRESS = (
    "尊敬|各位|领导|书记|市长|区长|县长|局长|您好|你好|谢谢|感谢|请问|咨询|投诉|举报|反映|建议|希望|恳请|请求|要求|"
    "关于|问题|相关部门|有关部门|政府部门"
)
_CUT = re.compile(
    rf"[^0-9a-z\u3400-\u9fff\U00020000-\U0003ffff]+|{_ADDRESS}|[{_PARTICLES}]+|\d{{1,4}}[年月日]|\d{{5,}}"
)
_WEB = re.compile(r"(?:https?://|www\.)[!-~]+")


@lru_cache(maxsize=8)
def _cutter(wide: frozenset[str]) -> re.Pattern[str]:
    names = sorted((re.escape(name) for name in wide if name), key=lambda name: (-len(name), name))
    return re.compile("|".join([*names, _CUT.pattern]))


def wide_names(names: Iterable[str]) -> frozenset[str]:
    """The names of the whole area in the form ``pieces`` needs."""
    return frozenset(filter(None, ("".join(normalise(name).split()) for name in names)))


def pieces(text: str, wide: frozenset[str]) -> str:
    """The text cut into runs without spaces, with one space between them: ``abc的defg`` becomes ``abc defg``."""
    plain = "".join(_WEB.sub(",", normalise(text[:LONGEST])).split())
    return " ".join(filter(None, _cutter(wide).split(plain)))


def lead_of(text: str) -> str:
    """The characters a message without a headline begins with."""
    return text.strip()[:LEAD]


def terms(cut: str, size: int = SIZE) -> set[str]:
    """All runs of ``size`` characters (four unless given) within the pieces of a text."""
    found: set[str] = set()
    for piece in cut.split(" "):
        found.update([piece[start : start + size] for start in range(len(piece) - size + 1)])
    return found


class KnownWords:
    """Short words that name a matter by themselves: a unit's keywords such as 停水 and 停电. Longer ones are
    found as terms anyway; single characters say nothing.
    """

    def __init__(self, words: Iterable[str] = ()) -> None:
        self.words = frozenset(word for word in wide_names(words) if 1 < len(word) < SIZE)
        self._line = sorted(self.words)
        self._automaton = AhoCorasick(self._line) if self._line else None

    def within(self, cut: str) -> set[str]:
        """The known words in a text."""
        if self._automaton is None:
            return set()
        return {self._line[each[0]] for each in self._automaton.find_matches_as_indexes(cut, overlapping=True)}


def telling(term: str) -> bool:
    """Whether a term may name a topic at all: it is no date, amount or house number."""
    return sum(char.isdigit() for char in term) <= SIZE // 2


def overlap(one: str, other: str) -> bool:
    """Whether two terms have two neighbouring characters in common, so that they are parts of one wording."""
    return any(one[start : start + 2] in other for start in range(len(one) - 1))


def widened(term: str, texts: Collection[str], share: float) -> str:
    """The term together with the characters that nearly all of ``texts`` have beside it, on either side."""
    needed = share * len(texts)
    while (more := _beside(term, texts, needed)) is not None:
        term = more
    return term


def _beside(term: str, texts: Collection[str], needed: float) -> str | None:
    if len(term) > LEAD:
        return None
    around = Counter(form for text in texts for form in _forms(term, text))
    best = min(around.items(), key=lambda item: (-item[1], item[0]), default=(None, 0))
    return best[0] if best[1] >= needed else None


def _forms(term: str, text: str) -> set[str]:
    """The term with one more character on one side, for each place where it stands in a text."""
    found, start = set(), text.find(term)
    while start >= 0:
        end = start + len(term)
        if start and text[start - 1] != " ":
            found.add(text[start - 1 : end])
        if end < len(text) and text[end] != " ":
            found.add(text[start : end + 1])
        start = text.find(term, start + 1)
    return found
