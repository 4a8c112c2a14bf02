"""Rows of a directory file before they are interpreted: cells by field name, and how their values compare."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.directory.units import Problem, RowError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

UNITS, OFFICERS, CATEGORIES = "units", "officers", "categories"

_LIST_BREAK = re.compile(r"[、,，;；|\s]+")
_NUMBER = re.compile(r"\d[\d -]{5,}\d")


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row of a file: the sheet as the file calls it, its row number, and cells by field name."""

    sheet: str
    row: int
    cells: Mapping[str, str]

    def __getitem__(self, field: str) -> str:
        return self.cells.get(field, "")

    def error(self, problem: Problem, field: str = "", *, value: str = "", other: int = 0) -> RowError:
        # Swapped columns put phone numbers where names belong: no value is shown with a number in it.
        return RowError(problem, self.sheet, self.row, field, _NUMBER.sub(_tail, value), other)


def fold(text: str) -> str:
    """Full-width to half-width, no blanks, lower case: how codes, tiers and roles are compared."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def _tail(found: re.Match[str]) -> str:
    return mask(found[0])


def mask(phone: str) -> str:
    """The form of a phone number that an error message may show: ``…0001``."""
    return "…" + fold(phone)[-4:]


def words(text: str) -> tuple[str, ...]:
    """The distinct words of a cell in their order: ``路灯、占道，油烟`` has three."""
    return tuple(dict.fromkeys(word for word in _LIST_BREAK.split(text) if word))


class Seen:
    """Remembers which row had a value first."""

    def __init__(self) -> None:
        self._rows: dict[str, int] = {}

    def before(self, value: str, row: int) -> int:
        """The number of the earlier row with this value, 0 if there is none."""
        first = self._rows.setdefault(value, row)
        return 0 if first == row else first

    def repeated(self, row: RawRow, field: str, problem: Problem) -> Iterator[RowError]:
        value = fold(row[field])
        if value and (first := self.before(value, row.row)):
            yield row.error(problem, field, value=row[field], other=first)


def missing(row: RawRow, fields: Iterable[str]) -> Iterator[RowError]:
    return (row.error(Problem.MISSING, field) for field in fields if not row[field])


def too_long(row: RawRow, field: str, most: int) -> Iterator[RowError]:
    """Whether a value is longer than its column in the database."""
    if len(row[field]) > most:
        yield row.error(Problem.TOO_LONG, field, value=str(most))
