"""Mergers and the catalogue in a directory file: what is refused, and what is made of the rest."""

from __future__ import annotations

import pytest

from bot.directory.catalogue import Category
from bot.directory.check import build
from bot.directory.rows import RawRow
from bot.directory.units import Directory, Problem

LAMPS = {"code": "D01", "name": "区城管局", "tier": "区级", "short_names": "城管局"}
PARKS = {"code": "D02", "name": "区公园局", "tier": "区级"}
STREET = {"code": "S01", "name": "青松街道办事处", "tier": "街道"}
PEOPLE = ({"name": "云予岚", "unit": "D02", "role": "值班员", "phone": "19900000001"},)


def numbered(sheet: str, rows: object) -> list[RawRow]:
    return [RawRow(sheet, number, cells) for number, cells in enumerate(rows, 2)]


def made(*units: dict[str, str], people: object = PEOPLE, categories: object = None) -> tuple[Directory | None, list]:
    rows = numbered("事项分类", categories) if categories is not None else None
    return build(numbered("单位", units), numbered("人员", people), rows)


def good(*units: dict[str, str], **given: object) -> Directory:
    directory, errors = made(*units, **given)
    assert directory is not None, errors
    return directory


def problems(*units: dict[str, str], **given: object) -> list[tuple[Problem, int]]:
    return [(error.problem, error.row) for error in made(*units, **given)[1] if not error.warning]


@pytest.mark.parametrize("named", ["D02", "d02", "区公园局"])
def test_a_merged_unit_is_kept_with_its_successor_and_no_longer_active(named: str) -> None:
    directory = good({**LAMPS, "merged_into": named}, PARKS)
    unit = directory.by_code["D01"]
    assert (unit.active, unit.merged_into) == (False, "D02")
    assert directory.successor("D01").code == "D02"


def test_mergers_may_follow_each_other() -> None:
    directory = good({**LAMPS, "merged_into": "D02"}, {**PARKS, "merged_into": "D03"}, {**PARKS, "code": "D03"})
    assert directory.successor("D01").code == "D03"


@pytest.mark.parametrize(
    ("units", "found"),
    [
        (({**LAMPS, "merged_into": "D09"}, PARKS), [(Problem.UNKNOWN_SUCCESSOR, 2)]),
        (({**LAMPS, "merged_into": "城管局"}, PARKS), [(Problem.MERGED_SELF, 2)]),
        (
            ({**LAMPS, "merged_into": "D02"}, {**PARKS, "merged_into": "D01"}, STREET),
            [(Problem.MERGER_RING, 2), (Problem.MERGER_RING, 3)],
        ),
        (
            ({**LAMPS, "merged_into": "D02"}, {**PARKS, "merged_into": "D03"},
             {**PARKS, "code": "D03", "merged_into": "D02"}),
            [(Problem.MERGER_RING, 2), (Problem.MERGER_RING, 3), (Problem.MERGER_RING, 4)],
        ),
    ],
)  # fmt: skip
def test_a_merger_that_cannot_be_is_refused(units: tuple, found: list) -> None:
    assert problems(*units) == found


def test_the_people_communities_and_categories_of_a_merged_unit_go_to_its_successor() -> None:
    directory = good(
        LAMPS,
        PARKS,
        {**STREET, "merged_into": "S02"},
        {**STREET, "code": "S02", "name": "白杨街道办事处"},
        {"code": "C01", "name": "松涛社区", "tier": "社区", "parent": "S01"},
        people=({**PEOPLE[0], "unit": "青松街道办事处"},),
        categories=({"code": "01", "name": "照明", "unit": "S01"},),
    )
    assert directory.officers[0].unit_code == "S02"
    assert directory.by_code["C01"].parent_code == "S02"
    assert directory.catalogue.categories[0].unit_code == "S02"


def test_the_successor_may_have_the_former_units_name() -> None:
    directory = good(
        {**LAMPS, "merged_into": "D08"}, PARKS, {**LAMPS, "code": "D08"}, people=({**PEOPLE[0], "unit": "城管局"},)
    )
    assert directory.officers[0].unit_code == "D08"


def test_a_former_unit_needs_no_officer_and_no_parent() -> None:
    community = {"code": "C01", "name": "松涛社区", "tier": "社区", "merged_into": "D02", "parent": "S99"}
    directory, errors = made(PARKS, community)
    assert errors == []
    assert directory.by_code["C01"].parent_code == ""


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"code": "", "name": "甲"}, Problem.MISSING),
        ({"code": "02", "name": ""}, Problem.MISSING),
        ({"code": "2X", "name": "甲"}, Problem.BAD_CATEGORY_CODE),
        ({"code": "02030405", "name": "甲"}, Problem.BAD_CATEGORY_CODE),
        ({"code": "01", "name": "甲"}, Problem.DUPLICATE_CATEGORY),
        ({"code": "1", "name": "甲"}, Problem.DUPLICATE_CATEGORY),
        ({"code": "02", "name": "城市管理"}, Problem.DUPLICATE_CATEGORY_NAME),
        ({"code": "0301", "name": "甲"}, Problem.UNKNOWN_CATEGORY),
        ({"code": "0102", "name": "甲", "parent": "03"}, Problem.UNKNOWN_CATEGORY),
        ({"code": "02", "name": "甲", "parent": "01"}, Problem.WRONG_LEVEL),
        ({"code": "010102", "name": "甲", "parent": "01"}, Problem.WRONG_LEVEL),
        ({"code": "02", "name": "甲", "unit": "区魔法局"}, Problem.UNKNOWN_UNIT),
        ({"code": "02", "name": "甲" * 65}, Problem.TOO_LONG),
        ({"code": "02", "name": "甲", "standard": "1" * 33}, Problem.TOO_LONG),
    ],
)
def test_a_bad_category_is_refused(row: dict[str, str], problem: Problem) -> None:
    rows = ({"code": "01", "name": "城市管理"}, {"code": "0101", "name": "照明"}, row)
    assert problems(LAMPS, PARKS, categories=rows) == [(problem, 4)]


def test_categories_may_stand_in_any_order_under_a_parent_of_their_own() -> None:
    rows = (
        {"code": "0201", "name": "照明", "parent": "01"},
        {"code": "01", "name": "城市管理"},
        {"code": "0101", "name": "其他"},
        {"code": "02", "name": "教育"},
        {"code": "0202", "name": "其他", "parent": "02"},
    )
    catalogue = good(LAMPS, PARKS, categories=rows).catalogue
    assert catalogue.categories[0] == Category("0201", "照明", parent_code="01")
    assert catalogue.path("0201") == ("城市管理", "照明")
    assert catalogue.by_code["0202"].parent_code == ""


def test_an_empty_sheet_of_categories_is_an_error_and_none_at_all_is_not() -> None:
    assert [p for p, _ in problems(LAMPS, PARKS, categories=())] == [Problem.EMPTY]
    assert good(LAMPS, PARKS).catalogue is None


@pytest.mark.parametrize("field", ["code", "name"])
def test_a_unit_that_does_not_fit_the_store_is_refused(field: str) -> None:
    assert (Problem.TOO_LONG, 4) in problems(LAMPS, PARKS, {**STREET, field: "街" * 65})
