"""``wenzheng replay``: a district's half year in minutes, through the real handlers and the real store."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from datetime import time as day_time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from pydantic import SecretStr

import bootstrap
from adapters.console import Console, ConsoleConfig
from adapters.kit.base import Services
from bot.clocks.workdays import CHINA
from cli.common import FAILED, complain, plainly, print_json
from cli.demo import SAMPLE, kept_secret, load_sample
from cli.processes import run_migrations
from handlers.replay.half_year import Plan, Replay, SimulatedClock
from handlers.replay.plan import Rates, Story, arrivals
from handlers.replay.summary import summarize
from handlers.services.cache import read_directory
from handlers.services.metrics import StoredAlarms
from store import directory, replays
from store.engine.migrate import has_tables
from store.engine.redis import RedisCache, connect
from store.engine.serial import SerialStore
from store.engine.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bootstrap import Configured
    from handlers.replay.summary import Summary
    from handlers.services.deps import Deps

ACCOUNT = "replay"
DEFAULTS = Rates()
SHARE = click.FloatRange(0, 1)
DAY = click.DateTime(["%Y-%m-%d"])
PATIENCE = 120.0
"""Seconds: nobody waits for these webhooks, and a slow disk must not end a long run."""


def _share(name: str, what: str) -> Callable[[Any], Any]:
    return click.option(
        f"--{name.replace('_', '-')}",
        type=SHARE,
        show_default=True,
        help=what,
        default=getattr(
            DEFAULTS,
            {"extension_rate": "extension", "return_rate": "returned", "rating_rate": "rating"}.get(name, name),
        ),
    )


@click.command("replay")
@click.option(
    "--inquiries", "count", default=3928, show_default=True, type=click.IntRange(1), help="Messages that open one."
)
@click.option("--from", "first", default="2012-01-01", show_default=True, type=DAY, help="First day.")
@click.option("--to", "last", default="2012-07-31", show_default=True, type=DAY, help="Last day.")
@click.option(
    "--units", default=55, show_default=True, type=click.IntRange(1), help="Departments and subdistricts concerned."
)
@click.option("--seed", default=1, show_default=True, help="The same seed gives the same half year.")
@_share("on_time", "Share of orders answered in time.")
@_share("extension_rate", "Share of orders more time is asked for.")
@_share("return_rate", "Share of orders given back.")
@_share("rating_rate", "Share of answers that are rated.")
@_share("dissatisfied", "Share of the ratings that say 不满意.")
@click.option("--into-demo", is_flag=True, help="Into the demo's database although messages came in there already.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@plainly
def replay(
    *,
    count: int,
    first: datetime,
    last: datetime,
    units: int,
    seed: int,
    into_demo: bool,
    as_json: bool,
    **shares: float,
) -> None:
    """A district's half year on a simulated clock. Nothing is sent to anybody.

    Fills an empty database, or with --into-demo the demo's; stop the demo first.
    """
    if last < first:
        raise click.BadParameter("is before --from", param_hint="--to")
    rates = Rates(
        on_time=shares["on_time"],
        extension=shares["extension_rate"],
        returned=shares["return_rate"],
        rating=shares["rating_rate"],
        dissatisfied=shares["dissatisfied"],
    )
    configured = _configured()
    _refuse_unless_ours(configured, into_demo=into_demo)
    run_migrations(configured.settings)
    with _services(configured, _start(first.date())) as (deps, clock, console):
        load_sample(deps)
        plan = _plan(deps, first.date(), last.date(), count=count, units=units, seed=seed, rates=rates)
        played = Replay(deps, clock, console, plan)
        started, used = time.perf_counter(), time.process_time()
        with _progress(len(plan.arrivals)) as tick:
            played.run(tick)
        seconds, cpu = time.perf_counter() - started, time.process_time() - used
        summary = deps.store.read(lambda tx: summarize(tx, ACCOUNT, deps.calendar()))
    _say(summary, played, (seconds, cpu), as_json=as_json)


def _configured() -> Configured:
    """The environment's settings; without a SECRET_KEY those of the demo in DATA_DIR."""
    env = bootstrap.environment()
    if not env.get("SECRET_KEY"):
        env["SECRET_KEY"] = kept_secret(Path(env.get("DATA_DIR") or "var"))
    return bootstrap.read(env)


def _start(day: date) -> datetime:
    return datetime.combine(day, day_time(), CHINA).astimezone(UTC)


