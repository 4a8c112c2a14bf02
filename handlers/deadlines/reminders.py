"""Notices about an order's clock: which text goes to whom, each once, and one summary instead of many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from bot.clocks.steps import StepName
from handlers.clocks.schedule import APOLOGY_DAYS, closing_after
from handlers.notices.notify import to_officer
from handlers.notices.phrases import say_time
from store import outbox

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from bot.clocks.workdays import Calendar
    from bot.text.keys import TextKey
    from handlers.notices.recipients import Staff
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.joined import TimedOrderRecord

LATE_SIGN = "late_sign"
KEYS: dict[str, TextKey] = {
    LATE_SIGN: "late_sign",
    StepName.HALF: "remind.half",
    StepName.DAY_LEFT: "remind.day",
    StepName.HOURS_LEFT: "remind.hours",
    StepName.OVERDUE: "overdue.unit",
    StepName.YELLOW: "card.yellow",
    StepName.RED: "card.red",
}
OVER = frozenset({StepName.OVERDUE, StepName.YELLOW, StepName.RED})
TO_HEAD = OVER | {LATE_SIGN, StepName.DAY_LEFT, StepName.HOURS_LEFT}
TO_LEADERS = frozenset({StepName.YELLOW, StepName.RED})
AT_ONCE = 3
"""More notices than this for one person at one time become one summary."""
NAMED = 3


class Due(NamedTuple):
    """An order and the latest step of its clock, or ``late_sign``."""

    order: TimedOrderRecord
    step: str


def tell(
    deps: Deps, tx: Tx, staff: Staff, found: Sequence[Due], *, now: datetime, summarized: frozenset[int]
) -> set[int]:
    """Put the notices into the outbox. Returns the officers who got a summary instead.

    ``summarized``: officers who got theirs a moment ago in the same run.
    """
    got_summary: set[int] = set()
    for officer_id, dues in _by_officer(staff, found).items():
        if officer_id in summarized:
            continue
        if len(dues) > AT_ONCE:
            _summary(tx, officer_id, dues, now)
            got_summary.add(officer_id)
            continue
        for due in dues:
            _single(deps, tx, officer_id, due, now)
    return got_summary


def _by_officer(staff: Staff, found: Sequence[Due]) -> dict[int, list[Due]]:
    grouped: dict[int, list[Due]] = {}
    for due in found:
        for officer_id in dict.fromkeys(_recipients(staff, due)):
            grouped.setdefault(officer_id, []).append(due)
    return grouped


def _recipients(staff: Staff, due: Due) -> Iterator[int]:
    order = due.order
    yield from (row.id for row in staff.contacts(order.unit_id, order.signed_by))
    if due.step in TO_HEAD:
        yield from (row.id for row in staff.heads(order.unit_id, order.unit_code))
    if due.step in TO_LEADERS:
        yield from (row.id for row in (*staff.duty_desk(), *staff.leaders()))


def _single(deps: Deps, tx: Tx, officer_id: int, due: Due, now: datetime) -> None:
    order = due.order
    params = _about(order) | {"url": deps.signer.staff_url(order.inquiry_id, officer_id)}
    # The due time is part of the name: after an extension the same step is another one and is told again.
    once = f"{due.step}:{order.id}:{order.due_at:%y%m%d%H%M}:{officer_id}"
    to_officer(
        tx,
        officer_id,
        key=KEYS[due.step],
        once=once,
        params=params,
        now=now,
        inquiry_id=order.inquiry_id,
        urgent=bool(order.urgent),
    )


def _about(order: TimedOrderRecord) -> dict[str, Any]:
    return {
        "number": order.number,
        "compact": order.number.replace("-", ""),
        "summary": order.summary,
        "unit": order.unit_name,
        "due": say_time(order.due_at),
    }


def _summary(tx: Tx, officer_id: int, dues: Sequence[Due], now: datetime) -> None:
    over = sum(due.step in OVER for due in dues)
    oldest = sorted(dues, key=lambda due: due.order.due_at)[:NAMED]
    params = {
        "count": len(dues),
        "over": over,
        "soon": len(dues) - over,
        "numbers": [due.order.number for due in oldest],
    }
    to_officer(
        tx,
        officer_id,
        key="catch_up",
        once=f"catch_up:{officer_id}:{now:%y%m%d%H%M}",
        params=params,
        now=now,
        inquiry_id=None,
        urgent=any(due.order.urgent for due in dues),
    )


def apologize(deps: Deps, tx: Tx, order: TimedOrderRecord, calendar: Calendar, now: datetime) -> None:
    """Apologise to the citizen, once for an inquiry, with a date that can be kept."""
    params = {
        "number": order.number,
        "compact": order.number.replace("-", ""),
        "summary": order.summary,
        "unit": order.unit_name,
        "new_due": say_time(closing_after(calendar, now, APOLOGY_DAYS)),
        "url": deps.signer.citizen_url(order.inquiry_id),
    }
    outbox.add(
        tx,
        once=f"overdue:{order.inquiry_id}",
        key="overdue.citizen",
        params=params,
        now=now,
        priority=1,
        can_wait=True,
        contact_id=order.contact_id,
        inquiry_id=order.inquiry_id,
    )
