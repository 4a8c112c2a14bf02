from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from adapters._twilio.api import ERRORS
from bot.edge.errors import SendError, WebhookRejected
from bot.edge.messages import (
    Address,
    Contact,
    ContactEvent,
    DeliveryReceipt,
    Failure,
    InboundMessage,
    Kind,
    Outcome,
    UnknownEvent,
    Way,
)
from bot.text.sms import segments
from tests.contract import CURRENT, PREVIOUS, ChannelContract, ErrorCase
from tests.kit.fakes import START
from tests.kit.twilio_calls import (
    CITIZEN,
    MESSAGES,
    OURS,
    RECIPIENT,
    SID,
    TOKENS,
    URL,
    channel,
    message,
    recorded,
    signed,
    status,
)

PAYLOADS = recorded("twilio_inbound.jsonl")


class TestTwilio(ChannelContract):
    account = "twilio"
    secrets = (TOKENS[CURRENT], TOKENS[PREVIOUS])
    recipient = RECIPIENT
    way = Way.SMS
    error_cases = tuple(
        ErrorCase(
            code,
            kind,
            status=429 if code == "20429" else 400,
            body=f'{{"code": {code}, "message": "to {CITIZEN}"}}',
            code=code,
        )
        for code, (kind, _) in ERRORS.items()
    )

    def make_channel(self):
        return channel()

    def signed_request(self, text, *, number=1, secret=CURRENT, at=START):
        return signed(message(Body=text, MessageSid=f"SM{number:032}"), secret=secret)

    def signed_body(self, body):
        return signed(body)

    def unsigned(self, request):
        return replace(request, headers={"content-type": request.headers["content-type"]})

    def corrupt_signature(self, request):
        signature = request.headers["x-twilio-signature"]
        return replace(request, headers={**request.headers, "x-twilio-signature": signature.swapcase()})

    def read_reply(self, body):
        root = ET.fromstring(body)
        assert root.tag == "Response"
        assert [child.tag for child in root] in ([], ["Message"])
        return root.findtext("Message") or ""

    def far_end(self, mock, case):
        if case is None:
            mock.post(MESSAGES, json={"sid": SID, "status": "queued"}, status=201)
        else:
            mock.post(MESSAGES, body=case.raises or case.body, status=case.status, headers=case.headers)


def received(body: str, url: str = URL, **settings):
    (event,) = channel(**settings).receive(signed(body, url=url), START).events
    return event


def at_recorded_account(case):
    settings = {"account_sid": "acctid", "from_": "+12028831111"}
    return received(case["body"], **settings)


@pytest.mark.parametrize(
    "case", [case for case in PAYLOADS if case["kind"] == "message"], ids=lambda case: case["name"]
)
def test_recorded_messages_are_understood(case):
    event, expected = at_recorded_account(case), case["expected"]
    assert isinstance(event, InboundMessage)
    assert str(event.sender) in {expected["from"], f"sms:{expected['from']}"}
    assert (event.account, event.text, event.external_id) == (expected["to"], expected["text"], f"m:{expected['sid']}")
    assert [medium.ref for medium in event.media] == expected["media"]
    assert event.kind is (Kind.TEXT if expected["text"] else Kind.IMAGE)


@pytest.mark.parametrize("case", [case for case in PAYLOADS if case["kind"] == "status"], ids=lambda case: case["name"])
def test_recorded_statuses_are_understood(case):
    event, expected = at_recorded_account(case), case["expected"]
    outcomes = {
        "failed": Outcome.FAILED,
        "delivered": Outcome.DELIVERED,
        "read": Outcome.DELIVERED,
        "sent": Outcome.SENT,
    }
    assert event.external_id == f"s:{expected['sid']}:{expected['status']}"
    if expected["status"] == "huh":
        assert isinstance(event, UnknownEvent)
        return
    assert (event.message_id, event.outcome) == (expected["sid"], outcomes[expected["status"]])
    assert event.code == (expected["error_code"] or "")
    assert (event.recipient.value if event.recipient else None) == expected["to"]


