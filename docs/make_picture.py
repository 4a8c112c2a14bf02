"""Makes ``docs/images/phones.png``: a whole conversation on the phones page, from the running system.

Run it at the root: ``python -m docs.make_picture``. It needs Chromium and nothing else.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import sync_playwright

from cli.demo import CITIZEN, CITIZEN_NUMBER, OFFICERS
from tests.conftest import CHROMIUM
from tests.e2e.conftest import QUIET, move_to_morning
from tests.e2e.people import COMPACT, NUMBER, PROMISE, STREETLIGHT, Desk
from tests.kit.wire import running

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURE = Path(__file__).parent / "images" / "phones.png"
SIZE = {"width": 1750, "height": 1125}
SCALE = 0.8
"""1400 by 900: a whole conversation is longer than a phone, so it is taken from farther away."""
ROOMY = ":root { --phone: 420px } .phone { max-height: none } .bubble { animation: none !important }"
FEES = "建设路88号小区，物业费涨了一倍，没有公示"


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, running(Path(folder) / "data", QUIET_SECONDS="2") as wire:
        move_to_morning(wire)
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
            page = chromium.new_page(viewport=SIZE, device_scale_factor=SCALE, locale="zh-CN")
            page.goto(wire.phones)
            page.wait_for_selector("body[data-ready]")
            page.add_style_tag(content=f"{ROOMY} [data-testid='phone-{OFFICERS[1].openid}'] {{ display: none }}")
            by_wechat(Desk(page, wire))
            by_sms(Desk(page, wire))
            take(page)
            chromium.close()


def by_wechat(desk: Desk) -> None:
    """Told, answered by words, rated."""
    her, officer = desk.phone(CITIZEN[0]), desk.phone(OFFICERS[0].openid)
    her.say(STREETLIGHT)
    number = NUMBER.search(her.hears(PROMISE).inner_text())[0]
    officer.hears(number)
    desk.advance(1)
    officer.say(f"复{number} 您好，路灯已于今早修好，是电缆接头受潮。请您晚上看看。")
    her.hears("电缆接头受潮")
    her.say("1")
    her.hears("谢谢您的评价")
    officer.hears("市民评价")


def by_sms(desk: Desk) -> None:
    """Told, signed for with the notice's code, answered."""
    phones = desk.wire.control("GET", "/phones")["phones"]
    officer = desk.phone(next(p["id"] for p in phones if p["channel"] == "sms" and p["role"] == "officer"))
    her = desk.phone(CITIZEN_NUMBER[0])
    her.say(FEES)
    compact = COMPACT.search(her.hears(PROMISE).inner_text())[0]
    tail, code = re.search(r"“收(\d{4}) (\d{6})”", officer.hears(f"新单{compact}").inner_text()).groups()
    officer.say(f"收{tail} {code}")
    officer.hears("已签收")
    her.say("进度")
    her.hears("还有")
    officer.say(f"复{tail} {code} 已责令按政府指导价收取，多收的三天内退回。")
    her.hears("三天内退回")


def take(page: Page) -> None:
    page.evaluate("document.activeElement.blur(); showNewest()")
    PICTURE.parent.mkdir(exist_ok=True)
    page.screenshot(path=str(PICTURE))


if __name__ == "__main__":
    main()
