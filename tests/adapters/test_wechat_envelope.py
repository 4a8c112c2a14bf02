"""Who may speak: signatures, freshness, encryption, the check of the address (edge cases 1-7, 14)."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path

import pytest

from adapters._wechat.crypto import key_bytes, seal, signature, unseal
from adapters.kit.base import WebhookRequest
from bot.edge.errors import WebhookRejected
from bot.edge.messages import InboundMessage, UnknownEvent
from tests.kit.fakes import START
from tests.kit.wechat_kit import (
    APP_ID,
    GH,
    KEY,
    NOW,
    OLD_KEY,
    OPENID,
    TOKEN,
    as_json,
    channel,
    decrypt,
    encrypt,
    event,
    request,
    sealed,
    sha1,
    signed_body,
    xml,
)
from tests.kit.work import counted

TEXT = xml(Content="路灯坏了")
VECTORS = json.loads((Path(__file__).parents[1] / "payloads/wechat_crypto.json").read_text())["vectors"]


def refused(asked: WebhookRequest, **settings: object) -> str:
    with pytest.raises(WebhookRejected) as caught:
        channel(**settings).receive(asked, START)
    assert caught.value.status == 403
    return caught.value.reason


@pytest.mark.parametrize(
    "query",
    [
        {"signature": ""},
        {"signature": "0" * 40},
        {"signature": "签名"},
        {"signature": "\ud800"},
        {"timestamp": ""},
        {"timestamp": "soon"},
        {"timestamp": "１７０００００００"},
        {"timestamp": "9" * 400},
        {"timestamp": "-1"},
        {"encrypt_type": "rsa"},
    ],
)
def test_edge_01_a_push_without_the_right_signature_is_refused(query):
    refused(request(TEXT, **query))


@pytest.mark.parametrize("nonce", ["", "other", "n1 "])
def test_edge_01_a_nonce_that_was_not_signed_is_refused(nonce):
    good = request(TEXT)
    asked = WebhookRequest("POST", good.url, {**good.query, "nonce": nonce}, {}, TEXT)
    assert refused(asked) == "signature"


def test_edge_01_a_signature_for_another_token_is_refused():
    assert refused(request(TEXT, token="another")) == "signature"


@pytest.mark.parametrize("age", [-601, 601, 7200])
def test_edge_02_an_old_or_future_timestamp_is_refused(age):
    assert refused(request(TEXT, at=NOW - age)) == "stale"


@pytest.mark.parametrize("age", [-60, 0, 15, 120, 300])
def test_edge_02_and_15_a_repeat_two_minutes_later_is_still_taken(age):
    found = channel().receive(request(TEXT, at=NOW), START + timedelta(seconds=age))
    assert isinstance(found.events[0], InboundMessage)


def test_edge_02_the_replay_key_names_the_signed_request_and_hides_the_nonce():
    first, repeat, other = (
        channel().receive(request(TEXT, nonce=nonce), START).replay_key for nonce in ("n1", "n1", "n2")
    )
    assert first == repeat != other
    assert "n1" not in first


def handshake(**query: str) -> WebhookRequest:
    asked = request(b"", **query)
    return WebhookRequest("GET", asked.url, asked.query, {}, b"")


def test_edge_03_the_address_check_is_answered_with_echostr_as_plain_text():
    answer = channel().receive(handshake(echostr="<script>1</script>"), START).handshake
    assert answer.body == b"<script>1</script>"
    assert answer.content_type.startswith("text/plain")


def test_edge_03_no_echostr_is_a_bad_request_and_a_wrong_signature_a_refused_one():
    with pytest.raises(WebhookRejected) as caught:
        channel().receive(handshake(), START)
    assert caught.value.status == 400
    refused(handshake(echostr="1", signature="0" * 40))


def test_edge_04_aes_announced_but_a_plain_body_is_refused():
    signed = sha1(TOKEN, str(NOW), "n1", "")
    assert refused(request(TEXT, encrypt_type="aes", msg_signature=signed)) == "not_encrypted"


def test_edge_04_plain_mode_is_refused_without_its_switch():
    assert refused(request(TEXT), allow_plain=False) == "plain_mode"
    assert refused(request(TEXT, encrypt_type="raw"), allow_plain=False) == "plain_mode"


def test_edge_04_an_encrypted_body_without_encrypt_type_is_never_read_as_a_message():
    asked = sealed(TEXT, encrypt_type="", msg_signature="")
    assert refused(asked, allow_plain=False) == "plain_mode"
    assert isinstance(channel().receive(asked, START).events[0], UnknownEvent)


def test_edge_04_in_compatible_mode_only_the_decrypted_part_is_believed():
    extra = "<FromUserName>oFORGED</FromUserName><MsgType>text</MsgType><Content>forged</Content>"
    (found,) = channel().receive(sealed(TEXT, extra=extra), START).events
    assert (found.sender.value, found.text) == (OPENID, "路灯坏了")


@pytest.mark.parametrize("given", ["", "0" * 40, sha1(TOKEN, str(NOW), "n1")])
def test_edge_05_a_right_signature_does_not_excuse_a_wrong_msg_signature(given):
    assert refused(sealed(TEXT, msg_signature=given)) == "signature"


@pytest.mark.parametrize(
    "cipher",
    [
        "not base64!",
        "AAAA",
        base64.b64encode(bytes(16)).decode(),
        base64.b64encode(bytes(range(64))).decode(),
        encrypt(TEXT, app_id="wxanother"),
        encrypt(b"x" * 26, padding=b"?" * 15 + b"\x10"),
        encrypt(TEXT, key="q" * 43),
        "密文",
    ],
)
def test_edge_06_a_ciphertext_that_does_not_open_is_refused(cipher):
    body = f"<xml><Encrypt><![CDATA[{cipher}]]></Encrypt></xml>".encode()
    assert refused(signed_body(body, cipher)) == "undecryptable"


def test_edge_06_the_previous_key_opens_and_seals_the_answer():
    adapter = channel()
    found = adapter.receive(sealed(TEXT, key=OLD_KEY), START)
    answer = adapter.acknowledge(found, "收到")
    inner = answer.body.split(b"<Encrypt><![CDATA[")[1].split(b"]]>")[0].decode()
    assert "收到" in decrypt(inner, key=OLD_KEY).decode()
    assert unseal(inner, key_bytes(KEY), APP_ID) is None


def test_edge_06_without_any_key_an_encrypted_push_is_refused():
    assert refused(sealed(TEXT), aes_key=None, aes_key_previous="") == "undecryptable"


@pytest.mark.parametrize("body", [b"", b" ", b"\x00", b"<xml>", b"x" * 2_000_000])
def test_edge_07_an_empty_or_huge_body_is_refused_encrypted_and_kept_raw_plain(body):
    assert refused(request(body, encrypt_type="aes", msg_signature="0" * 40)) == "not_encrypted"
    assert isinstance(channel().receive(request(body), START).events[0], UnknownEvent)


@pytest.mark.parametrize(
    "bomb",
    [
        b"<xml>" + b"<a>" * 100_000,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"<xml>" + b"<a/>" * 100_000 + b"</xml>",
        b'<!DOCTYPE x [<!ENTITY a "' + b"l" * 1000 + b'">]><xml><Encrypt>&a;</Encrypt></xml>',
    ],
)
def test_edge_08_a_bomb_before_the_signature_check_costs_little(bomb):
    with counted() as work:
        assert refused(request(bomb, encrypt_type="aes", msg_signature="0" * 40)) == "not_encrypted"
    assert work.calls < 50_000, "fewer than the bomb has parts: it was not read to its end"
    assert work.peak < 4_000_000


def test_edge_09_a_json_push_is_read_sealed_and_plain():
    body = as_json(Content="你好")
    cipher = encrypt(body)
    outer = json.dumps({"ToUserName": GH, "Encrypt": cipher}).encode()
    for asked in (request(body), signed_body(outer, cipher)):
        (found,) = channel().receive(asked, START).events
        assert (found.text, found.sender.value) == ("你好", OPENID)


def test_edge_14_a_push_for_another_account_is_kept_and_not_read():
    adapter = channel(original_id="gh_ours")
    found = adapter.receive(request(TEXT), START)
    assert isinstance(found.events[0], UnknownEvent)
    assert found.events[0].name == "other_account"
    assert adapter.acknowledge(found, "x").body == b"success"


def test_the_payload_kept_is_the_decrypted_one():
    assert channel().receive(sealed(TEXT), START).payload == TEXT
    assert channel().receive(request(event("subscribe")), START).payload == event("subscribe")


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_recorded_vectors_open_as_their_source_says(vector):
    signed = signature(vector["token"], vector["timestamp"], vector["nonce"], vector["encrypt"])
    assert (signed == vector["msg_signature"]) is vector["signature_ok"]
    opened = unseal(vector["encrypt"], key_bytes(vector["encoding_aes_key"]), vector["appid"])
    right_app = vector["raw"]["receiveid"] == vector["appid"]
    assert opened == (vector["raw"]["plaintext"].encode() if right_app else None)


def test_what_we_seal_the_other_side_opens_and_finds_rightly_signed():
    body = seal("<xml>答复</xml>", key=key_bytes(KEY), app_id=APP_ID, token=TOKEN, timestamp=str(NOW), as_json=True)
    row = json.loads(body)
    assert decrypt(row["Encrypt"]).decode() == "<xml>答复</xml>"
    assert row["MsgSignature"] == sha1(TOKEN, str(row["TimeStamp"]), row["Nonce"], row["Encrypt"])


@pytest.mark.parametrize("key", ["", "short", "é" * 43, "a" * 44, "+" * 43])
def test_a_wrong_aes_key_is_refused_at_start_without_being_shown(key):
    if not key:
        assert channel(aes_key=key).config.aes_key is None
        return
    with pytest.raises(ValueError, match="43 letters") as caught:
        channel(aes_key=key)
    assert key not in str(caught.value)


def test_plain_mode_without_the_switch_and_an_open_line_are_reported_as_insecure():
    insecure = channel().Config.insecure
    assert insecure({"aes_key": KEY}) == []
    assert insecure({"allow_plain": "true"}) == []
    assert insecure({"aes_key": KEY, "api_base_url": "http://127.0.0.1:9000"}) == []
    assert insecure({})[0].startswith("AES_KEY: ")
    assert insecure({"aes_key": KEY, "api_base_url": "http://wx.example"})[0].startswith("API_BASE_URL: ")


def test_tables_of_templates_may_come_as_json_text():
    found = channel(templates='{"answered": "t"}', subscriptions="", template_fields='{"answered": {"a": "thing1"}}')
    assert (found.config.templates, found.config.subscriptions) == ({"answered": "t"}, {})
    with pytest.raises(ValueError, match="must be a JSON object"):
        channel(templates="{answered: t}")


@pytest.mark.parametrize("url", ["", "api.weixin.qq.com", "ftp://a", "https://"])
def test_a_base_address_that_is_none_is_refused_at_start(url):
    with pytest.raises(ValueError, match="must be an http"):
        channel(api_base_url=url)
