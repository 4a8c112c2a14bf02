"""The morning's figures, at 08:30 on working days: what is due and what is overdue, sent to phones.

Each officer and head of a unit with something due gets one text; the duty desk and the leaders get one for the
whole district. They are sent once a day, by whichever worker comes first; after an interruption they are still
sent until noon.
"""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING, NamedTuple

from bot.clocks.workdays import CHINA
from handlers.notices.notify import to_officer
from handlers.notices.recipients import Staff
from store import deadlines, inquiries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from handlers.services.deps import Deps
    from store.deadlines import UnitLoad
    from store.engine.transactions import Tx

FROM, UNTIL = time(8, 30), time(12)
NAMED = 5
"""The number of units named in the district's text; the others are only counted."""


class Figures(NamedTuple):
    """How many orders are overdue, due today, and due on the next working day."""

    over: int
    today: int
    following: int

    def __bool__(self) -> bool:
        return any(self)


def drain(deps: Deps) -> int:
    """Send the morning's figures if it is time and nobody has sent them. Returns how many texts."""
    now = deps.clock.now()
    local = now.astimezone(CHINA)
    if not FROM <= local.time() < UNTIL or not deps.calendar().is_workday(local.date()):
        return 0
    mark = f"digest:{local:%y%m%d}"
    if deps.store.read(lambda tx: inquiries.counted(tx, mark)):
        return 0
    return deps.store.write(lambda tx: _send(deps, tx, mark, now))


def _send(deps: Deps, tx: Tx, mark: str, now: datetime) -> int:
    if inquiries.next_count(tx, mark) != 1:  # another worker was first and has committed
        return 0
    today = now.astimezone(CHINA).date()
    rows = deadlines.open_by_unit(tx, now=now, today=_end(today), tomorrow=_end(deps.calendar().next_workday(today)))
    if not rows:
        return 0
    staff = Staff(tx, now)
    office = {officer.id for officer in (*staff.duty_desk(), *staff.leaders())}
    for officer_id in office:
        _tell_office(tx, officer_id, rows, mark, now)
    units = _by_officer(staff, rows, office)
    for officer_id, own in units.items():
        _tell_unit(tx, officer_id, own, mark, now)
    tx.after_commit.append(lambda: deps.wake("outbox"))
    return len(office) + len(units)


def _end(day: date) -> datetime:
    return datetime.combine(day, time.max, CHINA)


def _by_officer(staff: Staff, rows: Sequence[UnitLoad], office: set[int]) -> dict[int, list[UnitLoad]]:
    """The units with something due for each officer. An officer who answers for several units gets one text for
    all.
    """
    found: dict[int, list[UnitLoad]] = {}
    for row in rows:
        if not figures([row]):
            continue
        own = {officer.id for officer in (*staff.contacts(row.id), *staff.heads(row.id, row.code))}
        for officer_id in own - office:
            found.setdefault(officer_id, []).append(row)
    return found


def figures(rows: Sequence[UnitLoad]) -> Figures:
    """The sum over units."""
    return Figures(sum(row.overdue for row in rows), sum(row.today for row in rows), sum(row.tomorrow for row in rows))


def _tell_unit(tx: Tx, officer_id: int, rows: Sequence[UnitLoad], mark: str, now: datetime) -> None:
    found = figures(rows)
    params = {
        "unit": rows[0].name,
        "units": len(rows),
        "over": found.over,
        "today": found.today,
        "following": found.following,
    }
    to_officer(tx, officer_id, key="digest.unit", once=f"{mark}:{officer_id}", params=params, now=now, inquiry_id=None)


def _tell_office(tx: Tx, officer_id: int, rows: Sequence[UnitLoad], mark: str, now: datetime) -> None:
    found = figures(rows)
    worst = sorted(
        (row for row in rows if figures([row])), key=lambda row: (*map(int.__neg__, figures([row])), row.code)
    )
    rest = figures(worst[NAMED:])
    params = {
        "over": found.over,
        "today": found.today,
        "following": found.following,
        "lines": [
            {"unit": row.name, "over": row.overdue, "today": row.today, "following": row.tomorrow}
            for row in worst[:NAMED]
        ],
        "more": len(worst[NAMED:]),
        "more_over": rest.over,
        "more_today": rest.today,
        "more_following": rest.following,
    }
    to_officer(
        tx, officer_id, key="digest.district", once=f"{mark}:{officer_id}", params=params, now=now, inquiry_id=None
    )
