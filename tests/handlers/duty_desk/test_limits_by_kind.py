"""A kind with a limit of its own is promised by it and ordered by it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from handlers.duty_desk import dispatch
from store import inquiries
from tests.kit.deadline_kit import china
from tests.kit.town import citizen_says

pytestmark = pytest.mark.integration


@pytest.mark.parametrize(
    ("said", "kind", "day", "promised"),
    [
        ("请问路灯归哪个部门修，怎么办理", "consult", 25, "11月25日(周三)17:00"),
        ("幸福路12号的路灯坏了", "help", 27, "11月27日(周五)17:00"),
    ],
)
def test_the_date_promised_and_the_orders_are_those_of_the_kind(world, said, kind, day, promised):
    world.deps.limits = replace(world.deps.limits, per_kind={"consult": 2})
    assert promised in citizen_says(world, said)
    world.clock.time = china(23, 14)
    dispatch.drain(world.deps)
    inquiry = world.deps.store.read(lambda tx: inquiries.newest(tx, limit=1))[0]
    order = world.deps.store.read(lambda tx: inquiries.open_lead(tx, inquiry.id))
    assert (inquiry.kind, inquiry.due_at, order.due_at) == (kind, china(day, 17), china(day, 17))
