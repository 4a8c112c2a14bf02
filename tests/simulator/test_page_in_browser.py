"""The phones page in Chromium: typing, what arrives, switches, a narrow screen."""

from __future__ import annotations

import pytest
from playwright.sync_api import sync_playwright

from simulator.network import CITIZEN_NUMBER, CITIZEN_OPENID
from tests.conftest import CHROMIUM
from tests.simulator.test_wire import hook_server, simulator

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield chromium
        chromium.close()


@pytest.fixture
def network():
    def quiet(channel):
        return "success" if channel == "wechat" else ("", 204)

    with hook_server(quiet) as hooks, simulator(hooks, wechat_timeout=5.0, sms_timeout=5.0) as (base, net):
        yield base, net


@pytest.fixture
def page(browser, network):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(network[0])
    page.wait_for_selector("body[data-ready]")
    yield page
    page.close()
    assert errors == []


def phone(page, phone_id=CITIZEN_OPENID):
    return page.get_by_test_id(f"phone-{phone_id}")


def bubbles(page, direction, phone_id=CITIZEN_OPENID):
    return phone(page, phone_id).locator(f"[data-testid=bubble][data-direction={direction}]")


def arrive(net, text, **more):
    net.phones.show(CITIZEN_OPENID, at=net.clock.now(), direction="in", way="customer_service", text=text, **more)


def test_enter_sends_and_shift_enter_makes_a_line(page, network):
    field = page.get_by_test_id(f"input-{CITIZEN_OPENID}")
    field.press_sequentially("路灯坏了")
    field.press("Shift+Enter")
    field.press_sequentially("晚上很黑")
    field.press("Enter")
    bubbles(page, "out").and_(page.locator("[data-status=sent]")).wait_for()
    assert bubbles(page, "out").inner_text() == "路灯坏了\n晚上很黑"
    assert field.input_value() == ""


def test_what_arrives_is_drawn_without_the_page_asking(page, network):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for text in ("先画一个", "您反映的路灯修好了"):
        arrive(network[1], text)
        page.get_by_text(text).wait_for()
    assert asked == []


def test_markup_stays_text_and_addresses_become_links(page, network):
    arrive(
        network[1],
        '<img src=x onerror="document.title=1"> 看 http://example.com/i/1。 <a href="https://example.com/2">详情</a>',
    )
    bubble = bubbles(page, "in")
    bubble.wait_for()
    links = [(link.get_attribute("href"), link.get_attribute("target")) for link in bubble.locator("a").all()]
    assert links == [("http://example.com/i/1", "_blank"), ("https://example.com/2", "_blank")]
    assert bubble.locator("img").count() == 0
    assert "<img src=x" in bubble.inner_text()


def test_a_picture_a_voice_and_a_place_leave_the_phone(page, network):
    for action in ("sample", "voice", "location"):
        page.get_by_test_id(f"plus-{CITIZEN_OPENID}").click()
        page.get_by_test_id(f"{action}-{CITIZEN_OPENID}").click()
    bubbles(page, "out").nth(2).wait_for()
    kinds = [bubble.get_attribute("data-kind") for bubble in bubbles(page, "out").all()]
    assert sorted(kinds) == ["image", "location", "voice"]


def test_the_bar_moves_the_time_and_switches_faults(page, network):
    page.get_by_test_id("advance-49").click()
    page.get_by_test_id("fault-customer").click()
    page.locator("[data-testid=fault-customer][aria-pressed=true]").wait_for()
    assert network[1].clock.offset_seconds == 49 * 3600
    assert network[1].faults.listing()[0]["errcode"] == 45015
    page.get_by_test_id("fault-customer").click()
    page.locator("[data-testid=fault-customer][aria-pressed=false]").wait_for()
    assert network[1].faults.listing() == []


def test_a_phone_can_be_added_and_knows_the_number_to_type(page, network):
    page.get_by_test_id("add-phone").click()
    page.get_by_test_id("add-name").fill("城管局 · 微信")
    page.get_by_test_id("add-ok").click()
    added = page.get_by_role("region", name="城管局 · 微信")
    added.wait_for()
    openid = added.get_attribute("data-testid").removeprefix("phone-")
    net = network[1]
    net.phones.show(openid, at=net.clock.now(), direction="in", way="customer_service", text="新工单\n收2611230042")
    added.get_by_text("新工单").wait_for()
    added.get_by_role("button", name="收编号").click()
    assert page.get_by_test_id(f"input-{openid}").input_value() == "收2611230042"


def test_on_a_narrow_screen_one_phone_fills_it_and_tabs_lead_to_the_others(page):
    page.set_viewport_size({"width": 390, "height": 800})
    assert phone(page).bounding_box()["width"] == 370
    page.locator(".tabs").get_by_role("button", name="市民 · 短信").click()
    page.locator(".tabs [aria-current=true]", has_text="市民 · 短信").wait_for()
    assert 0 <= phone(page, CITIZEN_NUMBER).bounding_box()["x"] <= 20
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_a_reset_draws_everything_anew_and_the_feed_goes_on(page, network):
    base, net = network
    arrive(net, "旧的")
    page.get_by_text("旧的").wait_for()
    page.request.post(f"{base}/sim/reset", data={})
    page.get_by_text("旧的").wait_for(state="detached")
    phone(page).wait_for()
    arrive(net, "新的")
    page.get_by_text("新的").wait_for()


def test_without_the_feed_the_page_asks_by_itself(browser, network):
    base, net = network
    page = browser.new_page()
    page.add_init_script("window.EventSource = class extends EventTarget { constructor() { super();"
                             " this.readyState = 2;"
                         " setTimeout(() => this.dispatchEvent(new Event('error'))); } close() {} };"
                         " window.EventSource.CLOSED = 2;")  # fmt: skip
    page.goto(base)
    page.wait_for_selector("body[data-ready]")
    arrive(net, "没有推送也到")
    page.get_by_text("没有推送也到").wait_for(timeout=3000)
    page.close()
