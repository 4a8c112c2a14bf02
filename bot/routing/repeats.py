"""Compares two texts: does a citizen tell the same thing again, or do several citizens tell of one power cut?

Places and door numbers count for more than words: two lamps in one road are two matters. Texts are shortened and
compared as sets of character pairs, so that a long one costs no more than a short one.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from bot.text.reading import normalise

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST = 600
"""The number of characters compared. What a matter is about stands at its beginning."""
SHORTEST = 4
SIMILAR = 85.0
"""The least similarity of two texts by edit distance, of 100."""
CONTAINED = 0.9
CONTAINED_PAIRS = 8
"""The share of the earlier text's character pairs that must occur in a longer later one."""
BURST, BURST_PAIRS = 0.6, 3
COPIED, COPIED_LENGTH = 0.8, 20
"""Without any place, several citizens' texts are one matter only if the text was copied and passed on."""

_POLITE = re.compile(
    r"尊敬的|领导们?|你们?好|您们?好|大家好|请问|请|麻烦|谢谢|感谢|辛苦了?|希望|尽快|赶紧|帮忙|处理一下|处理|解决一下|解决|反映|我要|我想|我们?|你们|他们|"
    r"这里|这边|那边|现在|今天|昨天|已经|一直|还是|怎么|为什么|什么时候|有没有|没有?人管|没人修|多久|[的了吗呢啊吧呀哦哈在是就都也又还很太]"
)
_SYMBOLS = re.compile(r"[^0-9a-z\u3400-\u9fff]+")
_NUMERALS = re.compile(r"[0-9零〇一二三四五六七八九十百两]+")
_DOORS = re.compile(r"(?<![月0-9.])([0-9]{1,4}|[零〇一二三四五六七八九十百]{1,5})(号|栋|幢|座|单元|室|楼|弄)(?!线)")
_ROAD_DOOR = re.compile(r"[路街巷道弄]([0-9]{1,4})号")
_CHINESE = str.maketrans("零〇一二三四五六七八九", "00123456789")

# What a whole neighbourhood notices at once. Where the place is the same too, it is one matter.
_SUPPLY = {
    "power": r"停电|断电|没有?电(?![梯话动视])|无电|跳闸|电停了",
    "water": r"停水|断水|没有?水(?![平准])|无水|水停了",
    "gas": r"停气|断气|没有?(?:燃|煤|天然)气|停煤气|停燃气|没气(?![质味])",
    "heat": r"停暖|没有?暖气|暖气不热|不供暖|供暖",
    "network": r"断网|没有?网|网断|没有?信号",
    "smell": r"恶臭|臭味|异味|刺鼻|难闻",
    "flood": r"积水|内涝|淹水|被淹|倒灌",
}
_NETWORKS = frozenset({"power", "water", "gas", "heat", "network"})
"""Networks that fail for a whole road, whatever the house number. A smell or a puddle, by contrast, is at one
place of it.
"""
_SUPPLIES = [(name, re.compile(words)) for name, words in _SUPPLY.items()]
_PLACE = re.compile(
    r"[\u3400-\u9fff]{2}(?:小区|花园|家园|公园|新村|公寓|大厦|广场|市场|学校|小学|中学|幼儿园|医院|大道|苑|湾|村(?![里民委支干上])"
    r"|路(?![灯面口边上段过人况障标牌由程])|街(?![道上坊头])|巷(?![口子里]))"
)
_NO_PLACE = re.compile(r"[的了是我你他们这那条边整每某各附近马个门前后面旁]|晚上|早上|回家|上学|出门|小区|道路")
_AREA = re.compile(r"(?:街道|街道办事处|居委会|社区|[镇乡县]|(?<![小园校院社])区|(?<![超菜城])市)$")


@dataclass(frozen=True, slots=True)
class Matter:
    """A text prepared for comparison."""

    core: str
    pairs: frozenset[int]
    places: frozenset[str]
    doors: frozenset[tuple[str, str]]
    road_doors: frozenset[str]
    supplies: frozenset[str]


def matter(said: str, places: Iterable[str] = ()) -> Matter:
    """Prepare a text for comparison. ``places`` are the known places in it, as the router found them."""
    plain = normalise(said[: LONGEST * 2])[:LONGEST]
    known = frozenset(normalise(place) for place in places)
    named = frozenset(found for found in _PLACE.findall(plain) if not _NO_PLACE.search(found[:2]))
    core = _SYMBOLS.sub("", _POLITE.sub("", plain))
    return Matter(
        core,
        _pairs(core, known | named),
        _outer(known, named),
        frozenset((suffix, number.translate(_CHINESE)) for number, suffix in _DOORS.findall(plain)),
        frozenset(_ROAD_DOOR.findall(plain)),
        frozenset(name for name, words in _SUPPLIES if words.search(plain)),
    )


