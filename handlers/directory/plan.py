"""What an import would change: shown by the dry run, and carried out by the store.

Units are the same if their code is; officers if their phone is, or else if unit and name are. So a new number is
a change of the person and not one officer gone and another come. Nobody is deleted: those who are not in the new
file are deactivated, because old inquiries still name them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from bot.directory.catalogue import Catalogue, Category
from bot.directory.rows import CATEGORIES, OFFICERS, UNITS, mask
from bot.directory.units import Directory, OfficerRow, UnitRow
from handlers.directory.sentences import name_of, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Row = TypeVar("Row", UnitRow, OfficerRow, Category)


@dataclass(frozen=True, slots=True)
class Changes(Generic[Row]):
    """``changed`` has pairs (before, after); ``removed`` are to be deactivated. An inactive row that comes back
    counts as changed.
    """

    added: tuple[Row, ...] = ()
    changed: tuple[tuple[Row, Row], ...] = ()
    removed: tuple[Row, ...] = ()
    unchanged: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """``officers`` and ``categories`` are None where the file says nothing of them."""

    units: Changes[UnitRow]
    officers: Changes[OfficerRow] | None
    categories: Changes[Category] | None

    @property
    def empty(self) -> bool:
        """Whether there is nothing to do, as when the same file is imported twice."""
        given = (self.units, self.officers, self.categories)
        return not any((c.added or c.changed or c.removed) for c in given if c is not None)

    def record(self) -> dict[str, Any]:
        """What a version of the directory stores of its changes: codes, and for officers only how many."""
        counts: dict[str, Any] = {"units": _codes(self.units)}
        if self.categories is not None:
            counts["categories"] = _codes(self.categories)
        if self.officers is not None:
            found = self.officers
            counts["officers"] = {
                "added": len(found.added),
                "changed": len(found.changed),
                "removed": len(found.removed),
            }
        return counts


def _codes(changes: Changes[UnitRow] | Changes[Category]) -> dict[str, Any]:
    return {
        "added": [row.code for row in changes.added],
        "changed": [after.code for _before, after in changes.changed],
        "removed": [row.code for row in changes.removed],
    }


def plan_import(current: Directory, wanted: Directory) -> ImportPlan:
    """What has to change to turn ``current`` into ``wanted``."""
    known = {unit.code: unit for unit in current.units}
    units = _changes(current.units, [(known.get(unit.code), unit) for unit in wanted.units])
    return ImportPlan(
        units,
        _changes(current.officers, _pairs(current.officers, wanted.officers)) if wanted.staff_given else None,
        _category_changes(current.catalogue or Catalogue(), wanted.catalogue) if wanted.catalogue is not None else None,
    )


def _category_changes(current: Catalogue, wanted: Catalogue) -> Changes[Category]:
    known = current.by_code
    return _changes(current.categories, [(known.get(category.code), category) for category in wanted.categories])


def _changes(current: Sequence[Row], pairs: Sequence[tuple[Row | None, Row]]) -> Changes[Row]:
    return Changes(
        added=tuple(after for before, after in pairs if before is None),
        changed=tuple((before, after) for before, after in pairs if before and before != after),
        removed=_removed(current, pairs),
        unchanged=tuple(after for before, after in pairs if before == after),
    )


def _removed(current: Sequence[Row], pairs: Sequence[tuple[Row | None, Row]]) -> tuple[Row, ...]:
    kept = {id(before) for before, _ in pairs if before}
    return tuple(row for row in current if row.active and id(row) not in kept)


def _pairs(current: Sequence[OfficerRow], wanted: Sequence[OfficerRow]) -> list[tuple[OfficerRow | None, OfficerRow]]:
    """The same people before and after: matched by phone, and the others by unit and name if there is one on each
    side.
    """
    phones = {officer.phone: officer for officer in _last_active(current)}
    wanted_phones = {officer.phone for officer in wanted}
    left = _by_name(officer for officer in current if officer.phone not in wanted_phones)
    coming = _by_name(officer for officer in wanted if officer.phone not in phones)
    pairs: list[tuple[OfficerRow | None, OfficerRow]] = []
    for officer in wanted:
        key = (officer.unit_code, officer.name)
        alone = len(left[key]) == len(coming[key]) == 1
        pairs.append((phones.get(officer.phone) or (left[key][0] if alone else None), officer))
    return pairs


def _last_active(officers: Iterable[OfficerRow]) -> list[OfficerRow]:
    """The officers with active ones last: of a number that was handed on, its present owner is compared."""
    return sorted(officers, key=lambda officer: officer.active)


def _by_name(officers: Iterable[OfficerRow]) -> defaultdict[tuple[str, str], list[OfficerRow]]:
    groups: defaultdict[tuple[str, str], list[OfficerRow]] = defaultdict(list)
    for officer in officers:
        groups[(officer.unit_code, officer.name)].append(officer)
    return groups


def describe(plan: ImportPlan) -> list[str]:
    """The lines of the dry run in Chinese: the sums, then each addition, change and removal. Of phone numbers
    only the last four digits are shown.
    """
    lines = [_summary("unit", plan.units)]
    lines += [_summary("officer", plan.officers)] if plan.officers is not None else []
    lines += [_summary("category", plan.categories)] if plan.categories is not None else []
    lines += _lines("unit", plan.units)
    lines += _lines("officer", plan.officers) if plan.officers is not None else []
    lines += _lines("category", plan.categories) if plan.categories is not None else []
    return lines


def _words() -> dict[str, str]:
    words: dict[str, str] = texts()["_plan"]
    return words


def _summary(kind: str, changes: Changes[Row]) -> str:
    words = _words()
    return words["summary"].format(
        kind=words[kind], added=len(changes.added), changed=len(changes.changed),
        removed=len(changes.removed), unchanged=len(changes.unchanged),
    )  # fmt: skip


def _lines(kind: str, changes: Changes[Row]) -> Iterator[str]:
    words = _words()
    for what, rows in (("added", changes.added), ("removed", changes.removed)):
        for row in rows:
            yield words["line"].format(what=words[what], kind=words[kind], who=_who(row))
    for before, after in changes.changed:
        changed = "、".join(_changed_fields(before, after))
        yield words["detail"].format(what=words["changed"], kind=words[kind], who=_who(after), fields=changed)


def _who(row: UnitRow | OfficerRow | Category) -> str:
    if isinstance(row, OfficerRow):
        return f"{row.unit_code} {row.name} {mask(row.phone)}"
    into = row.merged_into if isinstance(row, UnitRow) else ""
    said = _words()["merged"].format(into=into) if into else ""
    return f"{row.code} {row.name} {said}".rstrip()


def _changed_fields(before: Row, after: Row) -> list[str]:
    names = (field.name for field in fields(after) if getattr(before, field.name) != getattr(after, field.name))
    kinds = {UnitRow: UNITS, OfficerRow: OFFICERS, Category: CATEGORIES}
    return [name_of(name.removesuffix("_code"), kinds[type(after)]) for name in names]
