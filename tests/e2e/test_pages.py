"""The pages fit the phones people have: width, type, touch, and no script."""

from __future__ import annotations

import pytest

from tests.e2e.people import NARROW, answer_by_form

SMALLEST_TYPE, SMALLEST_TOUCH = 16, 44
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TYPE_SIZES = """() => [...document.querySelectorAll('body *')]
  .filter(node => node.offsetParent && [...node.childNodes].some(child => child.nodeType === 3 && child.data.trim()))
  .map(node => [parseFloat(getComputedStyle(node).fontSize), node.textContent.trim().slice(0, 20)])"""
TOUCHED = "button, summary, select, input:not([type=hidden]), textarea"


def check_page(page) -> None:
    assert page.evaluate(OVERFLOW) == 0
    assert [found for found in page.evaluate(TYPE_SIZES) if found[0] < SMALLEST_TYPE] == []
    for part in page.locator(TOUCHED).all():
        if part.is_visible():
            assert part.bounding_box()["height"] >= SMALLEST_TOUCH, part.inner_text()


def test_the_officers_page_fits_a_phone_before_and_after_the_answer(desk, chengguan):
    her = desk.citizen()
    number = desk.told(her, "建设路" + "很长很长" * 30 + "https://example.org/" + "x" * 120 + "的路灯坏了")
    page = chengguan.open_link(chengguan.hears(number))
    for summary in page.locator("summary").all():
        summary.click()
    check_page(page)
    answer_by_form(page, "已经修好。" * 100)
    check_page(page)


def test_the_citizens_page_fits_a_phone_and_shows_no_more_than_hers(desk, chengguan):
    her = desk.citizen()
    number = desk.told(her)
    answer_by_form(chengguan.open_link(chengguan.hears(number)), "已经修好，请核实。")
    page = her.open_link(her.hears("您的诉求有答复了"))
    page.get_by_text("已经修好，请核实。").wait_for()
    check_page(page)


@pytest.mark.refused(403)
def test_a_broken_link_says_what_to_do_instead(desk, chengguan):
    her = desk.citizen()
    number = desk.told(her)
    page = chengguan.open_link(chengguan.hears(number))
    assert page.goto(page.url[:-3] + "abc").status == 403
    page.get_by_text("链接已失效").wait_for()
    assert page.get_by_text(number).count() == 0
    check_page(page)


def test_without_javascript_the_officer_signs_and_answers(desk, chengguan, browser):
    her = desk.citizen()
    number = desk.told(her)
    link = chengguan.hears(number).get_by_role("link").first.get_attribute("href")
    plain = browser.new_context(java_script_enabled=False, viewport=NARROW)
    page = plain.new_page()
    page.goto(link)
    page.get_by_role("button", name="签收").click()
    page.get_by_role("status").filter(has_text="签收成功").wait_for()
    answer_by_form(page, "没有脚本也能答复。")
    plain.close()
    her.hears("没有脚本也能答复。")


@pytest.mark.parametrize("width", [1280, 390])
def test_the_phones_page_itself_never_scrolls_sideways(desk, width):
    desk.page.set_viewport_size({"width": width, "height": 800})
    assert desk.page.evaluate(OVERFLOW) == 0
    for phone in desk.page.locator(".phone").all()[:2]:
        phone.scroll_into_view_if_needed()
        assert phone.bounding_box()["width"] >= 230
        assert phone.locator(".send").is_visible()


def test_a_phone_added_on_the_page_can_write_at_once(desk):
    desk.page.get_by_test_id("add-phone").click()
    desk.page.get_by_test_id("add-name").fill("新来的市民")
    desk.page.get_by_test_id("add-dialog").get_by_label("市民").check()
    desk.page.get_by_test_id("add-ok").click()
    root = desk.page.get_by_role("region", name="新来的市民")
    root.wait_for()
    newcomer = desk.phone(root.get_attribute("data-testid").removeprefix("phone-"))
    newcomer.say("在吗")
    newcomer.hears("您好，我们在")
