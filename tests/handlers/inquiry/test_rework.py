"""Not satisfied: done again, once by the citizen's word, later by the office's."""

from __future__ import annotations

import pytest

from store import inquiries
from tests.kit.deadline_kit import china, told
from tests.kit.town import (
    asked,
    citizen_says,
    event,
    expire,
    forms,
    logged,
    notices,
    page,
    rendered,
    say,
    shown,
)

NUMBER = "26-1123-0001"


@pytest.fixture
def answered(world):
    inquiry_id = world.inquiry()
    world.act("answer", inquiry_id, "lamp", "已于今日修复，请您核实。")
    return inquiry_id


def again(world, inquiry_id):
    """Complained about, done again, answered again."""
    citizen_says(world, f"不满意 {NUMBER} 没有人来修")
    world.act("answer", inquiry_id, "lamp", "已再次检修，请您核实。")


def test_not_satisfied_with_a_reason_reopens_at_once_with_two_working_days(world, answered):
    world.clock.time = china(27, 16)
    said = citizen_says(world, f"不满意 {NUMBER} 没有人来修")
    row, order = world.get(answered), world.order(answered)
    assert (row.state, row.reopened, row.answered_at) == ("dispatched", 1, None)
    assert (order.unit_code, order.state, order.reason, order.due_at) == (
        "D01",
        "pending",
        "rework",
        china(1, 17, month=12),
    )
    assert row.due_at == china(1, 17, month=12)
    assert row.received_at == china(23, 10), "her clock's start stays the first receipt"
    assert "已退回重新办理" in said
    assert "12月1日(周二)17:00" in said
    assert "没有人来修" in rendered(world, answered, "order.new")[-1]
    assert event(world, answered, "reworked").actor == "citizen"


def test_the_date_promised_first_is_never_taken_back(world, answered):
    citizen_says(world, f"不满意 {NUMBER} 没有人来修")
    assert world.order(answered).due_at == china(25, 17)
    assert world.get(answered).due_at == china(27, 17)


def test_the_reason_is_asked_for_first(world, answered):
    citizen_says(world, "不满意")
    assert world.get(answered).state == "answered"
    assert "已退回重新办理" in citizen_says(world, "灯还是不亮")
    assert world.get(answered).state == "dispatched"


def test_a_second_time_the_office_decides(world, answered):
    again(world, answered)
    said = citizen_says(world, f"不满意 {NUMBER} 又坏了")
    assert "由问政办核实决定" in said
    assert (world.get(answered).state, asked(world, answered)) == ("answered", [("rework", "pending")])
    assert told(world, key="order.request", inquiry_id=answered) == [("order.request", "duty")]


@pytest.mark.parametrize("way", ["word", "page"])
def test_the_office_grants_a_second_rework(world, answered, way):
    again(world, answered)
    citizen_says(world, f"不满意 {NUMBER} 又坏了")
    if way == "word":
        say(world, "duty", f"准 {NUMBER}")
    else:
        assert forms(world, "duty", answered) == {"approve", "refuse", "correct", "retract"}
        page(world, "duty", answered, "approve")
    assert (world.get(answered).state, world.get(answered).reopened) == ("dispatched", 2)
    assert "已退回重新办理" in rendered(world, answered, "reopened")[0]
    assert world.order(answered).state == "pending"


def test_a_leader_grants_a_second_rework_too(world, answered):
    again(world, answered)
    citizen_says(world, f"不满意 {NUMBER} 又坏了")
    say(world, "chief", "准 1")
    assert (world.get(answered).state, world.get(answered).reopened) == ("dispatched", 2)


@pytest.mark.parametrize("way", ["word", "page"])
def test_the_office_refuses_a_second_rework_and_the_citizen_reads_why(world, answered, way):
    again(world, answered)
    citizen_says(world, f"不满意 {NUMBER} 又坏了")
    if way == "word":
        say(world, "duty", "驳 1 现场已核实修复")
    else:
        page(world, "duty", answered, "refuse", note="现场已核实修复")
    assert (world.get(answered).state, asked(world, answered)) == ("answered", [("rework", "refused")])
    assert "现场已核实修复" in rendered(world, answered, "rework.refused")[0]
    assert "现场已核实修复" in shown(world, "duty", answered)


