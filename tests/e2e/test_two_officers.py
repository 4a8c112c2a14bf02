"""Two officers at once: the second is told who was first."""

from __future__ import annotations

import pytest

from tests.e2e.people import PROMISE, answer_by_form, streetlight


@pytest.mark.refused(409)
def test_on_the_page_the_second_keeps_what_he_wrote_and_reads_who_answered(desk, chengguan, colleague):
    her = desk.citizen()
    number = desk.told(her)
    first_page = chengguan.open_link(chengguan.hears(number))
    second_page = colleague.open_link(colleague.hears(number))
    second_page.get_by_label("答复市民").fill("我这边也修好了")
    answer_by_form(first_page, "路灯已修好，请核实。")
    second_page.get_by_role("button", name="发送答复").click()

    first = first_page.locator(".who").inner_text().split()[-1]
    second_page.get_by_role("alert").filter(has_text=f"{first}已于").wait_for()
    assert "您的操作没有生效" in second_page.get_by_role("alert").inner_text()
    assert second_page.get_by_text("我这边也修好了").is_visible()
    her.hears("路灯已修好")
    assert her.bubbles("我这边也修好了").count() == 0
    answers = [m for m in desk.record(number)["messages"] if m["direction"] == "out"]
    assert [(m["officer"], m["text"]) for m in answers] == [(first, "路灯已修好，请核实。")]


def test_by_words_the_second_is_told_who_signed_and_who_answered(desk, chengguan, colleague):
    her = desk.citizen()
    number = desk.told(her)
    chengguan.hears(number)
    colleague.hears(number)
    chengguan.say(f"收{number}")
    chengguan.hears(f"已签收 {number}")
    colleague.say(f"收{number}")
    first = desk.record(number)["assignments"][0]["signed_by"]
    colleague.hears(f"{number}已由{first}于")
    chengguan.say(f"复{number} 已修好，请核实")
    her.hears("已修好，请核实")
    colleague.say(f"复{number} 我这边也修好了")
    colleague.hears("这件已办完")
    assert her.bubbles("我这边也修好了").count() == 0


def test_a_stranger_who_gets_hold_of_the_number_orders_nothing(desk, chengguan):
    her, words = desk.citizen(), streetlight()
    number = desk.told(her, words)
    chengguan.hears(number)
    stranger = desk.citizen()
    stranger.say(f"复{number} 不用办了")
    stranger.bubbles().first.wait_for()
    assert stranger.bubbles(words[:6]).count() == 0
    assert desk.record(number)["state"] == "dispatched"
    assert her.bubbles(PROMISE).count() >= 1
