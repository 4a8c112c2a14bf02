"""The ladder over channels nobody has written yet: an SMS gateway of registered templates without an answer in its
webhook, and an app officers are signed in to by name. Nothing but the channel's own class says what they are.
"""

from __future__ import annotations

import re
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from adapters.kit.base import Limits
from bot.edge.errors import Refused
from bot.edge.messages import Address, Way
from bot.edge.ways import WayOut
from handlers.inbound import receive
from store import outbox as store_outbox
from store import people
from store.tables.delivery import deliveries, outbox
from tests.adapters.test_toy_channel import KEYS, request
from tests.contract import CURRENT
from tests.edge.rig import LAMP, PUBLIC_URL, Far, make_rig
from tests.kit.fakes import fake_services
from tests.kit.toy_channel import Toy, ToyConfig
from tests.kit.toy_gateway import GatewayConfig, ToyGateway

pytestmark = pytest.mark.integration

CITIZEN = "+8613900007777"
TEMPLATES = {"answer": "T-1", "notice": "T-2"}
LINK = "https://wz.example.gov.cn/i/Ab3dE9"


@pytest.fixture
def rig(tmp_path, sqlite_url):
    made = make_rig(tmp_path, sqlite_url, WECHAT_TEMPLATES='{"order": "tpl-3"}')
    yield made
    made.deps.store.close()


def gateway(rig, **limits):
    """The gateway as an account of the rig, its far end taking what it gets; what it got."""
    channel = ToyGateway("gateway", GatewayConfig(key=KEYS[CURRENT], templates=TEMPLATES), fake_services(rig.clock))
    channel.limits = replace(channel.limits, **limits)
    taken = Far(channel)
    rig.use("gateway", taken)
    return taken


def write(rig, text):
    """The citizen writes by the gateway; what its webhook is answered with."""
    fields = {"no": next(rig.ids), "pager": CITIZEN, "text": text}
    response = receive.receive(rig.deps, "gateway", request(urlencode(fields).encode()))
    assert response.status == 200
    return response.body


def newest(rig):
    return rig.rows(outbox)[-1]


def reasons(rig, row):
    found = rig.rows(deliveries, deliveries.c.outbox_id == row.id)
    return [(one.way, one.outcome, one.reason) for one in found]


def queue(rig, key, **params):
    """Something to tell the citizen, with other ``params`` than the sample's."""

    def work(tx):
        contact = people.find(tx, "gateway", Address("sms", CITIZEN)).contact_id
        params_ = rig.deps.texts.sample(key) | params
        now = rig.clock.now()
        return store_outbox.add(
            tx, once=f"t:{next(rig.ids)}", key=key, params=params_, now=now, priority=0, contact_id=contact
        )

    return rig.deps.store.write(work)


def test_without_a_passive_reply_the_receipt_goes_by_the_outbox(rig):
    taken = gateway(rig)
    assert write(rig, LAMP) == b"OK"
    assert (newest(rig).key, newest(rig).state) == ("receipt", "pending")
    assert "outbox-urgent" in rig.woken
    rig.deliver()
    (message,) = taken.sent
    assert (message.way, message.template, message.text) == (Way.SMS, "notice", "")
    assert message.fields["number"].startswith("26-1123-")
    assert (newest(rig).state, newest(rig).way) == ("sent", "sms")


def test_a_repeat_is_answered_the_same_and_told_only_once(rig):
    taken = gateway(rig)
    again = request(urlencode({"no": 7, "pager": CITIZEN, "text": LAMP}).encode())
    bodies = [receive.receive(rig.deps, "gateway", again).body for _ in range(3)]
    rig.deliver()
    assert bodies == [b"OK"] * 3
    assert len(taken.sent) == 1


def test_over_registered_texts_an_answer_goes_as_its_notice(rig):
    taken = gateway(rig)
    write(rig, LAMP)
    rig.deliver()
    row = queue(rig, "answer", url=LINK, summary=f"路灯坏了 见{LINK} 三天")
    rig.deliver()
    message = taken.sent[-1]
    assert (message.template, message.text, message.url) == ("answer", "", "")
    assert message.fields["subject"] == "路灯坏了 见 三天", "nor does a link in what a citizen wrote go out"
    assert rig.row(row).state == "sent"


def test_a_text_without_a_template_is_held_and_the_record_says_why(rig):
    taken = gateway(rig)
    write(rig, LAMP)
    rig.deliver()
    write(rig, "帮助")
    rig.deliver()
    assert len(taken.sent) == 1
    assert newest(rig).state == "held"
    assert reasons(rig, newest(rig)) == [("sms", "skipped", "no notice for this text"), ("held", "held", "no way open")]
    write(rig, "帮助")
    assert rig.rows(outbox)[-2].state == "held", "it could not go now either"


