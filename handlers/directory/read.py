"""Reading a directory of units, officers and categories from XLSX or CSV (docs/directory.md).

A bad file is never an exception: every fault is a ``RowError`` with sheet, row and column, and a file
with one fault gives no directory at all. The sheets' cells are checked by ``bot/directory/check.py``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from bot.directory.check import build
from bot.directory.rows import CATEGORIES, OFFICERS, UNITS, RawRow, fold
from bot.directory.units import Directory, Problem, RowError
from handlers.directory.cells import CSV_NAMES, Sheet, Unreadable, csv_sheet, xlsx_sheets
from handlers.directory.sentences import name_of, worded

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from handlers.directory.cells import Cell

HEADER_WITHIN = 5  # a title may stand above the header row
LONGEST_CELL = 2_000

HEADERS: dict[str, dict[str, tuple[str, ...]]] = {
    UNITS: {
        "code": ("代码", "单位代码", "编码", "code"),
        "name": ("名称", "单位名称", "name"),
        "tier": ("层级", "级别", "tier"),
        "short_names": ("简称", "short_names", "shortnames"),
        "parent": ("上级", "上级单位", "parent", "parent_code"),
        "keywords": ("关键词", "keywords"),
        "places": ("地名", "places"),
        "phone": ("电话", "联系电话", "办公电话", "phone"),
        "merged_into": ("并入单位", "并入", "merged_into"),
    },
    OFFICERS: {
        "name": ("姓名", "name"),
        "unit": ("单位", "所属单位", "unit", "unit_code"),
        "role": ("角色", "role"),
        "phone": ("手机号", "手机", "手机号码", "电话", "phone", "mobile"),
    },
    CATEGORIES: {
        "code": ("编码", "事项编码", "代码", "code"),
        "name": ("名称", "事项名称", "name"),
        "parent": ("上级编码", "上级", "parent", "parent_code"),
        "keywords": ("关键词", "keywords"),
        "unit": ("承办单位", "单位", "unit", "unit_code"),
        "standard": ("国标编码", "standard", "standard_code"),
    },
}
REQUIRED = {UNITS: ("code", "name", "tier"), OFFICERS: ("name", "unit", "role", "phone"), CATEGORIES: ("code", "name")}
SHEET_NAMES = {
    "单位": UNITS, "部门": UNITS, "units": UNITS, "人员": OFFICERS, "工作人员": OFFICERS, "officers": OFFICERS,
    "事项分类": CATEGORIES, "事项": CATEGORIES, "分类": CATEGORIES, "categories": CATEGORIES,
}  # fmt: skip


@dataclass(slots=True)
class _Table:
    """One sheet after reading: its rows by field, the header of each field, and what was wrong with it."""

    kind: str
    title: str
    rows: list[RawRow] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    errors: list[RowError] = field(default_factory=list)


def read_directory(path: str | Path) -> tuple[Directory | None, list[RowError]]:
    """An ``.xlsx`` file, a folder with ``units.csv``, ``officers.csv`` and perhaps ``categories.csv``, or
    one of these.

    Gives the directory and its warnings, or None and every error. Never raises for what is in a file.
    """
    try:
        sheets = _sheets(Path(path))
    except Unreadable as problem:
        return None, [worded(problem.error)]
    tables = {kind: _table(kind, sheet) for kind, sheet in sheets.items()}
    errors = [error for table in tables.values() for error in table.errors]
    errors += [RowError(Problem.NO_SHEET, value=name_of(UNITS))] if UNITS not in tables else []
    if any(not error.warning for error in errors):
        return None, [worded(error) for error in _with_content(tables, errors)]
    directory, found = _built(tables)
    return directory, [worded(error) for error in [*errors, *(_named(error, tables) for error in found)]]


def _with_content(tables: Mapping[str, _Table], errors: list[RowError]) -> list[RowError]:
    """The errors worth showing. Unreadable cells do not hide other rows' errors; a missing column or sheet is
    reported once and not for every row.
    """
    cellwise = {Problem.FORMULA, Problem.DATE, Problem.BAD_CELL, Problem.TOO_LONG, Problem.EXTRA_COLUMN}
    if any(error.problem not in cellwise for error in errors):
        return errors
    named = [_named(error, tables) for error in _built(tables)[1]]
    reported = {(error.sheet, error.row, error.column) for error in errors}
    return errors + [error for error in named if (error.sheet, error.row, error.column) not in reported]


def _built(tables: Mapping[str, _Table]) -> tuple[Directory | None, list[RowError]]:
    rows = {kind: table.rows for kind, table in tables.items()}
    return build(rows[UNITS], rows.get(OFFICERS), rows.get(CATEGORIES))


def _named(error: RowError, tables: Mapping[str, _Table]) -> RowError:
    """The error with the file's own names of sheet and column in place of ours."""
    for table in tables.values():
        if error.sheet in (table.kind, table.title):
            column = table.headers.get(error.column) or name_of(error.column, table.kind)
            return replace(error, sheet=table.title, column=column if error.column else "")
    return error


