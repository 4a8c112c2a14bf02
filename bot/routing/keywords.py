"""Routing by the units' own keywords, the catalogue and place names; what is not clear goes to the duty desk.

The router is built once from a directory and reads each text in one pass. The same text and directory
always give the same answer, with the words that decided it. ``find_unit`` reads the unit in ``转 1024 …``.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ahocorasick_rs import AhoCorasick

from bot.directory.catalogue import Catalogue, CategoryIndex, parts_of
from bot.directory.units import Tier, UnitRow
from bot.text.reading import chinese_number, normalise

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from bot.directory.catalogue import Category, CategoryMatch
    from bot.directory.units import Directory

ENOUGH = 2.0  # one word of two characters that no other department claims
MARGIN = 1.5  # the first must be this many times the second
LONGEST_WORD = 6  # characters counted of one word: a long title must not outweigh two plain words
PLACE_ONLY = 0.5  # what a place alone is worth: a proposal for the duty desk, never a decision
NAME_WORTH = 0.5  # of a category's name: 占道经营 may decide, 收费 alone must not
HINT = 0.4  # what a category's everyday words are worth: a proposal where no better is at hand
HEARD = 1.5  # of a category's match: two characters of its name, 没有 of 没有信号, propose nobody
PROPOSED = 3


@dataclass(frozen=True, slots=True)
class Candidate:
    """A unit that might be in charge. ``score`` is the number of characters matched, weighted; ``words`` are the
    words that matched.
    """

    unit_code: str
    score: float
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Routing:
    """The keyword router's result. ``chosen`` is the code of the lead unit, None for the duty desk.

    ``why`` is department, subdistrict, no_words, weak, tie, place_only or several_places. ``category`` is the
    code of the category that fits best, or ``""``.
    """

    candidates: tuple[Candidate, ...]
    chosen: str | None
    places: tuple[str, ...]
    why: str
    category: str = ""


@dataclass(slots=True)
class _Word:
    """The units that claim one word: ``departments`` by keyword, ``named`` by the name of a category of theirs,
    ``local`` (subdistricts) by keyword, ``where`` (subdistricts) by place.
    """

    departments: set[str] = field(default_factory=set)
    named: set[str] = field(default_factory=set)
    local: set[str] = field(default_factory=set)
    where: set[str] = field(default_factory=set)

    @property
    def only_named(self) -> bool:
        return not (self.departments or self.local or self.where)


class KeywordRouter:
    """Routes texts by one directory and its catalogue. Units that are abolished or have no active officer are
    never proposed; the words of a merged unit count for its successor.
    """

    def __init__(self, directory: Directory) -> None:
        self.directory = directory
        self.catalogue = directory.catalogue or Catalogue()
        self._index = CategoryIndex(self.catalogue)
        words: defaultdict[str, _Word] = defaultdict(_Word)
        for unit in directory.units:
            _learn(words, unit, directory)
        self._units = {category.code: self._unit_of(category.code) for category in self.catalogue.standing}
        for category in self.catalogue.standing:
            _learn_category(words, category, self._units[category.code], directory)
        self._words = list(words.items())
        self._automaton = AhoCorasick([word for word, _ in self._words])

    def route(self, text: str, *, place_hint: str = "") -> Routing:
        """Choose the unit in charge of ``text``. ``place_hint`` (the label of a location, the answer to "where?")
        counts for the place only.
        """
        found = self._find(text)
        hinted = [(word, claim) for word, claim in self._find(place_hint) if claim.where]
        places = dict((word, claim) for word, claim in [*found, *hinted] if claim.where)  # noqa: C402
        here = _common(claim.where for claim in places.values())
        departments = _departments(found)
        local = _local(found, places, here)
        chosen, why = _decide(departments, local, several=len(here) != 1 and bool(places))
        matches = self._index.match(text)
        candidates = self._filled(sorted([*departments, *local], key=_rank), matches)
        return Routing(tuple(candidates), chosen, tuple(places), why, self._category(chosen, matches))

    def _unit_of(self, category: str) -> str:
        """The code of the unit in charge of a category today, ``""`` when no unit can take it."""
        unit = self.directory.successor(self.catalogue.unit_of(category))
        known = unit is not None and self.directory.can_take(unit) and unit.code not in self.directory.duty_codes
        return unit.code if unit is not None and known else ""

    def _filled(self, candidates: list[Candidate], matches: Sequence[CategoryMatch]) -> list[Candidate]:
        """Add the units of the best matching categories while fewer than three units are proposed."""
        known = {candidate.unit_code for candidate in candidates}
        for match in matches if len(candidates) < PROPOSED else ():
            code = self._units[match.code] if match.score >= HEARD else ""
            if code and code not in known and len(candidates) < PROPOSED:
                known.add(code)
                candidates.append(Candidate(code, round(HINT * match.score / matches[0].score, 3), match.words))
        return candidates

    def _category(self, chosen: str | None, matches: Sequence[CategoryMatch]) -> str:
        """The category that fits best, preferring those of the chosen unit."""
        own = (match.code for match in matches if chosen and self._units[match.code] == chosen)
        return next(own, matches[0].code if matches else "")

    def places(self, text: str) -> tuple[str, ...]:
        """The known places named in ``text``: empty when the citizen has yet to be asked where."""
        return tuple(word for word, claim in self._find(text) if claim.where)

    def _find(self, text: str) -> list[tuple[str, _Word]]:
        """The distinct known words in the order of their appearance. The name of a category never hides a unit's
        own word.
        """
        matches = self._automaton.find_matches_as_indexes(normalise(text), overlapping=True)
        own = list(_longest(match for match in matches if not self._words[match[0]][1].only_named))
        names = _longest(match for match in matches if self._words[match[0]][1].only_named)
        found = sorted([*own, *_beside(names, own)], key=_place)
        return [self._words[index] for index in dict.fromkeys(index for index, _start, _end in found)]


_Match = tuple[int, int, int]  # word, start, end


def _place(match: _Match) -> tuple[int, int]:
    return (match[1], -match[2])


def _longest(matches: Iterable[_Match]) -> Iterator[_Match]:
    """The words that do not lie wholly inside a longer one: in 教育路 the word 教育 does not count, but in
    建设路灯坏了 both the road 建设路 and the lamp 路灯 do.
    """
    reached = 0
    for match in sorted(matches, key=_place):
        if match[2] > reached:
            reached = match[2]
            yield match


def _beside(names: Iterable[_Match], own: Sequence[_Match]) -> Iterator[_Match]:
    """The words that touch none of ``own``, in which starts and ends both rise."""
    ends = [end for _word, _start, end in own]
    for name in names:
        after = bisect_right(ends, name[1])
        if after == len(own) or own[after][1] >= name[2]:
            yield name


def _learn(words: defaultdict[str, _Word], unit: UnitRow, directory: Directory) -> None:
    owner = directory.successor(unit.code)
    if owner is None or owner.code in directory.duty_codes:
        return
    office = directory.subdistrict_of(owner)
    named = (unit.name, *unit.short_names)
    if owner.tier is Tier.DISTRICT:
        if directory.can_take(owner):
            _claim(words, (*unit.keywords, *named), lambda word: word.departments.add(owner.code))
    elif office and directory.can_take(office):
        _claim(words, unit.keywords, lambda word: word.local.add(office.code))
        _claim(words, _spellings((*unit.places, *named)), lambda word: word.where.add(office.code))


def _learn_category(words: defaultdict[str, _Word], category: Category, unit_code: str, directory: Directory) -> None:
    unit = directory.by_code.get(unit_code)
    office = directory.subdistrict_of(unit) if unit is not None else None
    if office is not None:
        _claim(words, category.keywords, lambda word: word.local.add(office.code))
    elif unit is not None:
        _claim(words, category.keywords, lambda word: word.departments.add(unit.code))
        _claim(words, parts_of(category.name), lambda word: word.named.add(unit.code))


def _claim(words: defaultdict[str, _Word], texts: Iterable[str], claim: Callable[[_Word], None]) -> None:
    for text in texts:
        if word := normalise(text).strip():
            claim(words[word])


# Not 五一路, which nobody writes 51路 (a bus line): the number must follow a name and stand before the kind of
# place.
_WRITTEN = re.compile(r"(?<=..)[一二三四五六七八九十]{1,3}(?=[路街巷期段环组])")
_FIGURES = re.compile(r"(?<=..)(?<!\d)[1-9]\d?(?=[路街巷期段环组])")
_DIGITS = "零一二三四五六七八九"


def _spellings(places: Iterable[str]) -> Iterator[str]:
    """A place in all its spellings: 松涛一期 is written 松涛1期 just as often, and the other way round."""
    for place in places:
        yield place
        yield _WRITTEN.sub(lambda found: str(chinese_number(found[0]) or found[0]), place)
        yield _FIGURES.sub(lambda found: _written(int(found[0])), place)


def _written(number: int) -> str:
    tens, ones = divmod(number, 10)
    return f"{_DIGITS[tens] if tens > 1 else ''}{'十' if tens else ''}{_DIGITS[ones] if ones else ''}"


def _common(owners: Iterable[set[str]]) -> set[str]:
    """The subdistricts on which all places agree: an estate tells which part of a long road is meant."""
    found = list(owners)
    return set.intersection(*found) if found else set()


def _departments(found: Sequence[tuple[str, _Word]]) -> list[Candidate]:
    """Departments with their scores. A word gives its length to the department that claims it, divided if several
    do. The name of a category counts only where the word is no department's keyword.
    """
    scores: defaultdict[str, float] = defaultdict(float)
    words: defaultdict[str, list[str]] = defaultdict(list)
    for word, claim in found:
        owners, worth = (claim.departments, 1.0) if claim.departments else (claim.named, NAME_WORTH)
        for code in owners:
            scores[code] += worth * min(len(word), LONGEST_WORD) / len(owners)
            words[code].append(word)
    found_units = [Candidate(code, round(score, 3), tuple(words[code])) for code, score in scores.items()]
    return sorted(found_units, key=_rank)


def _local(found: Sequence[tuple[str, _Word]], places: dict[str, _Word], here: set[str]) -> list[Candidate]:
    """The subdistricts the places point to, scored by the words subdistricts claim. These words are not divided,
    since all subdistrict offices claim much the same ones.
    """
    named = here or {code for claim in places.values() for code in claim.where}
    return sorted((_local_candidate(code, found, places) for code in named), key=_rank)


def _local_candidate(code: str, found: Sequence[tuple[str, _Word]], places: dict[str, _Word]) -> Candidate:
    matters = [word for word, claim in found if code in claim.local]
    where = [word for word, claim in places.items() if code in claim.where]
    score = sum(min(len(word), LONGEST_WORD) for word in matters)
    return Candidate(code, score or PLACE_ONLY, (*matters, *where))


def _rank(candidate: Candidate) -> tuple[float, str]:
    return (-candidate.score, candidate.unit_code)


def _decide(departments: Sequence[Candidate], local: Sequence[Candidate], *, several: bool) -> tuple[str | None, str]:
    first = departments[0].score if departments else 0.0
    nearby = local[0].score if local else 0.0
    if departments and first >= nearby and first >= ENOUGH and _clear(departments):
        return departments[0].unit_code, "department"
    if nearby >= ENOUGH and nearby > first and not several:
        return local[0].unit_code, "subdistrict"
    return None, _doubt(first, nearby, several=several)


def _clear(candidates: Sequence[Candidate]) -> bool:
    return len(candidates) == 1 or candidates[0].score >= MARGIN * candidates[1].score


def _doubt(first: float, nearby: float, *, several: bool) -> str:
    """The reason why no unit was chosen, as one word for the duty desk's page."""
    if several and nearby > first:
        return "several_places"
    if first:
        return "tie" if first >= ENOUGH else "weak"
    return "place_only" if nearby else "no_words"


