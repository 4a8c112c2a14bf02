"""The citizen's progress page and the public page."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from store import inquiries
from tests.kit.world import CITIZEN, make_world


@pytest.fixture
def world(tmp_path):
    made = make_world(tmp_path)
    yield made
    made.close()


def see(world, inquiry_id):
    answer = world.client().get(world.citizen_path(inquiry_id))
    assert answer.status_code == 200
    return answer.text


def test_progress_reads_like_a_parcel_newest_first(world):
    inquiry_id = world.inquiry()
    world.clock.forward(3600)
    world.act("sign", inquiry_id, "lamp")
    text = see(world, inquiry_id)
    steps = ["11月23日(周一)11:00", "区城市管理局已签收", "已派至区城市管理局", "已收到诉求"]
    places = [text.index(step) for step in steps]
    assert places == sorted(places)


def test_progress_shows_state_unit_and_a_promise_with_date_and_days_left(world):
    text = see(world, world.inquiry())
    for shown in ("26-1123-0001", "已转办", "区城市管理局", "11月27日(周五)17:00前", "还剩 4 个工作日", "028-00000001"):
        assert shown in text


def test_a_provisional_promise_says_about(world):
    world.clock.forward(36 * 24 * 3600)
    assert "约1月" in see(world, world.inquiry())


def test_the_full_answer_is_shown_with_how_to_rate_it(world):
    inquiry_id = world.inquiry()
    world.act("answer", inquiry_id, "lamp", "第一段。\n" + "长" * 1900)
    text = see(world, inquiry_id)
    assert "第一段。\n" + "长" * 1900 in text
    assert "满意" in text
    assert "还剩" not in text


def test_a_rating_given_is_shown_instead_of_the_question(world):
    inquiry_id = world.inquiry()
    world.act("answer", inquiry_id, "lamp", "已修复。")
    world.deps.store.write(lambda tx: inquiries.change(tx, inquiries.get(tx, inquiry_id), rating=2))
    text = see(world, inquiry_id)
    assert "基本满意" in text
    assert "请您评价" not in text


def test_nothing_personal_and_no_officers_name_is_on_the_citizens_page(world):
    inquiry_id = world.inquiry("我叫王某某，住3栋2单元")
    world.act("give_back", inquiry_id, "lamp", "诉求人态度恶劣")
    world.decide("approve", inquiry_id, "duty")
    text = see(world, inquiry_id)
    for hidden in ("王某某", "3栋", CITIZEN.value, "384712", "骆星屿", "态度恶劣"):
        assert hidden not in text
    assert "区城市管理局退回" in text


def test_before_routing_the_page_has_no_unit_and_works(world):
    text = see(world, world.inquiry(unit=None))
    assert "已收到" in text
    assert "承办单位" not in text


@pytest.mark.parametrize("token", ["x", "MQ.awPRgg.gUq8Zav", "..", "%00"])
def test_a_forged_link_is_refused_with_a_hint(world, token):
    answer = world.client().get(f"/i/{token}")
    assert answer.status_code == 403
    assert "进度" in answer.text


def test_an_officers_link_opens_no_citizens_page(world):
    path = world.staff_path(world.inquiry(), "lamp")
    assert world.client().get(path.replace("/s/", "/i/")).status_code == 403


@pytest.mark.parametrize(("days", "status"), [(29, 200), (31, 403)])
def test_a_citizens_link_lasts_30_days(world, days, status):
    start = world.clock.now()
    with time_machine.travel(start, tick=False):
        path = world.citizen_path(world.inquiry())
    with time_machine.travel(start + timedelta(days=days), tick=False):
        assert world.client().get(path).status_code == status


def test_the_public_page_says_how_to_write_in_and_whom_to_call(world):
    answer = world.client().get("/")
    assert answer.status_code == 200
    for shown in ("示范区问政", "微信", "短信", "110", "119", "120", "12345", "请勿提交涉密信息", "4 个工作日"):
        assert shown in answer.text
    assert len(answer.data) < 100_000
