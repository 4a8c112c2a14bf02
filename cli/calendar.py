"""``wenzheng calendar``: take over a notice on days off, show a year, count open due times anew."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.clocks.holiday_notice import NoticeError
from cli.common import plainly, print_json, services, when
from handlers.deadlines import holidays, recomputation
from handlers.notices.phrases import CHINA
from handlers.services.cache import read_calendar
from store.calendar import of_span

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from bot.clocks.workdays import Calendar
    from handlers.deadlines.holidays import Import
    from handlers.deadlines.recomputation import Report
    from handlers.services.deps import Deps

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
SHOWN = 50


@click.group("calendar")
def calendar() -> None:
    """Working days."""


@calendar.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", help="What the notice is called, e.g. its document number; the file's name when not given.")
@click.option("--author", help="Who enters it; the user's name when not given.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@plainly
def import_(file: Path, *, source: str | None, author: str | None, yes: bool) -> None:
    """Read the State Council's notice in FILE (UTF-8 text), show the differing days, confirm, count anew."""
    with services() as deps:
        before = deps.store.read(read_calendar)
        wanted = _planned(file, before)
        click.echo("\n".join(_preview(wanted)))
        if not wanted.days:
            click.echo("the calendar says so already, nothing was changed")
            return
        if not yes:
            click.confirm("Enter these days and count every open due time anew?", abort=True)
        now = deps.clock.now()
        source, author = source or file.name, author or _user()
        after = deps.store.write(lambda tx: holidays.store(tx, wanted, author=author, source=source, now=now))
        report = recomputation.recompute(deps, recomputation.Calendars(before, after, deps.due_rule, source))
        click.echo("\n".join(_report(report)))


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user without a name
        return "unknown"


def _planned(file: Path, before: Calendar) -> Import:
    try:
        return holidays.plan(file.read_text(encoding="utf-8-sig"), before)
    except NoticeError as error:
        raise click.ClickException(f"the notice was not read: {error}") from None
    except UnicodeDecodeError:
        raise click.ClickException("the notice is not UTF-8 text") from None


def _preview(wanted: Import) -> Iterator[str]:
    kind = "a whole year, announced from now on" if wanted.whole_year else "single days"
    yield f"{wanted.notice.year}: {kind}; {len(wanted.differences)} day(s) differ from the calendar so far"
    for found in wanted.differences:
        yield f"  {_day(found.day)}  {_works(found.before)} -> {_works(found.after)}"
    for aside in wanted.notice.asides:
        yield f"  not taken for a rule: {aside}"


def _report(report: Report) -> Iterator[str]:
    counts = ", ".join(f"{report.count(kind)} {kind.value}" for kind in recomputation.TOLD)
    yield f"{report.looked} open inquiries looked at: {counts}; {report.entries} ledger entries"
    for each in report.changes[:SHOWN]:
        whom = each.unit or "to the citizen"
        yield f"  {each.number}  {each.change.value}  {when(each.old)} -> {when(each.new)}  {whom}"
    if len(report.changes) > SHOWN:
        yield f"  and {len(report.changes) - SHOWN} more, each in its inquiry's events"


@calendar.command("show")
@click.argument("year", type=click.IntRange(1900, 2200))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@plainly
def show(year: int, *, as_json: bool) -> None:
    """What is known of YEAR: working days, days off on weekdays, make-up days, and who entered what."""
    with services() as deps:
        found = _year(deps, year)
    if as_json:
        print_json(found)
        return
    click.echo(f"{year}: {found['status']}, {found['working_days']} working days")
    for title, key in (("off on a weekday", "off"), ("worked on a weekend", "make_up")):
        click.echo(f"{title}: " + (" ".join(found[key]) or "none"))
    for source in found["entered"]:
        click.echo(f"entered by {source['author']} on {source['at']}: {source['days']} day(s), {source['source']}")


def _year(deps: Deps, year: int) -> dict[str, Any]:
    known = deps.store.read(read_calendar)
    days = holidays.days_of(year)
    entered = deps.store.read(lambda tx: of_span(tx, days[0], days[-1]))
    sources: dict[tuple[str, str, str], int] = {}
    for row in entered:
        key = (row.author, row.source, row.entered_at.astimezone(CHINA).date().isoformat())
        sources[key] = sources.get(key, 0) + 1
    return {
        "year": year,
        "status": "announced" if holidays.announced(known, year) else "provisional",
        "working_days": sum(map(known.is_workday, days)),
        "off": [_day(day) for day in days if day.weekday() < 5 and not known.is_workday(day)],
        "make_up": [_day(day) for day in days if day.weekday() >= 5 and known.is_workday(day)],
        "entered": [
            {"author": who, "source": what, "at": at, "days": count} for (who, what, at), count in sources.items()
        ],
    }


@calendar.command("recompute")
@plainly
def recompute() -> None:
    """Count every open due time anew, e.g. after an update of chinesecalendar."""
    with services() as deps:
        now_known = deps.store.read(read_calendar)
        report = recomputation.recompute(
            deps, recomputation.Calendars(now_known, now_known, deps.due_rule, "recompute")
        )
    click.echo("\n".join(_report(report)))


def _day(day: date) -> str:
    return f"{day.isoformat()} {WEEKDAYS[day.weekday()]}"


def _works(working: bool) -> str:
    return "worked" if working else "off"


COMMANDS = (calendar,)
