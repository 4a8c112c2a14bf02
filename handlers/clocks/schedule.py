"""Sets when an order is looked at next: when it is opened, when its due time moves, and when it is paused or goes
on.

``first_check`` is called by whoever opens an order, ``reschedule`` by whoever changes its due time, pauses or
resumes it. An ended order keeps its moment: the deadline run looks at it once more, judges what happened before
the end, and leaves it alone afterwards.
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
"""The event of an order whose due time was moved or whose clock was stopped or started. Citizens are not told of
it.
"""
APOLOGY_DAYS = 2
"""Working days until the new date that is told to the citizen: the evening of the yellow card."""
FURTHER_DAYS = 15
"""Working days after the due time that are looked at one by one: as many as can cost points."""


def first_check(
    created_at: datetime,
    due_at: datetime,
    calendar: Calendar,
    *,
    urgent: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> datetime | None:
    """The first moment at which somebody may have to be told something about an order."""
    found = [
        next_check(created_at, due_at, calendar, after=created_at, wall_clock=urgent),
        sign_by(created_at, calendar, limits) + JUST_AFTER,
    ]
    return min(moment for moment in found if moment is not None)


def sign_by(created_at: datetime, calendar: Calendar, limits: Limits = DEFAULT_LIMITS) -> datetime:
    """The moment until which an order has to be signed for."""
    return calendar.add_working_hours(created_at, limits.sign_hours)


def following_check(
    order: TimedOrderRecord, calendar: Calendar, *, after: datetime, limits: Limits = DEFAULT_LIMITS
) -> datetime | None:
    """The first moment after ``after`` at which something happens: a step, the limit for signing, the citizen's
    date, one more day over.
    """
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
    """The next end of a working day after the due time, up to the last one that counts."""
    if after < due:
        return None
    days = days_over(due, after, calendar) + 1
    return _days_later(due, days, calendar) + JUST_AFTER if days <= FURTHER_DAYS else None


def days_over(due: datetime, at: datetime, calendar: Calendar) -> int:
    """The whole working days over the due time at ``at``, at most ``FURTHER_DAYS``."""
    moments = (_days_later(due, days, calendar) + JUST_AFTER for days in range(1, FURTHER_DAYS + 1))
    return sum(moment <= at for moment in moments) if at > due else 0


def reschedule(
    tx: Tx, assignment: Any, calendar: Calendar, now: datetime, *, limits: Limits = DEFAULT_LIMITS
) -> datetime | None:
    """Set an order's next look after its due time changed, or its inquiry was paused or goes on.

    ``assignment`` is any row with the order's ``id``; everything else is read anew. With None nothing will be
    looked at (paused). A reminder whose moment has passed under the new due time is not sent late.
    """
    order = deadlines.order(tx, assignment.id)
    checked = order.checked_at or order.created_at
    if order.due_at > now:
        checked = max(checked, _let_go_until(order, checked, now, calendar, limits))
    still = _still(order)
    moment = None if still else following_check(order, calendar, after=checked, limits=limits)
    deadlines.set_check(tx, order.id, checked_at=checked, next_check_at=moment)
    # These events explain the ledger: which due time held when, and for how long the clock stood still.
    inquiries.log(
        tx, order.inquiry_id, CLOCK_SET, now, assignment=order.id, due_at=order.due_at.isoformat(), still=still
    )
    return moment


def _let_go_until(
    order: TimedOrderRecord, checked: datetime, now: datetime, calendar: Calendar, limits: Limits
) -> datetime:
    """The moment up to which missed steps are forgotten: now. Only a limit for signing that was missed since the
    last look is still told and charged, since it does not move.
    """
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
