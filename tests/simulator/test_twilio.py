"""Twilio's side: signatures, the Messages resource, opt-out, reports, inbound texts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests

from simulator import texts
from simulator.network import CITIZEN_NUMBER
from simulator.server import create_app
from simulator.twilio import segments
from simulator.twilio_signature import sign
from tests.simulator.conftest import HOOKS, SmsHook, make_settings

VECTORS = json.loads((Path(__file__).parents[1] / "payloads" / "twilio_signatures.json").read_text())["vectors"]
FORM_VECTORS = [vector for vector in VECTORS if vector["params"] is not None and "signed with" not in vector["name"]]
SEND = f"/sim/sms/{CITIZEN_NUMBER}/send"
TWIML = "<Response><Message>已收到，编号 1024</Message></Response>"


@pytest.mark.parametrize("vector", FORM_VECTORS, ids=lambda vector: vector["name"])
def test_signatures_agree_with_the_official_libraries(vector):
    url = vector["url"].replace(":1234", "") if "stripped" in vector["name"] else vector["url"]
    assert sign(vector["token"], url, [tuple(pair) for pair in vector["params"]]) == vector["signature"]


@pytest.fixture
def post(client, settings):
    def call(auth=None, account=None, **form):
        form = {"To": CITIZEN_NUMBER, "From": settings.twilio_from, "Body": "您反映的路灯修好了"} | form
        form = {name: value for name, value in form.items() if value is not None}
        account = account or settings.twilio_account_sid
        auth = auth or (settings.twilio_account_sid, settings.twilio_auth_token)
        return client.post(f"/twilio/2010-04-01/Accounts/{account}/Messages.json", data=form, auth=auth)

    return call


def test_an_accepted_message_is_shown_with_its_segments(post, net, shown):
    answer = post()
    assert answer.status_code == 201
    resource = answer.get_json()
    assert resource["sid"].startswith("SM")
    assert len(resource["sid"]) == 34
    assert (resource["status"], resource["num_segments"], resource["direction"]) == ("queued", "1", "outbound-api")
    assert shown(CITIZEN_NUMBER) == [("in", "sms", "您反映的路灯修好了")]
    assert net.phones.get(CITIZEN_NUMBER).bubbles[0].segments == 1


REFUSED = [
    ({"To": None}, 400, 21604), ({"To": "13800000000"}, 400, 21211), ({"To": "+86 199"}, 400, 21211),
    ({"To": "+862886740001"}, 400, 21614), ({"From": None}, 400, 21603), ({"From": "+15005550001"}, 400, 21606),
    ({"Body": ""}, 400, 21602), ({"Body": "字" * 1601}, 400, 21617), ({"account": "AC" + "0" * 32}, 404, 20404),
    ({"auth": ("AC", "wrong")}, 401, 20003),
]  # fmt: skip


@pytest.mark.parametrize(("changed", "status", "code"), REFUSED)
def test_a_wrong_call_is_refused_in_twilios_words(post, shown, changed, status, code):
    answer = post(**changed)
    body = answer.get_json()
    assert (answer.status_code, body["code"], body["status"]) == (status, code, status)
    assert body["more_info"].endswith(str(code))
    assert shown(CITIZEN_NUMBER) == []


def test_an_ordered_429_and_landline(client, post):
    client.post("/sim/faults", json={"endpoint": "twilio/messages", "errcode": 20429})
    assert (post().status_code, post().status_code) == (429, 201)
    client.post(f"/sim/sms/{CITIZEN_NUMBER}/landline", json={})
    assert post().get_json()["code"] == 21614


def test_the_message_and_the_account_can_be_read(client, settings, post, net):
    auth = (settings.twilio_account_sid, settings.twilio_auth_token)
    base = f"/twilio/2010-04-01/Accounts/{settings.twilio_account_sid}"
    sid = post().get_json()["sid"]
    net.background.settle()
    assert client.get(f"{base}/Messages/{sid}.json", auth=auth).get_json()["status"] == "delivered"
    assert client.get(f"{base}/Messages/SM0.json", auth=auth).get_json()["code"] == 20404
    assert client.get(f"{base}.json", auth=auth).get_json()["status"] == "active"


def test_a_messaging_service_sends_from_the_accounts_number(hooks):
    settings = make_settings(twilio_messaging_service_sid="MG" + "1" * 32)
    client = create_app(settings).test_client()
    form = {"To": CITIZEN_NUMBER, "MessagingServiceSid": settings.twilio_messaging_service_sid, "Body": "好"}
    auth = (settings.twilio_account_sid, settings.twilio_auth_token)
    answer = client.post(f"/twilio/2010-04-01/Accounts/{auth[0]}/Messages.json", data=form, auth=auth)
    assert answer.get_json()["from"] == settings.twilio_from


def reports(hook):
    return [(form["MessageStatus"], form.get("ErrorCode", "")) for form in hook.forms]


def test_reports_come_in_order_and_signed(post, net, sms_hook):
    hook = sms_hook((204, {}, ""), path="/twilio/status")
    sid = post(StatusCallback=f"{HOOKS}/twilio/status").get_json()["sid"]
    net.background.settle()
    assert reports(hook) == [("sent", ""), ("delivered", "")]
    assert {form["MessageSid"] for form in hook.forms} == {sid}


@pytest.mark.parametrize(
    ("statuses", "arrives"),
    [
        (["delivered", "sent"], True),
        (["sent", "sent", "delivered", "delivered"], True),
        (["sent", "undelivered"], False),
    ],
)
def test_reports_can_be_ordered_otherwise(client, post, net, sms_hook, shown, statuses, arrives):
    hook = sms_hook((204, {}, ""), path="/twilio/status")
    fault = {"endpoint": "twilio/callback", "kind": "callbacks", "statuses": statuses, "errcode": 30003}
    client.post("/sim/faults", json=fault)
    post(StatusCallback=f"{HOOKS}/twilio/status")
    assert bool(shown(CITIZEN_NUMBER)) == arrives
    assert reports(hook) == [(status, "30003" if status == "undelivered" else "") for status in statuses]


def test_an_unopened_number_keeps_its_messages_folded_away(post, client, net):
    post(To="+8619900009123")
    net.background.settle()
    phone = next(one for one in client.get("/sim/phones").get_json()["phones"] if one["id"] == "+8619900009123")
    assert (phone["listed"], phone["count"]) == (False, 1)
    client.post("/sim/sms/numbers", json={"number": "+8619900009123", "name": "王工"})
    assert net.phones.get("+8619900009123").listed


# -- from the phone -----------------------------------------------------------------------------------


def test_a_text_reaches_the_hook_and_its_answer_the_phone(client, sms_hook, shown):
    hook = sms_hook(TWIML)
    report = client.post(SEND, json={"text": "路灯坏了"}).get_json()
    form = hook.forms[0]
    assert (form["Body"], form["From"], form["NumMedia"], form["NumSegments"]) == ("路灯坏了", CITIZEN_NUMBER, "0", "1")
    assert form["MessageSid"] == form["SmsMessageSid"] == report["message_sid"]
    assert report["reply"] == "已收到，编号 1024"
    assert shown(CITIZEN_NUMBER) == [("out", "sms", "路灯坏了"), ("in", "passive", "已收到，编号 1024")]


def test_a_failure_is_tried_once_more_with_the_same_sid(client, sms_hook, shown):
    hook = sms_hook((500, {}, ""), TWIML)
    report = client.post(SEND, json={"text": "路灯坏了"}).get_json()
    assert (report["statuses"], len({form["MessageSid"] for form in hook.forms})) == ([500, 200], 1)
    assert hook.headers[0]["I-Twilio-Idempotency-Token"] == hook.headers[1]["I-Twilio-Idempotency-Token"]
    assert shown(CITIZEN_NUMBER)[-1][2] == "已收到，编号 1024"


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        (requests.ReadTimeout(), texts.SMS_NO_ANSWER),
        ((403, {}, ""), texts.SMS_BAD_ANSWER),
        ("<Response><Message>", texts.SMS_BAD_ANSWER),
        ("<xml/>", texts.SMS_BAD_ANSWER),
        ((200, {"Content-Type": "application/json"}, "{}"), texts.SMS_BAD_ANSWER),
    ],
)
def test_a_failing_hook_is_seen_as_the_platforms_line(client, sms_hook, shown, reply, line):
    sms_hook(reply)
    client.post(SEND, json={"text": "路灯坏了"})
    assert shown(CITIZEN_NUMBER)[-1] == ("note", "system", line)


@pytest.mark.parametrize(
    ("twiml", "replies"),
    [
        ("<Response/>", []),
        ("", []),
        ("<Response><Message><Body>一</Body></Message><Message> 二 </Message></Response>", ["一", "二"]),
    ],
)
def test_every_message_of_the_answer_appears(client, sms_hook, shown, twiml, replies):
    sms_hook(twiml)
    client.post(SEND, json={"text": "路灯"})
    assert [text for direction, _, text in shown(CITIZEN_NUMBER) if direction == "in"] == replies


def test_stop_blocks_only_the_number_written_to_until_start(hooks):
    settings = make_settings(twilio_from="+12025550100,+12025550101")
    app = create_app(settings)
    client, net = app.test_client(), app.extensions["network"]
    hooks.add_callback("POST", f"{HOOKS}/twilio", callback=SmsHook(settings, "<Response/>"))
    auth = (settings.twilio_account_sid, settings.twilio_auth_token)

    def code(sender):
        form = {"To": CITIZEN_NUMBER, "From": sender, "Body": "好"}
        path = f"/twilio/2010-04-01/Accounts/{auth[0]}/Messages.json"
        return client.post(path, data=form, auth=auth).get_json().get("code", 0)

    client.post(SEND, json={"text": " stop "})
    assert [code(number) for number in settings.sms_numbers] == [21610, 0]
    client.post(SEND, json={"text": "START"})
    assert code("+12025550100") == 0
    net.background.settle()


@pytest.mark.parametrize("text", ["STOP 1024", "请停止施工", "stop it"])
def test_a_sentence_with_the_word_is_no_opt_out(client, net, sms_hook, text):
    sms_hook("<Response/>")
    client.post(SEND, json={"text": text})
    assert net.sms.stopped_by(CITIZEN_NUMBER) == []


def test_a_reply_to_stop_is_not_delivered(client, sms_hook, shown):
    hook = sms_hook(TWIML)
    client.post(SEND, json={"text": "STOP"})
    assert [way for _, way, _ in shown(CITIZEN_NUMBER)] == ["sms", "system", "system"]
    assert "OptOutType" not in hook.forms[0]


def test_advanced_opt_out_names_the_word(hooks):
    settings = make_settings(advanced_opt_out=True)
    hook = SmsHook(settings, "<Response/>")
    hooks.add_callback("POST", f"{HOOKS}/twilio", callback=hook)
    client = create_app(settings).test_client()
    for text in ("STOP", "START", "你好"):
        client.post(SEND, json={"text": text})
    assert [form.get("OptOutType", "") for form in hook.forms] == ["STOP", "START", ""]


def test_a_picture_lies_behind_a_password_and_a_redirect(client, settings, sms_hook):
    hook = sms_hook("<Response/>")
    client.post(SEND, json={"text": "", "picture": True})
    form = hook.forms[0]
    assert (form["NumMedia"], form["MediaContentType0"], form["MessageSid"][:2]) == ("1", "image/jpeg", "MM")
    path = form["MediaUrl0"].removeprefix(settings.base_url)
    assert client.get(path).status_code == 401
    moved = client.get(path, auth=(settings.twilio_account_sid, settings.twilio_auth_token))
    assert moved.status_code == 302
    stored = client.get(moved.headers["Location"].removeprefix(settings.base_url))
    assert stored.data.startswith(b"\xff\xd8\xff")


SEGMENTS = [
    ("", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3), ("€" * 80, 1), ("€" * 81, 2),
    ("字" * 70, 1), ("字" * 71, 2), ("字" * 134, 2), ("字" * 135, 3), ("😀" * 35, 1), ("😀" * 36, 2),
]  # fmt: skip


@pytest.mark.parametrize(("text", "count"), SEGMENTS, ids=lambda value: str(value)[:4])
def test_segments_are_counted_as_the_network_does(text, count):
    assert segments(text) == count