def test_a_notice_the_account_has_no_template_for_is_held_too(rig):
    gateway(rig)
    write(rig, LAMP)
    rig.deps.channels["gateway"].config.templates.pop("notice")
    rig.deliver()
    assert reasons(rig, newest(rig))[0] == ("sms", "skipped", "no template id")


def test_what_was_held_is_tried_again_when_the_person_writes(rig):
    taken = gateway(rig)
    write(rig, LAMP)
    rig.deliver()
    rig.use("gateway", Far(taken, sms=[Refused("WORDS")]))
    row = queue(rig, "answer")
    rig.deliver()
    assert rig.row(row).state == "held"
    write(rig, "进度")
    assert (rig.row(row).state, rig.row(row).failed_ways) == ("pending", [])
    rig.deliver()
    assert rig.row(row).state == "sent"


def test_who_opted_out_is_not_tried_again(rig):
    taken = gateway(rig)
    write(rig, LAMP)
    rig.use("gateway", Far(taken, sms=[Refused("WORDS")]))
    rig.deliver()
    held = newest(rig)
    rig.deps.store.write(
        lambda tx: people.change(tx, people.find(tx, "gateway", Address("sms", CITIZEN)).id, state="opted_out")
    )
    write(rig, "进度")
    assert rig.row(held.id).state == "held"


@pytest.mark.parametrize(
    ("links", "shown"), [("any", ["http://other.example.com/x", LINK]), ("constant", [f"{PUBLIC_URL}/"]), ("none", [])]
)
def test_only_the_links_a_channel_carries_go_out(rig, links, shown):
    taken = gateway(rig, texts="free", links=links)
    taken._channel.ways = (WayOut(Way.SMS, place=60),)  # the long form of a text holds its link
    write(rig, LAMP)
    rig.deliver()
    queue(rig, "answer", url=LINK, text="请看 http://other.example.com/x ，已修好")
    rig.deliver()
    text = taken.sent[-1].text
    assert re.findall(r"https?://[\x21-\x7e]+", text) == shown
    assert "已修好" in text


@pytest.mark.parametrize(("links", "url"), [("any", LINK), ("constant", f"{PUBLIC_URL}/"), ("none", "")])
def test_a_template_leads_where_the_channel_lets_it(rig, links, url):
    taken = gateway(rig, links=links)
    write(rig, LAMP)
    rig.deliver()
    queue(rig, "answer", url=LINK)
    rig.deliver()
    assert taken.sent[-1].url == url


# -- an app of the officers' -----------------------------------------------------------------------


class StaffApp(Toy):
    """Messages of an app the officers are signed in to."""

    scheme = "staff"
    limits = Limits(longest=2048, unit="utf8_bytes")
    ways = (WayOut(Way.APP, place=10),)


def reachable(rig):
    """An officer with an address in the app, a WeChat and a phone; all far ends take what they get."""
    app = Far(StaffApp("staff_app", ToyConfig(key=KEYS[CURRENT]), fake_services(rig.clock)))
    rig.use("staff_app", app)
    for account in ("wechat", "twilio"):
        rig.use(account, Far(rig.deps.channels[account]))

    def work(tx):
        for account, address in (
            ("twilio", Address("sms", "+85251239999")),
            ("wechat", Address("wechat", "oOfficer")),
            ("staff_app", Address("staff", "luo")),
        ):
            row = people.ensure(tx, account, address, rig.clock.now())
            people.change(tx, row.id, officer_id=rig.officers["lamp"], contact_id=None)
        return store_outbox.add(
            tx,
            once="order",
            key="order.new",
            params=rig.deps.texts.sample("order.new"),
            now=rig.clock.now(),
            priority=0,
            officer_id=rig.officers["lamp"],
        )

    return rig.deps.store.write(work)


def test_an_officer_is_told_by_the_app_before_wechat_and_by_wechat_before_sms(rig):
    row = reachable(rig)
    rig.deliver()
    assert rig.tries(row) == [("app", "sent", "")]
    assert (
        rig.deps.channels["staff_app"]
        .sent[0]
        .text.startswith(rig.deps.texts.render("order.new", rig.row(row).params)[:10])
    )


def test_where_the_app_refuses_the_next_rungs_are_wechats_and_then_the_phone(rig):
    row = reachable(rig)
    rig.use("staff_app", Far(rig.deps.channels["staff_app"], app=Refused("81013")))
    rig.use("wechat", Far(rig.deps.channels["wechat"], template=Refused("43101")))
    rig.deliver()
    tried = [(way, outcome) for way, outcome, _code in rig.tries(row)]
    assert [one for one in tried if one[1] != "skipped"] == [
        ("app", "failed"),
        ("template_message", "failed"),
        ("sms", "sent"),
    ]
    assert tried[1:3] == [("customer_service", "skipped"), ("subscription_notice", "skipped")]
