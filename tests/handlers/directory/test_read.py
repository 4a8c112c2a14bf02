from __future__ import annotations

import io
import json
import re
import zipfile
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.workbook import Workbook

from bot.directory.catalogue import Category
from bot.directory.units import Directory, Problem, RowError, Tier
from bot.routing.keywords import KeywordRouter
from handlers.directory import cells
from handlers.directory.read import read_directory
from handlers.directory.sentences import worded

SAMPLE = Path(__file__).parents[3] / "templates" / "sample"
UNITS = [
    ["代码", "名称", "层级", "简称", "上级", "关键词", "地名"],
    ["D01", "区城管局", "区级", "城管局", None, "路灯、占道", None],
    ["S01", "青松街道办事处", "街道", "青松街道", None, "邻里纠纷", "青松一路"],
]
OFFICERS = [
    ["姓名", "单位", "角色", "手机号"],
    ["云予岚", "D01", "值班员", "19900000001"],
    ["苏桐", "青松街道", "经办人", 19900000002],
]


def book(units: list[list[Any]] = UNITS, officers: list[list[Any]] = OFFICERS) -> Workbook:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for title, rows in (("单位", units), ("人员", officers)):
        sheet = made.create_sheet(title)
        for row in rows:
            sheet.append(row)
    return made


def read(folder: Path, made: Workbook) -> tuple[Directory | None, list[RowError]]:
    path = folder / "staff.xlsx"
    made.save(path)
    return read_directory(path)


def csv_folder(folder: Path, *, encoding: str = "utf-8", comma: str = ",") -> Path:
    for name, rows in (("units.csv", UNITS), ("officers.csv", OFFICERS)):
        text = "\r\n".join(comma.join(str(v or "") for v in row) for row in rows)
        (folder / name).write_bytes(text.encode(encoding))
    return folder


def found(errors: list[RowError]) -> list[tuple[Problem, str, int, str]]:
    return [(e.problem, e.sheet, e.row, e.column) for e in errors]


def test_a_good_workbook_is_read(tmp_path: Path) -> None:
    directory, errors = read(tmp_path, book())
    assert errors == []
    assert directory is not None
    assert [u.code for u in directory.units] == ["D01", "S01"]
    assert [(o.unit_code, o.phone) for o in directory.officers] == [
        ("D01", "+8619900000001"),
        ("S01", "+8619900000002"),
    ]


def test_english_headers_any_order_a_title_and_extra_columns_are_understood(tmp_path: Path) -> None:
    units = [["示范区单位表"], ["Tier", "备注", "Name", "Code"], ["district", "x", "区水务局", "D01"]]
    people = [["Phone", "Role", "Unit", "Name"], ["１９９００００００１１", "duty", "区水务局", "叶澄"]]
    made = book(units, people)
    made["单位"].title, made["人员"].title = "Units", "Officers"
    directory, errors = read(tmp_path, made)
    assert directory is not None
    assert directory.officers[0].phone == "+8619900000011"
    assert [(e.problem, e.value, e.warning) for e in errors] == [(Problem.EXTRA_COLUMN, "备注", True)]
    assert "备注" in errors[0].message


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (19900000009.0, None),
        ("19900000009.0", None),
        (" 199\u200b0000 0009\n", None),
        (1990000000912, Problem.PHONE_LENGTH),
        ("1990000000912", Problem.PHONE_LENGTH),
        (19900000001, Problem.DUPLICATE_PHONE),
        (19900000009.5, Problem.BAD_CELL),
        ("1.99E+10", Problem.BAD_CELL),
        (datetime(2026, 1, 2, tzinfo=UTC).replace(tzinfo=None), Problem.DATE),
        (date(2026, 1, 2), Problem.DATE),
        (time(8, 30), Problem.DATE),
        (timedelta(hours=30), Problem.DATE),
        ("=A1", Problem.FORMULA),
        ('="199"&"00000009"', Problem.FORMULA),
        (True, Problem.BAD_CELL),
        ("#N/A", Problem.BAD_CELL),
        ("待定", Problem.BAD_PHONE),
        (None, Problem.MISSING),
        ("1" * 3000, Problem.TOO_LONG),
    ],
)  # fmt: skip
def test_a_phone_cell_is_read_or_listed(tmp_path: Path, value: Any, problem: Problem | None) -> None:
    row = ["程溪", "D01", "经办人", value]
    directory, errors = read(tmp_path, book(officers=[*OFFICERS, row]))
    if problem is None:
        assert directory is not None
        assert directory.officers[2].phone == "+8619900000009"
    else:
        assert directory is None
        assert found(errors) == [(problem, "人员", 4, "手机号")]


