"""What ``/duty`` asks of the database: the same on both, and never a whole table."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import event

from store import duty_page, inquiries, sign_ins
from tests.kit.duty_kit import routed
from tests.kit.town import town

DAY = date(2026, 11, 23)


@pytest.fixture(params=["sqlite", "postgresql"])
def world(request, tmp_path):
    url = request.getfixturevalue("postgres_url") if request.param == "postgresql" else ""
    made = town(tmp_path, url)
    yield made
    made.close()


def ids(rows):
    return [row.id for row in rows]


def test_the_queue_the_machines_orders_and_the_days_figures(world):
    desk, read = world.units["D00"], world.deps.store.read
    plain = routed(world, "占道", ago=60)
    accused = routed(world, "举报", flags=["accusation"])
    harm = routed(world, "活不下去", flags=["personal", "self_harm"])
    by_machine = routed(world, "路灯", unit="D01", chosen="D01")
    by_other = routed(world, "停水", unit="D02", chosen="D01")
    yesterday = routed(world, "昨天的路灯", unit="D01", chosen="D01", ago=24 * 60)
    assert ids(read(lambda tx: duty_page.waiting(tx, desk, 10))) == [harm, accused, plain]
    assert ids(read(lambda tx: duty_page.waiting(tx, desk, 1))) == [harm]
    assert read(lambda tx: duty_page.count_waiting(tx, desk)) == 3
    assert ids(read(lambda tx: duty_page.sent_by_machine(tx, 10))) == [yesterday, by_machine]
    assert read(lambda tx: duty_page.figures(tx, DAY, desk)) == (5, 2, 0)
    assert read(lambda tx: duty_page.linked(tx, [plain, harm])) == {}
    row = world.get(by_other)
    world.deps.store.write(lambda tx: inquiries.change(tx, row, linked_to_id=plain, state="rejected"))
    assert read(lambda tx: duty_page.linked(tx, [plain, harm])) == {plain: 1}
    assert read(lambda tx: duty_page.figures(tx, DAY, desk)) == (5, 2, 1)


def test_a_number_of_five_digits_is_the_days_as_well(world):
    inquiry_id = routed(world)
    row = world.get(inquiry_id)
    world.deps.store.write(lambda tx: inquiries.change(tx, row, number="26-1123-10042"))
    assert world.deps.store.read(lambda tx: duty_page.figures(tx, DAY, 0)).received == 1


def test_a_link_is_used_once_whoever_comes_second(world):
    officer, now = world.officers["duty"], world.clock.now()
    store, until = world.deps.store, world.clock.now().replace(year=2027)
    assert store.write(lambda tx: sign_ins.use(tx, "nonce", officer, now=now, until=until))
    assert not store.write(lambda tx: sign_ins.use(tx, "nonce", officer, now=now, until=until))
    assert store.read(lambda tx: sign_ins.is_open(tx, "nonce", officer, now))
    assert not store.read(lambda tx: sign_ins.is_open(tx, "nonce", officer + 1, now))
    assert not store.read(lambda tx: sign_ins.is_open(tx, "nonce", officer, until))
    store.write(lambda tx: sign_ins.end(tx, "nonce", now))
    assert not store.read(lambda tx: sign_ins.is_open(tx, "nonce", officer, now))
    assert store.read(lambda tx: sign_ins.was_used(tx, "nonce"))


LOOKS = {
    "waiting": lambda tx: duty_page.waiting(tx, 1, 50),
    "count": lambda tx: duty_page.count_waiting(tx, 1),
    "order": lambda tx: duty_page.order(tx, 1),
    "sent": lambda tx: duty_page.sent_by_machine(tx, 30),
    "requests": lambda tx: duty_page.to_decide(tx, 50),
    "linked": lambda tx: duty_page.linked(tx, [1, 2]),
    "media": lambda tx: duty_page.with_media(tx, [1, 2]),
    "figures": lambda tx: duty_page.figures(tx, DAY, 1),
}
SMALL = {"units", "alarms", "models"}


@pytest.mark.parametrize("name", LOOKS)
@pytest.mark.parametrize("world", ["sqlite"], indirect=True)
def test_no_look_reads_a_whole_table(world, name):
    asked, store = [], world.deps.store

    @event.listens_for(store.engine, "before_cursor_execute")
    def listen(_conn, _cursor, sql, values, _context, _many):
        asked.append((sql, values))

    def work(tx):
        LOOKS[name](tx)
        selects = [(sql, values) for sql, values in asked if sql.startswith("SELECT")]
        return [step[3] for sql, values in selects for step in tx.driver.execute(f"EXPLAIN QUERY PLAN {sql}", values)]

    steps = store.write(work)
    assert steps
    for step in steps:
        whole = step.startswith("SCAN ") and "INDEX" not in step and "CONSTANT ROW" not in step
        assert not whole or step.split()[1] in SMALL, steps
