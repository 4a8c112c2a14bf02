"""更正, 撤答: an answer put right or taken back, before and after it went out."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from bot.edge.errors import Ambiguous, Temporary
from bot.edge.messages import Address, Failure, Outcome
from handlers.clocks import charges
from handlers.delivery import outbox, receipts
from store import deadlines, inquiries, scores
from store import outbox as store_outbox
from store.tables.delivery import outbox as outbox_table
from tests.kit.deadline_kit import china, run, told
from tests.kit.life_kit import use_far_end
from tests.kit.town import (
    asked,
    citizen_says,
    event,
    forms,
    logged,
    notices,
    page,
    rendered,
    say,
    shown,
)

NUMBER = "26-1123-0001"
WRONG, RIGHT = "已于11月24日修复，请您核实。", "应为11月26日修复，请您核实。"
ROWS = store_outbox.of_inquiry


@pytest.fixture
def world(world):
    use_far_end(world)
    return world


@pytest.fixture
def answered(world):
    inquiry_id = world.inquiry()
    assert world.act("answer", inquiry_id, "lamp", WRONG).done
    return inquiry_id


def send(world):
    outbox.drain(world.deps, threads=1)


def answers(world, inquiry_id):
    """(key, state, text) of every answer and correction meant for the citizen."""
    rows = world.deps.store.read(lambda tx: ROWS(tx, inquiry_id))
    return [(row.key, row.state, row.params["text"]) for row in rows if row.key.startswith("answer")]


def held_texts(world, inquiry_id):
    """What was written to the citizen: (what became of it, text)."""
    rows = world.deps.store.read(lambda tx: inquiries.messages_of(tx, inquiry_id))
    return [
        ("holds" if row.direction == "out" else row.kind, row.text) for row in rows if row.direction in {"out", "aside"}
    ]


# --- put right ---


def test_edge_51_an_answer_still_in_the_queue_is_replaced_and_the_wrong_one_reaches_nobody(world, answered):
    said = say(world, "lamp", f"更正 {NUMBER} {RIGHT}")
    assert "还没有发出，已换成新的内容" in said
    send(world)
    assert answers(world, answered) == [("answer", "cancelled", WRONG), ("answer", "sent", RIGHT)]
    assert held_texts(world, answered) == [("unsent", WRONG), ("holds", RIGHT)]
    assert "更正" not in rendered(world, answered, "answer")[-1]
    assert logged(world, answered) == ["dispatched", "answered", "answer_edited"]


def test_edge_51_an_answer_that_went_out_is_followed_by_its_correction(world, answered):
    send(world)
    world.clock.forward(3600)
    said = say(world, "lamp2", f"更正 {NUMBER} {RIGHT}")
    assert "请其以这次为准" in said
    send(world)
    assert answers(world, answered)[-1] == ("answer.corrected", "sent", RIGHT)
    assert held_texts(world, answered) == [("replaced", WRONG), ("holds", RIGHT)]
    text = rendered(world, answered, "answer.corrected")[0]
    assert "答复有更正，请以这次为准" in text
    assert RIGHT in text
    assert event(world, answered, "answer_corrected").actor_id == world.officers["lamp2"]


def test_the_first_answer_stays_what_counts_for_the_clock(world, answered):
    send(world)
    before, order = world.get(answered), world.order(answered)
    world.clock.time = china(30, 9)
    say(world, "lamp", f"更正 {NUMBER} {RIGHT}")
    after = world.get(answered)
    assert (after.state, after.answered_at, after.due_at, after.next_state_at) == (
        before.state,
        before.answered_at,
        before.due_at,
        before.next_state_at,
    )
    assert world.order(answered).ended_at == order.ended_at
    run(world)
    assert world.deps.store.read(scores.all_entries) == []


def test_what_may_have_arrived_counts_as_read(world, answered):
    world.deps.channels["console"].faults = [Ambiguous("timeout")]
    send(world)
    assert answers(world, answered) == [("answer", "pending", WRONG)]
    say(world, "lamp", f"更正 {NUMBER} {RIGHT}")
    world.clock.forward(120)
    send(world)
    assert answers(world, answered) == [("answer", "cancelled", WRONG), ("answer.corrected", "sent", RIGHT)]


def test_what_was_refused_before_it_went_out_was_not_read(world, answered):
    world.deps.channels["console"].faults = [Temporary("busy")]
    send(world)
    say(world, "lamp", f"更正 {NUMBER} {RIGHT}")
    assert [key for key, _, _ in answers(world, answered)] == ["answer", "answer"]


def test_a_correction_still_in_the_queue_is_replaced_by_the_next_and_stays_a_correction(world, answered):
    send(world)
    say(world, "lamp", f"更正 {NUMBER} 应为11月25日修复。")
    say(world, "lamp", f"更正 {NUMBER} {RIGHT}")
    send(world)
    assert answers(world, answered) == [
        ("answer", "cancelled", WRONG),
        ("answer.corrected", "cancelled", "应为11月25日修复。"),
        ("answer.corrected", "sent", RIGHT),
    ]


def test_while_it_is_being_sent_nothing_is_changed(world, answered):
    world.deps.store.write(lambda tx: store_outbox.claim(tx, worker="w", now=world.clock.now(), limit=40))
    assert "正在发送，请一分钟后再发一次" in say(world, "lamp", f"更正 {NUMBER} {RIGHT}")
    assert "正在发送" in say(world, "lamp", f"撤答 {NUMBER} 误发")
    assert answers(world, answered) == [("answer", "sending", WRONG)]
    assert world.get(answered).state == "answered"


def test_a_late_failure_of_the_wrong_answer_does_not_send_it_once_more(world, answered):
    send(world)
    delivery = world.deps.store.read(
        lambda tx: next(store_outbox.deliveries_of(tx, row.id)[-1] for row in ROWS(tx, answered) if row.key == "answer")
    )
    say(world, "lamp", f"更正 {NUMBER} {RIGHT}")

    def late(tx):
        found = store_outbox.find_delivery(tx, "console", delivery.external_id)
        receipts.move(world.deps, tx, found, Outcome.FAILED, Failure.REFUSED, code="30003", now=world.clock.now())

    world.deps.store.write(late)
    send(world)
    assert [text for _, state, text in answers(world, answered) if state == "sent"] == [RIGHT]


def test_she_reads_only_what_holds_and_staff_read_all(world, answered):
    send(world)
    say(world, "lamp", f"更正 {NUMBER} {RIGHT}")
    progress = citizen_says(world, f"进度 {NUMBER}")
    assert RIGHT in progress
    assert WRONG not in progress
    assert "更正了答复" in progress
    hers = world.client().get(world.citizen_path(answered)).text
    assert RIGHT in hers
    assert WRONG not in hers
    assert "区城市管理局更正了答复" in hers
    theirs = shown(world, "lamp", answered)
    assert WRONG in theirs
    assert "答复（已更正）" in theirs


def test_she_rates_the_correction(world, answered):
    send(world)
    say(world, "lamp", f"更正 {NUMBER} {RIGHT}")
    send(world)
    assert "满意" in citizen_says(world, "1")
    assert (world.get(answered).state, world.get(answered).rating) == ("closed", 1)


def test_what_is_closed_can_still_be_put_right(world, answered):
    send(world)
    citizen_says(world, "1")
    assert "正发给市民" in say(world, "lamp", f"更正 {NUMBER} {RIGHT}")
    send(world)
    assert answers(world, answered)[-1] == ("answer.corrected", "sent", RIGHT)
    assert world.get(answered).state == "closed"


def test_the_same_once_more_sends_nothing_and_a_fourth_correction_is_for_the_telephone(world, answered):
    send(world)
    for day in ("25", "25", "26", "27"):
        say(world, "lamp", f"更正 {NUMBER} 应为11月{day}日修复。")
        send(world)
    assert len(notices(world, answered, "answer.corrected")) == 3
    assert "已更正3次" in say(world, "lamp", f"更正 {NUMBER} {RIGHT}")
    assert len(notices(world, answered, "answer.corrected")) == 3


def test_only_who_answers_for_the_unit_and_only_an_answer_given(world, answered):
    assert say(world, "water", f"更正 {NUMBER} {RIGHT}") == say(world, "water", "更正 26-1123-9999 没有这件").replace(
        "9999", "0001"
    )
    assert held_texts(world, answered) == [("holds", WRONG)]
    world.inquiry("占道经营")
    assert "还没有答复" in say(world, "lamp", f"更正 26-1123-0002 {RIGHT}")
    assert "还没有答复" in say(world, "lamp", "撤答 26-1123-0002 误发")
    citizen_says(world, f"不满意 {NUMBER} 没有人来修")
    assert "还没有答复" in say(world, "lamp", f"更正 {NUMBER} {RIGHT}"), "it is being worked on again"


def test_an_empty_correction_and_one_too_long_change_nothing(world, answered):
    for words in (f"更正 {NUMBER}", f"更正 {NUMBER} {'很' * 2001}"):
        assert "2000" in say(world, "lamp", words)
    assert held_texts(world, answered) == [("holds", WRONG)]


# --- taken back ---


def test_edge_51_an_answer_taken_back_is_as_if_it_had_not_been_given(world, answered):
    send(world)
    world.clock.forward(3600)
    said = say(world, "lamp", f"撤答 {NUMBER} 误发了另一件的答复")
    assert "时限不变，请在11月27日(周五)17:00前重新答复" in said
    row, order = world.get(answered), world.order(answered)
    assert (row.state, row.answered_at, row.next_state_at) == ("in_progress", None, None)
    assert (order.state, order.ended_at, order.ended_by, order.due_at) == ("signed", None, None, china(27, 17))
    send(world)
    text = rendered(world, answered, "retracted")[0]
    assert "已撤回，请不要以它为准" in text
    assert "误发了另一件的答复" in text
    assert "最迟11月27日(周五)17:00前重新答复" in text
    hers = world.client().get(world.citizen_path(answered)).text
    assert WRONG not in hers
    assert "撤回了答复，继续办理" in hers
    assert "误发" not in hers.split("办理进度")[1], "the reason went by message, not on a page behind a link"
    theirs = shown(world, "lamp", answered)
    assert "答复（已撤回）" in theirs
    assert "未能送达" not in theirs
    assert "协办意见" not in theirs
    say(world, "lamp", f"复 {NUMBER} {RIGHT}")
    send(world)
    assert answers(world, answered)[-1] == ("answer", "sent", RIGHT)
    assert logged(world, answered) == ["dispatched", "answered", "answer_retracted", "answered"]


def test_one_that_had_not_gone_out_is_taken_back_in_silence(world, answered):
    say(world, "lamp", f"撤答 {NUMBER} 误发")
    send(world)
    assert answers(world, answered) == [("answer", "cancelled", WRONG)]
    assert notices(world, answered, "retracted") == []
    assert held_texts(world, answered) == [("unsent", WRONG)]


def test_an_empty_answer_in_time_gains_nothing(world):
    """Answered on the day before it was due, taken back on the Wednesday after: two days and a half over."""
    answered = world.inquiry()
    world.act("sign", answered, "lamp")
    world.clock.time = china(26, 10)
    world.act("answer", answered, "lamp", WRONG)
    send(world)
    run(world)
    world.clock.time = china(2, 12, month=12)
    run(world)
    assert world.deps.store.read(scores.all_entries) == []
    said = say(world, "lamp", f"撤答 {NUMBER} 还没有修好")
    assert "已过，请立即重新答复" in said
    run(world)
    send(world)
    rules = [row.rule for row in world.deps.store.read(scores.all_entries)]
    assert rules.count("overdue") == 1
    assert {"overdue", "yellow"} <= set(logged(world, answered))
    assert len(notices(world, answered, "overdue.citizen")) == 1
    assert "12月4日(周五)17:00" in rendered(world, answered, "retracted")[0], "a date that can be kept"
    replayed = world.deps.store.read(lambda tx: charges.replay(tx, world.deps.calendar()))
    assert replayed.same, replayed


def test_what_was_charged_for_a_late_answer_is_not_charged_again(world):
    inquiry_id = world.inquiry()
    world.clock.time = china(30, 9)
    run(world)
    world.act("answer", inquiry_id, "lamp", WRONG)
    run(world)
    before = [row.once for row in world.deps.store.read(scores.all_entries)]
    assert before
    send(world)
    say(world, "lamp", f"撤答 {NUMBER} 误发")
    run(world)
    after = [row.once for row in world.deps.store.read(scores.all_entries)]
    assert after == before
    assert len(notices(world, inquiry_id, "overdue.citizen")) == 1
    assert "12月2日(周三)17:00" in rendered(world, inquiry_id, "retracted")[0]


def test_steps_are_told_again_only_where_they_fell_after_the_answer(world, answered):
    world.clock.time = china(25, 9)
    run(world)
    say(world, "lamp", f"撤答 {NUMBER} 误发")
    looked = world.deps.store.read(lambda tx: deadlines.order(tx, world.order(answered).id))
    assert looked.next_check_at > world.clock.now()
    run(world, china(26, 17, second=1))
    assert [key for key, _ in told(world, inquiry_id=answered)].count("remind.day") == 2, (
        "his and his colleague's, once"
    )


def test_the_unit_once_and_the_office_again(world, answered):
    send(world)
    say(world, "lamp", f"撤答 {NUMBER} 误发")
    say(world, "lamp", f"复 {NUMBER} {RIGHT}")
    send(world)
    assert "已撤回过一次" in say(world, "lamp", f"撤答 {NUMBER} 又误发")
    assert world.get(answered).state == "answered"
    assert "已撤回" in say(world, "duty", f"撤答 {NUMBER} 内容不实")
    assert world.get(answered).state == "in_progress"
    assert len(notices(world, answered, "retracted")) == 2


def test_what_she_rated_is_not_taken_back_and_a_lone_score_rates_nothing_then(world, answered):
    send(world)
    say(world, "lamp", f"撤答 {NUMBER} 误发")
    assert "没有" in citizen_says(world, "1")
    assert world.get(answered).rating is None
    say(world, "lamp", f"复 {NUMBER} {RIGHT}")
    send(world)
    citizen_says(world, "1")
    assert "不能这样办" in say(world, "duty", f"撤答 {NUMBER} 再改")
    assert world.get(answered).state == "closed"


def test_a_wish_for_more_rework_is_met_by_it(world, answered):
    for reason in ("没有人来修", "还是没有人来"):
        send(world)
        citizen_says(world, f"不满意 {NUMBER} {reason}")
        say(world, "lamp", f"复 {NUMBER} {WRONG}")
    assert asked(world, answered) == [("rework", "pending")]
    say(world, "lamp", f"撤答 {NUMBER} 确实没有修好")
    assert asked(world, answered) == [("rework", "expired")]
    assert world.get(answered).state == "in_progress"


def test_why_is_needed_and_short(world, answered):
    for words in (f"撤答 {NUMBER}", f"撤答 {NUMBER} {'很' * 101}"):
        assert "请写明为什么撤回答复" in say(world, "lamp", words)
    assert world.get(answered).state == "answered"


# --- who got the same answer ---


def test_what_was_merged_into_it_is_told_too(world):
    head, other = world.inquiry(), world.inquiry("路灯不亮", unit="D00", citizen=Address("console", "bea"))
    assert "并" in say(world, "duty", "并 26-1123-0002 26-1123-0001")
    world.act("answer", head, "lamp", WRONG)
    send(world)
    assert "另外 1 件一并更正" in say(world, "lamp", f"更正 {NUMBER} {RIGHT}")
    send(world)
    assert answers(world, other)[-1] == ("answer.corrected", "sent", RIGHT)
    assert "另外 1 件一并撤回" in say(world, "lamp", f"撤答 {NUMBER} 误发")
    assert world.get(other).answered_at is None
    assert len(notices(world, other, "retracted")) == 1
    say(world, "lamp", f"复 {NUMBER} {RIGHT}")
    assert answers(world, other)[-1] == ("answer", "pending", RIGHT)
    assert world.get(other).answered_at is not None


# --- on the page ---


def test_the_page_offers_both_only_for_an_answer_given(world, answered):
    assert {"correct", "retract"} <= forms(world, "lamp", answered)
    assert not {"answer", "sign"} & forms(world, "lamp", answered)
    assert f"required>{WRONG}</textarea>" in shown(world, "lamp", answered), "what holds, to be put right"
    open_one = world.inquiry("占道经营")
    assert not {"correct", "retract"} & forms(world, "lamp", open_one)


def test_both_work_on_the_page(world, answered):
    send(world)
    assert page(world, "lamp", answered, "correct", text=RIGHT).status_code == 303
    assert held_texts(world, answered)[-1] == ("holds", RIGHT)
    send(world)
    done = page(world, "lamp", answered, "retract", reason="灯又灭了")
    assert (done.status_code, done.location.rpartition("=")[2]) == (303, "retracted")
    assert world.get(answered).state == "in_progress"
    assert "answer" in forms(world, "lamp", answered)


def test_what_was_typed_is_kept_when_it_is_refused(world, answered):
    refused = page(world, "lamp", answered, "retract", reason=" ")
    assert refused.status_code == 422
    assert "请写明撤回的原因" in refused.text
    refused = page(world, "lamp", answered, "correct", text="好")
    assert refused.status_code == 422
    assert re.search(r'id="correction"[^>]*>好<', refused.text)
    assert held_texts(world, answered) == [("holds", WRONG)]


def test_two_officers_put_it_right_one_after_the_other_and_both_are_on_record(world, answered):
    send(world)
    say(world, "lamp", f"更正 {NUMBER} 应为11月25日修复。")
    send(world)
    say(world, "lamp2", f"更正 {NUMBER} {RIGHT}")
    send(world)
    rows = world.deps.store.read(lambda tx: tx.conn.execute(select(outbox_table.c.once)).all())
    assert len({row.once for row in rows}) == len(rows)
    assert held_texts(world, answered) == [("replaced", WRONG), ("replaced", "应为11月25日修复。"), ("holds", RIGHT)]
