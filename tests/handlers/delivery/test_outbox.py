"""The outbox over a real database: what each failure means, in which order people get their messages, and that
receipts in any order do no harm. The far end is a channel that does what the test says.
"""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.kit.base import Sent
from bot.edge.errors import (
    Ambiguous,
    Misconfigured,
    RateLimited,
    RecipientGone,
    Refused,
    Temporary,
    WindowClosed,
)
from bot.edge.messages import DeliveryReceipt, Failure, Outcome
from bot.text.sms import segments
from handlers.delivery import receipts
from store import outbox as store_outbox
from store import people
from store.tables.delivery import early_receipts, outbox
from store.tables.inquiries import inquiries
from tests.edge.rig import LAMP, Far, far, make_rig
from tests.kit import twilio_calls
from tests.kit import wechat_kit as kit

pytestmark = pytest.mark.integration

NIGHT = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)  # 23:00 in China
MORNING = datetime(2026, 11, 23, 23, 0, tzinfo=UTC)  # 07:00 of the next day
TEMPLATES = '{"answer": "tpl-1", "notice": "tpl-2", "order": "tpl-3"}'
CS, TPL = "customer_service", "template_message"
MAINLAND = "+8619900000001"


@pytest.fixture
def rig(tmp_path, sqlite_url):
    """A citizen who just wrote by WeChat and has a phone bound; templates are set up."""
    made = make_rig(tmp_path, sqlite_url, WECHAT_TEMPLATES=TEMPLATES)
    made.wechat(LAMP)
    made.bind_phone()
    yield made
    made.deps.store.close()


def ways(rig, row):
    """The tries, and in words the skips."""
    return [f"{way} {outcome} {code}".strip() for way, outcome, code in rig.tries(row)]


def settle_all(rig, row, *, steps=12):
    """Drain, and move the clock to the next try, until nothing waits."""
    for _ in range(steps):
        rig.deliver()
        waiting = rig.row(row)
        if waiting.state != "pending":
            return
        rig.clock.time = max(rig.clock.now(), waiting.not_before)


