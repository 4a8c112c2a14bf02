"""After the calendar changed: moves the due times of everything open, and gives back points for days that became
days off.

A later time is set silently, an earlier one with notice to unit and citizen, and none is moved into the past;
each change has its event. Each batch is a transaction of its own, so that messages can come in meanwhile. Run
again it finds nothing to do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypedDict

from bot.clocks.steps import DueChange, assist_due, recomputed
from bot.clocks.workdays import CHINA, CLOSING
from bot.inquiry.states import AssignmentRole
from handlers.clocks import charges
from handlers.clocks.schedule import reschedule
from handlers.notices import notify
from handlers.notices.phrases import about, say_time
from store import deadlines, inquiries, scores

if TYPE_CHECKING:
    from bot.clocks.workdays import Calendar, Rule
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.inquiries import InquiryRecord
    from store.records.joined import TimedOrderRecord

BATCH = 200
TOLD = (DueChange.LATER, DueChange.EARLIER, DueChange.KEPT)
"""The changes that a report counts. KEPT: the new time would lie in the past."""
LONGEST_WAIT = timedelta(days=60)
"""A charge this long after a changed day cannot come from that day."""


@dataclass(frozen=True, slots=True)
class Changed:
    """One due time that was moved: the citizen's (``unit`` empty) or a unit's."""

    number: str
    unit: str
    old: datetime
    new: datetime
    change: DueChange


@dataclass(slots=True)
class Report:
    """The result. ``looked``: open inquiries; ``entries``: lines added to the points ledger."""

    looked: int = 0
    entries: int = 0
    changes: list[Changed] = field(default_factory=list)

    def count(self, change: DueChange) -> int:
        return sum(each.change is change for each in self.changes)


@dataclass(frozen=True, slots=True)
class Calendars:
    """The calendars before and after, the rule by which days are counted, and who made the change."""

    before: Calendar
    after: Calendar
    rule: Rule
    source: str


def recompute(deps: Deps, calendars: Calendars) -> Report:
    """Go through every open inquiry with its open orders, then through ended orders that were charged."""
    report = Report()
    last = 0
    while True:
        ids, entries, changes = deps.store.write(partial(_batch, deps, calendars, last))
        if not ids:
            break
        report.looked += len(ids)
        report.entries += entries
        report.changes += changes
        last = ids[-1]
    entries, changes = deps.store.write(partial(_charged, deps, calendars))
    report.entries += entries
    report.changes += changes
    deps.wake("outbox")
    return report


def _batch(deps: Deps, calendars: Calendars, last: int, tx: Tx) -> tuple[list[int], int, list[Changed]]:
    now = deps.clock.now()
    entries, changes = 0, []
    rows = deadlines.open_inquiries(tx, last, BATCH)
    for inquiry in rows:
        new = _promise(deps, calendars, tx, inquiry, now)
        changes += [new] if new is not None else []
        promised = new.new if new is not None else inquiry.due_at
        for order in deadlines.open_orders(tx, inquiry.id):
            found = _order_due(calendars, order, old_promise=inquiry.due_at, promise=promised, now=now)
            if found.change is not DueChange.SAME:
                changes.append(found)
                entries += _set_order(deps, calendars, tx, order, found, now)
    return [row.id for row in rows], entries, changes


class Promise(TypedDict):
    """A due time and how it was counted."""

    derivation: list[list[Any]]
    provisional: bool


def _promise(deps: Deps, calendars: Calendars, tx: Tx, inquiry: InquiryRecord, now: datetime) -> Changed | None:
    """The citizen's new due time; None when it stays."""
    wanted, values = _counted(calendars, inquiry)
    at, change = recomputed(inquiry.due_at, wanted, now=now)
    if change in {DueChange.SAME, DueChange.KEPT}:
        if change is DueChange.SAME and (values["derivation"], values["provisional"]) != (
            inquiry.derivation,
            inquiry.provisional,
        ):
            inquiries.change(tx, inquiry, **values)  # the same day, but no longer provisional
        return Changed(inquiry.number, "", inquiry.due_at, at, change) if change is DueChange.KEPT else None
    inquiries.change(tx, inquiry, due_at=at, **values)
    inquiries.log(
        tx,
        inquiry.id,
        "due_recomputed",
        now,
        old=inquiry.due_at.isoformat(),
        new=at.isoformat(),
        source=calendars.source,
    )
    if change is DueChange.EARLIER:
        params = about(inquiry) | {
            "was": say_time(inquiry.due_at),
            "new_due": say_time(at),
            "url": deps.signer.citizen_url(inquiry.id),
        }
        notify.to_citizen(
            tx, inquiry, key="due.earlier.citizen", once=f"earlier:{inquiry.id}:{at:%y%m%d%H%M}", params=params, now=now
        )
    return Changed(inquiry.number, "", inquiry.due_at, at, change)


