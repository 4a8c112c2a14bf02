"""Brings the points ledger into agreement with the events: charges are entered once, wrong ones are taken back.

The facts of an order are read from its row (when it was opened, signed, ended) and from the event log (due times,
pauses, refused returns, rework); ``bot.clocks.charges`` makes charges of them. The ledger can therefore be
computed again at any time (``replay``) and must come out the same.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from bot.clocks.charges import (
    DEFAULT_RULES,
    Charge,
    Entry,
    Facts,
    charges,
    month_of,
    reversal,
    settle,
)
from bot.clocks.workdays import CHINA
from bot.directory.units import Role
from bot.inquiry.states import LoggedActor
from handlers.clocks.schedule import CLOCK_SET
from store import deadlines, inquiries, scores

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from bot.clocks.charges import Pause, PointRules
    from bot.clocks.steps import Limits
    from bot.clocks.workdays import Calendar
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.directory import OfficerRecord
    from store.records.inquiries import EventRecord
    from store.records.joined import TimedOrderRecord
    from store.records.points import ScoreRecord

APPEALED, GRANTED = "points_appealed", "points_returned"
OPENINGS = frozenset({"dispatched", "transferred", "returned", "return_approved", "redirected", "reworked", CLOCK_SET})
"""Events from which a due time follows."""
RETURN_REFUSED, REWORKED = "return_refused", "reworked"
FAKE_CLOSING, IDENTICAL_REPLY = "fake_closing", "identical_reply"
SETTLED_AT_ONCE = frozenset({RETURN_REFUSED, REWORKED, FAKE_CLOSING, IDENTICAL_REPLY})
"""Events that cost points by themselves. What the clock costs is entered when the deadline run next looks at the
order.
"""


def settle_order(
    tx: Tx,
    order: TimedOrderRecord,
    calendar: Calendar,
    now: datetime,
    *,
    rules: PointRules = DEFAULT_RULES,
    reason: str = "",
) -> int:
    """Enter what an order costs so far and take back what turned out wrong. Returns how many entries were made.

    ``order`` is a row of ``store.deadlines``. ``reason`` says why an entry is taken back, if one is.
    """
    events = inquiries.events_of(tx, order.inquiry_id)
    rows = scores.of_order(tx, order.inquiry_id, order.id)
    found = settle(entries(rows), charges(facts_of(order, events, now), rules, calendar))
    shown = {
        "order_events": [event.id for event in events if event.data.get("assignment") == order.id],
        # Kept with the entry: a unit that appeals must be able to read how its due time was counted.
        "derivation": _derivation(order, calendar),
    }
    made = [_charge(tx, order, charge, shown) for charge in found.add]
    ids = {row.once: row for row in rows}
    made += [_take_back(tx, ids[entry.once], entry, now, reason or "recomputed") for entry in found.reverse]
    return sum(made)


def _derivation(order: TimedOrderRecord, calendar: Calendar) -> list[Any]:
    """How the due time came about, day by day: that of the citizen's date, or of the unit's own from dispatch.
    Empty for one that was moved, since its events say by whom and why.
    """
    if order.due_at == order.promised_at:
        promised: list[Any] = order.derivation
        return promised
    opened, due = (at.astimezone(CHINA).date() for at in (order.created_at, order.due_at))
    days = calendar.workdays_between(opened, due)
    counted = calendar.due(order.created_at, days) if days > 0 else None
    if counted is None or counted.at != order.due_at:
        return []
    return [[step.day.isoformat(), step.counted, step.why, step.status] for step in counted.derivation]


def settle_now(deps: Deps, tx: Tx, assignment_id: int, now: datetime) -> int:
    """Enter what an event of an order costs, in the same transaction: a refused return, rework. To be called
    after the event was logged.
    """
    order = deadlines.order(tx, assignment_id)
    return settle_order(tx, order, deps.calendar(), now, rules=rules_for(deps.limits))


def rules_for(limits: Limits) -> PointRules:
    """The rules in force. An office with another limit for signing has a version of its own."""
    if limits.sign_hours == DEFAULT_RULES.sign_hours:
        return DEFAULT_RULES
    # Old entries keep the name of the rules by which they were made.
    version = f"{DEFAULT_RULES.version}:sign{limits.sign_hours:g}"
    return replace(DEFAULT_RULES, sign_hours=limits.sign_hours, version=version)


def facts_of(order: TimedOrderRecord, events: Sequence[EventRecord], until: datetime) -> Facts:
    """An order as its row and the event log tell of it."""
    clock = [event for event in events if event.name == CLOCK_SET and event.data["assignment"] == order.id]
    after = [event for event in events if event.at >= order.created_at]
    due_at = datetime.fromisoformat(clock[-1].data["due_at"]) if clock else order.due_at
    return Facts(
        assignment_id=order.id,
        dispatched_at=order.created_at,
        due_at=due_at.astimezone(UTC),
        until=until,
        signed_at=order.signed_at,
        ended_at=order.ended_at,
        pauses=_pauses(clock),
        returns_refused=_occurred(after, RETURN_REFUSED, order),
        reworks=_occurred(after, REWORKED, order),
        fake_closings=_occurred(after, FAKE_CLOSING, order),
        identical_replies=_occurred(after, IDENTICAL_REPLY, order),
        due_events=tuple(event.id for event in _openings(events, order)),
    )


def _openings(events: Sequence[EventRecord], order: TimedOrderRecord) -> list[EventRecord]:
    """The event that opened the order, and those that moved its due time."""
    opening = [e for e in events if e.name in OPENINGS and e.name != CLOCK_SET and e.at == order.created_at][-1:]
    moved = [e for e in events if e.name == CLOCK_SET and e.data["assignment"] == order.id]
    return opening + moved


def _pauses(clock: Iterable[EventRecord]) -> tuple[Pause, ...]:
    found: list[Pause] = []
    since: datetime | None = None
    for event in clock:
        if event.data["still"]:
            since = since or event.at
        elif since is not None:
            found.append((since, event.at))
            since = None
    return (*found, (since, None)) if since is not None else tuple(found)


def _occurred(events: Iterable[EventRecord], name: str, order: TimedOrderRecord) -> tuple[tuple[int, datetime], ...]:
    return tuple((e.id, e.at) for e in events if e.name == name and e.data.get("assignment") == order.id)


def entries(rows: Sequence[ScoreRecord]) -> list[Entry]:
    """Rows of the ledger in the form of the domain."""
    names: dict[int | None, str] = {row.id: row.once for row in rows}
    return [
        Entry(row.once, row.rule, row.hundredths, row.month, row.rule_version, names.get(row.reverses_id), row.evidence)
        for row in rows
    ]


def _charge(tx: Tx, order: TimedOrderRecord, charge: Charge, shown: dict[str, Any]) -> bool:
    made = scores.add(
        tx,
        once=charge.once,
        unit_id=order.unit_id,
        inquiry_id=order.inquiry_id,
        assignment_id=order.id,
        at=charge.at,
        month=charge.month,
        hundredths=charge.hundredths,
        rule=charge.rule,
        rule_version=charge.version,
        evidence={**charge.evidence, **shown},
    )
    return made is not None


def _take_back(
    tx: Tx, row: ScoreRecord, entry: Entry, now: datetime, reason: str, *, actor_id: int | None = None, event: int = 0
) -> bool:
    made = reversal(entry, {"event": event} if event else {})
    return (
        scores.add(
            tx,
            once=made.once,
            unit_id=row.unit_id,
            inquiry_id=row.inquiry_id,
            assignment_id=row.assignment_id,
            at=now,
            month=made.month,
            hundredths=made.hundredths,
            rule=made.rule,
            rule_version=made.version,
            evidence=dict(made.evidence),
            reverses_id=row.id,
            reason=reason,
            actor_id=actor_id,
        )
        is not None
    )


@dataclass(frozen=True, slots=True)
class Appealed:
    """The result of an appeal: ``appealed``, ``granted``, or why not: ``unknown``, ``no_officer``,
    ``a_reversal``, ``reversed``, ``not_the_desk``.
    """

    outcome: str
    hundredths: int = 0


def appeal(
    tx: Tx, entry_id: int, *, reason: str, officer: OfficerRecord | None, now: datetime, grant: bool = False
) -> Appealed:
    """Record an objection to an entry in the event log. If the duty desk or a leader grants it, the points are
    given back.
    """
    row = scores.get(tx, entry_id)
    refused = _refused(tx, row, officer, grant=grant)
    if refused or row is None or officer is None:
        return Appealed(refused)
    inquiries.log(
        tx,
        row.inquiry_id,
        GRANTED if grant else APPEALED,
        now,
        actor=LoggedActor.OFFICER,
        actor_id=officer.id,
        entry=row.id,
        rule=row.rule,
        reason=reason,
    )
    if not grant:
        return Appealed("appealed")
    event = inquiries.events_of(tx, row.inquiry_id)[-1].id if row.inquiry_id else 0
    [entry] = entries([row])
    _take_back(tx, row, entry, now, reason, actor_id=officer.id, event=event)
    return Appealed("granted", -row.hundredths)


def _refused(tx: Tx, row: ScoreRecord | None, officer: OfficerRecord | None, *, grant: bool) -> str:
    if row is None:
        return "unknown"
    if officer is None:
        return "no_officer"
    if row.reverses_id is not None:
        return "a_reversal"
    if scores.reversed_ids(tx, [row.id]):
        return "reversed"
    return "not_the_desk" if grant and officer.role not in {Role.DUTY, Role.LEADER} else ""


@dataclass(frozen=True, slots=True)
class Replayed:
    """Differences found by ``replay``. ``missing``: charges the ledger does not have; ``surplus``: entries that
    nothing explains.
    """

    orders: int
    missing: tuple[str, ...]
    surplus: tuple[str, ...]

    @property
    def same(self) -> bool:
        return not self.missing and not self.surplus


def replay(tx: Tx, calendar: Calendar, *, rules: PointRules = DEFAULT_RULES) -> Replayed:
    """Compute every order's points anew, up to when it was last looked at, and compare them with the ledger."""
    recorded: dict[int | None, list[ScoreRecord]] = {}
    for row in scores.all_entries(tx):
        recorded.setdefault(row.assignment_id, []).append(row)
    missing: list[str] = []
    surplus: list[str] = []
    orders = 0
    for order in deadlines.all_orders(tx):
        orders += 1
        events = inquiries.events_of(tx, order.inquiry_id)
        rows = recorded.pop(order.id, [])
        computed = charges(facts_of(order, events, _looked_at(order, events, rows)), rules, calendar)
        found = settle(entries(rows), computed)
        missing += [charge.once for charge in found.add]
        surplus += [entry.once for entry in found.reverse]
    surplus += [row.once for rows in recorded.values() for row in rows if row.reverses_id is None]
    return Replayed(orders, tuple(missing), tuple(surplus))


def _looked_at(order: TimedOrderRecord, events: Sequence[EventRecord], rows: Sequence[ScoreRecord]) -> datetime:
    """The moment up to which the ledger is complete: the last look, the latest charge, or what was settled at once."""
    own: list[datetime] = [e.at for e in events if e.name in SETTLED_AT_ONCE and e.data.get("assignment") == order.id]
    own += [row.at for row in rows if row.reverses_id is None]
    looked_at: datetime = order.checked_at or order.created_at
    return max([looked_at, *own])


def this_month(now: datetime) -> str:
    """The present month in China, as ``2026-11``."""
    return month_of(now)
