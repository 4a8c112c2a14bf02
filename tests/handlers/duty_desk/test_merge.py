"""并: several inquiries are one; each citizen is answered by their own number, and nothing vanishes with its head."""

from __future__ import annotations

import pytest

from handlers.delivery import outbox as sending
from store import inquiries
from store import outbox as store_outbox
from tests.kit.deadline_kit import china
from tests.kit.desk_kit import BOB, CAI, act, decision, desk_town, lead, orders_of, put, waiting
from tests.kit.town import citizen_says, event, logged, notices, rendered, say, shown
from tests.kit.world import CITIZEN

ANSWER = "整条街的路灯都已修好，是电缆受潮，请您查看。"


@pytest.fixture
def world(tmp_path, database_url):
    made = desk_town(tmp_path, database_url) if database_url.startswith("postgresql") else desk_town(tmp_path)
    yield made
    made.close()


@pytest.fixture
def pair(world):
    """The head at a unit, and one of another citizen merged into it."""
    head, other = waiting(world, "幸福路的路灯全都不亮"), waiting(world, "幸福路晚上一片黑", citizen=BOB)
    say(world, "duty", "派 1 城市管理局")
    assert "已并入26-1123-0001（已转办）" in say(world, "duty", "并 2 1")
    return head, other


def to_contact(world, inquiry_id):
    """(key, whose) of what the citizen of an inquiry was sent."""
    contact = world.get(inquiry_id).contact_id
    rows = world.deps.store.read(lambda tx: store_outbox.of_inquiry(tx, inquiry_id))
    assert {row.contact_id for row in rows if row.contact_id is not None} <= {contact}
    return [row.key for row in rows if row.contact_id is not None]


def test_the_citizen_hears_of_her_own_number_only_and_the_units_officers_read_the_text(world, pair):
    head, other = pair
    row = world.get(other)
    assert (row.state, row.merged_into_id, lead(world, other)) == ("merged", head, None)
    [text] = rendered(world, other, "merged")
    assert "26-1123-0002" in text
    assert "26-1123-0001" not in text
    assert "最迟11月27日(周五)17:00前答复" in text
    assert "幸福路晚上一片黑" in rendered(world, head, "order.joined")[0]
    assert "幸福路晚上一片黑" in say(world, "lamp", "看 1")
    assert event(world, other, "merged").data["into"] == "26-1123-0001"
    assert logged(world, head)[-1] == "joined"


def test_the_answer_reaches_everybody_once_by_their_own_number(world, pair):
    head, other = pair
    third = waiting(world, "路灯不亮", citizen=CAI)
    say(world, "duty", "并 3 1")
    say(world, "lamp", f"复 1 {ANSWER}")
    for inquiry_id, number in ((head, "26-1123-0001"), (other, "26-1123-0002"), (third, "26-1123-0003")):
        [text] = rendered(world, inquiry_id, "answer")
        assert ANSWER in text
        assert number in text
        assert [n for n in ("26-1123-0001", "26-1123-0002", "26-1123-0003") if n in text] == [number]
    assert to_contact(world, other) == ["merged", "answer"]
    sending.drain(world.deps, threads=1)
    assert decision(world, other) is None


def test_progress_of_what_was_merged_shows_how_the_head_stands(world, pair):
    say(world, "lamp", "收 1")
    answer = say(world, BOB, "进度")
    for part in (
        "26-1123-0002（办理中）",
        "与同样的诉求合并办理",
        "承办：区城市管理局",
        "最迟11月27日(周五)17:00前答复",
    ):
        assert part in answer
    assert "26-1123-0001" not in answer
    assert "回复“催”" not in answer
    say(world, "lamp", f"复 1 {ANSWER}")
    assert ANSWER[:10] in say(world, BOB, "进度")
    assert ANSWER in say(world, BOB, "全文")


def test_the_answer_can_be_rated_by_each(world, pair):
    _, other = pair
    say(world, "lamp", f"复 1 {ANSWER}")
    assert "满意" in say(world, BOB, "满意")
    assert world.get(other).rating == 1


def test_merging_into_what_is_answered_already_sends_that_answer(world):
    head = waiting(world)
    say(world, "duty", "派 1 城市管理局")
    say(world, "lamp", f"复 1 {ANSWER}")
    other = waiting(world, citizen=BOB)
    assert "那件的答复已转给这位市民" in say(world, "duty", "并 2 1")
    assert ANSWER in rendered(world, other, "answer")[0]
    assert notices(world, other, "merged") == []
    assert world.get(head).state == "answered"


