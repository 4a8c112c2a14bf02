"""Danger to life: the call at once, and the duty officer's phone."""

from __future__ import annotations

import re

import pytest

from tests.e2e.people import NUMBER, deliveries


@pytest.mark.parametrize(
    ("words", "call", "named"),
    [
        ("建设路12号三单元着火了，楼上还有老人", "119", "火情"),
        ("我家厨房煤气泄漏，味道很大", "室外", "燃气泄漏"),
        ("我不想活了", "12356", "轻生"),
    ],
)
def test_the_answer_names_the_call_and_the_duty_officer_is_alarmed(desk, duty, words, call, named):
    her = desk.citizen()
    her.say(words)
    reply = her.hears(call, way="passive", seconds=5).inner_text()
    number = NUMBER.search(reply)[0]
    assert reply.index(call) < reply.index(number)
    alarm = duty.hears(number)
    assert named in alarm.inner_text()
    assert words in alarm.inner_text()
    record = desk.record(number)
    assert record["urgent"]
    assert deliveries(record, "alert.emergency", "officer")


def test_by_sms_too(desk, duty):
    her = desk.sms_citizen()
    her.say("水碾河路5号着火了快来人")
    her.hears("119", seconds=5)
    duty.hears(re.compile("市民报火情.*水碾河路5号着火了快来人", re.DOTALL))


def test_the_alarms_link_opens_before_and_after_the_matter_is_dispatched(desk, duty, chengguan):
    words = "建设路12号的路灯着火了"
    her = desk.citizen()
    her.say(words)
    number = NUMBER.search(her.hears("119", seconds=5).inner_text())[0]
    page = duty.open_link(duty.hears(number))
    page.get_by_text(words).first.wait_for()
    # In danger a person decides; the router proposes.
    duty.hears(f"待派单 {number}")
    duty.say(f"派{number} 1")
    chengguan.hears(number)
    page.reload()
    page.get_by_text(words).first.wait_for()
    page.get_by_text("区城市管理局").first.wait_for()
