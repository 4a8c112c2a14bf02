"""Statements on the driver's own connection behave as SQLAlchemy's: types, constants, errors, silence."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from bot.inquiry.states import LoggedActor
from store.engine.prepared import Prepared, named
from store.engine.transactions import Store
from store.engine.vault import Vault
from store.engine.writes import insert_ignoring, insert_row, update_row
from store.tables.delivery import inbox
from store.tables.directory import officers
from store.tables.inquiries import events
from store.tables.people import contacts, conversations
from store.tables.types import OneOf
from store.tables.whole import metadata
from tests.kit.fakes import START

ROW = {"channel": "wechat", "external_id": "e1", "received_at": START, "kind": "text", "raw": "sealed"}


@pytest.fixture
def store(database_url):
    store = Store(database_url, Vault("a secret for tests, long enough to be one"))
    metadata.create_all(store.engine)
    yield store
    store.close()


def by_id(table):
    return Prepared(lambda _: select(table).where(table.c.id == named("row_id")))


def test_a_row_reads_the_same_by_either_way(store):
    beijing = START.astimezone(timezone(timedelta(hours=8)))
    data = {"给": ["NUL\x00", "\ud83d"], "n": 1.5}
    row_id = store.write(
        lambda tx: insert_row(
            tx, events, inquiry_id=None, at=beijing, name="n", actor="system", actor_id=None, data=data
        )
    )
    ours = store.read(lambda tx: by_id(events).first(tx, row_id=row_id))
    theirs = store.read(lambda tx: tx.conn.execute(select(events).where(events.c.id == row_id)).one())
    assert tuple(ours) == tuple(theirs)
    assert ours.at == START
    assert ours.at.tzinfo is UTC
    assert ours.data == {"给": ["NUL", "\ufffd"], "n": 1.5}


def test_a_state_of_another_release_troubles_no_query_and_is_not_written(store):
    row = {"inquiry_id": None, "at": START, "name": "n", "actor_id": None, "data": {}}
    row_id = store.write(lambda tx: insert_row(tx, events, actor=LoggedActor.OFFICER, **row))
    known = store.read(lambda tx: by_id(events).first(tx, row_id=row_id))
    assert known.actor is LoggedActor.OFFICER
    assert OneOf(LoggedActor, 16).by_value["machine"] == "machine"
    with pytest.raises(KeyError):
        OneOf(LoggedActor, 16).process_bind_param("machine", None)
    later_id = store.write(lambda tx: _stored_by_another_release(tx, row_id))
    assert store.read(lambda tx: by_id(events).first(tx, row_id=later_id)).actor == "machine"
    read = store.read(lambda tx: tx.conn.execute(select(events.c.actor).order_by(events.c.id)).scalars().all())
    assert read == [LoggedActor.OFFICER, "machine"]


def _stored_by_another_release(tx, like):
    columns = "at, name, actor_id, data"
    tx.conn.execute(
        text(f"INSERT INTO events ({columns}, actor) SELECT {columns}, 'machine' FROM events WHERE id = {like}")
    )
    return tx.conn.execute(text("SELECT max(id) FROM events")).scalar()


def test_a_naive_time_is_refused(store):
    with pytest.raises(ValueError, match="without zone"):
        store.write(lambda tx: insert_row(tx, contacts, created_at=datetime(2026, 1, 1)))


def test_text_with_nul_and_lone_surrogates_is_stored_clean(store):
    row_id = store.write(lambda tx: insert_row(tx, inbox, **ROW | {"raw": "a\x00b\ud83d"}))
    assert store.read(lambda tx: by_id(inbox).first(tx, row_id=row_id)).raw == "ab\ufffd"


def test_the_second_of_two_equal_rows_is_ignored(store):
    first = store.write(lambda tx: insert_ignoring(tx, inbox, **ROW))
    assert first is not None
    assert store.write(lambda tx: insert_ignoring(tx, inbox, **ROW)) is None


def test_an_update_changes_the_row_it_names_alone(store):
    ids = [store.write(lambda tx, n=n: insert_row(tx, inbox, **ROW | {"external_id": n})) for n in "ab"]
    store.write(lambda tx: update_row(tx, inbox, ids[0], reply="x", inquiry_id=None))
    rows = store.read(lambda tx: tx.conn.execute(select(inbox.c.reply).order_by(inbox.c.id)).scalars().all())
    assert rows == ["x", None]


def test_a_broken_rule_raises_sqlalchemys_error_without_what_people_wrote(store):
    store.write(lambda tx: insert_row(tx, inbox, **ROW))
    with pytest.raises(IntegrityError) as caught:
        store.write(lambda tx: insert_row(tx, inbox, **ROW | {"raw": "what she wrote"}))
    assert isinstance(caught.value, DBAPIError)
    assert "what she wrote" not in str(caught.value)


def test_sqlalchemys_own_errors_show_no_parameters_either(store):
    store.write(lambda tx: tx.conn.execute(insert(inbox), ROW))
    with pytest.raises(IntegrityError) as caught:
        store.write(lambda tx: tx.conn.execute(insert(inbox), ROW | {"raw": "what she wrote"}))
    assert "what she wrote" not in str(caught.value)


def test_constants_of_the_statement_are_bound_with_it(store):
    for n, kind in enumerate(("text", "image", "text")):
        store.write(lambda tx, n=n, kind=kind: insert_row(tx, inbox, **ROW | {"external_id": str(n), "kind": kind}))
    texts = Prepared(lambda _: select(inbox.c.id).where(inbox.c.kind == "text", inbox.c.channel == named("channel")))
    assert len(store.read(lambda tx: texts.rows(tx, channel="wechat"))) == 2


def test_it_is_part_of_the_transaction_around_it(store):
    def work(tx):
        insert_row(tx, inbox, **ROW)
        raise LookupError

    with pytest.raises(LookupError):
        store.write(work)
    assert store.read(lambda tx: tx.conn.execute(select(inbox)).all()) == []


def test_a_row_that_refers_to_nothing_is_refused(store):
    """The foreign keys are on for this way in too."""
    with pytest.raises(IntegrityError):
        store.write(lambda tx: insert_row(tx, officers, code="o", name="n", unit_id=4711, role="officer"))


def test_nothing_found_is_none_and_no_rows(store):
    prepared = Prepared(lambda _: select(conversations).where(conversations.c.address_id == named("address_id")))
    assert store.read(lambda tx: prepared.first(tx, address_id=1)) is None
    assert store.read(lambda tx: prepared.scalar(tx, address_id=1)) is None
    assert store.read(lambda tx: prepared.rows(tx, address_id=1)) == []
