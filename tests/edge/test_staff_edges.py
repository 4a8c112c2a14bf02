"""Edge case 43 in the running app: who may order what, from which phone, in which spelling, how often."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from store import directory
from store import inquiries as store_inquiries
from store.tables.delivery import outbox as outbox_table
from store.tables.inquiries import assignments, inquiries, messages
from tests.edge.rig import LAMP, Rig, number_in
from tests.kit import twilio_calls as tw

pytestmark = pytest.mark.integration

PHONES = {"duty": "+12025550150", "lamp": "+12025550151", "water": "+12025550152",
          "street": "+12025550153", "community": "+12025550154"}  # fmt: skip


@pytest.fixture
def desk(rig):
    return furnish(rig)


@pytest.fixture
def desk_on_each(rig_on_each):
    return furnish(rig_on_each)


def furnish(rig: Rig) -> Rig:
    """Every officer has a phone and a WeChat (``oLAMP`` …); one inquiry lies with the lamp department."""
    for code, phone in PHONES.items():
        rig.officer(code, phone, "twilio")
        rig.officer(code, f"o{code.upper()}")
    rig.wechat(LAMP)
    rig.route()
    return rig


def order(rig: Rig) -> object:
    inquiry = rig.rows(inquiries)[0]
    return rig.deps.store.read(lambda tx: store_inquiries.assignments_of(tx, inquiry.id)[-1])


def code(rig: Rig, officer: str) -> str:
    return rig.deps.signer.staff_code(order(rig).id, rig.officers[officer])


def tail(rig: Rig) -> str:
    return rig.rows(inquiries)[0].number.rpartition("-")[2].lstrip("0")


def wechat(rig: Rig, text: str, officer: str = "lamp") -> str:
    return rig.wechat(text, who=f"o{officer.upper()}")


def sms(rig: Rig, text: str, officer: str = "lamp") -> str:
    return rig.sms(text, From=PHONES[officer])


def untouched(rig: Rig) -> bool:
    return order(rig).state == "pending" and len(rig.rows(assignments)) == 1


# -- who -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["收 1", "复 1 已修好，请您核实", "转 1 区水务局", "退 1 不是我们的事", "看 1", "待办"]
)
@pytest.mark.parametrize("by", ["wechat", "sms"])
def test_edge_43_a_citizens_phone_orders_nothing_and_learns_nothing(desk, text, by):
    answer = desk.wechat(text, who="oSTRANGER") if by == "wechat" else desk.sms(text, From="+12025550199")
    assert untouched(desk)
    assert "路灯" not in answer
    assert "城市管理局" not in answer


@pytest.mark.parametrize("officer", ["water", "street", "community"])
@pytest.mark.parametrize("text", ["收 {n}", "复 {n} 已修好，请您核实", "退 {n} 不是我们的事", "看 {n}"])
def test_edge_43_another_units_order_looks_like_no_order_at_all(desk, officer, text):
    full = desk.rows(inquiries)[0].number
    for number in (tail(desk), full, full.replace("-", "")):
        answer = wechat(desk, text.format(n=number), officer)
        nothing = wechat(desk, text.format(n="9999"), officer)
        assert untouched(desk)
        assert "路灯" not in answer
        assert re.sub(r"[\d-]+", "#", answer) == re.sub(r"[\d-]+", "#", nothing)


def test_edge_43_the_tier_decides_who_may_hand_an_order_on(desk_on_each):
    desk = desk_on_each
    assert wechat(desk, f"转 {tail(desk)} 区水务局")
    assert untouched(desk), "a department does not choose another"
    assert wechat(desk, f"转 {tail(desk)} 杏花街道办事处", "duty")
    assert order(desk).unit_code == "S01"
    assert wechat(desk, f"收 {tail(desk)}", "community")
    assert order(desk).state == "pending", "a community does not act on its subdistrict's orders"
    wechat(desk, f"转 {tail(desk)} 杏花街道春晓社区", "street")
    assert order(desk).unit_code == "S01C1"
    wechat(desk, f"收 {tail(desk)}", "street")
    assert order(desk).state == "signed", "a subdistrict answers for its communities"


def test_edge_43_an_officer_who_left_orders_nothing_any_more(desk):
    desk.deps.store.write(lambda tx: directory.deactivate(tx, officer_codes=["lamp"]))
    answer = wechat(desk, f"收 {tail(desk)}")
    assert untouched(desk)
    assert "路灯" not in answer


# -- how it is written -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["收１", "收 ０００１", "收:1", "签收 1号", "收 26-1123-0001", "收2611230001", "　收　1　", "收 #1", "收一号"],
)
def test_edge_43_an_order_is_understood_in_every_width_and_spelling(desk, text):
    answer = wechat(desk, text)
    assert order(desk).state == "signed"
    assert desk.rows(inquiries)[0].number in answer


@pytest.mark.parametrize(
    "text",
    ["收", "收 abc", "收 99999999999999999999", "收 0", "收 -1", "复 1", "转 1", "退 1", "收 1 2 3 4", "收\x001\x00x"],
)
def test_edge_43_a_word_that_lacks_something_is_answered_and_changes_nothing(desk, text):
    assert wechat(desk, text)
    assert untouched(desk)


@pytest.mark.parametrize(
    "text",
    [
        "转发：张三 2026-11-23 收 1",
        "「复 1 已修好」\n这条短信是你们发的吗",
        "请问什么时候收1号楼的垃圾",
        "收费太高了没人管",
        "他说：收 1",
    ],
)
def test_edge_43_the_words_inside_a_forwarded_text_are_no_order(desk, text):
    wechat(desk, text)
    assert untouched(desk)


def test_edge_43_an_answer_goes_out_as_it_was_written_digits_and_all(desk):
    said = "２０２６年11月24日已修好，共换灯泡3个；\n请您核实。"
    wechat(desk, f"复 {tail(desk)} {said}")
    assert order(desk).state == "done"
    (kept,) = desk.rows(messages, messages.c.direction == "out")
    assert kept.text == said


# -- codes over SMS --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["收 {n}", "复 {n} 已修好，请您核实", "退 {n} 不是我们的事", "转 {n} 区水务局"])
def test_edge_43_over_sms_nothing_changes_without_the_code_of_the_notice(desk, text):
    officer = "duty" if text.startswith("转") else "lamp"
    answer = sms(desk, text.format(n=tail(desk)), officer)
    assert untouched(desk)
    assert code(desk, officer) not in answer, "the code is never told to who asks"


def test_edge_43_over_sms_the_code_signs_and_another_officers_code_does_not(desk):
    sms(desk, f"收 {tail(desk)} {code(desk, 'duty')}")
    assert untouched(desk)
    sms(desk, f"收 {tail(desk)} {code(desk, 'lamp')}")
    assert order(desk).state == "signed"


def test_edge_43_five_wrong_codes_lock_the_phone_for_half_an_hour(desk_on_each):
    desk = desk_on_each
    right = code(desk, "lamp")
    for n in range(5):
        sms(desk, f"收 {tail(desk)} {(int(right) + n + 1) % 1_000_000:06}")
    locked = desk.address(PHONES["lamp"], "twilio").locked_until
    assert locked == desk.clock.now() + timedelta(minutes=30)
    sms(desk, f"收 {tail(desk)} {right}")
    assert untouched(desk), "not even the right one, or guessing would go on"
    desk.clock.forward(1801)
    sms(desk, f"收 {tail(desk)} {right}")
    assert order(desk).state == "signed"


def test_edge_43_a_forged_sender_cannot_lock_the_officers_wechat(desk):
    for n in range(6):
        sms(desk, f"收 {tail(desk)} {n:06}")
    wechat(desk, f"收 {tail(desk)}")
    assert order(desk).state == "signed"


# -- again -----------------------------------------------------------------------------------------


def test_edge_43_a_replayed_order_is_harmless(desk_on_each):
    desk = desk_on_each
    form = tw.message(Body=f"复 {tail(desk)} {code(desk, 'lamp')} 已修好，请您核实", From=PHONES["lamp"])
    first = desk.sms_call(form)
    count = desk.count()
    assert desk.sms_call(form) == first
    assert desk.count() == count
    again = sms(desk, f"复 {tail(desk)} {code(desk, 'lamp')} 又一次")
    assert again
    assert [row.text for row in desk.rows(messages, messages.c.direction == "out")] == ["已修好，请您核实"]
    assert len(desk.rows(outbox_table, outbox_table.c.key == "answer")) == 1


def test_edge_43_the_code_of_an_order_given_back_does_not_open_the_next_one(desk_on_each):
    desk = desk_on_each
    old = code(desk, "lamp")
    sms(desk, f"退 {tail(desk)} {old} 不是我们的事")
    wechat(desk, f"准 {tail(desk)}", "duty")
    assert order(desk).unit_code == "D00"
    wechat(desk, f"转 {tail(desk)} 区城市管理局", "duty")
    assert order(desk).unit_code == "D01"
    sms(desk, f"收 {tail(desk)} {old}")
    assert order(desk).state == "pending"


def test_edge_43_two_officers_at_once_sign_once_and_the_second_is_told(desk_on_each):
    desk = desk_on_each

    def one(who: str) -> str:
        return wechat(desk, f"复 {tail(desk)} 已修好，请您核实", who)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(one, ["lamp", "duty"]))
    assert all(answers)
    assert len(set(answers)) == 2
    assert len(desk.rows(messages, messages.c.direction == "out")) == 1
    assert len(desk.rows(outbox_table, outbox_table.c.key == "answer")) == 1


def test_edge_43_an_officer_is_a_citizen_too(desk):
    number = number_in(wechat(desk, "我家楼下的下水道堵了三天"))
    assert number != desk.rows(inquiries)[0].number
    assert len(desk.rows(inquiries)) == 2