# -- what each failure means -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "wait", "record", "alarmed"),
    [
        (Temporary("-1"), 2, ["customer_service failed -1"], False),
        (RateLimited("45011", retry_after=7), 7, ["customer_service failed 45011"], False),
        (RateLimited("45011", retry_after=0), 1, ["customer_service failed 45011"], False),
        (Ambiguous("timeout"), 60, ["customer_service ambiguous timeout"], False),
        (Refused("45009"), None, ["customer_service failed 45009", "template_message sent"], False),
        (WindowClosed("45015"), None, ["customer_service failed 45015", "template_message sent"], False),
        (
            RecipientGone("43004"),
            None,
            ["customer_service failed 43004", "template_message skipped", "sms sent"],
            False,
        ),
        (Misconfigured("48001"), None, ["customer_service failed 48001", "template_message sent"], True),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_each_failure_waits_or_goes_on_as_its_class_says(rig, error, wait, record, alarmed):
    far(rig, "wechat", customer_service=[error])
    far(rig, "twilio")
    row = rig.queue()
    rig.deliver()
    found = rig.row(row)
    # Without a subscription set up that rung is skipped between the two.
    assert [line for line in ways(rig, row) if not line.startswith("subscription")] == record
    if wait is None:
        assert (found.state, found.failed_ways) == ("sent", ["customer_service:1"])
    else:
        assert (found.state, found.not_before - rig.clock.now()) == ("pending", timedelta(seconds=wait))
    assert any(key.startswith("misconfigured:wechat") for key in rig.alarms.standing) is alarmed


def test_a_recipient_gone_closes_the_address_and_a_closed_window_only_the_window(rig):
    far(rig, "wechat", customer_service=[WindowClosed("45015"), RecipientGone("43004")])
    far(rig, "twilio")
    rig.queue()
    rig.deliver()
    assert (rig.address().state, rig.address().closed_at) == ("active", rig.clock.now())
    rig.clock.forward(5)
    rig.wechat("进度")
    rig.queue()
    rig.deliver()
    assert (rig.address().state, rig.address().state_code) == ("gone", "43004")


def test_a_lost_answer_is_repeated_once_marked_even_after_other_failures(rig):
    wechat = far(rig, "wechat", customer_service=[Temporary("-1"), RateLimited("45011"), Ambiguous("timeout")])
    row = rig.queue()
    settle_all(rig, row)
    assert ways(rig, row) == [
        "customer_service failed -1",
        "customer_service failed 45011",
        "customer_service ambiguous timeout",
        "customer_service sent",
    ]
    assert wechat.sent[0].text.endswith(rig.deps.texts.render("mark.repeat", {}))


def test_a_way_is_not_given_up_for_the_failures_of_another(rig):
    far(rig, "wechat", customer_service=Temporary("-1"), template=[Temporary("-1")])
    row = rig.queue()
    settle_all(rig, row)
    tries = [line for line in ways(rig, row) if line.startswith("template")]
    assert tries == ["template_message failed -1", "template_message sent"]


def test_a_platform_that_limits_us_for_ever_is_left_for_the_next_rung(rig):
    wechat = far(rig, "wechat", customer_service=RateLimited("45011", retry_after=5))
    row = rig.queue()
    settle_all(rig, row)
    assert rig.row(row).way == TPL
    assert 5 <= wechat.tried[CS] <= 10


def test_nobody_waits_a_day_for_a_way_while_another_is_open(rig):
    far(rig, "wechat", customer_service=RateLimited("45009", retry_after=20000))
    row = rig.queue()
    rig.deliver()
    assert (rig.row(row).state, rig.row(row).way) == ("sent", TPL)


def test_a_message_nobody_can_make_or_send_holds_up_no_other(rig):
    class Broken(Far):
        def send(self, message):
            if "KABOOM" in message.text:
                raise ZeroDivisionError("13800000000 KABOOM")
            return super().send(message)

    rig.use("wechat", Broken(rig.deps.channels["wechat"]))
    far(rig, "twilio")
    rig.wechat(LAMP, who="oOTHER")
    with_text = rig.deps.texts.sample("answer") | {"text": "KABOOM"}
    bad = rig.deps.store.write(
        lambda tx: store_outbox.add(
            tx, once="bad", key="answer", params=with_text, now=rig.clock.now(), priority=0, contact_id=rig_contact(tx)
        )
    )
    no_text = rig.deps.store.write(
        lambda tx: store_outbox.add(
            tx, once="none", key="no.such.text", params={}, now=rig.clock.now(), priority=0, contact_id=rig_contact(tx)
        )
    )
    good, other = rig.queue(), rig.queue(who="oOTHER")
    rig.deliver()
    assert (rig.row(good).state, rig.row(other).state) == ("sent", "sent")
    assert rig.row(bad).state != "sending"
    assert rig.row(no_text).state != "sending"
    assert any(key.startswith("send_failed") for key in rig.alarms.standing)
    assert "13800000000" not in repr(rig.alarms.raised)


def rig_contact(tx):
    return people.by_id(tx, 1).contact_id


# -- a worker that died ----------------------------------------------------------------------------


def claimed_and_dead(rig, **refs):
    """A row in the hands of a worker that was killed after the call, before the record."""
    row = rig.queue(**refs)
    rig.deps.store.write(lambda tx: store_outbox.claim(tx, worker="dead", now=rig.clock.now(), limit=10))
    return row


def test_what_a_dead_worker_claimed_is_left_alone_for_a_minute_then_sent_once_and_marked(rig):
    wechat = far(rig, "wechat")
    row = claimed_and_dead(rig)
    rig.clock.forward(59)
    assert rig.deliver() == 0
    rig.clock.forward(2)
    rig.deliver()
    rig.deliver()
    assert ways(rig, row) == ["unknown ambiguous worker_died", "customer_service sent"]
    assert len(wechat.sent) == 1
    assert wechat.sent[0].text.endswith(rig.deps.texts.render("mark.repeat", {}))


def test_after_a_dead_worker_a_lost_answer_is_not_repeated_again(rig):
    far(rig, "wechat", customer_service=Ambiguous("timeout"))
    row = claimed_and_dead(rig)
    rig.clock.forward(61)
    rig.deliver()
    assert (rig.row(row).state, rig.row(row).way) == ("sent", TPL)


def test_a_notice_of_a_dead_worker_that_waits_for_the_morning_is_marked_all_the_same(rig):
    rig.clock.time = NIGHT - timedelta(seconds=30) - timedelta(hours=1)
    wechat = far(rig, "wechat")
    row = claimed_and_dead(rig, can_wait=True)
    rig.clock.time = NIGHT
    rig.deliver()
    assert (rig.row(row).state, rig.row(row).not_before) == ("pending", MORNING)
    rig.clock.time = MORNING
    rig.deliver()
    assert wechat.sent[0].text.endswith(rig.deps.texts.render("mark.repeat", {}))


# -- quiet hours and order -------------------------------------------------------------------------


def test_a_notice_waits_out_the_night_and_a_reply_does_not(rig):
    rig.clock.time = NIGHT
    rig.wechat("占道经营没人管")
    far(rig, "wechat")
    notice, answer = rig.queue("order.new", can_wait=True), rig.queue()
    rig.deliver()
    assert (rig.row(notice).state, rig.row(answer).state) == ("pending", "sent")
    assert rig.row(notice).not_before == MORNING
    rig.clock.time = MORNING - timedelta(seconds=1)
    assert rig.deliver() == 0
    rig.clock.time = MORNING
    rig.deliver()
    assert rig.row(notice).state == "sent"


class Slow(Far):
    """Shows who was being sent to at the same time."""

    def __init__(self, channel):
        super().__init__(channel)
        self.together = threading.Barrier(2, timeout=5)
        self.under_way = []
        self.overlaps = []

    def send(self, message):
        to = message.to.value
        if to in self.under_way:
            self.overlaps.append(to)
        self.under_way.append(to)
        self.together.wait()
        self.under_way.remove(to)
        return super().send(message)


def test_one_persons_messages_go_in_order_and_two_people_are_served_at_once(rig):
    """A reply to what she wrote and the answer to her inquiry are both hers."""
    rig.wechat(LAMP, who="oOTHER")
    slow = Slow(rig.deps.channels["wechat"])
    rig.use("wechat", slow)
    for n in range(4):
        for who in (kit.OPENID, "oOTHER"):
            refs = {"address_id": rig.address(who).id} if n % 2 else {}
            with_number(rig, n, who, refs)
    rig.deliver()
    assert slow.overlaps == []
    for who in (kit.OPENID, "oOTHER"):
        assert [int(re.search(r"26-1123-(\d{4})", m.text)[1]) for m in slow.sent if m.to.value == who] == [0, 1, 2, 3]


def with_number(rig, n, who, refs):
    params = rig.deps.texts.sample("answer") | {"number": f"26-1123-{n:04}"}
    contact = rig.address(who).contact_id
    rig.deps.store.write(
        lambda tx: store_outbox.add(
            tx,
            once=f"n{n}{who}",
            key="answer",
            params=params,
            now=rig.clock.now(),
            priority=0,
            contact_id=contact,
            **refs,
        )
    )


# -- held, opted out -------------------------------------------------------------------------------


def held(rig, count, text="已修好"):
    """So many answers nobody could be given."""
    far(rig, "wechat", customer_service=Refused("1"), template=Refused("2"))
    far(rig, "twilio", sms=Refused("3"))
    rows = []
    for n in range(count):
        params = rig.deps.texts.sample("answer") | {"number": f"26-1123-{n:04}", "text": text}
        rows.append(rig.deps.store.write(partial(_add, rig, n, params)))
    rig.deliver()
    assert {rig.row(row).state for row in rows} == {"held"}
    return rows


def _add(rig, n, params, tx):
    return store_outbox.add(
        tx, once=f"h{n}", key="answer", params=params, now=rig.clock.now(), priority=0, contact_id=rig_contact(tx)
    )


def test_what_was_held_comes_first_and_in_order_whatever_she_writes(rig):
    rows = held(rig, 3)
    said = rig.wechat("谢谢")
    places = [said.index(f"26-1123-{n:04}") for n in range(3)]
    assert places == sorted(places)
    assert said.index(rig.deps.texts.render("hint.thanks", {})) > places[-1]
    assert {rig.row(row).way for row in rows} == {"passive"}
    assert "26-1123-0000" not in rig.wechat("进度"), "it is said once"


def test_what_does_not_fit_one_reply_stays_held_for_the_next(rig):
    rows = held(rig, 3, text="路" * 400)
    rig.wechat("谢谢")
    states = [rig.row(row).state for row in rows]
    assert states == ["sent", "held", "held"]
    for _ in range(2):
        rig.clock.forward(3600)
        rig.wechat("谢谢你们")
    assert {rig.row(row).state for row in rows} == {"sent"}


def test_a_follow_again_is_a_contact_too(rig):
    (row,) = held(rig, 1)
    assert "26-1123-0000" in rig.event("subscribe")
    assert rig.row(row).state == "sent"


def test_who_opted_out_gets_nothing_until_she_comes_back_and_then_what_waited(rig):
    twilio = far(rig, "twilio")
    rig.event("unsubscribe")
    rig.sms("退订")
    row = rig.queue()
    rig.deliver()
    assert (rig.row(row).state, twilio.sent) == ("held", [])
    assert "sms skipped" in ways(rig, row)
    rig.clock.forward(60)
    rig.sms("恢复")
    rig.deliver()
    assert rig.row(row).state == "sent"


def test_an_opt_out_outlives_a_late_word_that_the_number_is_gone(rig):
    far(rig, "twilio")
    rig.event("unsubscribe")
    row = rig.queue()
    rig.deliver()
    assert rig.row(row).way == "sms"
    rig.sms("退订")
    rig.receipt("Xsms1", "undelivered", ErrorCode="30005")
    assert rig.address(twilio_calls.CITIZEN, "twilio").state == "opted_out"


# -- receipts --------------------------------------------------------------------------------------


def by_sms(rig):
    """A message handed to Twilio; its row."""
    far(rig, "twilio")
    rig.event("unsubscribe")
    row = rig.queue()
    rig.deliver()
    assert rig.row(row).way == "sms"
    return row


def test_a_bad_receipt_after_the_send_moves_the_message_on(rig):
    row = by_sms(rig)
    assert rig.receipt("Xsms1", "undelivered", ErrorCode="30003").status == 200
    assert (rig.row(row).state, rig.row(row).failed_ways) == ("pending", ["sms:2"])
    assert "outbox-urgent" in rig.woken
    rig.deliver()
    assert rig.row(row).state == "held"


def test_a_receipt_that_overtook_the_record_counts_when_the_record_is_there(rig):
    far(rig, "twilio")
    rig.event("unsubscribe")
    row = rig.queue()
    rig.receipt("Xsms1", "sent")
    rig.receipt("Xsms1", "delivered")
    assert len(rig.rows(early_receipts)) == 2
    rig.deliver()
    assert rig.row(row).state == "delivered"
    assert rig.rows(early_receipts) == []


def test_an_early_bad_receipt_starts_the_next_rung(rig):
    far(rig, "twilio")
    rig.event("unsubscribe")
    row = rig.queue()
    rig.receipt("Xsms1", "failed", ErrorCode="30007")
    rig.deliver()
    rig.deliver()
    assert rig.row(row).state == "held"


RANK = {"sent": 1, "delivered": 2, "failed": 2}
SAID = st.lists(st.tuples(st.sampled_from(list(Outcome)), st.none() | st.sampled_from(list(Failure))), max_size=8)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=SAID, later=SAID)
def test_no_order_of_receipts_moves_anything_backwards(rig, said, later):
    """``said`` before a further send of the same row, ``later`` after it."""
    contact = rig.address().contact_id
    now = rig.clock.now()

    def outcomes(tx, row):
        return [d.outcome for d in store_outbox.deliveries_of(tx, row)]

    def tell(tx, row, name, what):
        for outcome, failure in what:
            before, state = outcomes(tx, row), store_outbox.get(tx, row).state
            receipts.apply(rig.deps, tx, DeliveryReceipt("twilio", "r", name, outcome, "1", failure), now)
            after = outcomes(tx, row)
            assert all(old == new or RANK[old] < RANK[new] for old, new in zip(before, after, strict=True))
            assert store_outbox.get(tx, row).state == "delivered" or state != "delivered"
            assert store_outbox.get(tx, row).state in {state, "delivered", "pending"}

    def work(tx):
        n = next(rig.ids)
        row = store_outbox.add(
            tx, once=f"r{n}", key="answer", params={}, now=now, priority=0, contact_id=contact, state="sent"
        )
        for name, what in ((f"A{n}", said), (f"B{n}", later)):
            store_outbox.record(
                tx, row, now, way="sms", outcome="sent", address_id=2, channel="twilio", external_id=name
            )
            if store_outbox.get(tx, row).state == "pending":
                store_outbox.settle(tx, row, "sent", now)
            tell(tx, row, name, what)
        tell(tx, row, f"A{n}", later)

    rig.deps.store.write(work)


