from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from adapters._twilio.signature import body_matches, matches, url_variants
from adapters.kit.base import WebhookRequest
from bot.edge.errors import WebhookRejected
from tests.contract import CURRENT
from tests.kit.fakes import START
from tests.kit.twilio_calls import TOKENS, URL, channel, message, recorded, signed

VECTORS = recorded("twilio_signatures.json")["vectors"]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_the_official_vectors_are_judged_as_by_the_sdks(vector):
    one = channel(auth_token=vector["token"])
    request = vector_request(vector)
    assert vector["valid"]
    assert one.verify(request, START) is None
    with pytest.raises(WebhookRejected):
        one.verify(replace(request, body=request.body + b"x"), START)


def vector_request(vector) -> WebhookRequest:
    form = vector["params"] is not None
    body = urlencode([tuple(pair) for pair in vector["params"]]) if form else vector["body"]
    query = {"foo": "1", "bar": "2"}
    if not form:
        query["bodySHA256"] = vector["url"].rpartition("bodySHA256=")[2]
    kind = "application/x-www-form-urlencoded" if form else "application/json"
    headers = {"x-twilio-signature": vector["signature"], "content-type": kind}
    return WebhookRequest("POST", vector["url"], query, headers, body.encode())


@pytest.mark.parametrize(
    ("signed_url", "our_url"),
    [
        (URL, URL),
        ("https://wz.example.gov.cn:443/hooks/twilio", URL),
        (URL, "https://wz.example.gov.cn:443/hooks/twilio"),
        (URL, "https://wz.example.gov.cn:8443/hooks/twilio"),
        ("http://127.0.0.1:8000/hooks/twilio", "http://127.0.0.1:8000/hooks/twilio"),
        ("http://[::1]:8000/hooks/twilio", "http://[::1]:8000/hooks/twilio"),
        (URL, "https://WZ.Example.gov.cn/hooks/twilio"),
        (URL + "?b=2&a=1", URL + "?b=2&a=1"),
        (URL + "/", URL + "/"),
        (URL + "?x=%E4%B8%AD", URL + "?x=%E4%B8%AD"),
    ],
)
def test_the_port_may_be_named_or_not(signed_url, our_url):
    request = replace(signed(message(), url=signed_url), url=our_url)
    assert channel().receive(request, START).events


@pytest.mark.parametrize(
    "our_url",
    [
        "http://wz.example.gov.cn/hooks/twilio",
        URL + "/",
        URL + "?a=1",
        "https://other.example.gov.cn/hooks/twilio",
        "https://wz.example.gov.cn/hooks/hotline",
        "https://wz.example.gov.cn:99999/hooks/twilio",
        "https://[::1/hooks/twilio",
        "",
    ],
)
def test_another_url_is_another_signature(our_url):
    with pytest.raises(WebhookRejected, match="bad_signature"):
        channel().receive(replace(signed(message()), url=our_url), START)


def test_the_order_of_the_query_is_part_of_it():
    request = signed(message(), url=URL + "?a=1&b=2")
    with pytest.raises(WebhookRejected):
        channel().receive(replace(request, url=URL + "?b=2&a=1"), START)


@pytest.mark.parametrize("header", ["", "AAAA", "=", "中文", "\udcff", "x" * 100_000, "\0"])
def test_a_garbled_header_is_a_403(header):
    request = signed(message())
    garbled = replace(request, headers={**request.headers, "x-twilio-signature": header})
    with pytest.raises(WebhookRejected) as caught:
        channel().receive(garbled, START)
    assert caught.value.status == 403


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_only_post_is_taken(method):
    with pytest.raises(WebhookRejected) as caught:
        channel().receive(replace(signed(message()), method=method), START)
    assert caught.value.status == 405


@pytest.mark.parametrize("body", ["Body=" + "x" * 65_536, "&".join(f"f{n}=1" for n in range(201))])
def test_a_form_over_the_limits_is_refused_even_when_signed(body):
    with pytest.raises(WebhookRejected) as caught:
        channel().receive(signed(body), START)
    assert caught.value.status == 413


def test_an_empty_token_signs_nothing():
    digest = hmac.new(b"", (URL + "BodyX").encode(), hashlib.sha1).digest()
    headers = {"x-twilio-signature": base64.b64encode(digest).decode()}
    with pytest.raises(WebhookRejected):
        channel(auth_token_previous="").receive(WebhookRequest("POST", URL, {}, headers, b"Body=X"), START)


def test_a_json_body_without_its_hash_in_the_url_is_refused():
    request = signed(b"", kind="application/json")
    with pytest.raises(WebhookRejected, match="bad_body_hash"):
        channel().receive(replace(request, body=b'{"Body": "forged"}'), START)


def test_a_signed_json_body_is_kept_as_unknown():
    body = b'{"event": "x"}'
    url = f"{URL}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    headers = {
        "x-twilio-signature": RequestValidator(TOKENS[CURRENT]).compute_signature(url, {}),
        "content-type": "application/json",
    }
    query = {"bodySHA256": hashlib.sha256(body).hexdigest()}
    (event,) = channel().receive(WebhookRequest("POST", url, query, headers, body), START).events
    assert event.name == "no_sender"


def test_a_form_dressed_as_json_does_not_lose_its_signature():
    request = signed(message(), kind="text/plain")
    with pytest.raises(WebhookRejected):
        channel().receive(request, START)


@pytest.mark.parametrize("given", ["", "0" * 64, "中", "\udcff"])
def test_a_wrong_body_hash_does_not_match(given):
    assert not body_matches(given, b"x")


words = st.text(st.characters(codec="utf-8"), max_size=12)


@given(st.dictionaries(words, words, max_size=6), words.filter(bool))
def test_our_signature_is_the_sdks_over_any_fields(fields, token):
    theirs = RequestValidator(token).compute_signature(URL, fields)
    assert matches(theirs, [token], URL, fields.items())
    assert not matches(theirs, [token + "x"], URL, fields.items())


@given(st.text(max_size=40))
def test_no_url_breaks_the_variants(url):
    assert url in url_variants(url) or url_variants("https://" + url)
