"""The history on the pages: every step has its words, and a citizen sees none that is between office and unit."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from jinja2 import Environment, FileSystemLoader

from handlers.jobs import timers
from tests.kit.deadline_kit import china
from tests.kit.world import ROOT, make_world
from web.kit.values import INTERNAL, Step, steps_of

TOLD = re.findall(r"'(\w+)':", (ROOT / "templates/messages/zh_CN/progress/progress.txt").read_text("utf-8"))
"""The steps a citizen's progress text has words for."""


def in_words(name: str) -> str:
    pages = Environment(loader=FileSystemLoader(ROOT / "templates/pages"), autoescape=True)
    return str(pages.get_template("_words.html").module.step_line(Step(name, "", "区城市管理局", "区水务局")))


@pytest.mark.parametrize("name", sorted({*TOLD, *INTERNAL}))
def test_every_step_has_words_of_its_own_on_the_page(name):
    assert in_words(name) not in {"", in_words("something new")}


def test_what_ran_over_is_named_to_the_officer_and_as_overdue_only_to_the_citizen(tmp_path):
    world = make_world(tmp_path)
    inquiry_id = world.inquiry()
    for _ in range(12):
        world.clock.time += timedelta(days=1)
        timers.drain(world.deps)
    assert world.clock.time > china(4, 17, month=12)
    officer, citizen = (
        world.deps.store.read(lambda tx, n=names: [s.name for s in steps_of(tx, inquiry_id, names=n)])
        for names in (True, False)
    )
    world.close()
    assert officer[-4:] == ["late_sign", "overdue", "yellow", "red"]
    assert [name for name in citizen if name in {*INTERNAL, "overdue"}] == ["overdue"]
