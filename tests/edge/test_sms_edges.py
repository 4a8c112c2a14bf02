"""Edge cases 32 to 42 in the running app: SMS in, receipts in any order, numbers that take nothing, machines."""

from __future__ import annotations

import itertools
from collections import deque

import pytest
import responses

from bot.edge.errors import RecipientGone
from bot.edge.messages import Address
from handlers.inbound import receive
from store import people
from store.tables.delivery import deliveries, early_receipts, media
from store.tables.delivery import outbox as outbox_table
from store.tables.inquiries import inquiries, messages
from tests.edge.rig import LAMP, PUBLIC_URL, Rig, far, make_rig, number_in, said
from tests.kit import twilio_calls as tw
from tests.kit import wechat_kit as kit

pytestmark = pytest.mark.integration

HOOK = PUBLIC_URL + "/hooks/twilio"


@pytest.fixture
def web():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def take(rig: Rig, request) -> int:
    return receive.receive(rig.deps, "twilio", request).status


def sms_row(rig: Rig, key: str = "answer", who: str = tw.CITIZEN) -> int:
    return rig.queue(key, who=who, channel="twilio")


# -- the webhook -----------------------------------------------------------------------------------


@pytest.mark.parametrize("given", ["", "garbled", "é", "AAAA====", "0" * 5000])
def test_edge_32_a_missing_or_garbled_signature_leaves_nothing_behind(rig, given):
    made = tw.signed(tw.message(), url=HOOK)
    forged = type(made)(made.method, made.url, made.query, {**made.headers, "x-twilio-signature": given}, made.body)
    assert take(rig, forged) == 403
    assert set(rig.count().values()) == {0}


def test_edge_32_after_a_rotation_the_previous_token_is_taken_and_a_foreign_one_not(tmp_path, sqlite_url):
    rig = make_rig(tmp_path, sqlite_url, TWILIO_AUTH_TOKEN_PREVIOUS=tw.TOKENS[tw.PREVIOUS])
    assert take(rig, tw.signed(tw.message(), url=HOOK, secret=tw.PREVIOUS)) == 200
    assert take(rig, tw.signed(tw.message(MessageSid="SM" + "2" * 32), url=HOOK, secret=tw.OTHER)) == 403
    assert rig.count()["inbox"] == 1
    rig.deps.store.close()


@pytest.mark.parametrize(
    ("url", "status"),
    [(HOOK, 200), (PUBLIC_URL + ":443/hooks/twilio", 200), (HOOK.replace("https", "http"), 403), (HOOK + "/", 403),
     (HOOK + "?a=1", 403), (HOOK.replace("wz.", "other."), 403)],
)  # fmt: skip
def test_edge_32_a_signature_for_another_address_is_refused(rig, url, status):
    made = tw.signed(tw.message(), url=url)
    assert take(rig, type(made)(made.method, HOOK, {}, made.headers, made.body)) == status
    assert rig.count()["inbox"] == (status == 200)


def test_edge_32_of_a_doubled_field_the_first_counts(rig):
    assert said(rig.sms_call(tw.message(Body=LAMP) + "&Body=other&From=%2B12025550199"))
    assert rig.texts() == [LAMP]
    assert rig.clear(rig.address(tw.CITIZEN, "twilio")) == f"sms:{tw.CITIZEN}"


@pytest.mark.parametrize("number", ["3", "abc", "1000000", "-1", ""])
def test_edge_33_a_message_without_words_is_answered_whatever_its_media_count_says(rig, number):
    form = tw.message(
        Body=None, NumMedia=number, MediaUrl0="https://api.twilio.com/m/1", MediaContentType0="image/jpeg"
    )
    assert number_in(said(rig.sms_call(form)))
    assert [rig.deps.store.vault.open(row.ref) for row in rig.rows(media)] == ["https://api.twilio.com/m/1"]
    assert rig.rows(inquiries)[0].summary == "[图片]"


def test_edge_33_announced_media_that_is_not_there_is_asked_about_and_lost_for_nobody(rig):
    assert said(rig.sms_call(tw.message(Body="", NumMedia="3")))
    assert rig.count()["inbox"] == 1


