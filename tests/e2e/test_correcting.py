"""An answer put right on the officer's page, and one taken back: what the citizen's phone shows."""

from __future__ import annotations

from tests.e2e.people import answer_by_form, deliveries, picture

WRONG, RIGHT = "路灯已于昨天修好，请核实。", "路灯应为后天修好，昨天只修了一半，请核实。"


def gone_out(desk, number: str, key: str) -> None:
    """It is on her phone a moment before our side knows; until then nothing can be changed about it."""
    desk.record(number, until=lambda found: deliveries(found, key)[0]["state"] in {"sent", "delivered"})


def test_an_answer_is_put_right_then_taken_back_and_given_anew(desk, chengguan):
    her = desk.citizen()
    number = desk.told(her)
    page = chengguan.open_link(chengguan.hears(f"新工单 {number}"))
    answer_by_form(page, WRONG)
    her.hears(WRONG)
    gone_out(desk, number, "answer")

    page.locator("summary", has_text="更正已发的答复").click()
    assert page.get_by_label("正确的答复").input_value() == WRONG
    page.get_by_label("正确的答复").fill(RIGHT)
    picture(page, "correction")
    page.get_by_role("button", name="发送更正").click()
    page.get_by_role("status").filter(has_text="更正已提交").wait_for()
    told = her.hears("答复有更正，请以这次为准")
    assert RIGHT in told.inner_text()
    hers = her.open_link(told)
    hers.get_by_text(RIGHT).wait_for()
    assert hers.get_by_text(WRONG).count() == 0
    picture(hers, "correction-hers")
    gone_out(desk, number, "answer.corrected")

    page.locator("summary", has_text="撤回答复，重新办理").click()
    page.get_by_label("撤回的原因").fill("配件没有到货，还没有修好")
    picture(page, "retraction")
    page.get_by_role("button", name="撤回答复").click()
    page.get_by_role("status").filter(has_text="答复已撤回，时限照旧").wait_for()
    assert page.get_by_label("答复市民").input_value() == "", "what was sent is no draft of the next"
    picture(page, "retracted")
    assert "配件没有到货，还没有修好" in her.hears(f"{number}的答复有误，已撤回").inner_text()
    assert desk.record(number)["state"] == "in_progress"
    chengguan.say(f"复{number} 配件已到，路灯已亮。")
    her.hears("配件已到，路灯已亮。")
    assert desk.record(number, until=lambda found: found["state"] == "answered")["answered_at"]
