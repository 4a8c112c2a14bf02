"""What a month comes to: the points, orders and ratings of each unit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.clocks.charges import DEFAULT_RULES, month_score, satisfaction
from bot.clocks.workdays import CHINA
from handlers.clocks.charges import entries
from store import scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.clocks.charges import Satisfaction, Score
    from store.engine.transactions import Tx
    from store.records.directory import UnitRecord
    from store.records.points import LedgerRecord

RULES = DEFAULT_RULES


@dataclass(frozen=True, slots=True)
class UnitMonth:
    """A unit's month. ``entries`` are its lines of the ledger in order."""

    unit: UnitRecord
    score: Score
    rated: Satisfaction
    entries: Sequence[LedgerRecord]


def month(tx: Tx, month: str, units: Sequence[UnitRecord]) -> list[UnitMonth]:
    """The figures of ``month`` (``2026-11``, in China) for units in the order given."""
    start, end = span(month)
    in_hand, rated = scores.orders_in_hand(tx, start, end), scores.ratings(tx, start, end)
    by_unit: dict[int, list[LedgerRecord]] = {}
    for row in scores.of_month(tx, month):
        by_unit.setdefault(row.unit_id, []).append(row)
    return [
        UnitMonth(
            unit,
            month_score(entries(by_unit.get(unit.id, [])), in_hand.get(unit.id, 0), RULES),
            satisfaction(rated.get(unit.id, [])),
            by_unit.get(unit.id, []),
        )
        for unit in units
    ]


def span(month: str) -> tuple[datetime, datetime]:
    """The first moment of the month, and the first moment after it."""
    year, number = map(int, month.split("-"))
    following = (year + 1, 1) if number == 12 else (year, number + 1)
    return datetime(year, number, 1, tzinfo=CHINA), datetime(*following, 1, tzinfo=CHINA)
