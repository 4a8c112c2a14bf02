"""Which way a message of an inquiry goes."""

from __future__ import annotations

from enum import StrEnum


class Direction(StrEnum):
    """IN is written by the citizen, OUT is an answer to the citizen.

    ASIDE is an answer that does not hold any more. INTERNAL passes between units and the office. CALL is a
    telephone call.
    """

    IN = "in"
    OUT = "out"
    ASIDE = "aside"
    INTERNAL = "internal"
    CALL = "call"
