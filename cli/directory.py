"""``wenzheng directory import``, ``wenzheng officer code``: who is in charge, and on which phone."""

from __future__ import annotations

import secrets
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

import bootstrap
from bot.numbers import new_code
from handlers import directory_apply
from handlers.caching import read_directory
from handlers.directory_files import read_directory as read_file
from handlers.directory_import import describe, plan_import
from store import directory as units

if TYPE_CHECKING:
    from store.engine import Tx

CODE_DAYS = 7


@click.group("directory")
def directory() -> None:
    """Units and officers."""


@directory.command("import")
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
def import_(file: Path, dry_run: bool) -> None:
    """Replace the directory by FILE (.xlsx, .csv or a folder of two CSVs). All of it or nothing."""
    wanted, errors = read_file(file)
    for error in errors:
        click.echo(error.message, err=True)
    if wanted is None:
        raise click.ClickException(f"{len(errors)} errors, nothing was imported")
    deps = bootstrap.build(bootstrap.read(), pool_size=2)
    try:
        current = deps.store.read(read_directory)
        for line in describe(plan_import(current, wanted)):
            click.echo(line)
        if dry_run:
            click.echo("dry run: nothing was changed")
            return
        now = deps.clock.now()
        deps.store.write(lambda tx: directory_apply.apply(tx, wanted, now, sms_channel=deps.sms_channel))
        click.echo(f"{len(wanted.units)} units, {len(wanted.officers)} officers")
    finally:
        deps.store.close()


@click.group("officer")
def officer() -> None:
    """Officers and their phones."""


@officer.command("list")
@click.option("--unit", help="Only this unit's code.")
def list_(unit: str | None) -> None:
    """Codes, names, units and roles; no phones."""
    deps = bootstrap.build(bootstrap.read(), pool_size=2)
    for row in deps.store.read(units.all_officers):
        if unit in (None, row.unit_code):
            click.echo(f"{row.code}\t{row.unit_code}\t{row.role}\t{row.name}")
    deps.store.close()


@officer.command("code")
@click.argument("officer_code")
def code(officer_code: str) -> None:
    """Make a one-time code; the officer sends “绑定 CODE” from WeChat or the phone to bind."""
    deps = bootstrap.build(bootstrap.read(), pool_size=2)
    now = deps.clock.now()

    def work(tx: Tx) -> str | None:
        row = units.officer_by_code(tx, officer_code)
        if row is None:
            return None
        made = new_code(secrets.randbelow)
        while units.code_in_use(tx, made, now):
            made = new_code(secrets.randbelow)
        units.set_bind_code(tx, row.id, made, now + timedelta(days=CODE_DAYS))
        return made

    made = deps.store.write(work)
    deps.store.close()
    if made is None:
        raise click.ClickException(f"no active officer {officer_code!r}; see: wenzheng officer list")
    click.echo(made)


COMMANDS = (directory, officer)
