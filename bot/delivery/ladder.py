"""The delivery ladder: which ways are open to a person, in which order, and why the others are not.

The rungs are the ways the channels offer; none is named here (docs/decisions/0016-rungs-from-the-channels.md).
``plan`` chooses before any provider is called. If the platform refuses, ``handlers/delivery/outbox.py`` records
that and plans again (docs/decisions/0006-reply-window-and-ladder.md).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from bot.delivery.states import AddressState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bot.edge.messages import Way
    from bot.edge.ways import WayOut

# Fixed hours (docs/decisions/0006-reply-window-and-ladder.md). A reply to what a citizen has just written never
# waits.
QUIET_FROM = time(22)
QUIET_UNTIL = time(7)


@dataclass(frozen=True, slots=True)
class Window:
    """A channel's reply window: for how many hours and messages after a person wrote, and for how many minutes
    and messages after an event such as a click on the menu.
    """

    message_hours: float
    message_quota: int
    event_minutes: float
    event_quota: int


@dataclass(frozen=True, slots=True)
class Route:
    """One address of the recipient and what we know about it.

    ``cannot`` gives, for each way the channel offers, the reason why this account cannot use it (``""`` if it
    can). ``closed_at`` is when the platform last refused because the window was closed, whatever we had counted.
    """

    address_id: int
    channel: str
    cannot: Mapping[WayOut, str]
    state: AddressState = AddressState.ACTIVE
    state_code: str = ""
    window: Window | None = None
    message_at: datetime | None = None
    message_used: int = 0
    event_at: datetime | None = None
    event_used: int = 0
    closed_at: datetime | None = None
    subscriptions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of the ladder. ``skip`` is the reason why it is not taken, ``""`` if it can be tried.

    ``event_window``: the message counts against the few allowed after a menu click, not against those after a
    message.
    """

    out: WayOut
    route: Route | None
    skip: str = ""
    event_window: bool = False

    @property
    def way(self) -> Way:
        """The way under which attempts are recorded."""
        return self.out.way

    @property
    def name(self) -> str:
        """``way:address_id``: the name under which a refused rung is remembered."""
        return f"{self.way.value}:{self.route.address_id if self.route else 0}"


def plan(
    routes: Iterable[Route],
    now: datetime,
    *,
    failed: Iterable[str] = (),
    spare_last: bool = False,
    only_address: int | None = None,
) -> list[Rung]:
    """All rungs, ordered by the place of their way and then as in ``routes``. The first one without ``skip`` is
    to be tried.

    ``failed`` names rungs that were refused for this message already; they are left out because their attempt is
    on record. ``spare_last``: an unimportant message, which leaves the last free message of the window to an
    answer. ``only_address``: the message is meant for one address, such as a code that proves a phone.
    """
    refused = set(failed)
    offered = [
        (out, route)
        for route in routes
        if only_address is None or route.address_id == only_address
        for out in route.cannot
    ]
    offered.sort(key=lambda pair: pair[0].place)
    rungs = [_rung(out, route, now, spare_last=spare_last) for out, route in offered]
    return [rung for rung in rungs if rung.name not in refused]


def _rung(out: WayOut, route: Route, now: datetime, *, spare_last: bool) -> Rung:
    if route.state != AddressState.ACTIVE:
        return Rung(out, route, skip=f"{route.state} {route.state_code}".strip())
    if route.cannot[out]:
        return Rung(out, route, skip=route.cannot[out])
    if out.in_window and route.window is not None:
        skip, by_event = _window(route, route.window, now, spare_last=spare_last)
        return Rung(out, route, skip=skip, event_window=by_event)
    return Rung(out, route)


def _window(route: Route, window: Window, now: datetime, *, spare_last: bool) -> tuple[str, bool]:
    opened = max((at for at in (route.message_at, route.event_at) if at), default=None)
    if opened is None:
        return "window never opened", False
    # WeChat has been seen to answer 45015 a minute after a message (community doc/000cc8eeb745703799da2cbb256000,
    # read 2026-11): its word counts, until the person acts again.
    if route.closed_at is not None and route.closed_at >= opened:
        return "window closed by the platform", False
    event, message = timedelta(minutes=window.event_minutes), timedelta(hours=window.message_hours)
    # The few messages after an event are used first, because they expire within a minute.
    if _left(route.event_at, route.event_used, window.event_quota, now, event) > 0:
        return "", True
    message_left = _left(route.message_at, route.message_used, window.message_quota, now, message)
    if message_left == 1 and spare_last:
        return "last message of the window is kept for an answer", False
    if message_left > 0:
        return "", False
    return _over(route, window, now, event=event, message=message), False


def _over(route: Route, window: Window, now: datetime, *, event: timedelta, message: timedelta) -> str:
    """The reason why a window has no message left: all were used in an interval that still runs, or the last
    interval ended some time ago.
    """
    for at, length, quota in (
        (route.message_at, message, window.message_quota),
        (route.event_at, event, window.event_quota),
    ):
        if at is not None and now - at < length:
            return f"quota {quota} of {quota} used"
    ends = [at + length for at, length in ((route.message_at, message), (route.event_at, event)) if at is not None]
    return f"window closed {_ago(now - max(ends))} ago"


def _left(at: datetime | None, used: int, quota: int, now: datetime, length: timedelta) -> int:
    return max(0, quota - used) if at is not None and now - at < length else 0


def _ago(delta: timedelta) -> str:
    minutes = max(0, int(delta.total_seconds() // 60))
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def quiet_until(now_local: datetime) -> datetime | None:
    """The end of the quiet hours (22:00-07:00) when ``now_local`` lies in them, else None."""
    clock = now_local.timetz().replace(tzinfo=None)
    if QUIET_UNTIL <= clock < QUIET_FROM:
        return None
    day = now_local if clock < QUIET_UNTIL else now_local + timedelta(days=1)
    return day.replace(hour=QUIET_UNTIL.hour, minute=0, second=0, microsecond=0)


BACKOFF = (2, 10, 60, 300, 900, 3600)
"""Seconds to wait before the next try of a rung after each temporary failure, 81 minutes in all; then the next
rung is tried.
"""


def backoff(attempt: int) -> timedelta | None:
    """How long to wait after the ``attempt``-th temporary failure (from 1); None: give the rung up."""
    return timedelta(seconds=BACKOFF[attempt - 1]) if attempt <= len(BACKOFF) else None
