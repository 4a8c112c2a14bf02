"""From a file's cells to a ``Directory``, or to the list of everything that is wrong with it.

Either the whole directory or none of it: ``build`` answers with a ``Directory`` only when no row has
an error. Cells come as plain strings by field name; reading them is ``handlers/directory/read.py``.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import TYPE_CHECKING

import phonenumbers

from bot.directory.catalogue_check import catalogue_of, check_categories
from bot.directory.names import check_merger, read_names
from bot.directory.rows import OFFICERS, UNITS, Seen, fold, mask, missing, too_long, words
from bot.directory.units import Directory, OfficerRow, Problem, Role, RowError, Tier, UnitRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bot.directory.names import Names
    from bot.directory.rows import RawRow

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
_LANDLINE = re.compile(r"[0-9+][0-9 ()-]{2,19}(转[0-9]{1,6})?")
_MOBILE_DIGITS = 11
LONGEST_CODE, LONGEST_NAME = 32, 64


def build(
    units: Sequence[RawRow], officers: Sequence[RawRow] | None, categories: Sequence[RawRow] | None = None
) -> tuple[Directory | None, list[RowError]]:
    """Check all rows, then convert them. Errors come in the order of the rows.

    Officers or categories are None if the file has no sheet of them: those in the store then stay as they are.
    """
    names = read_names(units)
    errors = [*_check_units(units, names), *(_check_officers(officers, names) if officers is not None else ())]
    errors += check_categories(categories, names) if categories is not None else ()
    if errors:
        return None, errors
    directory = Directory(
        tuple(_unit(row, names) for row in units),
        tuple(_officer(row, names) for row in officers or ()),
        catalogue_of(categories, names) if categories is not None else None,
        staff_given=officers is not None,
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


def _check_units(rows: Sequence[RawRow], names: Names) -> Iterator[RowError]:
    if not rows:
        yield RowError(Problem.EMPTY, UNITS)
    codes, titles = Seen(), Seen()
    tiers = {fold(row["code"]): TIERS.get(fold(row["tier"])) for row in rows}
    for row in rows:
        yield from missing(row, ("code", "name", "tier"))
        yield from too_long(row, "code", LONGEST_CODE)
        yield from too_long(row, "name", LONGEST_NAME)
        yield from codes.repeated(row, "code", Problem.DUPLICATE_CODE)
        if not row["merged_into"]:  # the name may have gone over to the successor
            yield from titles.repeated(row, "name", Problem.DUPLICATE_NAME)
        yield from check_merger(row, names)
        yield from _check_tier(row, names, tiers)
        if row["phone"] and not _LANDLINE.fullmatch(unicodedata.normalize("NFKC", row["phone"])):
            yield row.error(Problem.BAD_UNIT_PHONE, "phone")


def _check_tier(row: RawRow, names: Names, tiers: Mapping[str, Tier | None]) -> Iterator[RowError]:
    tier, parent = TIERS.get(fold(row["tier"])), row["parent"]
    if row["tier"] and tier is None:
        yield row.error(Problem.UNKNOWN_TIER, "tier", value=row["tier"])
    if row["merged_into"]:
        return  # where a former unit stood is history
    if parent and parent not in names:
        yield row.error(Problem.UNKNOWN_PARENT, "parent", value=parent)
    elif tier and not _may_stand_under(tier, tiers.get(names.code(parent)) if parent else None, bool(parent)):
        yield row.error(Problem.WRONG_PARENT, "parent", value=parent)


def _may_stand_under(tier: Tier, parent: Tier | None, has_parent: bool) -> bool:
    """Whether a unit may stand below a parent: a community below a subdistrict; a subdistrict alone or below a
    department; a department only alone. A parent of unknown tier has an error of its own already.
    """
    if has_parent and parent is None:
        return True
    return parent in _PARENTS[tier]


def _check_officers(rows: Sequence[RawRow], names: Names) -> Iterator[RowError]:
    if not rows:
        yield RowError(Problem.EMPTY, OFFICERS)
    phones = Seen()
    for row in rows:
        yield from missing(row, ("name", "unit", "role", "phone"))
        if row["unit"] and row["unit"] not in names:
            yield row.error(Problem.UNKNOWN_UNIT, "unit", value=row["unit"])
        if row["role"] and fold(row["role"]) not in ROLES:
            yield row.error(Problem.UNKNOWN_ROLE, "role", value=row["role"])
        yield from _check_phone(row, phones)


def _check_phone(row: RawRow, phones: Seen) -> Iterator[RowError]:
    if not row["phone"]:
        return
    number = e164(row["phone"])
    if isinstance(number, Problem):
        yield row.error(number, "phone", value=mask(row["phone"]))
    elif first := phones.before(number, row.row):
        yield row.error(Problem.DUPLICATE_PHONE, "phone", value=mask(number), other=first)


def _unit(row: RawRow, names: Names) -> UnitRow:
    return UnitRow(
        code=fold(row["code"]).upper(),
        name=row["name"],
        tier=TIERS[fold(row["tier"])],
        short_names=words(row["short_names"]),
        parent_code=names.code(row["parent"]).upper(),
        keywords=words(row["keywords"]),
        places=words(row["places"]),
        phone=row["phone"],
        active=not row["merged_into"],
        merged_into=names.into[fold(row["code"])].upper() if row["merged_into"] else "",
    )


def _officer(row: RawRow, names: Names) -> OfficerRow:
    """The officer of a row. People of a merged unit belong to its successor."""
    unit, role = names.code(row["unit"]).upper(), ROLES[fold(row["role"])]
    return OfficerRow(row["name"], unit, role, str(e164(row["phone"])))


def _doubts(directory: Directory) -> Iterator[RowError]:
    """Warnings about what is allowed but leaves matters lying: units without people, nobody on duty."""
    if not directory.staff_given:
        yield RowError(Problem.NO_STAFF)
        return
    staff = Counter(officer.unit_code for officer in directory.officers)
    for unit in directory.units:
        if unit.active and not staff[unit.code]:
            yield RowError(Problem.NO_OFFICER, UNITS, 0, "code", f"{unit.code} {unit.name}")
    if not directory.duty_codes:
        yield RowError(Problem.NO_DUTY, OFFICERS, 0, "role")
