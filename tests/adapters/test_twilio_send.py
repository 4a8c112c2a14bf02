from __future__ import annotations

import socket
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest
import requests
import responses
from pydantic import ValidationError

from adapters.kit.registry import config_from_env
from adapters.twilio import Twilio, TwilioConfig
from bot.edge.errors import (
    Ambiguous,
    MediaError,
    Misconfigured,
    RateLimited,
    Refused,
    SendError,
    Temporary,
)
from bot.edge.messages import Address, Kind, MediaRef, OutboundMessage, Way
from tests.contract import CURRENT
from tests.kit.twilio_calls import ACCOUNT, CITIZEN, MESSAGES, OURS, SID, TOKENS, channel

MAINLAND = Address("sms", "+8619900001234")
PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 40


def sms(text="已办结", to=CITIZEN, scheme="sms"):
    return OutboundMessage(to=Address(scheme, to), way=Way.SMS, text=text, once="k1")


def sent_form(one, message):
    with responses.RequestsMock() as mock:
        mock.post(MESSAGES, json={"sid": SID, "status": "queued"}, status=201)
        result = one.send(message)
        form = {name: values[0] for name, values in parse_qs(mock.calls[0].request.body).items()}
        return result, form, mock.calls[0].request


def test_a_text_is_posted_with_number_and_callback():
    callback = "https://wz.example.gov.cn/hooks/twilio/status"
    result, form, request = sent_form(channel(status_callback=callback), sms("中" * 71))
    assert (result.external_id, result.parts) == (SID, 2)
    assert form == {"To": CITIZEN, "From": OURS, "Body": "中" * 71, "StatusCallback": callback}
    assert request.headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    ("settings", "message", "expected"),
    [
        ({"messaging_service_sid": "MG1"}, sms(), {"MessagingServiceSid": "MG1"}),
        ({"messaging_service_sid": "MG1", "from_": ""}, sms(), {"MessagingServiceSid": "MG1"}),
        ({}, sms(scheme="whatsapp"), {"From": f"whatsapp:{OURS}", "To": f"whatsapp:{CITIZEN}"}),
    ],
)
def test_the_sender_is_service_or_number(settings, message, expected):
    _, form, _ = sent_form(channel(**settings), message)
    assert form == {"To": CITIZEN, "Body": "已办结", **expected}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (sms(""), "empty_text"),
        (sms(" \n"), "empty_text"),
        (sms("中" * 537), "too_long"),
        (sms(to="oABC", scheme="wechat"), "unsupported"),
        (sms("见 https://wz.example.gov.cn/i/1", to=MAINLAND.value), "link_to_mainland"),
        (sms("见 wz.example.gov.cn", to=MAINLAND.value), "link_to_mainland"),
    ],
)
def test_what_must_not_go_out_is_refused_without_a_call(message, code):
    with responses.RequestsMock(), pytest.raises(Refused) as caught:
        channel().send(message)
    assert caught.value.code == code


def test_links_go_where_they_are_allowed():
    text = "https://wz.example.gov.cn/i/1"
    assert sent_form(channel(), sms(text))[1]["Body"] == text
    assert sent_form(channel(links_to_mainland=True), sms(text, to=MAINLAND.value))[1]["Body"] == text
    assert channel().links_to(MAINLAND) == "none"
    assert channel().links_to(Address("sms", "+85251230000")) == "any"


