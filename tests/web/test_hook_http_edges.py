"""What only a real socket shows: sizes, slow bodies, and that WeChat is never answered with a page."""

from __future__ import annotations

import select
import socket
import time
from urllib.parse import urlencode, urlsplit

import pytest

from tests.edge.rig import LAMP, number_in
from tests.kit import twilio_calls
from tests.kit import wechat_kit as kit
from tests.kit.serving import Served, serve

pytestmark = pytest.mark.integration

ANY_DAY = r"\d\d-\d{4}"  # a real server lives on the machine's time


@pytest.fixture(scope="module")
def app(tmp_path_factory):
    with serve(tmp_path_factory.mktemp("http")) as served:
        yield served


@pytest.fixture(autouse=True)
def _empty(app):
    app.forget()


def query(**more: str) -> dict[str, str]:
    stamp, nonce = str(int(time.time())), str(time.monotonic_ns())
    return {"timestamp": stamp, "nonce": nonce, "signature": kit.sha1(kit.TOKEN, stamp, nonce), **more}


def test_edge_03_the_address_check_is_answered_as_plain_text_even_with_tags(app):
    answer = app.http.get(f"{app.base}/hooks/wechat", params=query(echostr="<b>7</b>"), timeout=10)
    assert (answer.status_code, answer.content) == (200, b"<b>7</b>")
    assert answer.headers["content-type"].startswith("text/plain")
    assert app.http.get(f"{app.base}/hooks/wechat", params=query(), timeout=10).status_code == 400
    assert app.stored() == {}


def test_edge_07_a_body_announced_with_50_mb_is_refused_unread(app):
    with connect(app) as line:
        line.sendall(head("/hooks/wechat", f"Content-Length: {50 * 1024 * 1024}"))
        assert b" 413 " in line.recv(4096).split(b"\r\n")[0]
    assert app.stored() == {}


def test_edge_07_a_chunked_body_that_does_not_end_is_cut_off(app):
    with connect(app) as line:
        line.sendall(head("/hooks/wechat", "Transfer-Encoding: chunked"))
        chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
        answer = send_until_answered(line, chunk)
        assert b" 413 " in answer.split(b"\r\n")[0]
        assert b"<html" not in answer.lower()
    assert app.stored() == {}


@pytest.mark.parametrize("size", [1, 7, 100, 5000])
def test_edge_07_a_body_in_chunks_of_any_size_is_read_to_its_end(app, size):
    body = kit.xml(Content=LAMP * 100)
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    answer = app.http.post(f"{app.base}/hooks/wechat", data=iter(pieces), params=query(), timeout=10)
    assert answer.status_code == 200
    assert app.stored()["inquiries"] == 1


def test_edge_07_an_empty_body_is_refused_sealed_and_kept_plain(app):
    assert app.post("/hooks/wechat", b"", params=query(encrypt_type="aes", msg_signature="0" * 40)).status_code == 403
    assert app.stored() == {}
    assert app.post("/hooks/wechat", b"", params=query()).content == b"success"
    assert app.stored()["inbox"] == 1


def is_ended(line):
    """Whether the server has answered or closed a connection."""
    return bool(select.select([line], [], [], 0)[0])


def test_edge_07_slow_senders_do_not_keep_a_citizen_waiting(app):
    lines = [connect(app) for _ in range(20)]
    try:
        for line in lines:
            line.sendall(head("/hooks/wechat?" + urlencode(query()), "Content-Length: 1000") + b"<xml>")
        answer = app.post("/hooks/wechat", kit.xml(Content=LAMP), params=query())
        assert answer.status_code == 200
        assert [line for line in lines if is_ended(line)] == [], "answered while all of them still send"
        assert app.stored()["inquiries"] == 1
    finally:
        for line in lines:
            line.close()
    assert app.stored()["inbox"] == 1, "a body that broke off is nobody's message"


