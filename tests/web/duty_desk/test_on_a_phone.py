"""The duty desk in a browser: two taps without a script, large targets, labels, contrast, two columns."""

from __future__ import annotations

import threading

import pytest
from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from store import inquiries
from store.engine.writes import insert_row
from store.tables.routing import topics
from tests.conftest import CHROMIUM
from tests.kit.deadline_kit import district
from tests.kit.duty_kit import link_of, number, routed
from tests.web.officer.test_on_a_phone import SMALL, _Quiet

pytestmark = pytest.mark.browser

LABELLESS = """() => [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button, a, summary')]
  .filter(e => !(e.labels && [...e.labels].some(l => l.textContent.trim())) && !e.textContent.trim()
    && !e.ariaLabel).map(e => e.outerHTML)"""
TARGETS = """() => [...document.querySelectorAll(
    'a, button, summary, select, textarea, label[for], input:not([type=hidden])')]
  .filter(e => e.offsetParent && !e.matches('p a:not(.button)') && e.getBoundingClientRect().height < 48
    && !(e.matches('label') && e.control && e.control.getBoundingClientRect().height >= 48)).map(e => e.outerHTML)"""
PALE = """() => {
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const behind = e => { for (; e; e = e.parentElement) {
    const c = parts(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c; }
    return [255, 255, 255]; };
  return [...document.querySelectorAll('body *')].filter(e => e.offsetParent
    && [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())).filter(e => {
    const [a, b] = [light(parts(getComputedStyle(e).color)), light(behind(e))].sort((x, y) => y - x);
    return (a + .05) / (b + .05) < 4.5; }).map(e => e.outerHTML);
}"""
TWICE = """() => {
  const ids = [...document.querySelectorAll('[id]')].map(e => e.id);
  return ids.filter((id, i) => ids.indexOf(id) < i);
}"""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = district(tmp_path_factory.mktemp("duty"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def base(world):
    server = make_server("127.0.0.1", 0, world.app(), threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def page(world, base, chromium):
    """A phone without scripts, signed in by the link and its button."""
    context = chromium.new_context(
        base_url=base, viewport={"width": 390, "height": 844}, has_touch=True, java_script_enabled=False
    )
    opened = context.new_page()
    opened.complaints = []
    opened.on("console", lambda message: opened.complaints.append(message.text))
    opened.goto(link_of(world))
    opened.get_by_test_id("enter").click()
    opened.wait_for_url(f"{base}/duty")  # a click does not wait for the page it leads to
    yield opened
    context.close()
    assert opened.complaints == []


def item_of(page, inquiry_number):
    return page.locator(f"[data-testid=queue-item][data-number='{inquiry_number}']")


def unit_of(world, inquiry_id):
    return world.deps.store.read(lambda tx: inquiries.open_lead(tx, inquiry_id)).unit_code


def test_two_taps_send_it_on_and_nothing_is_sent_by_one(world, page):
    inquiry_id = routed(world)
    page.goto("/duty")
    item = item_of(page, number(world, inquiry_id))
    assert item.get_by_test_id("confirm-2").is_hidden()
    item.get_by_test_id("suggestion-2").click()
    assert unit_of(world, inquiry_id) == "D00"
    assert [n for n in (1, 2, 3) if item.get_by_test_id(f"confirm-{n}").is_visible()] == [2]
    assert item.get_by_test_id("confirm-2").inner_text() == "确认派给杏花街道办事处"
    item.get_by_test_id("confirm-2").click()
    assert page.get_by_test_id("flash").inner_text() == f"{number(world, inquiry_id)} 已派给杏花街道办事处。"
    assert unit_of(world, inquiry_id) == "S01"


def test_a_suggestion_is_reached_and_taken_by_keyboard(world, page):
    inquiry_id = routed(world)
    page.goto("/duty")
    item_of(page, number(world, inquiry_id)).locator("input[type=radio]").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_test_id("flash").wait_for()
    assert unit_of(world, inquiry_id) == "D01"


def test_a_repeat_is_merged_by_two_taps_with_both_texts_in_view(world, page):
    first = routed(world, "春晓社区门口天天摆摊，没有人管", unit="D01", chosen="D01")
    again = routed(world, "又有人摆摊了", repeat_of_id=first, why="repeat")
    page.goto("/duty")
    item = item_of(page, number(world, again))
    item.locator("summary", has_text="可能重复于").click()
    assert item.get_by_text("春晓社区门口天天摆摊").is_visible()
    item.get_by_test_id("merge").click()
    page.get_by_test_id("flash").wait_for()
    assert world.get(again).merged_into_id == first


def test_not_accepting_shows_first_what_the_citizen_will_read(world, page):
    inquiry_id = routed(world, "广告")
    page.goto(f"/duty/order/{world.order(inquiry_id).id}")
    page.get_by_test_id("reject").click()
    page.get_by_label("广告", exact=True).check()
    page.get_by_test_id("preview").click()
    assert page.get_by_test_id("told").inner_text()
    page.get_by_test_id("confirm").click()
    page.get_by_test_id("flash").wait_for()
    assert world.get(inquiry_id).state == "rejected"


def test_signing_out_ends_it(world, page):
    page.get_by_test_id("leave").click()
    page.get_by_text("已退出").first.wait_for()
    page.complaints.clear()
    page.goto("/duty")
    assert "值班" in page.content()
    page.complaints.clear()  # the browser says of itself that the answer was 403


def faults(page):
    looks = {"small": SMALL, "targets": TARGETS, "labels": LABELLESS, "pale": PALE, "ids": TWICE}
    return {name: found for name, look in looks.items() if (found := page.evaluate(look))}


def filled(world):
    """One of everything on the pages."""
    first = routed(
        world, "春晓社区门口天天摆摊，没有人管" * 20, unit="D01", chosen="D01", candidates=[["D01", 0.97, ["摆摊"]]]
    )
    again = routed(
        world,
        "又有人摆摊了，" * 60,
        repeat_of_id=first,
        why="repeat",
        flags=["accusation", "personal"],
        places=["春晓社区"],
    )
    routed(world, "煤气味道很大", urgent=True, flags=["emergency"])
    routed(world, "绝密文件流到了网上", flags=["secret"])
    wanted = routed(world, "路面塌陷", unit="D01", chosen="D01")
    assert world.act("extend", wanted, "lamp", 3, "路面塌陷需第三方现场检测，检测机构排期到下周二才能进场").done
    now = world.clock.now()
    world.deps.store.write(
        lambda tx: insert_row(
            tx,
            topics,
            key="k",
            words=["搅拌站", "灰尘"],
            place="丽景小区",
            unit_id=world.units["D01"],
            size=43,
            citizens=37,
            told_at=now,
            first_at=now,
            last_at=now,
            trend={"this_week": 30, "last_week": 7},
            sample_id=again,
        )
    )
    for n in range(24):
        routed(world, "水管漏水", citizen=n)
    return again


def test_text_is_18_px_targets_48_px_labelled_dark_enough_and_nothing_is_cut_off(world, base, chromium):
    order = world.order(filled(world)).id
    context = chromium.new_context(base_url=base, viewport={"width": 390, "height": 844})
    page = context.new_page()
    page.goto(link_of(world))
    assert faults(page) == {}
    page.get_by_test_id("enter").click()
    page.wait_for_url(f"{base}/duty")
    for path in ("/duty", "/duty/requests", "/duty/topics", "/duty/sent", f"/duty/order/{order}"):
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.goto(path).status == 200
        for summary in page.locator("summary").all():
            summary.click()
        for choice in page.locator(".pick").all()[:4]:
            choice.locator("label").click()
        assert faults(page) == {}, path
        page.set_viewport_size({"width": 320, "height": 568})
        assert page.evaluate("document.documentElement.scrollWidth") == 320, path
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto("/duty")
    item, aside = page.get_by_test_id("queue-item").first.bounding_box(), page.locator("aside").bounding_box()
    assert aside["x"] > item["x"] + item["width"], "beside the queue, not below it"
    context.close()
