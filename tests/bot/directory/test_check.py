from __future__ import annotations

import pytest

from bot.directory.check import build, check, e164
from bot.directory.rows import RawRow
from bot.directory.units import Problem, Role, Tier

UNIT = {
    "code": "D01",
    "name": "区城管局",
    "tier": "区级",
    "short_names": "城管局",
    "keywords": "路灯、占道，油烟",
}
STREET = {"code": "S01", "name": "青松街道办事处", "tier": "街道", "places": "青松一路"}
PERSON = {"name": "云予岚", "unit": "D01", "role": "值班员", "phone": "19900000001"}


def units(*changes: dict[str, str]) -> list[RawRow]:
    return [RawRow("单位", number, cells) for number, cells in enumerate([UNIT, STREET, *changes], 2)]


def officers(*changes: dict[str, str]) -> list[RawRow]:
    street = {"name": "苏桐", "unit": "青松街道办事处", "role": "经办人", "phone": "+86 199-0000-0002"}
    return [RawRow("人员", number, cells) for number, cells in enumerate([PERSON, street, *changes], 2)]


def test_a_good_directory_is_converted_whole() -> None:
    community = {"code": "c0101", "name": "松涛社区", "tier": "社区", "parent": "青松街道办事处"}
    clerk = {"name": "程溪", "unit": "松涛社区", "role": "officer", "phone": "００８６１９９００００００３３"}
    directory, errors = build(units(community), officers(clerk))
    assert errors == []
    assert directory is not None
    assert directory.by_code["C0101"].parent_code == "S01"
    assert directory.by_code["D01"].keywords == ("路灯", "占道", "油烟")
    assert [o.phone for o in directory.officers] == ["+8619900000001", "+8619900000002", "+8619900000033"]
    assert [o.unit_code for o in directory.officers] == ["D01", "S01", "C0101"]
    assert directory.duty_codes == {"D01"}
    assert directory.officers[0].role is Role.DUTY
    office = directory.subdistrict_of(directory.by_code["C0101"])
    assert office is not None
    assert office.tier is Tier.SUBDISTRICT


@pytest.mark.parametrize(
    ("row", "problem", "column"),
    [
        ({**UNIT, "name": "另一个局"}, Problem.DUPLICATE_CODE, "code"),
        ({**UNIT, "code": "ｄ０１", "name": "另一个局"}, Problem.DUPLICATE_CODE, "code"),
        ({**UNIT, "code": "D09"}, Problem.DUPLICATE_NAME, "name"),
        ({"code": "", "name": "某局", "tier": "区级"}, Problem.MISSING, "code"),
        ({"code": "D09", "name": "", "tier": "区级"}, Problem.MISSING, "name"),
        ({"code": "D09", "name": "某局", "tier": ""}, Problem.MISSING, "tier"),
        ({"code": "D09", "name": "某局", "tier": "省级"}, Problem.UNKNOWN_TIER, "tier"),
        ({"code": "D09", "name": "某局", "tier": "区级", "parent": "S01"}, Problem.WRONG_PARENT, "parent"),
        ({"code": "C09", "name": "某社区", "tier": "社区"}, Problem.WRONG_PARENT, "parent"),
        ({"code": "C09", "name": "某社区", "tier": "社区", "parent": "D01"}, Problem.WRONG_PARENT, "parent"),
        (
            {"code": "C09", "name": "某社区", "tier": "社区", "parent": "S99"},
            Problem.UNKNOWN_PARENT,
            "parent",
        ),
        ({"code": "S09", "name": "某街道", "tier": "街道", "parent": "S01"}, Problem.WRONG_PARENT, "parent"),
        (
            {"code": "D09", "name": "某局", "tier": "区级", "phone": "打给老王"},
            Problem.BAD_UNIT_PHONE,
            "phone",
        ),
    ],
)
def test_a_bad_unit_is_named_by_row_and_column(row: dict[str, str], problem: Problem, column: str) -> None:
    directory, errors = build(units(row), officers())
    assert directory is None
    assert [(e.problem, e.sheet, e.row, e.column) for e in errors] == [(problem, "单位", 4, column)]


