"""Topics in the form of the duty desk's page (``templates/pages/_topics.html``), with nothing personal in them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from handlers.notices.phrases import say_day, shorten
from handlers.topics.keep import covered, title
from store import topics as stored

if TYPE_CHECKING:
    from datetime import datetime

    from store.engine.transactions import Tx
    from store.records.routing import ShownTopicRecord

WINDOW = timedelta(days=30)
HOT_FOR = timedelta(hours=72)
"""A topic that people were told of stays hot as long as somebody has written of it within this time."""
NUMBERS = 10
HIDDEN = frozenset({"secret", "accusation"})


@dataclass(frozen=True, slots=True)
class TopicShown:
    """One topic. ``trend`` is up, down or same, comparing this week's citizens with last week's. ``numbers`` are
    the newest inquiries, ``more`` is how many there are besides.
    """

    id: int
    title: str
    words: tuple[str, ...]
    place: str
    unit: str
    citizens: int
    size: int
    period: str
    trend: str
    this_week: int
    last_week: int
    sample: str
    numbers: tuple[str, ...]
    more: int
    hot: bool


def topics_view(tx: Tx, now: datetime, limit: int = 10) -> list[TopicShown]:
    """The topics of the last thirty days, those with most citizens first."""
    return [_shown(tx, row, now) for row in stored.shown(tx, now - WINDOW, limit)]


def _shown(tx: Tx, row: ShownTopicRecord, now: datetime) -> TopicShown:
    numbers = stored.numbers(tx, row.id, NUMBERS)
    this_week, last_week = row.trend["this_week"], row.trend["last_week"]
    return TopicShown(
        id=row.id,
        title=title(row.words),
        words=tuple(map(covered, row.words)),
        place=covered(row.place),
        unit=row.unit_name or "",
        citizens=row.citizens,
        size=row.size,
        period=_period(row.first_at, row.last_at),
        trend="up" if this_week > last_week else "down" if this_week < last_week else "same",
        this_week=this_week,
        last_week=last_week,
        sample=_sample(row),
        numbers=tuple(numbers),
        more=max(row.size - len(numbers), 0),
        hot=row.told_at is not None and row.last_at > now - HOT_FOR,
    )


def _period(first: datetime, last: datetime) -> str:
    days = dict.fromkeys((say_day(first), say_day(last)))
    return "至".join(days)


def _sample(row: ShownTopicRecord) -> str:
    """The summary of the sample, unless it was hidden from most officers after it was chosen."""
    if row.sample_summary is None or not HIDDEN.isdisjoint(row.sample_flags or ()):
        return ""
    return shorten(covered(row.sample_summary), 60)
