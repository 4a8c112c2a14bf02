"""When an order is looked at next: set as it is opened, moved with its due time, still while paused.

``first_check`` is for whoever opens an order, ``reschedule`` for whoever changes its due time, pauses
or resumes it. An ended order keeps its moment: the deadline run looks once more, judges what fell
before the end and leaves it alone from then on.
"""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from bot.clocks.steps import DEFAULT_LIMITS, JUST_AFTER, next_check
from bot.clocks.workdays import CHINA, CLOSING
from bot.inquiry.states import AssignmentRole
from store import deadlines, inquiries

if TYPE_CHECKING:
    from bot.clocks.steps import Limits
    from bot.clocks.workdays import Calendar
    from store.engine.transactions import Tx
    from store.records.joined import TimedOrderRecord

CLOCK_SET = "clock_set"
"""The event of an order whose due time moved or whose clock was stopped or started. Not told to citizens."""
APOLOGY_DAYS = 2
"""Working days until the new date told to the citizen: the evening of the yellow card."""
FURTHER_DAYS = 15
"""Working days over the due time that are looked at one by one: as many as points can be taken for."""


def first_check(
    created_at: datetime,
    due_at: datetime,
    calendar: Calendar,
    *,
    urgent: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> datetime | None:
    """The first moment somebody may have to be told of an order."""
    found = [
        next_check(created_at, due_at, calendar, after=created_at, wall_clock=urgent),
        sign_by(created_at, calendar, limits) + JUST_AFTER,
    ]
    return min(moment for moment in found if moment is not None)


def sign_by(created_at: datetime, calendar: Calendar, limits: Limits = DEFAULT_LIMITS) -> datetime:
    """Until when an order is to be signed for."""
    return calendar.add_working_hours(created_at, limits.sign_hours)


def following_check(
    order: TimedOrderRecord, calendar: Calendar, *, after: datetime, limits: Limits = DEFAULT_LIMITS
) -> datetime | None:
    """The first moment later than ``after``: a step, the limit for signing, the promise, one more day over."""
    found = [
        next_check(order.created_at, order.due_at, calendar, after=after, wall_clock=bool(order.urgent)),
        further_day(order.due_at, calendar, after=after),
    ]
    if order.signed_at is None:
        found.append(sign_by(order.created_at, calendar, limits) + JUST_AFTER)
    if order.role == AssignmentRole.LEAD:
        found.append(order.promised_at + JUST_AFTER)  # the citizen's own clock may end before the unit's
    return min((moment for moment in found if moment is not None and moment > after), default=None)


def further_day(due: datetime, calendar: Calendar, *, after: datetime) -> datetime | None:
    """The next end of a working day over the due time, up to the last that counts."""
    if after < due:
        return None
    days = days_over(due, after, calendar) + 1
    return _days_later(due, days, calendar) + JUST_AFTER if days <= FURTHER_DAYS else None


def days_over(due: datetime, at: datetime, calendar: Calendar) -> int:
    """Whole working days over the due time at ``at``; at most ``FURTHER_DAYS``."""
    moments = (_days_later(due, days, calendar) + JUST_AFTER for days in range(1, FURTHER_DAYS + 1))
    return sum(moment <= at for moment in moments) if at > due else 0


def reschedule(
    tx: Tx, assignment: Any, calendar: Calendar, now: datetime, *, limits: Limits = DEFAULT_LIMITS
) -> datetime | None:
    """Set an order's next look after its due time changed, or its inquiry was paused or goes on.

    ``assignment``: any row with its ``id``; what counts is read anew. None: nothing will be looked at
    (paused). A reminder whose moment passed under the new due time is not made up for.
    """
    order = deadlines.order(tx, assignment.id)
    checked = order.checked_at or order.created_at
    if order.due_at > now:
        checked = max(checked, _let_go_until(order, checked, now, calendar, limits))
    still = _still(order)
    moment = None if still else following_check(order, calendar, after=checked, limits=limits)
    deadlines.set_check(tx, order.id, checked_at=checked, next_check_at=moment)
    # The ledger is explained by these: which due time held when, and while what the clock stood still.
    inquiries.log(
        tx, order.inquiry_id, CLOCK_SET, now, assignment=order.id, due_at=order.due_at.isoformat(), still=still
    )
    return moment


def _let_go_until(
    order: TimedOrderRecord, checked: datetime, now: datetime, calendar: Calendar, limits: Limits
) -> datetime:
    """Now; but a limit for signing missed since the last look is still to be told and charged: it does not move."""
    missed = sign_by(order.created_at, calendar, limits) + JUST_AFTER
    in_time = order.signed_at is not None and order.signed_at < missed
    return missed - JUST_AFTER if checked < missed <= now and not in_time else now


def _still(order: TimedOrderRecord) -> bool:
    return order.paused_at is not None and order.state in deadlines.OPEN_ORDER


def _days_later(moment: datetime, days: int, calendar: Calendar) -> datetime:
    local = moment.astimezone(CHINA)
    return moment + timedelta(days=(calendar.add_workdays(local.date(), days) - local.date()).days)


def closing_after(calendar: Calendar, now: datetime, days: int, closing: time = CLOSING) -> datetime:
    """Closing time of the ``days``-th working day after today."""
    return datetime.combine(calendar.add_workdays(now.astimezone(CHINA).date(), days), closing, CHINA)
