"""A unit merged or abolished: its open work, what it had asked for, and who is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from handlers.directory import import_run, succession
from handlers.duty_desk import dispatch
from handlers.services.cache import read_directory
from store import directory, inquiries
from store.tables.delivery import outbox
from store.tables.directory import officers
from store.tables.inquiries import assignments, events
from store.tables.inquiries import inquiries as inquiries_table
from tests.kit.deadline_kit import china, ledger, many, order, run
from tests.kit.town import (
    GOOD,
    asked,
    citizen_says,
    event,
    last_request,
    logged,
    notices,
    rendered,
    say,
    town,
)


@pytest.fixture
def world(tmp_path, database_url):
    made = town(tmp_path, database_url) if database_url.startswith("postgresql") else town(tmp_path)
    yield made
    made.close()


@pytest.fixture
def sqlite(tmp_path):
    made = town(tmp_path)
    yield made
    made.close()


def reorganise(world, *, gone=(), **into):
    """Import the present directory with units merged (``D01="D02"``) or left out; how many orders moved."""
    known = world.deps.store.read(read_directory)
    units = tuple(
        replace(unit, active=False, merged_into=into[unit.code]) if unit.code in into else unit
        for unit in known.units
        if unit.code not in gone
    )
    wanted = replace(known, units=units, officers=(), catalogue=None, staff_given=False)
    return import_run.change(world.deps, wanted, author="温予舟", source="units.xlsx").moved


def leads(world, inquiry_id):
    """(unit, state) of every lead order."""
    rows = world.deps.store.read(lambda tx: inquiries.assignments_of(tx, inquiry_id))
    return [(row.unit_code, row.state) for row in rows if row.role == "lead"]


def assists(world, inquiry_id):
    rows = world.deps.store.read(lambda tx: inquiries.assignments_of(tx, inquiry_id))
    return [(row.unit_code, row.state) for row in rows if row.role == "assist"]


def open_order(world, inquiry_id):
    return world.deps.store.read(lambda tx: inquiries.open_lead(tx, inquiry_id))


def told_of_order(world, order_id):
    """Codes of the officers told of an order."""
    codes = {number: code for code, number in world.officers.items()}
    rows = world.deps.store.read(
        lambda tx: tx.conn.execute(
            select(outbox).where(outbox.c.once.like(f"order:{order_id}:%")).order_by(outbox.c.id)
        ).all()
    )
    return [codes[row.officer_id] for row in rows]


# --- a merger ---


def test_a_merged_units_open_order_goes_to_its_successor_with_both_dates_kept(world):
    inquiry_id = order(world)
    before, promised = world.order(inquiry_id), world.get(inquiry_id).due_at
    world.clock.time = china(24, 10)
    assert reorganise(world, D01="D02") == 1
    assert leads(world, inquiry_id) == [("D01", "cancelled"), ("D02", "pending")]
    now = open_order(world, inquiry_id)
    assert (now.due_at, now.created_at) == (before.due_at, china(24, 10))
    inquiry = world.get(inquiry_id)
    assert (inquiry.due_at, inquiry.unit_id, inquiry.state) == (promised, world.units["D02"], "dispatched")
    assert told_of_order(world, now.id) == ["lamp", "lamp2", "water"]
    assert "outbox" in world.woken


def test_the_move_stands_in_the_log_and_in_the_citizens_progress(world):
    inquiry_id = world.inquiry()
    reorganise(world, D01="D02")
    found = event(world, inquiry_id, "redirected")
    assert (found.data["unit"], found.data["from_unit"]) == ("区水务局", "区城市管理局")
    assert logged(world, inquiry_id)[-1] == "redirected"
    for told in (world.client().get(world.citizen_path(inquiry_id)).text, citizen_says(world, "进度")):
        assert "区水务局" in told
        assert "因机构调整" in told


def test_a_signed_order_is_signed_for_anew_and_the_work_goes_on_to_the_answer(world):
    inquiry_id = world.inquiry()
    say(world, "lamp", "收 1")
    assert world.get(inquiry_id).state == "in_progress"
    reorganise(world, D01="D02")
    assert world.get(inquiry_id).state == "dispatched"
    assert "已签收" in say(world, "water", "收 1")
    say(world, "water", "复 1 路灯今天已经修好，请再看看，谢谢您的来信。")
    assert world.get(inquiry_id).state == "answered"
    assert leads(world, inquiry_id) == [("D01", "cancelled"), ("D02", "done")]


def test_who_came_along_from_the_former_unit_acts_on_the_order(world):
    inquiry_id = world.inquiry()
    reorganise(world, D01="D02")
    say(world, "lamp", "收 1")
    assert world.get(inquiry_id).state == "in_progress"


def test_mergers_that_follow_each_other_end_at_the_last_unit(world):
    inquiry_id = order(world)
    reorganise(world, D01="D02")
    reorganise(world, D02="S02")
    assert leads(world, inquiry_id)[-1] == ("S02", "pending")
    assert reorganise(world) == 0


def test_a_due_time_that_is_over_becomes_one_day_and_the_former_unit_answers_for_the_delay(world):
    inquiry_id = order(world)
    run(world, china(27, 17, 1))
    assert ("overdue", -50) in ledger(world)
    world.clock.time = china(30, 10)
    reorganise(world, D01="D02")
    assert open_order(world, inquiry_id).due_at == china(1, 17, month=12)
    run(world, china(30, 11))
    assert [rule for rule, _ in ledger(world)].count("overdue") == 1


def test_the_new_orders_clock_is_watched(world):
    inquiry_id = order(world)
    reorganise(world, D01="D02")
    run(world, china(27, 17, 1))
    rows = world.deps.store.read(
        lambda tx: tx.conn.execute(
            select(events.c.data).where(events.c.inquiry_id == inquiry_id, events.c.name == "overdue")
        ).all()
    )
    assert [row.data["unit"] for row in rows] == ["区水务局"]


def test_a_rework_stays_one(world):
    inquiry_id = world.inquiry()
    world.deps.store.write(
        lambda tx: tx.conn.execute(
            update(assignments).where(assignments.c.inquiry_id == inquiry_id).values(reason="rework")
        )
    )
    reorganise(world, D01="D02")
    assert open_order(world, inquiry_id).reason == "rework"


def test_closed_work_stays_with_the_unit_that_did_it(world):
    inquiry_id = world.inquiry()
    say(world, "lamp", "复 1 路灯今天已经修好，请再看看，谢谢您的来信。")
    assert reorganise(world, D01="D02") == 0
    assert leads(world, inquiry_id) == [("D01", "done")]
    assert world.get(inquiry_id).unit_id == world.units["D01"]


# --- abolished ---


def test_without_a_successor_the_duty_desk_gets_it_with_a_new_clock(world):
    inquiry_id = order(world)
    promised = world.get(inquiry_id).due_at
    world.clock.time = china(25, 10)
    assert reorganise(world, gone=("D01",)) == 1
    assert leads(world, inquiry_id) == [("D01", "cancelled"), ("D00", "pending")]
    assert open_order(world, inquiry_id).due_at > world.clock.time
    assert world.get(inquiry_id).due_at == promised
    assert told_of_order(world, open_order(world, inquiry_id).id) == ["duty"]


def test_a_successor_that_is_abolished_later_leaves_it_to_the_duty_desk(world):
    inquiry_id = order(world)
    reorganise(world, D01="D02")
    reorganise(world, gone=("D02",))
    assert leads(world, inquiry_id)[-1] == ("D00", "pending")


def test_with_nobody_at_the_desk_the_order_stays_and_an_alarm_is_raised(sqlite):
    inquiry_id = order(sqlite)
    sqlite.deps.store.write(
        lambda tx: tx.conn.execute(update(officers).where(officers.c.role == "duty").values(active=False))
    )
    assert reorganise(sqlite, gone=("D01",)) == 0
    assert leads(sqlite, inquiry_id) == [("D01", "pending")]
    assert "no_duty_desk" in sqlite.alarms.standing
    sqlite.deps.store.write(
        lambda tx: tx.conn.execute(update(officers).where(officers.c.role == "duty").values(active=True))
    )
    assert succession.redirect_all(sqlite.deps) == 1


def test_an_accusation_does_not_reach_the_unit_accused_by_a_merger(sqlite):
    inquiry_id = order(sqlite)
    sqlite.deps.store.write(
        lambda tx: tx.conn.execute(
            update(inquiries_table)
            .where(inquiries_table.c.id == inquiry_id)
            .values(flags=["accusation"], routing={"accused": ["D02"]})
        )
    )
    reorganise(sqlite, D01="D02")
    assert leads(sqlite, inquiry_id)[-1] == ("D00", "pending")


# --- what was asked for ---


def test_a_wish_for_more_time_goes_along_and_is_granted_to_the_successor(world):
    inquiry_id = world.inquiry()
    say(world, "lamp", f"延 1 3 {GOOD}")
    wanted = last_request(world, inquiry_id).wanted_at
    reorganise(world, D01="D02")
    assert asked(world, inquiry_id) == [("extension", "pending")]
    say(world, "duty", "准 1")
    assert asked(world, inquiry_id) == [("extension", "approved")]
    assert open_order(world, inquiry_id).due_at == wanted


def test_a_wish_for_more_time_ends_when_the_desk_has_the_order(world):
    inquiry_id = world.inquiry()
    say(world, "lamp", f"延 1 3 {GOOD}")
    reorganise(world, gone=("D01",))
    assert asked(world, inquiry_id) == [("extension", "expired")]
    assert "request_dropped" in logged(world, inquiry_id)


def test_a_return_to_the_very_successor_is_settled_by_the_merger(world):
    inquiry_id = world.inquiry()
    say(world, "lamp", "退 1 路面下的水管归水务局管，应转区水务局")
    assert last_request(world, inquiry_id).unit_id == world.units["D02"]
    reorganise(world, D01="D02")
    assert asked(world, inquiry_id) == [("return", "expired")]
    assert leads(world, inquiry_id)[-1] == ("D02", "pending")


def test_a_return_that_proposes_a_merged_unit_is_granted_to_its_successor(world):
    inquiry_id = world.inquiry()
    say(world, "lamp", "退 1 路面下的水管归水务局管，应转区水务局")
    reorganise(world, D02="S02")
    assert last_request(world, inquiry_id).unit_id == world.units["S02"]
    say(world, "duty", "准 1")
    assert leads(world, inquiry_id) == [("D01", "returned"), ("S02", "pending")]


def test_a_return_that_proposes_an_abolished_unit_proposes_nobody(world):
    inquiry_id = world.inquiry()
    say(world, "lamp", "退 1 路面下的水管归水务局管，应转区水务局")
    reorganise(world, gone=("D02",))
    assert last_request(world, inquiry_id).unit_id is None
    say(world, "duty", "准 1")
    assert leads(world, inquiry_id)[-1] == ("D00", "pending")


def test_a_question_to_the_citizen_goes_on_and_her_answer_reaches_the_successor(world):
    inquiry_id = world.inquiry()
    say(world, "lamp", "问 1 是哪一根灯杆？请发编号。")
    before = world.order(inquiry_id).due_at
    world.clock.time = china(24, 10)
    reorganise(world, D01="D02")
    assert (world.get(inquiry_id).state, world.get(inquiry_id).paused_at is None) == ("need_info", False)
    assert open_order(world, inquiry_id).due_at == before
    run(world, china(25, 10))
    assert not {"late_sign", "overdue", "lapsed"} & set(logged(world, inquiry_id))
    citizen_says(world, "是17号灯杆")
    inquiry = world.get(inquiry_id)
    assert (inquiry.state, inquiry.paused_at, asked(world, inquiry_id)) == (
        "dispatched",
        None,
        [("supplement", "approved")],
    )
    assert open_order(world, inquiry_id).due_at > before


# --- assists ---


def test_an_assist_goes_to_the_successor(world):
    inquiry_id = world.inquiry()
    say(world, "lamp", "协 1 区水务局")
    reorganise(world, D02="S02")
    assert assists(world, inquiry_id) == [("D02", "cancelled"), ("S02", "pending")]
    assert leads(world, inquiry_id) == [("D01", "pending")]
    assert notices(world, inquiry_id, "order.assist")[-1]["lead"] == "区城市管理局"


@pytest.mark.parametrize("how", [{"D02": "D01"}, {"gone": ("D02",)}])
def test_an_assist_nobody_can_give_any_more_ends_and_the_lead_is_told(world, how):
    inquiry_id = world.inquiry()
    say(world, "lamp", "协 1 区水务局")
    reorganise(world, **how)
    assert assists(world, inquiry_id) == [("D02", "cancelled")]
    assert leads(world, inquiry_id) == [("D01", "pending")]
    assert "区水务局因机构调整不再协办" in rendered(world, inquiry_id, "order.assist_ended")[0]


def test_a_lead_merged_into_its_assist_ends_with_one_order(world):
    inquiry_id = world.inquiry()
    say(world, "lamp", "协 1 区水务局")
    reorganise(world, D01="D02")
    assert leads(world, inquiry_id)[-1] == ("D02", "pending")


# --- many, again, at once ---


def test_of_many_linked_to_one_the_new_unit_hears_of_the_head_alone(sqlite):
    head, *others = many(sqlite, 4)
    apart = others.pop()
    elsewhere = order(sqlite, "水管爆了", unit="S01", citizen=9)
    for inquiry_id, to in ((others[0], head), (others[1], head), (apart, elsewhere)):
        sqlite.deps.store.write(
            lambda tx, row=inquiry_id, to=to: inquiries.change(tx, inquiries.get(tx, row), linked_to_id=to)
        )
    assert reorganise(sqlite, D01="D02") == 4
    told = {
        inquiry_id: told_of_order(sqlite, open_order(sqlite, inquiry_id).id) for inquiry_id in (head, *others, apart)
    }
    assert [bool(told[inquiry_id]) for inquiry_id in (head, *others, apart)] == [True, False, False, True]


def test_the_duty_desks_own_unit_may_be_merged(sqlite):
    inquiry_id = order(sqlite, unit="D00")
    reorganise(sqlite, D00="S02")
    assert leads(sqlite, inquiry_id)[-1] == ("S02", "pending")
    assert told_of_order(sqlite, open_order(sqlite, inquiry_id).id) == ["duty"]


def test_a_merged_subdistrict_keeps_its_communities_at_work(sqlite):
    inquiry_id = order(sqlite, unit="S01C1")
    reorganise(sqlite, S01="S02")
    assert leads(sqlite, inquiry_id) == [("S01C1", "pending")]


def test_more_orders_than_a_batch_are_all_moved(sqlite):
    ids = many(sqlite, succession.BATCH + 5)
    assert reorganise(sqlite, D01="D02") == len(ids)
    assert {leads(sqlite, inquiry_id)[-1] for inquiry_id in ids} == {("D02", "pending")}


def test_an_import_interrupted_between_batches_goes_on_when_it_is_run_again(sqlite, monkeypatch):
    many(sqlite, 5)
    monkeypatch.setattr(succession, "BATCH", 2)
    with monkeypatch.context() as killed:
        killed.setattr(succession, "redirect_all", lambda deps: 0)
        assert reorganise(sqlite, D01="D02") == 2
    assert reorganise(sqlite) == 3
    assert reorganise(sqlite) == 0


def test_a_failure_while_moving_leaves_directory_and_orders_as_they_were(sqlite, monkeypatch):
    inquiry_id = order(sqlite)

    def breaks(*_args, **_kwargs):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(succession, "dispatch", breaks)
    with pytest.raises(RuntimeError):
        reorganise(sqlite, D01="D02")
    assert leads(sqlite, inquiry_id) == [("D01", "pending")]
    assert sqlite.deps.store.read(lambda tx: directory.unit_by_code(tx, "D01")).active


def test_the_citizens_message_is_routed_to_the_successor_after_the_merger(sqlite):
    reorganise(sqlite, D01="D02")
    router = type(sqlite.deps.router())(sqlite.deps.store.read(read_directory))
    assert router.route("建设路的路灯坏了").chosen == "D02"
    assert router.route("请城市管理局管管").chosen in {None, "D02"}


def test_a_router_older_than_the_merger_sends_nothing_to_the_unit_that_is_gone(sqlite):
    assert sqlite.deps.router().route("建设路的路灯坏了三天").chosen == "D01"
    inquiry_id = waiting(sqlite)
    reorganise(sqlite, D01="D02")
    dispatch.drain(sqlite.deps)
    assert leads(sqlite, inquiry_id) == [("D02", "pending")]
    later = waiting(sqlite)
    reorganise(sqlite, gone=("D02",))
    dispatch.drain(sqlite.deps)
    assert leads(sqlite, later) == [("D00", "pending")]


def waiting(world):
    inquiry_id = world.inquiry(unit=None)
    world.deps.store.write(lambda tx: inquiries.set_fold(tx, inquiry_id, world.clock.now()))
    return inquiry_id


@pytest.mark.parametrize(("how", "code"), [({"D01": "D02"}, "D02"), ({"gone": ("D01",)}, "D00")])
def test_a_dissatisfied_citizen_has_it_done_again_by_who_has_the_work_now(sqlite, how, code):
    inquiry_id = sqlite.inquiry()
    say(sqlite, "lamp", "复 1 路灯今天已经修好，请再看看，谢谢您的来信。")
    reorganise(sqlite, **how)
    citizen_says(sqlite, "不满意 26-1123-0001 还是不亮，没有人来修")
    assert leads(sqlite, inquiry_id) == [("D01", "done"), (code, "pending")]
    assert sqlite.get(inquiry_id).unit_id == sqlite.units[code]
    assert open_order(sqlite, inquiry_id).reason == "rework"


# --- units without people or phones, a desk that nobody sits at ---


def test_a_unit_whose_officers_have_left_has_its_orders_told_to_the_duty_desk(sqlite):
    sqlite.deps.store.write(
        lambda tx: tx.conn.execute(
            update(officers).where(officers.c.unit_id == sqlite.units["D01"]).values(active=False)
        )
    )
    inquiry_id = order(sqlite)
    assert told_of_order(sqlite, open_order(sqlite, inquiry_id).id) == ["duty"]


def test_a_unit_merged_into_one_without_people_is_told_to_the_duty_desk(sqlite):
    inquiry_id = order(sqlite)
    sqlite.deps.store.write(
        lambda tx: tx.conn.execute(
            update(officers)
            .where(officers.c.unit_id.in_((sqlite.units["D01"], sqlite.units["S02"])))
            .values(active=False)
        )
    )
    reorganise(sqlite, D01="S02")
    assert leads(sqlite, inquiry_id)[-1] == ("S02", "pending")
    assert told_of_order(sqlite, open_order(sqlite, inquiry_id).id) == ["duty"]