# -- the ledger ------------------------------------------------------------------------------------


def test_every_part_of_a_long_message_counts_against_the_quota(rig):
    class Parts(Far):
        def send(self, message):
            return Sent(super().send(message).external_id, parts=2)

    rig.use("wechat", Parts(rig.deps.channels["wechat"]))
    for _ in range(2):
        rig.queue()
    rig.deliver()
    assert rig.address().message_used == 4


def test_passive_replies_are_free(rig):
    rig.wechat("进度")
    assert (rig.address().message_used, rig.address().event_used) == (0, 0)


def test_after_a_menu_click_its_own_messages_are_spent_first(rig):
    far(rig, "wechat")
    rig.event("CLICK", EventKey="progress")
    rig.queue()
    rig.deliver()
    assert (rig.address().message_used, rig.address().event_used) == (0, 1)


def test_chatter_leaves_the_last_message_of_the_window_to_the_answer(rig):
    far(rig, "wechat")
    rig.deps.store.write(lambda tx: people.change(tx, rig_address(tx), message_used=4))
    chatter, answer = rig.queue("urge"), rig.queue()
    rig.deliver()
    assert rig.row(chatter).way != CS
    assert rig.row(answer).way == CS


def rig_address(tx):
    return people.by_id(tx, 1).id


# -- long answers and links ------------------------------------------------------------------------