def test_silence_of_the_office_refuses_no_citizen(world, answered):
    again(world, answered)
    citizen_says(world, f"不满意 {NUMBER} 又坏了")
    world.clock.forward(24 * 3600)
    expire(world, answered)
    assert asked(world, answered) == [("rework", "pending")]
    assert len(notices(world, answered, "order.request")) == 2, "the desk is asked again"


@pytest.mark.parametrize(("word", "score"), [("满意", 1), ("2", 2)])
def test_satisfied_closes_and_a_second_thought_within_a_day_reopens(world, answered, word, score):
    citizen_says(world, word if len(word) > 1 else f"{word} {NUMBER}")
    assert (world.get(answered).state, world.get(answered).rating) == ("closed", score)
    world.clock.forward(3600)
    citizen_says(world, f"不满意 {NUMBER} 又坏了")
    assert world.get(answered).state == "dispatched"
    assert world.get(answered).closed_at is None


def test_a_low_rating_stays_until_she_gives_another(world, answered):
    again(world, answered)
    assert world.get(answered).rating == 3, "answering again does not wipe it out"
    assert "满意" in citizen_says(world, f"满意 {NUMBER}")
    assert (world.get(answered).rating, world.get(answered).state) == (1, "closed")


def test_while_it_is_done_again_there_is_nothing_to_rate(world, answered):
    citizen_says(world, f"不满意 {NUMBER} 没有人来修")
    assert "没有等您评价的答复" in citizen_says(world, f"不满意 {NUMBER} 快点")
    assert world.get(answered).reopened == 1
    assert logged(world, answered).count("reworked") == 1


@pytest.mark.parametrize("text", ["谢谢", "谢谢你们！", "好的", "辛苦了"])
def test_edge_52_thanks_after_closing_reopens_nothing(world, answered, text):
    citizen_says(world, f"满意 {NUMBER}")
    world.clock.forward(3600)
    citizen_says(world, text)
    assert world.get(answered).state == "closed"
    assert world.deps.store.read(lambda tx: len(inquiries.of_contact(tx, world.get(answered).contact_id))) == 1


def test_edge_52_a_new_matter_after_closing_is_a_new_inquiry(world, answered):
    citizen_says(world, f"满意 {NUMBER}")
    world.clock.forward(3600)
    assert "26-1123-0002" in citizen_says(world, "建设路的路灯又坏了，跟上次一样")
    assert world.get(answered).state == "closed"


def test_edge_52_not_satisfied_with_two_answers_waiting_is_asked_which(world, answered):
    other = world.inquiry("占道经营")
    world.act("answer", other, "lamp", "已清理。")
    said = citizen_says(world, "不满意")
    assert NUMBER in said
    assert "26-1123-0002" in said
    assert {world.get(each).state for each in (answered, other)} == {"answered"}
    citizen_says(world, "不满意 26-1123-0002 摊子还在")
    assert (world.get(other).state, world.get(answered).state) == ("dispatched", "answered")


def test_edge_51_an_answer_given_is_not_given_again(world, answered):
    assert "答复" in say(world, "lamp", f"复 {NUMBER} 改一下，应为明日修复")
    assert len(notices(world, answered, "answer")) == 1
    assert [
        m.text for m in world.deps.store.read(lambda tx: inquiries.messages_of(tx, answered)) if m.direction == "out"
    ] == ["已于今日修复，请您核实。"]


def test_edge_50_the_reply_counts_and_not_its_delivery(world):
    inquiry = world.inquiry()
    world.clock.time = china(27, 17)
    world.act("answer", inquiry, "lamp", "已于今日修复，请您核实。")
    assert world.order(inquiry).ended_at == world.order(inquiry).due_at
    assert world.get(inquiry).answered_at == china(27, 17)
