"""Which way a message of an inquiry goes."""

from __future__ import annotations

from enum import StrEnum


class Direction(StrEnum):
    """IN is the citizen's, OUT an answer to her.

    ASIDE: an answer that does not hold any more. INTERNAL: between units and the office. CALL: a telephone call.
    """

    IN = "in"
    OUT = "out"
    ASIDE = "aside"
    INTERNAL = "internal"
    CALL = "call"
