"""The pages on a 390 × 844 phone: large text, large buttons, nothing cut off, no script needed."""

from __future__ import annotations

import threading

import pytest
from playwright.sync_api import sync_playwright
from werkzeug.serving import WSGIRequestHandler, make_server

from store import inquiries
from tests.conftest import CHROMIUM
from tests.kit.world import make_world

pytestmark = pytest.mark.browser

SMALL = """() => [...document.querySelectorAll('body *')].filter(e => e.offsetParent && (
  parseFloat(getComputedStyle(e).fontSize) < 18 ||
  (e.matches('button, summary, select, input:not([type=hidden])') && e.getBoundingClientRect().height < 48)
)).map(e => e.outerHTML)"""


class _Quiet(WSGIRequestHandler):
    def log(self, *_args):
        pass


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = make_world(tmp_path_factory.mktemp("phone"))
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
def phone(chromium, base):
    """Opens a new phone; ``complaints`` of its console must stay empty."""
    opened = []

    def new(**options):
        context = chromium.new_context(base_url=base, viewport={"width": 390, "height": 844}, has_touch=True, **options)
        page = context.new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(message.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        opened.append(context)
        return page

    yield new
    for context in opened:
        context.close()


def paths(world):
    inquiry_id = world.inquiry("楼道堆杂物" * 40, unit="S01")
    answered = world.inquiry("路灯坏了")
    world.act("answer", answered, "lamp", "已修复。" * 50)
    wanted = world.inquiry("路面塌陷")
    reason = "路面塌陷需第三方现场检测，检测机构排期到下周二才能进场"
    assert world.act("extend", wanted, "lamp", 3, reason).done
    returned = world.inquiry("水管漏水")
    assert world.act("give_back", returned, "lamp", "不属本局职责").done
    return [
        *(world.staff_path(each, who) for each in (wanted, returned) for who in ("lamp", "duty")),
        "/",
        world.staff_path(inquiry_id, "street"),
        world.staff_path(answered, "lamp"),
        world.citizen_path(answered),
    ]


def test_text_is_18_px_buttons_48_px_and_nothing_is_cut_off_at_320(world, phone):
    page = phone()
    for path in paths(world):
        page.set_viewport_size({"width": 390, "height": 844})
        page.goto(path)
        for summary in page.locator("summary").all():
            summary.click()
        assert page.evaluate(SMALL) == []
        page.set_viewport_size({"width": 320, "height": 568})
        assert page.evaluate("document.documentElement.scrollWidth") == 320
    assert page.complaints == []


def test_an_officer_answers_without_javascript(world, phone):
    inquiry_id = world.inquiry()
    page = phone(java_script_enabled=False)
    page.goto(world.staff_path(inquiry_id, "lamp"))
    page.fill("#text", "已于今日修复。")
    page.click("text=发送答复")
    assert "答复已提交" in page.locator("[role=status]").inner_text()
    assert world.get(inquiry_id).state == "answered"


def test_an_extension_is_asked_for_and_granted_without_javascript(world, phone):
    inquiry_id = world.inquiry()
    page = phone(java_script_enabled=False)
    page.goto(world.staff_path(inquiry_id, "lamp"))
    page.click("summary:has-text('申请延期')")
    page.select_option("#days", "3")
    page.select_option("#category", "field_test")
    page.fill("#why", "路面塌陷需第三方现场检测，检测机构排期到下周二才能进场")
    page.click("text=提交延期申请")
    assert "申请已提交" in page.locator("[role=status]").inner_text()
    old = world.get(inquiry_id).due_at
    page.goto(world.staff_path(inquiry_id, "duty"))
    page.click("text=同意延期")
    assert "已决定" in page.locator("[role=status]").inner_text()
    assert world.get(inquiry_id).due_at > old


def test_a_reason_is_counted_while_it_is_written(world, phone):
    page = phone()
    page.goto(world.staff_path(world.inquiry(), "lamp"))
    page.click("summary:has-text('申请延期')")
    page.fill("#why", "需要 现场检测")
    assert "已写 6 字，还差 14 字" in page.locator("#why-note").inner_text()
    page.click("text=提交延期申请")
    assert "?m=" not in page.url, "the browser itself holds a reason back that is too short"
    assert page.complaints == []


def test_a_draft_survives_a_reload_and_goes_with_its_order(world, phone):
    first, second = world.inquiry(), world.inquiry()
    page = phone()
    page.goto(world.staff_path(first, "lamp"))
    page.fill("#text", "写了一半")
    page.reload()
    assert page.input_value("#text") == "写了一半"
    page.goto(world.staff_path(second, "lamp"))
    assert page.input_value("#text") == ""


def test_pressing_a_button_twice_by_reload_does_it_once(world, phone):
    inquiry_id = world.inquiry()
    page = phone()
    page.goto(world.staff_path(inquiry_id, "lamp"))
    page.click("button.main")
    # A click does not wait for the page it leads to, and one that is still coming cannot be reloaded.
    page.locator("[role=status]").wait_for()
    page.reload()
    assert page.locator("[role=status]").is_visible()
    events = world.deps.store.read(lambda tx: inquiries.events_of(tx, inquiry_id))
    assert [event.name for event in events].count("signed") == 1
    assert page.complaints == []
