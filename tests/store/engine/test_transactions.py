"""The unit of work on both databases: durable, grouped, bounded in time."""

from __future__ import annotations

import threading
import time

import pytest
from sqlalchemy import select, text

from store.engine.migrate import migrate
from store.engine.transactions import WRITERS, Conflict, Store, StoreUnavailable
from store.engine.vault import Vault
from store.engine.writes import insert_row
from store.inquiries import next_count, next_of_day
from store.tables.inquiries import events
from store.tables.operations import counters
from store.tables.people import contacts
from tests.kit.fakes import START

VAULT = Vault("a secret for tests, long enough to be one")


@pytest.fixture
def store(database_url):
    store = Store(database_url, VAULT)
    migrate(store.engine)
    yield store
    store.close()


def count_of(store, table):
    return len(store.read(lambda tx: tx.conn.execute(select(table)).all()))


def test_what_write_returned_is_there_for_another_connection(store):
    row_id = store.write(lambda tx: insert_row(tx, contacts, created_at=START))
    assert store.read(lambda tx: tx.conn.execute(select(contacts.c.id)).scalar_one()) == row_id


def test_a_failing_work_changes_nothing_and_raises_its_own_error(store):
    def work(tx):
        insert_row(tx, contacts, created_at=START)
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        store.write(work)
    assert count_of(store, contacts) == 0


def test_one_failing_work_does_not_take_its_neighbours_with_it(store):
    """Thirty at once, every third fails: the group commit must separate them."""
    outcomes = {}

    def one(n):
        def work(tx):
            insert_row(tx, contacts, created_at=START)
            if n % 3 == 0:
                raise LookupError(str(n))
            return n

        try:
            outcomes[n] = store.write(work)
        except LookupError as error:
            outcomes[n] = str(error)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(30)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes == {n: (str(n) if n % 3 == 0 else n) for n in range(30)}
    assert count_of(store, contacts) == 20


def test_counters_give_each_caller_another_value(store):
    seen = []
    threads = [
        threading.Thread(target=lambda: seen.append(store.write(lambda tx: next_count(tx, "n")))) for _ in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == list(range(1, 25))


def test_a_write_over_its_budget_says_so(store):
    def slow(tx):
        if tx.sqlite:
            time.sleep(1.0)
        else:
            tx.conn.execute(text("SELECT pg_sleep(1.0)"))

    with pytest.raises(StoreUnavailable):
        store.write(slow, budget=0.2)


def test_after_commit_runs_after_the_commit_and_not_after_a_failure(store):
    seen = []

    def work(tx):
        tx.after_commit.append(lambda: seen.append(count_of(store, counters)))
        next_count(tx, "a")

    store.write(work)
    assert seen == [1]

    def failing(tx):
        tx.after_commit.append(lambda: seen.append("never"))
        raise LookupError

    with pytest.raises(LookupError):
        store.write(failing)
    assert seen == [1]


@pytest.mark.parametrize("said", ["nul \x00 inside", "lone \ud800 surrogate", "𠮷 😀 ﷽ \u202e\ufffe", "\x00"])
def test_no_character_breaks_an_insert(store, said):
    """Edge 10: NUL and lone surrogates; what can be kept is kept."""
    row_id = store.write(
        lambda tx: insert_row(
            tx, events, at=START, name="test", actor="system", data={"said": said, said or "k": [said]}
        )
    )
    kept = store.read(lambda tx: tx.conn.execute(select(events).where(events.c.id == row_id)).one()).data
    assert kept["said"] == said.replace("\x00", "").replace("\ud800", "\ufffd")


@pytest.mark.parametrize("statement", ["UPDATE events SET name = 'x'", "DELETE FROM events"])
def test_the_event_log_can_only_grow(store, statement):
    store.write(lambda tx: insert_row(tx, events, at=START, name="test", actor="system", data={}))
    with pytest.raises(Exception, match="append-only"):
        store.write(lambda tx: tx.conn.execute(text(statement)))
    assert count_of(store, events) == 1


def test_times_come_back_aware_and_naive_ones_are_refused(store):
    store.write(lambda tx: insert_row(tx, contacts, created_at=START))
    assert store.read(lambda tx: tx.conn.execute(select(contacts.c.created_at)).scalar_one()) == START
    with pytest.raises(Exception, match="without zone"):
        store.write(lambda tx: insert_row(tx, contacts, created_at=START.replace(tzinfo=None)))


def test_a_database_that_is_away_is_reported_as_such(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}", VAULT)
    with pytest.raises(StoreUnavailable):
        store.write(lambda tx: next_count(tx, "a"))
    with pytest.raises(StoreUnavailable):
        store.read(lambda tx: tx.conn.execute(text("SELECT 1")))
    store.close()


def test_postgres_that_refuses_connections_is_reported_as_such():
    store = Store("postgresql+psycopg://nobody@127.0.0.1:9/none", VAULT)
    with pytest.raises(StoreUnavailable):
        store.write(lambda tx: next_count(tx, "a"), budget=2.0)
    store.close()


@pytest.mark.integration
def test_a_change_of_what_somebody_else_changed_is_worked_on_again(postgres_url):
    """Two write at once: the second reads anew instead of leaving half of its work undone."""
    store = Store(postgres_url, VAULT)
    migrate(store.engine)
    tries = []

    def work(tx):
        tries.append(1)
        if len(tries) == 1:
            raise Conflict("changed meanwhile")
        return insert_row(tx, contacts, created_at=START)

    assert store.write(work) == 1
    assert len(tries) == 2
    store.close()


@pytest.mark.integration
def test_a_webhook_that_finds_no_turn_within_its_budget_is_told_so(postgres_url):
    """As many as may write are held up: one more gives up in time, and gets its turn when they are done."""
    store = Store(postgres_url, VAULT)
    migrate(store.engine)
    release, entered = threading.Event(), threading.Semaphore(0)

    def held_up(_tx):
        entered.release()
        release.wait(10)

    threads = [threading.Thread(target=lambda: store.write(held_up, budget=10)) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert entered.acquire(timeout=10)
    with pytest.raises(StoreUnavailable):
        store.write(lambda tx: insert_row(tx, contacts, created_at=START), budget=0.2)
    assert store.write(lambda tx: insert_row(tx, contacts, created_at=START)) == 1  # no webhook: not held back
    release.set()
    for thread in threads:
        thread.join()
    assert store.write(lambda tx: insert_row(tx, contacts, created_at=START), budget=5) == 2
    store.close()


@pytest.mark.integration
def test_processes_take_numbers_in_blocks_and_never_the_same(postgres_url):
    stores = [Store(postgres_url, VAULT) for _ in range(2)]
    migrate(stores[0].engine)
    day = START.date()
    seen = [store.write(lambda tx: next_of_day(tx, day)) for _ in range(20) for store in stores]
    assert len(set(seen)) == 40
    assert set(seen) == {*range(1, 17), *range(17, 33), *range(33, 37), *range(49, 53)}
    for store in stores:
        store.close()
