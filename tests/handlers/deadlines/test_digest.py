"""The morning's figures: to whom, what, when, and once."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from handlers.deadlines import digest
from store.engine.migrate import migrate
from store.engine.transactions import Store
from store.engine.vault import Vault
from store.tables.delivery import outbox
from tests.kit.deadline_kit import away, china, district, order, run, sign
from tests.kit.world import SECRET, add_directory

HALF_PAST_EIGHT = china(27, 8, 30)
"""Friday 27 November: what came on Monday is due today."""


@pytest.fixture
def world(tmp_path):
    made = district(tmp_path)
    yield made
    made.close()


def figures(world, who):
    rows = world.deps.store.read(
        lambda tx: tx.conn.execute(
            select(outbox).where(outbox.c.key.like("digest%"), outbox.c.officer_id == world.officers[who])
        ).all()
    )
    return [
        {name: value for name, value in row.params.items() if name in {"over", "today", "following"}} for row in rows
    ]


def digests(world):
    codes = {number: code for code, number in world.officers.items()}
    rows = world.deps.store.read(lambda tx: tx.conn.execute(select(outbox).where(outbox.c.key.like("digest.%"))).all())
    return sorted((row.key, codes[row.officer_id]) for row in rows)


def test_each_unit_with_something_due_and_the_office_are_told(world):
    order(world, citizen=1)
    order(world, citizen=2, due=china(26, 17))
    order(world, citizen=3, due=china(30, 17))
    order(world, citizen=4, unit="D02", due=china(4, 17, month=12))
    run(world, HALF_PAST_EIGHT)
    assert digests(world) == [
        ("digest.district", "chief"),
        ("digest.district", "duty"),
        ("digest.unit", "lamp"),
        ("digest.unit", "lamp2"),
        ("digest.unit", "lamphead"),
    ]
    assert figures(world, "lamp") == figures(world, "duty") == [{"over": 1, "today": 1, "following": 1}]


@pytest.mark.parametrize(
    ("at", "sent"),
    [
        (china(27, 8, 29), 0),
        (china(27, 8, 30), 5),
        (china(27, 11, 59), 5),
        (china(27, 12), 0),
        (china(28, 9), 0),
        (china(29, 9), 0),
    ],
    ids=["a minute early", "in time", "after an outage", "too late for today", "on Saturday", "on Sunday"],
)
def test_it_is_sent_in_the_morning_of_working_days_only(world, at, sent):
    order(world)
    world.clock.time = at
    assert digest.drain(world.deps) == sent


def test_it_is_sent_on_a_saturday_that_is_worked(world):
    world.clock.time = china(8, 10, month=10, year=2026)
    order(world, due=china(10, 17, month=10))
    world.clock.time = china(10, 8, 30, month=10)
    assert digest.drain(world.deps) == 5


def test_it_is_sent_once_a_day_and_again_the_next(world):
    order(world, due=china(24, 17))
    for at in (china(24, 8, 30), china(24, 8, 31), china(24, 11), china(25, 8, 30)):
        world.clock.time = at
        digest.drain(world.deps)
    assert len(digests(world)) == 10


def test_with_nothing_open_nobody_is_woken(world):
    run(world, HALF_PAST_EIGHT)
    assert digests(world) == []


def test_who_is_away_is_stood_in_for(world):
    order(world)
    away(world, "lamp", "lamp2")
    run(world, HALF_PAST_EIGHT)
    assert [who for key, who in digests(world) if key == "digest.unit"] == ["lamp2", "lamphead"]


def test_the_head_above_gets_one_text_for_all_units_without_a_head(world):
    from store import directory

    world.deps.store.write(
        lambda tx: directory.save_officer(tx, "streethead", name="闻人月", unit_id=world.units["S01"], role="head")
    )
    world.officers.update({r.code: r.id for r in world.deps.store.read(directory.all_officers)})
    order(world, citizen=1, unit="S01")
    order(world, citizen=2, unit="S01C1")
    run(world, HALF_PAST_EIGHT)
    assert figures(world, "streethead") == [{"over": 0, "today": 2, "following": 0}]


def test_the_districts_text_names_five_units_the_worst_first_and_counts_the_rest(world):
    from store import directory

    codes = [f"X{n:02}" for n in range(8)]
    world.deps.store.write(
        lambda tx: [
            directory.save_unit(
                tx,
                code,
                name=f"第{code}局",
                short_names=[],
                tier="district",
                parent_code="",
                keywords=[],
                places=[],
                phone="",
            )
            for code in codes
        ]
    )
    world.units.update({r.code: r.id for r in world.deps.store.read(directory.all_units)})
    for n, code in enumerate(codes):
        for number in range(n + 1):
            order(world, citizen=100 * n + number, unit=code, due=china(26, 17))
    run(world, HALF_PAST_EIGHT)
    [row] = world.deps.store.read(
        lambda tx: tx.conn.execute(
            select(outbox).where(outbox.c.key == "digest.district", outbox.c.officer_id == world.officers["chief"])
        ).all()
    )
    assert [line["over"] for line in row.params["lines"]] == [8, 7, 6, 5, 4]
    assert (row.params["over"], row.params["more"], row.params["more_over"]) == (36, 3, 6)
    assert "其余3个单位：超期6" in world.deps.texts.render(row.key, row.params)


def test_signed_orders_count_as_open_and_answered_ones_do_not(world):
    signed, answered = order(world, citizen=1), order(world, citizen=2)
    sign(world, signed)
    world.act("answer", answered, "lamp", "路灯已经修好,今晚起正常照明。")
    run(world, HALF_PAST_EIGHT)
    assert figures(world, "lamp") == [{"over": 0, "today": 1, "following": 0}]


def test_two_workers_at_once_send_it_once(database_url, tmp_path):
    store = Store(database_url, Vault(SECRET), pool_size=8)
    migrate(store.engine)
    store.write(add_directory)
    world = district(tmp_path, store=store)
    order(world)
    other = district(tmp_path, store=Store(database_url, Vault(SECRET), pool_size=8))
    world.clock.time = other.clock.time = HALF_PAST_EIGHT
    counts: list[int] = []
    threads = [threading.Thread(target=lambda w=w: counts.append(digest.drain(w.deps))) for w in (world, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [0, 5]
    assert len(digests(world)) == 5
    other.close()
    world.close()
