"""Engines and transactions: ``Store.write`` and ``Store.read``.

SQLite has one writer at a time, so each process has one writer thread that commits waiting work in
groups (one fsync for many messages); PostgreSQL commits in the caller's thread. Either way a piece
of work is a function of a ``Tx``; it may run twice, so it has no effects but on the database, and
what must follow the commit goes to ``tx.after_commit``.
"""

from __future__ import annotations

import queue
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from store.engine.number_blocks import NumberBlocks

if TYPE_CHECKING:
    from store.engine.vault import Vault

T = TypeVar("T")
GROUP_LIMIT = 64
RETRIES = 4
WRITERS = 12
"""How many webhooks of one process may be in a transaction at once on PostgreSQL. More would only wait for the
same two cores.
"""


DatabaseError = DBAPIError
"""The database refused a statement, or the connection broke.

A name for callers that let such an error pass and must not import SQLAlchemy.
"""


class Conflict(Exception):
    """Somebody else changed a row between reading and writing it. The whole piece of work is run again."""


class StoreUnavailable(Exception):
    """The database did not answer in the time allowed. Whether the work was done is not known."""


def sqlite_file(url: str) -> Path | None:
    """The file of an SQLite URL (an empty path if it names none); None for another database."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


@dataclass(slots=True)
class Tx:
    """One transaction: the connection, the vault, and what is to be done once it is committed."""

    conn: Connection
    vault: Vault
    numbers: NumberBlocks | None = None
    after_commit: list[Callable[[], None]] = field(default_factory=list)
    driver: Any = field(init=False, repr=False)
    sqlite: bool = field(init=False)

    def __post_init__(self) -> None:
        self.driver = self.conn.connection.dbapi_connection
        self.sqlite = self.conn.dialect.name == "sqlite"


Work = Callable[[Tx], T]


def make_engine(url: str, *, pool_size: int = 16) -> Engine:
    """An engine with the settings that make each database durable and keep its waits short."""
    if url.startswith("sqlite"):
        engine = create_engine(
            url,
            pool_size=pool_size,
            max_overflow=8,
            hide_parameters=True,
            connect_args={"timeout": 30, "check_same_thread": False},
        )
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin)
        return engine
    return create_engine(
        url,
        pool_size=pool_size,
        max_overflow=8,
        pool_pre_ping=True,
        pool_timeout=5,
        hide_parameters=True,  # values are what people wrote, and an error may reach a log
        connect_args={"connect_timeout": 3, "options": "-c statement_timeout=60000"},
    )


def _sqlite_connect(connection: Any, _record: Any) -> None:
    # The driver's own transaction handling would begin late and deferred; ours is explicit.
    connection.isolation_level = None
    cursor = connection.cursor()
    # SQLite checks references only if each connection asks for it.
    cursor.execute("PRAGMA foreign_keys=ON")
    # In WAL mode NORMAL does not sync each commit, so a power cut could lose a message that was acknowledged.
    cursor.execute("PRAGMA synchronous=FULL")
    # With the standard cache (2 MB) and checkpoint (every 1,000 pages) the same index pages would be read and
    # written again and again. These are 6 MB and 4,000 pages.
    cursor.execute("PRAGMA cache_size=-6000")
    cursor.execute("PRAGMA wal_autocheckpoint=4000")
    cursor.close()


def _sqlite_begin(conn: Connection) -> None:
    # A deferred transaction that writes later fails at once when another process wrote in between,
    # without waiting for the busy timeout; an immediate one waits its turn.
    conn.exec_driver_sql("BEGIN" if conn.get_execution_options().get("reading") else "BEGIN IMMEDIATE")


class Store:
    """The database as the handlers see it. One per process; start no thread before fork."""

    def __init__(self, url: str, vault: Vault, *, pool_size: int = 16) -> None:
        self.url = url
        self.vault = vault
        self.engine = make_engine(url, pool_size=pool_size)
        self._writer = _GroupWriter(self.engine, vault) if url.startswith("sqlite") else None
        self._gate = threading.BoundedSemaphore(WRITERS)
        # Numbers are taken on a connection of their own. If a writer had to wait for a second one of the pool,
        # all writers could come to wait for each other.
        self._spare = None if self._writer else make_engine(url, pool_size=1)
        self._numbers = NumberBlocks(self._spare) if self._spare else None

    def write(self, work: Work[T], *, budget: float | None = None) -> T:
        """Run ``work`` in a transaction and return its result once it is durable.

        Raises StoreUnavailable when it was not done within ``budget`` seconds or the database is
        away (it may still be committed later), else whatever ``work`` raised.
        """
        if self._writer is not None:
            result, after = self._writer.submit(work, budget)
        else:
            with nullcontext() if budget is None else _through(self._gate, budget):
                result, after = _run_retrying(self.engine, self._tx, work, budget)
        for hook in after:
            hook()
        return result

    def read(self, work: Work[T]) -> T:
        """Run ``work`` in a read-only snapshot."""
        with _unavailable(), self.engine.connect().execution_options(reading=True) as conn, conn.begin():
            return work(self._tx(conn))

    def _tx(self, conn: Connection) -> Tx:
        return Tx(conn, self.vault, self._numbers)

    def close(self) -> None:
        """Finish the work handed over and close the connections."""
        if self._writer is not None:
            self._writer.stop()
        if self._spare is not None:
            self._spare.dispose()
        self.engine.dispose()


@contextmanager
def _through(gate: threading.BoundedSemaphore, budget: float) -> Iterator[None]:
    if not gate.acquire(timeout=budget):
        raise StoreUnavailable("too many are writing")
    try:
        yield
    finally:
        gate.release()


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except (OperationalError, PoolTimeout) as error:
        raise StoreUnavailable(type(error).__name__) from error


def _run_once(
    engine: Engine, make_tx: Callable[[Connection], Tx], work: Work[T], budget: float | None
) -> tuple[T, list[Callable[[], None]]]:
    with engine.begin() as conn:
        if budget is not None:
            # LOCAL, or the limit would stay on the pooled connection for the next one who gets it.
            conn.exec_driver_sql(f"SET LOCAL statement_timeout = {int(budget * 1000)}")
        tx = make_tx(conn)
        result = work(tx)
    return result, tx.after_commit


def _run_retrying(
    engine: Engine, make_tx: Callable[[Connection], Tx], work: Work[T], budget: float | None
) -> tuple[T, list[Callable[[], None]]]:
    for attempt in range(1, RETRIES + 1):
        try:
            return _run_once(engine, make_tx, work, budget)
        except PoolTimeout as error:
            raise StoreUnavailable("PoolTimeout") from error
        except (DBAPIError, Conflict) as error:
            if attempt < RETRIES and _worth_retrying(error):
                # Two transactions that collided would collide again if both waited for the same time.
                time.sleep(random.uniform(0.005, 0.03) * attempt)  # noqa: S311  spreads retries, no secret
            elif isinstance(error, OperationalError):
                raise StoreUnavailable(type(error.orig).__name__) from error
            else:
                raise
    raise AssertionError("unreachable")


def _worth_retrying(error: DBAPIError | Conflict) -> bool:
    if isinstance(error, Conflict):
        return True
    # 40001 serialization_failure, 40P01 deadlock_detected, 23505 unique_violation: the race is over
    # by the next try (two first messages of one person at once). PostgreSQL 18 manual, appendix A.
    return getattr(error.orig, "sqlstate", "") in {"40001", "40P01", "23505"}


@dataclass(slots=True)
class _Job:
    work: Work[Any]
    future: Future[tuple[Any, list[Callable[[], None]]]]


class _GroupWriter:
    """SQLite's only writer: takes the work that waits, runs it in one transaction and commits once
    (docs/decisions/0009-group-commit-on-sqlite.md).
    """

    def __init__(self, engine: Engine, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    def submit(self, work: Work[T], budget: float | None) -> tuple[T, list[Callable[[], None]]]:
        self._start()
        job = _Job(work, Future())
        self._jobs.put(job)
        try:
            return job.future.result(timeout=budget)
        except FutureTimeout as error:
            raise StoreUnavailable("the writer is busy") from error

    def _start(self) -> None:
        # Started by the first write, so that a process that forks first does not lose it.
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._loop, name="store-writer", daemon=True)
                    self._thread.start()

    def stop(self) -> None:
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join(timeout=30)
            self._thread = None

    def _loop(self) -> None:
        while (job := self._jobs.get()) is not None:
            group = [job]
            stop = False
            while len(group) < GROUP_LIMIT:
                try:
                    following = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if following is None:
                    stop = True
                    break
                group.append(following)
            self._commit(group)
            if stop:
                return

    def _commit(self, group: list[_Job]) -> None:
        try:
            done = self._run(group)
        except Exception as error:  # noqa: BLE001  whatever it is belongs to the one who asked
            if len(group) == 1:
                group[0].future.set_exception(_translate(error))
            else:
                # One piece of work failed and took the group with it. Each is run by itself, so that the error
                # goes to the one who caused it.
                for job in group:
                    self._commit([job])
            return
        for job, result in zip(group, done, strict=True):
            job.future.set_result(result)

    def _run(self, group: list[_Job]) -> list[tuple[Any, list[Callable[[], None]]]]:
        done = []
        with self._engine.begin() as conn:
            for job in group:
                tx = Tx(conn, self._vault)
                done.append((job.work(tx), tx.after_commit))
        return done


def _translate(error: Exception) -> Exception:
    if isinstance(error, OperationalError | PoolTimeout):
        unavailable = StoreUnavailable(type(error).__name__)
        unavailable.__cause__ = error
        return unavailable
    return error
