"""Identity, time, kinds and events of what WeChat pushes (edge cases 12-20, 63)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.edge.messages import (
    Contact,
    Failure,
    Kind,
    Location,
    MediaRef,
    Outcome,
    UnknownEvent,
)
from tests.kit.fakes import START
from tests.kit.wechat_kit import (
    GH,
    NOW,
    OPENID,
    as_json,
    channel,
    event,
    parsed,
    received,
    sealed,
    xml,
)

# -- 12, 13, 15, 16: identity and time ------------------------------------------------------------


@pytest.mark.parametrize("number", ["abc", "9" * 60, "-1", "消息", "9223372036854775808"])
def test_edge_12_any_msg_id_is_an_identity(number):
    assert parsed(xml(MsgId=number)).external_id != parsed(xml(MsgId=number + "0")).external_id


def test_edge_12_the_same_msg_id_of_two_people_is_two_messages():
    assert parsed(xml()).external_id != parsed(xml(FromUserName="oANOTHER")).external_id


def test_edge_12_msgid_in_its_other_spelling_is_the_same():
    assert parsed(xml(MsgId="", MsgID="5")).external_id == parsed(xml(MsgId="5")).external_id


def test_edge_12_and_16_without_msg_id_content_tells_messages_of_one_second_apart():
    ids = {parsed(xml(MsgId="", Content=text)).external_id for text in ("一", "二", "一")}
    assert len(ids) == 2


def test_edge_16_the_same_words_meant_twice_are_two_messages():
    first, second = (parsed(xml(Content="好的", MsgId=number)) for number in ("1", "2"))
    assert first.external_id != second.external_id


@pytest.mark.parametrize("body", [xml(), xml("unknown"), xml("image"), event("subscribe"), event("odd"), b"x"])
def test_edge_15_a_repeat_has_the_same_id_which_shows_no_openid(body):
    first = parsed(body).external_id
    assert first == parsed(body).external_id == channel().receive(sealed(body), START).events[0].external_id
    assert OPENID not in first


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        (str(NOW), START),
        (str(NOW * 1000), START),
        ("1348831860", datetime(2012, 9, 28, 11, 31, tzinfo=UTC)),
        *((bad, None) for bad in ("", "0", "-5", "9" * 11, "9" * 400, "NaN", "1e9", "２０２６", str(NOW + 90_000))),
    ],
)
def test_edge_13_create_time_in_seconds_or_milliseconds_and_no_nonsense(stamp, moment):
    assert parsed(xml(CreateTime=stamp)).sent_at == moment
    assert parsed(event("subscribe", CreateTime=stamp)).sent_at == moment


# -- 17: events -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "fields", "contact", "key", "opens"),
    [
        ("subscribe", {}, Contact.FOLLOW, "", True),
        ("subscribe", {"EventKey": "qrscene_12"}, Contact.FOLLOW, "12", True),
        ("subscribe", {"EventKey": "last_trade_no_4008"}, Contact.FOLLOW, "last_trade_no_4008", True),
        ("SCAN", {"EventKey": "12"}, Contact.SCAN, "12", True),
        ("CLICK", {"EventKey": "MENU_1"}, Contact.MENU, "MENU_1", True),
        ("scancode_waitmsg", {"EventKey": "6"}, Contact.MENU, "6", True),
        ("pic_weixin", {"EventKey": "6"}, Contact.MENU, "6", False),
        ("location_select", {"EventKey": "6"}, Contact.MENU, "6", False),
        ("VIEW", {"EventKey": "https://a.test"}, Contact.VIEW, "https://a.test", False),
        ("view_miniprogram", {"EventKey": "p"}, Contact.VIEW, "p", False),
        ("LOCATION", {"Latitude": "23.1", "Longitude": "113.3"}, Contact.POSITION, "", False),
        ("unsubscribe", {}, Contact.UNFOLLOW, "", False),
    ],
)
def test_edge_17_each_event_says_what_the_person_did_and_whether_it_opens_replies(name, fields, contact, key, opens):
    found = parsed(event(name, **fields))
    assert (found.event, found.key, found.opens_reply) == (contact, key, opens)
    assert (found.sender.value, found.account) == (OPENID, GH)


def test_edge_17_location_events_of_one_second_are_told_apart_by_place():
    places = [{"Latitude": "23.1", "Longitude": "113.3"}, {"Latitude": "23.2", "Longitude": "113.3"}]
    assert len({parsed(event("LOCATION", **place)).external_id for place in places}) == 2


def test_edge_17_unsubscribing_twice_is_one_repeat_and_one_new_event():
    first, repeat, later = (parsed(event("unsubscribe", CreateTime=at)) for at in (str(NOW), str(NOW), str(NOW + 9)))
    assert first.external_id == repeat.external_id != later.external_id


@pytest.mark.parametrize(
    ("status", "outcome", "failure", "code"),
    [
        ("success", Outcome.DELIVERED, None, ""),
        ("failed:user block", Outcome.FAILED, Failure.REFUSED, "user_block"),
        ("failed: user block", Outcome.FAILED, Failure.REFUSED, "user_block"),
        ("failed: system failed", Outcome.FAILED, Failure.TEMPORARY, "system_failed"),
        ("failed:freq limit", Outcome.FAILED, Failure.RATE_LIMITED, "freq_limit"),
        ("failed:something new", Outcome.FAILED, Failure.REFUSED, "something_new"),
        ("", Outcome.FAILED, Failure.REFUSED, "unnamed"),
    ],
)
def test_edge_17_and_63_a_template_result_is_delivered_only_on_success(status, outcome, failure, code):
    found = parsed(event("TEMPLATESENDJOBFINISH", MsgID="200163836", Status=status))
    assert (found.message_id, found.outcome, found.failure, found.code) == (
        "200163836",
        outcome,
        failure,
        code,
    )
    assert found.recipient.value == OPENID


def test_edge_17_a_template_result_without_message_id_is_kept_as_unknown():
    assert isinstance(parsed(event("TEMPLATESENDJOBFINISH", Status="success")), UnknownEvent)


def choice(template: str, status: str) -> str:
    return f"<List><TemplateId>{template}</TemplateId><SubscribeStatusString>{status}</SubscribeStatusString></List>"


@pytest.mark.parametrize("name", ["subscribe_msg_popup_event", "subscribe_msg_change_event"])
def test_edge_17_choices_are_read_from_one_item_or_many_in_xml_and_json(name):
    one = {"TemplateId": "t1", "SubscribeStatusString": "accept"}
    two = {"TemplateId": "t2", "SubscribeStatusString": "reject"}
    rows = choice("t1", "accept") + choice("t2", "reject")
    many_xml = event(name).replace(b"</xml>", f"<SubscribeMsgPopupEvent>{rows}</SubscribeMsgPopupEvent></xml>".encode())
    one_xml = event(name).replace(b"</xml>", f"<S>{choice('t1', 'accept')}</S></xml>".encode())
    common = {"MsgType": "event", "Event": name}
    for body in (many_xml, as_json(**common, List=[one, two])):
        assert parsed(body).choices == {"t1": True, "t2": False}
    for body in (one_xml, as_json(**common, List=one)):
        found = parsed(body)
        assert (found.event, found.choices, found.opens_reply) == (Contact.SUBSCRIPTION, {"t1": True}, False)


def test_edge_17_each_subscription_result_is_a_receipt():
    rows = [
        {"TemplateId": "t1", "MsgID": "1700827132819554304", "ErrorCode": "0", "ErrorStatus": "success"},
        {"TemplateId": "t1", "MsgID": "1700827132819554305", "ErrorCode": "43101", "ErrorStatus": "refused"},
    ]
    body = as_json(MsgType="event", Event="subscribe_msg_sent_event", SubscribeMsgSentEvent={"List": rows})
    good, bad = received(body).events
    assert (good.message_id, good.outcome) == ("1700827132819554304", Outcome.DELIVERED)
    assert (bad.outcome, bad.failure, bad.code) == (Outcome.FAILED, Failure.REFUSED, "43101")
    assert good.external_id != bad.external_id


@pytest.mark.parametrize("body", [event("card_pass_check"), event(""), xml("event", Event="<a/>"), event("名字")])
def test_edge_17_unknown_and_missing_events_are_kept(body):
    assert isinstance(parsed(body), UnknownEvent)


# -- 18, 19, 20: kinds ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"Recognition": "路灯坏了"}, "路灯坏了"),
        ({"Recongnition": "路灯坏了"}, "路灯坏了"),
        ({"Recognition": " ", "Recongnition": "坏"}, "坏"),
        ({"Recognition": " "}, ""),
        ({}, ""),
    ],
)
def test_edge_18_a_voice_message_with_or_without_recognition(fields, text):
    found = parsed(xml("voice", MediaId="m1", Format="amr", **fields))
    assert (found.kind, found.text, found.recognised) == (Kind.VOICE, text, bool(text))
    assert found.media == (MediaRef("m1", Kind.VOICE, "audio/amr"),)


@pytest.mark.parametrize(
    ("x", "y", "place"),
    [
        ("30.67", "104.1", (30.67, 104.1)),
        ("104.1", "30.67", None),
        ("NaN", "104.1", None),
        ("inf", "0", None),
        ("30.67", "181", None),
        ("", "104.1", None),
        ("北", "东", None),
        ("9" * 400, "1", None),
    ],
)
def test_edge_19_a_place_is_kept_only_when_it_can_be_one(x, y, place):
    found = parsed(xml("location", Location_X=x, Location_Y=y, Label="府青路"))
    assert (found.kind, found.text) == (Kind.LOCATION, "府青路")
    assert found.location == (Location(*place, "府青路") if place else None)


def test_edge_19_an_empty_label_gives_no_text():
    found = parsed(xml("location", Location_X="30.67", Location_Y="104.1"))
    assert (found.text, found.location.label) == ("", "")


def test_edge_20_nine_pictures_at_once_are_nine_messages():
    ids = {parsed(xml("image", MsgId=str(n), MediaId=f"m{n}")).external_id for n in range(9)}
    assert len(ids) == 9


@pytest.mark.parametrize(
    ("body", "kind", "text", "refs"),
    [
        (xml("link", Title="标题", Url="https://a.test/1"), Kind.LINK, "标题\nhttps://a.test/1", []),
        (xml("link", Url="https://a.test/1"), Kind.LINK, "https://a.test/1", []),
        (xml("file", Title="申请.docx", FileKey="k"), Kind.FILE, "申请.docx", []),
        (xml("video", MediaId="v"), Kind.VIDEO, "", ["v"]),
        (xml("shortvideo", MediaId="v"), Kind.VIDEO, "", ["v"]),
        (xml("image", PicUrl="https://a.test/p"), Kind.IMAGE, "", ["https://a.test/p"]),
        (xml("image", MediaId="m", PicUrl="https://a.test/p"), Kind.IMAGE, "", ["m"]),
        (xml("device_text", Content="MTIz"), Kind.UNSUPPORTED, "", []),
    ],
)
def test_each_other_kind_gives_its_text_and_media(body, kind, text, refs):
    found = parsed(body)
    assert (found.kind, found.text, [media.ref for media in found.media]) == (kind, text, refs)
