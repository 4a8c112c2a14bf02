"""Reads the cells of an XLSX or CSV file as plain text and marks what cannot be read as text.

Limits are checked first: a file from a stranger's mail must not be able to fill the memory. Phone numbers that
Excel turned into numbers (13800000000.0) are restored; dates, formulas and error values are not guessed at.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import warnings
import zipfile
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Any

import openpyxl

from bot.directory.rows import CATEGORIES, OFFICERS, UNITS, fold
from bot.directory.units import Problem, RowError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from openpyxl.workbook import Workbook

MAX_BYTES = 5 * 2**20
MAX_UNPACKED = 24 * 2**20  # openpyxl takes tens of bytes of memory for each byte of XML
MAX_ROWS = 5_000
MAX_SCANNED = 20_000  # rows that have only a format count too
MAX_COLUMNS = 40

CSV_NAMES = {
    UNITS: ("units", "单位"), OFFICERS: ("officers", "人员"), CATEGORIES: ("categories", "事项分类"),
}  # fmt: skip
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # OLE: .xls, and .xlsx under a password
_WHOLE = re.compile(r"([0-9]+)\.0+")
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?[eE]\+?[0-9]+")


@dataclass(frozen=True, slots=True)
class Cell:
    text: str
    problem: Problem | None = None


@dataclass(slots=True)
class Sheet:
    """``rows`` gives for each row number, as Excel shows it, the cells by column index. Empty cells are left out."""

    title: str
    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)
    merged: list[str] = field(default_factory=list)


class Unreadable(Exception):
    """The file cannot be used at all. ``error`` says why."""

    def __init__(self, error: RowError) -> None:
        super().__init__(error.problem.value)
        self.error = error


def xlsx_sheets(path: Path, names: frozenset[str]) -> list[Sheet]:
    """The sheets with one of these (folded) names. Raises Unreadable."""
    content = _content(path)
    if path.suffix.lower() == ".xls" or content.startswith(_OLE):
        raise Unreadable(RowError(Problem.OLD_EXCEL))
    if not content.startswith(_ZIP):
        raise Unreadable(RowError(Problem.UNREADABLE))
    book = _open(content)
    return [_sheet(book[name]) for name in book.sheetnames if fold(name) in names]


def csv_sheet(path: Path) -> Sheet:
    """The sheet of a CSV file in UTF-8 (with or without a byte order mark), UTF-16 or GBK, separated by comma,
    semicolon or tab. Its name is that of the file.
    """
    text = _decoded(_content(path))
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error:
        raise Unreadable(RowError(Problem.UNREADABLE)) from None
    if len(rows) > MAX_SCANNED:
        raise _too_many(path.name)
    return _bounded(Sheet(path.name), ([_csv_cell(value) for value in row] for row in rows))


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except (OSError, ValueError):  # ValueError: a NUL in the path
        raise Unreadable(RowError(Problem.NO_FILE)) from None
    if len(content) > MAX_BYTES:
        raise Unreadable(RowError(Problem.TOO_BIG, value=f"{MAX_BYTES // 2**20} MB"))
    return content


def _open(content: bytes) -> Workbook:
    try:
        safe = _may_unpack(content)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles and validations it leaves out
            book = openpyxl.load_workbook(io.BytesIO(content), keep_links=False) if safe else None
    except Exception:  # noqa: BLE001  openpyxl answers broken XML with whatever it stumbles over
        raise Unreadable(RowError(Problem.UNREADABLE)) from None
    if book is None:
        raise Unreadable(RowError(Problem.TOO_BIG, value=f"{MAX_UNPACKED // 2**20} MB"))
    return book


def _may_unpack(content: bytes) -> bool:
    """Whether the archive may be unpacked. zipfile never reads more of an entry than the entry declares, so the
    declared sum is a reliable bound.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return sum(entry.file_size for entry in archive.infolist()) <= MAX_UNPACKED


def _sheet(source: Any) -> Sheet:
    sheet = Sheet(source.title)
    if not hasattr(source, "merged_cells"):  # a chart on its own sheet has no cells
        return sheet
    if source.max_row > MAX_SCANNED:
        raise _too_many(source.title)
    sheet.merged = sorted(str(area) for area in source.merged_cells.ranges)
    rows = source.iter_rows(max_col=min(source.max_column, MAX_COLUMNS), max_row=source.max_row)
    return _bounded(sheet, ([_xlsx_cell(cell) for cell in row] for row in rows))


def _bounded(sheet: Sheet, rows: Iterable[list[Cell]]) -> Sheet:
    for number, row in enumerate(rows, 1):
        cells = {i: cell for i, cell in enumerate(row) if cell.text or cell.problem}
        if cells:
            sheet.rows[number] = cells
    if len(sheet.rows) > MAX_ROWS + 1:
        raise _too_many(sheet.title)
    return sheet


def _too_many(title: str) -> Unreadable:
    return Unreadable(RowError(Problem.TOO_MANY_ROWS, title, value=str(MAX_ROWS)))


def _xlsx_cell(cell: Any) -> Cell:
    value = cell.value
    if value is None:
        return Cell("")
    if cell.data_type == "f":
        return Cell("", Problem.FORMULA)
    if isinstance(value, (date, time, timedelta)):
        return Cell("", Problem.DATE)
    if cell.data_type == "e" or isinstance(value, bool):
        return Cell("", Problem.BAD_CELL)
    if isinstance(value, float):
        return Cell(str(int(value))) if value.is_integer() else Cell("", Problem.BAD_CELL)
    return _plain(str(value))


def _csv_cell(value: str) -> Cell:
    return Cell("", Problem.FORMULA) if value.lstrip().startswith("=") else _plain(value)


def _plain(value: str) -> Cell:
    """The text of a cell as a person sees it: no invisible characters, single blanks, numbers without the ".0"
    that Excel adds.
    """
    text = " ".join("".join(_visible(value)).split())
    if _SCIENTIFIC.fullmatch(text):
        return Cell("", Problem.BAD_CELL)
    whole = _WHOLE.fullmatch(text)
    return Cell(whole[1] if whole else text)


def _visible(value: str) -> Iterator[str]:
    for char in value:
        if char.isspace():
            yield " "
        elif not unicodedata.category(char).startswith("C"):
            yield char


def _decoded(content: bytes) -> str:
    """The decoded text: Excel writes CSV as UTF-8 with a mark, "Unicode text" as UTF-16, and on most Chinese
    machines GBK.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "gb18030")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise Unreadable(RowError(Problem.UNREADABLE))