LONG = "".join(f"第{n}点：已派人到现场查看并处理，请您核实。" for n in range(120))


def answered(rig, text):
    """An officer answers the first inquiry."""
    rig.route()
    rig.officer("lamp", "oOFFICER")
    number = rig.rows(inquiries)[0].number
    assert rig.wechat(f"复 {number} {text}", who="oOFFICER")
    (row,) = rig.rows(outbox, outbox.c.key == "answer")
    return row.id


def test_by_wechat_a_long_answer_ends_with_the_link_to_the_rest(rig):
    wechat = far(rig, "wechat")
    answered(rig, LONG[:1900])
    rig.deliver()
    (text,) = [m.text for m in wechat.sent if m.to.value == kit.OPENID]
    assert len(text.encode()) <= rig.deps.channels["wechat"].limits.longest
    assert text.rstrip().rpartition("：")[2].startswith("https://wz.example.gov.cn/i/")


@pytest.mark.parametrize("phone", [twilio_calls.CITIZEN, MAINLAND])
def test_by_sms_a_long_answer_has_eight_segments_and_the_rest_comes_on_request_complete(tmp_path, sqlite_url, phone):
    rig = make_rig(tmp_path, sqlite_url, QUIET_SECONDS="1")
    rig.sms(LAMP, From=phone)
    twilio = far(rig, "twilio")
    answered(rig, LONG[:1900])
    rig.deliver()
    (text,) = [m.text for m in twilio.sent if m.to.value == phone]
    assert segments(text) <= 8
    assert "全文" in text
    twilio.sent.clear()
    first = rig.sms("全文", From=phone)
    rig.deliver()
    parts = [first, *(m.text for m in twilio.sent)]
    assert all(segments(part) <= 8 for part in parts)
    assert "".join(part.partition("：")[2] for part in parts) == LONG[:1900]
    rig.deps.store.close()


