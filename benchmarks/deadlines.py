"""The deadline run: the same thousand orders due, among few and among very many stored open inquiries.

    python benchmarks/deadlines.py [--json] [--short] [--database sqlite|postgres|both]
                                   [--stored 10000,1000000] [--due 1000] [--rounds N]

Each round looks at a fresh thousand: half reminders, a quarter overdue with apology, event and ledger entry.
The ratio is that of the largest store to the smallest. Each round must tell exactly what it should.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from kit import bulk, servers
from kit.clock import StandingClock
from kit.figures import WrongRun, print_all
from sqlalchemy import func, select

import bootstrap
from bot.clocks.workdays import Calendar
from handlers.clocks.schedule import following_check
from handlers.jobs import timers
from store.engine.migrate import migrate
from store.tables.delivery import outbox
from store.tables.inquiries import assignments
from store.tables.points import scores

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from handlers.services.deps import Deps

UNITS = 55
NOW = datetime(2026, 11, 27, 9, 0, 1, tzinfo=UTC)
"""Friday 17:00:01 in China, when most of the week falls due."""


def china(day: int, hour: int, *, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC) - timedelta(hours=8)


CLOCKS = {
    "half": (china(25, 17), china(1, 17, month=12)),
    "day_left": (china(24, 10), china(30, 17)),
    "hours_left": (china(24, 13), china(30, 13)),
    "overdue": (china(23, 10), china(27, 17)),
}
"""When opened and when due: each has the step of its name between Friday 16:00 and 17:00:01."""
LATER = (china(26, 10), china(2, 17, month=12))
CHECKED = china(27, 15)


class WrongCount(WrongRun):
    """A run that looked at, told or charged something else than was due."""


@dataclass(slots=True)
class Measured:
    """Seconds of each round, and of a look that finds nothing."""

    stored: int
    rounds: list[float] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return statistics.median(self.rounds)


def rows(stored: int, due: int, rounds: int) -> Iterator[bulk.Stored]:
    """``due`` orders a round, a minute apart, among ``stored`` that are not due yet."""
    calendar = Calendar()
    for number in range(rounds):
        for n in range(due):
            name = list(CLOCKS)[n % len(CLOCKS)]
            yield _row(*CLOCKS[name], at=NOW + timedelta(minutes=number), checked=CHECKED)
    order = SimpleNamespace(
        created_at=LATER[0], due_at=LATER[1], promised_at=LATER[1], urgent=False, role="lead", signed_at=LATER[0]
    )
    following = following_check(order, calendar, after=LATER[0])
    for _ in range(stored - rounds * due):
        yield _row(*LATER, at=following, checked=LATER[0])


def _row(opened: datetime, due: datetime, *, at: datetime, checked: datetime) -> bulk.Stored:
    return bulk.Stored(opened, due, checked, at)


def measure(env: dict[str, str], stored: int, options: argparse.Namespace) -> Measured:
    """A database of its own with so many stored."""
    configured = bootstrap.read(env)
    store = bootstrap.make_store(configured.settings, pool_size=2)
    migrate(store.engine)
    bulk.directory(store, units=UNITS)
    # One round more: the first compiles statements and warms caches.
    bulk.load(store, rows(stored, options.due, options.rounds + 1), units=UNITS)
    store.close()
    deps = bootstrap.build(configured, worker_name="bench", pool_size=2)
    deps.clock, deps.wake = StandingClock(NOW), lambda _queue: None
    found = Measured(stored)
    try:
        for number in range(options.rounds + 1):
            deps.clock.time = NOW + timedelta(minutes=number)
            spent = one_round(deps, options.due, number + 1)
            if number:
                found.rounds.append(spent)
        found.looks = [timed(lambda: timers.drain(deps)) for _ in range(200)]
    finally:
        deps.store.close()
    return found


def one_round(deps: Deps, due: int, number: int) -> float:
    started = time.perf_counter()
    looked = timers.drain(deps)
    spent = time.perf_counter() - started
    over = sum(list(CLOCKS)[n % len(CLOCKS)] == "overdue" for n in range(due))
    expected = {"looked": due, "apologies": over * number, "entries": over * number}
    counted = {"looked": looked, **deps.store.read(_counts)}
    waiting = counted.pop("waiting")
    if counted != expected or waiting:
        raise WrongCount(f"round {number}: {counted}, expected {expected}; {waiting} left")
    return spent


def _counts(tx: Any) -> dict[str, int]:
    def count(query: Any) -> int:
        return int(tx.conn.execute(query).scalar_one())

    apologies = select(func.count()).select_from(outbox).where(outbox.c.key == "overdue.citizen")
    waiting = (
        select(func.count())
        .select_from(assignments)
        .where(assignments.c.next_check_at <= NOW, assignments.c.next_check_at.is_not(None))
    )
    return {
        "apologies": count(apologies),
        "entries": count(select(func.count()).select_from(scores)),
        "waiting": count(waiting),
    }


def timed(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def figures(name: str, found: list[Measured], due: int) -> Iterator[dict[str, Any]]:
    """Ratios first, then what they are made of."""
    small, big = found[0], found[-1]
    yield {
        "name": f"deadlines_ratio_{name}",
        "value": round(big.seconds / small.seconds, 2),
        "unit": f"of {small.stored} stored",
        "stored": big.stored,
        "due": due,
    }
    for each in found:
        yield {
            "name": f"deadlines_{name}_{each.stored}",
            "value": round(each.seconds, 3),
            "unit": "s",
            "rounds": [round(one, 3) for one in each.rounds],
            "look_ms": round(statistics.median(each.looks) * 1000, 3),
        }


def run(name: str, folder: Path, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    found = []
    for stored in options.stored:
        place = folder / f"{name}-{stored}"
        with ExitStack() as stack:
            url = "" if name == "sqlite" else stack.enter_context(servers.postgres(place / "pg"))
            env = servers.settings(place, "unix:///nothing.sock", url, sealed=False) | {"CHANNELS": ""}
            found.append(measure(env, stored, options))
    yield from figures(name, found, options.due)


def read_options(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--short", action="store_true", help="10,000 against 100,000 stored, three rounds")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--stored", help="open inquiries, smallest first [10000,1000000; short: 10000,100000]")
    parser.add_argument("--due", type=int, default=1000)
    parser.add_argument("--rounds", type=int, help="[5; short: 3]")
    options = parser.parse_args(argv)
    sizes = options.stored or ("10000,100000" if options.short else "10000,1000000")
    options.stored = [int(size) for size in sizes.split(",")]
    options.rounds = options.rounds or (3 if options.short else 5)
    if options.stored[0] < options.due * (options.rounds + 1):
        parser.error("fewer stored than fall due in all rounds")
    return options


def main() -> int:
    """0; 1 when a round told something else than was due."""
    return print_all(run, read_options())


if __name__ == "__main__":
    sys.exit(main())
