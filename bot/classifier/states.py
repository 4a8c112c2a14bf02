"""The values stored for learned routers and for the decisions they learn from."""

from __future__ import annotations

from enum import StrEnum


class ModelState(StrEnum):
    """The state of a stored model. At most one is ACTIVE; STANDBY is an earlier one that can be restored; REFUSED
    was no better than the one in use, or was rolled back.
    """

    ACTIVE = "active"
    STANDBY = "standby"
    REFUSED = "refused"


class DecisionSource(StrEnum):
    """Who said which unit a matter belongs to.

    DESK: the duty desk dispatched it by hand. CORRECTION: the matter was taken from the unit that the machine or
    the desk had chosen. ANSWERED: the unit the machine had chosen answered, so the machine was right.
    """

    DESK = "desk"
    CORRECTION = "correction"
    ANSWERED = "answered"
