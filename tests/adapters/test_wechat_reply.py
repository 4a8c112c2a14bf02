"""The passive reply (edge cases 22, 23, 61): whatever the text, WeChat gets what it accepts."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters._wechat.replies import fit_bytes, split_bytes
from adapters.kit.base import Received
from tests.kit.examples import examples
from tests.kit.fakes import START
from tests.kit.wechat_kit import (
    GH,
    NOW,
    OPENID,
    TOKEN,
    as_json,
    channel,
    decrypt,
    encrypt,
    event,
    reply_fields,
    request,
    sealed,
    sha1,
    signed_body,
    xml,
)

FAMILY = "👨‍👩‍👧"


def answer(text: str | None, body: bytes | None = None, **settings: object):
    adapter = channel(**settings)
    return adapter.acknowledge(adapter.receive(request(body or xml()), START), text)


@pytest.mark.parametrize("text", [None, "", "  \n", "\x1d\x00", "\ud800"])
def test_edge_23_without_a_text_the_answer_is_success(text):
    found = answer(text)
    assert (found.status, found.body) == (200, b"success")
    assert found.content_type.startswith("text/plain")


def test_a_reply_names_both_sides_and_our_time():
    assert reply_fields(answer("收到，编号2611230042")) == {
        "ToUserName": OPENID,
        "FromUserName": GH,
        "CreateTime": str(NOW),
        "MsgType": "text",
        "Content": "收到，编号2611230042",
    }


@pytest.mark.parametrize(
    "text", ["a]]>b", "]]>", "]]]]>>", "]]><Content>x</Content><![CDATA[", "a]]", "<b>&amp;", "x]]>]]>y"]
)
def test_edge_23_no_text_breaks_out_of_its_element(text):
    assert reply_fields(answer(text))["Content"] == text


def test_edge_23_no_forged_openid_breaks_out_either():
    body = xml(FromUserName="?").replace(b"?", b"o]]]]><![CDATA[></ToUserName><Content>x</Content>")
    assert reply_fields(answer("好", body))["Content"] == "好"


@pytest.mark.parametrize("text", ["a\x00b", "a\x1db", "a\ufffeb", "a\ud800b", "a\x0bb"])
def test_edge_23_control_characters_are_dropped(text):
    assert reply_fields(answer(text))["Content"] == "ab"


@pytest.mark.parametrize("unit", ["问", "😀", FAMILY, "👍🏽", "🇨🇳", "e\u0301", "❤️"])
@pytest.mark.parametrize("offset", range(9))
def test_edge_23_a_long_text_is_cut_between_two_visible_characters(unit, offset):
    content = reply_fields(answer("." * offset + unit * 2048))["Content"]
    assert 2048 - 24 < len(content.encode()) <= 2048
    assert content == "." * offset + unit * ((len(content) - offset) // len(unit))


def test_edge_23_the_limit_is_a_setting():
    assert len(reply_fields(answer("问" * 90, longest_bytes=100))["Content"].encode()) == 99


@examples(150)
@given(st.text(max_size=60), st.integers(40, 120))
def test_a_fitted_text_is_a_beginning_within_the_limit(text, limit):
    fitted = fit_bytes(text, limit)
    assert text.startswith(fitted)
    assert len(fitted.encode()) <= limit


@examples(100)
@given(st.text(alphabet="问政a。\n，😀", max_size=300), st.integers(60, 200))
def test_split_parts_lose_nothing_but_line_ends(text, limit):
    parts = split_bytes(text, limit)
    assert "".join(parts).replace("\n", "") == text.replace("\n", "")
    assert all(0 < len(part.encode()) <= limit for part in parts)


@examples(100)
@given(st.text(max_size=80))
def test_edge_61_any_reply_is_well_formed_or_success(text):
    found = answer(text)
    assert found.body == b"success" or set(reply_fields(found)) >= {"ToUserName", "Content"}


def test_a_safe_mode_reply_is_sealed_and_signed():
    adapter = channel()
    found = adapter.acknowledge(adapter.receive(sealed(xml()), START), "收到]]>")
    outer = reply_fields(found)
    assert outer["MsgSignature"] == sha1(TOKEN, outer["TimeStamp"], outer["Nonce"], outer["Encrypt"])
    inner = reply_fields(type(found)(200, decrypt(outer["Encrypt"])))
    assert (inner["Content"], inner["ToUserName"]) == ("收到]]>", OPENID)


def test_edge_09_a_json_push_gets_a_json_reply_sealed_when_it_came_sealed():
    plain = answer("收到", as_json(Content="x"))
    assert json.loads(plain.body)["Content"] == "收到"
    cipher, adapter = encrypt(as_json(Content="x")), channel()
    asked = signed_body(json.dumps({"Encrypt": cipher}).encode(), cipher)
    outer = json.loads(adapter.acknowledge(adapter.receive(asked, START), "收到").body)
    assert json.loads(decrypt(outer["Encrypt"]))["Content"] == "收到"


EVERYTHING = [
    *(event(name, MsgID="1") for name in ("subscribe", "unsubscribe", "CLICK", "TEMPLATESENDJOBFINISH", "new", "")),
    *(xml(kind) for kind in ("text", "image", "voice", "new")),
    b"rubbish",
    b"",
]


@pytest.mark.parametrize("body", EVERYTHING)
def test_edge_61_without_a_reply_every_push_is_answered_success(body):
    found = answer(None, body)
    assert (found.status, found.body, found.content_type) == (200, b"success", "text/plain; charset=utf-8")


def test_edge_22_with_nothing_read_the_answer_is_still_success():
    assert channel().acknowledge(Received(), "late").body == b"success"
