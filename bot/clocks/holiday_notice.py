"""Reads the State Council's notice on next year's days off, so that an office need not wait for a release.

What is read is shown as differences from the calendar in use and confirmed by a person, never
applied by itself. A sentence that speaks of days and is not understood is an error that names it:
half a notice is worse than none. Shapes seen in the notices from 2012 to 2026 and in the extension
of 2020-01-26.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bot.clocks.workdays import Calendar

DAY = timedelta(days=1)
LONGEST_HOLIDAY = 15
FESTIVALS = ("元旦", "春节", "清明", "劳动", "端午", "中秋", "国庆")
WEEKDAYS = "一二三四五六日"
_YEARS = range(2000, 2100)

_DAY = r"(?:(?:\d{4}年)?\d{1,2}月)?\d{1,2}日(?:\([^()]*\))?"
_SPAN = rf"{_DAY}(?:(?:至|到|[-~–—]+){_DAY})?"
_ONE_DAY = re.compile(r"(?:(?:(\d{4})年)?(\d{1,2})月)?(\d{1,2})日(?:\(([^()]*)\))?")
_CLAUSE = re.compile(
    rf"(?P<spans>{_SPAN}(?:[、,和及]{_SPAN})*)"
    r"(?:(?P<off>放假调休|放假公休|调休放假|放假|调休|公休|补休)|(?P<work>起?(?:正常|照常)?(?:上班|工作)))"
)
_EXTENSION = re.compile(rf"延长(?:\d{{4}}年)?\w+?假期至(?P<last>{_DAY})")
_COUNT = re.compile(r"共(\d+)天")
# Says nothing the calendar does not know: weekends are off without being named.
_FILLER = re.compile(r"与周末连休|其中|[,、;:]")
_HEADING = re.compile(r"(?:\(?[一二三四五六七八九十\d]+\)?[、.])?(?:(?P<name>[^:\d]+):)?")
_WEEKDAY = re.compile(r"(?:星期|周)([一二三四五六日天])")
_YEAR = re.compile(r"关于(?:延长)?(\d{4})年|(\d{4})年\w{0,8}?(?:节假日|放假|假期)")
_SPEAKS_OF_DAYS = re.compile(r"[假休班]|工作")
# The notice about itself, its announcement in the press, and what employers are merely encouraged to do
# (2024: New Year's Eve).
_ASIDE = re.compile(r"通知|鼓励")


class NoticeProblem(StrEnum):
    """Why a notice was not read."""

    NO_YEAR = "no_year"
    NO_DAYS = "no_days"
    UNREADABLE = "unreadable"
    NO_SUCH_DAY = "no_such_day"
    WRONG_WEEKDAY = "wrong_weekday"
    WRONG_COUNT = "wrong_count"
    CONTRADICTION = "contradiction"
    FESTIVAL_MISSING = "festival_missing"
    NOTHING_TO_EXTEND = "nothing_to_extend"


class NoticeError(ValueError):
    """A notice that could not be read. ``sentence`` is the sentence at fault, or the festival that is missing."""

    def __init__(self, problem: NoticeProblem, sentence: str) -> None:
        super().__init__(f"{problem.value}: {sentence}")
        self.problem = problem
        self.sentence = sentence


@dataclass(frozen=True, slots=True)
class Notice:
    """The content of a notice. ``days`` says for each day it names whether it is worked. ``asides`` are sentences
    that contain dates but change no day; they are shown to the person who confirms the import.
    """

    year: int
    days: Mapping[date, bool]
    asides: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """A day on which the notice and the calendar disagree, and what the notice says."""

    day: date
    before: bool
    after: bool


def parse(text: str, calendar: Calendar) -> Notice:
    """Read a notice. ``calendar`` as it is so far: an extension extends what it holds.

    Raises NoticeError.
    """
    sentences = list(_sentences(text))
    year = _year(sentences)
    reading = _Reading(year, calendar)
    asides = [s for s in sentences if _ONE_DAY.search(s) and _SPEAKS_OF_DAYS.search(s) and not reading.take(s)]
    if not reading.days:
        raise NoticeError(NoticeProblem.NO_DAYS, "")
    if any("部分节假日" in sentence for sentence in sentences):
        reading.check_complete()
    return Notice(year, dict(sorted(reading.days.items())), tuple(asides))


def differences(notice: Notice, calendar: Calendar) -> tuple[Difference, ...]:
    """The days named by the notice on which the calendar says otherwise."""
    return tuple(
        Difference(day, not works, works)
        for day, works in sorted(notice.days.items())
        if calendar.is_workday(day) is not works
    )


def _sentences(text: str) -> Iterator[str]:
    """The notice cut into sentences, without blanks and with full-width signs made half-width (published notices
    use both kinds of brackets).
    """
    for line in re.split(r"[。\n\r;]", unicodedata.normalize("NFKC", text)):
        sentence = re.sub(r"\s+", "", line)
        if sentence:
            yield sentence


def _year(sentences: list[str]) -> int:
    for sentence in sentences:
        if found := _YEAR.search(sentence):
            year = int(found[1] or found[2])
            if year in _YEARS:
                return year
    raise NoticeError(NoticeProblem.NO_YEAR, sentences[0] if sentences else "")


@dataclass
class _Reading:
    """The days read so far. A date without year or month takes them from the dates before it."""

    year: int
    calendar: Calendar
    days: dict[date, bool] = field(default_factory=dict)
    sections: list[str] = field(default_factory=list)
    sentence: str = ""
    month: int | None = None
    month_year: int = 0

    def fail(self, problem: NoticeProblem) -> NoReturn:
        raise NoticeError(problem, self.sentence)

    def take(self, sentence: str) -> bool:
        """Read one sentence. Returns False when it changes no day."""
        if _ASIDE.search(sentence):
            return False
        self.sentence, self.month = sentence, None
        heading = _HEADING.match(sentence)
        if heading and heading["name"]:
            self.sections.append(heading["name"])
        at, named = heading.end() if heading else 0, 0
        while at < len(sentence):
            at, named = self._take_part(at, named)
        return True

    def _take_part(self, at: int, named: int) -> tuple[int, int]:
        """Read one part of a sentence from place ``at``; returns where the part ends and how many days off it
        named.
        """
        if found := _CLAUSE.match(self.sentence, at):
            days = [day for span in re.findall(_SPAN, found["spans"]) for day in self._span(span)]
            self._set(days, works=found["off"] is None)
            return found.end(), len(days)
        if found := _COUNT.match(self.sentence, at):
            if int(found[1]) != named:
                self.fail(NoticeProblem.WRONG_COUNT)
            return found.end(), named
        if found := _EXTENSION.match(self.sentence, at):
            self._set(self._extended_to(self._date(found["last"])), works=False)
            return found.end(), named
        if found := _FILLER.match(self.sentence, at):
            return found.end(), named
        return self.fail(NoticeProblem.UNREADABLE)

    def _set(self, days: list[date], *, works: bool) -> None:
        for day in days:
            if self.days.setdefault(day, works) is not works:
                self.fail(NoticeProblem.CONTRADICTION)

    def _span(self, text: str) -> list[date]:
        first, *rest = [self._date(found[0]) for found in _ONE_DAY.finditer(text)]
        last = rest[0] if rest else first
        if not 0 <= (last - first).days < LONGEST_HOLIDAY:
            self.fail(NoticeProblem.NO_SUCH_DAY)
        return [first + n * DAY for n in range((last - first).days + 1)]

    def _date(self, text: str) -> date:
        found = _ONE_DAY.match(text)
        if found is None or (found[2] is None and self.month is None):
            self.fail(NoticeProblem.UNREADABLE)
        if found[2]:
            self.month = int(found[2])
            self.month_year = int(found[1]) if found[1] else self._year_of_month(self.month)
        try:
            day = date(self.month_year, self.month or 0, int(found[3]))
        except ValueError:
            self.fail(NoticeProblem.NO_SUCH_DAY)
        if abs(day.year - self.year) > 1:
            self.fail(NoticeProblem.NO_SUCH_DAY)
        weekday = _WEEKDAY.search(found[4] or "")
        if weekday and WEEKDAYS.index(weekday[1].replace("天", "日")) != day.weekday():
            self.fail(NoticeProblem.WRONG_WEEKDAY)
        return day

    def _year_of_month(self, month: int) -> int:
        """The year of a month named without one: December around New Year's Day belongs to the year before."""
        about_new_year = bool(self.sections) and FESTIVALS[0] in self.sections[-1]
        return self.year - 1 if about_new_year and month == 12 else self.year

    def _extended_to(self, last: date) -> list[date]:
        """The days by which a holiday is extended, up to ``last``. The holiday is found as a run of three or more
        days off; a shorter run is a weekend in between.
        """
        day = last
        while (last - day).days <= LONGEST_HOLIDAY:
            if all(not self._works(day - n * DAY) for n in range(3)):
                return [day + n * DAY for n in range(1, (last - day).days + 1)] or [last]
            day -= DAY
        return self.fail(NoticeProblem.NOTHING_TO_EXTEND)

    def _works(self, day: date) -> bool:
        return self.days.get(day, self.calendar.is_workday(day))

    def check_complete(self) -> None:
        """Raise NoticeError unless all seven festivals of the year are named: a missing one means that part of
        the text was lost in copying.
        """
        for festival in FESTIVALS:
            if not any(festival in section for section in self.sections):
                raise NoticeError(NoticeProblem.FESTIVAL_MISSING, festival)
