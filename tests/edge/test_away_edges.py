"""Edge cases 21, 22 and 44: media that cannot be had, a database slow or away, Redis away, jobs of another version.

What was acknowledged is never lost and never taken twice; the receipt follows by the ladder.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import responses

import worker
from adapters.kit.base import MAX_MEDIA_BYTES
from bot.edge.errors import WindowClosed
from handlers.delivery import media as media_handler
from handlers.inbound import receive
from handlers.jobs.queues import sweep
from handlers.services.metrics import StoredAlarms
from store import alarms
from store.engine.redis import Waker, connect
from store.engine.transactions import StoreUnavailable
from store.tables.delivery import media
from store.tables.inquiries import inquiries
from tests.edge.rig import LAMP, Rig, far, make_rig, number_in, said
from tests.kit import twilio_calls
from tests.kit import wechat_kit as kit

pytestmark = pytest.mark.integration

JPEG = b"\xff\xd8\xff\xe0" + bytes(100)
GET = f"{kit.BASE}/media/get"
FIRE = "建设路12号着火了，快来人"


# -- media -----------------------------------------------------------------------------------------


@pytest.fixture
def web():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        kit.issue_token(mock)
        yield mock


def test_edge_21_a_picture_is_fetched_and_kept_under_its_hash(rig, web):
    web.get(GET, body=JPEG, content_type="image/jpeg")
    rig.push(kit.xml("image", MediaId="pic-1"))
    assert media_handler.drain(rig.deps) == 1
    (kept,) = rig.rows(media)
    assert (kept.state, kept.content_type, kept.size) == ("stored", "image/jpeg", len(JPEG))
    assert (rig.deps.media_folder / kept.path).read_bytes() == JPEG
    assert media_handler.drain(rig.deps) == 0


@pytest.mark.parametrize(
    ("answer", "code"),
    [({"json": {"errcode": 40007, "errmsg": "invalid media_id"}}, "40007"), ({"body": b""}, "empty"),
     ({"body": b"<html>login</html>", "content_type": "image/jpeg"}, "not_media"),
     ({"body": bytes(9), "content_type": "image/jpeg"}, "not_image"),
     ({"body": bytes(MAX_MEDIA_BYTES + 1)}, "too_large"), ({"status": 404}, "http_404"),
     ({"json": {"video_url": "http://169.254.169.254/latest/meta-data"}}, "internal_address")],
    ids=["expired", "empty", "page", "other type", "too large", "missing", "internal"],
)  # fmt: skip
def test_edge_21_what_is_no_picture_is_given_up_with_its_reason_and_the_inquiry_stays(rig, web, answer, code):
    web.get(GET, **answer)
    rig.push(kit.xml("image", MediaId="pic-1"))
    media_handler.drain(rig.deps)
    (row,) = rig.rows(media)
    assert (row.state, row.code, row.path) == ("failed", code, None)
    assert not rig.deps.media_folder.exists()
    assert rig.count()["inquiries"] == 1


def test_edge_21_a_busy_platform_is_asked_again_later_and_not_for_ever(rig, web):
    web.get(GET, json={"errcode": -1})
    rig.push(kit.xml("image", MediaId="pic-1"))
    for _ in range(20):
        media_handler.drain(rig.deps)
        rig.clock.forward(24 * 3600)
    (row,) = rig.rows(media)
    assert (row.state, row.code) == ("failed", "-1")
    assert 5 <= len(kit.calls(web, GET)) <= 10


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/", "http://127.0.0.1:8000/admin", "http://[::1]/", "file:///etc/passwd"]
)
def test_edge_21_and_33_a_media_url_into_our_own_network_is_never_called(rig, web, url):
    form = twilio_calls.message(Body="", NumMedia="1", MediaUrl0=url, MediaContentType0="image/jpeg")
    rig.sms_call(form)
    media_handler.drain(rig.deps)
    (row,) = rig.rows(media)
    assert row.state == "failed"
    assert row.code in {"internal_address", "bad_url"}
    assert not web.calls


# -- the database slow or away ---------------------------------------------------------------------


@contextmanager
def locked(rig: Rig) -> Iterator[None]:
    """Another process writes and does not finish."""
    path = rig.deps.store.url.removeprefix("sqlite:///")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


class Away:
    """A database that does not answer."""

    def __init__(self, store: Any) -> None:
        self.store = store

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def write(self, _work: Any, **_options: Any) -> Any:
        raise StoreUnavailable("OperationalError")

    read = write


@contextmanager
def away(rig: Rig) -> Iterator[None]:
    store = rig.deps.store
    rig.deps.store = Away(store)  # type: ignore[assignment]
    try:
        yield
    finally:
        rig.deps.store = store


def sends(account: str, text: str) -> Any:
    if account == "wechat":
        return lambda rig: said(rig.push(kit.xml(Content=text, MsgId="42")))
    return lambda rig: said(rig.sms_call(twilio_calls.message(Body=text)))


@pytest.mark.parametrize("account", ["wechat", "twilio"])
def test_edge_22_over_the_budget_the_platform_hears_received_and_the_receipt_follows_once(rig, account):
    send = sends(account, LAMP)
    rig.deps.webhook_budget = 0.2
    started = time.monotonic()
    with locked(rig):
        assert send(rig) == "", "the platform's retry is not waited for"
        assert send(rig) == "", "nor the second"
        assert time.monotonic() - started < 2.5
        assert rig.deps.spool.size() == 2
    rig.deps.webhook_budget = 5.0
    assert receive.drain_spool(rig.deps) == 2
    assert rig.deps.spool.size() == 0
    outside = far(rig, account)
    rig.deliver()
    rig.deliver()
    (message,) = outside.sent
    (inquiry,) = rig.rows(inquiries)
    assert inquiry.number.replace("-", "") in message.text.replace("-", "")
    assert rig.texts() == [LAMP]


@pytest.mark.parametrize("account", ["wechat", "twilio"])
def test_edge_22_with_the_database_away_a_message_waits_on_disk_and_its_receipt_follows(rig_on_each, account):
    rig = rig_on_each
    with away(rig):
        for _ in range(3):
            assert sends(account, LAMP)(rig) == ""
        assert receive.drain_spool(rig.deps) == 0
        assert "store_unavailable" in rig.alarms.standing
    assert rig.count()["inbox"] == 0
    rig.clock.forward(600)
    assert receive.drain_spool(rig.deps) == 3
    assert "store_unavailable" not in rig.alarms.standing
    outside = far(rig, account)
    rig.deliver()
    assert len(outside.sent) == 1
    (inquiry,) = rig.rows(inquiries)
    assert inquiry.received_at == rig.clock.now() - timedelta(seconds=600), "the due date counts from when it was sent"


def test_edge_22_every_answer_of_a_late_webhook_follows_not_only_the_first(rig):
    """An emergency is answered with the right call and with the receipt."""
    rig.deps.webhook_budget = 0.2
    with locked(rig):
        assert rig.wechat(FIRE, msg_id="42") == ""
    rig.deps.webhook_budget = 5.0
    assert receive.drain_spool(rig.deps) == 1
    outside = far(rig, "wechat")
    rig.deliver()
    together = "\n".join(message.text for message in outside.sent)
    assert "119" in together
    assert rig.rows(inquiries)[0].number in together


def test_edge_22_what_was_held_back_is_not_lost_with_a_late_webhook(rig):
    rig.wechat(LAMP)
    held = rig.queue("answer")
    outside = far(rig, "wechat", customer_service=[WindowClosed("45015")])
    rig.deliver()
    assert rig.row(held).state == "held"
    rig.clock.forward(900)
    rig.deps.webhook_budget = 0.2
    with locked(rig):
        assert rig.wechat("占道经营没人管", msg_id="43") == ""
    rig.deps.webhook_budget = 5.0
    assert receive.drain_spool(rig.deps) == 1
    rig.deliver()
    texts = [message.text for message in outside.sent]
    assert any("答复" in text for text in texts)
    assert any(rig.rows(inquiries)[1].number in text for text in texts)
    assert len(texts) == 2


def test_edge_22_the_alarm_a_web_process_raised_ends_when_a_worker_has_emptied_the_spool(rig_on_each):
    rig = rig_on_each
    store = rig.deps.store
    web, emptying = StoredAlarms(store, rig.clock), StoredAlarms(store, rig.clock)
    rig.deps.alarms = web
    with away(rig):
        rig.wechat(LAMP)
    assert [row.key for row in store.read(alarms.active)] == ["store_unavailable"]
    rig.deps.alarms = emptying
    receive.drain_spool(rig.deps)
    assert store.read(alarms.active) == []


def test_edge_22_a_message_in_the_spool_survives_a_change_of_nothing_but_time(rig):
    """The signature is old by the time the database is back; it was checked when the message came."""
    with away(rig):
        rig.wechat(LAMP)
    rig.clock.forward(26 * 3600)
    assert receive.drain_spool(rig.deps) == 1
    assert rig.texts() == [LAMP]


# -- Redis and jobs --------------------------------------------------------------------------------


def test_edge_44_with_redis_away_a_message_is_answered_at_once_and_the_sweep_finds_the_work(tmp_path, sqlite_url):
    rig = make_rig(tmp_path, sqlite_url)
    rig.deps.wake = Waker(connect(f"unix://{tmp_path / 'nothing.sock'}")).wake
    rig.cache.down = True
    started = time.monotonic()
    assert number_in(rig.wechat(LAMP))
    assert rig.wechat("完")
    assert time.monotonic() - started < 4, "the platform waits five seconds"
    rig.officer("lamp", "oOFFICER")
    assert rig.wechat("待办", who="oOFFICER")
    outside = far(rig, "wechat")
    rig.clock.forward(100)
    done = sweep(rig.deps)
    assert done["routing"] == 1
    assert [message.to.value for message in outside.sent] == ["oOFFICER"]
    rig.deps.store.close()


def test_edge_44_a_job_of_an_unknown_queue_or_without_a_process_fails_alone(rig, monkeypatch):
    class Quiet:
        def taken(self, queue: str) -> None: ...

    monkeypatch.setattr(worker, "_deps", None)
    with pytest.raises(RuntimeError):
        worker.drain("outbox")
    monkeypatch.setattr(worker, "_deps", rig.deps)
    monkeypatch.setattr(worker, "_waker", Quiet())
    with pytest.raises(KeyError):
        worker.drain("queue-of-another-version")
    assert worker.drain("routing") == 0


def test_edge_44_a_spoilt_file_in_the_spool_is_set_aside_and_the_others_are_taken(rig):
    with away(rig):
        rig.wechat(LAMP)
    folder = Path(rig.deps.spool._folder)
    (folder / "spoilt.msg").write_bytes(b"\x00\xff not ours")
    (folder / "half.part").write_bytes(b"gAAAA")
    assert receive.drain_spool(rig.deps) == 1
    assert rig.texts() == [LAMP]
    assert (folder / "spoilt.bad").exists()


def test_a_file_another_worker_has_just_taken_stops_nobody(rig):
    with away(rig):
        rig.wechat(LAMP)
    # Listed, and gone when it is looked at: so does a link to nothing appear.
    (Path(rig.deps.spool._folder) / "taken.msg").symlink_to("nowhere")
    assert receive.drain_spool(rig.deps) == 1
    assert rig.texts() == [LAMP]


def test_edge_44_two_workers_at_the_spool_take_each_message_once(rig):
    with away(rig):
        for n in range(10):
            rig.wechat(f"建设路{n}号路灯坏了", who=f"o{n}")
    threads = [threading.Thread(target=receive.drain_spool, args=(rig.deps,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rig.deps.spool.size() == 0
    assert rig.count()["inquiries"] == 10
    outside = far(rig, "wechat")
    rig.deliver()
    assert len(outside.sent) == 10
