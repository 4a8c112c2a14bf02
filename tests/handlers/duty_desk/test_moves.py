"""派: what waits at the desk is sent on, by word and as a handler; what is learned from it; who was first."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from handlers.duty_desk import moves
from handlers.inquiry.acting_officer import ActingOfficer
from handlers.services.cache import CachedRouter
from store import decisions, directory, inquiries
from store.engine.writes import update_row
from store.tables.directory import officers, units
from tests.kit.desk_kit import act, decision, desk_town, lead, orders_of, put, waiting
from tests.kit.town import event, logged, notices, rendered, say


@pytest.fixture
def world(tmp_path, database_url):
    made = desk_town(tmp_path, database_url) if database_url.startswith("postgresql") else desk_town(tmp_path)
    yield made
    made.close()


def proposed(world, inquiry_id):
    return world.deps.store.read(lambda tx: moves.suggestions(tx, world.deps, inquiries.get(tx, inquiry_id)))


def change_unit(world, code, **values):
    world.deps.store.write(lambda tx: update_row(tx, units, world.units[code], **values))


def dismiss(world, *codes):
    """Officers who are no longer there."""
    world.deps.store.write(lambda tx: [update_row(tx, officers, world.officers[code], active=False) for code in codes])


# --- sending on ---


def test_the_second_suggestion_is_taken_with_two_taps_and_kept_for_the_router(world):
    inquiry_id = waiting(world)
    assert "已派给区城市管理局" in say(world, "duty", "派 1 2")
    assert lead(world, inquiry_id) == "D01"
    made = event(world, inquiry_id, "transferred")
    assert (made.data["pick"], made.data["source"], made.actor_id) == (2, "desk", world.officers["duty"])
    assert decision(world, inquiry_id) == ("D01", "desk")


def test_the_unit_is_told_with_a_clock_of_its_own(world):
    inquiry_id = waiting(world)
    world.clock.forward(3600)
    say(world, "duty", "派 1 城市管理局")
    assert len(notices(world, inquiry_id, "order.new")) == 2
    assert world.order(inquiry_id).created_at == world.clock.now()
    assert event(world, inquiry_id, "transferred").data["pick"] == 0


@pytest.mark.parametrize(
    "words", ["派 1 区水务局", "派单 1 水务局", "派 26-1123-0001 水务局", "分派 1 第1个", "派給 1 區水務局"]
)
def test_a_unit_is_named_in_many_ways(world, words):
    inquiry_id = waiting(world)
    say(world, "duty", words)
    assert lead(world, inquiry_id) == "D02"


def test_a_number_that_is_no_suggestion_shows_those_there_are(world):
    inquiry_id = waiting(world)
    answer = say(world, "duty", "派 1 7")
    assert "没有第7个建议" in answer
    assert "1 区水务局" in answer
    assert lead(world, inquiry_id) == "D00"


def test_taking_it_from_a_unit_is_a_correction(world):
    inquiry_id = waiting(world)
    act(world, "send_on", inquiry_id, "duty", "D02")
    world.clock.forward(3600)
    act(world, "send_on", inquiry_id, "duty2", "D01")
    assert orders_of(world, inquiry_id) == [
        ("D00", "lead", "returned"),
        ("D02", "lead", "returned"),
        ("D01", "lead", "pending"),
    ]
    assert decision(world, inquiry_id) == ("D01", "correction")


def test_what_the_machine_dispatched_by_itself_is_corrected_by_the_desk(world):
    inquiry_id = world.inquiry(unit="D02")
    put(world, inquiry_id, routing={"chosen": "D02", "candidates": [["D02", 0.99, []]], "source": "keywords"})
    say(world, "duty", "转 1 城市管理局")
    assert lead(world, inquiry_id) == "D01"
    assert decision(world, inquiry_id) == ("D01", "correction")


def test_a_leader_decides_for_the_desk_and_an_officer_of_a_unit_does_not(world):
    inquiry_id = waiting(world)
    assert "由问政办值班人员或分管领导办" in say(world, "lamp", "派 1 水务局")
    assert lead(world, inquiry_id) == "D00"
    say(world, "chief", "派 1 水务局")
    assert lead(world, inquiry_id) == "D02"


def test_the_category_chosen_is_kept_with_the_inquiry_and_the_decision(world):
    inquiry_id = waiting(world)
    act(world, "send_on", inquiry_id, "duty", "D01", pick=2, category="020103")
    assert world.get(inquiry_id).category == "020103"
    row = world.deps.store.read(lambda tx: decisions.of_inquiry(tx, inquiry_id))
    assert row.category == "020103"
    assert row.suggested["candidates"][0][0] == "D02"


# --- who cannot take it ---


def test_a_unit_nobody_is_left_in_is_refused_and_not_proposed(world):
    inquiry_id = waiting(world)
    dismiss(world, "water", "waterhead")
    outcome = act(world, "send_on", inquiry_id, "duty", "D02")
    assert (outcome.done, outcome.key) == (False, "staff.no_officers")
    assert lead(world, inquiry_id) == "D00"


def test_edge_49_an_abolished_unit_is_taken_over_by_its_heir_or_refused(world):
    inquiry_id = waiting(world)
    change_unit(world, "D02", active=False, merged_into="D01")
    assert act(world, "send_on", inquiry_id, "duty", "D02").done
    assert lead(world, inquiry_id) == "D01"
    other = waiting(world)
    change_unit(world, "D02", merged_into="")
    assert act(world, "send_on", other, "duty", "D02").key == "staff.unit_gone"


def test_two_units_that_name_each_other_as_heirs_end_nowhere(world):
    inquiry_id = waiting(world)
    change_unit(world, "D01", active=False, merged_into="D02")
    change_unit(world, "D02", active=False, merged_into="D01")
    assert act(world, "send_on", inquiry_id, "duty", "D02").key == "staff.unit_gone"


def test_the_unit_that_has_it_is_refused(world):
    inquiry_id = waiting(world)
    act(world, "send_on", inquiry_id, "duty", "D01")
    assert act(world, "send_on", inquiry_id, "duty", "D01").key == "staff.same_unit"


@pytest.mark.parametrize(
    ("action", "args"), [("send_on", ("S01",)), ("send_jointly", ("D02", ["S01"])), ("send_on", ("S01C1",))]
)
def test_an_accusation_never_goes_to_the_unit_accused_nor_below_it(world, action, args):
    inquiry_id = waiting(world, flags=["accusation"], accused=["S01"])
    assert act(world, action, inquiry_id, "duty", *args).key == "staff.accused_unit"
    assert orders_of(world, inquiry_id) == [("D00", "lead", "pending")]
    assert "S01" not in {each.unit_code for each in proposed(world, inquiry_id)}
    assert act(world, "send_on", inquiry_id, "duty", "D02").done


@pytest.mark.parametrize("words", ["协 1 杏花街道办事处", "转 1 杏花街道办事处"])
def test_an_accusation_reaches_the_accused_by_no_other_word_either(world, words):
    inquiry_id = waiting(world, flags=["accusation"], accused=["S01"])
    assert "不能给这个单位看" in say(world, "duty", words)
    assert orders_of(world, inquiry_id) == [("D00", "lead", "pending")]


def test_an_approved_return_does_not_give_it_to_the_accused(world):
    inquiry_id = waiting(world, flags=["accusation"], accused=["S01"])
    act(world, "send_on", inquiry_id, "duty", "D01")
    say(world, "lamp", "退 1 应由杏花街道办事处办理")
    assert "不能给这个单位看" in say(world, "duty", "准 1")
    assert lead(world, inquiry_id) == "D01"
    say(world, "duty", "准 1 水务局")
    assert (lead(world, inquiry_id), decision(world, inquiry_id)) == ("D02", ("D02", "correction"))


def test_a_secret_is_sent_on_by_nobody_but_its_keeper(world):
    inquiry_id = waiting(world, flags=["secret"])
    assert act(world, "send_on", inquiry_id, "duty", "D02").key == "staff.secret"
    assert act(world, "reject", inquiry_id, "duty", "SECRET").key == "staff.secret"
    world.deps.secrets_officer = "duty2"
    assert act(world, "send_on", inquiry_id, "chief", "D02").key == "staff.secret"
    assert act(world, "send_on", inquiry_id, "duty2", "D02").done


# --- two at once ---


def test_two_officers_at_once_the_second_is_told_who_was_first_and_what_they_did(world):
    inquiry_id = waiting(world)
    seen = world.order(inquiry_id)
    assert act(world, "send_on", inquiry_id, "duty", "D01", order=seen, pick=2).done
    outcome = act(world, "send_on", inquiry_id, "duty2", "D02", order=seen, pick=1)
    assert (outcome.done, outcome.key) == (False, "staff.first")
    assert (outcome.params["who"], outcome.params["did"], outcome.params["unit"]) == (
        "温予舟",
        "transferred",
        "区城市管理局",
    )
    assert lead(world, inquiry_id) == "D01"


@pytest.mark.parametrize("words", ["派 1 1", "派 1 水务局"])
def test_two_officers_at_once_by_word_the_second_does_not_take_it_away_again(world, words):
    inquiry_id = waiting(world)
    say(world, "duty", "派 1 2")
    world.clock.forward(5)
    answer = say(world, "duty2", words)
    assert "温予舟已于11月23日(周一)10:00派给区城市管理局" in answer
    assert lead(world, inquiry_id) == "D01"
    world.clock.forward(3600)
    say(world, "duty2", words)
    assert lead(world, inquiry_id) == "D02"


@pytest.mark.parametrize(("first", "did"), [("不受理 1 诉讼", "按不予受理办结"), ("并 1 2", "并案")])
def test_the_second_is_told_of_a_rejection_or_a_merge(world, first, did):
    inquiry_id, _ = waiting(world), waiting(world)
    seen = world.order(inquiry_id)
    say(world, "duty", first)
    outcome = act(world, "send_on", inquiry_id, "duty2", "D01", order=seen)
    assert outcome.key == "staff.first"
    assert f"温予舟已于11月23日(周一)10:00{did}" in world.deps.texts.render(outcome.key, outcome.params)


# --- what is proposed ---


def test_suggestions_keep_their_numbers_when_one_can_no_longer_be_taken(world):
    inquiry_id = waiting(world)
    dismiss(world, "water", "waterhead")
    world.deps.router = CachedRouter(world.deps.store).get  # what a process knows half a minute later
    assert [(each.position, each.unit_code) for each in proposed(world, inquiry_id)] == [(2, "D01"), (3, "S01")]


def test_a_suggestion_says_how_sure_the_router_is_and_why(world):
    first = proposed(world, waiting(world))[0]
    assert (first.unit_name, first.confidence, first.words) == ("区水务局", 0.41, ("水管",))


def test_the_queue_begins_with_what_cannot_wait(world):
    late, flagged, urgent, early = (
        waiting(world, text) for text in ("甲的事情说明", "乙的事情说明", "丙的事情说明", "丁的事情说明")
    )
    put(world, urgent, urgent=True)
    put(world, flagged, flags=["accusation"])
    world.deps.store.write(
        lambda tx: inquiries.move_assignment(tx, inquiries.open_lead(tx, early), "pending", due_at=world.clock.now())
    )
    waits = world.deps.store.read(lambda tx: moves.queue(tx, world.deps))
    assert [each.order.inquiry_id for each in waits] == [urgent, flagged, early, late]
    answer = say(world, "duty", "待办")
    assert answer.startswith("待派4件")
    assert "【紧急】26-1123-0003" in answer
    assert "建议1：区水务局" in answer
    assert answer.rstrip().endswith("看原话回复“看”加编号")
    assert "派2611230003 1" in answer


def test_an_officer_of_a_unit_still_sees_the_units_own_orders(world):
    world.inquiry()
    assert say(world, "lamp", "待办").startswith("待办1件")


# --- several units ---


def test_one_leads_and_others_help_by_an_earlier_date(world):
    inquiry_id = waiting(world)
    answer = say(world, "duty", "派 1 城市管理局 协 水务局 杏花街道办事处")
    assert "已派给区城市管理局主办，请区水务局、杏花街道办事处协办" in answer
    assert orders_of(world, inquiry_id)[1:] == [
        ("D01", "lead", "pending"),
        ("D02", "assist", "pending"),
        ("S01", "assist", "pending"),
    ]
    rows = world.deps.store.read(lambda tx: inquiries.assignments_of(tx, inquiry_id))
    assert rows[2].due_at < rows[1].due_at
    assert logged(world, inquiry_id).count("assist_asked") == 2


def test_nothing_is_sent_when_one_of_the_helpers_cannot_be(world):
    inquiry_id = waiting(world)
    assert "没有找到这个单位" in say(world, "duty", "派 1 城市管理局 协 水务局 卫生局")
    assert act(world, "send_jointly", inquiry_id, "duty", "D01", ["D02", "D01"]).key == "staff.same_unit"
    assert orders_of(world, inquiry_id) == [("D00", "lead", "pending")]


# --- what is learned ---


def test_the_unit_the_machine_chose_was_right_when_it_answers(world):
    inquiry_id = world.inquiry()
    put(world, inquiry_id, routing={"chosen": "D01", "candidates": [["D01", 0.99, []]], "source": "model:1"})
    say(world, "lamp", "复 1 已经修好，请您查看。")
    assert decision(world, inquiry_id) == ("D01", "answered")


def test_a_community_that_answers_speaks_for_the_subdistrict_the_machine_chose(world):
    inquiry_id = world.inquiry(unit="S01")
    put(world, inquiry_id, routing={"chosen": "S01", "candidates": [["S01", 0.99, []]], "source": "model:1"})
    say(world, "street", "转 1 春晓社区")
    assert decision(world, inquiry_id) is None, "handing down inside a subdistrict says nothing new"
    say(world, "community", "复 1 楼道已经清理干净，请您查看。")
    assert decision(world, inquiry_id) == ("S01", "answered")


def test_what_a_person_decided_is_not_overwritten_by_an_answer(world):
    inquiry_id = waiting(world)
    say(world, "duty", "派 1 2")
    say(world, "lamp", "复 1 已经修好，请您查看。")
    assert decision(world, inquiry_id) == ("D01", "desk")


@pytest.mark.parametrize("words", ["复 1 您好，可到一楼大厅办理，周一至周五都有人。", "不受理 1 诉讼", "并 1 2"])
def test_nothing_is_learned_from_what_ended_at_the_desk(world, words):
    inquiry_id, _ = waiting(world), waiting(world)
    say(world, "duty", words)
    assert decision(world, inquiry_id) is None


def test_nothing_is_learned_when_a_unit_gives_it_back_to_the_desk(world):
    inquiry_id = world.inquiry()
    say(world, "lamp", "退 1 不归我们管")
    say(world, "duty", "准 1")
    assert (lead(world, inquiry_id), decision(world, inquiry_id)) == ("D00", None)
    say(world, "duty", "派 1 水务局")
    assert decision(world, inquiry_id) == ("D02", "correction")


def test_sending_on_grants_the_return_a_unit_had_asked_for(world):
    inquiry_id = world.inquiry()
    say(world, "lamp", "退 1 不归我们管")
    world.clock.forward(3600)
    say(world, "duty", "派 1 水务局")
    assert "同意" in rendered(world, inquiry_id, "order.decided")[0]
    assert (lead(world, inquiry_id), decision(world, inquiry_id)) == ("D02", ("D02", "correction"))
    assert world.get(inquiry_id).returns == 1


def test_a_number_of_another_is_found_by_no_officer_but_the_desk(world):
    waiting(world)

    def work(tx):
        desk = ActingOfficer(tx, world.deps, directory.officer(tx, world.officers["lamp"]), world.clock.now())
        return moves.find_order(desk, "1")

    assert world.deps.store.read(work).key == "staff.no_desk"


@pytest.mark.parametrize("words", ["不受理 1 诉讼", "并 1 2"])
def test_what_was_just_sent_on_is_not_ended_by_a_colleague_who_did_not_see_it(world, words):
    inquiry_id, _ = waiting(world), waiting(world)
    say(world, "duty", "派 1 2")
    assert "温予舟已于11月23日(周一)10:00派给区城市管理局" in say(world, "duty2", words)
    assert (world.get(inquiry_id).state, lead(world, inquiry_id)) == ("dispatched", "D01")


def test_a_leader_reads_what_waits_at_the_desk(world):
    waiting(world)
    assert "门口的水管" in say(world, "chief", "看 1")


def test_of_two_who_press_in_the_same_moment_one_decides(world):
    inquiry_id = waiting(world)
    seen = world.order(inquiry_id)
    with ThreadPoolExecutor(2) as pool:
        tries = [
            pool.submit(act, world, "send_on", inquiry_id, who, code, order=seen)
            for who, code in (("duty", "D01"), ("duty2", "D02"))
        ]
        outcomes = [each.result() for each in tries]
    assert sorted(outcome.key for outcome in outcomes) == ["staff.first", "staff.sent_on"]
    assert len(orders_of(world, inquiry_id)) == 2


def test_nothing_is_learned_or_dropped_when_the_unit_was_quicker(world):
    inquiry_id = world.inquiry()
    seen = world.order(inquiry_id)
    say(world, "lamp", "收 1")
    outcome = act(world, "send_on", inquiry_id, "duty", "D02", order=seen, category="020103")
    assert (outcome.done, outcome.key) == (False, "staff.already_signed")
    assert (lead(world, inquiry_id), decision(world, inquiry_id), world.get(inquiry_id).category) == ("D01", None, "")
