"""What goes out, and every way WeChat says no (edge cases 24-31)."""

from __future__ import annotations

import json
import logging
import socket
import threading
from pathlib import Path

import pytest
import requests
import responses

from adapters._wechat.errors import ERRORS, RETRY_AFTER
from bot.edge.errors import (
    Ambiguous,
    Misconfigured,
    RateLimited,
    RecipientGone,
    Refused,
    SendError,
    Temporary,
    WindowClosed,
)
from bot.edge.messages import OutboundMessage, Way
from tests.kit.fakes import FakeClock, fake_services
from tests.kit.wechat_kit import (
    APP_ID,
    BASE,
    CUSTOM,
    OK,
    OPENID,
    TEXT,
    TO,
    TOKEN_URL,
    body,
    calls,
    channel,
    issue_token,
)

TEMPLATE = f"{BASE}/message/template/send"
BIZSEND = f"{BASE}/message/subscribe/bizsend"
NOTICE = OutboundMessage(
    TO,
    Way.TEMPLATE,
    template="answered",
    fields={
        "number": "2611230042",
        "unit": "市容环境卫生管理局环境卫生监督管理科办公室主任值班室",
        "due": "2026年11月27日",
    },
    url="https://wz.test/i/x",
    once="out-17",
)
ERRMSG = json.loads((Path(__file__).parents[1] / "payloads/wechat_errcodes.json").read_text())["mp"]


@pytest.fixture
def web():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def caught(message: OutboundMessage = TEXT, **settings: object) -> SendError:
    with pytest.raises(SendError) as found:
        channel(**settings).send(message)
    return found.value


# -- what is sent ---------------------------------------------------------------------------------


def test_a_text_goes_out_as_customer_service_message(web):
    issue_token(web)
    web.post(CUSTOM, json=OK)
    assert channel().send(TEXT).parts == 1
    (call,) = calls(web, CUSTOM)
    assert body(call) == {"touser": OPENID, "msgtype": "text", "text": {"content": TEXT.text}}
    assert "您的来信".encode() in call.body  # WeChat shows \\uXXXX as it stands
    assert call.url.endswith("?access_token=T1")
    assert body(calls(web, TOKEN_URL)[0]) == {
        "grant_type": "client_credential",
        "appid": APP_ID,
        "secret": "s3cretvalue",
        "force_refresh": False,
    }
    assert "access_token" not in calls(web, TOKEN_URL)[0].url


def test_a_long_text_goes_in_parts_in_order(web):
    issue_token(web)
    web.post(CUSTOM, json=OK)
    text = "".join(f"第{n}条：已安排处理。\n" for n in range(150))
    assert channel().send(OutboundMessage(TO, Way.CUSTOMER_SERVICE, text=text)).parts == 3
    sent = [body(call)["text"]["content"] for call in calls(web, CUSTOM)]
    assert "\n".join(sent) == text.strip()
    assert all(len(part.encode()) <= 2048 for part in sent)


@pytest.mark.parametrize(("text", "code"), [("", "44004"), (" \x00", "44004"), ("问" * 4000, "45002")])
def test_a_text_wechat_would_refuse_makes_no_call(web, text, code):
    assert caught(OutboundMessage(TO, Way.CUSTOMER_SERVICE, text=text)).code == code
    assert not web.calls


def test_trouble_after_the_first_part_is_ambiguous(web):
    issue_token(web)
    web.post(CUSTOM, json=OK)
    web.post(CUSTOM, json={"errcode": -1, "errmsg": "system error"})
    assert isinstance(caught(OutboundMessage(TO, Way.CUSTOMER_SERVICE, text="问" * 900)), Ambiguous)


def test_edge_30_a_template_message_is_fitted_and_carries_its_idempotency_key(web):
    issue_token(web)
    web.post(TEMPLATE, json=OK | {"msgid": 200228332})
    assert channel().send(NOTICE).external_id == "200228332"
    (call,) = calls(web, TEMPLATE)
    assert body(call) == {
        "touser": OPENID,
        "template_id": "tpl-1",
        "url": "https://wz.test/i/x",
        "client_msg_id": "out-17",
        "data": {
            "character_string1": {"value": "2611230042"},
            "thing2": {"value": "市容环境卫生管理局环境卫生监督管理科办…"},
            "time3": {"value": "2026年11月27日"},
        },
    }


