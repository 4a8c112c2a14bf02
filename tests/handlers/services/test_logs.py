"""Nothing personal reaches a log line, a metric or Redis: the whole way of a message is driven with the logs at
DEBUG, with providers, libraries and our own faults quoting what they should not.
"""

from __future__ import annotations

import io
import json
import logging
import sys
import threading
import time

import pytest
import responses
import structlog
from flask import Flask
from pydantic import SecretStr
from redis import Redis
from rq import Queue

import worker
from cli import valkey
from handlers.services.logs import clean, configure_logging, log_crashes
from handlers.services.metrics import StoredAlarms
from store.engine.redis import Waker, connect
from store.tables.inquiries import inquiries
from tests.edge.rig import PUBLIC_URL, SECRET, make_rig
from tests.kit import twilio_calls
from tests.kit import wechat_kit as kit
from tests.kit.world import WebSettings
from web.health import make_health
from web.hooks import make_hooks

PHONE = "+8619900000042"
OFFICER = "oOFFICER0000000000000000001"
TEXT = "建设路12号门前的路灯坏了三天"
ANSWER = "已派人更换灯泡，请您核实"
ACCESS = "74_AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"
SECRETS = (SECRET, "s3cretvalue", kit.TOKEN, kit.KEY, twilio_calls.TOKENS[twilio_calls.CURRENT], ACCESS)
PERSONAL = (PHONE, PHONE[1:], PHONE[3:], "19900000042", kit.OPENID, OFFICER, TEXT, "路灯", ANSWER, "灯泡", "停水")
LIBRARIES = (
    "urllib3.connectionpool",
    "rq.worker",
    "rq.job",
    "twilio.http_client",
    "wechatpy.client",
    "granian",
    "elsewhere",
)
LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)