@pytest.mark.parametrize(
    ("row", "problem", "column"),
    [
        (["程溪", "区魔法局", "经办人", "19900000009"], Problem.UNKNOWN_UNIT, "单位"),
        (["程溪", "D01", "秘书", "19900000009"], Problem.UNKNOWN_ROLE, "角色"),
        ([None, "D01", "经办人", "19900000009"], Problem.MISSING, "姓名"),
        ([date(2026, 1, 2), "D01", "经办人", "19900000009"], Problem.DATE, "姓名"),
    ],
)
def test_a_bad_row_is_named_by_the_files_own_sheet_row_and_column(
    tmp_path: Path, row: list[Any], problem: Problem, column: str
) -> None:
    directory, errors = read(tmp_path, book(officers=[*OFFICERS, row]))
    assert directory is None
    assert found(errors) == [(problem, "人员", 4, column)]
    assert errors[0].message.startswith(f"【人员】 第 4 行“{column}”列")


def test_empty_rows_between_do_not_shift_the_row_numbers(tmp_path: Path) -> None:
    people = [*OFFICERS, [], [None, None], ["程溪", "D01", "秘书", "19900000009"]]
    assert found(read(tmp_path, book(officers=people))[1]) == [(Problem.UNKNOWN_ROLE, "人员", 6, "角色")]


def test_an_unreadable_cell_does_not_hide_the_faults_of_other_rows(tmp_path: Path) -> None:
    people = [*OFFICERS, ["程溪", "D01", "经办人", "=A1"], ["燕砚", "D09", "经办人", "19900000008"]]
    directory, errors = read(tmp_path, book(officers=people))
    assert directory is None
    assert [(e.problem, e.row) for e in errors] == [(Problem.FORMULA, 4), (Problem.UNKNOWN_UNIT, 5)]


def test_merged_cells_are_listed(tmp_path: Path) -> None:
    made = book()
    made["人员"].merge_cells("B2:B3")
    directory, errors = read(tmp_path, made)
    assert directory is None
    assert (errors[0].problem, errors[0].sheet, errors[0].value) == (Problem.MERGED, "人员", "B2:B3")
    assert "B2:B3" in errors[0].message


@pytest.mark.parametrize(
    ("units", "officers", "problem"),
    [
        ([["代码", "名称"], ["D01", "区城管局"]], OFFICERS, Problem.NO_COLUMN),
        ([["代码", "名称", "层级", "名称"], ["D01", "甲", "区级", "乙"]], OFFICERS, Problem.TWICE_COLUMN),
        (UNITS, [["云予岚", "D01", "值班员", "19900000001"]], Problem.NO_HEADER),
        (UNITS, OFFICERS[:1], Problem.EMPTY),
        (UNITS, [], Problem.NO_HEADER),
    ],
)
def test_a_sheet_of_the_wrong_shape_is_refused(
    tmp_path: Path, units: list[list[Any]], officers: list[list[Any]], problem: Problem
) -> None:
    directory, errors = read(tmp_path, book(units, officers))
    assert directory is None
    assert problem in {e.problem for e in errors}
    assert all(e.message for e in errors)


def test_a_missing_sheet_is_named(tmp_path: Path) -> None:
    made = book()
    del made["单位"]
    directory, errors = read(tmp_path, made)
    assert directory is None
    assert "单位" in errors[0].message


def test_a_file_without_officers_leaves_them_alone_and_says_so(tmp_path: Path) -> None:
    made = book()
    del made["人员"]
    directory, errors = read(tmp_path, made)
    assert directory is not None
    assert (directory.officers, directory.staff_given) == ((), False)
    assert [(e.problem, e.warning) for e in errors] == [(Problem.NO_STAFF, True)]
    assert errors[0].message.startswith("文件里没有人员表")


CATEGORIES = [
    ["编码", "名称", "上级编码", "关键词", "承办单位", "国标编码"],
    ["01", "城市管理", None, None, "城管局", "0203"],
    ["0101", "照明", None, "路灯、灯杆", None, None],
    [10101, "路灯故障", "0101", None, "D01", None],
]


def test_a_sheet_of_categories_is_read(tmp_path: Path) -> None:
    made = book()
    for row in CATEGORIES:
        (made["事项分类"] if "事项分类" in made.sheetnames else made.create_sheet("事项分类")).append(row)
    directory, errors = read(tmp_path, made)
    assert errors == []
    assert directory is not None
    assert directory.catalogue is not None
    assert directory.catalogue.categories == (
        Category("01", "城市管理", unit_code="D01", standard_code="0203"),
        Category("0101", "照明", keywords=("路灯", "灯杆")),
        Category("010101", "路灯故障", unit_code="D01"),
    )


