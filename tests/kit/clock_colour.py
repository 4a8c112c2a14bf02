"""The colour a clock shows, worked out from the due time alone: what steps and charges are compared with."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from bot.clocks.steps import RED_DAYS, YELLOW_DAYS
from bot.clocks.workdays import CHINA, Calendar


class ClockState(StrEnum):
    """WARNING: the last working day runs. YELLOW and RED: two and five working days over."""

    OK = "ok"
    WARNING = "warning"
    OVERDUE = "overdue"
    YELLOW = "yellow"
    RED = "red"


def clock_state(due: datetime, now: datetime, calendar: Calendar) -> ClockState:
    local = due.astimezone(CHINA)

    def at_that_hour(day):
        return datetime.combine(day, local.time(), CHINA)

    if now > at_that_hour(calendar.add_workdays(local.date(), RED_DAYS)):
        return ClockState.RED
    if now > at_that_hour(calendar.add_workdays(local.date(), YELLOW_DAYS)):
        return ClockState.YELLOW
    if now > due:
        return ClockState.OVERDUE
    return ClockState.OK if now < at_that_hour(calendar.previous_workday(local.date())) else ClockState.WARNING