@pytest.mark.parametrize("sender", ["384387", "Bank", "anonymous", "+861065800885", "106912345678", "95588"])
def test_edge_34_a_machines_message_is_kept_and_answered_with_nothing(rig, sender):
    assert rig.sms(LAMP, From=sender) == ""
    count = rig.count()
    assert (count["inbox"], count["addresses"], count["inquiries"], count["outbox"]) == (1, 0, 0, 0)


def test_edge_34_every_spelling_of_a_mainland_number_is_one_citizen(rig_on_each):
    rig = rig_on_each
    spellings = (
        "+8619900001111",
        "19900001111",
        "008619900001111",
        "＋８６１９９００００１１１１",
        "+86 199-0000-1111",
        "8619900001111",
    )
    for spelling in spellings:
        assert rig.sms(LAMP, From=spelling, To="+85255550100") is not None
    assert rig.count()["addresses"] == 1
    assert rig.clear(rig.address("+8619900001111", "twilio")) == "sms:+8619900001111"


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"AccountSid": "AC" + "9" * 32}, 403), ({"MessagingServiceSid": "MGfff"}, 200),
     ({"MessagingServiceSid": "MGfff", "To": "+12025550177"}, 200)],
)  # fmt: skip
def test_edge_34_a_foreign_account_is_refused_and_a_foreign_number_kept_but_not_answered(rig, fields, status):
    assert take(rig, tw.signed(tw.message(**fields), url=HOOK)) == status
    expected = 1 if fields == {"MessagingServiceSid": "MGfff"} else 0
    assert rig.count()["inquiries"] == expected


# -- stopping --------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["STOP", "stop", "Stop.", "退订", "TD", "T", "ＴＤ"])
def test_edge_35_a_word_that_stops_is_obeyed_and_nothing_more_goes_out(rig, word):
    rig.sms(LAMP)
    by_twilio = word.upper().startswith("STOP")
    answer = rig.sms(word)
    assert answer == ("" if by_twilio else rig.deps.texts.render("opted_out", {}, sms=True)), "said once, by one of us"
    assert rig.address(tw.CITIZEN, "twilio").state == "opted_out"
    twilio = far(rig, "twilio")
    row = sms_row(rig)
    rig.deliver()
    assert twilio.sent == []
    assert rig.row(row).state == "held"


@pytest.mark.parametrize("text", ["STOP 1024", "请停止施工，建设路12号半夜还在打桩", "退订不了这个短信，扣了我的钱"])
def test_edge_35_a_sentence_with_such_a_word_is_an_inquiry(rig, text):
    rig.sms(text)
    assert rig.address(tw.CITIZEN, "twilio").state == "active"
    assert rig.texts() == [text]


def test_edge_36_after_start_what_was_held_goes_out(rig):
    rig.sms(LAMP)
    rig.sms("STOP")
    twilio = far(rig, "twilio")
    row = sms_row(rig)
    rig.deliver()
    assert rig.row(row).state == "held"
    rig.sms("START")
    assert rig.address(tw.CITIZEN, "twilio").state == "active"
    rig.deliver()
    assert rig.row(row).state == "sent"
    assert len(twilio.sent) == 1


def test_edge_36_a_citizen_who_says_resume_in_our_own_words_is_told_so_and_gets_what_waited(rig):
    rig.sms(LAMP)
    rig.sms("退订")
    twilio = far(rig, "twilio")
    row = sms_row(rig)
    rig.deliver()
    told = rig.sms("恢复")
    rig.deliver()
    assert rig.row(row).state == "sent"
    assert told == rig.deps.texts.render("opted_in", {}, sms=True)
    assert len(twilio.sent) == 1


@pytest.mark.parametrize("by_receipt", [False, True])
def test_edge_36_a_stop_only_twilio_knows_of_is_learnt_from_its_error(rig, web, by_receipt):
    rig.sms(LAMP)
    if by_receipt:
        web.post(tw.MESSAGES, status=201, json={"sid": "SM77"})
    else:
        web.post(tw.MESSAGES, status=400, json={"code": 21610})
    row = sms_row(rig)
    rig.deliver()
    if by_receipt:
        rig.receipt("SM77", "failed", ErrorCode="21610")
        rig.deliver()
    address = rig.address(tw.CITIZEN, "twilio")
    assert (address.state, address.state_code) == ("gone", "21610")
    assert rig.row(row).state == "held"
    assert len(kit.calls(web, tw.MESSAGES)) == 1
    rig.sms("START")
    assert rig.address(tw.CITIZEN, "twilio").state == "active"


