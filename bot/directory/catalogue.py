"""The catalogue of matters in three levels, and which of its categories a text is about.

``handlers/directory/read.py`` reads one from a file, ``handlers/services/cache.py`` from the store.
``CategoryIndex`` needs no history: it matches the categories' names and keywords, and the everyday
words of ``bot/text/everyday_words.py`` that people use in their place.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import log, log1p
from typing import TYPE_CHECKING

from ahocorasick_rs import AhoCorasick

from bot.text.everyday_words import EVERYDAY
from bot.text.reading import normalise, word_set

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

LEVELS = 3
DIGITS = 2  # of a code, for each level


@dataclass(frozen=True, slots=True)
class Category:
    """One category. The parent of ``010203`` is ``0102`` unless ``parent_code`` names another.

    ``unit_code`` is the unit in charge; if empty, that of the nearest ancestor. ``standard_code`` is the code of
    the same matter in the national standard GB/T 39666.
    """

    code: str
    name: str
    parent_code: str = ""
    keywords: tuple[str, ...] = ()
    unit_code: str = ""
    standard_code: str = ""
    active: bool = True

    @property
    def parent(self) -> str:
        """The parent's code, ``""`` for the first level."""
        return self.parent_code or self.code[:-DIGITS]


@dataclass(frozen=True)
class Catalogue:
    """All categories in the order of the file. No ``slots``, because the look-ups are cached properties."""

    categories: tuple[Category, ...] = ()

    @cached_property
    def by_code(self) -> dict[str, Category]:
        return {category.code: category for category in self.categories}

    @cached_property
    def standing(self) -> tuple[Category, ...]:
        """The categories in use: neither abolished nor below an abolished one."""
        return tuple(c for c in self.categories if all(above.active for above in self.line(c.code)))

    def get(self, code: str) -> Category | None:
        """The category of a code, even if it is abolished."""
        return self.by_code.get(code)

    def line(self, code: str) -> tuple[Category, ...]:
        """The categories from the first level down to ``code``; empty for an unknown code.

        The walk stops after ``LEVELS`` steps, so that parents which form a ring cannot hang it.
        """
        found: list[Category] = []
        category = self.by_code.get(code)
        while category is not None and len(found) < LEVELS:
            found.append(category)
            category = self.by_code.get(category.parent)
        return tuple(reversed(found))

    def level(self, code: str) -> int:
        """The level of a code, 1 to 3; 0 for an unknown code."""
        return len(self.line(code))

    def path(self, code: str) -> tuple[str, ...]:
        """The names of the categories from the first level down to ``code``."""
        return tuple(category.name for category in self.line(code))

    def at(self, code: str, level: int) -> str:
        """The code of the ancestor at a level (or of the category itself); ``""`` when the category stands above
        that level.
        """
        line = self.line(code)
        return line[level - 1].code if len(line) >= level else ""

    def unit_of(self, code: str) -> str:
        """The unit in charge: the category's own or the nearest ancestor's, else ``""``."""
        return next((c.unit_code for c in reversed(self.line(code)) if c.unit_code), "")


@dataclass(frozen=True, slots=True)
class CategoryMatch:
    """A category a text may be about; ``words`` are those found in the text, the weightiest first."""

    code: str
    score: float
    words: tuple[str, ...]


_SEVERAL = re.compile(r"[、,，/()（）\s]|(?<=..)[与和及或](?=..)")
_GENERAL = word_set(
    "管理 问题 其他 监管 服务 政策 处理 工作 建设 行政 规划 标准 相关 纠纷 投诉 咨询 故障 监督 待遇 权益 市场 事项 "
    "办理 申请 审批 执法"
)
_SHORTEST = 2

WORTH = {"name": 1.0, "keyword": 2.0, "spoken": 1.5}
"""The weight of a word by where the catalogue has it. Keywords weigh most because somebody chose them."""
HANDED_DOWN = 0.5  # of an ancestor's words to a category that has some of its own
PURITY = 0.5  # how far a word suffers from belonging to many: an exponent
LONGEST_WORD = 6  # characters counted of one word
MOST = 10

Shares = dict[str, float]  # category code -> its part of a word


def parts_of(name: str) -> tuple[str, ...]:
    """The things a name names: ``A、B`` and ``A与B`` are two. Each is taken with and without a general ending
    such as 问题, which says nothing by itself.
    """
    found: list[str] = []
    for part in _SEVERAL.split(normalise(name)):
        tail = next((word for word in _GENERAL if part.endswith(word)), "")
        found += [w for w in (part, part.removesuffix(tail)) if len(w) >= _SHORTEST and w not in _GENERAL]
    return tuple(dict.fromkeys(found))


def _pieces(name: str) -> Iterator[str]:
    """The parts of a name and each pair of characters in them, since few people write an official name in full."""
    for part in parts_of(name):
        yield part
        yield from (piece for a, b in pairwise(part) if (piece := a + b) not in _GENERAL)


def _shared(words: Iterable[tuple[str, str]]) -> dict[str, Shares]:
    """The codes of each word from (word, code) pairs; a word claimed by several codes is divided among them evenly."""
    claims: defaultdict[str, set[str]] = defaultdict(set)
    for word, code in words:
        claims[word].add(code)
    return {word: dict.fromkeys(codes, 1 / len(codes)) for word, codes in claims.items() if word}


