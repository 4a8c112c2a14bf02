"""A directory as a workbook that imports again unchanged.

Every cell is text: Excel would turn 010101 into a number and run what begins with = (CSV injection,
OWASP, 2024). The quote prefix keeps it text when somebody edits the cell; WPS honours it too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.workbook import Workbook

from bot.directory.rows import CATEGORIES, OFFICERS, UNITS
from handlers.directory.read import HEADERS
from handlers.directory.sentences import name_of, texts

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from bot.directory.catalogue import Category
    from bot.directory.units import Directory, OfficerRow, UnitRow

WIDTHS = {"name": 26, "keywords": 60, "places": 60, "short_names": 30}
_TEXT = "@"


def write(known: Directory, path: Path, *, with_phones: bool = False) -> None:
    """Write units and categories, and with ``phones`` the officers. Without phones the officers' sheet could not
    be imported again, so it is left out.
    """
    book = Workbook()
    book.remove(book.worksheets[0])
    codes = {unit.code for unit in known.units}
    _sheet(book, UNITS, (_unit(unit, codes) for unit in known.units))
    if with_phones:
        _sheet(book, OFFICERS, map(_officer, known.officers))
    if known.catalogue is not None and known.catalogue.categories:
        _sheet(book, CATEGORIES, map(_category, known.catalogue.categories))
    book.save(path)


def _sheet(book: Workbook, kind: str, rows: Iterable[Mapping[str, str]]) -> None:
    sheet = book.create_sheet(name_of(kind))
    fields = list(HEADERS[kind])
    _fill(sheet, 1, [HEADERS[kind][field][0] for field in fields])
    for number, row in enumerate(rows, 2):
        _fill(sheet, number, [row.get(field, "") for field in fields])
    for index, field in enumerate(fields, 1):
        sheet.cell(1, index).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(index)].width = WIDTHS.get(field, 14)
    sheet.freeze_panes = "A2"


def _fill(sheet: Worksheet, number: int, values: Iterable[str]) -> None:
    for index, value in enumerate(values, 1):
        if not value:
            continue
        cell = sheet.cell(number, index)
        cell.value = "".join(char for char in value if char.isprintable())
        cell.data_type = "s"  # openpyxl would write what begins with = as a formula
        cell.number_format = _TEXT
        cell.quotePrefix = True


def _list(words: Iterable[str]) -> str:
    return "、".join(words)


def _unit(unit: UnitRow, codes: set[str]) -> dict[str, str]:
    tiers: dict[str, str] = texts()["_tiers"]
    return {
        "code": unit.code,
        "name": unit.name,
        "tier": tiers[unit.tier.value],
        "short_names": _list(unit.short_names),
        "parent": unit.parent_code if unit.parent_code in codes else "",
        "keywords": _list(unit.keywords),
        "places": _list(unit.places),
        "phone": unit.phone,
        "merged_into": unit.merged_into,
    }


def _officer(officer: OfficerRow) -> dict[str, str]:
    roles: dict[str, str] = texts()["_roles"]
    return {"name": officer.name, "unit": officer.unit_code, "role": roles[officer.role.value], "phone": officer.phone}


def _category(category: Category) -> dict[str, str]:
    return {
        "code": category.code,
        "name": category.name,
        "parent": category.parent_code,
        "keywords": _list(category.keywords),
        "unit": category.unit_code,
        "standard": category.standard_code,
    }
