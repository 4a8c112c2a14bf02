"""Metrics and alarms. Labels and fields are fixed words and codes and never contain content."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog
from prometheus_client import Counter, Gauge, Histogram

from store import alarms
from store.engine.transactions import StoreUnavailable

if TYPE_CHECKING:
    from bot.edge.ports import Clock
    from store.engine.transactions import Store

log = structlog.get_logger()

COUNTERS = {
    "intake": Counter("wenzheng_intake_total", "Events taken in", ["channel", "kind"]),
    "webhook_rejected": Counter("wenzheng_webhook_rejected_total", "Webhooks refused", ["channel", "reason"]),
    "webhook_failed": Counter("wenzheng_webhook_failed_total", "Webhooks answered 500", ["channel"]),
    "spooled": Counter("wenzheng_spooled_total", "Messages kept on disk, the database away", ["channel"]),
    "ignored": Counter("wenzheng_ignored_total", "Messages that open nothing", ["why"]),
    "locked": Counter("wenzheng_locked_total", "Senders locked after wrong codes", ["channel"]),
    "contact_opened": Counter("wenzheng_contact_opened_total", "Times an officer of a unit saw whom to call", []),
    "routed": Counter("wenzheng_routed_total", "Batches routed", []),
    "outbox": Counter("wenzheng_outbox_total", "Attempts by rung and outcome", ["way", "outcome"]),
    "receipts": Counter("wenzheng_receipts_total", "Delivery receipts", ["way", "outcome"]),
    "media": Counter("wenzheng_media_total", "Downloads", ["channel", "outcome"]),
    "alarms": Counter("wenzheng_alarms_total", "Alarms raised", ["key"]),
}
HISTOGRAMS = {
    "provider": Histogram(
        "wenzheng_provider_seconds",
        "Time a provider took",
        ["channel", "way"],
        buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
    ),
    "webhook": Histogram(
        "wenzheng_webhook_seconds",
        "Time a webhook took",
        ["channel"],
        buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
    ),
}
QUEUE_AGE = Gauge("wenzheng_queue_age_seconds", "Age of the oldest due outbox row", multiprocess_mode="mostrecent")
QUEUE_DUE = Gauge("wenzheng_queue_due", "Outbox rows due", multiprocess_mode="mostrecent")
SPOOL_SIZE = Gauge("wenzheng_spool_messages", "Messages waiting on disk", multiprocess_mode="mostrecent")
TOKEN_AGE = Gauge("wenzheng_token_age_seconds", "Age of the access token", ["channel"], multiprocess_mode="mostrecent")


class PrometheusMetrics:
    """The implementation of ``handlers.services.deps.Metrics``."""

    def count(self, name: str, **labels: str) -> None:
        counter = COUNTERS[name]
        (counter.labels(**labels) if labels else counter).inc()

    def observe(self, name: str, seconds: float, **labels: str) -> None:
        HISTOGRAMS[name].labels(**labels).observe(seconds)


class StoredAlarms:
    """The implementation of ``bot.edge.ports.Alarms``: a log line, a counter and a row, at most once a minute for
    each key.
    """

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._last: dict[str, float] = {}
        self._lock = threading.Lock()

    def raise_alarm(self, key: str, **fields: str | float) -> None:
        COUNTERS["alarms"].labels(key=key.split(":", maxsplit=1)[0]).inc()
        if not self._turn(key):
            return
        log.error("alarm", key=key, **fields)
        self._save(lambda tx: alarms.raise_(tx, key, self._clock.now(), dict(fields)))

    def clear_alarm(self, key: str) -> None:
        with self._lock:
            self._last.pop(key, None)
        # The alarm was often raised by another process: a web server reports the spool and a worker empties it.
        log.info("alarm_cleared", key=key)
        self._save(lambda tx: alarms.clear(tx, key, self._clock.now()))

    def _turn(self, key: str) -> bool:
        now = time.monotonic()
        with self._lock:
            if now - self._last.get(key, float("-inf")) < 60:
                return False
            self._last[key] = now
            return True

    def _save(self, work: alarms.Work) -> None:
        try:
            self._store.write(work, budget=1.0)
        except StoreUnavailable:
            log.exception("alarm_not_stored")