def _sheets(path: Path) -> dict[str, Sheet]:
    if path.is_dir():
        return _csv_sheets(path)
    if path.suffix.lower() == ".csv":
        if not any(fold(path.stem) in names for names in CSV_NAMES.values()):
            raise Unreadable(RowError(Problem.NO_FILE))
        return _csv_sheets(path.parent)
    found: dict[str, Sheet] = {}
    for sheet in xlsx_sheets(path, frozenset(SHEET_NAMES)):
        kind = SHEET_NAMES[fold(sheet.title)]
        if kind in found:
            raise Unreadable(RowError(Problem.TWICE_SHEET, sheet.title, value=found[kind].title))
        found[kind] = sheet
    return found


def _csv_sheets(folder: Path) -> dict[str, Sheet]:
    """The sheets of a folder. Without a file of officers something is missing; without one of categories the
    stored ones stay.
    """
    found = {kind: path for kind in CSV_NAMES if (path := _csv_in(folder, kind)) is not None}
    if UNITS not in found or OFFICERS not in found:
        raise Unreadable(RowError(Problem.NO_FILE))
    return {kind: csv_sheet(path) for kind, path in found.items()}


def _csv_in(folder: Path, kind: str) -> Path | None:
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".csv")
    except (OSError, ValueError):  # ValueError: a NUL in the path
        return None
    return next((path for path in files if fold(path.stem) in CSV_NAMES[kind]), None)


def _table(kind: str, sheet: Sheet) -> _Table:
    table = _Table(kind, sheet.title)
    table.errors += [RowError(Problem.MERGED, sheet.title, value=area) for area in sheet.merged]
    head, columns = _header(kind, sheet)
    if not columns:
        example = "、".join(name_of(name, kind) for name in HEADERS[kind])
        table.errors.append(RowError(Problem.NO_HEADER, sheet.title, value=example))
        return table
    table.errors += _check_header(kind, sheet, head, columns)
    table.headers = {name: sheet.rows[head][index].text for index, name in columns.items()}
    for number, cells in list(sheet.rows.items()):
        if number > head:
            table.errors += _read_row(table, number, {n: cells[i] for i, n in columns.items() if i in cells})
    return table


def _header(kind: str, sheet: Sheet) -> tuple[int, dict[int, str]]:
    """The first row that has two known column names: its number, and the field of each column."""
    known = {fold(alias): name for name, aliases in HEADERS[kind].items() for alias in aliases}
    for number, cells in sheet.rows.items():
        fields = {i: known[fold(cell.text)] for i, cell in cells.items() if fold(cell.text) in known}
        if number <= HEADER_WITHIN and len(fields) >= 2:
            return number, fields
    return 0, {}


def _check_header(kind: str, sheet: Sheet, head: int, columns: Mapping[int, str]) -> Iterator[RowError]:
    present: Sequence[str] = list(columns.values())
    for name in REQUIRED[kind]:
        if name not in present:
            missing = name_of(name, kind)
            yield RowError(Problem.NO_COLUMN, sheet.title, head, value=missing)
    for index, cell in sheet.rows[head].items():
        if index not in columns:
            yield RowError(Problem.EXTRA_COLUMN, sheet.title, head, value=cell.text[:20])
        elif present.count(columns[index]) > 1:
            yield RowError(Problem.TWICE_COLUMN, sheet.title, head, value=cell.text)


def _read_row(table: _Table, number: int, cells: Mapping[str, Cell]) -> Iterator[RowError]:
    """Read a row. A cell that cannot be read is an error of its own."""
    if not cells:
        return
    table.rows.append(RawRow(table.title, number, {name: cell.text for name, cell in cells.items()}))
    for name, cell in cells.items():
        column = table.headers[name]
        if cell.problem:
            yield RowError(cell.problem, table.title, number, column)
        elif len(cell.text) > LONGEST_CELL:
            yield RowError(Problem.TOO_LONG, table.title, number, column, str(LONGEST_CELL))
