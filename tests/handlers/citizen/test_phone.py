"""A phone or an officer is bound by a one-time code: who can use it, how often, how long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.edge.errors import Refused
from store import directory
from store.tables.delivery import outbox
from store.tables.inquiries import inquiries
from tests.edge.rig import LAMP, far, make_rig
from tests.kit import wechat_kit as kit

pytestmark = pytest.mark.integration

PHONE = "+8619900001111"
ASK = "绑定手机 19900001111"


@pytest.fixture
def rig(tmp_path, sqlite_url):
    made = make_rig(tmp_path, sqlite_url)
    yield made
    made.deps.store.close()


def codes(rig):
    """Codes sent so far, oldest first."""
    return [row.params["code"] for row in rig.rows(outbox, outbox.c.key == "bind.code")]


def said(rig, key, **params):
    return rig.deps.texts.render(key, params)


def test_the_code_goes_to_the_phone_alone_and_opens_a_way_for_what_was_held(rig):
    rig.wechat(LAMP)
    twilio = far(rig, "twilio")
    answer = rig.wechat(ASK)
    assert said(rig, "bind.sent", last="1111") in answer
    rig.deliver()
    (message,) = twilio.sent
    assert (message.to.value, codes(rig)[0] in message.text) == (PHONE, True)
    assert codes(rig)[0] not in answer
    far(rig, "wechat", customer_service=Refused("1"))
    row = rig.queue()
    rig.deliver()
    assert rig.row(row).state == "held"
    # What fits into the reply is said there; either way it reaches her.
    assert said(rig, "bind.done") in rig.wechat(f"绑定 {codes(rig)[0]}")
    assert rig.address(PHONE, "twilio").contact_id == rig.address().contact_id
    rig.deliver()
    assert rig.row(row).state == "sent"
    late = rig.queue()
    rig.deliver()
    assert (rig.row(late).way, twilio.sent[-1].to.value) == ("sms", PHONE)


def test_what_the_phone_wrote_before_belongs_to_the_same_person_afterwards(rig):
    rig.sms("占道经营没人管", From=PHONE)
    number = rig.rows(inquiries)[0].number
    rig.wechat(ASK)
    rig.wechat(f"绑定 {codes(rig)[0]}")
    assert number in rig.wechat("进度")


def test_a_code_is_good_once_for_half_an_hour_and_for_the_one_who_asked(rig):
    rig.wechat(ASK)
    (code,) = codes(rig)
    assert said(rig, "bind.wrong") in rig.wechat(f"绑定 {code}", who="oSOMEBODYELSE")
    rig.clock.forward(29 * 60)
    assert said(rig, "bind.done") in rig.wechat(f"绑定 {code}")
    assert said(rig, "bind.wrong") in rig.wechat(f"绑定 {code}")
    rig.clock.forward(3600)
    rig.wechat(ASK)
    rig.clock.forward(30 * 60)
    assert said(rig, "bind.wrong") in rig.wechat(f"绑定 {codes(rig)[1]}")


def test_a_new_code_makes_the_former_one_worthless(rig):
    rig.wechat(ASK)
    rig.clock.forward(60)
    rig.wechat(ASK)
    former, latest = codes(rig)
    assert said(rig, "bind.wrong") in rig.wechat(f"绑定 {former}")
    assert said(rig, "bind.done") in rig.wechat(f"绑定 {latest}")


def test_three_codes_a_day_and_the_last_one_stays_good(rig):
    for _ in range(3):
        rig.clock.forward(120)
        assert said(rig, "bind.sent", last="1111") in rig.wechat(ASK)
    rig.clock.forward(120)
    assert said(rig, "bind.enough", last="1111") in rig.wechat(ASK)
    assert len(codes(rig)) == 3
    assert said(rig, "bind.done") in rig.wechat(f"绑定 {codes(rig)[-1]}")
    rig.clock.forward(24 * 3600)
    assert said(rig, "bind.sent", last="1111") in rig.wechat(ASK)


def test_five_wrong_codes_lock_the_sender_even_for_the_right_one(rig):
    rig.wechat(ASK)
    wrong = next(c for c in ("000001", "000002") if c != codes(rig)[0])
    for _ in range(5):
        rig.clock.forward(1)
        assert said(rig, "bind.wrong") in rig.wechat(f"绑定 {wrong}")
    rig.clock.forward(1)
    locked = rig.wechat(f"绑定 {codes(rig)[0]}")
    assert said(rig, "bind.done") not in locked
    assert rig.address().locked_until == rig.clock.now() - timedelta(seconds=1) + timedelta(minutes=30)
    assert rig.address(PHONE, "twilio").contact_id != rig.address().contact_id


def test_by_sms_there_is_nothing_to_bind(rig):
    assert rig.sms(ASK) == rig.deps.texts.render("bind.needless", {}, sms=True)
    assert codes(rig) == []


def test_without_an_sms_channel_it_says_so(rig):
    rig.deps.sms_channel = ""
    assert said(rig, "bind.impossible") in rig.wechat(ASK)


def test_an_officers_code_binds_once_and_only_while_it_is_valid(rig):
    give(rig, "135790")
    assert "骆星屿" in rig.wechat("绑定 135790")
    assert rig.address().officer_id == rig.officers["lamp"]
    assert said(rig, "bind.wrong") in rig.wechat("绑定 135790", who="oANOTHER")
    give(rig, "246801")
    rig.clock.forward(3600)
    assert said(rig, "bind.wrong") in rig.wechat("绑定 246801", who="oANOTHER")
    assert rig.address(kit.OPENID).officer_id == rig.officers["lamp"]


def give(rig, code):
    """The operator's ``wenzheng officer code``, for an hour."""
    until = rig.clock.now() + timedelta(hours=1)
    rig.deps.store.write(lambda tx: directory.set_bind_code(tx, rig.officers["lamp"], code, until))