def test_edge_11_a_sealed_text_of_20_000_characters_is_taken(app):
    text = "路灯坏了" * 5_000
    made = kit.sealed(kit.xml(Content=text))
    stamp, nonce = str(int(time.time())), "long"
    params = {"timestamp": stamp, "nonce": nonce, "signature": kit.sha1(kit.TOKEN, stamp, nonce),
              "encrypt_type": "aes",
              "msg_signature": kit.sha1(kit.TOKEN, stamp, nonce, cipher_of(made.body))}  # fmt: skip
    assert app.post("/hooks/wechat", made.body, params=params).status_code == 200
    assert app.stored()["inquiries"] == 1


def cipher_of(body: bytes) -> str:
    return body.decode().split("<Encrypt><![CDATA[")[1].split("]]>")[0]


def test_edge_32_a_form_over_the_limit_or_by_get_is_refused_and_not_stored(app):
    big = twilio_calls.signed(twilio_calls.message(Body="x" * 200_000), url=app.public + "/hooks/twilio")
    assert app.post("/hooks/twilio", big.body, headers=dict(big.headers)).status_code == 413
    many = twilio_calls.signed(urlencode([(f"F{n}", "1") for n in range(500)]), url=app.public + "/hooks/twilio")
    assert app.post("/hooks/twilio", many.body, headers=dict(many.headers)).status_code == 413
    assert app.http.get(f"{app.base}/hooks/twilio", timeout=10).status_code == 405
    assert app.stored() == {}


@pytest.mark.parametrize("host", ["wz.example.gov.cn", "WZ.EXAMPLE.GOV.CN", "attacker.example", "127.0.0.1"])
def test_edge_32_the_signature_is_checked_over_our_own_address_not_the_host_header(app, host):
    made = twilio_calls.signed(twilio_calls.message(), url=app.public + "/hooks/twilio")
    answer = app.post("/hooks/twilio", made.body, headers={**made.headers, "Host": host})
    assert answer.status_code == 200
    foreign = twilio_calls.signed(twilio_calls.message(), url="https://attacker.example/hooks/twilio")
    assert app.post("/hooks/twilio", foreign.body, headers={**foreign.headers, "Host": host}).status_code == 403


def test_edge_61_nothing_a_platform_can_ask_is_answered_with_a_page_a_redirect_or_json(app):
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"):
        for path in ("/hooks/wechat", "/hooks/wechat/", "/hooks/wechat/status", "/hooks/nobody", "/hooks/twilio"):
            answer = app.http.request(method, app.base + path, allow_redirects=False, timeout=10)
            assert 400 <= answer.status_code < 500, (method, path)
            assert b"<" not in answer.content, (method, path, answer.content[:80])
            assert "json" not in answer.headers.get("content-type", "")
    assert app.stored() == {}


def test_edge_61_a_failure_of_our_own_is_an_empty_500_and_the_repeat_is_taken(app):
    router, calendar = app.deps.router, app.deps.calendar
    body, params = kit.xml(Content=LAMP), query()
    app.deps.calendar = lambda: 1 / 0
    try:
        answer = app.post("/hooks/wechat", body, params=params)
    finally:
        app.deps.router, app.deps.calendar = router, calendar
    assert (answer.status_code, answer.content) == (500, b"")
    assert app.stored() == {}
    assert number_in(app.post("/hooks/wechat", body, params=params).text, ANY_DAY)


def connect(app: Served) -> socket.socket:
    parts = urlsplit(app.base)
    return socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10)


def head(target: str, *headers: str) -> bytes:
    lines = (f"POST {target} HTTP/1.1", "Host: wz.example.gov.cn", "Content-Type: text/xml", *headers, "", "")
    return "\r\n".join(lines).encode()


def send_until_answered(line: socket.socket, chunk: bytes) -> bytes:
    """At most 6 MB; the server may answer and close at any moment."""
    line.settimeout(0.05)
    for _ in range(200):
        try:
            line.sendall(chunk)
            return line.recv(65536)
        except TimeoutError:
            continue
        except (BrokenPipeError, ConnectionResetError):
            break
    line.settimeout(5)
    return line.recv(65536)