@pytest.mark.parametrize(
    ("change", "problem", "column"),
    [
        ({"name": ""}, Problem.MISSING, "name"),
        ({"unit": ""}, Problem.MISSING, "unit"),
        ({"unit": "区魔法局"}, Problem.UNKNOWN_UNIT, "unit"),
        ({"role": "秘书"}, Problem.UNKNOWN_ROLE, "role"),
        ({"phone": ""}, Problem.MISSING, "phone"),
        ({"phone": "1990000000112"}, Problem.PHONE_LENGTH, "phone"),
        ({"phone": "8619900000009"}, Problem.PHONE_LENGTH, "phone"),
        ({"phone": "1990000001"}, Problem.PHONE_LENGTH, "phone"),
        ({"phone": "02888880000"}, Problem.BAD_PHONE, "phone"),
        ({"phone": "没有"}, Problem.BAD_PHONE, "phone"),
        ({"phone": "19900000001"}, Problem.DUPLICATE_PHONE, "phone"),
        ({"phone": "+86 199 0000 0001"}, Problem.DUPLICATE_PHONE, "phone"),
    ],
)
def test_a_bad_officer_is_named_by_row_and_column(change: dict[str, str], problem: Problem, column: str) -> None:
    row = {**PERSON, "phone": "19900000009", **change}
    directory, errors = build(units(), officers(row))
    assert directory is None
    assert [(e.problem, e.sheet, e.row, e.column) for e in errors] == [(problem, "人员", 4, column)]


def test_a_duplicate_says_where_the_first_one_stands() -> None:
    (error,) = check(units(), officers({**PERSON, "name": "苏舟"}))
    assert (error.row, error.other) == (4, 2)


def test_no_finding_carries_a_phone_number() -> None:
    swapped = {"name": "苏舟", "unit": "19900000077", "role": "199 0000 0077", "phone": "1990000000177"}
    errors = check(units(), officers(swapped, {**PERSON, "name": "苏舟"}))
    assert len(errors) == 4
    assert all(len([c for c in e.value if c.isdigit()]) <= 4 for e in errors)
    assert "…0177" in {e.value for e in errors}


def test_every_error_is_listed_at_once_not_only_the_first() -> None:
    bad = {"name": "", "unit": "nowhere", "role": "boss", "phone": "123"}
    assert len(check(units(), officers(bad, bad))) == 8


def test_a_short_name_of_two_units_names_neither() -> None:
    other = {"code": "D02", "name": "区执法局", "tier": "区级", "short_names": "城管局"}
    row = {**PERSON, "unit": "城管局", "phone": "19900000009"}
    assert [e.problem for e in check(units(other), officers(row))] == [Problem.UNKNOWN_UNIT]


def test_units_without_people_and_a_missing_duty_desk_are_warnings() -> None:
    empty = {"code": "D02", "name": "区水务局", "tier": "区级"}
    people = [RawRow("人员", 2, {**PERSON, "role": "经办人"})]
    directory, errors = build(units(empty), people)
    assert directory is not None
    assert [e.problem for e in errors] == [Problem.NO_OFFICER, Problem.NO_OFFICER, Problem.NO_DUTY]
    assert all(e.warning for e in errors)


def test_an_empty_file_is_an_error() -> None:
    assert {e.problem for e in check([], [])} == {Problem.EMPTY}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("19900000001", "+8619900000001"),
        ("１９９ ００００ ０００１", "+8619900000001"),
        ("+86-199-0000-0001", "+8619900000001"),
        ("0086 199 0000 0001", "+8619900000001"),
        ("+1 202 555 0123", "+12025550123"),
        ("+86 28 8888 0000", Problem.BAD_PHONE),
        ("12345678901", Problem.BAD_PHONE),
        ("+", Problem.BAD_PHONE),
    ],
)
def test_phones_become_e164_or_a_problem(typed: str, expected: str) -> None:
    assert e164(typed) == expected