def test_what_was_merged_before_goes_along_to_the_new_head(world, pair):
    head, other = pair
    newest = waiting(world, citizen=CAI)
    say(world, "duty", "派 3 水务局")
    say(world, "duty", "并 1 3")
    assert {world.get(head).merged_into_id, world.get(other).merged_into_id} == {newest}
    say(world, "water", f"复 3 {ANSWER}")
    assert len(notices(world, other, "answer")) == len(notices(world, head, "answer")) == 1


def test_a_number_that_was_merged_itself_means_its_head(world, pair):
    head, _ = pair
    third = waiting(world, citizen=CAI)
    say(world, "duty", "并 3 2")
    assert world.get(third).merged_into_id == head


@pytest.mark.parametrize("into", ["2", "26-1123-0002"])
def test_nothing_is_merged_into_itself_or_in_a_circle(world, into):
    first, second = waiting(world), waiting(world, citizen=BOB)
    assert "不能并入自己" in say(world, "duty", f"并 2 {into}")
    say(world, "duty", "并 1 2")
    assert "不能并入自己" in say(world, "duty", "并 2 1")
    assert (world.get(first).state, world.get(second).state) == ("merged", "dispatched")


@pytest.mark.parametrize("state", ["closed", "rejected", "withdrawn", "archived"])
def test_nothing_is_merged_into_what_is_over(world, state):
    head, other = waiting(world), waiting(world, citizen=BOB)
    put(world, head, state=state)
    assert act(world, "merge", other, "duty", head).key == "staff.merge_closed"
    assert world.get(other).state == "dispatched"


def test_an_unknown_number_is_told_as_unknown(world):
    waiting(world)
    assert "77" in say(world, "duty", "并 1 77")
    assert "请写两个编号" in say(world, "duty", "并 1")


def test_only_the_desk_merges(world):
    other, head = waiting(world), waiting(world, citizen=BOB)
    assert act(world, "merge", other, "lamp", head).key == "staff.no_desk"


def test_an_accusation_is_not_merged_into_what_the_accused_work_on(world):
    head, other = waiting(world), waiting(world, citizen=BOB, flags=["accusation"], accused=["D01"])
    say(world, "duty", "派 1 城市管理局")
    assert act(world, "merge", other, "duty", head).key == "staff.accused_unit"


@pytest.mark.parametrize("secret", [0, 1])
def test_a_secret_is_merged_with_nothing(world, secret):
    pair = [waiting(world), waiting(world, citizen=BOB)]
    put(world, pair[secret], flags=["secret"])
    world.deps.secrets_officer = "duty"
    assert act(world, "merge", pair[1], "duty", pair[0]).key == "staff.secret"


def test_the_units_that_had_it_are_told(world):
    other, _ = waiting(world), waiting(world, citizen=BOB)
    say(world, "duty", "派 1 水务局")
    say(world, "duty", "并 1 2")
    assert "已并入别的诉求，不用再办" in rendered(world, other, "order.ended")[0]


@pytest.mark.parametrize("end", ["withdrawn", "rejected"])
def test_nothing_vanishes_with_its_head(world, pair, end):
    head, other = pair
    world.clock.time = china(3, 10, month=12)
    if end == "withdrawn":
        say(world, CITIZEN, "撤回 1")
    else:
        say(world, "duty", "不受理 1 信访")
    assert world.get(head).state == end
    row = world.get(other)
    assert (row.state, row.merged_into_id, row.closed_at, lead(world, other)) == ("dispatched", None, None, "D00")
    assert row.due_at == china(9, 17, month=12)
    assert "改为单独办理" in rendered(world, other, "unmerged")[0]
    assert "12月9日(周三)17:00前答复" in rendered(world, other, "unmerged")[0]
    assert logged(world, other)[-2:] == ["unmerged", "dispatched"]
    say(world, "duty2", "派 2 水务局")
    assert decision(world, other) == ("D02", "desk")


def test_who_has_an_answer_already_is_not_reopened_when_the_head_is_withdrawn_later(world, pair):
    _, other = pair
    say(world, "lamp", f"复 1 {ANSWER}")
    citizen_says(world, "不满意 1 根本没有修好")
    citizen_says(world, "撤回 1")
    assert world.get(other).state == "merged"


