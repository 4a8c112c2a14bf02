"""Vectors of other people's implementations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import xmltodict

from simulator.wechat_crypto import BadCiphertext, Sealer, signature

VECTORS = {
    vector["name"]: vector
    for vector in json.loads((Path(__file__).parents[1] / "payloads" / "wechat_crypto.json").read_text())["vectors"]
}


@pytest.mark.parametrize("name", [name for name in VECTORS if VECTORS[name].get("encrypt")])
def test_signature_agrees_with_recorded_ones(name):
    vector = VECTORS[name]
    made = signature(vector["token"], vector["timestamp"], vector["nonce"], vector["encrypt"])
    assert (made == vector["msg_signature"]) == vector["signature_ok"]


def test_a_recorded_message_opens():
    vector = VECTORS["EasyWeChat decrypt"]
    sealer = Sealer(vector["encoding_aes_key"], vector["appid"])
    assert sealer.open(vector["encrypt"]).decode() == vector["plaintext"]


def test_the_same_salt_gives_the_recorded_ciphertext():
    vector = VECTORS["wechatpy reply encryption (random 1234567890123456)"]
    sealer = Sealer(vector["encoding_aes_key"], vector["appid"])
    sealed = sealer.seal(vector["plaintext"].encode(), vector["random"].encode())
    assert sealed == xmltodict.parse(vector["encrypted_xml"])["xml"]["Encrypt"]


@pytest.mark.parametrize("sealed", ["", "not base64!", "QUJD", "QUJDREVGR0hJSktMTU5PUA=="])
def test_garbage_does_not_open(sealed):
    vector = VECTORS["EasyWeChat decrypt"]
    with pytest.raises(BadCiphertext):
        Sealer(vector["encoding_aes_key"], vector["appid"]).open(sealed)


def test_a_message_for_another_account_does_not_open():
    vector = VECTORS["EasyWeChat decrypt"]
    with pytest.raises(BadCiphertext, match="another app id"):
        Sealer(vector["encoding_aes_key"], "wx0000000000000000").open(vector["encrypt"])
