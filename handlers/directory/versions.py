"""The directory as it is stored, as it was after an earlier import, and how two of them differ.

A version holds units and categories, never officers: who left must not live on in a snapshot.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

from bot.directory.catalogue import Catalogue, Category
from bot.directory.units import Directory, Tier, UnitRow
from bot.edge.messages import Address
from handlers.services.cache import read_directory
from store import catalogue, directory, people

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from handlers.directory.plan import ImportPlan
    from store.engine.transactions import Tx
    from store.records.directory import VersionContentRecord


def stored(tx: Tx, known_phones: Collection[str] = ()) -> Directory:
    """The present directory with the officers' phones, for comparing a file with it and for export.

    Of an officer with several phones, the one among ``known_phones`` is given, else the last one.
    """
    known = read_directory(tx)
    rows = zip(known.officers, directory.all_officers(tx), strict=True)
    return replace(
        known, officers=tuple(replace(officer, phone=_phone(tx, row.id, known_phones)) for officer, row in rows)
    )


def _phone(tx: Tx, officer_id: int, known_phones: Collection[str]) -> str:
    found = [
        Address.parse(tx.vault.open(row.cipher)).value
        for row in people.of_officer(tx, officer_id)
        if row.scheme == "sms"
    ]
    return next((phone for phone in found if phone in known_phones), found[-1] if found else "")


def snapshot(known: Directory) -> dict[str, Any]:
    """Units and categories in the form in which a version stores them."""
    given = known.catalogue or Catalogue()
    return {"units": [asdict(unit) for unit in known.units], "categories": [asdict(c) for c in given.categories]}


def restored(content: dict[str, Any]) -> Directory:
    """The directory of a stored version. It says nothing of officers."""
    return Directory(
        tuple(UnitRow(**_tuples(row) | {"tier": Tier(row["tier"])}) for row in content["units"]),
        (),
        Catalogue(tuple(Category(**_tuples(row)) for row in content["categories"])),
        staff_given=False,
    )


def _tuples(row: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}


def record(tx: Tx, plan: ImportPlan, now: datetime, *, author: str, source: str) -> int | None:
    """Store a version of the directory as it is now. None when the import changed nothing."""
    if plan.empty:
        return None
    return catalogue.add_version(
        tx,
        at=now,
        author=author[:LONGEST_AUTHOR],
        source=source,
        changes=plan.record(),
        content=snapshot(read_directory(tx)),
    )


LONGEST_AUTHOR = 64


def version(tx: Tx, number: int) -> tuple[VersionContentRecord, Directory] | None:
    """The row of a version and the directory it stored."""
    row = catalogue.version(tx, number)
    return (row, restored(row.content)) if row is not None else None