def _counted(calendars: Calendars, inquiry: InquiryRecord) -> tuple[datetime, Promise]:
    """The citizen's due time counted anew, with its derivation. One that was moved since it was promised (an
    extension, a pause) or that runs by the clock on the wall keeps its day, unless nobody works on it now.
    """
    kept: Promise = {"derivation": inquiry.derivation, "provisional": inquiry.provisional}
    steps = inquiry.derivation
    if inquiry.urgent or not steps or _closing(steps[-1][0]) != inquiry.due_at:
        return (inquiry.due_at if inquiry.urgent else _on_workday(inquiry.due_at, calendars.after)), kept
    due = calendars.after.due(inquiry.received_at, steps[-1][1], rule=calendars.rule)
    derivation = [[step.day.isoformat(), step.counted, step.why, step.status] for step in due.derivation]
    return due.at, {"derivation": derivation, "provisional": due.provisional}


def _order_due(
    calendars: Calendars, order: TimedOrderRecord, *, old_promise: datetime, promise: datetime, now: datetime
) -> Changed:
    wanted = _order_counted(calendars, order, old_promise=old_promise, promise=promise)
    at, change = recomputed(order.due_at, wanted, now=now)
    return Changed(order.number, order.unit_name, order.due_at, at, change)


def _order_counted(
    calendars: Calendars, order: TimedOrderRecord, *, old_promise: datetime, promise: datetime
) -> datetime:
    """A unit's due time: counted from dispatch, or one day before the lead's, or the citizen's date itself."""
    now_due: datetime = order.due_at
    if order.urgent:
        return now_due
    if order.due_at == old_promise:
        return promise
    if order.role == AssignmentRole.ASSIST and order.due_at == assist_due(old_promise, calendars.before):
        return assist_due(promise, calendars.after)
    opened, due = (at.astimezone(CHINA).date() for at in (order.created_at, order.due_at))
    days = calendars.before.workdays_between(opened, due)
    if days > 0 and calendars.before.due(order.created_at, days, rule=calendars.rule).at == order.due_at:
        return calendars.after.due(order.created_at, days, rule=calendars.rule).at
    return _on_workday(order.due_at, calendars.after)


def _set_order(deps: Deps, calendars: Calendars, tx: Tx, order: TimedOrderRecord, found: Changed, now: datetime) -> int:
    """Move an order's due time, tell its unit if it is earlier, and bring the ledger up to it."""
    if found.change is DueChange.KEPT:
        return 0
    inquiries.change_assignment(tx, order, due_at=found.new)
    reschedule(tx, order, calendars.after, now, limits=deps.limits)
    if found.change is DueChange.EARLIER:
        inquiry = inquiries.get(tx, order.inquiry_id)
        notify.to_unit(
            deps,
            tx,
            inquiry,
            key="due.earlier.unit",
            once=f"earlier:{order.id}:{found.new:%y%m%d%H%M}",
            now=now,
            params={"was": say_time(found.old), "new_due": say_time(found.new)},
        )
    return charges.settle_order(
        tx,
        deadlines.order(tx, order.id),
        calendars.after,
        now,
        rules=charges.rules_for(deps.limits),
        reason=calendars.source,
    )


def _charged(deps: Deps, calendars: Calendars, tx: Tx) -> tuple[int, list[Changed]]:
    """Ended orders that were charged by a due time which the new calendar puts later."""
    now = deps.clock.now()
    entries, changes = 0, []
    for assignment_id in scores.charged_orders(tx, now - LONGEST_WAIT):
        order = deadlines.order(tx, assignment_id)
        if order.state in deadlines.OPEN_ORDER:
            continue
        promise, _ = _counted(calendars, inquiries.get(tx, order.inquiry_id))
        found = _order_due(calendars, order, old_promise=order.promised_at, promise=promise, now=now)
        if found.change is DueChange.LATER:
            changes.append(found)
            entries += _set_order(deps, calendars, tx, order, found, now)
    return entries, changes


def _closing(day: str) -> datetime:
    return datetime.combine(date.fromisoformat(day), CLOSING, CHINA)


def _on_workday(moment: datetime, calendar: Calendar) -> datetime:
    local = moment.astimezone(CHINA)
    if calendar.is_workday(local.date()):
        return moment
    return datetime.combine(calendar.next_workday(local.date()), local.time(), CHINA).astimezone(moment.tzinfo)
