"""Edge cases 53, 55 and 56: one matter told twice or by two hundred, a flood, and danger at three in the morning."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from bot.edge.errors import RateLimited
from handlers.inbound import floods
from handlers.notices.phrases import HIDDEN
from store.tables.delivery import inbox
from store.tables.delivery import outbox as outbox_table
from store.tables.inquiries import events, inquiries, messages
from tests.edge.rig import LAMP, far, number_in

pytestmark = pytest.mark.integration

WATER, DUTY, LAMP_OFFICER = "oWATER", "oDUTY", "oLAMP"
CUT = ("阳光小区停水了，什么时候来水", "我们阳光小区从早上就停水", "阳光小区又停水！！")
ANSWER = "阳光小区门口水管爆裂，正在抢修，今晚八点前恢复供水。"
IDENTITY, PHONE = "11010519491231002X", "19900001234"
FLOODER = "oFLOODER"


def keyed(rig, key):
    return rig.rows(outbox_table, outbox_table.c.key == key)


# -- 53 --------------------------------------------------------------------------------------------


def test_edge_53_one_citizen_with_one_matter_by_wechat_and_by_sms_waits_for_one_tap_of_the_desk(rig_on_each):
    rig = rig_on_each
    rig.wechat(LAMP)
    rig.bind_phone()
    rig.route()
    assert rig.sms(f"你好，{LAMP}，还没人修")
    rig.route()
    first, second = rig.rows(inquiries)
    assert second.contact_id == first.contact_id
    assert (second.repeat_of_id, second.routing["why"]) == (first.id, "repeat")
    assert len(rig.rows(messages, messages.c.inquiry_id == second.id)) == 1
    rig.officer("duty", DUTY)
    assert "已并入" in rig.wechat(f"并 {second.number} {first.number}", who=DUTY)


def test_edge_53_the_same_text_of_an_unbound_phone_is_another_citizens(rig):
    rig.wechat(LAMP)
    rig.route()
    rig.sms(LAMP)
    rig.route()
    assert [row.repeat_of_id for row in rig.rows(inquiries)] == [None, None]


def test_edge_53_two_hundred_citizens_with_one_matter_have_a_number_each_and_one_answer_each_within_the_rate(
    rig_on_each,
):
    rig = rig_on_each
    rig.officer("water", WATER)
    said = [rig.wechat(CUT[n % len(CUT)], who=f"oC{n:03}") for n in range(200)]
    assert len({number_in(text) for text in said}) == 200
    rig.route()
    head, *others = rig.rows(inquiries)
    assert {row.linked_to_id for row in others} == {head.id}
    assert len(keyed(rig, "order.new")) == 2
    assert [row.params["count"] for row in keyed(rig, "order.linked")] == [10, 50, 200]

    # The platform asks thirty times to wait: each waits and goes out once.
    limits = [RateLimited("45009", retry_after=20)] * 30
    wechat = far(rig, "wechat", customer_service=limits)
    assert "同类 199 件" in rig.wechat(f"复 {head.number} {ANSWER}", who=WATER)
    for _ in range(40):
        rig.deliver()
        rig.clock.forward(30)
    answers = keyed(rig, "answer")
    assert {row.state for row in answers} == {"sent"}
    reached = Counter(message.to.value for message in wechat.sent if ANSWER in message.text)
    assert reached == {f"oC{n:03}": 1 for n in range(200)}
    assert {row.params["number"] for row in answers} == {row.number for row in rig.rows(inquiries)}


# -- 55 --------------------------------------------------------------------------------------------


def flood(rig, count, who=FLOODER):
    """So many different texts within a minute; what was answered."""
    answered = []
    for n in range(count):
        answered.append(rig.wechat(f"第{n}条：你们都是废物，路灯坏了不管", who=who))
        if n % 20 == 0:
            rig.clock.forward(60 / count * 20)
    return [text for text in answered if text]


def test_edge_55_a_thousand_messages_a_minute_are_all_stored_and_answered_a_handful_of_times(rig_on_each):
    rig = rig_on_each
    answered = flood(rig, 1000)
    assert len(rig.rows(inbox)) == 1000
    assert len(rig.rows(messages, messages.c.direction == "in")) == 1000
    assert rig.count()["inquiries"] == 1
    assert sum("先不一一回复" in text for text in answered) == 1
    assert sum("前先不再回复" in text for text in answered) == 1
    assert len(answered) <= 12
    assert len(rig.rows(outbox_table)) <= 12


def test_edge_55_who_goes_on_is_not_answered_for_a_day_and_then_as_before(rig):
    flood(rig, 120)
    assert rig.wechat("进度", who=FLOODER) == ""
    rig.clock.forward(timedelta(hours=23).total_seconds())
    assert rig.wechat(LAMP, who=FLOODER) == ""
    assert rig.count()["inquiries"] == 1
    rig.clock.forward(timedelta(hours=2).total_seconds())
    assert number_in(rig.wechat("占道经营没人管", who=FLOODER).replace("26-1124", "26-1123"))


def test_edge_55_a_human_lets_the_sender_be_answered_again(rig):
    flood(rig, 120)
    number = rig.rows(inquiries)[0].number

    def lift(tx):
        (row,) = floods.find(tx, number, rig.deps.channels)
        before = floods.standing(tx, row, rig.clock.now())
        assert (before.until is not None, before.kept) == (True, 30)
        assert floods.unblock(tx, row, rig.clock.now())
        return floods.unblock(tx, row, rig.clock.now())

    assert rig.deps.store.write(lift) is False
    assert rig.wechat("进度", who=FLOODER)
    names = [row.name for row in rig.rows(events)]
    assert {"sender_cooled", "sender_unblocked"} <= set(names)


def test_edge_55_others_are_answered_while_one_floods(rig):
    flood(rig, 120)
    assert number_in(rig.wechat(LAMP, who="oSOMEBODY"))


def test_edge_55_insults_are_no_reason_not_to_be_heard(rig):
    assert number_in(rig.wechat("你们这帮废物，路灯坏了三天都没人修，滚出来干活"))
    rig.route()
    assert rig.rows(inquiries)[0].state == "dispatched"


def test_edge_55_personal_data_in_the_text_is_covered_where_it_goes(rig):
    rig.wechat(f"我叫王小明，身份证{IDENTITY}，电话{PHONE}，建设路12号路灯坏了")
    rig.route()
    (row,) = rig.rows(inquiries)
    assert row.flags == ["personal"]
    params = keyed(rig, "order.new")[0].params
    for secret in (IDENTITY, PHONE, "王小明"):
        assert secret not in str(params) + row.summary + str(rig.alarms.raised)
    assert "建设路12号路灯坏了" in params["text"]
    assert any(IDENTITY in text for text in rig.texts())  # what was said is kept as it was said


def test_edge_55_what_bears_a_mark_of_secrecy_waits_at_the_desk_unread(rig):
    rig.wechat("机密★10年 建设路路灯改造方案")
    rig.route()
    (row,) = rig.rows(inquiries)
    assert row.flags == ["secret"]
    assert row.summary == HIDDEN
    assert keyed(rig, "desk.new")[0].params["text"] == HIDDEN
    assert "no_secrets_officer" in rig.alarms.standing  # no leader in this directory


# -- 56 --------------------------------------------------------------------------------------------


def at_three_in_the_morning(rig):
    """Tuesday 03:00 in China."""
    rig.clock.forward(timedelta(hours=17).total_seconds())


def test_edge_56_at_three_in_the_morning_danger_calls_the_duty_officer_at_once_and_a_lamp_waits(rig_on_each):
    rig = rig_on_each
    rig.officer("duty", DUTY)
    rig.officer("lamp", LAMP_OFFICER)
    rig.wechat("签到", who=DUTY)
    rig.wechat("签到", who=LAMP_OFFICER)
    at_three_in_the_morning(rig)
    wechat = far(rig, "wechat")
    rig.wechat(LAMP, who="oNEIGHBOUR")
    rig.route()
    assert "119" in rig.wechat("三楼着火了，快来人", who="oCITIZEN")
    rig.deliver()
    assert [message.to.value for message in wechat.sent if "火情" in message.text] == [DUTY]
    assert [row.state for row in keyed(rig, "order.new")] == ["pending"]
    assert rig.rows(inquiries)[-1].urgent
    rig.clock.forward(timedelta(hours=5).total_seconds())
    rig.deliver()
    assert [row.state for row in keyed(rig, "order.new")] == ["sent"]


def test_edge_56_danger_passes_every_limit(rig):
    rig.officer("duty", DUTY)
    rig.wechat("签到", who=DUTY)
    flood(rig, 200)
    at_three_in_the_morning(rig)
    wechat = far(rig, "wechat")
    assert "119" in rig.wechat("三楼着火了，快来人", who=FLOODER)
    rig.deliver()
    assert [message.to.value for message in wechat.sent if "火情" in message.text] == [DUTY]
    assert rig.wechat("进度", who=FLOODER) == ""  # and the cool-down goes on


@pytest.mark.parametrize("text", ["我不想活了", "有人持刀砍人", "家里煤气泄漏", "救\u200b命", "著火了"])
def test_edge_56_a_call_for_help_waits_at_the_desk_and_is_never_dispatched_by_itself(rig, text):
    at_three_in_the_morning(rig)
    assert rig.wechat(text)
    rig.route()
    (row,) = rig.rows(inquiries)
    assert row.urgent
    assert {"emergency", "self_harm"} & set(row.flags)
    assert [event.data["why"] for event in rig.rows(events, events.c.name == "dispatched")] == ["flagged"]
    assert keyed(rig, "alert.emergency")[0].can_wait is False


def test_edge_56_a_flood_of_calls_for_help_alerts_five_times_and_answers_every_time(rig):
    rig.officer("duty", DUTY)
    answered = [rig.wechat(f"着火了快来人，{n}号楼", who=FLOODER) for n in range(1, 31)]
    assert all("119" in text for text in answered)
    assert len(keyed(rig, "alert.emergency")) == 5
    rig.wechat("有人落水了", who="oSOMEBODY")
    assert len(keyed(rig, "alert.emergency")) == 6
