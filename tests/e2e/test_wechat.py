"""The product's main job by WeChat: told, numbered, dated, answered, rated."""

from __future__ import annotations

from tests.e2e.people import NUMBER, PROMISE, answer_by_form, deliveries, rungs, streetlight

ANSWER = "您好，路灯已于今天上午修好，是电缆接头受潮。请您晚上看看。"


def test_number_and_date_come_within_five_seconds_and_the_answer_by_the_form(desk, chengguan):
    her = desk.citizen()
    words = streetlight()
    her.say(words)
    receipt = her.hears(PROMISE, way="passive", seconds=5)
    number = NUMBER.search(receipt.inner_text())[0]

    staff = chengguan.open_link(chengguan.hears(number))
    assert staff.locator(".said").first.inner_text() == words
    staff.get_by_role("button", name="签收").click()
    staff.get_by_role("status").filter(has_text="签收成功").wait_for()
    answer_by_form(staff, ANSWER)

    her.hears(ANSWER, way="customer_service")
    her.say("1")
    her.hears(f"谢谢您的评价：{number}，满意")
    assert chengguan.hears(f"市民评价 {number}：满意").is_visible()
    _check(desk.record(number, until=lambda found: deliveries(found, "order.rated", "officer")), words)


def _check(record, words):
    assert (record["state"], record["rating"], record["unit"]) == ("closed", 1, "区城市管理局")
    assert [(m["direction"], m["text"]) for m in record["messages"]] == [("in", words), ("out", ANSWER)]
    names = [event["name"] for event in record["events"]]
    assert [name for name in names if name != "viewed"] == [
        "received",
        "dispatched",
        "signed",
        "answered",
        "rated",
        "closed",
    ]
    assert [(a["unit"], a["state"]) for a in record["assignments"]] == [("区城市管理局", "done")]
    assert rungs(deliveries(record, "receipt")[0]) == [("passive", "sent", "")]
    assert rungs(deliveries(record, "answer")[0]) == [("customer_service", "sent", "")]
    days = [step["counted"] for step in record["due"]["derivation"] if step["counted"]]
    assert days == [1, 2, 3, 4]


def test_the_officer_signs_and_answers_by_words(desk, chengguan):
    her = desk.citizen()
    number = desk.told(her)
    chengguan.hears(number)
    chengguan.say(f"收{number}")
    chengguan.hears(f"已签收 {number}")
    chengguan.say(f"复{number} {ANSWER}")
    chengguan.hears(f"{number}的答复已收到")
    her.hears(ANSWER)
    record = desk.record(number)
    signed = record["assignments"][0]
    assert signed["signed_by"] == signed["ended_by"] != ""
    assert record["messages"][-1]["officer"] == signed["signed_by"]


def test_she_asks_for_progress_urges_adds_and_tells_why_she_is_not_satisfied(desk, chengguan):
    her = desk.citizen()
    number = desk.told(her)
    chengguan.hears(number)
    her.say("进度")
    her.hears("已转办：区城市管理局")
    her.say("催")
    her.hears(f"已替您催办{number}")
    chengguan.hears(f"市民催办 {number}")
    her.say("补充 是靠近公交站那一盏")
    her.hears(f"已补充到{number}")
    chengguan.hears("补充：是靠近公交站那一盏")
    chengguan.say(f"复{number} {ANSWER}")
    her.hears(ANSWER)
    her.say("3")
    her.hears("请用一句话告诉我们")
    her.say("修好一天又坏了")
    her.hears("已退回重新办理")
    chengguan.hears("原因：修好一天又坏了")
    assert desk.record(number)["rating"] == 3


def test_an_answer_too_long_for_a_message_ends_with_the_link_to_all_of_it(desk, chengguan):
    her = desk.citizen()
    number = desk.told(her)
    long = "".join(f"第{n}段，路灯电缆已经更换。" for n in range(1, 130)) + "全部完。"
    answer_by_form(chengguan.open_link(chengguan.hears(number)), long)
    bubble = her.hears("没有完，点开看全文")
    assert bubble.get_attribute("data-way") == "customer_service"
    assert "请评价，回复：1满意" in bubble.inner_text().replace("看完", "")
    page = her.open_link(bubble)
    assert page.get_by_text("全部完。").is_visible()
    her.say("基本满意")
    her.hears(f"谢谢您的评价：{number}，基本满意")
