"""Who is told: a unit's officers, its head, the duty desk, the leaders; and the substitute of an officer who is
away.

``Staff`` reads the directory once for a batch, because a deadline run asks for the same few units again and
again.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from bot.directory.units import Role
from store import directory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from store.engine.transactions import Tx
    from store.records.directory import OfficerRecord, UnitRecord

CHAIN = 5
"""The number of substitutes followed from one to the next. Two officers who stand in for each other would
otherwise never end.
"""


class Staff:
    """The active officers and who of them is at work at ``now``."""

    def __init__(self, tx: Tx, now: datetime) -> None:
        self._now = now
        self._all = {row.id: row for row in directory.all_officers(tx)}
        self._parents = {row.code: row.parent_code for row in directory.all_units(tx)}
        self._of_unit: dict[int, list[OfficerRecord]] = {}
        for row in self._all.values():
            self._of_unit.setdefault(row.unit_id, []).append(row)

    def contacts(self, unit_id: int, signed_by: int | None = None) -> list[OfficerRecord]:
        """Those responsible for an order: who signed for it, else the unit's duty staff, officers or head."""
        if signed_by in self._all and self._all[signed_by].unit_id == unit_id:
            return self._at_work([self._all[signed_by]])
        return self._at_work(_in_charge(self._of_unit.get(unit_id, [])))

    def heads(self, unit_id: int, unit_code: str = "") -> list[OfficerRecord]:
        """The unit's head; if it has none, that of the unit above."""
        found = [row for row in self._of_unit.get(unit_id, []) if row.role == Role.HEAD]
        if not found and (parent := self._parents.get(unit_code)):
            found = [row for row in self._all.values() if row.unit_code == parent and row.role == Role.HEAD]
        return self._at_work(found)

    def duty_desk(self) -> list[OfficerRecord]:
        return self._at_work(row for row in self._all.values() if row.role == Role.DUTY)

    def leaders(self) -> list[OfficerRecord]:
        return self._at_work(row for row in self._all.values() if row.role == Role.LEADER)

    def at_work(self, officer: OfficerRecord) -> OfficerRecord:
        """The officer, or the one who stands in today; the last one found when substitutes lead in a circle."""
        return _at_work(officer, self._all.get, self._now)

    def _at_work(self, officers: Iterable[OfficerRecord]) -> list[OfficerRecord]:
        found = {row.id: row for row in map(self.at_work, officers)}
        return list(found.values())


class Known:
    """Units and their staff as one transaction reads them, for one order."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx

    def unit(self, unit_id: int) -> UnitRecord:
        return directory.unit(self._tx, unit_id)

    def below(self, code: str) -> bool:
        """Whether a unit has active units under it."""
        return bool(directory.children(self._tx, code))

    def contacts(self, unit_id: int) -> list[OfficerRecord]:
        """As ``contacts_of``. Substitutes are looked up each time, which costs no query if nobody is away."""
        return contacts_of(self._tx, unit_id)


class KnownAtOnce(Known):
    """The same for a batch of orders: all units are read at once, and the staff of each unit that is asked for
    once.
    """

    def __init__(self, tx: Tx) -> None:
        super().__init__(tx)
        units = directory.all_units(tx, active=False)
        self._units = {row.id: row for row in units}
        self._codes = {row.code: row for row in units}
        self._parents = {row.parent_code for row in units if row.active}
        self._contacts: dict[int, list[OfficerRecord]] = {}
        self.duty_unit = cache(partial(directory.duty_unit, tx))

    def unit(self, unit_id: int) -> UnitRecord:
        return self._units[unit_id]

    def by_code(self, code: str) -> UnitRecord | None:
        return self._codes.get(code)

    def below(self, code: str) -> bool:
        return code in self._parents

    def contacts(self, unit_id: int) -> list[OfficerRecord]:
        if unit_id not in self._contacts:
            self._contacts[unit_id] = super().contacts(unit_id)
        return self._contacts[unit_id]


def contacts_of(tx: Tx, unit_id: int) -> list[OfficerRecord]:
    """Who gets a unit's notices: its duty staff, else its officers, else its head.

    The orders of a unit in which nobody is left (the directory changed) are shown to the duty desk.
    """
    return _in_charge(directory.officers_of(tx, unit_id)) or duty_staff(tx)


def _in_charge(staff: Sequence[OfficerRecord]) -> list[OfficerRecord]:
    """Of a unit's people, those its orders go to; all of them if nobody has such a role."""
    for role in (Role.DUTY, Role.OFFICER, Role.HEAD):
        if first := [officer for officer in staff if officer.role == role]:
            return first
    return list(staff)


def duty_staff(tx: Tx) -> list[OfficerRecord]:
    """The officers of the duty desk."""
    unit = directory.duty_unit(tx)
    return contacts_of(tx, unit.id) if unit is not None else []


def stand_ins(tx: Tx, officers: Iterable[OfficerRecord], now: datetime) -> list[OfficerRecord]:
    """Each officer, or the one who stands in today, and nobody twice. For a few officers only: who is there costs
    no query.
    """
    found = (_at_work(officer, lambda officer_id: directory.officer(tx, officer_id), now) for officer in officers)
    return list({officer.id: officer for officer in found}.values())


def _at_work(officer: OfficerRecord, find: Callable[[int], OfficerRecord | None], now: datetime) -> OfficerRecord:
    seen = {officer.id}
    while is_away(officer, now) and len(seen) <= CHAIN:
        substitute = find(officer.substitute_id) if officer.substitute_id is not None else None
        if substitute is None or substitute.id in seen:
            break
        seen.add(substitute.id)
        officer = substitute
    return officer


def is_away(officer: OfficerRecord, now: datetime) -> bool:
    """Whether the officer is on leave at ``now``. A leave without an end lasts until further notice."""
    if officer.away_from is None or officer.away_from > now:
        return False
    return officer.away_until is None or now < officer.away_until