def find_unit(directory: Directory, text: str) -> list[UnitRow]:
    """The units ``text`` may mean: one is found, several is ambiguous, none is unknown.

    The first of these that fits decides: code, name, short name, beginning of a name, part of a name.
    The former name of a merged unit means its successor.
    """
    wanted = "".join(normalise(text).split())
    tests: tuple[Callable[[str], bool], ...] = (
        lambda name: name == wanted,
        lambda name: name.startswith(wanted),
        lambda name: wanted in name,
    )
    exact, *partly = tests
    steps = [(exact, _code), (exact, _name), (exact, _names), *((test, _names) for test in partly)]
    groups = (_standing(directory), _former(directory))
    for test, names in steps if wanted else ():
        for group in groups:
            found = {owner.code: owner for unit, owner in group if any(test(normalise(name)) for name in names(unit))}
            if found:
                return list(found.values())
    return []


def _standing(directory: Directory) -> list[tuple[UnitRow, UnitRow]]:
    """Units that take orders, each as its own owner, as in ``_former``."""
    return [(unit, unit) for unit in directory.units if directory.can_take(unit)]


def _former(directory: Directory) -> list[tuple[UnitRow, UnitRow]]:
    """Merged units, each with the one that has its matters now."""
    owners = [(unit, directory.successor(unit.code)) for unit in directory.units if not unit.active]
    return [(unit, owner) for unit, owner in owners if owner is not None and directory.can_take(owner)]


