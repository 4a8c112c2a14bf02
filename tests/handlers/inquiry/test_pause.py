"""A question to the citizen stops the clocks; another unit may be asked to help."""

from __future__ import annotations

import pytest

from bot.edge.messages import Address
from store import directory, inquiries
from tests.kit.deadline_kit import china, told
from tests.kit.town import (
    GOOD,
    asked,
    citizen_says,
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
)
from tests.kit.world import CITIZEN

OLD = china(27, 17)
QUESTION = "是哪一栋楼下的路灯？"


@pytest.fixture
def inquiry(world):
    inquiry_id = world.inquiry()
    world.act("sign", inquiry_id, "lamp")
    return inquiry_id


def ask(world, way, inquiry_id, question=QUESTION):
    if way == "word":
        return say(world, "lamp", f"问 1 {question}")
    return page(world, "lamp", inquiry_id, "ask", question=question).text


@pytest.mark.parametrize("way", ["word", "page"])
def test_a_question_reaches_the_citizen_and_the_clocks_stand_still(world, inquiry, way):
    ask(world, way, inquiry)
    row = world.get(inquiry)
    assert (row.state, row.paused_at) == ("need_info", china(23, 10))
    assert asked(world, inquiry) == [("supplement", "pending")]
    assert world.order(inquiry).next_check_at is None
    (question,) = rendered(world, inquiry, "asked")
    assert QUESTION in question
    assert "请在11月26日(周四)17:00前直接回复" in question


@pytest.mark.parametrize("answer", ["3栋", "3", "补充 3栋东门", "补充26-1123-0001 3栋东门"])
def test_her_next_message_is_the_answer_and_the_clocks_go_on_later_by_the_pause(world, inquiry, answer):
    ask(world, "word", inquiry)
    world.clock.time = china(24, 10)
    said = citizen_says(world, answer)
    row, order = world.get(inquiry), world.order(inquiry)
    assert (row.state, row.paused_at) == ("in_progress", None)
    assert asked(world, inquiry) == [("supplement", "approved")]
    # One working day of seven hours was waited.
    assert (row.due_at, order.due_at) == (china(30, 17), china(30, 17))
    assert order.next_check_at is not None
    assert "11月30日(周一)17:00" in said
    to_unit = rendered(world, inquiry, "order.supplemented")[-1]
    assert "市民回复了您单位的提问" in to_unit
    assert "最迟11月30日(周一)17:00前" in to_unit
    assert world.deps.store.read(lambda tx: len(inquiries.of_contact(tx, row.contact_id))) == 1


def test_parts_of_the_answer_may_follow_and_a_later_message_is_a_new_matter(world, inquiry):
    ask(world, "word", inquiry)
    citizen_says(world, "在3栋东门")
    world.clock.forward(30)
    citizen_says(world, "靠近垃圾站那一盏")
    world.clock.forward(1200)
    citizen_says(world, "小区门口有人占道经营卖水果")
    contact = world.get(inquiry).contact_id
    assert world.deps.store.read(lambda tx: len(inquiries.of_contact(tx, contact))) == 2
    said = world.deps.store.read(lambda tx: [m.text for m in inquiries.messages_of(tx, inquiry) if m.direction == "in"])
    assert said[1:] == ["在3栋东门", "靠近垃圾站那一盏"]
    assert asked(world, inquiry) == [("supplement", "approved")]


def test_no_answer_in_three_working_days_goes_on_as_it_is_with_the_pause_made_up_for(world, inquiry):
    ask(world, "word", inquiry)
    world.clock.time = china(26, 17, 0, 1)
    expire(world, inquiry)
    row = world.get(inquiry)
    assert (row.state, asked(world, inquiry)) == ("in_progress", [("supplement", "expired")])
    assert row.due_at == china(2, 17, month=12), "three working days at most"
    assert "最迟12月2日(周三)17:00前" in rendered(world, inquiry, "lapsed")[0]
    assert ("order.lapsed", "lamp") in told(world, inquiry_id=inquiry)
    assert event(world, inquiry, "lapsed").actor == "system"
    citizen_says(world, "我家门口的下水道也堵了")
    assert world.deps.store.read(lambda tx: len(inquiries.of_contact(tx, row.contact_id))) == 2, (
        "not an answer any more"
    )


def test_a_long_pause_never_gives_more_than_the_cap(world, inquiry):
    ask(world, "word", inquiry)
    world.clock.time = china(15, 10, month=12)
    expire(world, inquiry)
    assert world.get(inquiry).due_at == china(2, 17, month=12)


def test_a_unit_asks_once(world, inquiry):
    ask(world, "word", inquiry)
    assert "正在等回复" in ask(world, "word", inquiry)
    citizen_says(world, "在3栋东门")
    assert "已问过" in ask(world, "word", inquiry)
    assert "ask" not in forms(world, "lamp", inquiry)
    assert asked(world, inquiry) == [("supplement", "approved")]


@pytest.mark.parametrize("question", ["？", "楼" * 61])
def test_a_question_is_short_and_is_one(world, inquiry, question):
    assert "没有发出" in say(world, "lamp", f"问 1 {question}")
    assert asked(world, inquiry) == []
    assert page(world, "lamp", inquiry, "ask", question=question).status_code == 422


def test_an_answer_to_the_citizen_ends_the_wait(world, inquiry):
    ask(world, "word", inquiry)
    world.act("answer", inquiry, "lamp", "已查明是东门路灯，已修复。")
    row = world.get(inquiry)
    assert (row.state, row.paused_at, asked(world, inquiry)) == ("answered", None, [("supplement", "expired")])
    world.clock.forward(3600)
    citizen_says(world, "另外河边有人钓鱼倒垃圾")
    assert world.deps.store.read(lambda tx: len(inquiries.of_contact(tx, row.contact_id))) == 2