def test_a_bad_category_is_named_by_its_sheet_row_and_column(tmp_path: Path) -> None:
    made = book()
    sheet = made.create_sheet("事项")
    for row in [*CATEGORIES, ["0201", "招生", None, None, None, None], ["02", "教育", None, None, "区魔法局", None]]:
        sheet.append(row)
    directory, errors = read(tmp_path, made)
    assert directory is None
    assert found(errors) == [(Problem.UNKNOWN_UNIT, "事项", 6, "承办单位")]


def test_categories_beside_the_other_csv_files_are_read(tmp_path: Path) -> None:
    folder = csv_folder(tmp_path)
    assert read_directory(folder)[0].catalogue is None
    text = "\n".join(",".join(str(value or "") for value in row) for row in CATEGORIES)
    (folder / "事项分类.csv").write_text(text, encoding="utf-8")
    directory, errors = read_directory(folder)
    assert errors == []
    assert len(directory.catalogue.categories) == 3
    assert read_directory(folder / "事项分类.csv")[0] == directory


def test_two_sheets_of_units_are_refused_rather_than_one_dropped(tmp_path: Path) -> None:
    made = book()
    made.create_sheet("部门").append(UNITS[0])
    directory, errors = read(tmp_path, made)
    assert directory is None
    assert (errors[0].problem, errors[0].sheet, errors[0].value) == (Problem.TWICE_SHEET, "部门", "单位")


def test_no_message_shows_a_phone_number(tmp_path: Path) -> None:
    people = [*OFFICERS, ["程溪", "19900000055", "19900000055", 1990000005512]]
    people += [["燕砚", "D01", "经办人", "19900000001"]]
    errors = read(tmp_path, book(officers=people))[1]
    assert len(errors) == 4
    assert not [e.message for e in errors if re.search(r"\d{5}", e.message)]
    assert "5512" in "".join(e.message for e in errors)


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("staff.xls", OLE, Problem.OLD_EXCEL),
        ("staff.xls", b"PK\x03\x04", Problem.OLD_EXCEL),
        ("locked.xlsx", OLE, Problem.OLD_EXCEL),
        ("staff.xlsx", b"", Problem.UNREADABLE),
        ("staff.xlsx", b"PK\x03\x04 cut off", Problem.UNREADABLE),
        ("staff.xlsx", b"<html><table></table></html>", Problem.UNREADABLE),
        ("staff.pdf", b"%PDF-1.7", Problem.UNREADABLE),
        ("staff.xlsx", b"PK\x03\x04" + bytes(cells.MAX_BYTES), Problem.TOO_BIG),
        ("list.csv", b"a,b", Problem.NO_FILE),
        ("units.csv", b"a,b", Problem.NO_FILE),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_with_advice(
    tmp_path: Path, name: str, content: bytes, problem: Problem
) -> None:
    (tmp_path / name).write_bytes(content)
    directory, errors = read_directory(tmp_path / name)
    assert directory is None
    assert [e.problem for e in errors] == [problem]
    assert "请" in errors[0].message


@pytest.mark.parametrize("path", ["nowhere.xlsx", "nowhere/units.csv", "a\0b.xlsx", "units.csv"])
def test_a_missing_file_is_an_error_not_an_exception(tmp_path: Path, path: str) -> None:
    directory, errors = read_directory(tmp_path / path)
    assert (directory, [e.problem for e in errors]) == (None, [Problem.NO_FILE])


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "staff.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", bytes(cells.MAX_UNPACKED + 1))
    assert path.stat().st_size < 100_000
    assert [e.problem for e in read_directory(path)[1]] == [Problem.TOO_BIG]


def test_an_entity_bomb_is_refused(tmp_path: Path) -> None:
    plain = io.BytesIO()
    book().save(plain)
    path = tmp_path / "staff.xlsx"
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/workbook.xml":
                content = b'<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]>' + content
            target.writestr(name, content)
    assert [e.problem for e in read_directory(path)[1]] == [Problem.UNREADABLE]


def test_a_sheet_reaching_to_the_last_row_is_refused_quickly(tmp_path: Path) -> None:
    made = book()
    made["人员"].cell(1_048_576, 1, "x")
    assert [e.problem for e in read(tmp_path, made)[1]] == [Problem.TOO_MANY_ROWS]


