"""The learned model in use: read from the database, and checked for a newer one now and then.

A model that is missing, damaged or of another version raises the alarm ``model_unreadable``, and the keywords
route meanwhile. ``load`` is ``Classifier.from_bytes``, passed in by the worker, because web processes hold no
model.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from bot.edge.errors import ModelUnreadable
from bot.routing.triage import Guesser, Learned
from store import models

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.edge.ports import Alarms
    from store.engine.transactions import Store, Tx
    from store.records.routing import ModelRecord

LOOK_SECONDS = 10.0
ALARM = "model_unreadable"


class LearnedModel:
    """The active model of a store. ``get`` costs one small query every 10 seconds."""

    def __init__(self, store: Store, alarms: Alarms, load: Callable[[bytes], Guesser]) -> None:
        self._store = store
        self._alarms = alarms
        self._load = load
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._seen: int | None = None
        self._learned: Learned | None = None

    def get(self) -> Learned | None:
        """The model, or None, in which case the keywords decide. Raises only what the database raised."""
        with self._lock:
            if time.monotonic() - self._looked >= LOOK_SECONDS:
                self._look()
                self._looked = time.monotonic()
            return self._learned

    def _look(self) -> None:
        row = self._store.read(models.active)
        if (row.id if row is not None else None) == self._seen:
            return
        self._learned = self._loaded(row) if row is not None else None
        self._seen = row.id if row is not None else None
        if row is None or self._learned is not None:
            self._alarms.clear_alarm(ALARM)

    def _loaded(self, row: ModelRecord) -> Learned | None:
        def work(tx: Tx) -> bytes:
            return models.data_of(tx, row.id) or b""

        try:
            guesser = self._load(self._store.read(work))
        except ModelUnreadable as error:
            self._alarms.raise_alarm(ALARM, model=row.id, why=error.why)
        except (ImportError, MemoryError) as error:
            self._alarms.raise_alarm(ALARM, model=row.id, why=type(error).__name__)
        else:
            chose = row.card.get("keywords", {})
            return Learned(f"model:{row.id}", guesser, (int(chose.get("chose", 0)), int(chose.get("right", 0))))
        return None
