"""Counts wrong codes typed from one address. After a few of them the address is locked for a while."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from store import people

if TYPE_CHECKING:
    from handlers.services.deps import Turn
    from store.records.people import AddressValues

# A code has six digits. With 240 tries a day, which this allows, somebody would need years to guess one.
WRONG_CODES = 5
LOCK = timedelta(minutes=30)


def count_wrong_code(turn: Turn) -> None:
    """Count a wrong code. Five of them lock the sender's look-ups and commands for 30 minutes."""
    wrong = turn.address.bad_codes + 1
    values: AddressValues = {"bad_codes": wrong}
    if wrong >= WRONG_CODES:
        values = {"bad_codes": 0, "locked_until": turn.now + LOCK}
        turn.deps.metrics.count("locked", channel=turn.channel.account)
    people.change(turn.tx, turn.address.id, **values)
