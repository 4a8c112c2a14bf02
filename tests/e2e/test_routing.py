"""Routing in the browser: by itself with the reason shown; unclear to the desk, two taps; learned, and by itself."""

from __future__ import annotations

import json
import re

import pytest

from cli.demo import OFFICERS
from tests.e2e.conftest import open_window
from tests.e2e.people import NUMBER, picture
from tests.kit.wire import running

DUTY = OFFICERS[1].openid
DOGS = "流浪狗成群，在小区物业门口、学校和河道边追人"
"""Three units' words and none's matter."""
DANCE = "的广场舞音响太吵"
TAUGHT = 24
"""Of each kind: with twice as many all right, nine of ten are right for certain enough."""


@pytest.fixture(scope="module")
def wire(tmp_path_factory):
    """A demo of its own: what the desk decides here should teach nobody else. At least nine of ten right will do."""
    folder = tmp_path_factory.mktemp("routing") / "data"
    with running(
        folder, QUIET_SECONDS="3", AUTO_PRECISION="0.90", RATE_PER_MINUTE="1000", RATE_PER_DAY="10000"
    ) as system:
        yield system


def said(wire, openid: str, text: str) -> str:
    """What the person reads at once."""
    return wire.control("POST", f"/wechat/{openid}/send", kind="text", text=text)["reply"]


def test_a_street_light_goes_to_its_unit_by_itself_with_the_reason_shown(desk, chengguan, duty):
    her = desk.citizen()
    number = desk.told(her)
    notice = chengguan.hears(f"新工单 {number}")
    assert "派单依据：系统自动派单，路灯" in notice.inner_text()
    page = chengguan.open_link(notice)
    assert page.get_by_test_id("grounds").inner_text() == "系统自动派单：路灯"
    record = desk.record(number)
    assert (record["unit"], record["routing"]["chosen"]) == ("区城市管理局", "D14")
    assert duty.bubbles(number).count() == 0
    sent = duty_page(duty).get_by_test_id("tab-sent")
    sent.click()
    item = duty.page.context.pages[-1].locator(f"[data-testid=sent-item][data-number='{number}']")
    assert "路灯" in item.inner_text()
    assert "区城市管理局" in item.inner_text()


def duty_page(duty):
    """Through the door, by a link the officer asks for: each is good for once."""
    before = duty.bubbles("派单台").count()
    duty.say("值班")
    link = duty.bubbles("派单台").nth(before)
    link.wait_for()
    page = duty.open_link(link)
    page.get_by_test_id("enter").click()
    page.get_by_test_id("router").wait_for()
    return page


def test_an_unclear_one_waits_at_the_desk_and_goes_by_itself_once_the_desk_has_sent_enough_like_it(desk, duty, wire):
    her = desk.citizen()
    number = desk.told(her, f"三号楼旁{DOGS}")
    notice = duty.hears(f"待派单 {number}").inner_text()
    suggested = re.findall(r"^[123] ([^（\s]+)", notice, re.MULTILINE)
    assert len(suggested) == 3

    # Two taps: the suggestion, then the button that says what it does.
    page = duty_page(duty)
    item = page.locator(f"[data-testid=queue-item][data-number='{number}']")
    assert [item.get_by_test_id(f"suggestion-{n}").locator("b").inner_text() for n in (1, 2, 3)] == suggested
    picture(page, "duty-unclear")
    item.get_by_test_id("suggestion-2").click()
    picture(page, "duty-confirm")
    item.get_by_test_id("confirm-2").click()
    page.get_by_test_id("flash").filter(has_text=number).wait_for()
    assert suggested[1] in page.get_by_test_id("flash").inner_text()
    assert page.locator(f"[data-testid=queue-item][data-number='{number}']").count() == 0
    record = desk.record(number)
    assert record["unit"] == suggested[1]
    assert record["decision"]["source"] == "desk"
    picture(page, "duty-sent")

    for text, unit in ((DOGS, suggested[1]), (DANCE, "区文化体育和旅游局")):
        teach(wire, text, unit)
    outcome = json.loads(wire.wenzheng("model", "train", "--json"))
    assert outcome["done"] == "taken", outcome
    wire.wait(lambda: routed_by_model(wire), 30, "the workers to take the model up")

    him = desk.citizen()
    later = desk.told(him, f"菜场对面{DOGS}，孩子不敢上学")
    record = desk.record(later, until=lambda found: found["unit"])
    assert (record["unit"], record["routing"]["why"]) == (suggested[1], "learned")
    assert record["routing"]["candidates"][0][1] >= 0.9
    page.reload()
    page.get_by_test_id("router").filter(has_text="学习模型").wait_for()
    page.get_by_test_id("tab-sent").click()
    assert "%" in page.locator(f"[data-testid=sent-item][data-number='{later}']").inner_text()
    picture(page, "duty-learned")


def teach(wire, matter: str, unit: str) -> None:
    """So many citizens write of it, and the desk sends each to the unit by word."""
    numbers = [fresh_inquiry(wire, f"{place}{matter}") for place in places(TAUGHT)]
    wire.wait(lambda: set(numbers) <= at_desk(wire), 60, "them to reach the desk")
    open_window(wire, DUTY)
    for number in numbers:
        answer = said(wire, DUTY, f"派{number} {unit}")
        assert unit in answer, answer


def places(count: int) -> list[str]:
    roads = ("春晖路", "望湖路", "松林街", "桂花巷", "长桥路", "新园街")
    return [f"{road}{number}号" for number in range(3, 3 + -(-count // len(roads))) for road in roads][:count]


def fresh_inquiry(wire, text: str) -> str:
    openid = wire.control("POST", "/wechat/persons", name="市民", role="citizen")["id"]
    number = NUMBER.search(said(wire, openid, text))[0]
    said(wire, openid, "完")
    return number


def at_desk(wire) -> set[str]:
    rows = json.loads(wire.wenzheng("inquiries", "--json", "--limit", "200"))
    return {row["number"] for row in rows if row["unit"] == "区问政办公室"}


def routed_by_model(wire) -> bool:
    """Workers look for another model every ten seconds."""
    number = fresh_inquiry(wire, "江边放风筝的人太多")
    return wire.wait(lambda: wire.inquiry(number)["routing"], 30, "it to be routed")["source"].startswith("model:")