def test_a_second_answer_after_rework_reaches_everybody_again(world, pair):
    _, other = pair
    say(world, "lamp", f"复 1 {ANSWER}")
    citizen_says(world, "不满意 1 根本没有修好")
    say(world, "lamp", "复 1 电缆已经全部更换，今晚亮灯，请您查看。")
    assert [params["text"][:4] for params in notices(world, other, "answer")] == ["整条街的", "电缆已经"]


def test_two_officers_who_merge_at_once_end_with_one_head(world):
    first, second = waiting(world), waiting(world, citizen=BOB)
    seen = world.order(first), world.order(second)
    assert act(world, "merge", first, "duty", second, order=seen[0]).done
    outcome = act(world, "merge", first, "duty2", second, order=seen[0])
    assert (outcome.key, outcome.params["did"], outcome.params["who"]) == ("staff.first", "merged", "温予舟")
    assert orders_of(world, first) == [("D00", "lead", "cancelled")]


def test_what_belongs_to_an_old_head_can_be_merged_by_its_full_number(world):
    head = waiting(world)
    world.clock.time = china(1, 10, month=6, year=2027)
    other = waiting(world, citizen=BOB)
    assert "77" not in world.get(head).number
    say(world, "duty", f"并 {world.get(other).number} {world.get(head).number}")
    assert world.get(other).merged_into_id == head
    assert world.deps.store.read(lambda tx: inquiries.messages_of(tx, head))[-1].kind == "joined"


def test_what_a_merged_citizen_adds_reaches_the_heads_officers(world, pair):
    head, other = pair
    assert "26-1123-0002" in say(world, BOB, "补充 2 电线还冒火花，很吓人")
    assert "电线还冒火花" in rendered(world, head, "order.joined")[-1]
    assert "电线还冒火花" in say(world, "lamp", "看 1")
    said = world.deps.store.read(lambda tx: inquiries.messages_of(tx, other))
    assert said[-1].text == "电线还冒火花，很吓人"


@pytest.mark.parametrize("word", ["催", "撤回", "撤回 2"])
def test_a_merged_citizen_is_told_how_it_stands_when_she_urges_or_withdraws(world, pair, word):
    answer = say(world, BOB, word)
    assert "26-1123-0002与同样的诉求合并办理，最迟11月27日(周五)17:00前答复" in answer
    assert world.get(pair[1]).state == "merged"


def test_a_merged_citizen_who_is_not_satisfied_has_the_head_done_again(world, pair):
    head, other = pair
    say(world, "lamp", f"复 1 {ANSWER}")
    answer = say(world, BOB, "不满意 2 路灯还是不亮")
    assert "26-1123-0002" in answer
    assert "26-1123-0001" not in answer
    assert (world.get(head).state, world.get(head).reopened, world.get(other).state) == ("dispatched", 1, "merged")
    say(world, "lamp", "复 1 电缆已经全部更换，今晚亮灯，请您查看。")
    assert len(notices(world, other, "answer")) == len(notices(world, head, "answer")) == 2


def test_the_page_of_a_merged_citizen_shows_the_answer(world):
    waiting(world)
    say(world, "duty", "派 1 城市管理局")
    say(world, "lamp", f"复 1 {ANSWER}")
    other = waiting(world, citizen=BOB)
    say(world, "duty", "并 2 1")
    page = world.client().get(world.citizen_path(other)).text
    assert ANSWER in page
    assert "26-1123-0001" not in page


def test_the_page_of_the_heads_officers_shows_what_was_merged_into_it(world, pair):
    page = shown(world, "lamp", pair[0])
    assert "并入的诉求" in page
    assert "幸福路晚上一片黑" in page


def test_what_is_dangerous_or_accuses_somebody_stays_so_in_the_head(world):
    head, other = (
        waiting(world, flags=["personal"]),
        waiting(world, citizen=BOB, flags=["self_harm", "accusation"], accused=["S01"]),
    )
    put(world, other, urgent=True)
    say(world, "duty", "并 2 1")
    row = world.get(head)
    assert (row.urgent, row.flags, row.routing["accused"]) == (True, ["personal", "self_harm", "accusation"], ["S01"])
    assert row.routing["candidates"], "what the router proposed stays"
    assert "可能有人遇险" in say(world, "duty", "不受理 1 诉讼")
    assert "不能给这个单位看" in say(world, "duty", "派 1 杏花街道办事处")