# -- who wrote, and to which of our numbers ----------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "to", "sender"),
    [
        ("+8619900001234", OURS, "sms:+8619900001234"),
        ("19900001234", "+8619900000000", "sms:+8619900001234"),
        ("19900001234", "+85251230000", "sms:+8619900001234"),
        ("12025550142", OURS, "sms:+12025550142"),
        ("008619900001234", OURS, "sms:+8619900001234"),
        ("＋８６１９９００００１２３４", OURS, "sms:+8619900001234"),
        ("12345", OURS, "sms:12345"),
        ("CHENGHUA", OURS, "sms:CHENGHUA"),
        ("anonymous", OURS, "sms:anonymous"),
        ("whatsapp:+12025550142", f"whatsapp:{OURS}", "whatsapp:+12025550142"),
        ("WhatsApp:US.1234", f"whatsapp:{OURS}", "whatsapp:US.1234"),
    ],
)
def test_a_sender_has_one_spelling(given, to, sender):
    assert str(received(message(From=given, To=to)).sender) == sender


@pytest.mark.parametrize(
    ("fields", "settings", "name"),
    [
        ({"From": OURS}, {}, "own_number"),
        ({"From": "whatsapp:" + OURS}, {}, "own_number"),
        ({"From": "+12025550111"}, {"also_to": ["+1 202 555 0111"]}, "own_number"),
        ({"From": "384387", "To": "384387"}, {}, "own_number"),
        ({"From": ""}, {}, "no_sender"),
        ({"From": None}, {}, "no_sender"),
        ({"From": "sms:"}, {}, "no_sender"),
        ({"To": "+12025550177", "MessagingServiceSid": "MGforeign"}, {}, "foreign_number"),
        (
            {"To": "+12025550177", "MessagingServiceSid": "MGforeign"},
            {"messaging_service_sid": "MGours"},
            "foreign_number",
        ),
    ],
)  # fmt: skip
def test_what_is_no_citizens_message_is_kept_as_unknown(fields, settings, name):
    event = received(message(**fields), **settings)
    assert isinstance(event, UnknownEvent)
    assert (event.name, event.external_id) == (name, f"m:{SID}")


@pytest.mark.parametrize(
    ("fields", "settings"),
    [
        ({"MessagingServiceSid": "MGforeign"}, {"messaging_service_sid": "MGours"}),
        ({"To": "+12025550177", "MessagingServiceSid": "MGours"}, {"messaging_service_sid": "MGours", "from_": ""}),
        ({"To": "+12025550111", "MessagingServiceSid": "MGforeign"}, {"also_to": ["+12025550111"]}),
        ({"To": "whatsapp:" + OURS, "MessagingServiceSid": "MGforeign"}, {}),
        ({"To": "384387"}, {}),
        ({"AccountSid": None}, {}),
    ],
)
def test_service_or_number_finds_the_account(fields, settings):
    event = received(message(**fields), **settings)
    assert isinstance(event, InboundMessage)
    assert event.account == fields.get("To", OURS)


def test_a_message_of_another_account_is_refused_though_signed():
    with pytest.raises(WebhookRejected, match="foreign_account"):
        received(message(AccountSid="AC" + "f" * 32))


# -- what was written --------------------------------------------------------------------------------

JPG = "https://api.twilio.com/2010-04-01/Accounts/AC/Messages/MM/Media/ME"


