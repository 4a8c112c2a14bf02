"""Windows, quotas, fields, tokens: what the application's calls are refused for."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from simulator.network import CITIZEN_OPENID
from simulator.wechat_templates import REGISTERED, complaint

TEXT = {"touser": CITIZEN_OPENID, "msgtype": "text", "text": {"content": "您反映的路灯修好了"}}
DATA = {
    "character_string1": {"value": "CX-1024"},
    "thing2": {"value": "建设路路灯不亮"},
    "time3": {"value": "2026年11月27日 17:00"},
    "thing4": {"value": "区综合执法局已答复"},
}
TEMPLATE = {"touser": CITIZEN_OPENID, "template_id": "TPL_ANSWER", "data": DATA, "url": "http://example.com/i/1"}
NOTICE = {"touser": CITIZEN_OPENID, "template_id": "SUB_ANSWER", "data": DATA}


def custom(api, **changed):
    return api("message/custom/send", TEXT | changed)["errcode"]


# -- customer-service messages ----------------------------------------------------------------------


def test_nothing_may_be_sent_to_somebody_who_never_wrote(api):
    assert custom(api) == 45015


def test_a_message_opens_five_answers_and_the_sixth_is_refused(api, net, shown):
    net.wechat.wrote(CITIZEN_OPENID)
    assert [custom(api) for _ in range(6)] == [0] * 5 + [45047]
    assert shown().count(("in", "customer_service", "您反映的路灯修好了")) == 5


def test_another_message_gives_five_anew(api, net):
    net.wechat.wrote(CITIZEN_OPENID)
    for _ in range(5):
        custom(api)
    net.wechat.wrote(CITIZEN_OPENID)
    assert custom(api) == 0


@pytest.mark.parametrize(("hours", "errcode"), [(47.9, 0), (48.1, 45015)])
def test_the_window_closes_after_48_hours(api, net, hours, errcode):
    net.wechat.wrote(CITIZEN_OPENID)
    net.clock.advance(timedelta(hours=hours))
    assert custom(api) == errcode


@pytest.mark.parametrize(
    ("event", "codes"),
    [
        ("CLICK", [0, 0, 0, 45047]), ("subscribe", [0, 0, 0, 45047]), ("SCAN", [0, 0, 0, 45047]),
        ("VIEW", [45015] * 4), ("LOCATION", [45015] * 4),
    ],
)  # fmt: skip
def test_only_some_events_open_three_answers(api, net, event, codes):
    net.wechat.acted(CITIZEN_OPENID, event)
    assert [custom(api) for _ in range(4)] == codes


def test_an_events_minute_passes(api, net):
    net.wechat.acted(CITIZEN_OPENID, "CLICK")
    net.clock.advance(timedelta(seconds=61))
    assert custom(api) == 45015


def test_a_click_adds_to_what_a_message_opened(api, net):
    net.wechat.wrote(CITIZEN_OPENID)
    net.wechat.acted(CITIZEN_OPENID, "CLICK")
    assert [custom(api) for _ in range(9)] == [0] * 8 + [45047]


def test_who_left_or_blocked_gets_nothing(api, net):
    net.wechat.wrote(CITIZEN_OPENID)
    net.wechat.person(CITIZEN_OPENID).blocked = True
    assert custom(api) == 48002
    net.wechat.acted(CITIZEN_OPENID, "unsubscribe")
    assert custom(api) == 45015


BAD = [
    ({"touser": "oNobody"}, 40003),
    ({"msgtype": "poem"}, 40008),
    ({"text": {"content": ""}}, 44004),
    ({"text": {"content": " \n"}}, 44004),
    ({"text": "no object"}, 47001),
    ({"text": {"content": "字" * 683}}, 45002),
    ({"msgtype": "image", "image": {"media_id": "unknown"}}, 40007),
]


@pytest.mark.parametrize(("changed", "errcode"), BAD)
def test_a_bad_message_is_refused_and_costs_nothing(client, api, net, changed, errcode):
    net.wechat.wrote(CITIZEN_OPENID)
    token = net.wechat.tokens.stable(force=False)[0]
    raw = json.dumps(TEXT | changed, ensure_ascii=False).encode()
    answer = client.post(f"/wechat/cgi-bin/message/custom/send?access_token={token}", data=raw).get_json()
    assert answer["errcode"] == errcode
    assert net.wechat.person(CITIZEN_OPENID).by_message.left == 5


def test_chinese_sent_as_escapes_is_shown_as_escapes(client, net, shown):
    net.wechat.wrote(CITIZEN_OPENID)
    token = net.wechat.tokens.stable(force=False)[0]
    path = f"/wechat/cgi-bin/message/custom/send?access_token={token}"
    client.post(path, data=json.dumps(TEXT | {"text": {"content": "修好了"}}))
    client.post(path, data=json.dumps(TEXT | {"text": {"content": "修好了"}}, ensure_ascii=False).encode())
    assert [text for _, _, text in shown()] == ["\\u4fee\\u597d\\u4e86", "修好了"]


@pytest.fixture
def api(client, net):
    """As the shared one, but with Chinese as Chinese: the difference is shown on the phone."""

    def call(path, body=None, token=None):
        token = token if token is not None else net.wechat.tokens.stable(force=False)[0]
        raw = json.dumps(body, ensure_ascii=False).encode()
        return client.post(f"/wechat/cgi-bin/{path}?access_token={token}", data=raw).get_json()

    return call


# -- template messages ------------------------------------------------------------------------------


def test_a_template_message_shows_its_card_and_reports_later(api, net, wechat_hook):
    hook = wechat_hook(b"success")
    answer = api("message/template/send", TEMPLATE)
    net.background.settle()
    bubble = net.phones.get(CITIZEN_OPENID).bubbles[-1]
    assert (bubble.way, bubble.card["title"]) == ("template_message", REGISTERED["TPL_ANSWER"].title)
    assert {"label": "编号", "value": "CX-1024"} in bubble.card["rows"]
    assert bubble.card["url"] == "http://example.com/i/1"
    assert hook.seen[0] | {"MsgID": str(answer["msgid"]), "Status": "success"} == hook.seen[0]
    assert hook.seen[0]["Event"] == "TEMPLATESENDJOBFINISH"


def test_who_switched_off_receiving_is_reported_by_event_only(api, net, wechat_hook, shown):
    hook = wechat_hook(b"success")
    net.wechat.person(CITIZEN_OPENID).blocked = True
    assert api("message/template/send", TEMPLATE)["errcode"] == 0
    assert shown() == []
    assert hook.seen[0]["Status"] == "failed:user block"


def test_the_same_client_msg_id_is_sent_once_within_ten_minutes(api, net, wechat_hook, shown):
    wechat_hook(b"success")
    once = TEMPLATE | {"client_msg_id": "out-1"}
    first, again = api("message/template/send", once), api("message/template/send", once)
    assert (again["errcode"], again["msgid"], len(shown())) == (0, first["msgid"], 1)
    net.clock.advance(timedelta(minutes=11))
    assert api("message/template/send", once)["msgid"] != first["msgid"]
    assert len(shown()) == 2


@pytest.mark.parametrize(
    ("changed", "errcode"),
    [({"touser": "oNobody"}, 40003), ({"template_id": "TPL_OTHER"}, 40037), ({"template_id": "SUB_ANSWER"}, 40037),
     ({"data": None}, 47003), ({"data": DATA | {"thing2": {"value": "长" * 21}}}, 47003)],
)  # fmt: skip
def test_a_wrong_template_message_is_refused(api, shown, changed, errcode):
    assert api("message/template/send", TEMPLATE | changed)["errcode"] == errcode
    assert shown() == []


def test_a_template_message_needs_a_follower(api, net):
    net.wechat.acted(CITIZEN_OPENID, "unsubscribe")
    assert api("message/template/send", TEMPLATE)["errcode"] == 43004


FIELDS = [
    ("thing4", "长" * 20, ""), ("thing4", "长" * 21, "invalid"), ("thing4", "两行\n字", "invalid"),
    ("thing4", "", "emtpy"),
    ("character_string1", "CX-1024", ""), ("character_string1", "编号1", "invalid"),
    ("character_string1", "A" * 33, "invalid"),
    ("time3", "17:00", ""), ("time3", "2026年11月27日", ""), ("time3", "2026-11-27 17:00:00", ""),
    ("time3", "2026年11月27日 17:00~2026年11月28日 17:00", ""), ("time3", "下周五", "invalid"), ("time3", "", "emtpy"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "wrong"), FIELDS)
def test_fields_follow_their_types(name, value, wrong):
    words = complaint(REGISTERED["TPL_ANSWER"], DATA | {name: {"value": value}})
    assert words == (f"argument invalid! data.{name}.value {wrong}" if wrong != "emtpy" and wrong else words)
    assert words.endswith(wrong)
    assert bool(words) == bool(wrong)


def test_the_refusal_of_a_field_reads_as_recorded(api):
    answer = api("message/template/send", TEMPLATE | {"data": DATA | {"thing4": {"value": "长" * 21}}})
    assert answer["errmsg"].startswith("argument invalid! data.thing4.value invalid rid: ")


# -- subscription notices ----------------------------------------------------------------------------


def subscribe(client, **given):
    client.post(f"/sim/wechat/{CITIZEN_OPENID}/subscribe", json={"template": "SUB_ANSWER"} | given)


def test_a_notice_needs_a_subscription(api):
    assert api("message/subscribe/bizsend", NOTICE)["errcode"] == 43101


def test_one_subscription_is_one_notice(api, client, net, wechat_hook):
    hook = wechat_hook(b"success")
    subscribe(client)
    assert [api("message/subscribe/bizsend", NOTICE)["errcode"] for _ in range(2)] == [0, 43101]
    net.background.settle()
    popup, sent = hook.seen
    assert popup["SubscribeMsgPopupEvent"]["List"]["SubscribeStatusString"] == "accept"
    assert sent["SubscribeMsgSentEvent"]["List"]["ErrorCode"] == "0"
    assert sent["SubscribeMsgSentEvent"]["List"]["TemplateId"] == "SUB_ANSWER"


def test_the_answer_to_a_notice_holds_no_message_id(api, client, wechat_hook):
    wechat_hook(b"success")
    subscribe(client, long_term=True)
    assert api("message/subscribe/bizsend", NOTICE) == {"errcode": 0, "errmsg": "ok"}


def test_a_long_term_subscription_lasts_until_it_is_taken_back(api, client, wechat_hook):
    hook = wechat_hook(b"success")
    subscribe(client, long_term=True)
    subscribe(client)
    assert {api("message/subscribe/bizsend", NOTICE)["errcode"] for _ in range(5)} == {0}
    subscribe(client, accept=False, via="change")
    assert hook.seen[-1]["Event"] == "subscribe_msg_change_event"
    assert api("message/subscribe/bizsend", NOTICE)["errcode"] == 43101


def test_a_notice_reaches_one_who_no_longer_follows(api, client, net, wechat_hook, shown):
    wechat_hook(b"success")
    subscribe(client)
    net.wechat.acted(CITIZEN_OPENID, "unsubscribe")
    assert api("message/subscribe/bizsend", NOTICE)["errcode"] == 0
    assert shown()[-1][1] == "subscription_notice"
