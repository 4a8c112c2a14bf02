"""``wenzheng directory``: who is in charge of what. Import, export, and how it stood earlier."""

from __future__ import annotations

import getpass
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cli import officers
from cli.common import complain, plainly, print_json, services, when
from handlers.directory import import_run
from handlers.directory.export import write
from handlers.directory.plan import describe, plan_import
from handlers.directory.read import read_directory
from handlers.directory.versions import snapshot, stored, version
from handlers.services.cache import read_directory as read_stored
from store import catalogue, inquiries

if TYPE_CHECKING:
    from bot.directory.units import Directory
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.directory import VersionContentRecord, VersionRecord

SIGNS = (("added", "+"), ("changed", "~"), ("removed", "-"))


@click.group("directory")
def directory() -> None:
    """Units, officers and the catalogue of matters."""


@directory.command("import")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@click.option("--author", help="Who changes it; the user's name when not given.")
@plainly
def import_(file: Path, *, dry_run: bool, author: str | None) -> None:
    """Replace the directory by FILE (.xlsx, .csv or a folder of CSVs). All of it or nothing.

    Officers or categories of which FILE has no sheet stay as they are. Open orders of units that are
    gone go to the unit they were merged into, else to the duty desk.
    """
    wanted = _read(file)
    with services() as deps:
        for line in describe(import_run.plan(deps, wanted)):
            click.echo(line)
        if dry_run:
            click.echo("dry run: nothing was changed")
            return
        done = import_run.change(deps, wanted, author=author or _user(), source=file.name)
        click.echo(_done(wanted, done))
        if done.stranded:
            complain(f"officers of a unit that is gone, to be placed by the next file: {', '.join(done.stranded)}")


def _read(file: Path) -> Directory:
    wanted, errors = read_directory(file)
    for error in errors:
        click.echo(error.message, err=True)
    if wanted is None:
        raise click.ClickException(f"{len(errors)} errors, nothing was imported")
    return wanted


def _done(wanted: Directory, done: import_run.Done) -> str:
    counted = [f"{sum(unit.active for unit in wanted.units)} units"]
    counted += [f"{len(wanted.officers)} officers"] if wanted.staff_given else []
    counted += [f"{len(wanted.catalogue.categories)} categories"] if wanted.catalogue is not None else []
    said = ", ".join(counted)
    said += f"; version {done.version}" if done.version is not None else "; nothing was different"
    return said + (f"; {done.moved} open orders moved" if done.moved else "")


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return "unknown"


@directory.command("export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--version", "number", type=int, help="As it stood after this import; else as it stands.")
@click.option("--with-phones", is_flag=True, help="With the officers and their phone numbers.")
@plainly
def export(file: Path, *, number: int | None, with_phones: bool) -> None:
    """Write the directory to FILE (.xlsx), ready to be imported again.

    Without phones there is no sheet of officers: importing such a file leaves them alone. A version
    holds no officers. That phones were exported is logged, with the user's name.
    """
    if file.suffix.lower() != ".xlsx":
        raise click.BadParameter("must end with .xlsx", param_hint="FILE")
    if number is not None and with_phones:
        raise click.UsageError("a version holds no officers: give --version or --with-phones")
    with services() as deps:
        known = _version(deps, number)[1] if number is not None else deps.store.read(stored)
        if with_phones:
            deps.store.write(
                lambda tx: inquiries.log(
                    tx, None, "directory_exported", deps.clock.now(), officers=len(known.officers), author=_user()
                )
            )
    write(known, file, with_phones=with_phones)
    click.echo(
        f"{len(known.units)} units, {len(known.officers) if with_phones else 0} officers, "
        f"{len(known.catalogue.categories) if known.catalogue else 0} categories"
    )


@directory.command("versions")
@click.option("--json", "as_json", is_flag=True)
@plainly
def versions(*, as_json: bool) -> None:
    """Every import that changed something, newest first."""
    with services() as deps:
        rows = deps.store.read(catalogue.versions)
    if as_json:
        print_json([_about(row) for row in rows])
        return
    for row in rows:
        click.echo(f"{row.id}\t{when(row.at)}\t{row.author}\t{row.source}\t{_counted(row.changes)}")


def _about(row: VersionRecord) -> dict[str, Any]:
    return {"version": row.id, "at": when(row.at), "author": row.author, "source": row.source, "changes": row.changes}


def _counted(changes: dict[str, Any]) -> str:
    """The counts of a change as ``units +1 ~2 -0; officers +0 ~1 -0``."""
    return "; ".join(
        " ".join([kind, *(f"{sign}{_count(found[what])}" for what, sign in SIGNS)]) for kind, found in changes.items()
    )


def _count(found: int | list[str]) -> int:
    return found if isinstance(found, int) else len(found)


@directory.command("show")
@click.option("--version", "number", type=int, required=True)
@plainly
def show(number: int) -> None:
    """A version's units and categories as JSON."""
    with services() as deps:
        row, known = _version(deps, number)
    print_json(_about(row) | snapshot(known))


@directory.command("diff")
@click.argument("first", type=int)
@click.argument("second", type=int, required=False)
@plainly
def diff(first: int, second: int | None) -> None:
    """What changed from version FIRST to SECOND, or to how it stands."""
    with services() as deps:
        before = _version(deps, first)[1]
        after = _version(deps, second)[1] if second is not None else deps.store.read(_silent)
    for line in describe(plan_import(before, after)):
        click.echo(line)


def _silent(tx: Tx) -> Directory:
    """The present directory without its officers, in the form of a stored version."""
    return replace(read_stored(tx), officers=(), staff_given=False)


def _version(deps: Deps, number: int) -> tuple[VersionContentRecord, Directory]:
    found = deps.store.read(lambda tx: version(tx, number))
    if found is None:
        raise click.ClickException(f"no version {number}; see: wenzheng directory versions")
    return found


COMMANDS = (directory, *officers.COMMANDS)
