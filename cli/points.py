"""``wenzheng points`` and ``wenzheng appeal``: the ledger, what a month comes to, and objections to it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from cli.common import FAILED, complain, plainly, print_json, services
from cli.inquiry_report import points_of
from handlers.clocks import charges, monthly_points
from store import directory

if TYPE_CHECKING:
    from store.engine.transactions import Tx

REFUSED = {
    "unknown": "no entry has this number; see: wenzheng points --json",
    "no_officer": "no active officer has this code; see: wenzheng officer list",
    "a_reversal": "this entry takes another back; object to that one",
    "reversed": "this entry was taken back already",
    "not_the_desk": "an appeal is granted by the duty desk or a leader",
}


def _month(_context: click.Context, _option: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value):
        raise click.BadParameter("is written YYYY-MM")
    return value


@click.command("points")
@click.option("--unit", "unit_code", help="Only this unit's code.")
@click.option("--month", callback=_month, help="YYYY-MM; this month when not given.")
@click.option("--replay", is_flag=True, help="Compute everything from the events anew and compare.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@plainly
def points(*, unit_code: str | None, month: str | None, replay: bool, as_json: bool) -> None:
    """A month's points by unit, each deduction with its rule. Units without orders are 无件, not 100."""
    with services() as deps:
        if replay:
            calendar, rules = deps.calendar(), charges.rules_for(deps.limits)
            found = deps.store.read(lambda tx: charges.replay(tx, calendar, rules=rules))
            _say_replayed(found, as_json=as_json)
            return
        month = month or charges.this_month(deps.clock.now())
        report = deps.store.read(lambda tx: _report(tx, month, unit_code))
    if report is None:
        complain(f"no unit has the code {unit_code!r}")
        raise SystemExit(FAILED)
    if as_json:
        print_json(report)
        return
    for unit in report["units"]:
        click.echo(_line(unit))
        for entry in unit["entries"]:
            taken = f" takes back {entry['reverses']}: {entry['reason']}" if entry["reverses"] else ""
            number = entry["number"] or "-"
            click.echo(f"  {entry['id']}  {entry['at']}  {entry['points']:+.2f}  {entry['rule']}  {number}{taken}")


def _line(unit: dict[str, Any]) -> str:
    score = "无件" if unit["points"] is None else f"{unit['points']:.2f}"
    rated = unit["satisfaction"]
    said = f"{rated['share']:.1%} of {rated['n']}" if rated["n"] else "nobody rated"
    return f"{unit['code']}  {unit['name']}  {score}  {unit['orders']} order(s)  satisfied: {said}"


def _report(tx: Tx, month: str, unit_code: str | None) -> dict[str, Any] | None:
    units = [row for row in directory.all_units(tx) if unit_code in {None, row.code}]
    if unit_code is not None and not units:
        return None
    rows = monthly_points.month(tx, month, units)
    return {
        "month": month,
        "rules": monthly_points.RULES.version,
        "units": [
            {
                "code": row.unit.code,
                "name": row.unit.name,
                "orders": row.score.orders,
                "points": None if row.score.points is None else row.score.points / 100,
                "satisfaction": {
                    "satisfied": row.rated.satisfied,
                    "n": row.rated.n,
                    "share": float(row.rated.share) if row.rated.share is not None else None,
                },
                "entries": points_of(tx, row.entries),
            }
            for row in rows
        ],
    }


def _say_replayed(found: charges.Replayed, *, as_json: bool) -> None:
    if as_json:
        print_json({"orders": found.orders, "same": found.same, "missing": found.missing, "surplus": found.surplus})
    else:
        click.echo(
            f"{found.orders} orders computed anew: " + ("the ledger is the same" if found.same else "it differs")
        )
        for title, names in (("missing", found.missing), ("unaccounted for", found.surplus)):
            for name in names:
                click.echo(f"  {title}: {name}")
    if not found.same:
        raise SystemExit(FAILED)


@click.command("appeal")
@click.argument("entry_id", type=int)
@click.option("--reason", required=True, help="Why the entry is wrong, or why it is taken back.")
@click.option("--officer", "officer_code", required=True, help="Code of the officer who says so.")
@click.option("--grant", is_flag=True, help="Give the points back, by the duty desk or a leader.")
@plainly
def appeal(entry_id: int, *, reason: str, officer_code: str, grant: bool) -> None:
    """Object to a ledger entry; with --grant a counter-entry gives the points back. Nothing is deleted."""
    if not reason.strip():
        raise click.BadParameter("must not be empty", param_hint="--reason")
    with services() as deps:
        now = deps.clock.now()
        found = deps.store.write(
            lambda tx: charges.appeal(
                tx,
                entry_id,
                reason=reason.strip(),
                officer=directory.officer_by_code(tx, officer_code),
                now=now,
                grant=grant,
            )
        )
    if found.outcome in REFUSED:
        complain(REFUSED[found.outcome])
        raise SystemExit(FAILED)
    click.echo("appeal recorded" if found.outcome == "appealed" else f"granted: {found.hundredths / 100:+.2f}")


COMMANDS = (points, appeal)