@pytest.fixture
def lines(monkeypatch):
    """Gives what was logged since, each line parsed; logging is as it was afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setattr(logging, "raiseExceptions", True)
    configure_logging("DEBUG")
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers, root.level = before
    structlog.reset_defaults()


@pytest.fixture
def rig(tmp_path, sqlite_url):
    made = make_rig(tmp_path, sqlite_url, LOG_LEVEL="DEBUG", METRICS_TOKEN="sesame")
    made.deps.alarms = StoredAlarms(made.deps.store, made.clock)
    yield made
    made.deps.store.close()


def assert_nothing_told(found, *more):
    """``timestamp`` is left out: six digits of a microsecond can look like a code."""
    for line in found:
        told = json.dumps({name: value for name, value in line.items() if name != "timestamp"}, ensure_ascii=False)
        assert [secret for secret in (*PERSONAL, *SECRETS, *more) if secret in told] == []


@pytest.mark.integration
def test_the_way_of_a_message_leaves_no_trace_of_its_content(rig, lines, tmp_path):
    app = Flask("app")
    app.register_blueprint(make_hooks(rig.deps, PUBLIC_URL))
    app.register_blueprint(
        make_health(rig.deps, WebSettings(tmp_path, f"unix://{tmp_path}/nothing.sock", SecretStr("sesame")))
    )
    client = app.test_client()
    rig.officer("lamp", OFFICER)
    with responses.RequestsMock(assert_all_requests_are_fired=False) as web:
        web.post(kit.TOKEN_URL, json={"access_token": ACCESS, "expires_in": 7200})
        quoting = f"invalid {kit.OPENID} {TEXT} access_token={ACCESS} hint: [abc]"
        web.post(kit.CUSTOM, json={"errcode": 48001, "errmsg": quoting})
        web.post(
            twilio_calls.MESSAGES, status=400, json={"code": 21211, "message": f"'To' {PHONE} is not valid: {TEXT}"}
        )
        rig.wechat(TEXT)
        rig.bind_phone(PHONE)
        rig.sms(TEXT, From=PHONE)
        rig.route()
        rig.deliver()
        code, number = rig.rows(inquiries)[0].query_code, rig.rows(inquiries)[0].number
        rig.wechat(f"复 {number} {ANSWER}", who=OFFICER)
        rig.deliver()
        rig.wechat(f"进度 {number} {code}", who="oSTRANGER00000000000000001")

        rig.push(kit.xml(Content=TEXT), timestamp="1")  # refused
        rig.deps.calendar = explode
        for body in (kit.xml(Content=TEXT, MsgId="777"),):
            request = kit.request(body, at=int(rig.clock.now().timestamp()), nonce="n-broken")
            query = "&".join(f"{name}={value}" for name, value in request.query.items())
            assert client.post(f"/hooks/wechat?{query}", data=body).status_code == 500
    found = lines()
    assert {"webhook_failed", "alarm"} <= {line["event"] for line in found}
    assert_nothing_told(found, code)

    metrics = client.get("/metrics", headers={"Authorization": "Bearer sesame"}).text
    assert "wenzheng_intake_total" in metrics
    labels = [line.partition("{")[2].partition("}")[0] for line in metrics.splitlines() if "wenzheng" in line]
    assert [secret for secret in (*PERSONAL, *SECRETS) if secret in metrics] == []
    assert code not in "".join(labels)


def explode():
    raise RuntimeError(f"{PHONE} {kit.OPENID} {TEXT} {SECRET}")


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_librarys_line_is_json_and_shows_nothing_it_was_given(lines, library, level):
    log = logging.getLogger(library)
    for secret in (*PERSONAL, *SECRETS, "384712"):
        log.log(level, "POST %s failed for %s", f"/send?access_token={secret}", secret)
        log.log(level, "retry %(what)s", {"what": secret})
    log.log(level, f"https://api/send?access_token={ACCESS}&token={kit.TOKEN}&secret=s3cretvalue body={TEXT}")  # noqa: G004
    log.log(level, "wrong %d", PHONE)  # its own error quotes what it was given
    log.log(level, f"{PHONE} {kit.OPENID} {TEXT} 停水 384712 {kit.KEY} {ACCESS}")  # noqa: G004
    try:
        explode()
    except RuntimeError:
        log.log(level, "job %s failed", PHONE, exc_info=True, stack_info=True)
    found = lines()
    assert_nothing_told(found, "384712")
    if level >= logging.WARNING:
        assert any(line.get("error") == "RuntimeError" for line in found)
        assert all(line["logger"] == library and line["timestamp"] and line["level"] for line in found)


def test_our_own_lines_keep_their_name_and_lose_what_is_personal(lines):
    log = structlog.get_logger()
    log.warning(
        "sent",
        phone=PHONE,
        who=kit.OPENID,
        said=TEXT,
        number=19900000042,
        way="sms",
        count=3,
        ok=True,
        wait=0.5,
        redis=f"redis://user:{SECRET}@host:6379/0",
        detail=["x", TEXT],
    )
    try:
        explode()
    except RuntimeError:
        log.exception("drain_failed", queue="outbox")
    sent, failed = lines()
    assert_nothing_told([sent, failed])
    assert (sent["event"], sent["way"], sent["count"], sent["ok"], sent["wait"]) == ("sent", "sms", 3, True, 0.5)
    assert (failed["event"], failed["queue"], failed["error"]) == ("drain_failed", "outbox", "RuntimeError")


def test_a_line_is_bounded():
    assert len(clean("word " * 1000)) == 200


def test_what_nobody_caught_is_one_line_without_its_message(lines, monkeypatch):
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    log_crashes()
    try:
        explode()
    except RuntimeError:
        sys.excepthook(*sys.exc_info())
    thread = threading.Thread(target=explode)
    thread.start()
    thread.join()
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    found = lines()
    assert [(line["event"], line["level"], line["error"]) for line in found] == [
        ("crashed", "critical", "RuntimeError")
    ] * 2
    assert all("test_logs.py:" in line["at"] for line in found)
    assert_nothing_told(found)


# -- Redis -----------------------------------------------------------------------------------------


@pytest.fixture
def redis(tmp_path):
    program = valkey.program(tmp_path / "r")
    program.start()
    valkey.wait_until_up(tmp_path / "r")
    yield connect(f"unix://{tmp_path / 'r' / 'valkey.sock'}")
    program.process.terminate()
    program.process.wait(10)


def everything_in(redis: Redis) -> str:
    """All keys with all values, as Redis would dump them."""
    read = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"set": redis.smembers,
        b"list": lambda k: redis.lrange(k, 0, -1),
        b"zset": lambda k: redis.zrange(k, 0, -1),
        b"stream": redis.xrange,
    }
    return repr({key: read[redis.type(key)](key) for key in redis.scan_iter()})


@pytest.mark.integration
def test_redis_holds_names_of_queues_and_nothing_of_what_people_write(rig, lines, redis, monkeypatch):
    rig.deps.wake = Waker(redis).wake
    rig.officer("lamp", OFFICER)
    rig.wechat(TEXT)
    rig.wechat("完")
    deadline = time.monotonic() + 10
    while not Queue("routing", connection=redis, serializer="json").count and time.monotonic() < deadline:
        time.sleep(0.02)
    assert "worker.drain" in everything_in(redis)
    code = rig.rows(inquiries)[0].query_code
    kept = everything_in(redis)

    # A drain that fails with a message full of content: RQ logs it and keeps it with the job.
    monkeypatch.setattr(worker, "_deps", rig.deps)
    monkeypatch.setattr(worker, "_waker", Waker(redis))
    for name in ("routing", "outbox", "outbox-urgent"):
        monkeypatch.setitem(worker.DRAINS, name, lambda _deps: explode())
    queues = [Queue(name, connection=redis, serializer="json") for name in ("routing", "outbox", "outbox-urgent")]
    worker._Worker(queues, connection=redis, serializer="json").work(burst=True, logging_level="DEBUG")
    failed = queues[0].failed_job_registry.get_job_ids()
    assert failed
    kept += everything_in(redis)
    assert b"worker.drain" in kept.encode()
    # RQ stores a traceback compressed: read it as it is shown.
    shown = "".join(queues[0].fetch_job(job).latest_result().exc_string for job in failed)
    assert "RuntimeError" in shown
    for secret in (*PERSONAL, *SECRETS):
        assert secret not in kept
        assert secret not in shown
    assert code not in shown
    found = lines()
    assert any("exception" in line["event"] for line in found)
    assert_nothing_told(found, code)
