"""A picture says where only together with words."""

from __future__ import annotations

import re

from tests.e2e.people import NUMBER

ASKED = "请告诉我们在什么地方、是什么事"


def test_a_picture_alone_is_asked_for_place_and_matter_once_and_the_answer_joins_it(desk, chengguan):
    her = desk.citizen()
    her.press("sample")
    number = NUMBER.search(her.hears(ASKED, seconds=5).inner_text())[0]
    her.press("sample")
    her.hears(f"已加到{number}")
    her.say("建设路12号，井盖坏了")
    her.bubbles(f"已加到{number}").nth(1).wait_for()
    assert her.bubbles(re.compile("什么地方、是什么事")).count() == 1
    her.say("完")

    staff = chengguan.open_link(chengguan.hears(number))
    _wait_for_pictures(staff, 2)
    record = desk.record(number)
    assert [m["kind"] for m in record["messages"]] == ["image", "image", "text"]
    assert record["summary"] == "建设路12号，井盖坏了"


def test_words_and_a_picture_within_the_interval_are_one_inquiry(desk, chengguan):
    her = desk.citizen()
    her.say("建设路12号门前有人占道经营")
    number = NUMBER.search(her.hears("编号").inner_text())[0]
    her.press("sample")
    her.hears(f"已加到{number}")
    staff = chengguan.open_link(chengguan.hears(number))
    _wait_for_pictures(staff, 1)
    record = desk.record(number, until=lambda found: found["messages"][1]["media"][0]["state"] == "stored")
    assert [m["kind"] for m in record["messages"]] == ["text", "image"]
    her.say("进度")
    assert her.hears("经过：").inner_text().count(number) == 1


def _wait_for_pictures(staff, count: int) -> None:
    """The thumbnails are really drawn: fetched from the platform and shown."""
    for _ in range(20):
        if staff.locator(".thumb img").count() == count:
            break
        staff.wait_for_timeout(250)
        staff.reload()
    for image in staff.locator(".thumb img").all():
        image.scroll_into_view_if_needed()
        staff.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=image.element_handle())
    assert staff.locator(".thumb img").count() == count