def test_a_subscription_notice_has_its_own_template_page_and_fields(web):
    issue_token(web)
    web.post(BIZSEND, json=OK | {"msgid": 1700827132819554304})
    notice = OutboundMessage(
        TO, Way.SUBSCRIPTION, template="answered", fields={"unit": "城管局"}, url="https://wz.test/i"
    )
    sent = channel(subscription_fields={"answered": {"unit": "thing9", "state": "phrase1"}}).send(notice)
    assert sent.external_id == "1700827132819554304"
    assert body(calls(web, BIZSEND)[0]) == {
        "touser": OPENID,
        "template_id": "sub-1",
        "page": "https://wz.test/i",
        "data": {"thing9": {"value": "城管局"}, "phrase1": {"value": "无"}},
    }


def test_can_send_says_what_is_missing():
    adapter = channel(subscriptions={})
    assert adapter.can_send(Way.CUSTOMER_SERVICE) == adapter.can_send(Way.TEMPLATE, "answered") == ""
    assert adapter.can_send(Way.TEMPLATE, "other") == adapter.can_send(Way.SUBSCRIPTION) == "no template id"
    assert adapter.can_send(Way.SMS) == "unsupported"
    assert channel().subscription_id("answered") == "sub-1"
    assert channel().subscription_id("other") == ""


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        (OutboundMessage(TO, Way.SMS, text="x"), Refused),
        (OutboundMessage(TO, Way.PASSIVE, text="x"), Refused),
        (OutboundMessage(TO, Way.TEMPLATE, template="other"), Misconfigured),
        (OutboundMessage(TO, Way.TEMPLATE), Misconfigured),
        (OutboundMessage(TO, Way.CUSTOMER_SERVICE, text=None), Ambiguous),  # type: ignore[arg-type]
    ],
)
def test_what_cannot_go_out_raises_a_send_error_and_calls_nobody(web, message, kind):
    assert isinstance(caught(message), kind)
    assert not web.calls


def test_limits_are_settings():
    limits = channel(message_quota=20, longest_bytes=600).limits
    assert (limits.window.message_quota, limits.longest, limits.passive_longest) == (20, 600, 600)
    assert channel().limits.window.message_quota == 5


# -- what WeChat answers --------------------------------------------------------------------------

EXPECTED = {
    -1: Temporary,
    45015: WindowClosed,
    45047: WindowClosed,
    43004: RecipientGone,
    50005: RecipientGone,
    43019: RecipientGone,
    40003: RecipientGone,
    48002: Refused,
    43101: Refused,
    47003: Refused,
    45002: Refused,
    99999: Refused,
    48001: Misconfigured,
    48004: Misconfigured,
    48008: Misconfigured,
    40164: Misconfigured,
    40125: Misconfigured,
    40013: Misconfigured,
    89503: Misconfigured,
    50002: Misconfigured,
    40037: Misconfigured,
    45009: RateLimited,
    45011: RateLimited,
}


@pytest.mark.parametrize("code", EXPECTED)
def test_edge_26_28_29_31_each_errcode_has_its_class(web, code):
    issue_token(web)
    web.post(CUSTOM, json={"errcode": code, "errmsg": ERRMSG.get(str(code), "?")})
    error = caught()
    assert (type(error), error.code) == (EXPECTED[code], str(code))
    assert len(calls(web, CUSTOM)) == 1


def test_every_rate_limit_in_the_table_says_how_long_to_wait():
    assert {code for code, (kind, _) in ERRORS.items() if kind is RateLimited} == set(RETRY_AFTER)


