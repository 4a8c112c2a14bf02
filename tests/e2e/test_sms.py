"""The same by SMS, where a sender can be forged and a segment costs money."""

from __future__ import annotations

import re

import pytest

from tests.e2e.people import (
    CODE,
    COMPACT,
    PROMISE,
    answer_by_form,
    deliveries,
    in_full,
    property_fee,
    rungs,
    streetlight,
)

ANSWER = "物业费已按政府指导价退回，请查收。"


@pytest.fixture
def zhujian(desk):
    """The officer of 住建局, by SMS."""
    return desk.phone(zhujian_number(desk))


def zhujian_number(desk) -> str:
    phones = desk.wire.control("GET", "/phones")["phones"]
    return next(p["id"] for p in phones if p["role"] == "officer" and p["channel"] == "sms" and "住" in p["name"])


def test_number_and_date_in_five_seconds_the_officer_needs_the_code_and_she_rates(desk, zhujian):
    her = desk.sms_citizen()
    words = property_fee()
    her.say(words)
    receipt = her.hears(PROMISE, seconds=5).inner_text()
    compact = COMPACT.search(receipt)[0]
    her.say("完")

    notice = zhujian.hears(f"新单{compact}").inner_text()
    assert "http" not in notice
    tail, code = re.search(r"“收(\d{4}) (\d{6})”", notice).groups()
    zhujian.say(f"收{tail}")
    zhujian.hears("现在没写或不对")
    zhujian.say(f"收{tail} {code}")
    zhujian.hears(f"已签收{compact}")
    zhujian.say(f"复{tail} {code} {ANSWER}")
    zhujian.hears(f"{compact}的答复已收到")

    assert her.hears(ANSWER).inner_text().startswith("【")
    her.say("1")
    her.hears(f"谢谢您对{compact}号的评价：满意")
    _check(desk.record(in_full(compact)), words)


def _check(record, words):
    assert (record["channel"], record["state"], record["rating"]) == ("twilio", "closed", 1)
    assert [m["text"] for m in record["messages"]] == [words, ANSWER]
    assert rungs(deliveries(record, "receipt")[0]) == [("passive", "sent", "")]
    assert rungs(deliveries(record, "answer")[0])[-1] == ("sms", "sent", "")


def test_a_long_answer_is_cut_to_eight_segments_and_the_rest_comes_on_request(desk, chengguan):
    her = desk.sms_citizen()
    number = in_full(COMPACT.search(_told(her).inner_text())[0])
    long = "".join(f"第{n}段，路灯电缆已经更换。" for n in range(1, 60)) + "全部完。"
    answer_by_form(chengguan.open_link(chengguan.hears(number)), long)
    first = her.hears("答复如下").inner_text()
    assert len(first) <= 8 * 67
    assert first.endswith("回复“全文”看其余")
    her.say("全文")
    her.hears("全部完。")


def _told(her, text: str = ""):
    her.say(text or streetlight())
    receipt = her.hears(PROMISE, seconds=5)
    her.say("完")
    return receipt


def test_a_wrong_code_signs_nothing(desk, zhujian):
    her = desk.sms_citizen()
    compact = COMPACT.search(_told(her, property_fee()).inner_text())[0]
    code = CODE.findall(zhujian.hears(f"新单{compact}").inner_text())[-1]
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    zhujian.say(f"收{compact} {wrong}")
    zhujian.bubbles().nth(-1).filter(has_text=re.compile("码")).wait_for()
    assert desk.record(in_full(compact))["assignments"][0]["signed_at"] is None