def _spoken(names: Mapping[str, str], everyday: Mapping[str, str]) -> dict[str, Shares]:
    """The codes of everyday words: divided evenly among the official words each stands for, and those among the
    names that contain them.
    """
    meanings: defaultdict[str, list[Shares]] = defaultdict(list)
    for official, words in everyday.items():
        codes = [code for code, name in names.items() if official in name]
        for word in words.split() if codes else ():
            meanings[word].append(dict.fromkeys(codes, 1 / len(codes)))
    return {word: _mixed([(1.0, shares) for shares in found]) for word, found in meanings.items()}


def _mixed(parts: Sequence[tuple[float, Shares]]) -> Shares:
    """The weighted mean of several shares."""
    total: defaultdict[str, float] = defaultdict(float)
    for worth, shares in parts:
        for code, share in shares.items():
            total[code] += worth * share / len(parts)
    return dict(total)


def _sources(categories: Sequence[Category], everyday: Mapping[str, str]) -> dict[str, dict[str, Shares]]:
    """By each kind of source (see ``WORTH``), which categories a word speaks for."""
    return {
        "name": _shared((piece, c.code) for c in categories for piece in _pieces(c.name)),
        "keyword": _shared((normalise(word), c.code) for c in categories for word in c.keywords),
        "spoken": _spoken({c.code: normalise(c.name) for c in categories}, everyday),
    }


def _scores(
    found: Sequence[tuple[int, float]], weights: Sequence[Sequence[tuple[str, float]]]
) -> defaultdict[str, float]:
    """Per category the weights of the words found, each by how often it stands there."""
    scores: defaultdict[str, float] = defaultdict(float)
    for index, often in found:
        for code, weight in weights[index]:
            scores[code] += weight * often
    return scores


class CategoryIndex:
    """Finds the categories a text is about, in one pass. Abolished categories and those below them are never found."""

    def __init__(self, catalogue: Catalogue, everyday: Mapping[str, str] = EVERYDAY) -> None:
        self.catalogue = catalogue
        self._lines = {c.code: [above.code for above in catalogue.line(c.code)] for c in catalogue.standing}
        words = self._claims(everyday)
        self._words = list(words)
        self._shares = list(words.values())
        self._automaton = AhoCorasick(self._words)
        self._weights: dict[int, list[list[tuple[str, float]]]] = {}

    def match(self, text: str, *, level: int = 0, most: int = MOST) -> tuple[CategoryMatch, ...]:
        """The ``most`` best categories. With ``level`` 1 to 3, a category below that level counts for its
        ancestor there.
        """
        weights = self._weights.get(level) or self._weigh(level)
        found = [(index, log1p(times)) for index, times in self._count(text).items()]
        scores = _scores(found, weights)
        totals = scores if level else {code: self._with_ancestors(code, scores) for code in scores}
        best = sorted(totals.items(), key=lambda item: (-item[1], item[0]))[:most]
        words: dict[str, list[tuple[float, str]]] = {code: [] for code, _score in best}
        for index, often in found:
            for code, weight in weights[index]:
                if code in words:
                    words[code].append((-weight * often, self._words[index]))
        return tuple(
            CategoryMatch(code, round(score, 3), tuple(word for _, word in sorted(words[code]))) for code, score in best
        )

    def _count(self, text: str) -> Counter[int]:
        found = self._automaton.find_matches_as_indexes(normalise(text), overlapping=True)
        return Counter(index for index, _start, _end in found)

    def _with_ancestors(self, code: str, scores: Mapping[str, float]) -> float:
        above = self._lines[code][:-1]
        return scores[code] + HANDED_DOWN * sum(scores.get(parent, 0.0) for parent in above)

    def _claims(self, everyday: Mapping[str, str]) -> dict[str, Shares]:
        found = _sources([self.catalogue.by_code[code] for code in self._lines], everyday)
        for word in found["name"] | found["keyword"]:
            found["spoken"].pop(word, None)  # what the catalogue says itself needs no interpreter
        words = dict.fromkeys(word for claims in found.values() for word in claims)
        return {
            word: _mixed([(WORTH[kind], claims[word]) for kind, claims in found.items() if word in claims])
            for word in words
        }

    def _weigh(self, level: int) -> list[list[tuple[str, float]]]:
        """The weight of each word for the categories of a level, computed when the level is first asked for."""
        above = {code: line[level - 1] if level else code for code, line in self._lines.items() if len(line) >= level}
        spread = log(max(2, len(set(above.values()))))
        made = [
            _weighed(min(len(word), LONGEST_WORD), _gathered(shares, above), spread)
            for word, shares in zip(self._words, self._shares, strict=True)
        ]
        self._weights[level] = made
        return made


def _gathered(shares: Shares, above: Mapping[str, str]) -> Shares:
    """The shares of categories, added up at their ancestors of a level."""
    found: defaultdict[str, float] = defaultdict(float)
    for code, share in shares.items():
        if code in above:
            found[above[code]] += share
    return dict(found)


def _weighed(length: int, shares: Shares, spread: float) -> list[tuple[str, float]]:
    """The weight of a word: larger for a longer word, and smaller the more evenly it is spread over categories
    (one minus its entropy).
    """
    total = sum(shares.values())
    entropy = -sum(s / total * log(s / total) for s in shares.values()) / spread
    pure = length * max(0.0, 1 - entropy) ** PURITY
    return [(code, pure * share) for code, share in shares.items() if pure]
