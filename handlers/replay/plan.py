"""Who writes what and when in a replay, drawn from a seed before anything happens.

Every inquiry has random numbers of its own, so that what one officer does changes nothing for another. The
sentences come from the directory's keywords and places and from ``templates/sample/stories.json``.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.clocks.workdays import CHINA
from bot.directory.units import Tier

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from bot.clocks.workdays import Calendar
    from bot.directory.units import Directory, UnitRow

BY_WEEKDAY = (1.25, 1.15, 1.1, 1.05, 1.0, 0.55, 0.45)
ON_HOLIDAYS = 0.35
BY_HOUR = (4, 2, 1, 1, 1, 2, 6, 18, 42, 66, 70, 58, 36, 38, 60, 64, 58, 44, 30, 34, 40, 34, 20, 9)
"""How messages are spread over the day. Most come before noon; what matters is that some come at night."""
NEW_CITIZENS = 0.75
RETURN_AFTER = timedelta(days=60)
"""Somebody who wrote writes again only after this time, when whatever we asked them has expired."""


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares from 0 to 1. ``dissatisfied`` is a share of those who rate, ``refused`` of what the office decides."""

    on_time: float = 0.97
    extension: float = 0.06
    returned: float = 0.04
    question: float = 0.03
    assist: float = 0.02
    rating: float = 0.35
    dissatisfied: float = 0.06
    refused: float = 0.15
    undecided: float = 0.04


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message that opens an inquiry. ``unit`` is the code of the unit it is really for."""

    index: int
    at: datetime
    citizen: str
    unit: str
    word: str
    place: str
    text: str


class Story:
    """Sentences by kind. ``{word}`` and ``{place}`` are filled in."""

    def __init__(self, sentences: Mapping[str, Sequence[str]]) -> None:
        self._sentences = sentences

    def tell(self, rng: random.Random, kind: str, *, word: str = "", place: str = "") -> str:
        """One sentence of a kind."""
        return rng.choice(self._sentences[kind]).format(word=word, place=place, days=rng.randint(2, 9))


def arrivals(
    directory: Directory,
    story: Story,
    calendar: Calendar,
    *,
    first: date,
    last: date,
    count: int,
    units: int,
    seed: int,
) -> list[Arrival]:
    """``count`` messages between two days, both included, in order of time, for the first ``units`` units."""
    rng = random.Random(f"arrivals:{seed}")  # noqa: S311  a plan to be repeated, no secret
    wanted = [
        unit
        for unit in directory.units
        if unit.tier is not Tier.COMMUNITY and unit.code not in directory.duty_codes and directory.can_take(unit)
    ][:units]
    places = sorted({place for unit in directory.units for place in unit.places})
    weights = [1 / (1 + position) ** 0.5 for position in range(len(wanted))]
    rng.shuffle(weights)
    writers = _Citizens(rng, seed)
    found = []
    for index, at in enumerate(_moments(rng, calendar, first, last, count=count)):
        unit = rng.choices(wanted, weights)[0]
        word, place = _about(rng, unit, places)
        text = story.tell(rng, "matter", word=word, place=place)
        found.append(Arrival(index, at, writers.at(at), unit.code, word, place, text))
    return found


def _about(rng: random.Random, unit: UnitRow, places: Sequence[str]) -> tuple[str, str]:
    word = rng.choice(unit.keywords) if unit.keywords else unit.name
    known = unit.places or places
    return word, rng.choice(known) if known else ""


def _moments(rng: random.Random, calendar: Calendar, first: date, last: date, *, count: int) -> list[datetime]:
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    weights = [
        BY_WEEKDAY[day.weekday()] if calendar.is_workday(day) or day.weekday() >= 5 else ON_HOLIDAYS for day in days
    ]
    drawn = zip(rng.choices(days, weights, k=count), rng.choices(range(24), BY_HOUR, k=count), strict=True)
    return sorted(
        datetime(day.year, day.month, day.day, hour, rng.randrange(60), rng.randrange(60), tzinfo=CHINA)
        for day, hour in drawn
    )


class _Citizens:
    """People who write. Some write again weeks later."""

    def __init__(self, rng: random.Random, seed: int) -> None:
        self._rng = rng
        self._seed = seed
        self._waiting: list[tuple[datetime, str]] = []
        self._count = 0

    def at(self, now: datetime) -> str:
        """The citizen who writes at this moment."""
        known = [place for place, (at, _) in enumerate(self._waiting[:50]) if now - at > RETURN_AFTER]
        if known and self._rng.random() > NEW_CITIZENS:
            _, name = self._waiting.pop(self._rng.choice(known))
        else:
            self._count += 1
            name = f"citizen-{self._seed}-{self._count:05}"
        self._waiting.append((now, name))
        return name
