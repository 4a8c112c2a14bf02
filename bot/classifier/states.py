"""What is stored of learned routers, and of the decisions they learn from."""

from __future__ import annotations

from enum import StrEnum


class ModelState(StrEnum):
    """At most one is ACTIVE. STANDBY waits to be gone back to; REFUSED was no better, or was gone back from."""

    ACTIVE = "active"
    STANDBY = "standby"
    REFUSED = "refused"


class DecisionSource(StrEnum):
    """Who said whose matter it is.

    DESK dispatched it by hand; CORRECTION took it from the unit the machine or the desk had chosen;
    ANSWERED: the unit the machine chose answered, so it was right.
    """

    DESK = "desk"
    CORRECTION = "correction"
    ANSWERED = "answered"
