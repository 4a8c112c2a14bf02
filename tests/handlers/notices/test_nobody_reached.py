"""A unit without people, people without a phone, a desk whose officer is away: nothing is lost (edge case 49)."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from handlers.delivery import outbox as sending
from store import outbox as store_outbox
from store.tables.delivery import outbox
from store.tables.directory import officers
from tests.kit.deadline_kit import china, district, names, order, run
from tests.kit.town import say


@pytest.fixture
def phoneless(tmp_path):
    """A district whose officers have no address at all."""
    made = district(tmp_path)
    yield made
    made.close()


def sent(world, inquiry_id):
    """(key, officer, state) of every notice to an officer about an inquiry."""
    codes = {number: code for code, number in world.officers.items()}
    rows = world.deps.store.read(
        lambda tx: tx.conn.execute(
            select(outbox)
            .where(outbox.c.inquiry_id == inquiry_id, outbox.c.officer_id.is_not(None))
            .order_by(outbox.c.id)
        ).all()
    )
    return [(row.key, codes[row.officer_id], row.state) for row in rows]


def test_officers_nobody_can_reach_are_shown_as_unreached_with_the_reason(phoneless):
    inquiry_id = order(phoneless)
    sending.drain(phoneless.deps)
    assert sent(phoneless, inquiry_id) == [("order.new", "lamp", "failed"), ("order.new", "lamp2", "failed")]
    [row, _] = phoneless.deps.store.read(lambda tx: store_outbox.of_inquiry(tx, inquiry_id))
    tried = phoneless.deps.store.read(lambda tx: store_outbox.deliveries_of(tx, row.id))
    assert (tried[-1].way, tried[-1].reason) == ("held", "no way open")


def test_an_order_nobody_was_told_of_is_missed_by_the_clock(phoneless):
    inquiry_id = order(phoneless)
    sending.drain(phoneless.deps)
    run(phoneless, china(23, 16))
    run(phoneless, china(27, 17, 1))
    assert {"late_sign", "overdue"} <= set(names(phoneless, inquiry_id))
    assert phoneless.order(inquiry_id).state == "pending"


def test_the_duty_desk_sends_on_what_lies_with_a_unit_without_people(world):
    world.deps.store.write(
        lambda tx: tx.conn.execute(
            update(officers).where(officers.c.unit_id == world.units["D01"]).values(active=False)
        )
    )
    inquiry_id = world.inquiry()
    assert [who for _key, who, _state in sent(world, inquiry_id)] == ["duty"]
    say(world, "duty", "转 1 区水务局")
    assert world.order(inquiry_id).unit_code == "D02"


def test_a_duty_officer_on_leave_without_a_substitute_is_told_all_the_same(world):
    world.deps.store.write(
        lambda tx: tx.conn.execute(
            update(officers).where(officers.c.id == world.officers["duty"]).values(away_from=china(1), away_until=None)
        )
    )
    inquiry_id = world.inquiry(unit="D00")
    assert [who for _key, who, _state in sent(world, inquiry_id)] == ["duty"]


def test_in_the_night_a_notice_waits_for_the_morning_and_an_urgent_one_does_not(world):
    world.clock.time = china(24, 3)
    quiet, urgent = order(world, citizen=1), order(world, citizen=2)
    world.deps.store.write(
        lambda tx: tx.conn.execute(update(outbox).where(outbox.c.inquiry_id == urgent).values(can_wait=False))
    )
    sending.drain(world.deps)
    assert {state for _key, _who, state in sent(world, quiet)} == {"pending"}
    assert {state for _key, _who, state in sent(world, urgent)} == {"sent"}
    world.clock.time = china(24, 7, 1)
    sending.drain(world.deps)
    assert {state for _key, _who, state in sent(world, quiet)} == {"sent"}