def test_edge_36_a_stop_to_one_number_does_not_silence_another(tmp_path, sqlite_url):
    second = {f"HOTLINE_{name}": value for name, value in (("ACCOUNT_SID", tw.ACCOUNT), ("AUTH_TOKEN", "t" * 20),
                                                           ("FROM", "+12025550111"))}  # fmt: skip
    rig = make_rig(tmp_path, sqlite_url, CHANNELS="wechat,twilio,hotline=twilio", **second)
    rig.sms(LAMP)
    rig.sms("STOP")
    other = rig.deps.store.write(lambda tx: people.ensure(tx, "hotline", Address("sms", tw.CITIZEN), rig.clock.now()))
    assert other.state == "active"
    rig.deps.store.close()


@pytest.mark.parametrize("order", list(itertools.permutations(range(3)))[::2])
def test_edge_37_parts_of_a_long_text_in_any_order_are_one_inquiry_with_every_part(rig, order):
    parts = ["建设路12号门前的路灯坏了", "晚上很黑老人出门不便", "请尽快派人来看一看"]
    for n in order:
        rig.sms(parts[n], sid=f"SM{n:032}")
    assert rig.count()["inquiries"] == 1
    assert sorted(rig.texts()) == sorted(parts)


def test_edge_37_base64_and_odd_letters_are_kept_as_they_came(rig):
    odd = "QmFubm9uIEV4cGxhaW5zIFRoZSBXb3JsZA== ¡ ¿ @"
    rig.sms(odd)
    assert rig.texts() == [odd]


# -- receipts --------------------------------------------------------------------------------------


@pytest.fixture
def sent(rig_on_each, web):
    """(rig, outbox row) of an SMS Twilio took as SM77."""
    rig = rig_on_each
    web.post(tw.MESSAGES, status=201, json={"sid": "SM77"})
    rig.sms(LAMP)
    row = sms_row(rig)
    rig.deliver()
    assert rig.row(row).state == "sent"
    return rig, row


@pytest.mark.parametrize("order", list(itertools.permutations(["queued", "sent", "delivered"])))
def test_edge_39_receipts_in_any_order_and_twice_end_in_delivered(sent, order):
    rig, row = sent
    for status in (*order, *order):
        assert rig.receipt("SM77", status).status == 200
    assert rig.row(row).state == "delivered"
    assert [d.outcome for d in rig.rows(deliveries, deliveries.c.external_id == "SM77")] == ["delivered"]


def test_edge_39_what_was_delivered_is_not_failed_afterwards(sent):
    rig, row = sent
    rig.receipt("SM77", "delivered")
    rig.receipt("SM77", "failed", ErrorCode="30003")
    assert rig.row(row).state == "delivered"
    assert rig.address(tw.CITIZEN, "twilio").state == "active"


def test_edge_39_what_failed_is_not_delivered_afterwards_and_is_held(sent):
    rig, row = sent
    rig.receipt("SM77", "undelivered", ErrorCode="30003")
    rig.deliver()
    assert rig.row(row).state == "held"
    rig.receipt("SM77", "delivered")
    assert [d.outcome for d in rig.rows(deliveries, deliveries.c.external_id == "SM77")] == ["failed"]


@pytest.mark.parametrize("status", ["huh", "", "received"])
def test_edge_39_an_unknown_status_is_kept_and_changes_nothing(sent, status):
    rig, row = sent
    assert rig.receipt("SM77", status).status == 200
    assert rig.row(row).state == "sent"


@pytest.mark.parametrize(("status", "state"), [("delivered", "delivered"), ("failed", "held")])
def test_edge_39_a_receipt_that_overtakes_the_record_of_its_send_counts_once_it_is_there(
    rig_on_each, web, status, state
):
    rig = rig_on_each

    def answer(_request):
        rig.receipt("SM77", "sent")
        rig.receipt("SM77", status, ErrorCode="30006" if status == "failed" else None)
        assert rig.rows(early_receipts)
        return 201, {}, '{"sid": "SM77"}'

    web.add_callback(responses.POST, tw.MESSAGES, answer)
    rig.sms(LAMP)
    row = sms_row(rig)
    rig.deliver()
    rig.deliver()
    assert rig.row(row).state == state
    assert rig.rows(early_receipts) == []


