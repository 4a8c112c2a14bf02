"""The deadline run: each step of an order's clock is told once, recorded, and charged.

It is part of the sweep and looks only at orders whose next check is due. What happened since an order was last
looked at is logged with the moment it happened. People are told of the latest step only, and somebody who would
get more than a few notices at once (after an interruption, or at a common due hour) gets one summary. If the
machine's clock is set back nothing is repeated: checks only move forward.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.clocks.steps import JUST_AFTER, Step, StepName, fired
from bot.inquiry.states import OPEN as OPEN_STATES
from bot.inquiry.states import AssignmentRole
from handlers.clocks import charges
from handlers.clocks.schedule import following_check, sign_by
from handlers.deadlines.reminders import LATE_SIGN, Due, apologize, tell
from handlers.notices.recipients import Staff
from store import deadlines, inquiries
from store.engine.transactions import Conflict, DatabaseError, StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.clocks.workdays import Calendar
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.joined import TimedOrderRecord


BATCH = 500
# An order that fails is left alone for an hour, or it would be the first of every batch from then on.
PUT_OFF = timedelta(hours=1)
OVER = (StepName.OVERDUE, StepName.YELLOW, StepName.RED)


@dataclass(slots=True)
class _Run:
    """One batch: what its orders share, and what they gave."""

    deps: Deps
    tx: Tx
    now: datetime
    calendar: Calendar
    notices: list[Due] = field(default_factory=list)
    apologies: list[TimedOrderRecord] = field(default_factory=list)
    marks: list[tuple[int, datetime, datetime | None]] = field(default_factory=list)


def drain(deps: Deps) -> int:
    """Look at every order whose moment has come. Returns how many."""
    total = 0
    summarized: frozenset[int] = frozenset()
    while True:
        count, got_summary = _run_batch(deps, summarized)
        summarized |= got_summary
        total += count
        if count < BATCH:
            return total


def _run_batch(deps: Deps, summarized: frozenset[int]) -> tuple[int, set[int]]:
    try:
        return deps.store.write(partial(_batch, deps, summarized, _look))
    except (StoreUnavailable, Conflict, DatabaseError):
        raise
    except Exception:  # noqa: BLE001  once more, each order by itself: one must not stop the others
        return deps.store.write(partial(_batch, deps, summarized, _look_apart))


def _batch(
    deps: Deps, summarized: frozenset[int], look: Callable[[_Run, TimedOrderRecord], None], tx: Tx
) -> tuple[int, set[int]]:
    now = deps.clock.now()
    orders = deadlines.due_orders(tx, now, BATCH)
    run = _Run(deps, tx, now, deps.calendar())
    for order in orders:
        look(run, order)
    # In the same transaction as the notices: a run that dies tells everything again, and nobody is told twice.
    deadlines.mark_checked(tx, run.marks)
    got_summary: set[int] = set()
    if run.notices:
        got_summary = tell(deps, tx, Staff(tx, now), run.notices, now=now, summarized=summarized)
    for order in run.apologies:
        apologize(deps, tx, order, run.calendar, now)
    if run.notices or run.apologies:
        tx.after_commit.append(lambda: deps.wake("outbox"))
    return len(orders), got_summary


def _look_apart(run: _Run, order: TimedOrderRecord) -> None:
    """Look at one order. One that cannot be looked at is put off, and an alarm is raised."""
    try:
        # A savepoint: what a failing order has written is undone, what the others wrote stays.
        with run.tx.conn.begin_nested():
            _look(run, order)
    except (Conflict, DatabaseError):
        raise
    except Exception as error:  # noqa: BLE001  a fault of ours, not a reason to remind nobody
        name = type(error).__name__
        run.marks.append((order.id, order.checked_at or order.created_at, run.now + PUT_OFF))
        run.tx.after_commit.append(lambda: run.deps.alarms.raise_alarm("deadline_failed", error=name, row=order.id))


def _look(run: _Run, order: TimedOrderRecord) -> None:
    checked = order.checked_at or order.created_at
    live = order.state in deadlines.OPEN_ORDER and order.inquiry_state in OPEN_STATES
    if live and order.paused_at is not None:
        run.marks.append((order.id, checked, None))  # paused; ``reschedule`` sets the next check when it goes on
        return
    # What ended in time is not late because nobody looked until after its due time.
    until = run.now if live else min(run.now, order.ended_at or run.now)
    steps = [
        *fired(order.created_at, order.due_at, run.calendar, after=checked, until=until, wall_clock=bool(order.urgent))
    ]
    late = _signed_late(run, order, checked, until)
    _record(run, order, steps, late)
    following = following_check(order, run.calendar, after=max(checked, run.now), limits=run.deps.limits)
    run.marks.append((order.id, max(checked, run.now), following if live else None))
    if late is not None or until > order.due_at:
        rules = charges.rules_for(run.deps.limits)
        charges.settle_order(run.tx, order, run.calendar, run.now, rules=rules)
    if live:
        _tell_of(run, order, steps, late)


def _signed_late(run: _Run, order: TimedOrderRecord, checked: datetime, until: datetime) -> datetime | None:
    """The moment the limit for signing was missed, if that happened since the last look."""
    missed = sign_by(order.created_at, run.calendar, run.deps.limits) + JUST_AFTER
    in_time = order.signed_at is not None and order.signed_at < missed
    return missed if checked < missed <= until and not in_time else None


def _record(run: _Run, order: TimedOrderRecord, steps: list[Step], late: datetime | None) -> None:
    """Log a step with the moment it happened, as evidence for what is charged."""
    fallen = [(step.name.value, step.at) for step in steps if step.name in OVER]
    fallen += [(LATE_SIGN, late)] if late is not None else []
    for name, at in sorted(fallen, key=lambda each: each[1]):
        inquiries.log(
            run.tx,
            order.inquiry_id,
            name,
            at,
            unit=order.unit_name,
            assignment=order.id,
            due_at=order.due_at.isoformat(),
        )


def _tell_of(run: _Run, order: TimedOrderRecord, steps: list[Step], late: datetime | None) -> None:
    """The officers of what fell last, the citizen of a promise that was not kept."""
    fallen = [(step.at, step.name.value) for step in steps] + ([(late, LATE_SIGN)] if late is not None else [])
    if fallen:
        run.notices.append(Due(order, max(fallen)[1]))
    if order.role == AssignmentRole.LEAD and order.promised_at < run.now:
        run.apologies.append(order)