def test_withdrawing_ends_the_wait(world, inquiry):
    ask(world, "word", inquiry)
    citizen_says(world, "撤回")
    assert world.get(inquiry).state == "withdrawn"
    assert asked(world, inquiry) == [("supplement", "expired")]
    citizen_says(world, "另外河边有人钓鱼倒垃圾")
    assert world.deps.store.read(lambda tx: len(inquiries.of_contact(tx, world.get(inquiry).contact_id))) == 2


def test_edge_48_an_extension_and_a_pause_overlap_and_both_count(world, inquiry):
    say(world, "lamp", f"延 1 3 {GOOD}")
    ask(world, "word", inquiry)
    world.clock.time = china(24, 10)
    citizen_says(world, "在3栋东门")
    assert world.order(inquiry).due_at == china(30, 17)
    assert last_request(world, inquiry).kind == "supplement"
    say(world, "duty", "准 1")
    assert world.order(inquiry).due_at == china(3, 17, month=12), "three days after the date as it is now"
    assert world.get(inquiry).due_at == china(3, 17, month=12)


def test_edge_48_an_extension_granted_during_a_pause_is_moved_by_the_pause(world, inquiry):
    ask(world, "word", inquiry)
    say(world, "lamp", f"延 1 3 {GOOD}")
    say(world, "duty", "准 1")
    assert world.order(inquiry).due_at == china(2, 17, month=12)
    assert world.order(inquiry).next_check_at is None, "the clock still stands"
    world.clock.time = china(24, 10)
    citizen_says(world, "在3栋东门")
    assert world.order(inquiry).due_at == china(3, 17, month=12)


def test_only_the_person_asked_answers(world, inquiry):
    ask(world, "word", inquiry)
    say(world, Address("console", "somebody-else"), "我家停水了，在建设路12号")
    assert world.get(inquiry).state == "need_info"


# --- assist ---


@pytest.mark.parametrize("way", ["word", "page"])
def test_a_unit_called_in_is_due_a_working_day_earlier_and_answers_the_lead(world, inquiry, way):
    if way == "word":
        say(world, "lamp", "协 1 区水务局")
    else:
        page(world, "lamp", inquiry, "assist", unit="区水务局")
    helping = world.deps.store.read(lambda tx: inquiries.assignments_of(tx, inquiry))[-1]
    assert (helping.role, helping.unit_code, helping.due_at) == ("assist", "D02", china(26, 17))
    assert "区城市管理局请您单位协办" in rendered(world, inquiry, "order.assist")[0]
    if way == "word":
        say(world, "water", "复 1 该段水管为我局管护，明日恢复。")
    else:
        page(world, "water", inquiry, "answer", text="该段水管为我局管护，明日恢复。")
    assert notices(world, inquiry, "answer") == [], "the citizen is answered by the lead"
    assert ("order.assisted", "lamp") in told(world, inquiry_id=inquiry)
    assert "该段水管为我局管护" in shown(world, "lamp", inquiry)
    assert world.get(inquiry).state == "in_progress"
    citizens_page = world.client().get(world.citizen_path(inquiry)).text
    assert "该段水管为我局管护" not in citizens_page
    assert "该段水管" not in citizen_says(world, "进度")


def test_an_assist_signs_and_has_its_say_and_nothing_else(world, inquiry):
    say(world, "lamp", "协 1 区水务局")
    assert "已签收" in say(world, "water", "收 1")
    assert world.get(inquiry).state == "in_progress"
    for text in ("退 1 不属我局职责", f"延 1 3 {GOOD}", f"问 1 {QUESTION}", "协 1 杏花街道办事处"):
        assert "是协办" in say(world, "water", text)
    assert forms(world, "water", inquiry) == {"answer"}
    assert asked(world, inquiry) == []


def test_a_silent_assist_does_not_keep_the_answer_back_and_is_named(world, inquiry):
    say(world, "lamp", "协 1 区水务局")
    world.act("sign", inquiry, "water")
    lead = world.deps.store.read(lambda tx: inquiries.open_lead(tx, inquiry))
    assert lead.unit_code == "D01"
    say(world, "lamp", "复 1 已修复，请您核实。")
    rows = world.deps.store.read(lambda tx: inquiries.assignments_of(tx, inquiry))
    assert [row.state for row in rows] == ["done", "cancelled"]
    assert event(world, inquiry, "answered").data["silent"] == ["区水务局"]


def test_the_same_unit_is_not_called_in_twice_nor_the_lead_itself(world, inquiry):
    for _ in range(2):
        say(world, "lamp", "协 1 区水务局")
    say(world, "lamp", "协 1 区城市管理局")
    assert logged(world, inquiry).count("assist_asked") == 1
    unit = world.deps.store.read(lambda tx: directory.unit_by_code(tx, "D02"))
    assert world.act("assist", inquiry, "duty", unit).key == "staff.lead_only"


def test_an_assist_never_reads_the_citizens_name_or_address(world, inquiry):
    say(world, "lamp", "协 1 区水务局")
    assert CITIZEN.value not in shown(world, "water", inquiry)


def test_who_asks_has_signed_so_the_limit_for_signing_does_not_run_out_meanwhile(world):
    unsigned = world.inquiry()
    ask(world, "word", unsigned)
    order = world.order(unsigned)
    assert (order.state, order.signed_at) == ("signed", china(23, 10))
    world.clock.time = china(25, 10)
    citizen_says(world, "3栋")
    assert world.get(unsigned).state == "in_progress"
    assert "late_sign" not in logged(world, unsigned)
