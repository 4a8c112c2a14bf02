"""The points ledger: what an order costs its unit, why, and what a month comes to.

The functions are pure: replaying the same events gives the same points. A ledger is only ever added to. What
turns out wrong is answered by a counter-entry: ``settle`` finds those needed after a due time or the calendar
changed, an appeal makes one itself. Points are counted in whole hundredths.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from typing import TYPE_CHECKING

from bot.clocks.steps import DEFAULT_LIMITS, JUST_AFTER, RED_DAYS
from bot.clocks.workdays import CHINA

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.clocks.workdays import Calendar

Evidence = dict[str, int | str]
Pause = tuple[datetime, datetime | None]
Occurrence = tuple[int, datetime]
"""The id of the event that proves something happened, and the moment it happened."""

SATISFIED = frozenset({1, 2})


@dataclass(frozen=True, slots=True)
class PointRules:
    """The price of each rule in hundredths of a point. ``version`` is kept with each entry, so that old entries
    can be explained after a change.
    """

    version: str = "2012-1"
    month_starts_at: int = 10000
    overdue: int = 50
    overdue_day: int = 10
    overdue_cap: int = 200
    late_sign: int = 10
    refused_return: int = 20
    rework: int = 30
    fake_closing: int = 100
    identical_reply: int = 30
    red_card: int = 100
    sign_hours: float = DEFAULT_LIMITS.sign_hours
    red_days: int = RED_DAYS


DEFAULT_RULES = PointRules()


@dataclass(frozen=True, slots=True)
class Facts:
    """One order as its events tell it, up to ``until``.

    ``ended_at`` is the moment of the answer, handing on or cancelling; when the answer was delivered does not
    matter. ``pauses`` are the times while the citizen was asked a question; the last may still be open.
    ``due_events`` are the events that ``due_at`` follows from (dispatch, extensions, pauses), kept as evidence.
    """

    assignment_id: int
    dispatched_at: datetime
    due_at: datetime
    until: datetime
    signed_at: datetime | None = None
    ended_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    returns_refused: tuple[Occurrence, ...] = ()
    reworks: tuple[Occurrence, ...] = ()
    fake_closings: tuple[Occurrence, ...] = ()
    identical_replies: tuple[Occurrence, ...] = ()
    due_events: tuple[int, ...] = ()

    @property
    def stopped_at(self) -> datetime:
        """The last moment that counts: when the order ended, or ``until`` while it is open."""
        return self.until if self.ended_at is None else min(self.ended_at, self.until)


@dataclass(frozen=True, slots=True)
class Charge:
    """One deduction. ``once`` names what it is for, so that it is entered only once; ``hundredths`` is negative."""

    once: str
    rule: str
    hundredths: int
    at: datetime
    version: str
    evidence: Evidence

    @property
    def month(self) -> str:
        return month_of(self.at)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the ledger. ``reverses``: the ``once`` of the entry this one takes back."""

    once: str
    rule: str
    hundredths: int
    month: str
    version: str = ""
    reverses: str | None = None
    evidence: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Score:
    """A unit's month. ``points`` in hundredths; None if it had no orders, which is not the same as a full score."""

    points: int | None
    orders: int


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """How many of ``n`` ratings were good. ``share`` is None when nobody rated: silence counts neither way."""

    satisfied: int
    n: int

    @property
    def share(self) -> Fraction | None:
        return Fraction(self.satisfied, self.n) if self.n else None


@dataclass(frozen=True, slots=True)
class Settlement:
    """The entries that bring a ledger into agreement with the facts."""

    add: tuple[Charge, ...]
    reverse: tuple[Entry, ...]


def month_of(at: datetime) -> str:
    """The month in China as ``2012-09``."""
    return f"{at.astimezone(CHINA):%Y-%m}"


def charges(facts: Facts, rules: PointRules, calendar: Calendar) -> tuple[Charge, ...]:
    """All charges of an order so far, in order of time. A later ``until`` can only add some."""
    found = [
        *_late_sign(facts, rules, calendar),
        *_overdue(facts, rules, calendar),
        *_red_card(facts, rules, calendar),
        *_occurred(facts, rules, "refused_return", facts.returns_refused),
        *_occurred(facts, rules, "rework", facts.reworks),
        *_occurred(facts, rules, "fake_closing", facts.fake_closings),
        *_occurred(facts, rules, "identical_reply", facts.identical_replies),
    ]
    return tuple(sorted((charge for charge in found if charge.hundredths), key=lambda c: (c.at, c.once)))


def _late_sign(facts: Facts, rules: PointRules, calendar: Calendar) -> Iterator[Charge]:
    limit = calendar.add_working_hours(facts.dispatched_at, rules.sign_hours)
    signed = facts.stopped_at if facts.signed_at is None else min(facts.signed_at, facts.stopped_at)
    if signed > limit:
        yield _charge(
            facts,
            rules,
            "late_sign",
            rules.late_sign,
            limit + JUST_AFTER,
            {
                "dispatched_at": _iso(facts.dispatched_at),
                "sign_by": _iso(limit),
            },
        )


