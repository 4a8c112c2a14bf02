"""Makes ``docs/images/duty.png``: the duty desk's page with a few invented inquiries.

Run it at the root: ``python -m docs.make_duty_picture``. It needs Chromium and nothing else.
"""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright
from werkzeug.serving import make_server

from store import models
from tests.conftest import CHROMIUM
from tests.e2e.conftest import QUIET
from tests.kit.deadline_kit import district
from tests.kit.duty_kit import link_of, routed

PICTURE = Path(__file__).parent / "images" / "duty.png"
SIZE = {"width": 1180, "height": 1010}
SCALE = 0.75
CARD = {"decisions": 412, "compared": {"held_back": 82, "right": 78}}
STREET = [["D01", 0.62, ["摆摊", "音响"]], ["S01", 0.24, ["春晓"]], ["D02", 0.05, ["门口"]]]
WATER = [["D02", 0.48, ["水管"]], ["D01", 0.31, ["路面"]], ["S01", 0.11, ["桂湖"]]]
GAS = [["D01", 0.57, ["煤气味"]], ["S01", 0.22, ["楼道"]]]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = district(Path(folder))
        fill(world)
        server = make_server("127.0.0.1", 0, world.app(), threaded=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        take(world, f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        server.server_close()
        world.close()


def fill(world: Any) -> None:
    """A morning: most went by themselves, three wait."""
    for n in range(38):
        routed(world, "建设路的路灯坏了", citizen=f"lamp-{n}", unit="D01", chosen="D01", ago=n)
    first = routed(world, "春晓社区门口每天早上六点就有人摆摊放音响，吵得睡不着", unit="D01", chosen="D01", ago=900)
    routed(
        world,
        "桂湖小区 3 栋楼道里有很重的煤气味，请马上来人",
        flags=["emergency"],
        urgent=True,
        why="flagged",
        ago=2,
        places=["桂湖小区"],
        candidates=GAS,
        citizen="gas",
    )
    routed(
        world,
        "春晓社区东门又有人摆摊放音响，反映过一次，没有人来管",
        repeat_of_id=first,
        why="repeat",
        ago=35,
        places=["春晓社区"],
        candidates=STREET,
    )
    routed(
        world,
        "桂湖路上的水管爆了，水漫到路面上，已经两个小时",
        ago=20,
        places=["桂湖路"],
        candidates=WATER,
        citizen="water",
    )

    def work(tx: Any) -> None:
        models.activate(tx, models.add(tx, b"-", CARD, state="standby", now=world.clock.now()), world.clock.now())

    world.deps.store.write(work)


def take(world: Any, base: str) -> None:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = chromium.new_page(viewport=SIZE, device_scale_factor=SCALE, locale="zh-CN", base_url=base)
        page.goto(link_of(world))
        page.get_by_test_id("enter").click()
        page.get_by_test_id("queue-item").nth(1).get_by_test_id("suggestion-1").click()
        page.evaluate("document.activeElement.blur()")
        page.screenshot(path=str(PICTURE))
        chromium.close()


if __name__ == "__main__":
    main()
