"""Deadlines in the browser: an extension, an order that runs over, rework, a question, the digest."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, time, timedelta

import pytest

from bot.clocks.workdays import CHINA, Calendar
from tests.e2e.people import PROMISE, answer_by_form, deliveries, picture
from tests.kit.wire import running

REASON = "灯杆配件需要向厂家订购，供货方称下周才能到货，到货当天安排施工更换。"
DATE = re.compile(r"(\d{1,2})月(\d{1,2})日\(周[一二三四五六日]\)17:00")
CALENDAR = Calendar()


@pytest.fixture(scope="module")
def wire(tmp_path_factory):
    """A demo of its own: these tests move its clock by weeks."""
    with running(tmp_path_factory.mktemp("deadlines") / "data", QUIET_SECONDS="3") as system:
        yield system


def now_in(system) -> datetime:
    return datetime.fromisoformat(system.control("POST", "/clock", seconds=0)["clock"]["now"]).astimezone(CHINA)


def move_to(system, hour: time) -> None:
    """The next working day at this hour; the simulator's clock only goes forward."""
    now = now_in(system)
    target = datetime.combine(CALENDAR.next_workday(now.date()), hour, CHINA)
    system.control("POST", "/clock", seconds=(target - now).total_seconds())


def officer_of(desk, unit: str, role: str):
    """A phone for the unit's first officer of a role, bound by WeChat with the operator's one-time code."""
    staff = [line.split("\t") for line in desk.wire.wenzheng("officer", "list", "--unit", unit).splitlines()]
    code = desk.wire.wenzheng("officer", "code", next(row[0] for row in staff if row[2] == role))
    phone = desk.wechat(f"{unit} · {role}", "officer")
    phone.say(f"绑定 {code.strip()}")
    phone.hears("您已绑定为")
    return phone


def dates(text: str) -> list[tuple[int, int]]:
    """(month, day) of each closing time named."""
    return [(int(month), int(day)) for month, day in DATE.findall(text)]


def promised(her) -> tuple[int, int]:
    return dates(her.bubbles(PROMISE).last.inner_text())[0]


def days_on(system, days: int, since: tuple[int, int]) -> tuple[int, int]:
    """(month, day) so many working days after a date of these weeks."""
    later = CALENDAR.add_workdays(date_near(system, since), days)
    return later.month, later.day


def date_near(system, day: tuple[int, int]) -> date:
    """The date these weeks that has this month and day."""
    today = now_in(system).date()
    around = (today + timedelta(days=n) for n in range(-30, 60))
    return next(found for found in around if (found.month, found.day) == day)


def test_an_extension_asked_on_the_page_and_granted_by_the_office_reaches_the_citizen_with_both_dates(
    desk, chengguan, duty
):
    her = desk.citizen()
    number = desk.told(her)
    old = promised(her)
    page = chengguan.open_link(chengguan.hears(f"新工单 {number}"))
    page.locator("summary", has_text="申请延期").click()
    page.get_by_label("延几天").select_option("3")
    page.get_by_label("客观原因").select_option(
        label=page.get_by_label("客观原因").locator("option").nth(4).inner_text()
    )
    page.get_by_label("说明").fill(REASON)
    picture(page, "extension-asked")
    page.get_by_role("button", name="提交延期申请").click()
    page.get_by_role("status").filter(has_text="决定以前时限不变").wait_for()
    assert desk.record(number)["due_at"][5:10] == "{:02}-{:02}".format(*old)

    office = duty.open_link(duty.hears(f"申请延期 {number}"))
    office.get_by_text(REASON).wait_for()
    picture(office, "extension-to-decide")
    office.get_by_role("button", name="同意延期").click()
    office.get_by_role("status").wait_for()
    picture(office, "extension-granted")

    told = her.hears("您的诉求要晚几天答复").inner_text()
    new = days_on(desk.wire, 3, old)
    assert dates(told) == [old, new]
    assert REASON in told
    record = desk.record(number)
    assert record["due_at"][5:10] == "{:02}-{:02}".format(*new)
    assert [e["name"] for e in record["events"] if e["name"].startswith("exten")] == ["extension_asked", "extended"]
    answer_by_form(page, "灯杆已更换，路灯已亮，请核实。")