def _outer(known: frozenset[str], named: frozenset[str]) -> frozenset[str]:
    """Each place once. A place recognised only by its ending is left out if a known place contains it."""
    return known | {place for place in named if not any(place in other or other in place for other in known)}


def _pairs(core: str, places: Iterable[str]) -> frozenset[int]:
    """The pairs of neighbouring characters in what is left without places and figures."""
    for place in sorted(places, key=len, reverse=True):
        core = core.replace(place, "|")
    core = _NUMERALS.sub("|", core)
    return frozenset((ord(a) << 21) | ord(b) for a, b in pairwise(core) if "|" not in (a, b))


def same_citizen_repeats(new: Matter, old: Matter) -> bool:
    """Whether the same citizen tells the same matter again."""
    if min(len(new.core), len(old.core)) < SHORTEST or not _one_place(new, old) or _other_door(new, old):
        return False
    from rapidfuzz import fuzz  # noqa: PLC0415  4 MB that a web process, which never asks this, does without

    if fuzz.ratio(new.core, old.core, score_cutoff=SIMILAR) >= SIMILAR:
        return True
    return min(len(new.pairs), len(old.pairs)) >= CONTAINED_PAIRS and _contained(new, old) >= CONTAINED


def citizens_tell_one_matter(new: Matter, old: Matter) -> bool:
    """Whether different citizens tell of one matter. In doubt it says no: a wrong link answers somebody with
    another's answer.
    """
    if not _one_place(new, old):
        return False
    if not new.places:
        return (
            min(len(new.core), len(old.core)) >= COPIED_LENGTH
            and _contained(new, old) >= COPIED
            and not _other_door(new, old)
        )
    shared = new.supplies & old.supplies
    if shared & _NETWORKS:
        return True
    if new.road_doors and old.road_doors and not new.road_doors & old.road_doors:
        return False
    if shared:
        return True
    return min(len(new.pairs), len(old.pairs)) >= BURST_PAIRS and _contained(new, old) >= BURST


def _one_place(new: Matter, old: Matter) -> bool:
    """Whether the places agree: one in common, or none in either. Where both name something narrower than a
    subdistrict, that must agree.
    """
    if not new.places or not old.places:
        return new.places == old.places
    narrow = _narrow(new.places), _narrow(old.places)
    if all(narrow):
        return bool(narrow[0] & narrow[1])
    return bool(new.places & old.places)


def _narrow(places: frozenset[str]) -> frozenset[str]:
    return frozenset(place for place in places if not _AREA.search(place))


def _other_door(new: Matter, old: Matter) -> bool:
    """Whether both name a number of the same kind (号, 栋, 楼 …) and the numbers differ."""
    kinds = {kind for kind, _ in new.doors} & {kind for kind, _ in old.doors}
    return any(not ({n for k, n in new.doors if k == kind} & {n for k, n in old.doors if k == kind}) for kind in kinds)


def _contained(new: Matter, old: Matter) -> float:
    """The share of the shorter text that occurs in the longer one."""
    least = min(len(new.pairs), len(old.pairs))
    return len(new.pairs & old.pairs) / least if least else 0.0


class ComparedMatter(NamedTuple):
    """An inquiry prepared for comparison."""

    inquiry_id: int
    contact_id: int
    matter: Matter


class Memory:
    """The matters a worker compared lately, so that each text is prepared once."""

    def __init__(self, most: int = 4096) -> None:
        self._most = most
        self._kept: OrderedDict[int, ComparedMatter] = OrderedDict()

    def keep(self, compared: ComparedMatter) -> ComparedMatter:
        """Remember a matter; the oldest one is forgotten when there are too many."""
        self._kept[compared.inquiry_id] = compared
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return compared

    def get(self, inquiry_id: int, contact_id: int) -> ComparedMatter | None:
        """The matter of an inquiry, or None. The contact is passed in anew, because two contacts may have turned
        out to be one person.
        """
        compared = self._kept.get(inquiry_id)
        return compared._replace(contact_id=contact_id) if compared is not None else None
