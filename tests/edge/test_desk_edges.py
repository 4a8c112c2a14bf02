"""The duty desk in the running app: signed messages in, its words by WeChat and by SMS with the notice's code."""

from __future__ import annotations

import re

import pytest

from store import decisions, directory
from store import inquiries as store_inquiries
from store.tables.delivery import outbox as outbox_table
from store.tables.inquiries import inquiries
from tests.edge.test_staff_edges import PHONES
from tests.kit import wechat_kit

pytestmark = pytest.mark.integration

UNCLEAR = "我家门口那件事情一直没有人来处理，请你们派人看看"
NEIGHBOUR, SECOND = "+12025550160", "+12025550161"


@pytest.fixture
def desk(rig_on_each):
    """Two duty officers and the lamp department with phones; one inquiry the router could not place."""
    rig = rig_on_each

    def work(tx):
        unit = directory.unit_by_code(tx, "D00").id
        rig.officers["duty2"] = directory.save_officer(tx, "duty2", name="艾一诺", unit_id=unit, role="duty")

    rig.deps.store.write(work)
    for code, phone in (PHONES | {"duty2": SECOND}).items():
        rig.officer(code, phone, "twilio")
    rig.wechat(UNCLEAR)
    rig.route()
    assert lead(rig).unit_code == "D00"
    return rig


def lead(rig, place=0):
    row = rig.rows(inquiries)[place]
    return rig.deps.store.read(lambda tx: store_inquiries.assignments_of(tx, row.id)[-1])


def sms(rig, text, officer="duty", place=0):
    """``{code}`` in the text becomes the code of this officer's notice."""
    code = rig.deps.signer.staff_code(lead(rig, place).id, rig.officers[officer])
    return rig.sms(text.format(code=code), From=(PHONES | {"duty2": SECOND})[officer])


def state(rig, place=0):
    return rig.rows(inquiries)[place].state


def told(rig, key):
    return [row.params for row in rig.rows(outbox_table, outbox_table.c.key == key)]


def test_by_sms_the_desk_sends_on_with_the_code_of_its_notice_and_not_without(desk):
    for words in ("派 1 水务局", "派 1 水务局 000000", "不受理 1 诉讼", "不受理 1 诉讼 000000", "并 1 1"):
        assert sms(desk, words)
        assert (state(desk), lead(desk).unit_code) == ("dispatched", "D00")
    assert "已派给区水务局" in sms(desk, "派 1 水务局 {code}")
    assert lead(desk).unit_code == "D02"
    kept = desk.deps.store.read(lambda tx: decisions.newest(tx, 5))
    assert [(row.unit_code, row.source) for row in kept] == [("D02", "desk")]


def test_edge_43_the_code_of_an_order_that_was_sent_on_is_good_for_nothing(desk):
    old = desk.deps.signer.staff_code(lead(desk).id, desk.officers["duty2"])
    sms(desk, "派 1 水务局 {code}")
    desk.clock.forward(3600)
    assert sms(desk, f"派 1 城市管理局 {old}", "duty2")
    assert sms(desk, f"不受理 1 诉讼 {old}", "duty2")
    assert (state(desk), lead(desk).unit_code) == ("dispatched", "D02")


def test_the_number_of_a_suggestion_and_the_code_are_told_apart(desk):
    row = desk.rows(inquiries)[0]
    known = {
        "chosen": None,
        "why": "unsure",
        "places": [],
        "category": "",
        "source": "keywords",
        "candidates": [["D02", 0.4, []], ["D01", 0.3, []]],
    }
    desk.deps.store.write(lambda tx: store_inquiries.change(tx, store_inquiries.get(tx, row.id), routing=known))
    sms(desk, "派 1 2 {code}")
    assert lead(desk).unit_code == "D01"


def test_a_citizen_objects_by_wechat_and_a_second_officer_accepts_by_sms(desk):
    answer = sms(desk, "不受理 1 诉讼 {code}")
    assert "已不予受理" in answer
    desk.deliver()
    assert "由另一位工作人员再看" in desk.wechat("Ｙ")
    assert "异议要由另一位同事" in sms(desk, "派 1 水务局 {code}")
    assert "已派给区水务局" in sms(desk, "派 1 水务局 {code}", "duty2")
    assert (state(desk), lead(desk).unit_code) == ("dispatched", "D02")
    assert told(desk, "accepted")[0]["unit"] == "区水务局"


def test_a_citizen_by_sms_reads_reason_and_door_in_one_segment_and_objects(desk):
    desk.sms(UNCLEAR, From=NEIGHBOUR)
    desk.route()
    sms(desk, "不受理 2 信访 {code}", place=1)
    [params] = told(desk, "rejected")
    text = desk.deps.texts.render("rejected", params, sms=True)
    assert "请向信访部门询问" in text
    assert len(text) <= 70
    assert "已收到" in desk.sms("Y", From=NEIGHBOUR)
    assert state(desk, 1) == "dispatched"
    sms(desk, "不受理 2 信访 {code}", "duty2", place=1)
    assert "最后决定" in desk.sms("Y", From=NEIGHBOUR)


def test_two_citizens_one_matter_one_answer_each_by_her_own_channel(desk):
    desk.sms(UNCLEAR, From=NEIGHBOUR)
    desk.route()
    sms(desk, "派 1 城市管理局 {code}")
    sms(desk, "并 2 1 {code}", place=1)
    assert state(desk, 1) == "merged"
    sms(desk, "复 1 {code} 已经派人到现场处理，请您查看。", "lamp")
    answers = desk.rows(outbox_table, outbox_table.c.key == "answer")
    first, second = desk.rows(inquiries)
    assert [(row.contact_id, row.params["number"]) for row in answers] == [
        (first.contact_id, first.number),
        (second.contact_id, second.number),
    ]
    progress = desk.sms("进度", From=NEIGHBOUR)
    assert "已经派人到现场处理" in progress
    assert first.number.replace("-", "") not in progress


@pytest.mark.parametrize("text", ["派 1 水务局", "不受理 1 诉讼", "并 1 2", "值班"])
def test_edge_43_a_citizen_moves_nothing_at_the_desk(desk, text):
    answer = desk.wechat(text, who="oSTRANGER")
    assert (state(desk), lead(desk).unit_code) == ("dispatched", "D00")
    assert not re.search(r"/duty/", answer)


@pytest.mark.parametrize(
    "text",
    [
        "派出所的人不管这件事",
        "派3个人来修路灯吧",
        "并且到现在没有人管",
        "不受理我的投诉是什么道理",
        "拒绝加班费的厂子没人管",
    ],
)
def test_a_duty_officers_own_matter_is_no_command(desk, text):
    before = len(desk.rows(inquiries))
    desk.wechat(text, who=wechat_kit.OPENID)
    sms(desk, text.replace("{", "").replace("}", ""))
    assert len(desk.rows(inquiries)) == before + 2