def test_edge_27_an_errcode_that_is_text_is_read_as_a_number(web):
    issue_token(web)
    web.post(CUSTOM, json={"errcode": "0"})
    web.post(CUSTOM, json={"errcode": "45015"})
    adapter = channel()
    assert adapter.send(TEXT).parts == 1
    with pytest.raises(WindowClosed):
        adapter.send(TEXT)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"body": "<html>502</html>", "content_type": "text/html"}, Ambiguous),
        ({"body": ""}, Ambiguous),
        ({"body": "[]"}, Ambiguous),
        ({"body": "null"}, Ambiguous),
        ({"json": {}}, Ambiguous),
        ({"json": {"errcode": "many"}}, Ambiguous),
        ({"json": {"errcode": None}}, Ambiguous),
        ({"json": {"errcode": [1]}}, Ambiguous),
        ({"json": {"base_resp": 3}}, Ambiguous),
        ({"status": 302, "headers": {"location": "https://evil.test/"}}, Temporary),
        ({"status": 500, "body": "x"}, Temporary),
        ({"status": 502, "body": "<html>"}, Temporary),
        ({"status": 429}, RateLimited),
        ({"status": 404}, Misconfigured),
        ({"body": requests.ReadTimeout("x")}, Ambiguous),
        ({"body": requests.ConnectTimeout("x")}, Temporary),
        ({"body": requests.ConnectionError("reset")}, Ambiguous),
        ({"body": requests.exceptions.ChunkedEncodingError("x")}, Ambiguous),
        ({"body": requests.exceptions.SSLError("x")}, Temporary),
        ({"body": requests.exceptions.InvalidURL("x")}, Misconfigured),
        ({"body": requests.exceptions.ContentDecodingError("x")}, Ambiguous),
        ({"body": RuntimeError("x")}, Ambiguous),
    ],
)
def test_edge_27_odd_answers_are_ambiguous_only_when_the_message_may_have_gone(web, answer, kind):
    issue_token(web)
    web.post(CUSTOM, **answer)
    assert type(caught()) is kind
    assert len(calls(web, CUSTOM)) == 1


@pytest.mark.parametrize(
    "answer",
    [{"body": "<html>"}, {"body": requests.ReadTimeout("x")}, {"status": 503}, {"json": {"expires_in": 1}}],
)
def test_edge_27_the_token_call_may_be_repeated_whatever_went_wrong(web, answer):
    web.post(TOKEN_URL, **answer)
    assert type(caught()) is Temporary
    assert not calls(web, CUSTOM)


def test_a_closed_port_is_temporary_and_a_reset_after_the_request_is_ambiguous():
    with socket.create_server(("127.0.0.1", 0)) as closing:
        port = closing.getsockname()[1]
    services = fake_services(FakeClock())
    adapter = channel(services, api_base_url=f"http://127.0.0.1:{port}")
    services.cache.set(adapter._tokens._key, json.dumps({"token": "T", "at": 0}), 600)
    with pytest.raises(Temporary):
        adapter.send(TEXT)
    with socket.create_server(("127.0.0.1", port)) as server:
        thread = threading.Thread(target=_read_and_hang_up, args=(server,))
        thread.start()
        with pytest.raises(Ambiguous):
            adapter.send(TEXT)
        thread.join()


def test_no_log_line_at_any_level_holds_the_token_the_openid_or_the_text(caplog):
    caplog.set_level(logging.DEBUG)
    services = fake_services(FakeClock())
    with socket.create_server(("127.0.0.1", 0)) as server:
        adapter = channel(services, api_base_url=f"http://127.0.0.1:{server.getsockname()[1]}")
        services.cache.set(adapter._tokens._key, json.dumps({"token": "T1secret", "at": 0}), 600)
        thread = threading.Thread(target=_answer_ok, args=(server,))
        thread.start()
        assert adapter.send(TEXT).parts == 1
        thread.join()
    assert not any(word in caplog.text for word in ("T1secret", OPENID, TEXT.text))


def _answer_ok(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)
        head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 13\r\n\r\n"
        connection.sendall(head + b'{"errcode":0}')


def _read_and_hang_up(server: socket.socket) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(65536)


def test_edge_30_a_refused_field_alarms_with_its_name_only(web):
    issue_token(web)
    web.post(
        TEMPLATE,
        json={"errcode": 47003, "errmsg": "argument invalid! data.thing2.value invalid rid: 6685312c"},
    )
    services = fake_services()
    with pytest.raises(Refused) as found:
        channel(services).send(NOTICE)
    assert found.value.detail == "template field not valid: thing2"
    assert services.alarms.raised[0][0] == "wechat_field:wechat:answered"


def test_no_error_shows_a_secret_an_openid_or_the_text(web):
    issue_token(web, "T1secret")
    url = f"{CUSTOM}?access_token=T1secret&touser={OPENID}"
    web.post(CUSTOM, body=requests.ConnectionError(f"Max retries exceeded with url: {url}"))
    error = caught()
    shown = f"{error} {error.detail} {error!r} {error.__cause__}"
    assert error.__suppress_context__
    assert not any(word in shown for word in ("T1secret", OPENID, "s3cretvalue", TEXT.text))
