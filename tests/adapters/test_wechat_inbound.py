"""What WeChat pushes, as our events: recorded payloads and edge cases 8-20, 63."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import WebhookRejected
from bot.messages import (
    Contact,
    ContactEvent,
    DeliveryReceipt,
    Failure,
    InboundMessage,
    Kind,
    Location,
    MediaRef,
    Outcome,
    UnknownEvent,
)
from tests.adapters.wechat_kit import (
    GH,
    NOW,
    OPENID,
    as_json,
    channel,
    event,
    parsed,
    received,
    request,
    sealed,
    xml,
)
from tests.fakes import START

LINES = (Path(__file__).parents[1] / "payloads/wechat_inbound.jsonl").read_text().splitlines()
ROWS = [json.loads(line) for line in LINES]
KINDS = {kind.value: kind for kind in Kind if kind is not Kind.UNSUPPORTED} | {"shortvideo": Kind.VIDEO}
CONTACTS = {
    "subscribe": Contact.FOLLOW,
    "unsubscribe": Contact.UNFOLLOW,
    "SCAN": Contact.SCAN,
    "LOCATION": Contact.POSITION,
    "CLICK": Contact.MENU,
    "VIEW": Contact.VIEW,
    "scancode_push": Contact.MENU,
    "scancode_waitmsg": Contact.MENU,
    "pic_sysphoto": Contact.MENU,
    "pic_photo_or_album": Contact.MENU,
    "pic_weixin": Contact.MENU,
    "location_select": Contact.MENU,
    "subscribe_msg_popup_event": Contact.SUBSCRIPTION,
    "subscribe_msg_change_event": Contact.SUBSCRIPTION,
}
RECEIPTS = {"TEMPLATESENDJOBFINISH", "subscribe_msg_sent_event"}


def row_name(row: dict) -> str:
    return f"{ROWS.index(row)}-{row['test']}"


@pytest.mark.parametrize("row", ROWS, ids=row_name)
@pytest.mark.parametrize("wrap", [request, sealed])
def test_every_recorded_push_becomes_what_it_says(row, wrap):
    (found,) = channel().receive(wrap(row["xml"].encode()), START).events
    check(found, row)
    again = channel().receive(wrap(row["xml"].encode()), START).events[0]
    assert again.external_id == found.external_id
    assert len(found.external_id) <= 128


def check(found, row: dict) -> None:
    want = row["expected"]
    kind, name = want.get("type", "").strip(), want.get("event", "").strip()
    if "from" not in want or "parse_error" in want or not row["well_formed"] or "<!DOCTYPE" in row["xml"]:
        assert isinstance(found, UnknownEvent)
    elif kind == "event" and name in CONTACTS:
        check_contact(found, want, CONTACTS[name])
    elif kind == "event" and name in RECEIPTS:
        assert isinstance(found, DeliveryReceipt)
        assert found.recipient.value == want["from"].strip()
        assert found.message_id == want.get("msgid", "1700827132819554304")
    elif kind in {"event", "device_event"}:
        assert isinstance(found, UnknownEvent)
        assert found.name == (name if kind == "event" else kind)
    else:
        check_message(found, want, KINDS.get(kind, Kind.UNSUPPORTED))


def check_contact(found, want: dict, contact: Contact) -> None:
    assert isinstance(found, ContactEvent)
    assert (found.event, found.sender.value) == (contact, want["from"])
    assert found.key == want.get("event_key", "").removeprefix("qrscene_")
    assert found.account == want["to"]


def check_message(found, want: dict, kind: Kind) -> None:
    assert isinstance(found, InboundMessage)
    assert (found.kind, found.sender.value, found.account) == (kind, want["from"], want["to"])
    assert [media.ref for media in found.media] == ([want["media_id"]] if "media_id" in want else [])
    if kind is Kind.TEXT:
        assert found.text == want["content"]
    if kind is Kind.VOICE:
        assert (found.text, found.recognised) == (want.get("recognition", ""), "recognition" in want)
    if "location" in want:
        x, y, label = want["location"]
        assert found.location == Location(float(x), float(y), label)
    seconds = int(want["create_time"]) / (1000 if len(want["create_time"]) > 11 else 1)
    assert found.sent_at == datetime.fromtimestamp(seconds, UTC)


# -- 8: the envelope's form -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"<xml>",
        b"<xml></xml",
        b"<a><MsgType>text</MsgType></a>",
        b"<xml/>",
        b"<xml></xml>",
        b"{}",
        b"[]",
        b"[1]",
        b'"x"',
        b'{"MsgType":',
        b"\xff\xfe<\x00x\x00",
        b"\xef\xbb\xbf",
        b"<xml>" + b"<a>" * 100_000 + b"</a>" * 100_000 + b"</xml>",
        b'{"a":' * 100_000,
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><xml><MsgType>text</MsgType></xml>',
        b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "b">]><xml><Content>&a;</Content></xml>',
        b"<xml><Content>&undefined;</Content></xml>",
        xml(MsgType=""),
        xml(FromUserName=""),
        xml(FromUserName="  "),
    ],
)
def test_edge_08_what_cannot_be_read_is_kept_as_unknown_with_a_stable_id(body):
    began = time.perf_counter()
    first, again = parsed(body), parsed(body)
    assert isinstance(first, UnknownEvent)
    assert first.external_id == again.external_id
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"\xef\xbb\xbf" + xml(Content="头"), "头"),
        (
            b'<?xml version="1.0" encoding="gbk"?>' + xml(Content="路灯不亮").decode().encode("gbk"),
            "路灯不亮",
        ),
        (xml(Content="路灯不亮了请派人来看看").decode().encode("gb18030"), "路灯不亮了请派人来看看"),
        (b'<?xml version="1.0" encoding="utf-8"?>\n' + xml(Content="好"), "好"),
        (xml(Content="一").replace(b"</xml>", b"<Content>two</Content></xml>"), "一"),
        (xml(Content="?").replace(b"<![CDATA[?]]>", b"<a>1</a><b>2</b>"), "12"),
        (xml(Content="?").replace(b"<![CDATA[?]]>", b"\n <![CDATA[ x ]]>\n"), " x "),
        (xml(Content="?").replace(b"<![CDATA[?]]>", b"a<![CDATA[b]]>c"), "abc"),
        (xml(Content="?").replace(b"<![CDATA[?]]>", b"a &lt;b&gt; &amp; c"), "a <b> & c"),
        (xml(Content="?").replace(b"<![CDATA[?]]>", b"a&#29;b&#x0;c&#x110000;d&#65;"), "abcdA"),
        (xml(Content="?").replace(b"<![CDATA[?]]>", b"<![CDATA[a]]]]><![CDATA[>b]]>"), "a]]>b"),
        (xml(Content="&#29;&amp;"), "&#29;&amp;"),
        (xml(Content=""), ""),
    ],
)
def test_edge_08_odd_but_readable_forms_give_the_text(body, text):
    assert parsed(body).text == text


def test_edge_08_one_damaged_byte_costs_one_character_not_the_message():
    body = xml(Content="青龙街道二仙桥社区路灯坏了三天").replace("灯".encode(), "灯".encode()[:2])
    assert parsed(body).text.replace("\ufffd", "") == "青龙街道二仙桥社区路坏了三天"


# -- 9: JSON --------------------------------------------------------------------------------------


def test_edge_09_json_numbers_keep_every_digit():
    body = as_json(MsgId=7000000000000000000123, Content="x")
    other = as_json(MsgId=7000000000000000000124, Content="x")
    assert parsed(body).external_id != parsed(other).external_id
    assert parsed(body).external_id == parsed(xml(MsgId="7000000000000000000123")).external_id


def test_edge_09_a_json_location_and_a_null_are_read():
    found = parsed(as_json(MsgType="location", Location_X=30.67, Location_Y=104.1, Label=None))
    assert found.location == Location(30.67, 104.1)


# -- 10, 11: content ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "bad", [chr(code) for code in (0, 1, 8, 0x0B, 0x1D, 0x1F, 0xFFFE, 0xFFFF)] + ["\ud800"]
)
def test_edge_10_characters_no_store_can_hold_are_dropped(bad):
    body = xml(Content="a@b").replace(b"@", bad.encode("utf-8", "surrogatepass"))
    assert parsed(body).text == "ab"
    assert parsed(as_json(Content=f"a{bad}b")).text == "ab"


@pytest.mark.parametrize(
    "text",
    ["a\u200bb", "\u202eabc", "𠮷䶮", "ئۇيغۇر", "བོད", "👨‍👩‍👧", "tab\there", "<b>&amp;</b>", "'\"", "①５"],
)
def test_edge_10_and_60_every_other_character_stays(text):
    assert parsed(xml(Content=text)).text == text
    assert parsed(as_json(Content=text)).text == text


def test_edge_10_a_surrogate_pair_in_two_halves_becomes_its_character():
    body = xml(Content="a@b").replace(b"@", b"\xed\xa1\x82\xed\xbe\xb7")
    assert parsed(body).text == "a𠮷b"
    assert parsed(b'{"FromUserName":"o","MsgType":"text","MsgId":1,"Content":"\\ud842\\udfb7"}').text == "𠮷"


@pytest.mark.parametrize("text", ["   ", "😀😀", "长" * 20_000, "[收到不支持的消息类型，暂无法显示]你好"])
def test_edge_11_blank_emoji_and_very_long_texts_are_texts(text):
    found = parsed(xml(Content=text))
    assert (found.kind, found.text) == (Kind.TEXT, text)


@pytest.mark.parametrize(
    "text",
    [
        "[收到不支持的消息类型，暂无法显示]",
        "【收到不支持的消息类型，暂无法显示】",
        " 收到不支持的消息类型,暂无法显示 ",
    ],
)
def test_edge_11_the_platforms_placeholder_is_no_text_of_the_person(text):
    found = parsed(xml(Content=text))
    assert (found.kind, found.text) == (Kind.UNSUPPORTED, "")


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


@pytest.mark.parametrize(
    "body", [xml(), xml("unknown"), xml("image"), event("subscribe"), event("odd"), b"x"]
)
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
        *(
            (bad, None)
            for bad in ("", "0", "-5", "9" * 11, "9" * 400, "NaN", "1e9", "２０２６", str(NOW + 90_000))
        ),
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
def test_edge_17_each_event_says_what_the_person_did_and_whether_it_opens_replies(
    name, fields, contact, key, opens
):
    found = parsed(event(name, **fields))
    assert (found.event, found.key, found.opens_reply) == (contact, key, opens)
    assert (found.sender.value, found.account) == (OPENID, GH)


def test_edge_17_location_events_of_one_second_are_told_apart_by_place():
    places = [{"Latitude": "23.1", "Longitude": "113.3"}, {"Latitude": "23.2", "Longitude": "113.3"}]
    assert len({parsed(event("LOCATION", **place)).external_id for place in places}) == 2


def test_edge_17_unsubscribing_twice_is_one_repeat_and_one_new_event():
    first, repeat, later = (
        parsed(event("unsubscribe", CreateTime=at)) for at in (str(NOW), str(NOW), str(NOW + 9))
    )
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
    many_xml = event(name).replace(
        b"</xml>", f"<SubscribeMsgPopupEvent>{rows}</SubscribeMsgPopupEvent></xml>".encode()
    )
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


@pytest.mark.parametrize(
    "body", [event("card_pass_check"), event(""), xml("event", Event="<a/>"), event("名字")]
)
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


# -- fuzz -----------------------------------------------------------------------------------------

TAGS = [
    "MsgType",
    "Event",
    "FromUserName",
    "MsgId",
    "MsgID",
    "CreateTime",
    "Content",
    "List",
    "TemplateId",
    "Status",
]
VALUES = st.one_of(
    st.sampled_from(
        ["text", "event", "location", "voice", "subscribe", "TEMPLATESENDJOBFINISH", "0", "-1", "1e999"]
    ),
    st.text(max_size=30),
)
JSON = st.recursive(
    st.one_of(VALUES, st.integers(), st.floats(), st.none(), st.booleans()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(TAGS), inner, max_size=5)
    ),
    max_leaves=12,
)


def survives(body: bytes) -> None:
    try:
        found = channel().receive(request(body), START)
    except WebhookRejected:
        return
    assert all(0 < len(one.external_id) <= 128 for one in found.events)
    assert channel().acknowledge(found, "好").status == 200


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(TAGS), VALUES), max_size=8))
def test_no_xml_push_raises(rows):
    inner = "".join(f"<{tag}><![CDATA[{value}]]></{tag}>" for tag, value in rows)
    survives(f"<xml>{inner}</xml>".encode("utf-8", "surrogatepass"))


@settings(max_examples=150, deadline=None)
@given(st.dictionaries(st.sampled_from(TAGS), JSON, max_size=8))
def test_no_json_push_raises(value):
    survives(json.dumps(value).encode())


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_raise(body, inside):
    survives(b"<xml><FromUserName>o</FromUserName>" + body + b"</xml>" if inside else body)
