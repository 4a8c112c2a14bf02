"""Does it get slower with what is stored? The same messages and pages over a short past and a very long one.

    python benchmarks/growth.py [--json] [--short] [--database sqlite|postgres|both]
                                [--stored 10000,1000000] [--rounds N]

Both databases are open at once and asked in turn, so that a drift of the machine meets both. Every
answer is looked at: a page without its number or a message without one is no valid run.
"""

from __future__ import annotations

import argparse
import itertools
import os
import statistics
import sys
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from kit import history, servers
from kit.figures import WrongRun, print_all

import bootstrap
from app import create_app
from bot.edge.messages import InboundMessage, Kind
from handlers.delivery import outbox
from handlers.inbound import receive
from store.engine.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from bot.edge.messages import Address
    from handlers.services.deps import Deps

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
WARM_UP = 30


class WrongAnswer(WrongRun):
    """A page or a reply that does not show what it should."""


class Clock:
    """A second between messages: nobody is over a limit."""

    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        self.time += timedelta(seconds=1)
        return self.time


@dataclass(slots=True)
class Side:
    """One past: what is asked of it, and how long each took."""

    stored: int
    deps: Deps
    client: Any
    past: Iterator[int]
    count: Iterator[int] = field(default_factory=itertools.count)
    seconds: dict[str, list[float]] = field(default_factory=dict)

    def say(self, sender: Address, text: str) -> str:
        """A message is taken in; its answer."""
        n = next(self.count)
        event = InboundMessage("console", f"now-{n}", sender, Kind.TEXT, text, account="console")
        reply = receive.take(
            self.deps, self.deps.channels["console"], event, replay_key="", raw=text.encode(), now=self.deps.clock.now()
        )
        return reply or ""

    def get(self, url: str) -> str:
        """A page's text."""
        answer = self.client.get("/" + url.split("/", 3)[3])
        if answer.status_code != 200:
            raise WrongAnswer(f"{answer.status_code} for a page")
        text: str = answer.get_data(as_text=True)
        return text


def write_in(side: Side, turn: int) -> bool:
    """A new citizen's first message."""
    sender = history.citizen(10**9 + turn * history.EACH)
    return "26-1123-" in side.say(sender, "建设路的路灯坏了三天没有人修")


def staff_page(side: Side, turn: int) -> bool:
    return history.TEXT in side.get(side.deps.signer.staff_url(*history.open_order(side.stored, turn % WARM_UP)))


def duty_page(side: Side, turn: int) -> bool:
    """The duty desk's page; its officer signs in at the first turn."""
    if turn == 0:
        link = side.deps.signer.duty_url(history.officer_of(1))
        side.client.post("/" + link.split("/", 3)[3])
    return history.TEXT in side.get("http://here/duty")


def citizen_page(side: Side, _turn: int) -> bool:
    return "第" in side.get(side.deps.signer.citizen_url(next(side.past)))


def progress(side: Side, _turn: int) -> bool:
    n = next(side.past)
    reply = side.say(history.citizen(n), "进度")
    return reply.count(history.TEXT[:10]) >= 2


def todo(side: Side, turn: int) -> bool:
    return history.TEXT[:10] in side.say(history.officer_address(turn % history.UNITS + 1), "待办")


def send(side: Side, turn: int) -> bool:
    """A look into the outbox with nothing in it, as every sweep takes one."""
    return outbox.drain(side.deps, threads=1) >= 0 or bool(turn)


ASKED: dict[str, Callable[[Side, int], bool]] = {
    "intake": write_in,
    "staff_page": staff_page,
    "duty_page": duty_page,
    "citizen_page": citizen_page,
    "progress": progress,
    "todo": todo,
    "outbox": send,
}


def open_side(env: dict[str, str], stored: int, stack: ExitStack) -> Side:
    """A database of its own with so many stored."""
    configured = bootstrap.read(env)
    store = bootstrap.make_store(configured.settings, pool_size=2)
    migrate(store.engine)
    history.fill(store, stored, NOW)
    history.reach_officers(store, NOW)
    store.close()
    app = create_app(configured)
    deps: Deps = app.extensions["wenzheng"]
    deps.clock, deps.wake, deps.webhook_budget = Clock(), lambda _queue: None, 60
    stack.callback(deps.store.close)
    return Side(stored, deps, app.test_client(), history.pages(stored))


def measure(sides: list[Side], rounds: int) -> None:
    """Each question to each side in turn."""
    for name, ask in ASKED.items():
        for turn in range(rounds + WARM_UP):
            for side in sides if turn % 2 else reversed(sides):
                started = time.perf_counter()
                right = ask(side, turn)
                spent = time.perf_counter() - started
                if not right:
                    raise WrongAnswer(f"{name} with {side.stored} stored")
                if turn >= WARM_UP:
                    side.seconds.setdefault(name, []).append(spent)


def figures(database: str, sides: list[Side]) -> Iterator[dict[str, Any]]:
    """Ratios first, then what they are made of."""
    small, big = sides
    for name in ASKED:
        shares = {mark: at(big.seconds[name]) / at(small.seconds[name]) for mark, at in POINTS.items()}
        yield {
            "name": f"growth_{name}_ratio_{database}",
            "value": round(shares["p50"], 2),
            "unit": f"of {small.stored} stored",
            "stored": big.stored,
            "p99": round(shares["p99"], 2),
        }
    for side in sides:
        yield {
            "name": f"growth_{database}_{side.stored}",
            "value": round(POINTS["p99"](side.seconds["intake"]) * 1000, 2),
            "unit": "ms",
            **{
                f"{name}_{mark}": round(at(side.seconds[name]) * 1000, 2)
                for name in ASKED
                for mark, at in POINTS.items()
            },
        }


def _p99(seconds: list[float]) -> float:
    return sorted(seconds)[max(0, int(len(seconds) * 0.99) - 1)]


POINTS: dict[str, Callable[[list[float]], float]] = {"p50": statistics.median, "p99": _p99}


def run(name: str, folder: Path, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    with ExitStack() as stack:
        sides = []
        for stored in options.stored:
            place = folder / f"{name}-{stored}"
            url = "" if name == "sqlite" else stack.enter_context(servers.postgres(place / "pg"))
            env = servers.settings(place, "unix:///nothing.sock", url, sealed=False)
            env |= {"CHANNELS": "console", "CONSOLE_SECRET": "of-one-benchmark", "CONSOLE_OUTBOX": os.devnull}
            sides.append(open_side(env, stored, stack))
        measure(sides, options.rounds)
        yield from figures(name, sides)


def read_options(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--short", action="store_true", help="2,000 against 50,000 stored")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument(
        "--stored", help="inquiries of the short past and the long one [10000,1000000; short: 2000,50000]"
    )
    parser.add_argument("--rounds", type=int, help="of each question [1000; short: 200]")
    options = parser.parse_args(argv)
    options.stored = [
        int(size) for size in (options.stored or ("2000,50000" if options.short else "10000,1000000")).split(",")
    ]
    options.rounds = options.rounds or (200 if options.short else 1000)
    if len(options.stored) != 2 or min(options.stored) < 2 * history.OPEN:
        parser.error(f"--stored takes two sizes of at least {2 * history.OPEN}")
    return options


def main() -> int:
    """0; 1 when an answer was not what it should be."""
    return print_all(run, read_options())


if __name__ == "__main__":
    sys.exit(main())
