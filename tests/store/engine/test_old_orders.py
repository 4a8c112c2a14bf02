"""Orders and answers stored before there were clocks get theirs with the migration."""

from __future__ import annotations

from datetime import timedelta

from alembic import command
from sqlalchemy import text

from store import deadlines
from store.engine.migrate import config, migrate
from store.engine.transactions import Store
from store.engine.vault import Vault
from tests.kit.deadline_kit import china, district, names, order, run, sign
from tests.kit.world import SECRET, add_directory


def at_revision(engine, revision):
    with engine.begin() as conn:
        command.upgrade(config(conn), revision)


def test_an_open_order_from_before_is_looked_at_and_an_answer_is_closed(database_url, tmp_path):
    store = Store(database_url, Vault(SECRET), pool_size=4)
    migrate(store.engine)
    store.write(add_directory)
    world = district(tmp_path, store=store)
    waiting, answered = order(world, citizen=1), order(world, citizen=2)
    sign(world, waiting)
    world.act("answer", answered, "lamp", "路灯已经修好,今晚起正常照明。")
    with store.engine.begin() as conn:
        conn.execute(text("UPDATE assignments SET next_check_at = NULL, checked_at = NULL"))
        conn.execute(text("UPDATE inquiries SET next_state_at = NULL"))
        # As a database of the revision before it was: the handlers know only the newest schema.
        conn.execute(text("UPDATE alembic_version SET version_num = '0002'"))
    at_revision(store.engine, "0003")
    assert world.get(answered).next_state_at == world.get(answered).answered_at + timedelta(days=7)
    run(world, china(24, 7))
    due = store.read(lambda tx: deadlines.order(tx, world.order(waiting).id)).next_check_at
    assert due == china(25, 14)
    run(world, china(30, 10))
    assert "overdue" in names(world, waiting)
    assert world.get(answered).state == "closed"
    world.close()
