"""Units and officers: who is in charge of what, and who may speak for whom.

The store loads a ``Directory``; ``handlers/directory/read.py`` reads one from a file; routing and
the staff's words look units up in it. ``bot/directory/check.py`` says what is wrong with a new one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.directory.catalogue import Catalogue


class Tier(StrEnum):
    """The three tiers of a district: departments, subdistrict offices, communities."""

    DISTRICT = "district"
    SUBDISTRICT = "subdistrict"
    COMMUNITY = "community"


class Role(StrEnum):
    """DUTY works at the duty desk, OFFICER answers, HEAD leads a unit, LEADER is told of red cards."""

    DUTY = "duty"
    OFFICER = "officer"
    HEAD = "head"
    LEADER = "leader"


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One unit. ``keywords`` route matters, ``places`` (roads, estates) say where; ``phone`` is
    printed for citizens as given. ``merged_into``: the unit that took over an abolished one's work.
    """

    code: str
    name: str
    tier: Tier
    short_names: tuple[str, ...] = ()
    parent_code: str = ""
    keywords: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    phone: str = ""
    active: bool = True
    merged_into: str = ""


@dataclass(frozen=True, slots=True)
class OfficerRow:
    """One person. ``phone`` is E.164 and belongs to nobody else in the directory."""

    name: str
    unit_code: str
    role: Role
    phone: str
    active: bool = True


@dataclass(frozen=True)
class Directory:
    """All units and officers, in the file's order, and the catalogue of matters. Not slotted: the
    look-ups are built once.

    Of a file that is silent on them, ``catalogue`` is None and ``staff_given`` false: what is stored stays.
    """

    units: tuple[UnitRow, ...] = ()
    officers: tuple[OfficerRow, ...] = ()
    catalogue: Catalogue | None = None
    staff_given: bool = True

    @cached_property
    def by_code(self) -> dict[str, UnitRow]:
        return {unit.code: unit for unit in self.units}

    @cached_property
    def staffed(self) -> frozenset[str]:
        """The codes of units with at least one active officer."""
        return frozenset(officer.unit_code for officer in self.officers if officer.active)

    @cached_property
    def duty_codes(self) -> frozenset[str]:
        """The codes of the units the duty desk belongs to: those with an active duty officer."""
        return frozenset(o.unit_code for o in self.officers if o.active and o.role is Role.DUTY)

    def can_take(self, unit: UnitRow) -> bool:
        """Whether a matter may be given to ``unit``: it is not abolished and somebody is there to sign for it."""
        return unit.active and unit.code in self.staffed

    def successor(self, code: str) -> UnitRow | None:
        """The unit that has a unit's work now: the unit itself, or the one it was merged into, over any number of
        mergers.

        None for an unknown unit and for one abolished without a successor.
        """
        seen: set[str] = set()
        unit = self.by_code.get(code)
        while unit is not None and not unit.active and unit.code not in seen:
            seen.add(unit.code)
            unit = self.by_code.get(unit.merged_into)
        return unit if unit is not None and unit.active else None

    def subdistrict_of(self, unit: UnitRow) -> UnitRow | None:
        """The subdistrict office of a community; a subdistrict office itself; None for a department."""
        if unit.tier is Tier.COMMUNITY:
            return self.by_code.get(unit.parent_code)
        return unit if unit.tier is Tier.SUBDISTRICT else None


class Problem(StrEnum):
    """All that can be wrong with a directory file. Each has a text in ``templates/directory``."""

    # the file
    NO_FILE = "no_file"
    TOO_BIG = "too_big"
    TOO_MANY_ROWS = "too_many_rows"
    OLD_EXCEL = "old_excel"
    UNREADABLE = "unreadable"
    NO_SHEET = "no_sheet"
    TWICE_SHEET = "twice_sheet"
    NO_HEADER = "no_header"
    NO_COLUMN = "no_column"
    TWICE_COLUMN = "twice_column"
    EXTRA_COLUMN = "extra_column"
    # a cell
    MERGED = "merged"
    FORMULA = "formula"
    DATE = "date"
    BAD_CELL = "bad_cell"
    TOO_LONG = "too_long"
    # the content
    MISSING = "missing"
    DUPLICATE_CODE = "duplicate_code"
    DUPLICATE_NAME = "duplicate_name"
    UNKNOWN_TIER = "unknown_tier"
    UNKNOWN_PARENT = "unknown_parent"
    WRONG_PARENT = "wrong_parent"
    BAD_UNIT_PHONE = "bad_unit_phone"
    UNKNOWN_UNIT = "unknown_unit"
    UNKNOWN_ROLE = "unknown_role"
    PHONE_LENGTH = "phone_length"
    BAD_PHONE = "bad_phone"
    DUPLICATE_PHONE = "duplicate_phone"
    UNKNOWN_SUCCESSOR = "unknown_successor"
    MERGED_SELF = "merged_self"
    MERGER_RING = "merger_ring"
    BAD_CATEGORY_CODE = "bad_category_code"
    DUPLICATE_CATEGORY = "duplicate_category"
    DUPLICATE_CATEGORY_NAME = "duplicate_category_name"
    WRONG_LEVEL = "wrong_level"
    UNKNOWN_CATEGORY = "unknown_category"
    EMPTY = "empty"
    NO_STAFF = "no_staff"
    NO_OFFICER = "no_officer"
    NO_DUTY = "no_duty"


WARNINGS = frozenset({Problem.EXTRA_COLUMN, Problem.NO_STAFF, Problem.NO_OFFICER, Problem.NO_DUTY})


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing to mend. ``sheet``, ``row`` (1-based, as Excel shows it; 0: the whole sheet) and
    ``column`` (its header) say where; ``value`` what stood there, a phone number only by its last four
    digits; ``other`` is the other row of a duplicate. ``message`` is the whole sentence, filled in by
    ``handlers/directory/sentences.py``.
    """

    problem: Problem
    sheet: str = ""
    row: int = 0
    column: str = ""
    value: str = ""
    other: int = 0
    message: str = ""

    @property
    def warning(self) -> bool:
        """Whether the finding is only a warning and no reason to refuse the file."""
        return self.problem in WARNINGS
