"""What WeChat pushes, as our events: recorded payloads, their forms and their content (edge cases 8-11)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.edge.errors import WebhookRejected
from bot.edge.messages import (
    Contact,
    ContactEvent,
    DeliveryReceipt,
    InboundMessage,
    Kind,
    Location,
    UnknownEvent,
)
from tests.kit.examples import examples
from tests.kit.fakes import START
from tests.kit.wechat_kit import (
    as_json,
    channel,
    parsed,
    request,
    sealed,
    xml,
)
from tests.kit.work import counted

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
    with counted() as work:
        first, again = parsed(body), parsed(body)
    assert isinstance(first, UnknownEvent)
    assert first.external_id == again.external_id
    assert work.calls < 10_000, "however many parts it has"
    assert work.peak < 4_000_000


@pytest.mark.parametrize("inner", ["<a>" * 20 + "</a>" * 20, "<a/>" * 6000])
def test_edge_08_a_push_nested_too_deep_or_of_too_many_elements_is_not_read(inner):
    body = xml().replace(b"</xml>", inner.encode() + b"</xml>")
    assert parsed(body).name == "malformed"
    deep = {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": {"a": 1}}}}}}}}}}}}}
    assert parsed(as_json(x=deep if "<a><a>" in inner else [1] * 6000)).name == "malformed"


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


def test_edge_08_of_a_doubled_json_name_the_first_counts():
    body = as_json(Content="一").replace(b"}", b', "Content": "two"}')
    assert parsed(body).text == "一"


def test_edge_09_a_json_location_and_a_null_are_read():
    found = parsed(as_json(MsgType="location", Location_X=30.67, Location_Y=104.1, Label=None))
    assert found.location == Location(30.67, 104.1)


# -- 10, 11: content ------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [chr(code) for code in (0, 1, 8, 0x0B, 0x1D, 0x1F, 0xFFFE, 0xFFFF)] + ["\ud800"])
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
    st.sampled_from(["text", "event", "location", "voice", "subscribe", "TEMPLATESENDJOBFINISH", "0", "-1", "1e999"]),
    st.text(max_size=30),
)
JSON = st.recursive(
    st.one_of(VALUES, st.integers(), st.floats(), st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(TAGS), inner, max_size=5)),
    max_leaves=12,
)


def survives(body: bytes) -> None:
    try:
        found = channel().receive(request(body), START)
    except WebhookRejected:
        return
    assert all(0 < len(one.external_id) <= 128 for one in found.events)
    assert channel().acknowledge(found, "好").status == 200


@examples(150)
@given(st.lists(st.tuples(st.sampled_from(TAGS), VALUES), max_size=8))
def test_no_xml_push_raises(rows):
    inner = "".join(f"<{tag}><![CDATA[{value}]]></{tag}>" for tag, value in rows)
    survives(f"<xml>{inner}</xml>".encode("utf-8", "surrogatepass"))


@examples(150)
@given(st.dictionaries(st.sampled_from(TAGS), JSON, max_size=8))
def test_no_json_push_raises(value):
    survives(json.dumps(value).encode())


@examples(150)
@given(st.binary(max_size=200), st.booleans())
def test_no_bytes_raise(body, inside):
    survives(b"<xml><FromUserName>o</FromUserName>" + body + b"</xml>" if inside else body)
