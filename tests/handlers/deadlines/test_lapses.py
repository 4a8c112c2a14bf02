"""What happens because nobody did anything: refusal by silence, the end of a question, closing, archiving."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.inquiry.states import Actor
from handlers.clocks import charges
from handlers.deadlines import deadline_run, lapses
from handlers.duty_desk import decide
from handlers.inquiry import pause
from handlers.inquiry.acting_officer import ActingOfficer
from handlers.inquiry.rework import reopen
from handlers.inquiry.transitions import Author
from handlers.officer import unit_requests
from handlers.officer.orders import transfer
from store import directory, inquiries
from store import requests as requests_table
from store.engine.writes import update_row
from store.tables.inquiries import inquiries as inquiries_table
from tests.kit.deadline_kit import away, china, district, ledger, names, order, run, sign, told


@pytest.fixture
def world(tmp_path):
    made = district(tmp_path)
    yield made
    made.close()


@pytest.fixture
def signed(world):
    """Due on Friday 17:00."""
    inquiry_id = order(world)
    sign(world, inquiry_id)
    return inquiry_id


@pytest.fixture
def answered(world, signed):
    """On Monday 23 November; five working days later it is Monday 30."""
    world.act("answer", signed, "lamp", "路灯已经修好,今晚起正常照明。")
    return signed


def desk(world, tx, officer):
    return ActingOfficer(tx, world.deps, directory.officer(tx, world.officers[officer]), world.clock.now())


def do(world, action, inquiry_id, officer, *args):
    return world.deps.store.write(
        lambda tx: action(desk(world, tx, officer), inquiries.assignments_of(tx, inquiry_id)[-1], *args)
    )


REASON = "需要等待灯具厂家到现场检测线路,检测报告下周出具"


def test_silence_closes_after_five_working_days_and_is_not_a_rating(world, answered):
    run(world, china(30, 16, 59))
    assert world.get(answered).state == "answered"
    run(world, china(30, 17))
    found = world.get(answered)
    assert (found.state, found.rating, found.closed_at) == ("closed", None, china(30, 17))
    assert names(world, answered)[-1] == "closed"


def test_thirty_days_after_closing_it_is_archived_and_left_alone(world, answered):
    run(world, china(30, 17))
    run(world, china(30, 16, 59, month=12))
    assert world.get(answered).state == "closed"
    run(world, china(30, 17, month=12))
    found = world.get(answered)
    assert (found.state, found.next_state_at) == ("archived", None)
    assert names(world, answered)[-1] == "archived"
    assert run(world, china(31, 17, month=12)) == 0


def test_an_extension_nobody_decided_on_counts_as_refused(world, signed):
    assert do(world, unit_requests.extend, signed, "lamp", 3, REASON).done
    due = world.order(signed).due_at
    run(world, china(24, 9, month=11))
    [row] = world.deps.store.read(lambda tx: requests_table.of_inquiry(tx, signed))
    assert row.state == "expired"
    assert world.order(signed).due_at == due
    assert "extension_expired" in names(world, signed)


def test_a_question_nobody_answered_ends_after_three_working_days_with_a_later_due_time(world, signed):
    assert do(world, pause.ask, signed, "lamp", "请问是哪一栋楼下的路灯?").done
    assert world.get(signed).state == "need_info"
    run(world, china(25, 12))
    assert world.get(signed).state == "need_info"
    run(world, china(26, 18))
    found = world.get(signed)
    assert (found.state, found.paused_at) == ("in_progress", None)
    assert found.due_at > china(27, 17)
    assert told(world, key="overdue.unit") == []
    run(world, found.due_at + timedelta(minutes=1))
    assert len(told(world, key="overdue.unit")) == 2
    replayed = world.deps.store.read(lambda tx: charges.replay(tx, world.deps.calendar()))
    assert replayed.same


def test_a_granted_extension_moves_the_clock_and_its_reminders(world, signed):
    assert do(world, unit_requests.extend, signed, "lamp", 3, REASON).done
    [row] = world.deps.store.read(lambda tx: requests_table.of_inquiry(tx, signed))
    assert world.deps.store.write(lambda tx: decide.approve(desk(world, tx, "duty"), row)).done
    run(world, china(27, 18))
    assert told(world, key="overdue.unit") == told(world, key="overdue.citizen") == []
    run(world, china(2, 17, 1, month=12))
    assert len(told(world, key="overdue.unit")) == 2
    assert ledger(world) == [("overdue", -50)]


def test_a_refused_return_costs_points_at_once(world):
    inquiry_id = order(world)
    assert do(world, unit_requests.give_back, inquiry_id, "lamp", "不属于我局职责,应由水务局办理", None).done
    [row] = world.deps.store.read(lambda tx: requests_table.of_inquiry(tx, inquiry_id))
    assert world.deps.store.write(lambda tx: decide.refuse(desk(world, tx, "duty"), row, "属于你局职责")).done
    assert ledger(world) == [("refused_return", -20)]
    replayed = world.deps.store.read(lambda tx: charges.replay(tx, world.deps.calendar()))
    assert (replayed.missing, replayed.surplus) == ((), ())


def test_rework_costs_the_unit_whose_answer_was_not_enough(world, answered):
    world.clock.time = china(24, 10)
    contact = world.get(answered).contact_id
    world.deps.store.write(
        lambda tx: reopen(
            world.deps,
            tx,
            inquiries.get(tx, answered),
            Author(Actor.CITIZEN, contact, world.clock.now()),
            reason="灯又坏了",
        )
    )
    assert ledger(world) == [("rework", -30)]
    run(world, china(26, 17, 1))
    assert ledger(world) == [("rework", -30), ("late_sign", -10), ("overdue", -50)]
    replayed = world.deps.store.read(lambda tx: charges.replay(tx, world.deps.calendar()))
    assert (replayed.missing, replayed.surplus) == ((), ())


def test_one_that_cannot_be_moved_stops_no_other_and_is_said_aloud(world, answered, monkeypatch):
    other = order(world, citizen=2)
    world.act("answer", other, "lamp", "路灯已经修好,今晚起正常照明。")
    known = lapses._next_state

    def broken(deps, tx, inquiry, now):
        if inquiry.id == answered:
            raise RuntimeError("a fault")
        known(deps, tx, inquiry, now)

    monkeypatch.setattr(lapses, "_next_state", broken)
    run(world, china(30, 17))
    assert [world.get(each).state for each in (answered, other)] == ["answered", "closed"]
    assert [key for key, _ in world.alarms.raised] == ["deadline_failed"]


def test_an_order_that_cannot_be_looked_at_is_put_off_and_said_aloud(world, signed, monkeypatch):
    other = order(world, citizen=2)
    known = deadline_run._record

    def broken(run_, row, steps, late):
        if row.inquiry_id == signed:
            raise RuntimeError("a fault")
        known(run_, row, steps, late)

    monkeypatch.setattr(deadline_run, "_record", broken)
    run(world, china(27, 17, 1))
    assert "overdue" in names(world, other)
    assert "overdue" not in names(world, signed)
    assert world.order(signed).next_check_at == china(27, 18, 1)
    monkeypatch.undo()
    run(world, china(27, 18, 2))
    assert "overdue" in names(world, signed)


def test_what_went_on_meanwhile_is_left_where_it_is(world, signed):
    world.deps.store.write(lambda tx: update_row(tx, inquiries_table, signed, next_state_at=china(24, 9)))
    run(world, china(24, 9))
    found = world.get(signed)
    assert (found.state, found.next_state_at) == ("in_progress", None)


def test_a_new_order_goes_to_the_substitute_of_who_is_away(world):
    from store import outbox

    away(world, "lamp", "lamp2")
    inquiry_id = order(world)
    rows = world.deps.store.read(lambda tx: outbox.of_inquiry(tx, inquiry_id))
    assert [row.officer_id for row in rows if row.key == "order.new"] == [world.officers["lamp2"]]


def test_edge_49_returned_and_routed_three_times_each_unit_answers_for_its_own_time(world):
    inquiry_id = order(world)
    world.deps.store.write(
        lambda tx: directory.save_officer(tx, "lake", name="沈听澜", unit_id=world.units["S02"], role="officer")
    )
    for day, unit in ((24, "D02"), (25, "S01"), (26, "S02")):
        run(world, china(day, 9))
        do(world, lambda at, row, to=unit: transfer(at, row, directory.unit_by_code(at.tx, to)), inquiry_id, "duty")
    assert world.get(inquiry_id).due_at == china(27, 17)
    run(world, china(2, 18, month=12))
    over = world.deps.store.read(
        lambda tx: [(row.unit_code, row.state) for row in inquiries.assignments_of(tx, inquiry_id)]
    )
    assert over == [("D01", "returned"), ("D02", "returned"), ("S01", "returned"), ("S02", "pending")]
    assert ledger(world) == [("late_sign", -10)] * 4 + [("overdue", -50)]
    assert told(world, key="overdue.citizen") == [("overdue.citizen", "citizen")]