@contextmanager
def _services(configured: Configured, start: datetime) -> Iterator[tuple[Deps, SimulatedClock, Console]]:
    """The product's services with a simulated clock and a single channel that sends nothing."""
    vault_keys = configured.settings.secrets
    store = SerialStore(configured.settings.database, Vault(vault_keys[0], *vault_keys[1:]))
    deps = bootstrap.build(configured, worker_name="replay", store=store)
    clock = SimulatedClock(start)
    alarms = StoredAlarms(deps.store, clock)
    config = ConsoleConfig(
        secret=SecretStr(secrets.token_hex(16)), secret_previous=SecretStr(""), outbox=Path(os.devnull)
    )
    console = Console(ACCOUNT, config, Services(clock, RedisCache(connect(configured.settings.redis)), alarms))
    try:
        yield (
            replace(
                deps,
                channels={ACCOUNT: console},
                clock=clock,
                alarms=alarms,
                wake=lambda _queue: None,
                webhook_budget=PATIENCE,
            ),
            clock,
            console,
        )
    finally:
        deps.store.close()


def _refuse_unless_ours(configured: Configured, *, into_demo: bool) -> None:
    """Refuse a database that is not the demo's or empty: invented inquiries must not come between a district's own."""
    settings = configured.settings
    found, units = _held(configured)
    demo = (settings.data_dir / "demo-secret").is_file() and not settings.database_url
    why = ""
    if ACCOUNT in found:
        why = "this database holds a replay already; take another DATA_DIR"
    elif found and not demo:
        why = "this database holds inquiries of real channels; a replay is for an empty database or the demo's"
    elif units and not demo:
        why = "this database holds a district's directory; a replay is for an empty database or the demo's"
    elif found and not into_demo:
        why = "the demo's database holds inquiries already; to add a replay to them say --into-demo"
    elif (settings.data_dir / "valkey.sock").exists() and _answers(settings.redis):
        why = "the system is running on this DATA_DIR; stop it first, its clock is another"
    if why:
        complain(f"replay: {why}")
        raise SystemExit(FAILED)


def _held(configured: Configured) -> tuple[dict[str, int], int]:
    """The number of inquiries by channel, and of units; of a database without tables none."""
    store = bootstrap.make_store(configured.settings, pool_size=1)
    try:
        if not has_tables(store.engine):
            return {}, 0
        return store.read(lambda tx: (replays.by_channel(tx), len(directory.all_units(tx))))
    finally:
        store.close()


def _answers(url: str) -> bool:
    try:
        return bool(connect(url).ping())
    except Exception:  # noqa: BLE001  whatever it says, nobody is there
        return False


def _plan(deps: Deps, first: date, last: date, *, count: int, units: int, seed: int, rates: Rates) -> Plan:
    story = Story(json.loads((SAMPLE / "stories.json").read_text("utf-8")))
    known = deps.store.read(read_directory)
    messages = arrivals(known, story, deps.calendar(), first=first, last=last, count=count, units=units, seed=seed)
    until = _start(last + timedelta(days=1)) - timedelta(microseconds=1)
    return Plan(messages, _start(first), until, rates, story, seed)


@contextmanager
def _progress(length: int) -> Iterator[Callable[[int], None]]:
    if not sys.stderr.isatty():
        yield lambda _count: None
        return
    with click.progressbar(length=length, label="inquiries", file=sys.stderr) as bar:
        yield bar.update


def _say(summary: Summary, played: Replay, took: tuple[float, float], *, as_json: bool) -> None:
    seconds, cpu = took
    speed = {
        "seconds": round(seconds, 2),
        "inquiries_per_second": round(summary.accepted / seconds, 1),
        "inquiries_per_cpu_second": round(summary.accepted / cpu, 1),
    }
    refused = dict(sorted(played.refused.items()))
    if as_json:
        print_json(summary.as_json() | {"refused": refused} | speed)
        return
    share = f"{summary.satisfied / summary.rated:.1%}" if summary.rated else "-"
    rows = [
        ("accepted", summary.accepted),
        ("closed", summary.closed),
        ("open", summary.open + summary.other),
        ("on time", summary.on_time),
        ("overdue", summary.overdue),
        ("yellow", summary.yellow),
        ("red", summary.red),
        ("extensions", summary.extensions),
        ("returns", summary.returns),
        ("rework", summary.rework),
        ("satisfied", f"{share} of {summary.rated}"),
        ("mean working days", summary.mean_working_days),
        ("points", f"{summary.points:+.2f} in {summary.units} units"),
        *((f"  {code}", f"{points:+.2f}  {name}, {orders} orders") for code, name, points, orders in summary.worst),
        ("inquiries/s", f"{speed['inquiries_per_second']} ({speed['inquiries_per_cpu_second']} a second of CPU)"),
    ]
    for name, value in rows:
        click.echo(f"{name:18} {value}")


COMMANDS = (replay,)