def test_what_runs_over_shows_a_yellow_card_on_the_heads_phone_and_a_point_with_its_evidence(desk, chengguan):
    her = desk.citizen()
    head = officer_of(desk, "D14", "head")
    number = desk.told(her)
    due = promised(her)
    chengguan.hears(f"新工单 {number}")
    until_after(desk, due)
    # Two days after they wrote, WeChat takes only template cards.
    head.hears(card_of(number, "已超过时限，请立即答复"))
    sorry = her.hears(card_of(number, "很抱歉超过时限，已督办")).inner_text()
    month, day = days_on(desk.wire, 2, today_in(desk.wire))
    assert f"{month}月{day}日 17:00" in sorry
    until_after(desk, days_on(desk.wire, 2, due))
    card = head.hears(card_of(number, "黄牌：已超期2个工作日"))
    card.scroll_into_view_if_needed()
    picture(desk.page, "yellow-card")

    record = desk.record(number, until=lambda found: len(found["points"]) >= 2)
    late = next(entry for entry in record["points"] if entry["rule"] == "overdue")
    assert (late["points"], late["unit"], late["number"]) == (-0.5, "D14", number)
    assert [step["counted"] for step in steps(late) if step["counted"]] == [1, 2, 3, 4]
    ledger = json.loads(desk.wire.wenzheng("points", "--unit", "D14", "--month", late["month"], "--json"))
    [unit] = ledger["units"]
    assert late in unit["entries"]
    assert unit["points"] < 100
    assert json.loads(desk.wire.wenzheng("points", "--replay", "--json"))["same"]
    assert len(deliveries(record, "overdue.citizen")) == 1
    page = chengguan.open_link(chengguan.hears(number))
    picture(page, "overdue-page")
    page.get_by_text("超期2个工作日，黄牌").wait_for()
    answer_by_form(page, "路灯已修好，让您久等了。")


def card_of(number: str, remark: str) -> re.Pattern[str]:
    """A template card about an inquiry, by its last line."""
    return re.compile(f"{number}.*{remark}", re.DOTALL)


def today_in(system) -> tuple[int, int]:
    now = now_in(system)
    return now.month, now.day


def until_after(desk, day: tuple[int, int]) -> None:
    """Press the page's +1 day until that day is over."""
    for _ in range(40):
        if now_in(desk.wire).date() > date_near(desk.wire, day):
            return
        desk.advance(24)
    raise AssertionError(day)


def steps(entry: dict) -> list[dict]:
    """The derivation in an entry's evidence, as ``[day, counted, why, status]`` rows."""
    return [{"day": row[0], "counted": row[1]} for row in entry["evidence"]["derivation"]]


def test_not_satisfied_with_a_reason_gives_her_a_new_date_and_the_officer_a_rework_order(desk, chengguan):
    move_to(desk.wire, time(9))
    her = desk.citizen()
    number = desk.told(her)
    answer_by_form(chengguan.open_link(chengguan.hears(f"新工单 {number}")), "路灯已修好，请核实。")
    her.hears("路灯已修好")
    her.say("不满意 灯还是不亮，没有人来过")
    her.hears(f"{number}已退回重新办理")
    picture(desk.page, "reworked")
    again = chengguan.hears("市民不满意，重新办理：灯还是不亮，没有人来过").inner_text()
    assert number in again
    order = desk.record(number)["assignments"][-1]
    today = now_in(desk.wire).date()
    assert order["state"] == "pending"
    assert order["due_at"][:10] == CALENDAR.add_workdays(today, 2).isoformat()
    chengguan.say(f"复{number} 已更换灯头，今晚亮灯，请核实")
    her.hears("已更换灯头")


def test_a_question_stops_the_clock_and_her_answer_starts_it_again(desk, chengguan):
    her = desk.citizen()
    number = desk.told(her)
    page = chengguan.open_link(chengguan.hears(f"新工单 {number}"))
    page.locator("summary", has_text="问市民一件事").click()
    page.get_by_label("要问的话").fill("是哪一栋楼下的路灯？")
    page.get_by_role("button", name="发给市民").click()
    page.get_by_role("status").wait_for()
    picture(page, "question-asked")
    asked = her.hears("想问您一件事").inner_text()
    assert "请问：是哪一栋楼下的路灯？" in asked
    assert desk.record(number)["state"] == "need_info"
    old = desk.record(number)["due_at"]

    move_to(desk.wire, time(9))
    chengguan.say("待办")  # over a weekend his window for texts has closed
    chengguan.hears("待办工单")
    her.say("是3栋东边那盏")
    new = dates(her.hears(f"已补充到{number}").inner_text())[0]
    said = chengguan.hears(f"市民回复了您单位的提问 {number}").inner_text()
    assert "等候的时间已补上" in said
    record = desk.record(number)
    assert record["state"] in {"dispatched", "in_progress"}
    assert record["due_at"] > old
    assert record["due_at"][5:10] == "{:02}-{:02}".format(*new)
    picture(desk.page, "question-answered")
    chengguan.say(f"复{number} 3栋东侧路灯已修好，请核实")
    her.hears("3栋东侧路灯已修好")


def test_at_half_past_eight_the_officer_and_the_office_read_the_days_figures(desk, chengguan, duty):
    her = desk.citizen()
    number = desk.told(her)
    chengguan.hears(f"新工单 {number}")
    due = promised(her)
    while days_on(desk.wire, 1, today_in(desk.wire)) != due:
        move_to(desk.wire, time(9))
    for officer, answer in ((chengguan, number), (duty, "待派")):
        officer.say("待办")
        officer.hears(answer)
    move_to(desk.wire, time(8, 31))
    # The day before brought figures too: only today's have the order under "due today".
    chengguan.hears(re.compile("今日办理提醒.*今天到期1件", re.DOTALL))
    duty.hears(re.compile("全区：.*区城市管理局：超期0，今天1", re.DOTALL))
    picture(desk.page, "digest")
    chengguan.say(f"复{number} 已修好，请核实")
    desk.record(number, until=lambda found: found["state"] == "answered")
