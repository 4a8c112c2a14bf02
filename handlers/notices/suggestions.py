"""The units the router proposed for an inquiry, as far as they can take it today: for notices, words and pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.routing.triage import SHOWN
from handlers.notices.privacy import Routed, accused

if TYPE_CHECKING:
    from bot.directory.units import Directory


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A unit the router proposes. ``position`` is the number that takes it, from 1; ``confidence`` is 0 to 1."""

    position: int
    unit_code: str
    unit_name: str
    confidence: float
    words: tuple[str, ...]


def proposed(known: Directory, inquiry: Routed, has_it: str = "") -> list[Suggestion]:
    """The proposals by the directory in memory, which is at most half a minute old. Sending on asks the database
    again.
    """
    found: list[Suggestion] = []
    candidates = (inquiry.routing or {}).get("candidates", [])[:SHOWN]
    for position, (code, confidence, words) in enumerate(candidates, start=1):
        unit = known.successor(code)
        if unit is None or not known.can_take(unit) or accused(inquiry, unit):
            continue
        if unit.code not in {has_it, *(each.unit_code for each in found)}:
            found.append(Suggestion(position, unit.code, unit.name, min(1.0, float(confidence)), tuple(words)))
    return found
