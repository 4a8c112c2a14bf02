"""A duty officer on the page of an order that lies at the desk: the same suggestions, the same two taps."""

from __future__ import annotations

import re

import pytest

from store import inquiries
from tests.kit.deadline_kit import district
from tests.kit.duty_kit import Browser, routed


@pytest.fixture
def world(tmp_path):
    made = district(tmp_path)
    yield made
    made.close()


def opened(world, inquiry_id, officer="duty"):
    browser = Browser(world)
    browser.open(world.staff_path(inquiry_id, officer))
    return browser


def unit_of(world, inquiry_id):
    return world.deps.store.read(lambda tx: inquiries.open_lead(tx, inquiry_id)).unit_code


def test_the_notices_page_sends_it_on_by_the_same_buttons(world):
    inquiry_id = routed(world)
    browser = opened(world, inquiry_id)
    assert re.findall(r'class="sure">([^<]+)<', browser.page.text) == ["62%", "21%", "6%"]
    assert f"/duty/order/{world.order(inquiry_id).id}" in browser.page.text
    browser.press("/send", inquiry_id, pick="2 S01")
    assert unit_of(world, inquiry_id) == "S01"
    assert "已派出" in browser.page.text
    assert "/send" not in browser.page.text


def test_who_comes_second_is_told_who_was_first(world):
    inquiry_id = routed(world)
    browser = opened(world, inquiry_id)
    form = browser.form("/send", inquiry_id)
    other = Browser(world, "chief")
    other.open()
    other.press("/send", inquiry_id, pick="1 D01")
    answer = browser.submit(form, pick="2 S01")
    assert answer.status_code == 409
    assert "顾言和" in answer.text
    assert unit_of(world, inquiry_id) == "D01"


@pytest.mark.parametrize(
    ("unit", "officer", "values"),
    [
        ("D01", "lamp", {}),
        ("D01", "duty", {"chosen": "D01"}),
        ("D00", "duty", {"flags": ["secret"]}),
    ],
)
def test_nobody_else_and_nothing_that_lies_elsewhere_is_offered(world, unit, officer, values):
    inquiry_id = routed(world, unit=unit, **values)
    assert 'name="pick"' not in opened(world, inquiry_id, officer).page.text


def test_without_suggestions_it_leads_to_the_page_where_any_unit_can_be_named(world):
    inquiry_id = routed(world, candidates=[])
    page = opened(world, inquiry_id).page.text
    assert "没有可建议的单位" in page
    assert f"/duty/order/{world.order(inquiry_id).id}" in page


def test_the_button_is_sealed_like_every_other(world):
    inquiry_id = routed(world)
    browser = opened(world, inquiry_id)
    path, hidden = browser.form("/send", inquiry_id)
    assert browser.submit((path, hidden | {"seal": "0" * 40}), pick="1 D01").status_code == 403
    assert unit_of(world, inquiry_id) == "D00"
