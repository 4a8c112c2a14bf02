"""The deadline run over a real store: who is told what, once; what is recorded; what is charged."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from handlers.clocks import charges, schedule
from handlers.deadlines import deadline_run
from store import inquiries, outbox
from store.engine.migrate import migrate
from store.engine.transactions import Store
from store.engine.vault import Vault
from store.engine.writes import update_row
from store.tables.delivery import outbox as outbox_table
from store.tables.inquiries import assignments
from store.tables.inquiries import inquiries as inquiries_table
from store.tables.points import scores
from tests.kit.deadline_kit import (
    away,
    china,
    district,
    events,
    ledger,
    many,
    names,
    order,
    run,
    sign,
    told,
)
from tests.kit.world import SECRET, add_directory


@pytest.fixture
def world(tmp_path):
    made = district(tmp_path)
    yield made
    made.close()


@pytest.fixture
def signed(world):
    """Received and dispatched on Monday 10:00, signed for; due on Friday 17:00."""
    inquiry_id = order(world)
    sign(world, inquiry_id)
    return inquiry_id


def state(world, inquiry_id):
    return world.get(inquiry_id).state


# --- who is told ---

STEPS = [
    ("half-time", china(25, 14, 1), "remind.half", {"lamp"}),
    ("one day left", china(26, 17, 1), "remind.day", {"lamp", "lamphead"}),
    ("four hours left", china(27, 13, 1), "remind.hours", {"lamp", "lamphead"}),
    ("overdue", china(27, 17, 1), "overdue.unit", {"lamp", "lamphead"}),
    ("two days over", china(1, 17, 1, month=12), "card.yellow", {"lamp", "lamphead", "duty", "chief"}),
    ("five days over", china(4, 17, 1, month=12), "card.red", {"lamp", "lamphead", "duty", "chief"}),
]


def test_each_step_is_told_once_to_each_recipient(world, signed):
    for _, at, key, recipients in STEPS:
        run(world, at)
        run(world, at)
        assert sorted(told(world, key=key)) == sorted((key, who) for who in recipients)
    assert len([each for each in told(world) if each[1] != "citizen"]) == sum(len(step[3]) for step in STEPS)


@pytest.mark.parametrize(("_", "at", "key", "_recipients"), STEPS, ids=[step[0] for step in STEPS])
def test_a_second_before_its_moment_nothing_is_said(world, signed, _, at, key, _recipients):
    run(world, at - timedelta(seconds=61))
    assert told(world, key=key) == []


def test_whoever_has_not_signed_for_it_is_told_with_all_the_unit(world):
    order(world)
    run(world, china(26, 17, 1))
    assert sorted(told(world, key="remind.day")) == [
        ("remind.day", "lamp"),
        ("remind.day", "lamp2"),
        ("remind.day", "lamphead"),
    ]


def test_the_citizen_gets_one_apology_with_a_new_date(world, signed):
    for _, at, _, _ in STEPS:
        run(world, at)
    assert told(world, key="overdue.citizen") == [("overdue.citizen", "citizen")]
    [row] = [r for r in world.deps.store.read(lambda tx: outbox.of_inquiry(tx, signed)) if r.key == "overdue.citizen"]
    assert row.params["new_due"] == "12月1日(周二)17:00"


def test_the_apology_follows_the_citizens_clock_where_the_units_ends_later(world, signed):
    world.deps.store.write(
        lambda tx: inquiries.move_assignment(
            tx, inquiries.assignments_of(tx, signed)[-1], "signed", due_at=china(30, 17)
        )
    )
    world.deps.store.write(
        lambda tx: schedule.reschedule(tx, world.order(signed), world.deps.calendar(), world.clock.now())
    )
    run(world, china(27, 17, 1))
    assert told(world, key="overdue.unit") == []
    assert told(world, key="overdue.citizen") == [("overdue.citizen", "citizen")]


def test_an_order_nobody_signed_for_in_four_working_hours_is_a_late_sign(world):
    inquiry_id = order(world)
    run(world, china(23, 15))
    assert "late_sign" not in names(world, inquiry_id)
    run(world, china(23, 15, 1))
    assert names(world, inquiry_id)[-1] == "late_sign"
    assert sorted(told(world)) == [("late_sign", "lamp"), ("late_sign", "lamp2"), ("late_sign", "lamphead")]
    assert ledger(world) == [("late_sign", -10)]


def test_one_signed_for_in_time_is_none_though_the_run_was_down(world):
    inquiry_id = order(world)
    world.clock.time = china(23, 14, 59)
    sign(world, inquiry_id)
    run(world, china(24, 9))
    assert "late_sign" not in names(world, inquiry_id)
    assert ledger(world) == []


def test_an_office_with_another_limit_for_signing_charges_by_it(world):
    world.deps.limits = replace(world.deps.limits, sign_hours=2)
    order(world)
    world.deps.store.write(lambda tx: tx.conn.execute(update(assignments).values(next_check_at=china(23, 12))))
    run(world, china(23, 13, 1))
    assert ledger(world) == [("late_sign", -10)]
    [row] = world.deps.store.read(lambda tx: tx.conn.execute(select(scores)).all())
    assert (row.at, row.rule_version) == (china(23, 12) + timedelta(microseconds=1), "2012-1:sign2")
    rules = charges.rules_for(world.deps.limits)
    assert world.deps.store.read(lambda tx: charges.replay(tx, world.deps.calendar(), rules=rules)).same


def test_an_urgent_order_counts_by_the_clock_on_the_wall_and_does_not_wait_for_morning(world):
    inquiry_id = order(world, urgent=True, due=china(24, 10))
    sign(world, inquiry_id)
    run(world, china(23, 22, 1))
    [row] = [r for r in world.deps.store.read(lambda tx: outbox.of_inquiry(tx, inquiry_id)) if r.key == "remind.half"]
    assert row.can_wait is False


def test_reminders_wait_out_the_quiet_hours(world, signed):
    run(world, china(27, 23))
    rows = world.deps.store.read(lambda tx: outbox.of_inquiry(tx, signed))
    assert {row.can_wait for row in rows if row.key in {"overdue.unit", "overdue.citizen"}} == {True}


# --- substitutes ---


def test_the_substitute_gets_it_instead_of_who_is_away(world, signed):
    away(world, "lamp", "lamp2")
    run(world, china(25, 14, 1))
    assert told(world) == [("remind.half", "lamp2")]


def test_who_is_back_gets_it_again(world, signed):
    away(world, "lamp", "lamp2", until=china(25, 14, 1))
    run(world, china(25, 14, 1))
    assert told(world) == [("remind.half", "lamp")]


def test_the_substitute_of_a_substitute_is_found(world, signed):
    away(world, "lamp", "lamp2")
    away(world, "lamp2", "lamphead")
    run(world, china(25, 14, 1))
    assert told(world) == [("remind.half", "lamphead")]


def test_two_who_stand_in_for_each_other_end_with_one_of_them_told(world, signed):
    away(world, "lamp", "lamp2")
    away(world, "lamp2", "lamp")
    run(world, china(25, 14, 1))
    assert told(world) == [("remind.half", "lamp2")]


# --- down, twice, back in time ---


def test_edge_45_three_hundred_missed_steps_are_one_message_to_an_officer(world):
    many(world, 300)
    world.deps.store.write(
        lambda tx: tx.conn.execute(
            update(assignments).values(signed_at=world.clock.now(), signed_by=world.officers["lamp"], state="signed")
        )
    )
    run(world, china(7, 9, month=12))
    assert sorted(each for each in told(world) if each[1] != "citizen") == [
        ("catch_up", "chief"),
        ("catch_up", "duty"),
        ("catch_up", "lamp"),
        ("catch_up", "lamphead"),
    ]
    assert told(world, key="overdue.citizen") == [("overdue.citizen", "citizen")] * 300


def test_a_summary_covers_what_did_not_fit_into_the_first_batch(world, monkeypatch):
    monkeypatch.setattr(deadline_run, "BATCH", 10)
    many(world, 25)
    assert run(world, china(23, 15, 1)) == 25
    assert sorted(told(world)) == [("catch_up", "lamp"), ("catch_up", "lamp2"), ("catch_up", "lamphead")]


def test_edge_45_of_several_missed_steps_only_the_latest_is_told(world, signed):
    run(world, china(2, 9, month=12))
    assert {key for key, who in told(world) if who != "citizen"} == {"card.yellow"}
    assert names(world, signed)[-2:] == ["overdue", "yellow"]
    moments = [event.at for event in events(world, signed) if event.name in {"overdue", "yellow"}]
    assert moments == [china(27, 17) + timedelta(microseconds=1), china(1, 17, month=12) + timedelta(microseconds=1)]


def test_edge_45_a_scheduler_that_fires_twice_says_nothing_twice(world, signed):
    run(world, china(27, 17, 1))
    before = told(world), names(world, signed), ledger(world)
    world.deps.store.write(lambda tx: tx.conn.execute(update(assignments).values(next_check_at=china(27, 17))))
    run(world, china(27, 17, 1))
    assert (told(world), names(world, signed), ledger(world)) == before


def test_edge_46_a_clock_stepped_back_repeats_nothing(world, signed):
    run(world, china(27, 17, 1))
    before = told(world), names(world, signed), ledger(world)
    for at in (china(27, 12), china(27, 16, 59), china(27, 17, 1), china(27, 17, 5)):
        run(world, at)
    assert (told(world), names(world, signed), ledger(world)) == before


def test_a_sweep_with_nothing_due_touches_nothing(world, signed):
    assert run(world, china(24, 8)) == 1  # the look at whether it was signed for
    assert run(world, china(24, 8, 1)) == 0


@pytest.fixture
def shared(database_url, tmp_path):
    """The district in a database of its own, and a second connection pool to it."""
    store = Store(database_url, Vault(SECRET), pool_size=8)
    migrate(store.engine)
    store.write(add_directory)
    made = district(tmp_path, store=store)
    yield made
    made.close()


def test_edge_45_two_runs_at_once_tell_everything_once(shared, tmp_path):
    for number in range(40):
        order(shared, unit=("D01", "D02", "S01", "S02")[number % 4], citizen=number)
    other = district(tmp_path, store=Store(shared.deps.store.url, Vault(SECRET), pool_size=8))
    shared.clock.time = other.clock.time = china(23, 15, 1)
    counts: list[int] = []
    threads = [threading.Thread(target=lambda w=w: counts.append(deadline_run.drain(w.deps))) for w in (shared, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sum(counts) == 40
    assert ledger(shared) == [("late_sign", -10)] * 40
    assert len(set(told(shared))) == len(told(shared)) == 6


def test_edge_45_two_runs_that_share_the_work_do_each_part_once(shared, tmp_path, monkeypatch):
    monkeypatch.setattr(deadline_run, "BATCH", 7)
    ids = many(shared, 50)
    other = district(tmp_path, store=Store(shared.deps.store.url, Vault(SECRET), pool_size=8))
    shared.clock.time = other.clock.time = china(23, 15, 1)
    counts: list[int] = []
    threads = [
        threading.Thread(target=lambda w=w: counts.append(deadline_run.drain(w.deps))) for w in (shared, other, shared)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A worker that finds only a few rows free stops; the sweep a second later finds the rest.
    assert sum(counts) + deadline_run.drain(shared.deps) == 50
    other.close()
    assert ledger(shared) == [("late_sign", -10)] * 50
    assert [names(shared, inquiry_id).count("late_sign") for inquiry_id in ids] == [1] * 50


# --- when the clock stops ---


def test_edge_50_an_answer_in_time_is_never_overdue_however_late_it_is_delivered(world, signed):
    world.clock.time = china(27, 16, 59)
    world.act("answer", signed, "lamp", "路灯已经修好,今晚起正常照明。")
    run(world, china(4, 18, month=12))
    assert "overdue" not in names(world, signed)
    assert ledger(world) == []
    assert told(world, key="overdue.citizen") == []


def test_edge_50_a_minute_late_is_overdue(world, signed):
    run(world, china(27, 17, 1))
    world.act("answer", signed, "lamp", "路灯已经修好,今晚起正常照明。")
    run(world, china(4, 18, month=12))
    assert names(world, signed).count("overdue") == 1
    assert ledger(world) == [("overdue", -50)]


def test_an_answer_that_came_late_while_the_run_was_down_is_charged_without_notices(world, signed):
    world.clock.time = china(30, 10)
    world.act("answer", signed, "lamp", "路灯已经修好,今晚起正常照明。")
    run(world, china(30, 11))
    assert names(world, signed)[-2:] == ["answered", "overdue"]
    assert ledger(world) == [("overdue", -50)]
    assert [each for each in told(world) if each[0] != "answer"] == []


def test_an_ended_order_is_looked_at_once_more_and_then_no_longer(world, signed):
    world.act("answer", signed, "lamp", "路灯已经修好,今晚起正常照明。")
    run(world, china(4, 18, month=12))
    assert (
        world.deps.store.read(
            lambda tx: tx.conn.execute(
                select(func.count()).select_from(assignments).where(assignments.c.next_check_at.is_not(None))
            ).scalar()
        )
        == 0
    )


def test_while_the_citizen_is_asked_nothing_falls(world, signed):
    def pause(tx, at):
        update_row(tx, inquiries_table, signed, paused_at=at)
        schedule.reschedule(tx, world.order(signed), world.deps.calendar(), world.clock.now())

    world.deps.store.write(lambda tx: pause(tx, china(24, 9)))
    run(world, china(30, 9))
    assert told(world) == []


def test_an_extension_has_its_own_reminders_and_makes_up_for_none(world, signed):
    run(world, china(26, 17, 1))
    moved = china(3, 17, month=12)
    world.deps.store.write(
        lambda tx: (
            update_row(tx, inquiries_table, signed, due_at=moved),
            inquiries.move_assignment(tx, inquiries.assignments_of(tx, signed)[-1], "signed", due_at=moved),
        )
    )
    world.deps.store.write(
        lambda tx: schedule.reschedule(tx, world.order(signed), world.deps.calendar(), world.clock.now())
    )
    run(world, china(1, 9, month=12))
    assert told(world, key="overdue.unit") == []
    run(world, china(2, 17, 1, month=12))
    assert len(told(world, key="remind.day")) == 4


# --- points ---


def test_points_grow_by_the_day_and_by_the_card_and_replaying_gives_the_same(world, signed):
    for day in range(28, 31):
        run(world, china(day, 18))
    for day in range(1, 31):
        run(world, china(day, 18, month=12))
    found = ledger(world)
    assert found.count(("overdue", -50)) == 1
    assert found.count(("overdue_day", -10)) == 15
    assert found.count(("red_card", -100)) == 1
    replayed = world.deps.store.read(lambda tx: charges.replay(tx, world.deps.calendar()))
    assert (replayed.missing, replayed.surplus) == ((), ())


def test_replay_finds_an_entry_that_nothing_accounts_for_and_one_that_is_missing(world, signed):
    run(world, china(27, 17, 1))
    world.deps.store.write(
        lambda tx: tx.conn.execute(
            scores.insert().values(
                once="made-up",
                unit_id=world.units["D01"],
                inquiry_id=signed,
                assignment_id=world.order(signed).id,
                at=china(27, 18),
                month="2026-11",
                hundredths=-500,
                rule="overdue",
                rule_version="x",
                evidence={},
            )
        )
    )
    world.deps.store.write(
        lambda tx: update_row(tx, assignments, world.order(signed).id, checked_at=china(1, 18, month=12))
    )
    replayed = world.deps.store.read(lambda tx: charges.replay(tx, world.deps.calendar()))
    assert replayed.surplus == ("made-up",)
    assert {once.partition(":")[0] for once in replayed.missing} == {"overdue_day"}


def test_an_entry_names_its_rule_its_events_and_the_derivation_of_the_due_time(world, signed):
    run(world, china(27, 17, 1))
    [row] = world.deps.store.read(lambda tx: tx.conn.execute(select(scores)).all())
    [over] = [event for event in events(world, signed) if event.name == "overdue"]
    assert (row.rule, row.rule_version, row.month) == ("overdue", "2012-1", "2026-11")
    assert over.id in row.evidence["order_events"]
    assert row.evidence["due_at"] == china(27, 17).isoformat()
    assert row.evidence["derivation"][-1][:2] == ["2026-11-27", 4]


def test_the_derivation_of_a_units_own_due_time_counts_from_dispatch(world, signed):
    world.deps.store.write(
        lambda tx: update_row(tx, assignments, world.order(signed).id, created_at=china(24, 9), due_at=china(30, 17))
    )
    world.deps.store.write(
        lambda tx: schedule.reschedule(tx, world.order(signed), world.deps.calendar(), world.clock.now())
    )
    run(world, china(30, 17, 1))
    [row] = world.deps.store.read(lambda tx: tx.conn.execute(select(scores)).all())
    assert [step[0] for step in row.evidence["derivation"] if step[1]] == [
        "2026-11-25",
        "2026-11-26",
        "2026-11-27",
        "2026-11-30",
    ]


def test_edge_50_a_granted_appeal_gives_the_points_back_by_an_entry_of_its_own(world, signed):
    run(world, china(27, 17, 1))
    [row] = world.deps.store.read(lambda tx: tx.conn.execute(select(scores)).all())

    def appeal(who, *, grant=False):
        from store import directory

        return world.deps.store.write(
            lambda tx: charges.appeal(
                tx,
                row.id,
                reason="暴雨停工，有气象证明",
                officer=directory.officer_by_code(tx, who),
                now=world.clock.now(),
                grant=grant,
            )
        ).outcome

    assert appeal("lamphead") == "appealed"
    assert appeal("lamphead", grant=True) == "not_the_desk"
    assert appeal("nobody") == "no_officer"
    assert ledger(world) == [("overdue", -50)]
    assert appeal("duty", grant=True) == "granted"
    assert ledger(world) == [("overdue", -50), ("overdue", 50)]
    assert appeal("duty", grant=True) == "reversed"
    run(world, china(27, 18))
    assert ledger(world) == [("overdue", -50), ("overdue", 50)]
    assert names(world, signed)[-2:] == ["points_appealed", "points_returned"]
    replayed = world.deps.store.read(lambda tx: charges.replay(tx, world.deps.calendar()))
    assert replayed.same


def test_edge_49_a_unit_that_was_abolished_is_reminded_no_more_and_breaks_nothing(world, signed):
    from store import directory

    world.deps.store.write(
        lambda tx: directory.deactivate(tx, unit_codes=["D01"], officer_codes=["lamp", "lamp2", "lamphead"])
    )
    run(world, china(1, 18, month=12))
    assert sorted(each for each in told(world) if each[1] != "citizen") == [
        ("card.yellow", "chief"),
        ("card.yellow", "duty"),
    ]


def test_the_texts_of_every_step_render(world, signed):
    for _, at, _, _ in STEPS:
        run(world, at)
    rows = world.deps.store.read(lambda tx: tx.conn.execute(select(outbox_table)).all())
    for row in rows:
        for sms in (True, False):
            assert world.deps.texts.render(row.key, row.params, sms=sms)
        assert world.deps.texts.fields(row.key, row.params)["number"]
