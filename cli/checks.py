"""``wenzheng check``: one line a part, each ``ok``, ``warn`` or ``FAIL``."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, NamedTuple

from redis import RedisError

from bot.edge.errors import ModelUnreadable, SendError
from bot.edge.ports import CacheUnavailable
from handlers.deadlines.holidays import announced
from handlers.notices.phrases import CHINA
from store import alarms, models
from store.engine import migrate
from store.engine.redis import connect
from store.engine.transactions import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from adapters.kit.base import Channel
    from bootstrap import Configured
    from bot.clocks.workdays import Calendar
    from handlers.services.deps import Deps

LITTLE_DISK = 500
NO_DISK = 100
"""Megabytes of free room: below the first there is a warning, below the second messages may soon be refused."""
WARN_FROM = (11, 1)
ALARM_FROM = (12, 20)
"""The notice for the next year came on 4 November (2025) to 8 December (2022); from about 20
December on a due date may fall into a year nobody has announced."""


class Line(NamedTuple):
    """The result of one check. ``level`` is ok, warn or FAIL."""

    level: str
    name: str
    detail: str

    def __str__(self) -> str:
        return f"{self.level:4} {self.name}: {self.detail}"


def run(configured: Configured, deps: Deps) -> Iterator[Line]:
    """Run every check in turn. A failing one does not keep the others from running."""
    settings = configured.settings
    yield Line("ok", "settings", f"{len(configured.accounts)} channel(s), public address {settings.public_url}")
    database = check_database(deps)
    yield database
    yield check_redis(settings.redis, embedded=not settings.redis_url)
    if database.level == "ok":
        yield check_calendar(deps.calendar(), deps.clock.now())
        yield check_model(deps)
    for account, channel in deps.channels.items():
        yield check_channel(account, channel)
    if not deps.channels:
        yield Line("warn", "channels", "none configured, set CHANNELS")
    yield check_disk(shutil.disk_usage(settings.data_dir).free // 2**20)
    if database.level == "ok":
        yield from standing_alarms(deps)


def check_database(deps: Deps) -> Line:
    """Whether the database can be reached and is at the schema this program expects."""
    try:
        found = deps.store.read(lambda tx: migrate.revision(tx.conn))
    except StoreUnavailable as error:
        return Line("FAIL", "database", f"does not answer ({error})")
    if found != migrate.newest():
        return Line("FAIL", "database", f"at revision {found}, not {migrate.newest()}: run wenzheng migrate")
    return Line("ok", "database", f"{deps.store.engine.dialect.name} at revision {found}")


def check_redis(url: str, *, embedded: bool) -> Line:
    """Whether Redis answers. It carries wake-ups only; the embedded one lives as long as ``wenzheng run``."""
    try:
        connect(url).ping()
    except (RedisError, OSError) as error:
        if embedded:
            return Line("warn", "redis", "the embedded server is not running; wenzheng run starts it")
        return Line("FAIL", "redis", f"does not answer ({type(error).__name__})")
    return Line("ok", "redis", "embedded" if embedded else "answers")


def check_calendar(calendar: Calendar, now: datetime) -> Line:
    """Whether this year's and, late in the year, the next year's days off are announced."""
    today = now.astimezone(CHINA).date()
    following = today.year + 1
    cure = "update chinesecalendar or run wenzheng calendar import"
    if not announced(calendar, today.year):
        return Line("warn", "calendar", f"{today.year} is not known, due dates are provisional: {cure}")
    if announced(calendar, following) or (today.month, today.day) < WARN_FROM:
        return Line("ok", "calendar", f"{today.year} known")
    urgent = "ALARM: " if (today.month, today.day) >= ALARM_FROM else ""
    return Line("warn", "calendar", f"{urgent}{following} is missing, due dates there are provisional: {cure}")


def check_model(deps: Deps) -> Line:
    """Whether the learned router in use can be read. Having none is no fault: then the keywords route."""
    from bot.classifier.model import Classifier  # noqa: PLC0415  numpy takes a moment; only here

    row = deps.store.read(models.active)
    if row is None:
        return Line("ok", "router", "by keywords, no model is in use")
    data = deps.store.read(lambda tx: models.data_of(tx, row.id))
    try:
        Classifier.from_bytes(data or b"")
    except ModelUnreadable as error:
        return Line(
            "FAIL",
            "router",
            f"model {row.id} cannot be read ({error.why}), the keywords route: "
            "run wenzheng model train or wenzheng model rollback",
        )
    return Line("ok", "router", f"model {row.id} of {row.card.get('decisions', 0)} decisions, {row.size} bytes")


def check_channel(account: str, channel: Channel) -> Line:
    """Whether the platform takes our credentials."""
    try:
        return Line("ok", account, channel.check())
    except SendError as error:
        return Line("FAIL", account, f"{error.failure.value} {error}")
    except CacheUnavailable:
        return Line("warn", account, "cannot be asked while Redis is away")


def check_disk(free: int) -> Line:
    """Whether there is room for the database, media and the spool."""
    level = "FAIL" if free < NO_DISK else "warn" if free < LITTLE_DISK else "ok"
    return Line(level, "disk", f"{free} MB free")


def standing_alarms(deps: Deps) -> Iterator[Line]:
    """The alarms that the system raised and nobody has cleared."""
    rows = deps.store.read(alarms.active)
    for row in rows:
        since = row.raised_at.astimezone(CHINA).isoformat(timespec="minutes")
        yield Line("warn", f"alarm {row.key}", f"since {since}, {row.count} time(s)")
    if not rows:
        yield Line("ok", "alarms", "none")
