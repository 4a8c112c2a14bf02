"""People at their phones: what a test does on the phones page, and what it reads there."""

from __future__ import annotations

import os
import re
from itertools import count

WEEKDAY = "[一二三四五六日]"
PROMISE = re.compile(rf"最迟\d{{1,2}}月\d{{1,2}}日\(周{WEEKDAY}\)17:00前答复")
NUMBER = re.compile(r"\d{2}-\d{4}-\d{4}")
COMPACT = re.compile(r"(?<!\d)\d{10}(?!\d)")
CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")
NARROW = {"width": 390, "height": 844}
FRESH = count(1)
DOORS = count(12)


def streetlight() -> str:
    """Goes to 城管局 by its word. Each at a door of its own: what many tell of one place is linked."""
    return f"建设路{next(DOORS)}号门前的路灯坏了三天，晚上很黑"


def property_fee() -> str:
    """Goes to 住建局 by its word."""
    return f"建设路{next(DOORS)}号小区的物业费乱涨价"


def in_full(compact: str) -> str:
    """``2611230042`` as people on WeChat read it: ``26-1123-0042``."""
    return f"{compact[:2]}-{compact[2:6]}-{compact[6:]}"


class Phone:
    """One phone on the page."""

    def __init__(self, page, phone_id: str) -> None:
        self.page, self.id = page, phone_id
        self.root = page.get_by_test_id(f"phone-{phone_id}")

    def say(self, text: str) -> None:
        """Put it into the field, as an input method does, and press Enter."""
        field = self.page.get_by_test_id(f"input-{self.id}")
        field.fill(text)
        field.press("Enter")

    def press(self, action: str) -> None:
        """A tile behind ＋."""
        self.page.get_by_test_id(f"plus-{self.id}").click()
        self.page.get_by_test_id(f"{action}-{self.id}").click()

    def bubbles(self, text="", *, way: str = "", direction: str = "in"):
        found = self.root.locator(f"[data-testid=bubble][data-direction={direction}]")
        found = found.and_(self.page.locator(f"[data-way={way}]")) if way else found
        return found.filter(has_text=text) if text else found

    def hears(self, text, *, way: str = "", seconds: float = 20):
        """The newest bubble that has arrived with this in it."""
        bubble = self.bubbles(text, way=way).last
        bubble.wait_for(timeout=seconds * 1000)
        return bubble

    def open_link(self, bubble):
        """The link of a bubble in a new tab, as wide as a phone."""
        with self.page.context.expect_page() as opened:
            bubble.get_by_role("link").first.click()
        opened.value.set_viewport_size(NARROW)
        opened.value.wait_for_load_state()
        return opened.value


class ActingOfficer:
    """The phones page with the system behind it."""

    def __init__(self, page, wire) -> None:
        self.page, self.wire = page, wire

    def phone(self, phone_id: str) -> Phone:
        return Phone(self.page, phone_id)

    def citizen(self) -> Phone:
        """Somebody who has never written, by WeChat."""
        return self.wechat(f"市民 · {next(FRESH)}", "citizen")

    def wechat(self, name: str, role: str) -> Phone:
        return self._shown(self.wire.control("POST", "/wechat/persons", name=name, role=role)["id"])

    def sms_citizen(self) -> Phone:
        """Somebody who has never written, by SMS."""
        number = f"+86199000088{next(FRESH):02d}"
        return self._shown(self.wire.control("POST", "/sms/numbers", number=number, name=number, role="citizen")["id"])

    def _shown(self, phone_id: str) -> Phone:
        phone = self.phone(phone_id)
        phone.root.wait_for()
        return phone

    def switch(self, *faults: str) -> None:
        """Press the bar's switches on; the fixture takes the faults away."""
        for fault in faults:
            self.page.get_by_test_id(f"fault-{fault}").click()
            self.page.locator(f"[data-testid=fault-{fault}][aria-pressed=true]").wait_for()

    def advance(self, hours: int) -> None:
        clock = self.page.get_by_test_id("clock")
        before = clock.inner_text()
        self.page.get_by_test_id(f"advance-{hours}").click()
        self.page.wait_for_function(
            "([clock, before]) => clock.textContent !== before", arg=[clock.element_handle(), before]
        )

    def told(self, who: Phone, text: str = "") -> str:
        """She writes (of a street light), ends with 完; the number."""
        who.say(text or streetlight())
        number = NUMBER.search(who.hears(PROMISE, seconds=5).inner_text())[0]
        who.say("完")
        who.hears("已收齐")
        return number

    def record(self, number: str, *, until=None) -> dict:
        """What the command tells of the inquiry, once ``until`` holds for it."""
        found: list[dict] = []

        def ready() -> bool:
            found[:] = [self.wire.inquiry(number)]
            return until is None or until(found[0])

        self.wire.wait(ready, 15, f"the record of {number}")
        return found[0]


def answer_by_form(page, text: str) -> None:
    """On the staff page."""
    page.get_by_label("答复市民").fill(text)
    page.get_by_role("button", name="发送答复").click()
    page.get_by_role("status").filter(has_text="答复已提交").wait_for()


def picture(page, name: str) -> None:
    """For whoever works on the pages: PICTURES=folder, as conftest does at the end of a test."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def deliveries(record: dict, key: str, to: str = "citizen") -> list[dict]:
    return [row for row in record["deliveries"] if row["key"] == key and row["to"] == to]


def rungs(delivery: dict) -> list[tuple[str, str, str]]:
    """(way, outcome, why): the platform's code, or the reason of a skip without its figures.

    What was sent may be known to be delivered already: both are "sent" here.
    """
    return [
        (
            r["way"],
            "sent" if r["outcome"] == "delivered" else r["outcome"],
            r["code"] or re.sub(r"[\d:]+ ago", "", r["reason"]).strip(),
        )
        for r in delivery["rungs"]
    ]
