"""A store for a replay: one connection, one piece of work after another, and many of them in a commit.

Each piece is still all or nothing (a savepoint) and sees what went before; only the disk is waited for less
often. A crash loses the end of the run, of which nothing was promised to anybody.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

from store.engine.transactions import Store, Tx

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from store.engine.transactions import Work
    from store.engine.vault import Vault

T = TypeVar("T")
GROUP = 500


class SerialStore(Store):
    """``Store`` for a single process in which nobody waits for an answer. Budgets are ignored."""

    def __init__(self, url: str, vault: Vault, *, group: int = GROUP) -> None:
        super().__init__(url, vault, pool_size=2)
        self._group = group
        self._open: Connection | None = None
        self._works = 0
        self._depth = 0
        # Of a thread, not of a piece of work: the calendar is read anew in the middle of one.
        self._mine = threading.RLock()

    def write(self, work: Work[T], *, budget: float | None = None) -> T:  # noqa: ARG002  see the class
        with self._mine:
            tx = self._tx(self._connection())
            result = self._saved(tx, work)
            self._works += 1
            if self._works >= self._group and not self._depth:
                self.commit()
        for hook in tx.after_commit:
            hook()
        return result

    def read(self, work: Work[T]) -> T:
        with self._mine:
            return work(self._tx(self._connection()))

    def _saved(self, tx: Tx, work: Work[T]) -> T:
        point = f"work_{self._depth}"
        self._depth += 1
        try:
            tx.driver.execute(f"SAVEPOINT {point}")
            result = work(tx)
        except BaseException:
            tx.driver.execute(f"ROLLBACK TO SAVEPOINT {point}")
            raise
        finally:
            tx.driver.execute(f"RELEASE SAVEPOINT {point}")
            self._depth -= 1
        return result

    def _connection(self) -> Connection:
        if self._open is None:
            self._open = self.engine.connect()
            self._open.begin()
        return self._open

    def commit(self) -> None:
        """Make everything so far durable."""
        with self._mine:
            if self._open is not None:
                self._open.commit()
                self._open.close()
            self._open, self._works = None, 0

    def close(self) -> None:
        self.commit()
        super().close()