def _overdue(facts: Facts, rules: PointRules, calendar: Calendar) -> Iterator[Charge]:
    """One charge at the due time and one for each further working day begun, up to the cap. A day that begins
    during a pause is not charged.
    """
    over_at = _not_in_pause(facts, facts.due_at + JUST_AFTER)
    if over_at is None or over_at > facts.stopped_at or not rules.overdue_cap:
        return
    total = min(rules.overdue, rules.overdue_cap)
    yield _charge(facts, rules, "overdue", total, over_at, _due(facts))
    for day, at in _days_late(facts, calendar):
        points = min(rules.overdue_day, rules.overdue_cap - total)
        if not points:
            return
        if _pause_around(facts, at) is None:
            total += points
            yield _charge(facts, rules, "overdue_day", points, at, _due(facts) | {"days_late": day}, nth=day)


def _days_late(facts: Facts, calendar: Calendar) -> Iterator[tuple[int, datetime]]:
    """The number and moment of each further working day begun, until the clock stopped."""
    day, at, due = 0, facts.due_at, facts.due_at.astimezone(CHINA)
    while True:
        day, at = day + 1, _same_time_next_workday(at, due, calendar)
        if at + JUST_AFTER > facts.stopped_at:
            return
        yield day, at + JUST_AFTER


def _same_time_next_workday(at: datetime, due: datetime, calendar: Calendar) -> datetime:
    return datetime.combine(calendar.next_workday(at.astimezone(CHINA).date()), due.time(), CHINA)


def _red_card(facts: Facts, rules: PointRules, calendar: Calendar) -> Iterator[Charge]:
    due = facts.due_at.astimezone(CHINA)
    limit = datetime.combine(calendar.add_workdays(due.date(), rules.red_days), due.time(), CHINA)
    at = _not_in_pause(facts, limit + JUST_AFTER)
    if at is not None and at <= facts.stopped_at:
        yield _charge(facts, rules, "red_card", rules.red_card, at, _due(facts) | {"red_after": _iso(limit)})


def _occurred(facts: Facts, rules: PointRules, rule: str, occurrences: Sequence[Occurrence]) -> Iterator[Charge]:
    """Charges for events that prove themselves. They stand even if the event came after the order had ended."""
    for event_id, at in occurrences:
        if at <= facts.until:
            yield _charge(facts, rules, rule, getattr(rules, rule), at, {"event": event_id}, nth=event_id)


def _charge(
    facts: Facts, rules: PointRules, rule: str, points: int, at: datetime, evidence: Evidence, *, nth: int = 0
) -> Charge:
    # The moment is part of the name: when the due time moves, the charge at the new moment is a new entry, and
    # ``settle`` takes back the old one.
    at = at.astimezone(UTC)
    once = f"{rule}:{facts.assignment_id}:{nth}:{at:%Y%m%d%H%M%S}"
    return Charge(once, rule, -points, at, rules.version, evidence)


def _due(facts: Facts) -> Evidence:
    return {
        "dispatched_at": _iso(facts.dispatched_at),
        "due_at": _iso(facts.due_at),
        "due_events": ",".join(map(str, facts.due_events)),
    }


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _pause_around(facts: Facts, at: datetime) -> Pause | None:
    return next((p for p in facts.pauses if p[0] <= at and (p[1] is None or at < p[1])), None)


def _not_in_pause(facts: Facts, at: datetime) -> datetime | None:
    """``at`` itself, or the end of the pause it falls into; None while that pause is still open."""
    pause = _pause_around(facts, at)
    return at if pause is None else pause[1]


def reversal(entry: Entry, evidence: Mapping[str, int | str]) -> Entry:
    """The counter-entry: the same points given back in the same month. Raises ValueError for an entry that is
    itself a counter-entry.
    """
    if entry.reverses is not None:
        raise ValueError("a counter-entry is not taken back: the points are charged anew")
    return Entry(
        once=f"reverse:{entry.once}",
        rule=entry.rule,
        hundredths=-entry.hundredths,
        month=entry.month,
        version=entry.version,
        reverses=entry.once,
        evidence=evidence,
    )


def settle(recorded: Iterable[Entry], computed: Iterable[Charge]) -> Settlement:
    """What to add to the ledger of one order, and which of its entries to take back.

    An entry that was taken back stays so: what an appeal decided is not charged again by the next run. An entry
    that stands keeps the points of the rules it was made by. ``recorded`` must hold only entries made from
    charges.
    """
    entries = tuple(recorded)
    due = {charge.once: charge for charge in computed}
    known = {entry.once for entry in entries}
    undone = {entry.reverses for entry in entries}
    wrong = [e for e in entries if e.reverses is None and e.once not in due and e.once not in undone]
    return Settlement(tuple(c for once, c in due.items() if once not in known), tuple(wrong))


def month_score(entries: Iterable[Entry | Charge], orders: int, rules: PointRules = DEFAULT_RULES) -> Score:
    """What is left of a month's points, never below zero.

    ``orders`` is the number of orders the unit had in hand that month. With none and no charge there is no score.
    """
    charged = [entry.hundredths for entry in entries]
    if not orders and not charged:
        return Score(None, 0)
    return Score(max(0, rules.month_starts_at + sum(charged)), orders)


def satisfaction(ratings: Iterable[int | None]) -> Satisfaction:
    """Count ratings: 1 and 2 are good, 3 is not, None means that nothing was said and does not count."""
    rated = [rating for rating in ratings if rating is not None]
    return Satisfaction(sum(rating in SATISFIED for rating in rated), len(rated))