def _code(unit: UnitRow) -> tuple[str, ...]:
    return (unit.code,)


def _name(unit: UnitRow) -> tuple[str, ...]:
    return (unit.name,)


def _names(unit: UnitRow) -> tuple[str, ...]:
    return (unit.name, *unit.short_names)


_BEFORE_UNIT = (
    "应由",
    "应转",
    "转交",
    "转给",
    "转到",
    "交由",
    "建议",
    "属于",
    "应属",
    "由",
    "转",
    "交",
    "属",
    "归",
    "请",
)
_AFTER_UNIT = ("承办", "负责", "办理", "处理", "主管", "管辖", "管理", "管", "职责", "职能", "范围", "的")


def unit_at_end(directory: Directory, text: str) -> UnitRow | None:
    """The unit a reason ends with ("…, 应转交通局", "…, 应由区水务局办理"); None when it is not clear.

    Of the words that go before a unit's name every one is tried, the longest rest first: in
    应转交通局 the unit is 交通局, though 转交 is a word too.
    """
    last = _without_tail("".join(normalise(text).split()).rstrip(".。!！,，;；"))
    starts = sorted({last.rfind(word) + len(word) for word in _BEFORE_UNIT if word in last})
    for start in starts:
        wanted = last[start:]
        if len(wanted) >= SHORTEST_UNIT and len(found := find_unit(directory, wanted)) == 1:
            return found[0]
    return None


SHORTEST_UNIT = 3


def _without_tail(text: str) -> str:
    """The text without "办理", "负责的" and the like behind the unit's name."""
    while tail := next((word for word in _AFTER_UNIT if text.endswith(word)), ""):
        text = text.removesuffix(tail)
    return text