@pytest.mark.parametrize(
    ("fields", "kind", "media"),
    [
        ({"Body": None}, Kind.TEXT, 0),
        ({"Body": ""}, Kind.TEXT, 0),
        ({"Body": "", "NumMedia": "3"}, Kind.UNSUPPORTED, 0),
        ({"Body": "", "NumMedia": "abc"}, Kind.UNSUPPORTED, 0),
        ({"Body": "x", "NumMedia": "1000000"}, Kind.TEXT, 0),
        ({"Body": "", "NumMedia": "abc", "MediaUrl0": JPG, "MediaContentType0": "image/jpeg"}, Kind.IMAGE, 1),
        ({"Body": "", "NumMedia": "1000000", **{f"MediaUrl{n}": f"{JPG}{n}" for n in range(40)}}, Kind.FILE, 10),
        ({"Body": "", "MediaUrl0": JPG, "MediaContentType0": "audio/amr"}, Kind.VOICE, 1),
        ({"Body": "", "MediaUrl0": JPG, "MediaContentType0": "VIDEO/mp4; x=1"}, Kind.VIDEO, 1),
        ({"Body": "", "MediaUrl0": "cat.jpg"}, Kind.IMAGE, 1),
        ({"Body": "看图", "MediaUrl0": JPG, "MediaContentType0": "image/png"}, Kind.TEXT, 1),
        ({"Body": "", "MediaUrl0": JPG, "MediaContentType0": "text/vcard"}, Kind.FILE, 1),
    ],
)
def test_text_and_media_are_what_is_there(fields, kind, media):
    event = received(message(**fields))
    assert (event.kind, len(event.media), event.text) == (kind, media, fields["Body"] or "")


@pytest.mark.parametrize("text", ["QmFubm9uIEV4cGxhaW5zIFRoZSBXb3JsZA==", "mail ¡ example", "HELP", "1024 办完了吗"])
def test_the_text_is_never_reinterpreted(text):
    assert received(message(Body=text)).text == text


def test_a_message_without_sid_has_an_id_that_repeats_with_it():
    first, again, other = (received(message(MessageSid=None, Body=body)).external_id for body in ("甲", "甲", "乙"))
    assert first == again != other
    assert re.fullmatch("m:h:[0-9a-f]{32}", first)


@pytest.mark.parametrize("sid", ["SM1\0", "SM 1", "x" * 5000, "编号"])
def test_a_sid_that_is_none_is_not_used(sid):
    assert len(received(message(MessageSid=sid)).external_id) <= 40


def test_the_older_name_of_the_sid_serves_as_well():
    assert received(message(MessageSid=None, SmsSid="SMold")).external_id == "m:SMold"


def test_fields_given_twice_do_not_confuse():
    assert received(message() + "&Body=二&From=%2B12025550199").text == "路灯坏了"


# -- opting out --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "contact", "key"),
    [
        ({"Body": "STOP"}, Contact.OPT_OUT, "platform"),
        ({"Body": "Stop."}, Contact.OPT_OUT, "platform"),
        ({"Body": "退订"}, Contact.OPT_OUT, ""),
        ({"Body": "TD"}, Contact.OPT_OUT, ""),
        ({"Body": "Ｔ"}, Contact.OPT_OUT, ""),
        ({"Body": "不想收了", "OptOutType": "STOP"}, Contact.OPT_OUT, "platform"),
        ({"Body": "START"}, Contact.OPT_IN, "platform"),
        ({"Body": "恢复"}, Contact.OPT_IN, ""),
        ({"Body": "要", "OptOutType": "start"}, Contact.OPT_IN, "platform"),
    ],
)
def test_opting_out_and_in_is_an_event(fields, contact, key):
    event = received(message(**fields))
    assert isinstance(event, ContactEvent)
    assert (event.event, event.key, event.external_id, str(event.sender)) == (
        contact,
        key,
        f"m:{SID}",
        f"sms:{CITIZEN}",
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"Body": "STOP 1024"},
        {"Body": "请停止施工"},
        {"Body": "HELP", "OptOutType": "HELP"},
        {"Body": "YES"},
        {"Body": "stop", "MediaUrl0": JPG},
    ],
)
def test_a_stop_in_a_matter_is_a_message(fields):
    assert isinstance(received(message(**fields)), InboundMessage)


