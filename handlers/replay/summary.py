"""The result of a replay, counted from the database it filled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.clocks.charges import satisfaction
from bot.clocks.workdays import CHINA
from bot.inquiry.states import OPEN, State
from store import replays

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.clocks.workdays import Calendar
    from store.engine.transactions import Tx
    from store.records.inquiries import CountedInquiryRecord

WORST = 5
ENDED_WITH_ANSWER = frozenset({State.ANSWERED, State.CLOSED, State.ARCHIVED})


@dataclass(frozen=True, slots=True)
class Summary:
    """``closed`` are answered, rated or not. Accepted are closed, open and ``other`` (withdrawn, merged)."""

    accepted: int
    closed: int
    open: int
    other: int
    on_time: int
    overdue: int
    yellow: int
    red: int
    extensions: int
    returns: int
    rework: int
    satisfied: int
    rated: int
    mean_working_days: float | None
    points: float
    worst: tuple[tuple[str, str, float, int], ...]
    units: int

    def as_json(self) -> dict[str, Any]:
        """The form for ``--json``: points as the ledger has them, units by code."""
        share = satisfaction([1] * self.satisfied + [3] * (self.rated - self.satisfied)).share
        names = (
            "accepted",
            "closed",
            "open",
            "other",
            "on_time",
            "overdue",
            "yellow",
            "red",
            "extensions",
            "returns",
            "rework",
            "mean_working_days",
            "points",
            "units",
        )
        return {name: getattr(self, name) for name in names} | {
            "satisfaction": {"share": float(share) if share is not None else None, "n": self.rated},
            "worst_units": [
                {"code": code, "name": name, "points": points, "orders": orders}
                for code, name, points, orders in self.worst
            ],
        }


def summarize(tx: Tx, channel: str, calendar: Calendar) -> Summary:
    """The figures of one channel's inquiries."""
    rows = replays.of_channel(tx, channel)
    closed = [row for row in rows if row.state in ENDED_WITH_ANSWER]
    still_open = sum(row.state in OPEN for row in rows)
    cards, units = replays.cards(tx, channel), replays.points_by_unit(tx, channel)
    rated = satisfaction([row.rating for row in rows if row.rating is not None])
    return Summary(
        accepted=len(rows),
        closed=len(closed),
        open=still_open,
        other=len(rows) - len(closed) - still_open,
        on_time=sum(_is_on_time(row) for row in closed),
        overdue=cards["overdue"],
        yellow=cards["yellow"],
        red=cards["red"],
        extensions=sum(row.extended for row in rows),
        returns=sum(row.returns for row in rows),
        rework=sum(row.reopened for row in rows),
        satisfied=rated.satisfied,
        rated=rated.n,
        mean_working_days=_mean_days(closed, calendar),
        points=sum(row.hundredths for row in units) / 100,
        worst=tuple((row.code, row.name, row.hundredths / 100, row.orders) for row in units[:WORST]),
        units=len(units),
    )


def _is_on_time(row: CountedInquiryRecord) -> bool:
    return row.answered_at is not None and row.answered_at <= row.due_at


def _mean_days(closed: Sequence[CountedInquiryRecord], calendar: Calendar) -> float | None:
    days = [
        calendar.workdays_between(row.received_at.astimezone(CHINA).date(), row.answered_at.astimezone(CHINA).date())
        for row in closed
        if row.answered_at is not None
    ]
    return round(sum(days) / len(days), 2) if days else None
