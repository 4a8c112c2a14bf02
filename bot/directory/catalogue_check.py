"""The rows of a catalogue sheet, checked and turned into a ``Catalogue``.

Codes have two, four or six digits and tell the level. Excel drops the zero a number begins with, so an
odd count of digits gets one back.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.directory.catalogue import DIGITS, LEVELS, Catalogue, Category
from bot.directory.rows import CATEGORIES, Seen, fold, missing, too_long, words
from bot.directory.units import Problem, RowError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.directory.names import Names
    from bot.directory.rows import RawRow

_CODE = re.compile(rf"(?:\d{{{DIGITS}}}){{1,{LEVELS}}}")
LONGEST_NAME = 64
LONGEST_STANDARD = 32


def code_of(text: str) -> str:
    """A code with the zero that Excel dropped: ``101`` becomes ``0101``."""
    code = fold(text)
    return f"0{code}" if code.isdecimal() and len(code) % DIGITS else code


def check_categories(rows: Sequence[RawRow], names: Names) -> Iterator[RowError]:
    """All errors of the sheet, in the order of its rows."""
    if not rows:
        yield RowError(Problem.EMPTY, CATEGORIES)
    known = {code_of(row["code"]) for row in rows}
    codes, titles = Seen(), Seen()
    for row in rows:
        yield from missing(row, ("code", "name"))
        yield from too_long(row, "name", LONGEST_NAME)
        yield from too_long(row, "standard", LONGEST_STANDARD)
        yield from _check_code(row, known, codes)
        if row["name"] and (first := titles.before(f"{_parent(row)} {fold(row['name'])}", row.row)):
            yield row.error(Problem.DUPLICATE_CATEGORY_NAME, "name", value=row["name"], other=first)
        if row["unit"] and row["unit"] not in names:
            yield row.error(Problem.UNKNOWN_UNIT, "unit", value=row["unit"])


def _check_code(row: RawRow, known: set[str], codes: Seen) -> Iterator[RowError]:
    code, parent = code_of(row["code"]), _parent(row)
    if not row["code"]:
        return
    if not _CODE.fullmatch(code):
        yield row.error(Problem.BAD_CATEGORY_CODE, "code", value=row["code"])
    elif first := codes.before(code, row.row):
        yield row.error(Problem.DUPLICATE_CATEGORY, "code", value=row["code"], other=first)
    elif len(parent) != len(code) - DIGITS:
        yield row.error(Problem.WRONG_LEVEL, "parent", value=row["parent"])
    elif parent and parent not in known:
        yield row.error(Problem.UNKNOWN_CATEGORY, "parent", value=parent)


def _parent(row: RawRow) -> str:
    return code_of(row["parent"]) if row["parent"] else code_of(row["code"])[:-DIGITS]


def catalogue_of(rows: Sequence[RawRow], names: Names) -> Catalogue:
    """The catalogue made of checked rows. A parent that follows from the code is not stored."""
    return Catalogue(tuple(_category(row, names) for row in rows))


def _category(row: RawRow, names: Names) -> Category:
    code = code_of(row["code"])
    return Category(
        code=code,
        name=row["name"],
        parent_code=_parent(row) if _parent(row) != code[:-DIGITS] else "",
        keywords=words(row["keywords"]),
        unit_code=names.code(row["unit"]).upper() if row["unit"] else "",
        standard_code=row["standard"],
    )
