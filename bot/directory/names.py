"""How the rows of a directory file name units, and which unit took over the work of one that was merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.directory.rows import fold, words
from bot.directory.units import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from bot.directory.rows import RawRow
    from bot.directory.units import RowError


@dataclass(frozen=True, slots=True)
class Names:
    """``named`` gives the folded code for each way a row may name a unit, merged ones included. ``into`` gives
    for each merged unit what its row names as successor.
    """

    named: Mapping[str, str]
    into: Mapping[str, str]

    def __contains__(self, text: str) -> bool:
        return fold(text) in self.named

    def code(self, text: str) -> str:
        """The code of the unit that has the work of the unit named ``text``; ``""`` if there is none."""
        code = self.named.get(fold(text), "")
        for _ in range(len(self.into)):
            code = self.into.get(code, code)
        return code


def read_names(rows: Sequence[RawRow]) -> Names:
    """Collect the names of a file's units. A name that fits two units names neither; a code wins over a name, and
    a standing unit over a former one.
    """
    standing = [row for row in rows if not row["merged_into"]]
    named = _named(rows) | _named(standing) | {fold(row["code"]): fold(row["code"]) for row in rows if row["code"]}
    into = {
        fold(row["code"]): named[fold(row["merged_into"])]
        for row in rows
        if row["merged_into"] and fold(row["merged_into"]) in named
    }
    return Names(named, into)


def _named(rows: Iterable[RawRow]) -> dict[str, str]:
    owners: dict[str, set[str]] = {}
    for row in rows:
        for name in (row["name"], *words(row["short_names"])):
            owners.setdefault(fold(name), set()).add(fold(row["code"]))
    return {name: min(found) for name, found in owners.items() if name and len(found) == 1}


def check_merger(row: RawRow, names: Names) -> Iterator[RowError]:
    """Check that a merged unit names a successor which stands or was itself merged."""
    if not row["merged_into"]:
        return
    code, target = fold(row["code"]), names.into.get(fold(row["code"]))
    if target is None:
        yield row.error(Problem.UNKNOWN_SUCCESSOR, "merged_into", value=row["merged_into"])
    elif target == code:
        yield row.error(Problem.MERGED_SELF, "merged_into", value=row["merged_into"])
    elif names.code(code) in names.into:
        yield row.error(Problem.MERGER_RING, "merged_into", value=row["merged_into"])
