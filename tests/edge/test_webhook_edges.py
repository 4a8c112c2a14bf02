"""Edge cases 1 to 14 at the level of the running app: what the platform is answered, and what stands in the
database afterwards.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from handlers.inbound import receive
from store.tables.delivery import inbox
from store.tables.inquiries import inquiries, messages
from tests.edge.rig import LAMP, make_rig, number_in, said
from tests.kit import wechat_kit as kit

pytestmark = pytest.mark.integration


# -- who sent it -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [{"signature": ""}, {"signature": "0" * 40}, {"token": "another-token"}, {"nonce": "n2", "signature": "1" * 40}],
)
def test_edge_01_an_unsigned_or_foreign_push_leaves_nothing_behind(rig, query):
    answer = receive.receive(rig.deps, "wechat", kit.request(kit.xml(Content=LAMP), **query))
    assert (answer.status, answer.body) == (403, b"")
    assert set(rig.count().values()) == {0}


def test_edge_02_a_captured_signature_does_not_carry_another_message(rig_on_each):
    rig = rig_on_each
    first = rig.push(kit.xml(Content=LAMP, MsgId="1"), nonce="captured")
    stored = rig.count()
    assert rig.push(kit.xml(Content="占道经营", MsgId="2"), nonce="captured").status == 403
    assert rig.push(kit.xml(Content="占道经营", MsgId="2", FromUserName="oOTHER"), nonce="captured").status == 403
    assert rig.count() == stored
    assert said(rig.push(kit.xml(Content=LAMP, MsgId="1"), nonce="captured")) == said(first), "the request itself"
    assert rig.count() == stored


@pytest.mark.parametrize("age", [-3 * 3600, -11 * 60, 11 * 60])
def test_edge_02_a_push_signed_long_ago_or_ahead_is_refused_and_not_stored(rig, age):
    at = int(rig.clock.now().timestamp()) + age
    assert receive.receive(rig.deps, "wechat", kit.request(kit.xml(Content=LAMP), at=at)).status == 403
    assert set(rig.count().values()) == {0}


def test_edge_03_the_address_check_is_echoed_as_text_and_stores_nothing(rig):
    check = replace(kit.request(b"", echostr="<script>1</script>"), method="GET")
    answer = receive.receive(rig.deps, "wechat", check)
    assert (answer.status, answer.body) == (200, b"<script>1</script>")
    assert answer.content_type.startswith("text/plain")
    assert receive.receive(rig.deps, "wechat", replace(kit.request(b""), method="GET")).status == 400
    assert set(rig.count().values()) == {0}


# -- sealed and plain ------------------------------------------------------------------------------


def test_edge_04_of_a_compatible_push_only_the_sealed_part_opens_an_inquiry(rig):
    beside = "<FromUserName>oOTHER</FromUserName><MsgType>text</MsgType><Content>占道经营</Content><MsgId>9</MsgId>"
    answer = receive.receive(rig.deps, "wechat", kit.sealed(kit.xml(Content=LAMP), extra=beside))
    assert b"<Encrypt>" in answer.body
    assert rig.texts() == [LAMP]
    assert rig.clear(rig.address()) == f"wechat:{kit.OPENID}"
    assert rig.count()["addresses"] == 1


def test_edge_04_a_plain_body_announced_as_sealed_and_the_reverse_store_no_message(rig):
    announced = kit.signed_body(kit.xml(Content=LAMP), "x")
    assert receive.receive(rig.deps, "wechat", announced).status == 403
    assert set(rig.count().values()) == {0}
    unannounced = rig.push(kit.sealed(kit.xml(Content=LAMP)).body)
    assert unannounced.body == b"success"
    assert rig.count()["inquiries"] == 0


@pytest.mark.parametrize("given", ["", "0" * 40])
def test_edge_05_a_right_signature_does_not_let_a_wrong_msg_signature_in(rig, given):
    assert receive.receive(rig.deps, "wechat", kit.sealed(kit.xml(Content=LAMP), msg_signature=given)).status == 403
    assert set(rig.count().values()) == {0}


@pytest.mark.parametrize("wrong", [{"app_id": "wx0000000000000000"}, {"key": kit.OLD_KEY}])
def test_edge_06_what_another_account_or_an_unknown_key_sealed_is_refused_and_not_stored(rig, wrong):
    assert receive.receive(rig.deps, "wechat", kit.sealed(kit.xml(Content=LAMP), **wrong)).status == 403
    assert set(rig.count().values()) == {0}


def test_edge_06_after_a_change_of_keys_the_old_one_still_opens_an_inquiry_and_seals_its_receipt(tmp_path, sqlite_url):
    rig = make_rig(tmp_path, sqlite_url, WECHAT_AES_KEY_PREVIOUS=kit.OLD_KEY)
    answer = receive.receive(rig.deps, "wechat", kit.sealed(kit.xml(Content=LAMP), key=kit.OLD_KEY))
    opened = kit.decrypt(kit.reply_fields(answer)["Encrypt"], key=kit.OLD_KEY)
    assert rig.rows(inquiries)[0].number in opened.decode()
    rig.deps.store.close()


# -- what it looks like ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [b"", b"hello", b"<xml><Content>a", b"<json/>", b"<html><body>502</body></html>", b"\xff\xfe\x00",
     b'<!DOCTYPE x [<!ENTITY a "b">]><xml><MsgType>text</MsgType><FromUserName>o</FromUserName></xml>',
     b"<xml>" + b"<a>" * 5000 + b"</a>" * 5000 + b"</xml>", b"[]", b'{"MsgType":'],
    ids=["empty", "words", "cut", "root", "page", "bytes", "entity", "deep", "list", "cut json"],
)  # fmt: skip
def test_edge_08_a_signed_body_nobody_can_read_is_kept_once_and_answered_success(rig, body):
    for _ in range(2):
        answer = rig.push(body)
        assert (answer.status, answer.body) == (200, b"success")
    (kept,) = rig.rows(inbox)
    assert kept.kind == "unknown"
    assert rig.deps.store.vault.open_bytes(kept.raw) == body
    assert rig.count()["inquiries"] == 0


@pytest.mark.parametrize(
    ("body", "text"),
    [(b"\xef\xbb\xbf" + kit.xml(Content="路灯坏了三天"), "路灯坏了三天"),
     (kit.xml(Content="路灯坏了三天").decode().encode("gb18030"), "路灯坏了三天"),
     (kit.xml(Content="路灯坏了三天") .replace(b"</xml>", b"<Content>other</Content></xml>"), "路灯坏了三天"),
     (kit.xml(Content="").replace(b"</xml>", "<Content><p>路灯坏了</p><p>三天</p></Content></xml>".encode()),
      "路灯坏了三天")],
    ids=["BOM", "GBK", "doubled", "nested"],
)  # fmt: skip
def test_edge_08_an_odd_but_readable_push_opens_an_inquiry_with_its_text(rig, body, text):
    assert number_in(said(rig.push(body)))
    assert rig.texts() == [text]


def test_edge_09_a_json_push_opens_an_inquiry_and_is_answered_in_json(rig):
    answer = rig.push(kit.as_json(Content=LAMP))
    assert answer.content_type.startswith("application/json")
    reply = json.loads(answer.body)
    assert reply["ToUserName"] == kit.OPENID
    assert rig.rows(inquiries)[0].number in reply["Content"]
    assert rig.texts() == [LAMP]


CHARACTERS = {
    "control": ("路灯\x00坏\x1d了\x0b三天", "路灯坏了三天"),
    "lone surrogate": ("路灯坏了\ud83d三天", "路灯坏了三天"),
    "not a character": ("路灯\ufffe坏了\uffff三天", "路灯坏了三天"),
    "zero width": ("路灯\u200b坏了\u2060三天", None),
    "right to left": ("路灯\u202e坏了\u202c三天", None),
    "rare": ("𠮷家巷䶮字路灯坏了😀", None),
}


@pytest.mark.parametrize("name", CHARACTERS)
def test_edge_10_a_text_is_stored_as_written_but_for_what_no_database_holds(rig_on_each, name):
    rig = rig_on_each
    written, kept = CHARACTERS[name]
    assert number_in(said(rig.push(kit.as_json(Content=written, MsgId=7))))
    assert rig.texts() == [kept or written]


@pytest.mark.parametrize("name", CHARACTERS)
def test_edge_10_an_sms_with_such_characters_opens_an_inquiry_too(rig_on_each, name):
    rig = rig_on_each
    written, kept = CHARACTERS[name]
    form = b"MessageSid=SM1&AccountSid=AC00000000000000000000000000000001&From=%2B12025550142&To=%2B12025550100&Body="
    body = form + "".join(f"%{b:02X}" for b in written.encode("utf-8", "surrogatepass")).encode()
    assert number_in(said(rig.sms_call(body.decode())))
    (stored,) = rig.texts()
    visible = stored.replace("\ufffd", "").translate({0x1D: None, 0x0B: None, 0xFFFE: None, 0xFFFF: None})
    assert visible == (kept or written)


@pytest.mark.parametrize(
    ("text", "opens"),
    [
        ("", 0),
        ("   \u3000 ", 0),
        ("😀👍", 0),
        ("[微笑]", 0),
        ("[收到不支持的消息类型，暂无法显示]", 0),
        ("路灯坏了" * 5_000, 1),
    ],
    ids=["empty", "spaces", "emoji", "face", "placeholder", "long"],
)
def test_edge_11_every_text_is_answered_and_only_a_matter_opens_an_inquiry(rig, text, opens):
    answer = rig.push(
        kit.xml(Content=text).replace(b"<CreateTime>", b"<Content></Content><CreateTime>")
        if not text
        else kit.xml(Content=text)
    )
    assert said(answer)
    assert rig.count()["inquiries"] == opens
    if opens:
        assert rig.texts() == [text]
        assert len(rig.rows(inquiries)[0].summary) <= 20


@pytest.mark.parametrize("msg_id", ["", "abc", "99999999999999999999999999", "-1", "0"])
def test_edge_12_any_or_no_msg_id_still_tells_a_repeat_from_a_new_message(rig_on_each, msg_id):
    rig = rig_on_each
    first = said(rig.push(kit.xml(Content=LAMP, MsgId=msg_id)))
    assert said(rig.push(kit.xml(Content=LAMP, MsgId=msg_id))) == first
    assert rig.count()["inquiries"] == rig.count()["messages"] == 1


def test_edge_12_the_same_msg_id_of_two_people_is_two_inquiries(rig_on_each):
    rig = rig_on_each
    first, second = (number_in(rig.wechat(LAMP, who=who, msg_id="5")) for who in ("oONE", "oTWO"))
    assert first != second
    assert rig.count()["inquiries"] == 2


def test_edge_12_msgid_in_the_other_spelling_is_the_same_message(rig):
    first = said(rig.push(kit.xml(Content=LAMP)))
    other = kit.xml(Content=LAMP).replace(b"MsgId>", b"MsgID>")
    assert said(rig.push(other)) == first
    assert rig.count()["inquiries"] == 1


@pytest.mark.parametrize("stamp", ["", "0", "-5", "1700000000000", "9999999999", "99999999999999999999", "x"])
def test_edge_13_the_time_of_receipt_counts_whatever_create_time_says(rig, stamp):
    assert number_in(said(rig.push(kit.xml(Content=LAMP, CreateTime=stamp))))
    (inquiry,) = rig.rows(inquiries)
    assert inquiry.received_at == rig.clock.now()
    assert rig.rows(messages)[0].created_at == rig.clock.now()


def test_edge_14_a_push_for_another_account_is_kept_and_answered_but_opens_nothing(tmp_path, sqlite_url):
    rig = make_rig(tmp_path, sqlite_url, WECHAT_ORIGINAL_ID=kit.GH)
    assert rig.wechat(LAMP, ToUserName="gh_ffffffffffff") == ""
    assert (rig.count()["inbox"], rig.count()["inquiries"]) == (1, 0)
    assert number_in(rig.wechat(LAMP))
    rig.deps.store.close()
