"""From a file's cells to a ``Directory``, or to the list of everything that is wrong with it.

Either the whole directory or none of it: ``build`` answers with a ``Directory`` only when no row has
an error. Cells come as plain strings by field name; reading them is ``handlers/directory_files.py``.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import phonenumbers

from bot.directory import Directory, OfficerRow, Problem, Role, RowError, Tier, UnitRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

UNITS, OFFICERS = "units", "officers"

TIERS = {
    "district": Tier.DISTRICT, "区级": Tier.DISTRICT, "区": Tier.DISTRICT, "部门": Tier.DISTRICT,
    "区级部门": Tier.DISTRICT, "subdistrict": Tier.SUBDISTRICT, "街道": Tier.SUBDISTRICT,
    "街道办": Tier.SUBDISTRICT, "街道办事处": Tier.SUBDISTRICT, "community": Tier.COMMUNITY,
    "社区": Tier.COMMUNITY, "居委会": Tier.COMMUNITY,
}  # fmt: skip
ROLES = {
    "duty": Role.DUTY, "值班": Role.DUTY, "值班员": Role.DUTY, "officer": Role.OFFICER, "经办人": Role.OFFICER,
    "经办": Role.OFFICER, "联系人": Role.OFFICER, "工作人员": Role.OFFICER, "head": Role.HEAD,
    "负责人": Role.HEAD, "leader": Role.LEADER, "领导": Role.LEADER, "区领导": Role.LEADER,
    "分管领导": Role.LEADER,
}  # fmt: skip
_PARENTS: dict[Tier, tuple[Tier | None, ...]] = {
    Tier.DISTRICT: (None,),
    Tier.SUBDISTRICT: (None, Tier.DISTRICT),
    Tier.COMMUNITY: (Tier.SUBDISTRICT,),
}
_LIST_BREAK = re.compile(r"[、,，;；|\s]+")
_LANDLINE = re.compile(r"[0-9+][0-9 ()-]{2,19}(转[0-9]{1,6})?")
_NUMBER = re.compile(r"\d[\d -]{5,}\d")
_MOBILE_DIGITS = 11


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row of a file: the sheet as the file calls it, its row number, and cells by field name."""

    sheet: str
    row: int
    cells: Mapping[str, str]

    def __getitem__(self, field: str) -> str:
        return self.cells.get(field, "")

    def error(self, problem: Problem, field: str = "", *, value: str = "", other: int = 0) -> RowError:
        # Swapped columns put phone numbers where names belong: no value is shown with a number in it.
        return RowError(problem, self.sheet, self.row, field, _NUMBER.sub(_tail, value), other)


