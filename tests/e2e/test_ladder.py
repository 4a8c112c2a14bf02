"""Past the 48 hours: template or subscription notice, then SMS, then held until she writes."""

from __future__ import annotations

import re

from tests.e2e.people import CODE, answer_by_form, deliveries, rungs

ANSWER = "路灯已修好，请您核实。"
CLOSED = ("customer_service", "skipped", "window closed")
NOT_SUBSCRIBED = ("subscription_notice", "skipped", "not subscribed")


def answered_late(desk, chengguan, her) -> str:
    """She wrote, 49 hours go by, then the officer answers on the page; the number."""
    number = desk.told(her)
    staff = chengguan.open_link(chengguan.hears(number))
    desk.advance(49)
    answer_by_form(staff, ANSWER)
    return number


def answer_of(desk, number: str, *states: str) -> dict:
    """The answer's way to her, once it is ``states``; the platform's word for "delivered" may be in already."""
    states = states or ("sent", "delivered")
    record = desk.record(number, until=lambda found: deliveries(found, "answer")[0]["state"] in states)
    return deliveries(record, "answer")[0]


def bind_phone(desk, her):
    """绑定手机: the code goes to the phone and comes back from WeChat."""
    phone = desk.sms_citizen()
    her.say(f"绑定手机 {phone.id.removeprefix('+86')}")
    her.hears(f"尾号{phone.id[-4:]}的手机")
    code = CODE.search(phone.hears("绑定验证码").inner_text())[0]
    her.say(f"绑定 {code}")
    her.hears("手机已绑定")
    return phone


def test_past_the_window_the_answer_comes_as_a_template_notice(desk, chengguan):
    her = desk.citizen()
    number = answered_late(desk, chengguan, her)
    card = her.hears(number, way="template_message")
    page = her.open_link(card)
    page.get_by_text(ANSWER).wait_for()
    assert rungs(answer_of(desk, number)) == [CLOSED, NOT_SUBSCRIBED, ("template_message", "sent", "")]
    her.say("1")
    her.hears(f"谢谢您的评价：{number}，满意")


def test_a_long_term_subscription_goes_before_the_template(desk, chengguan):
    her = desk.citizen()
    her.press("subscribe-long")
    number = answered_late(desk, chengguan, her)
    her.hears(number, way="subscription_notice")
    assert rungs(answer_of(desk, number)) == [CLOSED, ("subscription_notice", "sent", "")]


def test_with_both_notices_refused_it_comes_by_sms_to_the_phone_she_bound(desk, chengguan):
    her = desk.citizen()
    her.press("subscribe-long")
    number = desk.told(her)
    phone = bind_phone(desk, her)
    staff = chengguan.open_link(chengguan.hears(number))
    desk.advance(49)
    desk.switch("template", "subscription")
    answer_by_form(staff, ANSWER)
    assert "http" not in phone.hears(ANSWER).inner_text()
    assert rungs(answer_of(desk, number)) == [
        CLOSED,
        ("subscription_notice", "failed", "43101"),
        CLOSED,
        ("template_message", "failed", "43004"),
        CLOSED,
        ("sms", "sent", ""),
    ]
    phone.say("2")
    phone.hears(re.compile("谢谢您对.*基本满意"))


def test_with_no_phone_bound_it_is_held_and_comes_first_thing_when_she_writes(desk, chengguan):
    her = desk.citizen()
    desk.switch("template", "subscription")
    number = answered_late(desk, chengguan, her)
    held = answer_of(desk, number, "held")
    assert rungs(held) == [
        CLOSED,
        NOT_SUBSCRIBED,
        ("template_message", "failed", "43004"),
        CLOSED,
        NOT_SUBSCRIBED,
        ("held", "held", "no way open"),
    ]
    assert her.bubbles(ANSWER).count() == 0
    her.say("你好")
    reply = her.hears(ANSWER, way="passive", seconds=5).inner_text()
    assert reply.index(ANSWER) < reply.index("您好，我们在")
    delivered = answer_of(desk, number)
    assert rungs(delivered)[-1] == ("passive", "sent", "")
    her.say("1")
    her.hears(f"谢谢您的评价：{number}，满意")
