"""Commands that look: inquiry, inquiries, outbox, due, check; and sweep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import click

import bootstrap
from bot.clocks.workdays import Calendar
from bot.delivery.states import OutboxState
from bot.inquiry.numbers import NumberQuery, read_number
from bot.inquiry.states import State
from cli import checks, due_report, inquiry_report
from cli.common import FAILED, complain, plainly, print_json, services, when
from handlers.jobs import queues
from handlers.notices.phrases import CHINA
from handlers.services.cache import CachedCalendar
from store import inquiries, outbox
from store.engine.transactions import StoreUnavailable, sqlite_file

if TYPE_CHECKING:
    from datetime import datetime

    from bot.clocks.workdays import Rule
    from store.engine.transactions import Tx

WHEN = ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d"]
MOST_DAYS = 250
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command("inquiry")
@click.argument("number")
@as_json
@plainly
def inquiry_command(number: str, *, as_json: bool) -> None:
    """Everything about one inquiry: messages, events, assignments, every delivery attempt."""
    with services() as deps:
        found = deps.store.read(lambda tx: _report(tx, number))
    if found is None:
        complain(f"no inquiry has the number {number!r}")
        raise SystemExit(FAILED)
    if as_json:
        print_json(found)
    else:
        click.echo("\n".join(inquiry_report.lines(found)))


def _report(tx: Tx, number: str) -> dict[str, Any] | None:
    digits = read_number(number)
    full = NumberQuery.of(digits).full if digits else None
    row = inquiries.by_number(tx, full) if full else None
    return inquiry_report.report(tx, row) if row is not None else None


@click.command("inquiries")
@as_json
@click.option(
    "--state",
    "states",
    type=click.Choice([each.value for each in State]),
    multiple=True,
    help="Only this; may be given several times.",
)
@click.option("--limit", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Newest first.")
@plainly
def inquiries_command(*, as_json: bool, states: tuple[str, ...], limit: int) -> None:
    """The newest inquiries."""
    with services() as deps:
        rows = deps.store.read(lambda tx: inquiries.newest(tx, states=[*map(State, states)], limit=limit))
    found = [inquiry_report.headline(row, row.unit_name) for row in rows]
    if as_json:
        print_json(found)
        return
    for each in found:
        click.echo(
            f"{each['number']}  {each['state']:11}  due {each['due_at']}  {each['unit'] or '-'}  {each['summary']}"
        )


@click.command("outbox")
@as_json
@click.option(
    "--state",
    "states",
    type=click.Choice([each.value for each in OutboxState]),
    multiple=True,
    help="Only this; may be given several times.",
)
@click.option("--limit", type=click.IntRange(1, 100_000), default=200, show_default=True, help="Newest first.")
@plainly
def outbox_command(*, as_json: bool, states: tuple[str, ...], limit: int) -> None:
    """What was to be sent, and how far it got."""
    with services() as deps:
        rows = deps.store.read(lambda tx: outbox.newest(tx, states=[*map(OutboxState, states)], limit=limit))
    found = [inquiry_report.outgoing(row) | {"number": row.number} for row in rows]
    if as_json:
        print_json(found)
        return
    for each in found:
        click.echo(
            f"{each['created_at']}  {each['state']:9}  {each['to']:7}  {each['way'] or '-':16}  "
            f"{each['key']}  {each['number'] or '-'}"
        )


@click.command("due")
@click.argument("moment", metavar="WHEN", type=click.DateTime(WHEN))
@click.option("--days", type=click.IntRange(1, MOST_DAYS), help="Working days; DUE_DAYS when not given.")
@click.option("--rule", type=click.Choice(["A", "B"]), help="Counting rule; DUE_RULE when not given.")
@as_json
@plainly
def due_command(moment: datetime, *, days: int | None, rule: str | None, as_json: bool) -> None:
    """When something received at WHEN (China time, "2026-11-18 10:00") is due, and why."""
    calendar, default_days, default_rule = _counting()
    days, chosen = days or default_days, cast("Rule", rule or default_rule)
    received = moment.replace(tzinfo=CHINA)
    try:
        due = calendar.due(received, days, rule=chosen)
    except (OverflowError, ValueError):
        raise click.BadParameter("out of range", param_hint="WHEN") from None
    if as_json:
        print_json(due_report.as_json(due, when(received), days, chosen))
    else:
        click.echo("\n".join(due_report.lines(due, when(received), days, chosen)))


def _counting() -> tuple[Calendar, int, str]:
    """The office's calendar and rule; without settings or a database the published calendar and rule A."""
    try:
        settings = bootstrap.read().settings
    except bootstrap.SettingsError:
        complain("note: no valid settings, counting 4 days by rule A on the published calendar")
        return Calendar(), 4, "A"
    return _office_calendar(settings), settings.due_days, settings.due_rule


def _office_calendar(settings: bootstrap.Settings) -> Calendar:
    file = sqlite_file(settings.database)
    if file is not None and not file.is_file():
        return Calendar()
    store = bootstrap.make_store(settings, pool_size=1)
    try:
        return CachedCalendar(store).get()
    except StoreUnavailable:
        complain("note: the database does not answer, the office's own days are not counted")
        return Calendar()
    finally:
        store.close()


@click.command("check")
@plainly
def check_command() -> None:
    """Settings, database, Redis, calendar, channels, disk, alarms; exit code 1 when one fails."""
    configured = bootstrap.read()
    deps = bootstrap.build(configured, worker_name="cli", pool_size=2)
    failed = False
    try:
        for line in checks.run(configured, deps):
            click.echo(str(line))
            failed = failed or line.level == "FAIL"
    finally:
        deps.store.close()
    if failed:
        raise SystemExit(FAILED)


@click.command("sweep")
@as_json
@plainly
def sweep_command(*, as_json: bool) -> None:
    """Do now whatever is due, whatever the queue forgot."""
    with services() as deps:
        found = queues.sweep(deps)
    if as_json:
        print_json(found)
    else:
        click.echo("  ".join(f"{name} {count}" for name, count in found.items()))


COMMANDS: list[click.Command] = [
    inquiry_command,
    inquiries_command,
    outbox_command,
    due_command,
    check_command,
    sweep_command,
]
