"""Inquiry numbers on PostgreSQL, of which a process takes several at a time.

One counter row a day, updated by every message inside its transaction, would make messages wait for each other's
commit (taking in fell to a fortieth of a bare echo's, measured 2026-11-23). So numbers are taken in blocks, by a
short transaction of their own. A process that ends leaves the rest of its block unused: numbers are unique and
rise with time, but have gaps (docs/decisions/0008-drafts-and-numbers.md).
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from sqlalchemy.dialects import postgresql

from store.tables.operations import counters

if TYPE_CHECKING:
    from sqlalchemy import Engine

BLOCK = 16


class NumberBlocks:
    """The numbers a process has in hand, shared by its threads. ``engine`` has a connection besides those of the
    writers.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._name = ""
        self._next = 0
        self._end = 0

    def take(self, name: str) -> int:
        """The next number of a counter, from 1."""
        with self._lock:
            if name != self._name or self._next > self._end:
                self._end = self._reserve(name)
                self._next = self._end - BLOCK + 1
                self._name = name
            taken = self._next
            self._next += 1
        return taken

    def _reserve(self, name: str) -> int:
        statement = postgresql.insert(counters).values(name=name, value=BLOCK)
        statement = statement.on_conflict_do_update(index_elements=["name"], set_={"value": counters.c.value + BLOCK})
        with self._engine.begin() as conn:
            return int(conn.execute(statement.returning(counters.c.value)).scalar_one())
