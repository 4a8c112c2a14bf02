"""More time and orders given back: asked for by word or page, decided by word or page, or by nobody."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.clocks.steps import Limits
from handlers.clocks import charges
from handlers.inquiry import hand_over
from store import directory, inquiries
from tests.kit.deadline_kit import china, ledger, run, told
from tests.kit.town import (
    GOOD,
    asked,
    event,
    expire,
    forms,
    last_request,
    logged,
    notices,
    page,
    rendered,
    say,
    shown,
    town,
)

OLD, NEW = china(27, 17), china(2, 17, month=12)


@pytest.fixture
def world_on_each(tmp_path, database_url):
    made = town(tmp_path, database_url) if database_url.startswith("postgresql") else town(tmp_path)
    yield made
    made.close()


@pytest.fixture
def inquiry(world):
    return world.inquiry()


def extend(world, way, inquiry_id, days="3", reason=GOOD, category="field_test", who="lamp"):
    if way == "word":
        return say(world, who, f"延 1 {days} {reason}")
    return page(world, who, inquiry_id, "extend", days=days, reason=reason, category=category).text


def decide(world, way, inquiry_id, action, who="duty", note=""):
    if way == "word":
        return say(world, who, f"{'准' if action == 'approve' else '驳'} 1 {note}".strip())
    return page(world, who, inquiry_id, action, note=note).text


# --- more time ---


@pytest.mark.parametrize("way", ["word", "page"])
def test_an_extension_asked_for_and_granted_moves_both_dates_and_tells_everybody(world, inquiry, way):
    extend(world, way, inquiry)
    assert asked(world, inquiry) == [("extension", "pending")]
    assert world.order(inquiry).due_at == OLD, "until somebody grants it nothing moves"
    assert last_request(world, inquiry).reason_code == "field_test"
    decide(world, way, inquiry, "approve")
    assert (world.order(inquiry).due_at, world.get(inquiry).due_at) == (NEW, NEW)
    assert world.get(inquiry).extended == 1
    for part in ("原定：11月27日(周五)17:00前", "最迟12月2日(周三)17:00前", "需要现场检测"):
        assert part in rendered(world, inquiry, "extended")[0]
    assert "已同意" in rendered(world, inquiry, "order.decided")[0]
    made = event(world, inquiry, "extended")
    assert (made.actor, made.actor_id, made.data["late"]) == ("officer", world.officers["duty"], False)


def test_the_office_is_told_who_asks_for_what_until_when_and_how_to_decide(world, inquiry):
    extend(world, "word", inquiry)
    for part in (
        "区城市管理局申请延期",
        "申请延到：12月2日(周三)17:00",
        GOOD[:20],
        "请在11月23日(周一)15:00前决定",
        "准2611230001",
    ):
        assert part in rendered(world, inquiry, "order.request")[0]


@pytest.mark.parametrize("way", ["word", "page"])
def test_an_extension_refused_moves_nothing_and_the_unit_reads_why(world, inquiry, way):
    extend(world, way, inquiry)
    decide(world, way, inquiry, "refuse", note="更换灯具不需要检测")
    assert asked(world, inquiry) == [("extension", "refused")]
    assert world.order(inquiry).due_at == OLD
    assert "更换灯具不需要检测" in rendered(world, inquiry, "order.decided")[0]
    assert notices(world, inquiry, "extended") == []


def test_a_refusal_needs_a_reason(world, inquiry):
    extend(world, "word", inquiry)
    say(world, "duty", "驳 1")
    assert page(world, "duty", inquiry, "refuse", note=" ").status_code == 422
    assert asked(world, inquiry) == [("extension", "pending")]


@pytest.mark.parametrize(
    ("days", "reason", "says"),
    [
        ("0", GOOD, "至少写1"),
        ("11", GOOD, "最多延10个工作日"),
        ("3", "需现场检测", "至少写20个字"),
        ("3", "现场检测" * 8, "凑字"),
        ("3", "我们这几天工作特别忙人手不够实在安排不过来请多给几天时间", "客观原因"),
    ],
)
@pytest.mark.parametrize("way", ["word", "page"])
def test_an_extension_against_the_rules_is_refused_with_the_rule(world, inquiry, way, days, reason, says):
    category = "field_test" if "检测" in reason else ""
    assert says in extend(world, way, inquiry, days, reason, category)
    assert asked(world, inquiry) == []


def test_a_refused_form_keeps_what_was_written(world, inquiry):
    answer = page(world, "lamp", inquiry, "extend", days="5", reason="需现场检测", category="weather")
    assert answer.status_code == 422
    assert "刚才写了 5 个字" in answer.text
    assert 'value="5" selected' in answer.text
    assert 'value="weather" selected' in answer.text


def test_the_page_shows_the_date_each_number_of_days_leads_to(world, inquiry):
    text = shown(world, "lamp", inquiry)
    assert ">1 个工作日，到11月30日(周一)</option>" in text
    assert ">10 个工作日，到12月11日(周五)</option>" in text
    assert text.count("个工作日，到") == 10


def test_the_usual_number_of_days_is_taken_when_none_is_given(world, inquiry):
    say(world, "lamp", f"延 1 {GOOD}")
    assert last_request(world, inquiry).wanted_at == china(3, 17, month=12)


@pytest.mark.parametrize("way", ["word", "page"])
def test_edge_48_an_extension_is_asked_for_at_the_last_second_and_not_after(world, inquiry, way):
    world.clock.time = OLD
    extend(world, way, inquiry)
    assert asked(world, inquiry) == [("extension", "pending")]
    other = world.inquiry("占道经营")
    world.clock.time = world.order(other).due_at
    world.clock.forward(1)
    assert "已过" in say(world, "lamp", f"延 {world.get(other).number} 3 {GOOD}")
    assert "extend" not in forms(world, "lamp", other)
    assert asked(world, other) == []


def test_edge_48_nobody_asks_twice_at_once(world, inquiry):
    extend(world, "word", inquiry)
    assert "等问政办决定" in extend(world, "word", inquiry)
    assert {"extend", "back"} & forms(world, "lamp", inquiry) == set()
    assert asked(world, inquiry) == [("extension", "pending")]


@pytest.mark.parametrize("way", ["word", "page"])
def test_edge_48_a_second_extension_is_a_leaders_to_grant_and_there_is_no_third(world, inquiry, way):
    extend(world, way, inquiry)
    decide(world, way, inquiry, "approve")
    extend(world, way, inquiry)
    assert "只能由领导决定" in say(world, "duty", "准 1")
    assert "approve" not in forms(world, "duty", inquiry)
    assert ("order.request", "chief") in told(world, inquiry_id=inquiry)
    decide(world, way, inquiry, "approve", who="chief")
    assert world.get(inquiry).extended == 2
    assert world.order(inquiry).due_at == china(7, 17, month=12)
    assert "不能再延" in say(world, "lamp", f"延 1 1 {GOOD}")
    assert "顾言和已于11月23日(周一)10:00同意" in shown(world, "chief", inquiry)


def test_a_leader_of_another_unit_decides_but_does_not_answer(world, inquiry):
    extend(world, "word", inquiry)
    assert forms(world, "chief", inquiry) == {"approve", "refuse"}
    order = world.order(inquiry)
    path = world.staff_path(inquiry, "chief")
    seal = world.deps.signer.form_seal(path.removeprefix("/s/"), f"answer:{order.id}")
    answer = world.client().post(f"{path}/answer", data={"order": order.id, "seal": seal, "text": "领导代答"})
    assert answer.status_code == 409
    assert world.order(inquiry).state == "pending"


@pytest.mark.parametrize("who", ["lamp", "water", "lamphead"])
def test_who_asked_or_heads_a_unit_decides_nothing(world, inquiry, who):
    extend(world, "word", inquiry)
    assert "没有这个权限" in say(world, who, "准 1")
    assert asked(world, inquiry) == [("extension", "pending")]


def test_edge_48_undecided_in_time_counts_as_refused(world, inquiry):
    extend(world, "word", inquiry)
    world.clock.time = china(23, 15, 0, 1)
    expire(world, inquiry)
    assert asked(world, inquiry) == [("extension", "expired")]
    assert world.order(inquiry).due_at == OLD
    assert "到时没有决定，按不同意算" in rendered(world, inquiry, "order.decided")[0]
    expire(world, inquiry)
    assert logged(world, inquiry).count("extension_expired") == 1


@pytest.mark.parametrize("run_first", [True, False])
def test_edge_48_a_late_approval_still_gives_the_date_whoever_came_first(world, inquiry, run_first):
    world.clock.time = china(27, 16, 30)
    extend(world, "word", inquiry)
    world.clock.time = china(27, 18)
    if run_first:
        expire(world, inquiry)
    decide(world, "word", inquiry, "approve")
    assert asked(world, inquiry) == [("extension", "approved")]
    assert world.order(inquiry).due_at == NEW
    assert event(world, inquiry, "extended").data["late"] is True
    assert "extension_expired" in logged(world, inquiry)


def test_edge_48_a_late_approval_takes_back_what_the_old_due_time_cost(world, inquiry):
    world.clock.time = china(27, 16, 30)
    extend(world, "word", inquiry)
    run(world, china(27, 18))
    assert ("overdue", -50) in ledger(world)
    decide(world, "word", inquiry, "approve")
    assert sum(points for rule, points in ledger(world) if rule == "overdue") == 0
    calendar = world.deps.calendar()
    assert world.deps.store.read(lambda tx: charges.replay(tx, calendar)).same


def test_edge_48_an_approval_of_a_date_that_has_passed_gives_nothing(world, inquiry):
    extend(world, "word", inquiry)
    world.clock.time = NEW
    assert "这个时间已过" in decide(world, "word", inquiry, "approve")
    assert world.order(inquiry).due_at == OLD


def test_edge_48_an_order_that_is_over_gets_no_more_time(world, inquiry):
    extend(world, "word", inquiry)
    world.act("answer", inquiry, "lamp", "已于今日修复，请您核实。")
    assert asked(world, inquiry) == [("extension", "expired")]
    decide(world, "word", inquiry, "approve")
    assert world.get(inquiry).due_at == OLD
    assert "答复" in say(world, "lamp", f"延 26-1123-0001 3 {GOOD}")
    assert "approve" not in forms(world, "duty", inquiry)


def test_two_who_decide_at_once_decide_once(world_on_each):
    world = world_on_each
    inquiry = world.inquiry()
    say(world, "lamp", f"延 1 3 {GOOD}")

    def one(who):
        return say(world, who, "准 1" if who == "duty" else "驳 1 不需要检测")

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(one, ["duty", "chief"]))
    [(_, state)] = asked(world, inquiry)
    assert state in {"approved", "refused"}
    assert world.order(inquiry).due_at == (NEW if state == "approved" else OLD)
    assert len(set(answers)) == 2
    assert len(notices(world, inquiry, "extended")) == (state == "approved")


def test_two_who_ask_at_once_ask_once(world_on_each):
    world = world_on_each
    inquiry = world.inquiry()
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda who: say(world, who, f"延 1 3 {GOOD}" if who == "lamp" else "退 1 不属本局职责"),
                ["lamp", "lamp2"],
            )
        )
    assert len(asked(world, inquiry)) == 1
    assert len(set(answers)) == 2


# --- given back ---


@pytest.mark.parametrize("way", ["word", "page"])
def test_a_return_granted_goes_to_the_unit_proposed_with_a_clock_of_its_own(world, inquiry, way):
    if way == "word":
        say(world, "lamp", "退 1 不属本局职责，应转水务局")
    else:
        page(world, "lamp", inquiry, "back", reason="不属本局职责", unit="区水务局")
    assert asked(world, inquiry) == [("return", "pending")]
    assert world.order(inquiry).unit_code == "D01", "until it is decided it stays"
    assert "建议转：区水务局" in rendered(world, inquiry, "order.request")[0]
    world.clock.time = china(23, 14)
    decide(world, way, inquiry, "approve")
    order = world.order(inquiry)
    assert (order.unit_code, order.state, order.created_at) == ("D02", "pending", china(23, 14))
    assert world.get(inquiry).returns == 1
    assert world.get(inquiry).due_at == OLD, "the citizen's date never starts anew"
    assert "已转给区水务局" in rendered(world, inquiry, "order.decided")[0]


def test_the_unit_s_clock_starts_at_dispatch_and_both_dates_are_said(world, inquiry):
    world.clock.time = china(24, 10)
    world.act(
        "give_back", inquiry, "lamp", "不属本局", world.deps.store.read(lambda tx: directory.unit_by_code(tx, "D02"))
    )
    world.decide("approve", inquiry, "duty")
    assert world.order(inquiry).due_at == china(30, 17)
    new = rendered(world, inquiry, "order.new")[-1]
    assert "最迟11月27日(周五)17:00前答复市民" in new
    assert "本单位时限：11月30日(周一)17:00" in new
    assert "11月30日(周一)17:00前" in shown(world, "water", inquiry)


def test_handing_down_inside_a_subdistrict_gains_no_time(world):
    inquiry = world.inquiry("楼道堆杂物", unit="S01")
    world.clock.time = china(25, 10)
    unit = world.deps.store.read(lambda tx: directory.unit_by_code(tx, "S01C1"))
    assert world.act("transfer", inquiry, "street", unit).done
    assert world.order(inquiry).due_at == OLD


@pytest.mark.parametrize("way", ["word", "page"])
def test_a_return_refused_stays_and_the_clock_runs_on(world, inquiry, way):
    say(world, "lamp", "退 1 不属本局职责")
    decide(world, way, inquiry, "refuse", note="属你局维护范围")
    assert asked(world, inquiry) == [("return", "refused")]
    assert (world.order(inquiry).unit_code, world.order(inquiry).due_at) == ("D01", OLD)
    assert "属你局维护范围" in rendered(world, inquiry, "order.decided")[0]
    assert "每个单位只能退一次" in say(world, "lamp", "退 1 还是不属本局职责")
    assert "back" not in forms(world, "lamp", inquiry)


def test_without_a_unit_proposed_it_comes_back_to_the_duty_desk(world, inquiry):
    say(world, "lamp", "退 1 不属本局职责")
    say(world, "duty", "准 1")
    assert world.order(inquiry).unit_code == "D00"


def test_the_duty_desk_may_name_another_unit_when_it_grants(world, inquiry):
    say(world, "lamp", "退 1 不属本局职责，应转水务局")
    say(world, "duty", "准 1 杏花街道办事处")
    assert world.order(inquiry).unit_code == "S01"


def test_handing_it_on_grants_the_return(world, inquiry):
    say(world, "lamp", "退 1 不属本局职责")
    say(world, "duty", "转 1 区水务局")
    assert asked(world, inquiry) == [("return", "approved")]
    assert (world.order(inquiry).unit_code, world.get(inquiry).returns) == ("D02", 1)


@pytest.mark.parametrize(("at", "taken"), [(china(24, 17), True), (china(24, 17, 0, 1), False)])
def test_an_order_is_given_back_within_a_working_day(world, inquiry, at, taken):
    world.clock.time = at
    answer = say(world, "lamp", "退 1 不属本局职责")
    assert bool(asked(world, inquiry)) == taken
    assert ("一个工作日内才能退回" in answer) != taken


def test_edge_49_after_two_returns_the_office_has_fixed_the_unit(world, inquiry):
    for who, unit in (("lamp", "区水务局"), ("water", "杏花街道办事处")):
        say(world, who, "退 1 不属我单位职责")
        say(world, "duty", f"转 1 {unit}")
    assert (world.order(inquiry).unit_code, world.get(inquiry).returns) == ("S01", 2)
    assert "已退回两次" in say(world, "street", "退 1 不属我单位职责")
    assert asked(world, inquiry) == [("return", "approved")] * 2
    assert "back" not in forms(world, "street", inquiry)
    assert logged(world, inquiry).count("returned") == 2


def test_edge_49_a_unit_abolished_meanwhile_gets_nothing(world, inquiry):
    say(world, "lamp", "退 1 不属本局职责，应转水务局")
    world.deps.store.write(
        lambda tx: directory.deactivate(tx, unit_codes=["D02"], officer_codes=["water", "waterhead"])
    )
    say(world, "duty", "准 1")
    assert world.order(inquiry).unit_code == "D00", "the duty desk hands it on itself"


def test_edge_49_a_return_nobody_decided_stays_with_the_unit(world, inquiry):
    say(world, "lamp", "退 1 不属本局职责")
    world.clock.time = china(23, 15, 0, 1)
    expire(world, inquiry)
    assert asked(world, inquiry) == [("return", "expired")]
    assert world.order(inquiry).unit_code == "D01"
    say(world, "duty", "准 1 区水务局")
    assert world.order(inquiry).unit_code == "D02", "the office was late, not the unit"


def test_the_duty_desk_itself_gives_nothing_back(world):
    world.inquiry("不清楚归谁管", unit="D00")
    assert "不能再退" in say(world, "duty", "退 1 不归我们")


# --- the table ---


def test_every_move_is_logged_with_who_when_from_and_to(world, inquiry):
    world.act("sign", inquiry, "lamp")
    world.clock.forward(60)
    world.act("answer", inquiry, "lamp", "已于今日修复，请您核实。")
    events = world.deps.store.read(lambda tx: inquiries.events_of(tx, inquiry))
    moves = [(e.name, e.data["was"], e.data["became"], e.actor_id, e.at) for e in events if "was" in e.data]
    lamp, now = world.officers["lamp"], world.clock.now()
    assert moves == [
        ("signed", "dispatched", "in_progress", lamp, china(23, 10)),
        ("answered", "in_progress", "answered", lamp, now),
    ]


@pytest.mark.parametrize("state", ["withdrawn", "merged", "rejected", "archived", "answered"])
def test_what_the_table_does_not_know_is_refused_and_leaves_nothing_behind(world, inquiry, state):
    """An open order of an inquiry that is over cannot be, but a fault or a hand in the database may make one."""
    world.deps.store.write(lambda tx: inquiries.change(tx, inquiries.get(tx, inquiry), state=state))
    outcome = world.act("answer", inquiry, "lamp", "已于今日修复，请您核实。")
    assert (outcome.done, outcome.key) == (False, "staff.not_now")
    assert (world.get(inquiry).state, world.order(inquiry).state) == (state, "pending")
    assert notices(world, inquiry, "answer") == []


def test_an_urgent_order_runs_by_the_clock_on_the_wall(world):
    inquiry = world.inquiry(unit=None)

    def work(tx):
        inquiries.change(tx, inquiries.get(tx, inquiry), urgent=True, state="dispatched")
        hand_over.dispatch(world.deps, tx, inquiries.get(tx, inquiry), world.units["D01"], now=world.clock.now())

    world.clock.time = china(28, 10)  # a Saturday
    world.deps.store.write(work)
    assert world.order(inquiry).due_at == china(29, 10)


def test_edge_47_the_day_of_dispatch_is_not_counted_and_the_last_moment_is_in_time(world):
    world.clock.time = china(23, 23, 50)
    inquiry = world.inquiry()
    assert world.order(inquiry).due_at == china(27, 17)
    world.clock.time = china(27, 17)
    assert "extend" in forms(world, "lamp", inquiry)


def test_edge_47_by_rule_b_what_is_dispatched_after_hours_counts_from_the_next_day(world):
    world.deps.due_rule = "B"
    world.clock.time = china(23, 17)
    inquiry = world.inquiry()
    assert world.order(inquiry).due_at == china(30, 17)


def test_the_limits_are_the_office_s(world, inquiry):
    world.deps.limits = Limits(extension_max_days=2, reason_length=5)
    assert "最多延2个工作日" in extend(world, "word", inquiry)
    extend(world, "word", inquiry, "2", "需现场检测路面")
    assert asked(world, inquiry) == [("extension", "pending")]
