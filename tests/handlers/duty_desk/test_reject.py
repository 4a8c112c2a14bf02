"""不受理 and the citizen's one objection: every reason with its door, a second officer, and then it is final."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.inquiry.rejection import Reason
from handlers.jobs import timers
from store import inquiries, outbox, people
from store.engine.writes import update_row
from store.tables.directory import officers
from tests.kit.deadline_kit import china
from tests.kit.desk_kit import BOB, act, decision, desk_town, lead, orders_of, put, waiting
from tests.kit.town import citizen_says, event, logged, notices, rendered, say
from tests.kit.world import CITIZEN


@pytest.fixture
def world(tmp_path, database_url):
    made = desk_town(tmp_path, database_url) if database_url.startswith("postgresql") else desk_town(tmp_path)
    yield made
    made.close()


def dismiss(world, *codes):
    world.deps.store.write(lambda tx: [update_row(tx, officers, world.officers[code], active=False) for code in codes])


def to_officers(world, inquiry_id, key):
    """Codes of the officers a notice went to."""
    codes = {number: code for code, number in world.officers.items()}
    rows = world.deps.store.read(lambda tx: outbox.of_inquiry(tx, inquiry_id))
    return sorted(codes[row.officer_id] for row in rows if row.key == key)


def rejected(world, *, words="不受理 1 诉讼", who="duty"):
    inquiry_id = waiting(world)
    say(world, who, words)
    assert world.get(inquiry_id).state == "rejected"
    return inquiry_id


# --- not accepted ---


def test_the_citizen_is_told_the_reason_the_door_and_that_she_may_object_once(world):
    inquiry_id = rejected(world, words="不受理 1 诉讼 法院已经立案")
    [text] = rendered(world, inquiry_id, "rejected")
    for part in (
        "26-1123-0001",
        "诉讼、仲裁、行政复议",
        "请向办理的法院、仲裁机构或复议机关反映",
        "法院已经立案",
        "回复“Y”",
    ):
        assert part in text
    row = world.get(inquiry_id)
    assert (row.reject_code, row.closed_at, row.appeals) == ("LEGAL_PATH", world.clock.now(), 0)
    made = event(world, inquiry_id, "rejected")
    assert (made.actor, made.actor_id, made.data["code"]) == ("officer", world.officers["duty"], "LEGAL_PATH")
    assert orders_of(world, inquiry_id) == [("D00", "lead", "cancelled")]
    assert decision(world, inquiry_id) is None


@pytest.mark.parametrize("reason", [each for each in Reason if each.value != "OTHER"])
def test_every_reason_of_the_list_names_a_door_of_its_own(world, reason):
    inquiry_id = waiting(world)
    say(world, "duty", f"不受理 1 {reason.value.lower()}")
    [params] = notices(world, inquiry_id, "rejected")
    others = {world.deps.texts.render("rejected", params | {"cause": each}, sms=True) for each in Reason}
    text = world.deps.texts.render("rejected", params, sms=True)
    assert len(others) == len(Reason)
    assert text.endswith("有异议请回复Y")
    assert "12388" not in text + world.deps.texts.render("rejected", params)


def test_other_needs_the_officers_own_words_and_the_citizen_reads_them(world):
    inquiry_id = waiting(world)
    assert "要写明原因" in say(world, "duty", "不受理 1 其他")
    assert world.get(inquiry_id).state == "dispatched"
    say(world, "duty", "不受理 1 15 属于小区业主自治的事，请找业主委员会")
    assert "原因：属于小区业主自治的事，请找业主委员会" in rendered(world, inquiry_id, "rejected")[0]


def test_an_unknown_reason_shows_the_list(world):
    inquiry_id = waiting(world)
    assert "4 诉讼仲裁复议" in say(world, "duty", "不受理 1 不想办")
    assert act(world, "reject", inquiry_id, "duty", "WHATEVER").key == "staff.bad_reject"
    assert logged(world, inquiry_id) == ["dispatched"]


@pytest.mark.parametrize("flag", ["emergency", "self_harm"])
@pytest.mark.parametrize("reason", ["EMERGENCY", "ABUSE"])
def test_what_may_be_danger_is_never_rejected(world, flag, reason):
    inquiry_id = waiting(world, flags=[flag])
    assert act(world, "reject", inquiry_id, "duty", reason).key == "staff.never_rejected"
    assert act(world, "reject", inquiry_id, "chief", reason).key == "staff.never_rejected"


def test_what_was_understood_as_danger_when_it_came_in_is_never_rejected(world):
    inquiry_id = waiting(world)
    world.deps.store.write(lambda tx: inquiries.log(tx, inquiry_id, "emergency", world.clock.now()))
    assert "可能有人遇险" in say(world, "duty", "不受理 1 辱骂")


def test_only_the_desk_and_leaders_reject(world):
    inquiry_id = waiting(world)
    assert "由问政办值班人员或分管领导办" in say(world, "lamp", "不受理 1 诉讼")
    assert act(world, "reject", inquiry_id, "lamp", "LEGAL_PATH").key == "staff.no_desk"
    say(world, "chief", "不受理 1 诉讼")
    assert world.get(inquiry_id).state == "rejected"


def test_units_that_had_it_are_told_that_it_is_over(world):
    inquiry_id = waiting(world)
    say(world, "duty", "派 1 城市管理局 协 水务局")
    say(world, "lamp", "问 1 请问具体在几号门前？")
    say(world, "duty", "不受理 1 信访")
    assert to_officers(world, inquiry_id, "order.ended") == ["lamp", "lamp2", "water"]
    assert {state for _, _, state in orders_of(world, inquiry_id)} == {"returned", "cancelled"}
    assert world.get(inquiry_id).paused_at is None


@pytest.mark.parametrize("words", ["不受理 2 在办", "不受理 2 IN_PROGRESS"])
def test_the_same_matter_in_progress_is_merged_instead(world, words):
    waiting(world)
    second = waiting(world)
    answer = say(world, "duty", words)
    assert "并26-1123-0002 26-1123-0001" in answer
    assert world.get(second).state == "dispatched"


def test_the_same_matter_of_another_citizen_is_merged_where_it_is_known_to_be_the_same(world):
    first, second = waiting(world, citizen=BOB), waiting(world)
    put(world, second, repeat_of_id=first)
    assert "26-1123-0001" in say(world, "duty", "不受理 2 已办结")
    put(world, first, state="closed")
    say(world, "duty", "不受理 2 已办结")
    assert world.get(second).state == "rejected"


# --- the objection ---


@pytest.mark.parametrize("word", ["Y", "ｙ", "有异议", "有異議", "Y 1", "异议 26-1123-0001"])
def test_a_citizen_objects_and_another_officer_is_asked(world, word):
    inquiry_id = rejected(world)
    world.clock.forward(3600)
    assert "由另一位工作人员再看一次。\n最迟11月24日(周二)17:00前告诉您结果" in citizen_says(world, word)
    row = world.get(inquiry_id)
    assert (row.state, row.appeals, lead(world, inquiry_id)) == ("dispatched", 1, "D00")
    assert to_officers(world, inquiry_id, "order.objection") == ["duty2"]
    [text] = rendered(world, inquiry_id, "order.objection")
    for part in ("市民有异议", "温予舟不受理", "理由：诉讼仲裁复议", "11月24日(周二)17:00前决定"):
        assert part in text
    assert world.order(inquiry_id).due_at == china(24, 17)
    assert "【异议】" in say(world, "duty2", "待办")


@pytest.mark.parametrize("words", ["派 1 水务局", "不受理 1 诉讼", "转 1 水务局", "并 1 2"])
def test_who_rejected_does_not_decide_on_the_objection(world, words):
    inquiry_id = rejected(world)
    waiting(world, citizen=BOB)
    citizen_says(world, "Y")
    assert "要由另一位同事或分管领导决定" in say(world, "duty", words)
    assert (world.get(inquiry_id).state, lead(world, inquiry_id)) == ("dispatched", "D00")


def test_an_objection_that_is_right_is_accepted_with_unit_and_date(world):
    inquiry_id = rejected(world)
    world.clock.time = china(3, 10, month=12)
    citizen_says(world, "Y")
    say(world, "duty2", "派 1 1")
    row = world.get(inquiry_id)
    assert (row.state, row.reject_code, lead(world, inquiry_id)) == ("dispatched", "", "D02")
    assert row.due_at == world.order(inquiry_id).due_at == china(9, 17, month=12)
    [text] = rendered(world, inquiry_id, "accepted")
    for part in ("异议已采纳", "由区水务局办理", "最迟12月9日(周三)17:00前答复"):
        assert part in text
    assert decision(world, inquiry_id) == ("D02", "desk")
    assert logged(world, inquiry_id)[-4:] == ["objected", "dispatched", "transferred", "objection_upheld"]


def test_a_second_rejection_is_final(world):
    inquiry_id = rejected(world)
    citizen_says(world, "Y")
    say(world, "duty2", "不受理 1 信访")
    last = rendered(world, inquiry_id, "rejected")[-1]
    assert "这是最后的决定" in last
    assert "回复“Y”" not in last
    assert "不予受理是最后的决定" in citizen_says(world, "Y")
    assert world.get(inquiry_id).state == "rejected"
    assert "【示范区问政】2611230001号复核后仍不予受理" in world.deps.texts.render(
        "rejected", notices(world, inquiry_id, "rejected")[-1], sms=True
    )


def test_the_same_objection_sent_twice_is_one(world):
    inquiry_id = rejected(world)
    citizen_says(world, "Y")
    assert "不用再发" in citizen_says(world, "Y")
    assert (world.get(inquiry_id).appeals, logged(world, inquiry_id).count("objected")) == (1, 1)


def test_an_objection_comes_within_fifteen_days(world):
    inquiry_id = rejected(world)
    world.clock.time += timedelta(days=15, seconds=1)
    assert "15天内" in citizen_says(world, "Y")
    assert world.get(inquiry_id).state == "rejected"
    world.clock.time -= timedelta(seconds=2)
    citizen_says(world, "Y")
    assert world.get(inquiry_id).state == "dispatched"


def test_y_with_nothing_rejected_shows_the_menu(world):
    assert "怎么用" in citizen_says(world, "Y")
    waiting(world)
    assert "怎么用" in citizen_says(world, "有异议")


def test_nobody_objects_for_somebody_else(world):
    inquiry_id = rejected(world)
    assert "怎么用" in say(world, BOB, "Y 26-1123-0001")
    assert world.get(inquiry_id).state == "rejected"


def test_of_several_rejected_the_citizen_is_asked_which(world):
    first, second = waiting(world, "甲路的事情说明"), waiting(world, "乙路的事情说明")
    say(world, "duty", "不受理 1 诉讼")
    say(world, "duty", "不受理 2 信访")
    answer = citizen_says(world, "Y")
    assert "对哪一件有异议" in answer
    assert "26-1123-0001" in answer
    assert (world.get(first).state, world.get(second).state) == ("rejected", "rejected")
    citizen_says(world, "Y 2")
    assert (world.get(first).state, world.get(second).state) == ("rejected", "dispatched")


def test_with_one_duty_officer_a_leader_decides(world):
    inquiry_id = rejected(world)
    dismiss(world, "duty2")
    citizen_says(world, "Y")
    assert to_officers(world, inquiry_id, "order.objection") == ["chief"]
    assert "要由另一位同事或分管领导决定" in say(world, "duty", "派 1 水务局")
    say(world, "chief", "派 1 水务局")
    assert lead(world, inquiry_id) == "D02"


def test_with_nobody_else_the_same_officer_decides_and_it_is_on_record(world):
    inquiry_id = rejected(world)
    dismiss(world, "duty2", "chief")
    citizen_says(world, "Y")
    assert to_officers(world, inquiry_id, "order.objection") == ["duty"]
    say(world, "duty", "不受理 1 信访")
    made = [e for e in world.deps.store.read(lambda tx: inquiries.events_of(tx, inquiry_id)) if e.name == "rejected"]
    assert [e.data["same_officer"] for e in made] == [False, True]


def test_an_objection_left_lying_is_overdue_like_any_order(world):
    inquiry_id = rejected(world)
    citizen_says(world, "Y")
    world.clock.time = china(25, 9)
    timers.drain(world.deps)
    assert "overdue" in logged(world, inquiry_id)


def test_an_objection_may_be_withdrawn_and_added_to(world):
    inquiry_id = rejected(world)
    citizen_says(world, "Y")
    citizen_says(world, "补充 1 法院已经驳回，说归政府管")
    assert "归政府管" in say(world, "duty2", "看 1")
    citizen_says(world, "撤回 1")
    assert world.get(inquiry_id).state == "withdrawn"


def test_a_bare_y_that_answers_our_question_is_the_answer(world):
    inquiry_id = waiting(world)
    say(world, "duty", "派 1 城市管理局")
    say(world, "lamp", "问 1 请问是 X 栋还是 Y 栋？")
    citizen_says(world, "Y")
    said = world.deps.store.read(lambda tx: inquiries.messages_of(tx, inquiry_id))
    assert said[-1].text == "Y"
    assert world.get(inquiry_id).state == "in_progress"


def test_progress_says_that_it_was_not_accepted(world):
    rejected(world)
    answer = citizen_says(world, "进度")
    assert "（不予受理）" in answer
    assert world.deps.store.read(lambda tx: people.of_contact(tx, inquiries.by_number(tx, "26-1123-0001").contact_id))
    assert CITIZEN.value not in answer