def test_more_rows_than_the_limit_are_refused(tmp_path: Path) -> None:
    folder = csv_folder(tmp_path)
    with (folder / "officers.csv").open("a", encoding="utf-8") as file:
        file.write("\n某,D01,经办人,1" * (cells.MAX_ROWS + 1))
    errors = read_directory(folder)[1]
    assert [e.problem for e in errors] == [Problem.TOO_MANY_ROWS]
    assert "officers.csv" in errors[0].message


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
@pytest.mark.parametrize("comma", [",", ";", "\t"])
def test_csv_is_read_in_the_encodings_of_chinese_desks(tmp_path: Path, encoding: str, comma: str) -> None:
    folder = csv_folder(tmp_path, encoding=encoding, comma=comma)
    for path in (folder, folder / "units.csv", folder / "officers.csv"):
        directory, errors = read_directory(path)
        assert errors == []
        assert directory is not None
        assert directory.units[0].keywords == ("路灯", "占道")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("程溪,D01,经办人,1.99E+10", Problem.BAD_CELL),
        ('程溪,D01,经办人,"=""19900000009"""', Problem.FORMULA),
        ("程溪,D01,经办人,1990000000912", Problem.PHONE_LENGTH),
        ("程溪,D01,经办人", Problem.MISSING),
    ],
)
def test_a_bad_csv_cell_is_listed(tmp_path: Path, line: str, problem: Problem) -> None:
    folder = csv_folder(tmp_path)
    with (folder / "officers.csv").open("a", encoding="utf-8") as file:
        file.write("\n" + line)
    assert found(read_directory(folder)[1]) == [(problem, "officers.csv", 4, "手机号")]


@pytest.mark.parametrize("content", [b"\x00\x01\x02" * 50, b"\xff\xfe\x00", b'"' + b"x" * 200_000, b"\x81"])
def test_a_binary_csv_is_refused(tmp_path: Path, content: bytes) -> None:
    folder = csv_folder(tmp_path)
    (folder / "officers.csv").write_bytes(content)
    directory, errors = read_directory(folder)
    assert directory is None
    assert errors


def test_every_problem_has_a_chinese_sentence() -> None:
    for problem in Problem:
        message = worded(RowError(problem, "人员", 3, "手机号", "x", 2)).message
        assert message.startswith("【人员】 第 3 行“手机号”列:".replace(":", "\uff1a"))
        assert "{" not in message


def test_the_text_file_has_no_sentence_without_a_problem() -> None:
    path = Path(__file__).parents[3] / "templates" / "directory" / "zh_CN.json"
    keys = {key for key in json.loads(path.read_text("utf-8")) if not key.startswith("_")}
    assert keys == {problem.value for problem in Problem}


def test_the_sample_directory_has_the_shape_of_a_real_district() -> None:
    directory, errors = read_directory(SAMPLE)
    assert errors == []
    assert directory is not None
    departments = [u for u in directory.units if u.tier is Tier.DISTRICT and u.code not in directory.duty_codes]
    tiers = Counter(unit.tier for unit in directory.units)
    assert (len(departments), tiers[Tier.SUBDISTRICT], len(directory.duty_codes)) == (41, 14, 1)
    assert tiers[Tier.COMMUNITY] >= 14
    assert len(directory.officers) == 390
    assert len({o.phone for o in directory.officers}) == len({o.name for o in directory.officers}) == 390
    assert all(o.phone.startswith("+861990000") for o in directory.officers)
    assert all(10 <= len(u.keywords) <= 25 for u in departments)
    assert all(u.places for u in directory.units if u.tier is not Tier.DISTRICT)
    assert directory.staffed == {unit.code for unit in directory.units}


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("青松一路的路灯坏了三天", "区城市管理局"),
        ("小区物业不肯用维修基金修漏水", "区住房和城乡建设局"),
        ("孩子上小学怎么划片", "区教育局"),
        ("老板拖欠工资两个月", "区人力资源和社会保障局"),
        ("餐馆食品安全有问题", "区市场监督管理局"),
        ("白杨东路口红绿灯坏了很堵车", "市公安局交警支队示范大队"),
        ("松涛小区楼道堆物没人管", "青松街道办事处"),
    ],
)
def test_the_sample_routes_everyday_matters(text: str, unit: str) -> None:
    directory = read_directory(SAMPLE)[0]
    assert directory is not None
    chosen = KeywordRouter(directory).route(text).chosen
    assert chosen is not None
    assert directory.by_code[chosen].name == unit
