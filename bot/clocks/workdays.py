"""Working days and hours of a Chinese district office, and due dates that explain themselves.

Wraps ``chinesecalendar`` (the State Council's published notices) with a table of overrides. A year
nobody has announced yet is answered provisionally and says so. Everything is computed in China's
fixed +08:00 (no daylight saving since 1991) and handed out in UTC. Used where messages come in, by the desk, the
deadline run and ``wenzheng due``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import TYPE_CHECKING, Literal

# The tables, not ``is_workday``: that takes the min and max of them on every call, 64 µs a day
# (chinesecalendar 1.11.0, measured 2026-11).
from chinese_calendar import constants

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

Hours = tuple[tuple[time, time], ...]
Status = Literal["official", "override", "provisional"]
Rule = Literal["A", "B"]
Why = Literal["received", "deemed_received", "workday", "make_up_workday", "weekend", "holiday"]

CHINA = timezone(timedelta(hours=8))
CLOSING = time(17)
OFFICE_HOURS: Hours = ((time(9), time(12)), (time(13), time(17)))
DAY = timedelta(days=1)

_HOLIDAYS: frozenset[date] = frozenset(constants.holidays)
_MAKE_UP_DAYS: frozenset[date] = frozenset(constants.workdays)
_PUBLISHED = range(min(_HOLIDAYS).year, max(_HOLIDAYS).year + 1)

# Statutory days with a date of their own every year (Regulation on holidays, as amended for 2025).
_FIXED_DAYS = frozenset({(1, 1), (5, 1), (5, 2), (10, 1), (10, 2), (10, 3)})
# Those that follow the moon or the sun: first day of the Spring Festival, Qingming, Duanwu,
# Mid-Autumn. Computed from the new moon in Beijing time, which matters: that of 2027-02-06 is at
# 23:56 and that of 2030-02-03 at 00:07, where ICU's Chinese calendar is a day off. Later years know
# the fixed days only; by then chinesecalendar or an imported notice has taken over.
_MOVING_DAYS: dict[int, tuple[date, date, date, date]] = {
    2027: (date(2027, 2, 6), date(2027, 4, 5), date(2027, 6, 9), date(2027, 9, 15)),
    2028: (date(2028, 1, 26), date(2028, 4, 4), date(2028, 5, 28), date(2028, 10, 3)),
    2029: (date(2029, 2, 13), date(2029, 4, 4), date(2029, 6, 16), date(2029, 9, 22)),
    2030: (date(2030, 2, 3), date(2030, 4, 5), date(2030, 6, 5), date(2030, 9, 12)),
}


def _moving_days() -> Iterator[date]:
    """The statutory days of ``_MOVING_DAYS``. The Spring Festival has four since 2025: the eve and the three days
    after it.
    """
    for spring, *others in _MOVING_DAYS.values():
        yield from (spring + n * DAY for n in (-1, 0, 1, 2))
        yield from others


_STATUTORY_DAYS = frozenset(_moving_days())


@dataclass(frozen=True, slots=True)
class Override:
    """The office's word on one day, which wins over the published calendar. ``note`` names the source."""

    working: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of a derivation. ``counted`` is the number of this working day, None if the day does not count."""

    day: date
    counted: int | None
    why: Why
    status: Status


@dataclass(frozen=True, slots=True)
class Due:
    """A due time with its derivation. ``at`` is in UTC; ``provisional`` if a day it rests on has not been
    announced yet.
    """

    at: datetime
    derivation: tuple[Step, ...]
    provisional: bool


class Calendar:
    """Which days are worked.

    Args:
        overrides: single days the office decided on; they win over everything.
        announced: years whose notice was imported into ``overrides`` before chinesecalendar knew
            them; their other days are official then.
    """

    def __init__(self, overrides: Mapping[date, Override] | None = None, announced: Collection[int] = ()) -> None:
        self._overrides = dict(overrides or {})
        self._announced = frozenset(announced)

    def status(self, day: date) -> Status:
        if day in self._overrides:
            return "override"
        known = day.year in _PUBLISHED or day.year in self._announced
        return "official" if known else "provisional"

    def is_workday(self, day: date) -> bool:
        override = self._overrides.get(day)
        if override is not None:
            return override.working
        if day in _MAKE_UP_DAYS:
            return True
        return day.weekday() < 5 and not _is_holiday(day)

    def why(self, day: date) -> Why:
        """The reason why a day counts as worked or not."""
        weekend = day.weekday() >= 5
        if self.is_workday(day):
            return "make_up_workday" if weekend else "workday"
        return "weekend" if weekend and not _is_holiday(day) else "holiday"

    def next_workday(self, day: date) -> date:
        """The first working day after ``day``."""
        return next(later for later in _days_after(day) if self.is_workday(later))

    def previous_workday(self, day: date) -> date:
        """The last working day before ``day``."""
        day -= DAY
        while not self.is_workday(day):
            day -= DAY
        return day

    def add_workdays(self, day: date, days: int) -> date:
        """The ``days``-th working day after ``day``; ``day`` itself is never counted."""
        for _ in range(days):
            day = self.next_workday(day)
        return day

    def workdays_between(self, start: date, end: date) -> int:
        """Working days after ``start`` up to and including ``end``; negative when ``end`` is earlier."""
        first, last = sorted((start, end))
        count = sum(self.is_workday(first + n * DAY) for n in range(1, (last - first).days + 1))
        return count if end >= start else -count

    def due(self, received_at: datetime, days: int = 4, *, rule: Rule = "A", closing: time = CLOSING) -> Due:
        """Closing time of the ``days``-th working day after the day of receipt.

        Rule A does not ask at what hour, or on which day, it came (Civil Code 201: the first day
        is not counted). Rule B takes what comes after closing or on a day off as received on the
        next working day. Raises ValueError for a naive time or ``days`` below 1.
        """
        if days < 1:
            raise ValueError(f"days must be 1 or more, not {days}")
        received = _local(received_at)
        steps = [self._step(received.date(), "received")]
        if rule == "B" and self._too_late(received, closing):
            steps += self._skipped_to_next_workday(received.date())
        steps += self._count(steps[-1].day, days)
        at = datetime.combine(steps[-1].day, closing, CHINA).astimezone(UTC)
        return Due(at, tuple(steps), any(step.status == "provisional" for step in steps[1:]))

    def _too_late(self, received: datetime, closing: time) -> bool:
        return received.time() >= closing or not self.is_workday(received.date())

    def _step(self, day: date, why: Why, counted: int | None = None) -> Step:
        return Step(day, counted, why, self.status(day))

    def _skipped_to_next_workday(self, day: date) -> list[Step]:
        target = self.next_workday(day)
        between = [day + n * DAY for n in range(1, (target - day).days)]
        return [*(self._step(d, self.why(d)) for d in between), self._step(target, "deemed_received")]

    def _count(self, start: date, days: int) -> list[Step]:
        steps: list[Step] = []
        counted = 0
        for day in _days_after(start):
            works = self.is_workday(day)
            counted += works
            steps.append(self._step(day, self.why(day), counted if works else None))
            if counted == days:
                break
        return steps

    def add_working_hours(self, start: datetime, hours: float, *, office: Hours = OFFICE_HOURS) -> datetime:
        """The moment (UTC) when ``hours`` of office time have passed since ``start``.

        Hours run from the moment itself (Civil Code 201); the end of a session is its own end, not
        the start of the next. Raises ValueError for a naive time, no hours, or an office never open.
        """
        left = timedelta(hours=hours)
        if left <= timedelta(0) or not any(opens < closes for opens, closes in office):
            raise ValueError("hours to add and office hours must be more than none")
        for opens, closes in self._sessions(_local(start), office):
            if left <= closes - opens:
                return (opens + left).astimezone(UTC)
            left -= closes - opens
        raise AssertionError("unreachable: sessions never end")

    def subtract_working_hours(self, end: datetime, hours: float, *, office: Hours = OFFICE_HOURS) -> datetime:
        """The last moment (UTC) with ``hours`` of office time still to come before ``end``.

        Raises ValueError like ``add_working_hours``.
        """
        left = timedelta(hours=hours)
        if left <= timedelta(0) or not any(opens < closes for opens, closes in office):
            raise ValueError("hours to subtract and office hours must be more than none")
        for opens, closes in self._sessions_back(_local(end), office):
            if left <= closes - opens:
                return (closes - left).astimezone(UTC)
            left -= closes - opens
        raise AssertionError("unreachable: sessions never end")

    def working_time_between(self, start: datetime, end: datetime, *, office: Hours = OFFICE_HOURS) -> timedelta:
        """Office time from ``start`` to ``end``; zero when ``end`` is not later."""
        total, last = timedelta(0), _local(end)
        for opens, closes in self._sessions(_local(start), office):
            if opens >= last:
                break
            total += min(closes, last) - opens
        return total

    def _sessions(self, start: datetime, office: Hours) -> Iterator[tuple[datetime, datetime]]:
        """The office sessions from ``start`` on, without end; the first one may be cut short by ``start``."""
        day = start.date() if self.is_workday(start.date()) else self.next_workday(start.date())
        while True:
            for opening, closing in office:
                opens, closes = (datetime.combine(day, t, CHINA) for t in (opening, closing))
                if max(opens, start) < closes:
                    yield max(opens, start), closes
            day = self.next_workday(day)

    def _sessions_back(self, end: datetime, office: Hours) -> Iterator[tuple[datetime, datetime]]:
        """The office sessions before ``end``, the latest first, without end; the first one may be cut short by
        ``end``.
        """
        day = end.date() if self.is_workday(end.date()) else self.previous_workday(end.date())
        while True:
            for opening, closing in reversed(office):
                opens, closes = (datetime.combine(day, t, CHINA) for t in (opening, closing))
                if opens < min(closes, end):
                    yield opens, min(closes, end)
            day = self.previous_workday(day)


def _is_holiday(day: date) -> bool:
    if day.year in _PUBLISHED:
        return day in _HOLIDAYS
    return day in _STATUTORY_DAYS or (day.month, day.day) in _FIXED_DAYS


def _days_after(day: date) -> Iterator[date]:
    while True:
        day += DAY
        yield day


def _local(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a time without zone: deadlines need an aware datetime")
    return moment.astimezone(CHINA)
