"""``wenzheng officer``: who they are, the code that binds a phone, who stands in for whom."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

import bootstrap
from bot.inquiry.numbers import new_code
from cli.common import plainly, services
from handlers.notices.phrases import CHINA
from store import directory as units

if TYPE_CHECKING:
    from store.engine.transactions import Tx

CODE_DAYS = 7


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


@officer.command("away")
@click.argument("officer_code")
@click.option("--substitute", help="Code of the officer who stands in.")
@click.option("--from", "start", type=click.DateTime(["%Y-%m-%d"]), help="First day; today when not given.")
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="Last day; until further notice when not given.")
@click.option("--back", is_flag=True, help="At work again.")
@plainly
def away(
    officer_code: str, *, substitute: str | None, start: datetime | None, until: datetime | None, back: bool
) -> None:
    """On leave: what is for this officer goes to the substitute meanwhile (AB角)."""
    if back == (substitute is not None):
        raise click.UsageError("give either --substitute CODE or --back")
    with services() as deps:
        first = _morning(start) if start is not None else deps.clock.now()
        last = _morning(until) + timedelta(days=1) if until is not None else None
        if last is not None and last <= first:
            raise click.BadParameter("is before the first day", param_hint="--until")
        leave = {"away_from": None, "away_until": None} if back else {"away_from": first, "away_until": last}
        unknown = deps.store.write(lambda tx: units.set_leave(tx, officer_code, substitute, **leave))
    if unknown:
        raise click.ClickException(f"no active officer {unknown!r}; see: wenzheng officer list")
    click.echo("at work" if back else f"{substitute} stands in for {officer_code}")


def _morning(day: datetime) -> datetime:
    return day.replace(tzinfo=CHINA)


COMMANDS = (officer,)
