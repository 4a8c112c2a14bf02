"""Who gets into ``/duty``, by what, for how long, and what everybody else sees."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine

from handlers.services.signed_links import DUTY_SECONDS
from store import directory, sign_ins
from store.tables.operations import sign_ins as table
from tests.kit.deadline_kit import district
from tests.kit.duty_kit import Browser, link_of, number, routed

INSIDE = ("/duty", "/duty/requests", "/duty/topics", "/duty/sent", "/duty/order/1")


@pytest.fixture
def world(tmp_path):
    made = district(tmp_path)
    yield made
    made.close()


def test_a_duty_officer_and_a_leader_get_in_by_their_links(world):
    for officer in ("duty", "chief"):
        browser = Browser(world, officer)
        assert browser.open().status_code == 200
        assert 'data-testid="tab-queue"' in browser.page.text


@pytest.mark.parametrize("officer", ["lamp", "lamphead", "street", "community"])
def test_an_officer_of_a_unit_does_not_get_in_even_by_a_link(world, officer):
    browser = Browser(world)
    answer = browser.sign_in(link_of(world, officer))
    assert answer.status_code == 403
    assert "不在值班名单" in answer.text
    assert browser.client.post(link_of(world, officer)).status_code == 403
    assert browser.open().status_code == 403


@pytest.mark.parametrize("path", INSIDE)
def test_without_the_cookie_the_page_says_how_to_get_in_and_nothing_else(world, path):
    inquiry_id = routed(world)
    answer = Browser(world).open(path)
    assert answer.status_code == 403
    assert "“<strong>值班</strong>”" in answer.text
    assert number(world, inquiry_id) not in answer.text
    assert "摆摊" not in answer.text
    assert "温予舟" not in answer.text


@pytest.mark.parametrize("path", ["/duty/act/send", "/duty/act/reject", "/duty/look/merge", "/duty/out"])
def test_without_the_cookie_no_form_does_anything(world, path):
    inquiry_id = routed(world)
    order = world.order(inquiry_id)
    answer = Browser(world).client.post(path, data={"order": str(order.id), "pick": "1 D01"})
    assert answer.status_code == 403
    assert world.order(inquiry_id).version == order.version


def test_the_cookie_is_signed_and_kept_from_scripts_other_sites_and_other_paths(world):
    answer = Browser(world).client.post(link_of(world))
    cookie = answer.headers["Set-Cookie"]
    for part in ("HttpOnly", "SameSite=Strict", "Path=/duty", f"Max-Age={DUTY_SECONDS}"):
        assert part in cookie
    assert "Secure" not in cookie, "over http the browser would not keep it"
    assert answer.headers["Location"].endswith("/duty")
    assert answer.headers["Cache-Control"] == "no-store"


def test_over_https_the_cookie_is_secure(world):
    from flask import Flask

    from web.duty_desk.pages import make_duty_pages

    app = Flask("app", template_folder="../../templates/pages")
    app.register_blueprint(make_duty_pages(world.deps, public_url="https://wz.example.cn"))
    assert "Secure" in app.test_client().post(link_of(world)).headers["Set-Cookie"]


@pytest.mark.parametrize("value", ["", "x", "WzEsImFiYyJd.aaaaaa.bbbbbb", "é"])
def test_a_forged_cookie_opens_nothing_and_asks_the_database_nothing(world, value, monkeypatch):
    browser = Browser(world)
    browser.client.set_cookie("wenzheng_duty", value, path="/duty")
    monkeypatch.setattr(world.deps.store, "read", lambda _work: pytest.fail("asked"))
    assert browser.open().status_code == 403


def test_the_token_of_a_link_is_no_cookie_and_the_cookie_no_link(world):
    link = link_of(world)
    browser = Browser(world)
    browser.client.set_cookie("wenzheng_duty", link.rpartition("/")[2], path="/duty")
    assert browser.open().status_code == 403
    cookie = world.deps.signer.duty_cookie(world.officers["duty"], "abc")
    assert browser.client.get(f"/duty/in/{cookie}").status_code == 403


def test_a_link_of_an_order_or_of_a_citizen_is_no_link_to_the_desk(world):
    inquiry_id = routed(world)
    for path in (world.staff_path(inquiry_id, "duty"), world.citizen_path(inquiry_id)):
        answer = Browser(world).client.post(f"/duty/in/{path.rpartition('/')[2]}")
        assert answer.status_code == 403
        assert "Set-Cookie" not in answer.headers


def test_looking_at_a_link_uses_nothing_up(world):
    """Messengers open links to show what is behind them."""
    link = link_of(world)
    for _ in range(3):
        assert Browser(world).open(link).status_code == 200
    assert Browser(world).sign_in(link).status_code == 303


def test_a_link_signs_in_once(world):
    link = link_of(world)
    assert Browser(world).sign_in(link).status_code == 303
    second = Browser(world)
    answer = second.sign_in(link)
    assert answer.status_code == 403
    assert "已经用过" in answer.text
    assert second.client.post(link).status_code == 403
    assert second.open().status_code == 403


def test_another_sites_form_signs_nobody_in(world):
    link = link_of(world)
    answer = Browser(world).client.post(link, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers
    assert Browser(world).sign_in(link).status_code == 303, "and uses nothing up"


def test_who_is_in_already_may_tap_the_same_link_again(world):
    link = link_of(world)
    browser = Browser(world)
    browser.sign_in(link)
    answer = browser.open(link)
    assert answer.status_code == 303
    assert answer.headers["Location"].endswith("/duty")


def test_somebody_elses_link_is_not_taken_for_ones_own(world):
    browser = Browser(world, "duty")
    assert "顾言和" in browser.open(link_of(world, "chief")).text


def test_a_link_is_over_after_twelve_hours_and_so_is_what_it_began(world):
    with time_machine.travel(world.clock.time, tick=False) as clock:
        link, late = link_of(world), link_of(world)
        browser = Browser(world)
        browser.sign_in(link)
        for forward, status in ((DUTY_SECONDS - 60, 200), (120, 403)):
            clock.shift(timedelta(seconds=forward))
            world.clock.forward(forward)
            assert browser.open().status_code == status
        assert "已过期" in browser.open(late).text
        assert browser.client.post(late).status_code == 403


def test_a_sign_in_ends_by_the_clock_of_the_database_too(world):
    browser = Browser(world, "duty")
    world.clock.forward(DUTY_SECONDS + 1)
    assert browser.open().status_code == 403


def test_who_signed_out_is_out_with_a_copy_of_the_cookie_too(world):
    browser = Browser(world, "duty")
    copy = browser.client.get_cookie("wenzheng_duty", path="/duty").value
    browser.open()
    answer = browser.press("/out")
    assert "已退出" in answer.text
    assert browser.client.get_cookie("wenzheng_duty", path="/duty") is None
    browser.client.set_cookie("wenzheng_duty", copy, path="/duty")
    assert browser.open().status_code == 403


def test_signing_out_needs_the_seal_of_the_page(world):
    browser = Browser(world, "duty")
    assert browser.client.post("/duty/out", data={"seal": "0" * 40}).status_code == 403
    assert browser.open().status_code == 200


def test_a_leaver_is_out_at_once(world):
    browser = Browser(world, "duty")
    browser.open()
    world.deps.store.write(lambda tx: directory.deactivate(tx, officer_codes=["duty"]))
    assert browser.open().status_code == 403
    assert Browser(world).sign_in(link_of(world)).status_code == 403


def test_who_is_moved_to_another_unit_is_out_at_once(world):
    browser = Browser(world, "duty")
    world.deps.store.write(lambda tx: directory.save_officer(tx, "duty", role="officer"))
    assert browser.open().status_code == 403


def test_what_was_used_is_kept_longer_than_any_link_lives(world):
    Browser(world, "duty")
    world.clock.forward(2 * DUTY_SECONDS)
    Browser(world, "chief")
    assert world.deps.store.read(lambda tx: len(tx.conn.execute(table.select()).all())) == 2
    world.clock.forward(sign_ins.KEPT.total_seconds() + DUTY_SECONDS + 1)
    Browser(world, "chief")
    assert world.deps.store.read(lambda tx: len(tx.conn.execute(table.select()).all())) == 1


def test_no_page_is_kept_and_none_tells_where_one_came_from(world):
    browser = Browser(world, "duty")
    for path in (*INSIDE[:-1], link_of(world, "chief")):
        headers = browser.open(path).headers
        assert headers["Cache-Control"] == "no-store"
        assert headers["Referrer-Policy"] == "no-referrer"


def test_the_pages_need_no_script(world):
    routed(world)
    browser = Browser(world, "duty")
    for path in INSIDE[:-1]:
        assert browser.open(path).status_code == 200
        assert not re.search(r"<script|\son\w+=|style=", browser.page.text)