def raised(**answer):
    with responses.RequestsMock() as mock:
        mock.post(MESSAGES, **answer)
        with pytest.raises(SendError) as caught:
            channel().send(sms())
    return caught.value


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [({"Retry-After": "7"}, 7), ({}, 30), ({"Retry-After": "0"}, 1), ({"Retry-After": "999999"}, 3600),
     ({"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30), ({"Retry-After": "-1"}, 30)],
)  # fmt: skip
@pytest.mark.parametrize("body", ['{"code": 20429}', "<html>slow down</html>"])
def test_too_many_requests_says_when_to_come_back(headers, seconds, body):
    error = raised(status=429, headers=headers, body=body)
    assert type(error) is RateLimited
    assert error.retry_after == seconds


@pytest.mark.parametrize(
    ("status", "body", "expected", "code"),
    [
        (401, "", Misconfigured, "401"),
        (403, "<html>", Misconfigured, "403"),
        (404, '{"status": 404}', Misconfigured, "404"),
        (500, "", Ambiguous, "500"),
        (503, '{"code": 20500, "message": "x"}', Ambiguous, "20500"),
        (400, '{"code": 12345}', SendError, "12345"),
        (400, '{"code": "21610"}', None, "21610"),
        (422, '{"type": "t", "title": "t", "status": 422, "code": 21211}', None, "21211"),
        (400, '{"code": "drop table"}', SendError, "400"),
        (400, '{"code": {"a": 1}}', SendError, "400"),
        (302, "", SendError, "302"),
        (201, "<html>welcome</html>", Ambiguous, "bad_answer"),
        (201, "{}", Ambiguous, "bad_answer"),
        (200, "", Ambiguous, "bad_answer"),
    ],
)
def test_every_answer_is_one_of_our_errors(status, body, expected, code):
    error = raised(status=status, body=body)
    assert error.code == code
    assert type(error) is expected if expected else error.failure.value == "recipient_gone"


def test_a_closed_port_is_temporary_for_nothing_was_sent():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    with pytest.raises(Temporary, match="no_connection"):
        channel(api_base_url=f"http://127.0.0.1:{port}").send(sms())


def test_an_unknown_host_is_temporary_for_nothing_was_sent():
    with pytest.raises(Temporary, match="no_connection"):
        channel(api_base_url="https://twilio.invalid").send(sms())


def test_a_connection_closed_after_the_request_is_ambiguous():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def slam():
            connection, _ = server.accept()
            connection.recv(65536)
            connection.close()

        thread = threading.Thread(target=slam)
        thread.start()
        with pytest.raises(Ambiguous, match="no_answer"):
            channel(api_base_url=f"http://127.0.0.1:{server.getsockname()[1]}").send(sms())
        thread.join()


def test_the_configured_base_url_is_called_and_the_environment_is_not_asked(monkeypatch):
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    url = MESSAGES.replace("https://api.twilio.com", "https://far.example/twilio")
    with responses.RequestsMock() as mock:
        mock.post(url, json={"sid": SID}, status=201)
        assert channel(api_base_url="https://far.example/twilio/").send(sms()).external_id == SID


class Accepting(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = b'{"sid": "SM-by-wire"}'
        self.send_response(201)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with HTTPServer(("127.0.0.1", 0), Accepting) as server:
        server.timeout = 5
        thread = threading.Thread(target=server.handle_request, daemon=True)
        thread.start()
        one = channel(api_base_url=f"http://127.0.0.1:{server.server_port}")
        assert one.send(sms()).external_id == "SM-by-wire"
        one.client.http_client.session.close()
        thread.join()


def test_each_call_has_a_time_limit():
    with responses.RequestsMock() as mock:
        mock.post(MESSAGES, json={"sid": SID}, status=201)
        channel().send(sms())
        assert mock.calls[0].request.req_kwargs["timeout"] == (5.0, 10.0)


# -- media -------------------------------------------------------------------------------------------

MEDIA = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}/Messages/MM1/Media/ME1"
STORE = "https://8.8.8.8/store/ME1"  # an address, so that no name is looked up


@pytest.fixture
def names(monkeypatch):
    """api.twilio.com is the provider and needs no look-up; nothing else may be looked up."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, port, **_: [(2, 1, 6, "", (host, port))])


def fetch(mocked, *, url=MEDIA):
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for address, answer in mocked.items():
            mock.get(address, **answer)
        try:
            media = channel().fetch_media(MediaRef(url, Kind.IMAGE))
        finally:
            fetch.requests = [call.request for call in mock.calls]
        return media


def test_media_is_fetched_with_the_password_and_the_redirect_without_it(names):
    media = fetch(
        {MEDIA: {"status": 307, "headers": {"Location": STORE}}, STORE: {"body": PNG, "content_type": "image/png"}}
    )
    assert (media.content, media.content_type) == (PNG, "image/png")
    assert ["Authorization" in request.headers for request in fetch.requests] == [True, False]


@pytest.mark.parametrize(
    ("answer", "code", "permanent"),
    [
        ({"body": "<html>gone</html>", "content_type": "image/png"}, "not_media", True),
        ({"body": '{"code": 20404}', "content_type": "application/json"}, "not_media", True),
        ({"body": '{"code": 20404}', "content_type": "video/mp4"}, "not_media", True),
        ({"body": b"", "content_type": "image/png"}, "empty", True),
        ({"body": PNG + b"x" * (10 * 1024 * 1024), "content_type": "image/png"}, "too_large", True),
        ({"status": 404}, "http_404", True),
        ({"status": 401}, "http_401", False),
        ({"status": 503}, "http_503", False),
        ({"body": requests.ReadTimeout("x")}, "ReadTimeout", False),
        ({"status": 302, "headers": {"Location": MEDIA}}, "too_many_redirects", True),
        ({"status": 302, "headers": {"Location": "http://127.0.0.1/x"}}, "internal_address", True),
        ({"status": 302, "headers": {"Location": "http://10.1.2.3/x"}}, "internal_address", True),
        ({"status": 302, "headers": {"Location": "file:///etc/passwd"}}, "bad_url", True),
        ({"status": 302, "headers": {"Location": "https://[oops/"}}, "bad_url", True),
    ],
)
def test_what_is_no_media_is_an_error(names, answer, code, permanent):
    with pytest.raises(MediaError) as caught:
        fetch({MEDIA: answer})
    assert (caught.value.code, caught.value.permanent) == (code, permanent)


@pytest.mark.parametrize(
    ("body", "said", "seen"),
    [
        (b"\xff\xd8\xff\xe0" + b"\0" * 9, "application/octet-stream", "image/jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp", "image/webp"),
        (b"\0\0\0\x18ftypheic", "image/heic", "image/heic"),
        (b"#!AMR\n\x3c", "audio/amr; rate=8000", "audio/amr"),
        (b"\0\0\0\x18ftypmp42", "video/mp4", "video/mp4"),
    ],
)
def test_the_type_is_what_the_bytes_say(names, body, said, seen):
    assert fetch({MEDIA: {"body": body, "content_type": said}}).content_type == seen


def test_another_port_of_the_providers_host_gets_no_password(names):
    other = "https://8.8.8.8:8443/x"
    fetch({other: {"body": PNG, "content_type": "image/png"}}, url=other)
    assert "Authorization" not in fetch.requests[0].headers


# -- settings and check ------------------------------------------------------------------------------

ACCOUNT_URL = f"https://api.twilio.com/2010-04-01/Accounts/{ACCOUNT}.json"


def checked(**answer):
    with responses.RequestsMock() as mock:
        mock.get(ACCOUNT_URL, **answer)
        return channel().check()


def test_check_asks_for_the_account():
    assert checked(json={"sid": ACCOUNT, "status": "active"}) == "account is active"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"json": {"code": 20003}, "status": 401}, "20003"),
        ({"json": {"code": 20404}, "status": 404}, "20404"),
        ({"json": {"status": "suspended"}}, "account_not_active"),
        ({"body": "<html>"}, "bad_answer"),
    ],
)
def test_check_says_what_is_wrong(answer, code):
    with pytest.raises(Misconfigured) as caught:
        checked(**answer)
    assert caught.value.code == code


def test_a_sender_is_required():
    with pytest.raises(ValidationError, match="FROM"):
        TwilioConfig(account_sid="AC1", auth_token="t")


@pytest.mark.parametrize(
    ("given", "used"), [("+1 (202) 555-0100", OURS), ("CHENGHUA", "CHENGHUA"), ("384387", "384387")]
)
def test_the_sending_number_may_be_noted_as_people_do(given, used):
    assert sent_form(channel(from_=given), sms())[1]["From"] == used


def test_settings_are_read_from_the_environment():
    env = {"HOTLINE_ACCOUNT_SID": "AC1", "HOTLINE_AUTH_TOKEN": TOKENS[CURRENT], "HOTLINE_FROM": OURS,
           "HOTLINE_ALSO_TO": '["+12025550111"]', "HOTLINE_LINKS_TO_MAINLAND": "yes"}  # fmt: skip
    config, errors = config_from_env(Twilio, "hotline", env)
    assert errors == []
    assert (config.from_, config.also_to, config.links_to_mainland) == (OURS, ["+12025550111"], True)


@pytest.mark.parametrize(
    ("url", "lines"),
    [("https://api.twilio.com", 0), ("http://127.0.0.1:9000", 0), ("http://api.twilio.com", 1)],
)
def test_a_password_over_plain_http_is_insecure(url, lines):
    assert len(TwilioConfig.insecure({"api_base_url": url})) == lines
