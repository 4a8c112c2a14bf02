"""Extensions, returns and questions to the citizen: what may be asked for, and by when decided."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clocks.steps import Limits, resumed
from bot.clocks.workdays import CHINA, Calendar
from bot.inquiry.request_rules import (
    ExtensionAsk,
    ReturnAsk,
    SupplementAsk,
    approval_problem,
    decide_by,
    extension_due,
    extension_expired,
    extension_problem,
    reason_problem,
    return_by,
    return_problem,
    supplement_problem,
    supplement_until,
)
from bot.inquiry.states import Actor, AssignmentState, State

PLAIN = Calendar()
GOOD = "路面塌陷需第三方现场检测,检测机构排期到下周二才能进场"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=CHINA)


def local(moment: datetime) -> str:
    assert moment.tzinfo is UTC
    return moment.astimezone(CHINA).strftime("%m-%d %H:%M")


DUE = at("2026-11-24 17:00")
NOW = at("2026-11-23 10:00")
ASK = ExtensionAsk(AssignmentState.SIGNED, DUE, date(2026, 11, 27), "field_test", GOOD)

EXTENSIONS = [
    ("in time and with a reason", {}, None),
    ("not yet signed for", {"order": AssignmentState.PENDING}, None),
    ("done already", {"order": AssignmentState.DONE}, "closed"),
    ("given back already", {"order": AssignmentState.RETURNED}, "closed"),
    ("for the due day itself", {"wanted": date(2026, 11, 24)}, "not_later"),
    ("for an earlier day", {"wanted": date(2026, 11, 23)}, "not_later"),
    ("for a Saturday", {"wanted": date(2026, 11, 28)}, "day_off"),
    ("for the tenth working day", {"wanted": date(2026, 12, 8)}, None),
    ("for the eleventh", {"wanted": date(2026, 12, 9)}, "too_far"),
    ("for no reason of the list", {"category": "busy"}, "category"),
    ("for a short reason", {"reason": "工作忙"}, "reason_short"),
    ("for a padded reason", {"reason": "工作忙" * 7}, "reason_padded"),
    ("while another is undecided", {"pending": True}, "pending"),
    ("a second time, by the unit", {"granted": 1}, "leader_only"),
    ("a second time, by its head", {"granted": 1, "actor": Actor.HEAD}, "leader_only"),
    ("a second time, by a leader", {"granted": 1, "actor": Actor.LEADER}, None),
    ("a third time, by a leader", {"granted": 2, "actor": Actor.LEADER}, "used_up"),
]


@pytest.mark.parametrize(("change", "problem"), [row[1:] for row in EXTENSIONS], ids=[row[0] for row in EXTENSIONS])
def test_an_extension_asked_for(change, problem):
    assert extension_problem(replace(ASK, **change), NOW, PLAIN) == problem


def test_the_longest_extension_counts_make_up_days_and_holidays():
    ask = replace(ASK, due_at=at("2012-09-28 17:00"), wanted=date(2012, 10, 19))
    now = at("2012-09-28 16:00")
    assert extension_problem(ask, now, PLAIN) == "too_far"
    # The first is Saturday 09-29, the second 10-08, the tenth 10-18.
    assert extension_problem(replace(ask, wanted=date(2012, 10, 18)), now, PLAIN) is None
    assert extension_problem(replace(ask, wanted=date(2012, 9, 29)), now, PLAIN) is None
    assert extension_problem(replace(ask, wanted=date(2012, 10, 5)), now, PLAIN) == "day_off"


def test_the_list_of_reasons_and_the_lengths_are_the_offices_to_set():
    ask = replace(ASK, category="flood", reason="等省里批复", wanted=date(2026, 11, 26))
    limits = Limits(reason_length=5, extension_max_days=1)
    assert extension_problem(ask, NOW, PLAIN, limits=limits, categories=["flood"]) == "too_far"
    ask = replace(ask, wanted=date(2026, 11, 25))
    assert extension_problem(ask, NOW, PLAIN, limits=limits, categories=["flood"]) is None


REASONS = [
    (GOOD, None),
    ("需与区水务局、街道办、物业公司三方会商后确定施工方案", None),
    ("依据法定程序须公示七个工作日,公示期至十二月三日止。", None),
    ("Waiting for the provincial laboratory, report on 3 December", None),
    ("工作忙", "reason_short"),
    ("需要现场检测    \u3000\u3000\u3000\u3000\u3000\u3000\u3000\u3000\u3000\u3000", "reason_short"),
    ("需要现场检测" + "\u200b" * 30, "reason_short"),
    ("", "reason_short"),
    ("一二三四五六七八九十甲乙丙丁戊己庚辛壬", "reason_short"),
    ("一二三四五六七八九十甲乙丙丁戊己庚辛壬癸", None),
    # Fifteen that say something of twenty, ten of them different, are just enough.
    ("一二三四五六七八九十甲乙丙丁戊" + "。" * 5, None),
    ("一二三四五六七八九十甲乙丙丁" + "。" * 6, "reason_padded"),
    ("一二三四五六七八九十一三五七九二四六八十", None),
    ("一二三四五六七八九一三五七九二四六八一四七", "reason_padded"),
    ("啊" * 40, "reason_padded"),
    ("工作忙工作忙工作忙工作忙工作忙工作忙工作忙", "reason_padded"),
    ("工作很忙。人手不够!" * 5, "reason_padded"),
    ("需要现场检测" + "。" * 30, "reason_padded"),
    ("需要现场检测" + "啊" * 30, "reason_padded"),
    ("忙" + "1234567890" * 4, "reason_padded"),
    ("最近事情多顾不过来了" * 2, "reason_padded"),
    ("工作 忙 " * 10, "reason_padded"),
]


@pytest.mark.parametrize(("reason", "problem"), REASONS)
def test_a_reason_says_something_or_is_refused(reason, problem):
    assert reason_problem(reason, shortest=20) == problem


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=6), st.integers(10, 300))
def test_no_short_phrase_becomes_a_reason_by_being_repeated(phrase, times):
    assert reason_problem(phrase * times, shortest=20) is not None


@pytest.mark.parametrize(
    ("wanted", "due"),
    [
        (4, "11-30 17:00"),
        (1, "11-25 17:00"),
        (10, "12-08 17:00"),
        (date(2026, 12, 3), "12-03 17:00"),
    ],
)
def test_the_new_due_time_is_closing_time(wanted, due):
    assert local(extension_due(DUE, wanted, PLAIN)) == due
    assert local(extension_due(at("2026-11-24 03:12"), wanted, PLAIN)) == due


def test_the_office_decides_in_four_hours_and_an_extension_no_later_than_the_due_time():
    assert local(decide_by(NOW, PLAIN)) == "11-23 15:00"
    assert local(decide_by(NOW, PLAIN, due_at=DUE)) == "11-23 15:00"
    assert local(decide_by(at("2026-11-24 15:00"), PLAIN)) == "11-25 11:00"
    assert local(decide_by(at("2026-11-24 15:00"), PLAIN, due_at=DUE)) == "11-24 17:00"
    assert local(decide_by(at("2026-11-24 18:00"), PLAIN, due_at=DUE)) == "11-24 18:00"
    assert local(decide_by(NOW, PLAIN, limits=Limits(decide_hours=1))) == "11-23 11:00"


# --- returns ---

RETURN = ReturnAsk(AssignmentState.PENDING, at("2026-11-18 10:00"), "chengguan", "属区水务局职责")
RETURNS = [
    ("the same day", {}, "2026-11-18 16:00", None),
    ("on the last moment of the next working day", {}, "2026-11-19 17:00", None),
    ("after it", {}, "2026-11-19 17:01", "over"),
    ("with a unit proposed", {"proposed": "shuiwu"}, "2026-11-18 16:00", None),
    ("to itself", {"proposed": "chengguan"}, "2026-11-18 16:00", "same_unit"),
    ("signed for", {"order": AssignmentState.SIGNED}, "2026-11-18 16:00", None),
    ("drafted already", {"order": AssignmentState.DRAFTED}, "2026-11-18 16:00", "closed"),
    ("answered already", {"order": AssignmentState.DONE}, "2026-11-18 16:00", "closed"),
    ("with the shortest reason", {"reason": "重复"}, "2026-11-18 16:00", None),
    ("without a reason", {"reason": "无 "}, "2026-11-18 16:00", "reason_short"),
    ("with a blank reason", {"reason": "\u200b\u3000 "}, "2026-11-18 16:00", "reason_short"),
    ("undecided already", {"pending": True}, "2026-11-18 16:00", "pending"),
    ("a second time by the same unit", {"by_unit": 1, "in_all": 1}, "2026-11-18 16:00", "returned_before"),
    ("as the second unit", {"in_all": 1}, "2026-11-18 16:00", None),
]


@pytest.mark.parametrize(("change", "now", "problem"), [row[1:] for row in RETURNS], ids=[row[0] for row in RETURNS])
def test_an_order_given_back(change, now, problem):
    assert return_problem(replace(RETURN, **change), at(now), PLAIN) == problem


def test_the_day_to_give_back_is_a_working_day_and_rule_b_may_add_one():
    assert local(return_by(at("2026-11-20 18:00"), PLAIN)) == "11-23 17:00"
    assert local(return_by(at("2026-11-20 18:00"), PLAIN, rule="B")) == "11-24 17:00"
    late = replace(RETURN, dispatched_at=at("2026-11-20 18:00"))
    assert return_problem(late, at("2026-11-24 09:00"), PLAIN) == "over"
    assert return_problem(late, at("2026-11-24 09:00"), PLAIN, rule="B") is None


# --- questions to the citizen ---


@pytest.mark.parametrize(
    ("state", "question", "asked", "problem"),
    [
        ("received", "在哪条路?", 0, None),
        ("dispatched", "在哪条路?", 0, None),
        ("in_progress", "在哪条路?", 0, None),
        ("in_progress", "在哪条路?", 1, "asked_before"),
        ("need_info", "在哪条路?", 0, "pending"),
        ("in_review", "在哪条路?", 0, "closed"),
        ("answered", "在哪条路?", 0, "closed"),
        ("withdrawn", "在哪条路?", 0, "closed"),
        ("in_progress", " ? ", 0, "reason_short"),
    ],
)
def test_a_question_to_the_citizen(state, question, asked, problem):
    assert supplement_problem(SupplementAsk(State(state), question, asked)) == problem


def test_the_citizen_has_three_working_days_to_answer():
    assert local(supplement_until(at("2026-11-19 10:00"), PLAIN)) == "11-24 17:00"


# --- edge cases 48 and 49 ---


@pytest.mark.parametrize(
    ("now", "problem"),
    [
        ("2026-11-24 16:59:59", None),
        ("2026-11-24 17:00:00", None),
        ("2026-11-24 17:00:01", "over"),
    ],
)
def test_edge_48_filed_at_the_last_second_and_after_it(now, problem):
    assert extension_problem(ASK, at(now), PLAIN) == problem


def test_edge_48_filed_twice_and_for_a_closed_case():
    assert extension_problem(replace(ASK, pending=True), NOW, PLAIN) == "pending"
    assert extension_problem(replace(ASK, order=AssignmentState.CANCELLED), NOW, PLAIN) == "closed"


def test_edge_48_undecided_at_due_is_refused_and_one_approved_later_must_still_give_time():
    assert not extension_expired(DUE, DUE)
    assert extension_expired(DUE, DUE + timedelta(seconds=1))
    new_due = extension_due(DUE, 3, PLAIN)
    assert approval_problem(new_due, at("2026-11-25 09:00")) is None
    assert approval_problem(new_due, at("2026-11-27 17:00")) == "passed"


def test_edge_48_during_a_pause_more_time_may_be_asked_for_though_the_old_due_time_is_over():
    paused = replace(ASK, paused_at=at("2026-11-20 10:00"))
    assert extension_problem(paused, at("2026-11-25 10:00"), PLAIN) is None
    assert not extension_expired(DUE, at("2026-11-25 10:00"), paused_at=at("2026-11-20 10:00"))
    assert extension_expired(DUE, at("2026-11-25 10:00"), paused_at=at("2026-11-24 18:00"))


def test_edge_48_extension_and_pause_add_up_in_either_order():
    paused_at, resumed_at = at("2026-11-19 10:00"), at("2026-11-23 10:00")
    first = resumed(extension_due(DUE, 4, PLAIN), paused_at, resumed_at, PLAIN)
    second = extension_due(resumed(DUE, paused_at, resumed_at, PLAIN), 4, PLAIN)
    assert local(first) == local(second) == "12-02 17:00"


@pytest.mark.parametrize("by_unit", [0, 1])
def test_edge_49_after_two_returns_the_office_fixes_the_unit(by_unit):
    third = replace(RETURN, in_all=2, by_unit=by_unit)
    assert return_problem(third, at("2026-11-18 16:00"), PLAIN) == "unit_fixed"
