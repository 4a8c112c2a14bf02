"""What random lives (test_life_cycle_machine) have found, as the shortest story that showed it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from handlers.clocks import charges
from store import directory, inquiries, scores
from tests.kit.deadline_kit import china, district, ledger, order, run


@pytest.fixture
def world(tmp_path):
    made = district(tmp_path)
    yield made
    made.close()


def unit(world, code):

    return world.deps.store.read(lambda tx: directory.unit_by_code(tx, code))


def orders(world, inquiry_id):
    return world.deps.store.read(lambda tx: inquiries.assignments_of(tx, inquiry_id))


def replayed(world):
    return world.deps.store.read(lambda tx: charges.replay(tx, world.deps.calendar()))


def test_what_the_next_run_will_charge_is_not_missing_from_the_ledger(world):
    inquiry_id = order(world)
    world.clock.time = china(23, 15, 30)
    world.act("answer", inquiry_id, "lamp", "已于今日修复。")
    assert (ledger(world), replayed(world).missing) == ([], ())
    run(world)
    assert ledger(world) == [("late_sign", -10)]
    assert replayed(world).same


def test_a_unit_called_in_after_the_due_time_is_not_late_before_it_was_asked(world):
    inquiry_id = order(world)
    world.act("sign", inquiry_id, "lamp")
    world.clock.time = china(30, 10)
    world.act("assist", inquiry_id, "lamp", unit(world, "D02"))
    assert orders(world, inquiry_id)[-1].due_at == china(1, 17, month=12)
    run(world, china(30, 10, 1))
    charged = world.deps.store.read(scores.all_entries)
    assert {row.unit_id for row in charged} == {world.units["D01"]}


def test_what_a_subdistrict_hands_down_after_the_due_time_leaves_its_community_a_day(world):
    inquiry_id = order(world, "楼道堆满了杂物", unit="S01")
    world.clock.time = china(30, 10)
    assert world.act("transfer", inquiry_id, "street", unit(world, "S01C1")).done
    assert orders(world, inquiry_id)[-1].due_at == china(1, 17, month=12)
    assert world.get(inquiry_id).due_at == china(27, 17)


def test_what_a_subdistrict_hands_down_in_time_keeps_its_clock(world):
    inquiry_id = order(world, "楼道堆满了杂物", unit="S01")
    world.clock.forward(3600)
    world.act("transfer", inquiry_id, "street", unit(world, "S01C1"))
    assert orders(world, inquiry_id)[-1].due_at == orders(world, inquiry_id)[0].due_at


def test_a_missed_signature_is_charged_though_the_clock_was_set_anew_before_anybody_looked(world):
    inquiry_id = order(world)
    world.clock.time = china(23, 15, 30)
    assert world.act("ask", inquiry_id, "lamp", "请问具体在几号门前？").done
    world.clock.time += timedelta(days=7)
    run(world)
    assert ("late_sign", -10) in ledger(world)
    assert replayed(world).same