# -- receipts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        ("accepted", Outcome.ACCEPTED), ("scheduled", Outcome.ACCEPTED), ("queued", Outcome.ACCEPTED),
        ("sending", Outcome.ACCEPTED), ("sent", Outcome.SENT), ("delivered", Outcome.DELIVERED),
        ("read", Outcome.DELIVERED), ("partially_delivered", Outcome.DELIVERED),
        ("undelivered", Outcome.FAILED), ("failed", Outcome.FAILED), ("canceled", Outcome.FAILED),
    ],
)  # fmt: skip
def test_each_status_is_an_outcome(given, outcome):
    event = received(status(MessageStatus=given), url=URL + "/status")
    assert isinstance(event, DeliveryReceipt)
    assert (event.outcome, event.recipient, event.message_id) == (outcome, Address("sms", CITIZEN), SID)
    assert (event.failure is not None) == (outcome is Outcome.FAILED)


@pytest.mark.parametrize(
    ("code", "failure"),
    [
        ("21610", Failure.RECIPIENT_GONE), ("30003", Failure.REFUSED), ("30004", Failure.RECIPIENT_GONE),
        ("30005", Failure.RECIPIENT_GONE), ("30006", Failure.RECIPIENT_GONE), ("30007", Failure.REFUSED),
        ("30008", Failure.TEMPORARY), ("63018", Failure.RATE_LIMITED), ("30002", Failure.MISCONFIGURED),
        ("99999", Failure.REFUSED), (None, Failure.REFUSED),
    ],
)  # fmt: skip
def test_a_failed_receipt_says_why_in_our_words(code, failure):
    event = received(status(MessageStatus="undelivered", ErrorCode=code))
    assert (event.failure, event.code) == (failure, code or "")


def test_receipts_of_one_message_have_different_ids_and_repeats_the_same():
    ids = [received(status(MessageStatus=one)).external_id for one in ("sent", "delivered", "sent")]
    assert ids[0] == ids[2] != ids[1]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        (status(MessageStatus="huh"), "unknown_status"),
        (status(MessageStatus="x" * 3000), "unknown_status"),
        (status(MessageSid=None), "no_sid"),
        ("", "no_sid"),
    ],
)
def test_a_status_nobody_knows_is_kept(body, name):
    event = received(body, url=URL + "/status")
    assert isinstance(event, UnknownEvent)
    assert event.name == name
    assert len(event.external_id) <= 70


def test_a_code_that_is_no_number_is_left_out():
    assert received(status(MessageStatus="failed", ErrorCode="<script>")).code == ""


# -- answering ---------------------------------------------------------------------------------------


def answer(reply, *, sender=CITIZEN, **settings):
    one = channel(**settings)
    response = one.acknowledge(one.receive(signed(message(From=sender)), START), reply)
    return response, ET.fromstring(response.body).findtext("Message")


def test_the_answer_is_twiml():
    response, text = answer("已收到 <1> & 谢谢")
    assert response.content_type == "text/xml; charset=utf-8"
    assert text == "已收到 <1> & 谢谢"


def test_no_reply_is_an_empty_response():
    assert answer(None)[0].body.endswith(b"<Response />")


def test_a_reply_of_control_characters_only_sends_no_empty_message():
    assert answer("\x00\x01 ")[1] is None


@pytest.mark.parametrize(("longest", "characters"), [(8, 536), (2, 134)])
def test_a_reply_is_cut_to_the_accounts_longest_text(longest, characters):
    _, text = answer("中" * 2000, longest_segments=longest)
    assert len(text) == characters
    assert segments(text) == longest


def test_a_reply_to_a_mainland_number_loses_its_link():
    reply = "进度见 https://wz.example.gov.cn/i/a1。谢谢"
    assert answer(reply, sender="+8619900001234")[1] == "进度见 。谢谢"
    assert answer(reply, sender="+8619900001234", links_to_mainland=True)[1] == reply
    assert answer(reply)[1] == reply


def test_a_status_callback_is_answered_with_an_empty_response():
    one = channel()
    response = one.acknowledge(one.receive(signed(status()), START), None)
    assert (response.status, response.body.endswith(b"<Response />")) == (200, True)


def test_every_code_of_the_recorded_list_is_in_the_table():
    assert set(recorded("twilio_error_codes.json")["codes"]) - set(ERRORS) == set()
    assert all(issubclass(kind, SendError) and words for kind, words in ERRORS.values())
