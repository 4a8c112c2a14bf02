"""``/healthz`` (alive), ``/readyz`` (fit to serve) and ``/metrics`` for Prometheus.

Figures are only for our own machines: callers from loopback (not through a proxy) and those who know
METRICS_TOKEN.
"""

from __future__ import annotations

import hmac
import ipaddress
import os
import shutil
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from flask import Blueprint, Response, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from redis import RedisError

from bot.edge.ports import CacheUnavailable
from handlers.notices.phrases import CHINA
from handlers.services.metrics import QUEUE_AGE, QUEUE_DUE, SPOOL_SIZE, TOKEN_AGE
from store import outbox
from store.engine.redis import connect
from store.engine.transactions import StoreUnavailable

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from pydantic import SecretStr

    from bot.clocks.workdays import Calendar
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx

CALENDAR_AHEAD = timedelta(days=30)
LOW_DISK = 500 * 1024 * 1024
FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


class HealthSettings(Protocol):
    """The settings that are needed here."""

    @property
    def data_dir(self) -> Path: ...

    @property
    def redis(self) -> str: ...

    @property
    def metrics_token(self) -> SecretStr: ...


def make_health(deps: Deps, settings: HealthSettings) -> Blueprint:
    """The routes for operators."""
    health = Blueprint("health", __name__)
    redis = connect(settings.redis)

    @health.get("/healthz")
    def healthz() -> Response:
        return _uncached(Response("ok\n", content_type="text/plain; charset=utf-8"))

    @health.get("/readyz")
    def readyz() -> Response:
        found = readiness(deps, settings, redis_answers=_answers(redis))
        shown = found if _allowed(settings) else {"ready": found["ready"]}
        answer = jsonify(shown)
        answer.status_code = 200 if found["ready"] else 503
        return _uncached(answer)

    @health.get("/metrics")
    def metrics() -> Response:
        if not _allowed(settings):
            return Response("403 Forbidden\n", status=403, content_type="text/plain; charset=utf-8")
        refresh(deps)
        return _uncached(Response(_exposition(), content_type=CONTENT_TYPE_LATEST))

    return health


def readiness(deps: Deps, settings: HealthSettings, *, redis_answers: bool) -> dict[str, Any]:
    """Every figure, and ``ready``. Only the database is indispensable."""
    notes: list[str] = [] if redis_answers else ["redis away: work goes on by the sweep, a little later"]
    found: dict[str, Any] = {"database": True, "redis": redis_answers, "spool": deps.spool.size()}
    now = deps.clock.now()
    try:
        found["queue_due"], found["queue_age_seconds"] = deps.store.read(lambda tx: _waiting(tx, now))
        found["calendar_known"] = calendar_known(deps.calendar(), now)
    except StoreUnavailable:
        found["database"] = False
        notes.append("database away: messages are kept in the spool")
    found["disk_free_mb"] = shutil.disk_usage(settings.data_dir).free // 2**20
    if found["disk_free_mb"] * 2**20 < LOW_DISK:
        notes.append("disk nearly full")
    if found.get("calendar_known") is False:
        notes.append("a year within 30 days is not announced: due dates there are provisional")
    return {"ready": found["database"], **found, "notes": notes}


def calendar_known(calendar: Calendar, now: datetime) -> bool:
    """Whether the days on which a due date given now may fall are announced."""
    today = now.astimezone(CHINA).date()
    return all(calendar.status(day) != "provisional" for day in (today, today + CALENDAR_AHEAD))


def refresh(deps: Deps) -> None:
    """Bring the gauges up to date. A figure that cannot be read keeps its last value."""
    now = deps.clock.now()
    with suppress(StoreUnavailable):
        due, age = deps.store.read(lambda tx: _waiting(tx, now))
        QUEUE_DUE.set(due)
        QUEUE_AGE.set(age)
    SPOOL_SIZE.set(deps.spool.size())
    for account, channel in deps.channels.items():
        with suppress(CacheUnavailable):
            if (age_of_token := channel.age_of_token()) is not None:
                TOKEN_AGE.labels(channel=account).set(age_of_token.total_seconds())


def _waiting(tx: Tx, now: datetime) -> tuple[int, float]:
    return outbox.waiting(tx, now)


def _answers(redis: Any) -> bool:
    try:
        return bool(redis.ping())
    except (RedisError, OSError):
        return False


def _exposition() -> bytes:
    # The switch of prometheus_client itself: with several web processes each writes its values to this folder.
    if not os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        return generate_latest(REGISTRY)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry)


def _allowed(settings: HealthSettings) -> bool:
    token = settings.metrics_token.get_secret_value()
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and hmac.compare_digest(given.encode(), token.encode()):
        return True
    # A reverse proxy on this machine makes every caller look like loopback.
    return _is_loopback(request.remote_addr or "") and not any(name in request.headers for name in FORWARDED)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
