"""A directory written as a workbook: it reads back the same, and no cell can run or change its meaning."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from bot.directory.catalogue import Catalogue, Category
from bot.directory.units import Directory, OfficerRow, Role, Tier, UnitRow
from handlers.directory.export import write
from handlers.directory.plan import plan_import
from handlers.directory.read import read_directory

SAMPLE = Path(__file__).parents[3] / "templates" / "sample"
UNITS = (
    UnitRow("D01", "区城市管理局", Tier.DISTRICT, ("城管局",), "", ("路灯", "占道"), (), "028-00000001"),
    UnitRow("00012345678901234567", "区𠮷庆办", Tier.DISTRICT),
    UnitRow("S01", "青松街道办事处", Tier.SUBDISTRICT, places=("青松一路", "松涛2期")),
    UnitRow("C01", "松涛社区", Tier.COMMUNITY, parent_code="S01"),
    UnitRow("D02", "区市容局", Tier.DISTRICT, ("市容局",), active=False, merged_into="D01"),
)
OFFICERS = (
    OfficerRow("云予岚", "D01", Role.DUTY, "+8619900000001"),
    OfficerRow("Ann O'Hara", "S01", Role.HEAD, "+12025550123"),
    OfficerRow("苏桐", "C01", Role.OFFICER, "+8619900000003"),
    OfficerRow("顾言和", "D01", Role.LEADER, "+8619900000004"),
)
CATALOGUE = Catalogue((
    Category("01", "城市管理", unit_code="D01", standard_code="0100000000000000000001"),
    Category("0101", "照明", keywords=("路灯", "灯杆")),
    Category("010101", "路灯故障", unit_code="D01"),
    Category("0201", "噪声", parent_code="01"),
))  # fmt: skip
KNOWN = Directory(UNITS, OFFICERS, CATALOGUE)


def exported(folder: Path, known: Directory, *, with_phones: bool = True) -> Path:
    path = folder / "directory.xlsx"
    write(known, path, with_phones=with_phones)
    return path


def test_what_is_written_reads_back_the_same(tmp_path: Path) -> None:
    again, errors = read_directory(exported(tmp_path, KNOWN))
    assert [error.message for error in errors if not error.warning] == []
    assert again == KNOWN
    assert plan_import(KNOWN, again).empty


def test_the_sample_district_reads_back_the_same(tmp_path: Path) -> None:
    known = read_directory(SAMPLE)[0]
    again, errors = read_directory(exported(tmp_path, known))
    assert errors == []
    assert again == known


def test_without_phones_there_is_no_sheet_of_officers_and_nobody_is_touched(tmp_path: Path) -> None:
    path = exported(tmp_path, KNOWN, with_phones=False)
    assert openpyxl.load_workbook(path).sheetnames == ["单位", "事项分类"]
    again = read_directory(path)[0]
    assert (again.units, again.catalogue, again.staff_given) == (UNITS, CATALOGUE, False)
    plan = plan_import(KNOWN, again)
    assert plan.empty
    assert plan.officers is None
    text = "".join(str(cell.value) for sheet in openpyxl.load_workbook(path) for row in sheet for cell in row)
    assert not [officer for officer in OFFICERS if officer.phone[3:] in text or officer.name in text]


def test_without_categories_there_is_no_sheet_of_them(tmp_path: Path) -> None:
    path = exported(tmp_path, replace(KNOWN, catalogue=Catalogue()))
    assert openpyxl.load_workbook(path).sheetnames == ["单位", "人员"]
    assert read_directory(path)[0].catalogue is None


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://x")', "+1+2", "-2+3", "@SUM(A1)", "=cmd|'/c calc'!A0", "'=1", "一\x07行\x0b名\x00"]
)
def test_a_cell_that_looks_like_a_formula_is_text(tmp_path: Path, text: str) -> None:
    unit = UnitRow("D01", text, Tier.DISTRICT)
    path = exported(tmp_path, Directory((unit,), ()), with_phones=False)
    cell = openpyxl.load_workbook(path)["单位"].cell(2, 2)
    assert (cell.data_type, cell.number_format, cell.quotePrefix) == ("s", "@", True)
    assert read_directory(path)[0].units[0].name == "".join(char for char in text if char.isprintable())


def test_long_codes_stay_text(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(exported(tmp_path, KNOWN))
    assert book["单位"].cell(3, 1).value == "00012345678901234567"
    assert book["事项分类"].cell(4, 1).value == "010101"
    assert book["人员"].cell(2, 4).value == "+8619900000001"
    assert {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row if cell.value} == {"s"}


def test_the_parent_of_a_former_unit_is_left_out_when_it_is_gone_too(tmp_path: Path) -> None:
    former = UnitRow("C09", "旧社区", Tier.COMMUNITY, parent_code="S09", active=False, merged_into="C01")
    again = read_directory(exported(tmp_path, replace(KNOWN, units=(*UNITS, former))))[0]
    assert again.by_code["C09"] == replace(former, parent_code="")
