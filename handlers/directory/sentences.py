"""The Chinese sentences of a directory import, from ``templates/directory/zh_CN.json``."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.directory.rows import CATEGORIES, OFFICERS, UNITS

if TYPE_CHECKING:
    from bot.directory.units import RowError

_FILE = Path(__file__).parents[2] / "templates" / "directory" / "zh_CN.json"


@cache
def texts() -> dict[str, Any]:
    """All texts by key; the file is read once."""
    loaded: dict[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return loaded


_SPECIAL = {OFFICERS: "officer", CATEGORIES: "category"}


def name_of(field: str, kind: str = UNITS) -> str:
    """The name of a field or sheet as the people who fill in the file know it."""
    fields: dict[str, str] = texts()["_fields"]
    special = fields.get(f"{_SPECIAL[kind]}_{field}") if kind in _SPECIAL else None
    return special or fields.get(field, field)


def worded(error: RowError) -> RowError:
    """The error with its ``message``: where it is, what is wrong, how to mend it."""
    said = texts()[error.problem.value].format(value=error.value, other=error.other)
    place = "_at_cell" if error.row and error.column else "_at_row" if error.row else "_at_sheet"
    form = texts()[place if error.sheet else "_at_file"]
    return replace(error, message=form.format(sheet=error.sheet, row=error.row, column=error.column, text=said))