def test_edge_39_a_receipt_for_nothing_of_ours_is_kept_and_harms_nobody(rig_on_each):
    rig = rig_on_each
    for _ in range(2):
        assert rig.receipt("SMunknown", "delivered").status == 200
    assert [row.message_id for row in rig.rows(early_receipts)] == ["SMunknown"]


# -- numbers and machines --------------------------------------------------------------------------


@pytest.mark.parametrize("code", ["21211", "21614", "30004", "30005", "30006"])
@pytest.mark.parametrize("by_receipt", [False, True])
def test_edge_41_a_number_that_takes_nothing_is_marked_and_another_rung_used(rig, web, code, by_receipt):
    rig.wechat(LAMP)
    rig.bind_phone()
    rig.event("unsubscribe")
    if by_receipt:
        web.post(tw.MESSAGES, status=201, json={"sid": "SM77"})
    else:
        web.post(tw.MESSAGES, status=400, json={"code": int(code)})
    row = rig.queue("answer")
    rig.deliver()
    if by_receipt:
        rig.receipt("SM77", "undelivered", ErrorCode=code)
        rig.deliver()
    assert rig.address(tw.CITIZEN, "twilio").state_code == code
    assert rig.row(row).state == "held"
    second = rig.queue("answer")
    rig.deliver()
    assert rig.row(second).state == "held"
    assert len(kit.calls(web, tw.MESSAGES)) == 1, "the number is not tried again"
    assert rig.event("subscribe").count("您的诉求有答复了") == 2


@pytest.mark.parametrize("code", ["30003", "30007", "30008"])
def test_edge_41_a_phone_switched_off_loses_this_message_but_not_the_number(rig, web, code):
    web.post(tw.MESSAGES, status=201, json={"sid": "SM77"})
    rig.sms(LAMP)
    row = sms_row(rig)
    rig.deliver()
    rig.receipt("SM77", "undelivered", ErrorCode=code)
    rig.deliver()
    assert rig.row(row).state == "held"
    assert rig.address(tw.CITIZEN, "twilio").state == "active"


@pytest.mark.parametrize("text", ["我正在开会，稍后回复您", "[自动回复]您好，我现在不在", "Auto-reply: out of office"])
def test_edge_42_an_auto_responder_is_not_answered(rig, text):
    rig.sms(LAMP)
    before = len(rig.rows(outbox_table))
    rig.clock.forward(700)
    assert rig.sms(text) == ""
    assert len(rig.rows(outbox_table)) == before
    assert rig.count()["inquiries"] == 1


def test_edge_42_our_own_number_as_sender_is_not_answered(rig):
    assert rig.sms(LAMP, From=tw.OURS) == ""
    assert rig.sms(LAMP, From="+1 202-555-0100") == ""
    assert rig.count()["addresses"] == 0


@pytest.mark.parametrize("channel", ["sms", "wechat"])
def test_edge_42_two_machines_that_answer_each_other_fall_silent(rig, channel):
    talk = {"sms": rig.sms, "wechat": rig.wechat}[channel]
    heard = deque(["您好，我是智能助手，请问有什么可以帮您"], maxlen=1)
    turns = 0
    for _ in range(50):
        turns += 1
        rig.clock.forward(5)
        if not talk(heard[0]):
            break
    assert turns <= 5
    assert rig.count()["inquiries"] <= 1


def test_edge_42_two_machines_of_changing_words_are_slowed_down_and_lose_nothing(rig):
    answered = 0
    for n in range(100):
        rig.clock.forward(1)
        answered += bool(rig.sms(f"第{n}条消息，路灯还是坏的"))
    assert answered <= 12
    assert len(rig.rows(messages, messages.c.direction == "in")) == 100  # the last ones kept without an inquiry


def test_edge_42_a_code_for_a_phone_is_not_sent_again_and_again(rig):
    rig.wechat(LAMP)
    twilio = far(rig, "twilio", sms=[RecipientGone("21614")])
    for _ in range(10):
        rig.clock.forward(120)
        rig.wechat("绑定手机 19900001111")
        rig.deliver()
    assert twilio.tried["sms"] <= 3
