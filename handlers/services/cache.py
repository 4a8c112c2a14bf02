"""What every message needs and hardly ever changes, the calendar and the router, kept in memory for a while."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Generic, TypeVar

from bot.clocks.workdays import Calendar
from bot.directory.catalogue import Catalogue, Category
from bot.directory.units import Directory, OfficerRow, Role, Tier, UnitRow
from bot.routing.keywords import KeywordRouter
from store import calendar, catalogue, directory

if TYPE_CHECKING:
    from collections.abc import Callable

    from store.engine.transactions import Store, Tx
    from store.records.directory import UnitRecord

T = TypeVar("T")
KEEP_SECONDS = 30.0


class Cached(Generic[T]):
    """A value made from the database, and made again when it is older than 30 seconds. If that fails the old one
    is used.
    """

    def __init__(self, store: Store, make: Callable[[Tx], T]) -> None:
        self._store = store
        self._make = make
        self._value: T | None = None
        self._at = float("-inf")
        self._lock = threading.Lock()

    def get(self) -> T:
        """The value. Raises what the database raised when there is no older value."""
        value = self._value
        if value is not None and time.monotonic() - self._at < KEEP_SECONDS:
            return value
        # While there is an old value nobody waits for a new one. The caller may hold a connection that the reader
        # of the new value needs: all connections of the pool waited for each other (measured 2026-11-23).
        if self._lock.acquire(blocking=value is None):
            try:
                if self._value is None or time.monotonic() - self._at >= KEEP_SECONDS:
                    self._remake()
            finally:
                self._lock.release()
        if self._value is None:
            raise RuntimeError("nothing was made")
        return self._value

    def _remake(self) -> None:
        try:
            self._value = self._store.read(self._make)
        except Exception:
            if self._value is None:
                raise
        self._at = time.monotonic()


def CachedCalendar(store: Store) -> Cached[Calendar]:  # noqa: N802  reads as the thing it makes
    """The working calendar with the office's own days."""
    return Cached(store, read_calendar)


def CachedRouter(store: Store) -> Cached[KeywordRouter]:  # noqa: N802
    """The router over the current directory. It is built again only when the directory has changed, because a
    large catalogue takes a tenth of a second.
    """
    last: list[KeywordRouter] = []

    def make(tx: Tx) -> KeywordRouter:
        found = read_directory(tx)
        if not last or last[0].directory != found:
            last[:] = [KeywordRouter(found)]
        return last[0]

    return Cached(store, make)


def read_calendar(tx: Tx) -> Calendar:
    """The published days, overridden by those of the office. A year imported from its notice has every day
    entered, so nothing of it is provisional.
    """
    return Calendar(calendar.overrides(tx))


def read_directory(tx: Tx) -> Directory:
    """The directory in the form of the domain, with its catalogue. Officers' phones stay encrypted in the
    database.

    Units that were merged into another are included, for ``Directory.successor``.
    """
    units = tuple(_unit(row) for row in directory.all_units(tx, active=False) if row.active or row.merged_into)
    officers = tuple(
        OfficerRow(name=o.name, unit_code=o.unit_code, role=Role(o.role), phone="") for o in directory.all_officers(tx)
    )
    return Directory(units, officers, read_catalogue(tx))


def _unit(row: UnitRecord) -> UnitRow:
    return UnitRow(
        code=row.code,
        name=row.name,
        short_names=tuple(row.short_names),
        tier=Tier(row.tier),
        parent_code=row.parent_code,
        keywords=tuple(row.keywords),
        places=tuple(row.places),
        phone=row.phone,
        active=row.active,
        merged_into=row.merged_into,
    )


def read_catalogue(tx: Tx) -> Catalogue:
    """The active categories."""
    return Catalogue(
        tuple(
            Category(
                code=row.code,
                name=row.name,
                parent_code=row.parent_code,
                keywords=tuple(row.keywords),
                unit_code=row.unit_code,
                standard_code=row.standard_code,
            )
            for row in catalogue.all_categories(tx)
        )
    )