def test_no_text_to_a_mainland_number_carries_a_link(tmp_path, sqlite_url):
    rig = make_rig(tmp_path, sqlite_url)
    rig.sms(LAMP, From=MAINLAND)
    twilio = far(rig, "twilio")
    answered(rig, "详见 https://wz.example.gov.cn/notice/7 和 www.example.com。已修好。")
    rig.deliver()
    (text,) = [m.text for m in twilio.sent if m.to.value == MAINLAND]
    assert "example" not in text
    assert "已修好" in text
    rig.deps.store.close()


def test_the_rest_is_asked_for_where_there_is_no_answer_yet(rig):
    assert rig.wechat("全文") == rig.deps.texts.render("progress.none", {})


def test_a_row_whose_claim_ran_out_behind_a_slow_provider_is_left_to_who_took_it(rig):
    """The provider takes a minute: the claims of the rows behind are over before their turn comes."""
    taken = []

    class Crawling(Far):
        def send(self, message):
            rig.clock.forward(61)
            if not taken:
                taken.extend(
                    row.id
                    for row in rig.deps.store.write(
                        lambda tx: store_outbox.claim(tx, worker="another", now=rig.clock.now(), limit=10)
                    )
                )
            return super().send(message)

    rig.use("wechat", Crawling(rig.deps.channels["wechat"]))
    rows = [rig.queue() for _ in range(3)]
    rig.deliver()
    assert taken == rows
    attempts = [rig.deps.store.read(lambda tx, row=row: store_outbox.deliveries_of(tx, row)) for row in rows]
    assert [sum(attempt.outcome == "sent" for attempt in one) for one in attempts] == [1, 0, 0]
