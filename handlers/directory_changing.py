"""An import carried out: applied, kept as a version, and the work of units that are gone handed on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from handlers import directory_apply, redirecting
from handlers.directory_import import ImportPlan, plan_import
from handlers.directory_versions import record, stored

if TYPE_CHECKING:
    from bot.directory import Directory
    from handlers.deps import Deps
    from store.engine import Tx


@dataclass(frozen=True, slots=True)
class Done:
    """``version``: the new version's number, None when nothing changed. ``moved``: orders handed on."""

    plan: ImportPlan
    version: int | None
    moved: int


def plan(deps: Deps, wanted: Directory) -> ImportPlan:
    """What ``change`` would do."""
    return deps.store.read(lambda tx: _plan(tx, wanted))


def change(deps: Deps, wanted: Directory, *, author: str, source: str) -> Done:
    """The directory becomes ``wanted``. With the import the first orders of units that are gone are moved;
    the rest in batches after it. Done again, it goes on where it was interrupted.
    """
    def work(tx: Tx) -> Done:
        now, made = deps.clock.now(), _plan(tx, wanted)
        directory_apply.apply(tx, wanted, now, sms_channel=deps.sms_channel)
        return Done(made, record(tx, made, now, author=author, source=source), redirecting.redirect(deps, tx, now))

    done = deps.store.write(work)
    rest = redirecting.redirect_all(deps) if done.moved else 0
    return Done(done.plan, done.version, done.moved + rest)


def _plan(tx: Tx, wanted: Directory) -> ImportPlan:
    return plan_import(stored(tx, {officer.phone for officer in wanted.officers}), wanted)
