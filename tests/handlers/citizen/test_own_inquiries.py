"""A citizen's words about her own inquiries: which is meant, how often, and until when."""

from __future__ import annotations

import pytest

from store import directory
from store import inquiries as store_inquiries
from store.tables.delivery import outbox
from store.tables.inquiries import assignments, events, inquiries
from tests.edge.rig import LAMP, far, make_rig

pytestmark = pytest.mark.integration

OFFICER = "oOFFICER0000000000000000001"
DAY = 24 * 3600
SECOND = "占道经营没人管，请处理"


@pytest.fixture
def rig(tmp_path, sqlite_url):
    """An officer of the lamps' unit has WeChat; a citizen's lamp inquiry is at that unit."""
    made = make_rig(tmp_path, sqlite_url)
    made.officer("lamp", OFFICER)
    made.wechat("待办", who=OFFICER)
    made.wechat(LAMP)
    made.route()
    far(made, "wechat")
    made.deliver()
    yield made
    made.deps.store.close()


def of(rig, position=0):
    return rig.rows(inquiries)[position]


def told(rig, key):
    """How many officers' notices with this key were made."""
    return len(rig.rows(outbox, outbox.c.key == key))


def names(rig):
    return [row.name for row in rig.rows(events) if row.actor == "citizen"]


def answer(rig, position=0, text="已派人更换灯泡"):
    assert rig.wechat(f"复 {of(rig, position).number} {text}", who=OFFICER)
    rig.deliver()


# -- which one -------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["撤回", "催", "补充 是东门那一盏"])
def test_with_two_open_inquiries_the_word_alone_is_asked_which_and_changes_nothing(rig, word):
    rig.wechat(SECOND)
    rig.route()
    before = [(row.state, row.version) for row in rig.rows(inquiries)]
    asked = rig.wechat(word)
    assert of(rig, 0).number in asked
    assert of(rig, 1).number in asked
    assert [(row.state, row.version) for row in rig.rows(inquiries)] == before


def test_with_its_number_the_one_meant_is_withdrawn_its_order_ended_and_the_unit_told(rig):
    rig.wechat(SECOND)
    rig.route()
    assert of(rig, 1).number in rig.wechat(f"撤回 {of(rig, 1).number}")
    assert [row.state for row in rig.rows(inquiries)] == ["dispatched", "withdrawn"]
    assert [row.state for row in rig.rows(assignments)] == ["pending", "cancelled"]
    assert told(rig, "order.withdrawn") == 1
    assert rig.wechat(f"复 {of(rig, 1).number} 太晚了", who=OFFICER)
    assert of(rig, 1).state == "withdrawn"


def test_a_matter_withdrawn_before_it_was_routed_reaches_no_unit(rig):
    rig.wechat(SECOND)
    rig.wechat(f"撤回 {of(rig, 1).number}")
    rig.route()
    assert len(rig.rows(assignments)) == 1


def test_strangers_numbers_are_no_ones_to_withdraw_urge_or_read(rig):
    for word in ("撤回", "催", "全文", "进度"):
        rig.clock.forward(5)
        said = rig.wechat(f"{word} {of(rig).number}", who="oSTRANGER00000000000000001")
        assert "路灯" not in said
    assert of(rig).state == "dispatched"


def test_an_answered_inquiry_is_not_withdrawn_any_more(rig):
    answer(rig)
    rig.wechat("撤回")
    assert of(rig).state == "answered"


# -- how often -------------------------------------------------------------------------------------


def test_urging_is_told_once_a_day_and_again_the_next_day(rig):
    first = rig.wechat("催")
    rig.clock.forward(600)
    again = rig.wechat("催办")
    assert again
    assert again != first
    assert (names(rig).count("urged"), told(rig, "order.urged")) == (1, 1)
    rig.clock.forward(DAY)
    rig.wechat("催")
    assert (names(rig).count("urged"), told(rig, "order.urged")) == (2, 2)


def test_two_urges_at_the_same_moment_are_one_notice(rig):
    for _ in range(2):
        rig.wechat("催")
    assert told(rig, "order.urged") == 1


# -- rating ----------------------------------------------------------------------------------------


def test_within_a_day_a_second_rating_replaces_the_first_and_both_are_on_record(rig):
    answer(rig)
    rig.wechat("满意")
    assert of(rig).rating == 1
    rig.clock.forward(23 * 3600)
    rig.wechat("基本满意")
    assert of(rig).rating == 2
    scores = [row.data["score"] for row in rig.rows(events) if row.name == "rated"]
    assert scores == [1, 2]


def test_after_a_day_the_rating_stands(rig):
    answer(rig)
    rig.wechat("满意")
    rig.clock.forward(DAY + 60)
    said = rig.wechat(f"{of(rig).number} 不满意")
    assert said
    assert of(rig).rating == 1


def test_the_latest_answer_is_meant_and_by_number_the_other(rig):
    rig.wechat("建设路5号路灯也坏了")
    rig.route()
    answer(rig, 0)
    rig.clock.forward(60)
    answer(rig, 1)
    rig.wechat("满意")
    assert (of(rig, 0).rating, of(rig, 1).rating) == (None, 1)


def test_a_dissatisfied_citizen_is_asked_why_and_her_next_words_are_the_reason(rig):
    answer(rig)
    rig.wechat("不满意")
    rig.clock.forward(30)
    rig.wechat("灯还是不亮，没有人来过")
    assert (of(rig).rating, of(rig).rating_reason) == (3, "灯还是不亮，没有人来过")
    assert len(rig.rows(inquiries)) == 1


def test_before_any_answer_there_is_nothing_to_rate(rig):
    rig.wechat("满意")
    assert of(rig).rating is None
    assert "rated" not in names(rig)


# -- no officer ------------------------------------------------------------------------------------


def test_an_inquiry_for_a_unit_without_an_active_officer_still_has_its_order(rig):
    rig.deps.store.write(lambda tx: directory.deactivate(tx, officer_codes=["water"]))
    rig.wechat("幸福路停水两天了", who="oTHIRST00000000000000000001")
    rig.route()
    lead = rig.deps.store.read(lambda tx: store_inquiries.open_lead(tx, of(rig, 1).id))
    assert lead.unit_name == "区水务局"
    assert "停水" in rig.wechat("进度", who="oTHIRST00000000000000000001")
