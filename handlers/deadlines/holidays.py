"""Turns a notice on days off into calendar days: what would be stored, what differs, and then stores it.

For a year that was not known every day is stored, which makes it announced; for a known year only the days that
differ. ``wenzheng calendar import`` applies it after a person has seen the differences.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from bot.clocks.holiday_notice import Difference, parse
from bot.clocks.workdays import Calendar
from store import calendar as table
from store import inquiries

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from bot.clocks.holiday_notice import Notice
    from store.engine.transactions import Tx

NAMED_IN_EVERY_YEAR = ((1, 1), (5, 1), (10, 1))
"""Days off by law since 1949: a notice that names all three is one for a whole year."""


@dataclass(frozen=True, slots=True)
class Import:
    """``days`` are to be stored (none: the calendar has them already); ``differences`` are shown to the person
    who confirms.
    """

    notice: Notice
    days: Mapping[date, bool]
    differences: tuple[Difference, ...]
    whole_year: bool


def announced(calendar: Calendar, year: int) -> bool:
    """Whether a year's days off are known. The test is a day in mid-July, which no notice names, so that one day
    entered by hand does not make its year look known.
    """
    return calendar.status(date(year, 7, 15)) != "provisional"


def plan(text: str, calendar: Calendar) -> Import:
    """What a notice changes. Raises ``bot.clocks.holiday_notice.NoticeError``."""
    notice = parse(text, calendar)
    complete = all(notice.days.get(date(notice.year, *day)) is False for day in NAMED_IN_EVERY_YEAR)
    whole_year = complete and not announced(calendar, notice.year)
    days = {day: day.weekday() < 5 for day in days_of(notice.year)} if whole_year else {}
    days |= notice.days
    found = tuple(
        Difference(day, not works, works)
        for day, works in sorted(days.items())
        if calendar.is_workday(day) is not works
    )
    if not whole_year:
        days = {difference.day: difference.after for difference in found}
    return Import(notice, days, found, whole_year)


def days_of(year: int) -> list[date]:
    """Every day of a year."""
    first = date(year, 1, 1)
    return [first + timedelta(days=n) for n in range((date(year + 1, 1, 1) - first).days)]


def store(tx: Tx, wanted: Import, *, author: str, source: str, now: datetime) -> Calendar:
    """Store the days, with an entry in the log. Returns the calendar as it is afterwards."""
    table.put(tx, wanted.days, author=author, source=source, now=now)
    inquiries.log(
        tx,
        None,
        "calendar_imported",
        now,
        year=wanted.notice.year,
        author=author,
        source=source,
        days=len(wanted.days),
        differing=[[found.day.isoformat(), found.after] for found in wanted.differences],
    )
    return Calendar(table.overrides(tx))
