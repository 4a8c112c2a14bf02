"""The clock of an order: the moments at which somebody is told, and how a pause moves it.

All is computed from the order's start, its due time and the calendar, and never stored: a changed
due time or calendar changes every step with it. A due time is met at its last moment (Civil Code
203); overdue begins just after. What counts is when the unit replied, not when the reply was
delivered. Used by the deadline run, the desk, dispatching and the requests.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from bot.clocks.workdays import CHINA, CLOSING, OFFICE_HOURS

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import time

    from bot.clocks.workdays import Calendar, Due, Hours, Rule

WARN_HOURS = 4
YELLOW_DAYS = 2
RED_DAYS = 5
JUST_AFTER = timedelta(microseconds=1)
"""The finest the database keeps: a due time is met at its last moment, and the very next one is late."""


class StepName(StrEnum):
    """The steps of a clock in the order they fall, the mildest first."""

    HALF = "half"
    DAY_LEFT = "day_left"
    HOURS_LEFT = "hours_left"
    OVERDUE = "overdue"
    YELLOW = "yellow"
    RED = "red"


class DueChange(StrEnum):
    """What a change of the calendar does to a due time.

    LATER needs no announcement; EARLIER must be announced; KEPT: the new time would lie in the past, so the old
    one stays.
    """

    SAME = "same"
    LATER = "later"
    EARLIER = "earlier"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Step:
    """A moment at which somebody is told. ``at`` is in UTC."""

    name: StepName
    at: datetime


@dataclass(frozen=True, slots=True)
class Limits:
    """The office's limits. Days are working days, hours office hours, but for ``archive_days`` and
    ``urgent_hours``: those are by the calendar and the clock on the wall.

    ``per_kind``: ``reply_days`` of single kinds of inquiry. ``reason_length``: characters an
    extension's reason has at least, blanks not counted.
    """

    reply_days: int = 4
    per_kind: Mapping[str, int] = field(default_factory=dict)
    sign_hours: float = 4
    return_days: int = 1
    decide_hours: float = 4
    extension_max_days: int = 10
    extension_default_days: int = 4
    rework_days: int = 2
    supplement_days: int = 3
    reason_length: int = 20
    close_days: int = 5
    archive_days: int = 30
    urgent_hours: float = 24

    def reply_days_for(self, kind: str) -> int:
        """Working days to reply to an inquiry of this kind."""
        return self.per_kind.get(kind, self.reply_days)


DEFAULT_LIMITS = Limits()


def steps(
    start: datetime, due: datetime, calendar: Calendar, *, wall_clock: bool = False, office: Hours = OFFICE_HOURS
) -> tuple[Step, ...]:
    """The moments at which somebody is told, strictly in order, none at or before ``start``.

    A milder step that would not fall before the next sharper one is left out: a short limit has
    fewer steps, never two at once. ``wall_clock`` is for urgent matters: half the time and the last
    four hours by the clock on the wall, no day left.
    """
    half, hours_left = (_by_the_wall if wall_clock else _by_office_hours)(start, due, calendar, office)
    found = [
        (StepName.HALF, half),
        (StepName.DAY_LEFT, None if wall_clock else _days_before(due, 1, calendar)),
        (StepName.HOURS_LEFT, hours_left),
        (StepName.OVERDUE, due + JUST_AFTER),
        (StepName.YELLOW, _days_after(due, YELLOW_DAYS, calendar) + JUST_AFTER),
        (StepName.RED, _days_after(due, RED_DAYS, calendar) + JUST_AFTER),
    ]
    kept: list[Step] = []
    for name, at in reversed(found):
        if at is not None and at > start and (not kept or at < kept[-1].at):
            kept.append(Step(name, at.astimezone(UTC)))
    return tuple(reversed(kept))


def fired(
    start: datetime, due: datetime, calendar: Calendar, *, after: datetime, until: datetime, wall_clock: bool = False
) -> tuple[Step, ...]:
    """The steps after ``after``, up to and including ``until``.

    Runs over consecutive spans of time find every step exactly once, however the spans are cut.
    """
    found = steps(start, due, calendar, wall_clock=wall_clock)
    return tuple(step for step in found if after < step.at <= until)


def next_check(
    start: datetime, due: datetime, calendar: Calendar, *, after: datetime, wall_clock: bool = False
) -> datetime | None:
    """The moment of the first step after ``after``; None when the last one, the red card, is over."""
    found = steps(start, due, calendar, wall_clock=wall_clock)
    return next((step.at for step in found if step.at > after), None)


def resumed(
    due: datetime,
    paused_at: datetime,
    resumed_at: datetime,
    calendar: Calendar,
    *,
    cap_days: int = 3,
    office: Hours = OFFICE_HOURS,
    closing: time = CLOSING,
) -> datetime:
    """The due time (UTC) after a pause: later by the office time that the pause took, by at most ``cap_days``.

    Nights and days off do not count. A due time that had passed before the pause is not moved: asking the citizen
    late does not mend lateness.
    """
    waited = calendar.working_time_between(paused_at, resumed_at, office=office)
    if paused_at > due or not waited:
        return due.astimezone(UTC)
    moved = calendar.add_working_hours(due, waited / timedelta(hours=1), office=office).astimezone(CHINA)
    if due.astimezone(CHINA).time() == closing:
        # A promise made for closing time stays one for closing time: "by 11:20" would be neither
        # what people are used to read nor explainable, and the rest of that day harms nobody.
        moved = max(moved, datetime.combine(moved.date(), closing, CHINA))
    return min(moved, _days_after(due, cap_days, calendar)).astimezone(UTC)


def unit_due(dispatched_at: datetime, days: int, calendar: Calendar, *, rule: Rule = "A") -> Due:
    """The unit's own due time with its derivation, counted from dispatch; when the unit signs for the order makes
    no difference.
    """
    return calendar.due(dispatched_at, days, rule=rule)


def assist_due(lead_due: datetime, calendar: Calendar, *, opened_at: datetime | None = None) -> datetime:
    """The due time of a unit called in: one working day before the lead's, so that the lead can still use its
    reply.

    If that moment is already over at ``opened_at``, it is the lead's own.
    """
    earlier = _days_before(lead_due, 1, calendar)
    if opened_at is not None and earlier <= opened_at:
        return lead_due.astimezone(UTC)
    return earlier.astimezone(UTC)


def urgent_due(received_at: datetime, *, hours: float = DEFAULT_LIMITS.urgent_hours) -> datetime:
    """The due time of urgent matters (water, power, gas, heat, danger): hours by the clock on the wall, nights
    and holidays included.
    """
    return received_at.astimezone(UTC) + timedelta(hours=hours)


def recomputed(old: datetime, new: datetime, *, now: datetime) -> tuple[datetime, DueChange]:
    """The due time after the calendar changed, and the kind of change.

    A due time never moves into the past: nobody becomes late because a calendar was corrected.
    """
    if new == old:
        return old, DueChange.SAME
    if new > old:
        return new, DueChange.LATER
    return (new, DueChange.EARLIER) if new > now else (old, DueChange.KEPT)


def _by_office_hours(
    start: datetime, due: datetime, calendar: Calendar, office: Hours
) -> tuple[datetime | None, datetime]:
    half = calendar.working_time_between(start, due, office=office) / 2
    at = calendar.add_working_hours(start, half / timedelta(hours=1), office=office) if half else None
    return at, calendar.subtract_working_hours(due, WARN_HOURS, office=office)


def _by_the_wall(
    start: datetime, due: datetime, _calendar: Calendar, _office: Hours
) -> tuple[datetime | None, datetime]:
    return start + (due - start) / 2, due - timedelta(hours=WARN_HOURS)


def _days_before(moment: datetime, days: int, calendar: Calendar) -> datetime:
    """The same time of day, ``days`` working days earlier."""
    local = moment.astimezone(CHINA)
    day = local.date()
    for _ in range(days):
        day = calendar.previous_workday(day)
    return datetime.combine(day, local.time(), CHINA)


def _days_after(moment: datetime, days: int, calendar: Calendar) -> datetime:
    """The same time of day, ``days`` working days later."""
    local = moment.astimezone(CHINA)
    return datetime.combine(calendar.add_workdays(local.date(), days), local.time(), CHINA)
