"""Two hundred citizens without power: two hundred numbers, a handful of notices, one answer that reaches each once."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from bot.conversation.acts import StaffBad, StaffSplit
from bot.edge.messages import Address
from handlers.delivery import outbox as sending
from handlers.duty_desk import dispatch
from handlers.inquiry.linked_matters import MARKS
from store import inquiries
from store.tables.delivery import outbox as outbox_table
from store.tables.inquiries import inquiries as inquiries_table
from tests.kit.desk_kit import desk_town
from tests.kit.officer_words import parse_staff
from tests.kit.town import logged, page, say, shown

CUT = "阳光小区停水了，什么时候来水"
TEXTS = (
    CUT,
    "我们阳光小区从早上就停水",
    "阳光小区3栋停水，老人小孩没法做饭",
    "阳光小区又停水！！",
    "請問陽光小區停水到幾點",
)
ANSWER = "阳光小区门口水管爆裂，正在抢修，今晚八点前恢复供水。"


@pytest.fixture
def world(tmp_path, database_url):
    made = desk_town(tmp_path, database_url) if database_url.startswith("postgresql") else desk_town(tmp_path)
    yield made
    made.close()


def citizen(number):
    return Address("console", f"c{number}-19900001111")


def burst(world, count, *, first=0, texts=TEXTS):
    """So many citizens write, then all is routed; their inquiries in order."""
    for number in range(first, first + count):
        assert "26-1123-" in say(world, citizen(number), texts[number % len(texts)])
    world.clock.forward(700)
    dispatch.drain(world.deps)
    return rows(world)[-count:]


def rows(world):
    return world.deps.store.read(
        lambda tx: tx.conn.execute(inquiries_table.select().order_by(inquiries_table.c.id)).all()
    )


def sent(world, key):
    return world.deps.store.read(
        lambda tx: tx.conn.execute(
            outbox_table.select().where(outbox_table.c.key == key).order_by(outbox_table.c.id)
        ).all()
    )


def open_lead(world, row):
    return world.deps.store.read(lambda tx: inquiries.open_lead(tx, row.id))


def test_two_hundred_are_linked_told_of_in_summary_and_answered_at_once(world):
    found = burst(world, 200)
    head, *others = found
    assert len({row.number for row in found}) == 200
    assert {row.linked_to_id for row in others} == {head.id}
    assert {(row.state, row.unit_id) for row in found} == {("dispatched", world.units["D02"])}
    assert all(open_lead(world, row) is not None for row in found)
    # The first two could not be known for a burst; then the 10th, 50th and 200th are told of.
    officers = {row.officer_id for row in sent(world, "order.new")}
    assert [row.inquiry_id for row in sent(world, "order.new")] == [found[0].id, found[1].id] * len(officers)
    assert [row.params["count"] for row in sent(world, "order.linked")] == [*MARKS[:3]] * len(officers)

    told = say(world, "water", f"复 {head.number} {ANSWER}")
    assert "同类 199 件" in told
    answers = sent(world, "answer")
    assert Counter(row.contact_id for row in answers) == dict.fromkeys({row.contact_id for row in found}, 1)
    assert {row.params["text"] for row in answers} == {ANSWER}
    assert {row.params["number"] for row in answers} == {row.number for row in found}
    assert {row.state for row in rows(world)} == {"answered"}
    assert all(open_lead(world, row) is None for row in found)
    sending.drain(world.deps, threads=1)
    assert {row.state for row in sent(world, "answer")} <= {"sent", "delivered"}
    say(world, "water", f"复 {head.number} 再说一遍，已经恢复")
    assert len(sent(world, "answer")) == 200


def test_the_log_says_with_what_it_was_answered(world):
    head, _, third = burst(world, 3)
    say(world, "water", f"复 {head.number} {ANSWER}")
    events = world.deps.store.read(lambda tx: inquiries.events_of(tx, third.id))
    assert next(e for e in events if e.name == "answered").data["with"] == head.number
    assert "linked" in logged(world, third.id)
    messages = world.deps.store.read(lambda tx: inquiries.messages_of(tx, third.id))
    assert [m.text for m in messages if m.direction == "out"] == [ANSWER]


def test_two_are_no_burst(world):
    assert [row.linked_to_id for row in burst(world, 2)] == [None, None]


def test_one_citizen_who_writes_three_times_is_no_burst(world):
    for _ in range(3):
        say(world, citizen(1), CUT)
        world.clock.forward(700)
        dispatch.drain(world.deps)
    assert {row.linked_to_id for row in rows(world)} == {None}


@pytest.mark.parametrize(
    "texts",
    [
        ("阳光小区停水了", "银河小区停水了", "翠竹花园停水了"),
        ("停水了", "停水了", "停水了"),
        ("建设路12号水管漏水", "建设路30号水管漏水", "建设路90号水管漏水"),
        ("阳光小区停水", "阳光小区水管生锈发黄", "阳光小区水管接错了收费"),
    ],
)
def test_what_only_sounds_alike_is_not_linked(world, texts):
    assert {row.linked_to_id for row in burst(world, 3, texts=texts)} == {None}


def test_a_burst_is_over_after_a_day(world):
    burst(world, 2)
    world.clock.forward(25 * 3600)
    assert "26-1124-" in say(world, citizen(9), CUT)
    world.clock.forward(700)
    dispatch.drain(world.deps)
    assert rows(world)[-1].linked_to_id is None


def test_danger_goes_its_own_way(world):
    burst(world, 3)
    say(world, citizen(7), "阳光小区停水了，三楼着火了没有水救火！")
    world.clock.forward(700)
    dispatch.drain(world.deps)
    last = rows(world)[-1]
    assert (last.linked_to_id, last.unit_id) == (None, world.units["D00"])


def test_who_comes_after_the_answer_begins_anew(world):
    head = burst(world, 3)[0]
    say(world, "water", f"复 {head.number} {ANSWER}")
    assert burst(world, 1, first=50)[0].linked_to_id is None
    assert len(sent(world, "answer")) == 3


def test_signing_for_the_head_signs_for_all(world):
    found = burst(world, 5)
    say(world, "water", f"收 {found[0].number}")
    assert {open_lead(world, row).state for row in found} == {"signed"}
    assert {row.state for row in rows(world)} == {"in_progress"}


def test_the_head_sent_to_another_unit_takes_all_along_and_newcomers_follow(world):
    found = burst(world, 5)
    before = len(sent(world, "order.new"))
    say(world, "duty", f"派 {found[0].number} 城市管理局")
    assert {open_lead(world, row).unit_id for row in found} == {world.units["D01"]}
    told = {row.inquiry_id for row in sent(world, "order.new")[before:]}
    assert told == {found[0].id}
    late = burst(world, 1, first=60)[0]
    assert (late.linked_to_id, late.unit_id) == (found[0].id, world.units["D01"])
    assert "同类 5 件" in say(world, "lamp", f"复 {found[0].number} {ANSWER}")


def test_an_extension_of_the_head_gives_all_the_new_date_and_tells_each_once(world):
    found = burst(world, 4)
    say(world, "water", f"延 {found[0].number} 2 水管配件要从外地调运，预计后天才能送到现场安装")
    assert len(sent(world, "extended")) == 0
    say(world, "duty", f"准 {found[0].number}")
    now = rows(world)
    assert {row.due_at for row in now} == {now[0].due_at} != {found[0].due_at}
    assert {open_lead(world, row).due_at for row in found} == {now[0].due_at}
    assert Counter(row.inquiry_id for row in sent(world, "extended")) == {row.id: 1 for row in found}


def test_one_the_router_was_not_sure_of_follows_what_many_others_tell(world):
    head = burst(world, 3)[0]
    late = burst(world, 1, first=60, texts=("我家在阳光小区，一点水都没水了",))[0]
    assert (late.linked_to_id, late.unit_id) == (head.id, world.units["D02"])


def test_one_taken_out_stands_by_itself_with_a_notice_of_its_own(world):
    head, _, third, *_ = burst(world, 5)
    before = len(sent(world, "order.new"))
    assert "已分出" in say(world, "water", f"分 {third.number}")
    assert world.get(third.id).linked_to_id is None
    assert {row.inquiry_id for row in sent(world, "order.new")[before:]} == {third.id}
    say(world, "water", f"复 {head.number} {ANSWER}")
    assert world.get(third.id).state == "dispatched"
    assert "没有和别的诉求归在一起" in say(world, "water", f"分 {third.number}")


def test_no_other_unit_takes_one_out(world):
    third = burst(world, 3)[2]
    say(world, "lamp", f"分 {third.number}")
    assert world.get(third.id).linked_to_id is not None


def test_the_head_withdrawn_makes_the_next_one_head_and_tells_of_it(world):
    head, second, third, fourth = burst(world, 4)
    before = len(sent(world, "order.new"))
    say(world, citizen(0), f"撤回 {head.number}")
    assert [world.get(row.id).linked_to_id for row in (second, third, fourth)] == [None, second.id, second.id]
    # The second had its notice before the burst was known: nothing is said twice.
    assert {row.inquiry_id for row in sent(world, "order.new")[before:]} <= {second.id}
    assert "同类 2 件" in say(world, "water", f"复 {second.number} {ANSWER}")
    assert Counter(row.inquiry_id for row in sent(world, "answer")) == {second.id: 1, third.id: 1, fourth.id: 1}


def test_a_successor_nobody_was_told_of_is_told_of(world):
    head, second, third = burst(world, 3)
    say(world, citizen(1), f"撤回 {second.number}")
    say(world, citizen(0), f"撤回 {head.number}")
    assert third.id in {row.inquiry_id for row in sent(world, "order.new")}


def test_the_head_merged_into_another_hands_on_what_is_linked(world):
    other = burst(world, 1, first=90, texts=("阳光小区水管生锈发黄",))[0]
    found = burst(world, 3)
    say(world, "duty", f"并 {found[0].number} {other.number}")
    assert {world.get(row.id).linked_to_id for row in found[1:]} == {other.id}
    say(world, "water", f"复 {other.number} {ANSWER}")
    assert {row.inquiry_id for row in sent(world, "answer")} == {other.id, *(row.id for row in found)}


def test_a_linked_citizen_who_is_not_satisfied_is_worked_on_again_by_herself(world):
    head, _, third = burst(world, 3)
    say(world, "water", f"复 {head.number} {ANSWER}")
    sending.drain(world.deps, threads=1)
    say(world, citizen(2), f"不满意 {third.number} 还是没有水")
    assert world.get(third.id).state == "dispatched"
    assert {row.inquiry_id for row in sent(world, "order.new")} >= {third.id}


def test_the_notices_of_an_answer_are_once_each_even_if_it_is_tried_twice(world):
    head = burst(world, 4)[0]
    say(world, "water", f"复 {head.number} {ANSWER}")
    say(world, "water", f"复 {head.number} {ANSWER}")
    assert len(sent(world, "answer")) == 4
    assert len({row.once for row in sent(world, "answer")}) == 4


def test_a_correction_and_a_retraction_reach_everybody_who_was_given_the_answer(world):
    head, second, third = burst(world, 3)
    say(world, "duty", f"分 {third.number}")
    say(world, "water", f"复 {third.number} 另一处水管已修好。")
    say(world, "water", f"复 {head.number} {ANSWER}")
    sending.drain(world.deps, threads=1)
    assert "另外 1 件一并更正" in say(world, "water", f"更正 {head.number} 改为今晚十点前恢复供水。")
    sending.drain(world.deps, threads=1)
    assert [row.inquiry_id for row in sent(world, "answer.corrected")] == [head.id, second.id]
    assert "另外 1 件一并撤回" in say(world, "water", f"撤答 {head.number} 抢修未完成")
    assert [world.get(row.id).state for row in (head, second, third)] == ["in_progress", "in_progress", "answered"]
    assert [row.inquiry_id for row in sent(world, "retracted")] == [head.id, second.id]
    assert "同类 1 件" in say(world, "water", f"复 {head.number} 已恢复供水。")


def test_each_sees_only_their_own(world):
    head, _, third = burst(world, 3)
    shown = say(world, citizen(2), f"查 {third.number}")
    assert third.number in shown
    assert head.number not in shown


# --- on the page, and the word ---


def test_the_page_lists_what_is_linked_masked_and_one_tap_takes_one_out(world):
    found = burst(world, 4, texts=(CUT, f"{CUT}，电话19900002222", CUT, f"{CUT}，我叫王小明"))
    head = found[0]
    path = world.staff_path(head.id, "water")  # once: each link is made anew, and a form belongs to its own
    seen = world.client().get(path).text
    assert "同类 3 件" in seen
    assert found[1].number in seen
    assert "19900002222" not in seen
    assert "王小明" not in seen
    lead = open_lead(world, found[3])
    form = re.search(rf'action="[^"]*/split">(?:(?!</form>).)*value="{lead.id}".*?</form>', seen, re.DOTALL)[0]
    fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form))
    assert world.client().post(f"{path}/split", data=fields).status_code == 303
    assert world.get(found[3].id).linked_to_id is None
    assert "同类 2 件" in shown(world, "water", head.id)


def test_a_linked_ones_own_page_names_its_head_and_takes_it_out(world):
    found = burst(world, 3)
    assert f"与 {found[0].number} 是同一件事" in shown(world, "water", found[2].id)
    assert page(world, "water", found[2].id, "split").status_code == 303
    assert world.get(found[2].id).linked_to_id is None


def test_an_order_that_is_not_linked_here_cannot_be_taken_out_here(world):
    found = burst(world, 3)
    other = burst(world, 1, first=90, texts=("阳光小区水管生锈发黄",))[0]
    answer = page(world, "water", found[0].id, "split", linked=str(open_lead(world, other).id))
    assert answer.status_code == 409
    assert world.get(other.id).linked_to_id is None


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("分 1024", StaffSplit("1024")),
        ("分１０２４", StaffSplit("1024")),
        ("分出 26-1123-0042", StaffSplit("2611230042")),
        ("分開 1024 384712", StaffSplit("1024", "384712")),
        ("分", StaffBad("staff.bad_number")),
        ("分3次付款", None),
        ("分 3 个小区", None),
        ("分开3天了", None),
        ("分局不管", None),
        ("分1024户居民", None),
    ],
)
def test_the_word_takes_out_and_a_sentence_does_not(text, act):
    assert parse_staff(text) == act
