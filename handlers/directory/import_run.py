"""Carries out an import: applies it, stores a version, and hands on the work of units that are gone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from handlers.directory import apply_directory, succession
from handlers.directory.plan import ImportPlan, plan_import
from handlers.directory.versions import record, stored
from store import directory

if TYPE_CHECKING:
    from bot.directory.units import Directory
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx


@dataclass(frozen=True, slots=True)
class Done:
    """The result. ``version``: the new version's number, None when nothing changed. ``moved``: orders handed on.
    ``stranded``: codes of officers whose unit is gone and for whom the file names no other.
    """

    plan: ImportPlan
    version: int | None
    moved: int
    stranded: tuple[str, ...] = ()


def plan(deps: Deps, wanted: Directory) -> ImportPlan:
    """What ``change`` would do."""
    return deps.store.read(lambda tx: _plan(tx, wanted))


def change(deps: Deps, wanted: Directory, *, author: str, source: str) -> Done:
    """Make ``wanted`` the directory. The first orders of units that are gone are moved in the same transaction,
    the others in batches after it. An import that was interrupted can be run again and goes on where it stopped.
    """

    def work(tx: Tx) -> Done:
        now, made = deps.clock.now(), _plan(tx, wanted)
        apply_directory.apply(tx, wanted, now, sms_channel=deps.sms_channel)
        number = record(tx, made, now, author=author, source=source)
        return Done(made, number, succession.redirect(deps, tx, now), _stranded(tx))

    done = deps.store.write(work)
    return replace(done, moved=done.moved + succession.redirect_all(deps)) if done.moved else done


def _stranded(tx: Tx) -> tuple[str, ...]:
    standing = {row.id for row in directory.all_units(tx)}
    return tuple(row.code for row in directory.all_officers(tx) if row.unit_id not in standing)


def _plan(tx: Tx, wanted: Directory) -> ImportPlan:
    return plan_import(stored(tx, {officer.phone for officer in wanted.officers}), wanted)
