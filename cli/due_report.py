"""Prints a due date with its derivation, day by day, for ``wenzheng due``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cli.common import when

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.clocks.workdays import Due, Rule, Step

WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WHY = {
    "received": "day of receipt, not counted",
    "deemed_received": "taken as received on this day, not counted",
    "workday": "working day",
    "make_up_workday": "weekend worked in exchange",
    "weekend": "weekend",
    "holiday": "holiday",
}
STATUS = {"official": "", "override": "decided by the office", "provisional": "not announced yet"}
PROVISIONAL = "provisional: the days off of that year are not announced yet, the date may change"


def as_json(due: Due, received: str | None, days: int, rule: Rule) -> dict[str, Any]:
    """The derivation as data."""
    return {
        "received": received,
        "days": days,
        "rule": rule,
        "due": when(due.at),
        "provisional": due.provisional,
        "derivation": [
            {
                "day": step.day.isoformat(),
                "weekday": WEEKDAYS[step.day.weekday()],
                "counted": step.counted,
                "why": step.why,
                "status": step.status,
            }
            for step in due.derivation
        ],
    }


def lines(due: Due, received: str | None, days: int, rule: Rule) -> Iterator[str]:
    """The derivation in words."""
    yield f"received {received}, {days} working day(s), rule {rule}"
    for step in due.derivation:
        yield _line(step)
    last = due.derivation[-1].day
    yield f"due {when(due.at)} ({WEEKDAYS[last.weekday()]})"
    if due.provisional:
        yield PROVISIONAL


def _line(step: Step) -> str:
    counted = f"{step.counted:2}" if step.counted is not None else " -"
    status = f", {STATUS[step.status]}" if STATUS[step.status] else ""
    return f"  {step.day.isoformat()} {WEEKDAYS[step.day.weekday()]}  {counted}  {WHY[step.why]}{status}"
