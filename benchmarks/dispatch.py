"""The routing drain: stored, unrouted inquiries become orders with their officers told.

    python benchmarks/dispatch.py [--json] [--short] [--database sqlite|postgres|both] [--inquiries N]

Over the sample district; each inquiry comes in through the real intake first, and the ratio is to that:
routing must never be slower than what it has to keep up with. Once by keywords, once with a model
taught by as many decisions as there are inquiries. The processor's own seconds are printed beside.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from kit import servers
from kit.clock import StandingClock
from kit.figures import WrongRun, print_all

import bootstrap
from bot.classifier.model import Classifier, Example, train
from bot.edge.messages import Address, InboundMessage, Kind
from bot.routing.triage import Learned
from cli.demo import load_sample
from handlers.duty_desk import dispatch
from handlers.inbound import receive
from store.engine.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from handlers.services.deps import Deps

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
TROUBLES = (
    "坏了三天没人管",
    "太吵，晚上睡不着",
    "什么时候能修好",
    "天天堵着路",
    "要交多少钱，找谁办",
    "有异味，请派人看看",
    "反映多次没有结果",
)


class WrongCount(WrongRun):
    """A drain that routed something else than what was stored."""


def letters(deps: Deps, count: int) -> Iterator[tuple[str, str]]:
    """(text, unit) with the units' own words at the places of the district."""
    known = deps.router().directory
    units = [unit for unit in known.units if unit.keywords and unit.code not in known.duty_codes]
    places = [place for unit in known.units for place in unit.places] or ["建设路"]
    pick = random.Random(2012)
    for number in range(count):
        unit = pick.choice(units)
        yield (
            f"{pick.choice(places)}{number % 300 + 1}号的{pick.choice(unit.keywords)}{pick.choice(TROUBLES)}",
            unit.code,
        )


def take_in(deps: Deps, clock: StandingClock, texts: list[str]) -> float:
    """Each from a citizen of their own; seconds."""
    channel = deps.channels["console"]
    started = time.perf_counter()
    for number, text in enumerate(texts):
        event = InboundMessage("console", f"m{number}", Address("console", f"citizen-{number}"), Kind.TEXT, text)
        receive.take(deps, channel, event, replay_key=f"r{number}", raw=b"{}", now=clock.now())
    return time.perf_counter() - started


def taught(deps: Deps, count: int) -> Learned:
    """A model of so many decisions, as ``wenzheng model train`` would make it."""
    model = train([Example(text, unit) for text, unit in letters(deps, count)])
    return Learned("model:1", Classifier.from_bytes(model.to_bytes()))


def measure(env: dict[str, str], count: int, *, learned: bool) -> dict[str, Any]:
    """A database of its own: intake and drain in inquiries/s."""
    configured = bootstrap.read(env)
    store = bootstrap.make_store(configured.settings, pool_size=4)
    migrate(store.engine)
    store.close()
    deps = bootstrap.build(configured, worker_name="bench", pool_size=4)
    clock = StandingClock(NOW)
    deps.clock, deps.wake = clock, lambda _queue: None
    load_sample(deps)
    model = taught(deps, count) if learned else None
    deps.learned = lambda: model
    taken = take_in(deps, clock, [text for text, _ in letters(deps, count)])
    clock.time += timedelta(minutes=30)
    started, worked = time.perf_counter(), time.process_time()
    routed = dispatch.drain(deps)
    seconds, busy = time.perf_counter() - started, time.process_time() - worked
    deps.store.close()
    if routed != count:
        raise WrongCount(f"{routed} of {count} routed")
    return {
        "value": round(count / seconds),
        "ratio": round(taken / seconds, 2),
        "intake": round(count / taken),
        "a_core": round(count / busy),
    }


def run(database: str, folder: Path, options: argparse.Namespace) -> Iterator[dict[str, Any]]:
    for way in ("keywords", "model"):
        place = folder / f"{database}-{way}"
        with ExitStack() as stack:
            url = "" if database == "sqlite" else stack.enter_context(servers.postgres(place / "pg"))
            env = servers.settings(place, "unix:///nothing.sock", url, sealed=False) | {
                "CHANNELS": "console",
                "CONSOLE_SECRET": "bench-only-secret",
            }
            found = measure(env, options.inquiries, learned=way == "model")
            yield {"name": f"dispatch_{database}_{way}", **found, "unit": "inquiries/s"}


def main() -> int:
    """0; 1 when a drain routed something else than was stored."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--short", action="store_true", help="500 inquiries")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--inquiries", type=int, help="[5000; short: 500]")
    options = parser.parse_args()
    options.inquiries = options.inquiries or (500 if options.short else 5000)
    return print_all(run, options)


if __name__ == "__main__":
    sys.exit(main())
