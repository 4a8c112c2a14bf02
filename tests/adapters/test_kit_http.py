"""What every channel without an SDK leaves to ``adapters.kit``: calls, their failures, and reading JSON."""

from __future__ import annotations

import json
import socket

import pytest
import requests
import responses
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

from adapters.kit.http import http_session, post_json, retry_after, safe_code, transport_error
from adapters.kit.payload import json_object, storable, text_field
from bot.edge.errors import Ambiguous, Misconfigured, RateLimited, RecipientGone, Refused, SendError, Temporary

URL = "https://gateway.example/messages"
CODES = {"GONE": (RecipientGone, "no such number"), "FAST": (RateLimited, "too fast"), "7": (Refused, "filtered")}


def answer(**given):
    with responses.RequestsMock() as mock:
        mock.post(URL, **given)
        return post_json(URL, {"to": "x"})


@pytest.mark.parametrize(
    ("given", "code", "expected", "name"),
    [
        ({"status": 200, "body": "{}"}, "GONE", RecipientGone, "GONE"),
        ({"status": 400, "body": "{}"}, 7, Refused, "7"),
        ({"status": 200, "body": "{}"}, "NEW", SendError, "NEW"),
        ({"status": 200, "body": "<html>"}, "", Ambiguous, "bad_answer"),
        ({"status": 200, "body": "[]"}, None, Ambiguous, "bad_answer"),
        ({"status": 302, "headers": {"Location": URL}}, "", SendError, "http_302"),
        ({"status": 400}, "NEW", SendError, "NEW"),
        ({"status": 400}, "text with 电话 13900000000", SendError, "http_400"),
        ({"status": 401}, "", Misconfigured, "http_401"),
        ({"status": 403}, "", Misconfigured, "http_403"),
        ({"status": 404}, "", Misconfigured, "http_404"),
        ({"status": 429}, "", RateLimited, "http_429"),
        ({"status": 500}, "", Ambiguous, "http_500"),
        ({"status": 503}, "GONE", RecipientGone, "GONE"),
    ],
)
def test_an_answer_that_is_no_success_is_one_of_our_errors(given, code, expected, name):
    error = answer(**given).error(CODES, code)
    assert (type(error), error.code) == (expected, name)


@pytest.mark.parametrize(("said", "waits"), [("7", 7), ("0", 1), ("999999", 3600), ("soon", 30), ("-1", 30), ("", 30)])
def test_how_long_the_platform_asks_to_wait_is_bounded(said, waits):
    assert answer(status=429, headers={"Retry-After": said}).error(CODES, "FAST").retry_after == waits
    assert retry_after(None) == 30


REFUSED = requests.ConnectionError(MaxRetryError(None, URL, NewConnectionError(None, "refused")))
SLOW = requests.ConnectionError(MaxRetryError(None, URL, ConnectTimeoutError()))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (requests.ConnectTimeout("x"), Temporary),
        (requests.exceptions.SSLError("x"), Temporary),
        (REFUSED, Temporary),
        (SLOW, Temporary),
        (requests.exceptions.InvalidURL("x"), Misconfigured),
        (requests.exceptions.MissingSchema("x"), Misconfigured),
        (requests.ReadTimeout("x"), Ambiguous),
        (requests.ConnectionError("Connection aborted."), Ambiguous),
        (requests.exceptions.ChunkedEncodingError("x"), Ambiguous),
        (requests.RequestException(), Ambiguous),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.__name__,
)
def test_no_answer_is_temporary_only_where_nothing_can_have_left_us(error, expected):
    with pytest.raises(SendError) as caught:
        answer(body=error)
    assert type(caught.value) is expected
    assert URL not in repr(caught.value)


def test_a_call_that_only_asks_may_be_repeated_whatever_happened():
    assert type(transport_error(requests.ReadTimeout("x"), lost=Temporary)) is Temporary


def test_a_closed_port_and_an_unknown_host_are_temporary():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}", "https://gateway.invalid"):
        with pytest.raises(Temporary):
            post_json(url, {})


def test_what_is_posted_is_json_with_the_headers_given_and_any_text_can_be():
    with responses.RequestsMock() as mock:
        mock.post(URL, json={"id": "1"})
        got = post_json(URL, {"text": "路灯\ud83d"}, headers={"X-Key": "k"}, auth=("user", "word"))
        sent = mock.calls[0].request
    assert json.loads(sent.body) == {"text": "路灯\ud83d"}
    assert (sent.headers["Content-Type"], sent.headers["X-Key"]) == ("application/json", "k")
    assert sent.headers["Authorization"].startswith("Basic ")
    assert (got.ok, got.fields) == (True, {"id": "1"})


def test_a_session_keeps_no_cookie_of_one_account_for_another():
    with responses.RequestsMock() as mock, http_session() as session:
        mock.get(URL, headers={"Set-Cookie": "who=me"})
        session.get(URL)
        assert len(session.cookies) == 0


@pytest.mark.parametrize("given", [True, None, 1.5, {"a": 1}, "two words", "电话", "x" * 41, ""])
def test_what_is_no_code_is_not_kept_as_one(given):
    assert safe_code(given) == ""


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"7", b"[" * 20_000, b"\xff\xfe", "路".encode("gbk")])
def test_bytes_that_are_no_json_object_have_no_fields(body):
    assert json_object(body) == {}


def test_a_field_is_a_text_that_can_be_stored_or_nothing():
    fields = {"a": "路\0灯\ud83d", "b": 7, "c": None}
    assert [text_field(fields, name) for name in "abcd"] == ["路灯?", "", "", ""]
    assert storable("好的😀") == "好的😀"
