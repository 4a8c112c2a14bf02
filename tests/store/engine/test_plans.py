"""What every sweep asks must cost what is due, not what is stored: SQLite says how it looks for it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from store import deadlines, outbox, replays, topics
from tests.kit.world import make_store

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)
LOOKS = {
    "claim": lambda tx: outbox.claim(tx, worker="w", now=NOW, limit=40),
    "waiting": lambda tx: outbox.waiting(tx, NOW),
    "held": lambda tx: outbox.held_for(tx, 1),
    "clock": lambda tx: deadlines.anything_due(tx, NOW),
    "topics": lambda tx: topics.after(tx, topics.looked(tx), 1),
    "replay": replays.next_moments,
}


class Listening:
    """The driver's connection, which remembers what it was asked and with what values."""

    def __init__(self, driver, asked):
        self._driver, self._asked = driver, asked

    def execute(self, sql, values=()):
        self._asked.append((sql, values))
        return self._driver.execute(sql, values)


@pytest.fixture
def store(tmp_path):
    made = make_store(tmp_path / "plans.db")
    yield made
    made.close()


@pytest.mark.parametrize("name", LOOKS)
def test_no_look_reads_a_whole_table(store, name):
    asked = []

    @event.listens_for(store.engine, "before_cursor_execute")
    def listen(_conn, _cursor, sql, values, _context, _many):
        asked.append((sql, values))

    def work(tx):
        driver, tx.driver = tx.driver, Listening(tx.driver, asked)
        LOOKS[name](tx)
        selects = [(sql, values) for sql, values in asked if sql.startswith("SELECT")]
        return [step[3] for sql, values in selects for step in driver.execute(f"EXPLAIN QUERY PLAN {sql}", values)]

    steps = store.write(work)
    assert steps
    for step in steps:
        whole = step.startswith("SCAN ") and "INDEX" not in step and "CONSTANT ROW" not in step
        assert not whole, steps
