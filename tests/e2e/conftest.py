"""One running system and one Chromium for all browser tests; a fresh phones page for each."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from cli.demo import OFFICERS
from tests.conftest import CHROMIUM
from tests.e2e.people import ActingOfficer
from tests.kit.wire import running

HERE = Path(__file__).parent
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.wire)


@pytest.fixture(scope="package")
def wire(tmp_path_factory):
    """The demo."""
    with running(tmp_path_factory.mktemp("e2e") / "data", QUIET_SECONDS="3") as system:
        yield system


@pytest.fixture(scope="package")
def colleague_id(wire):
    """One more officer of 城管局, bound by WeChat with the operator's one-time code."""
    staff = [line.split("\t") for line in wire.wenzheng("officer", "list", "--unit", "D14").splitlines()]
    code = wire.wenzheng("officer", "code", next(row[0] for row in reversed(staff) if row[2] == "officer"))
    openid = wire.control("POST", "/wechat/persons", name="区城市管理局 · 同事", role="officer")["id"]
    answer = wire.control("POST", f"/wechat/{openid}/send", kind="text", text=f"绑定 {code.strip()}")
    assert "您已绑定为区城市管理局的工作人员" in answer["reply"]
    return openid


# Not for the whole session: two Playwrights at a time do not get along, and others use theirs.
@pytest.fixture(scope="package")
def browser():
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser, request):
    """Whatever its pages complain of fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="zh-CN", reduced_motion="reduce")
    context.set_default_timeout(20_000)
    complaints: list[str] = []
    context.on("weberror", lambda failed: complaints.append(str(failed.error)))
    context.on("console", lambda line: complaints.append(line.text) if line.type in {"error", "warning"} else None)
    yield context
    _take_pictures(context, request.node.name)
    context.close()
    refused = {mark.args[0] for mark in request.node.iter_markers("refused")}
    assert [words for words in complaints if not any(str(status) in words for status in refused)] == []


def _take_pictures(context, name: str) -> None:
    # For whoever works on the pages: PICTURES=folder pytest tests/e2e
    folder = os.environ.get("PICTURES")
    if folder:
        for position, page in enumerate(context.pages):
            page.screenshot(path=f"{folder}/{name}-{position}.png", full_page=position > 0)


@pytest.fixture
def desk(context, wire):
    """The phones page, its officers' reply windows open."""
    for officer in OFFICERS:
        if officer.openid:
            open_window(wire, officer.openid)
    page = context.new_page()
    page.goto(wire.phones)
    page.wait_for_selector("body[data-ready]")
    yield ActingOfficer(page, wire)
    wire.control("DELETE", "/faults")


def open_window(wire, openid: str) -> None:
    wire.control("POST", f"/wechat/{openid}/send", kind="text", text="待办")


@pytest.fixture
def colleague(desk, wire, colleague_id):
    """The second officer of 城管局, by WeChat."""
    open_window(wire, colleague_id)
    return desk.phone(colleague_id)


@pytest.fixture
def chengguan(desk):
    """The officer of 城管局, by WeChat."""
    return desk.phone(OFFICERS[0].openid)


@pytest.fixture
def duty(desk):
    """The officer at the duty desk, by WeChat."""
    return desk.phone(OFFICERS[1].openid)