def fold(text: str) -> str:
    """Full-width to half-width, no blanks, lower case: how codes, tiers and roles are compared."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def _tail(found: re.Match[str]) -> str:
    return mask(found[0])


def mask(phone: str) -> str:
    """``…0001``: what an error message may show of a number."""
    return "…" + fold(phone)[-4:]


def build(units: Sequence[RawRow], officers: Sequence[RawRow]) -> tuple[Directory | None, list[RowError]]:
    """Check everything, then convert everything. Errors come in the order of the rows."""
    names = _unit_names(units)
    errors = [*_check_units(units, names), *_check_officers(officers, names)]
    if errors:
        return None, errors
    directory = Directory(
        tuple(_unit(row, names) for row in units), tuple(_officer(row, names) for row in officers)
    )
    return directory, list(_doubts(directory))


def check(units: Sequence[RawRow], officers: Sequence[RawRow]) -> list[RowError]:
    """Only the findings of ``build``."""
    return build(units, officers)[1]


def e164(text: str) -> str | Problem:
    """A phone people type -> E.164, or what is wrong with it.

    Thirteen bare digits are refused although they might be 86 and a mobile number: just as often they
    are a slip, and a notice with a citizen's matter must not go to a stranger.
    """
    number = fold(text).replace("-", "").replace("(", "").replace(")", "")
    if number.isdecimal() and not number.startswith("00") and len(number) != _MOBILE_DIGITS:
        return Problem.PHONE_LENGTH
    if number.startswith("00"):
        number = "+" + number[2:]
    try:
        parsed = phonenumbers.parse(number, "CN")
    except phonenumbers.NumberParseException:
        return Problem.BAD_PHONE
    return phonenumbers.format_number(parsed, 0) if _takes_sms(parsed) else Problem.BAD_PHONE


def _takes_sms(number: phonenumbers.PhoneNumber) -> bool:
    kind = phonenumbers.number_type(number)
    return kind in (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)


def words(text: str) -> tuple[str, ...]:
    """``路灯、占道，油烟`` -> its distinct words, in order."""
    return tuple(dict.fromkeys(word for word in _LIST_BREAK.split(text) if word))


def _unit_names(rows: Iterable[RawRow]) -> dict[str, str]:
    """Every way a row may name a unit -> its code. Names that fit two units name neither; codes win."""
    codes = {fold(row["code"]): fold(row["code"]) for row in rows if row["code"]}
    owners: dict[str, set[str]] = {}
    for row in rows:
        for name in (row["name"], *words(row["short_names"])):
            owners.setdefault(fold(name), set()).add(fold(row["code"]))
    named = {name: min(found) for name, found in owners.items() if name and len(found) == 1}
    return named | codes


def _check_units(rows: Sequence[RawRow], names: Mapping[str, str]) -> Iterator[RowError]:
    if not rows:
        yield RowError(Problem.EMPTY, UNITS)
    codes, titles = _Seen(), _Seen()
    tiers = {fold(row["code"]): TIERS.get(fold(row["tier"])) for row in rows}
    for row in rows:
        yield from _missing(row, ("code", "name", "tier"))
        yield from codes.repeated(row, "code", Problem.DUPLICATE_CODE)
        yield from titles.repeated(row, "name", Problem.DUPLICATE_NAME)
        yield from _check_tier(row, names, tiers)
        if row["phone"] and not _LANDLINE.fullmatch(unicodedata.normalize("NFKC", row["phone"])):
            yield row.error(Problem.BAD_UNIT_PHONE, "phone")


def _check_tier(
    row: RawRow, names: Mapping[str, str], tiers: Mapping[str, Tier | None]
) -> Iterator[RowError]:
    tier, parent = TIERS.get(fold(row["tier"])), fold(row["parent"])
    if row["tier"] and tier is None:
        yield row.error(Problem.UNKNOWN_TIER, "tier", value=row["tier"])
    if parent and parent not in names:
        yield row.error(Problem.UNKNOWN_PARENT, "parent", value=row["parent"])
    elif tier and not _may_stand_under(tier, tiers.get(names[parent]) if parent else None, bool(parent)):
        yield row.error(Problem.WRONG_PARENT, "parent", value=row["parent"])


def _may_stand_under(tier: Tier, parent: Tier | None, has_parent: bool) -> bool:
    """A community under a subdistrict; a subdistrict on its own or under a department; a department
    on its own. A parent whose own tier is unknown has its own error already.
    """
    if has_parent and parent is None:
        return True
    return parent in _PARENTS[tier]


def _check_officers(rows: Sequence[RawRow], names: Mapping[str, str]) -> Iterator[RowError]:
    if not rows:
        yield RowError(Problem.EMPTY, OFFICERS)
    phones = _Seen()
    for row in rows:
        yield from _missing(row, ("name", "unit", "role", "phone"))
        if row["unit"] and fold(row["unit"]) not in names:
            yield row.error(Problem.UNKNOWN_UNIT, "unit", value=row["unit"])
        if row["role"] and fold(row["role"]) not in ROLES:
            yield row.error(Problem.UNKNOWN_ROLE, "role", value=row["role"])
        yield from _check_phone(row, phones)


def _check_phone(row: RawRow, phones: _Seen) -> Iterator[RowError]:
    if not row["phone"]:
        return
    number = e164(row["phone"])
    if isinstance(number, Problem):
        yield row.error(number, "phone", value=mask(row["phone"]))
    elif first := phones.before(number, row.row):
        yield row.error(Problem.DUPLICATE_PHONE, "phone", value=mask(number), other=first)


class _Seen:
    """Which row had a value first."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}

    def before(self, value: str, row: int) -> int:
        """The earlier row with this value, 0 when this is the first."""
        first = self._rows.setdefault(value, row)
        return 0 if first == row else first

    def repeated(self, row: RawRow, field: str, problem: Problem) -> Iterator[RowError]:
        value = fold(row[field])
        if value and (first := self.before(value, row.row)):
            yield row.error(problem, field, value=row[field], other=first)


def _missing(row: RawRow, fields: Iterable[str]) -> Iterator[RowError]:
    return (row.error(Problem.MISSING, field) for field in fields if not row[field])


def _unit(row: RawRow, names: Mapping[str, str]) -> UnitRow:
    parent = fold(row["parent"])
    return UnitRow(
        code=fold(row["code"]).upper(),
        name=row["name"],
        tier=TIERS[fold(row["tier"])],
        short_names=words(row["short_names"]),
        parent_code=names[parent].upper() if parent else "",
        keywords=words(row["keywords"]),
        places=words(row["places"]),
        phone=row["phone"],
    )


def _officer(row: RawRow, names: Mapping[str, str]) -> OfficerRow:
    unit, role = names[fold(row["unit"])].upper(), ROLES[fold(row["role"])]
    return OfficerRow(row["name"], unit, role, str(e164(row["phone"])))


def _doubts(directory: Directory) -> Iterator[RowError]:
    """What is allowed but leaves matters lying: units without people, nobody on duty."""
    staff = Counter(officer.unit_code for officer in directory.officers)
    for unit in directory.units:
        if not staff[unit.code]:
            yield RowError(Problem.NO_OFFICER, UNITS, 0, "code", f"{unit.code} {unit.name}")
    if not directory.duty_codes:
        yield RowError(Problem.NO_DUTY, OFFICERS, 0, "role")
