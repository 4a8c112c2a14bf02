"""Delivers the outbox: claims rows, commits, and then calls the providers with no transaction open.

This is the one place that turns a SendError into a state: next rung, wait, hold or give up
(docs/decisions/0002-three-kinds-of-send-errors.md, docs/decisions/0006-reply-window-and-ladder.md).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING

from bot.clocks.workdays import CHINA
from bot.delivery.ladder import Rung, backoff, plan, quiet_until
from bot.delivery.states import AttemptOutcome, OutboxState
from bot.edge.errors import (
    Ambiguous,
    Misconfigured,
    RateLimited,
    RecipientGone,
    SendError,
    Temporary,
    WindowClosed,
)
from bot.edge.messages import OutboundMessage, Way
from handlers.citizen.rating import await_rating
from handlers.delivery import receipts
from handlers.delivery.compose import compose
from handlers.delivery.routes import routes_of
from handlers.inquiry.answers import ANSWERS
from store import outbox, people
from store.engine.transactions import StoreUnavailable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from adapters.kit.base import Sent
    from bot.text.keys import TextKey
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.delivery import DeliveryRecord, OutboxRecord

# Eight senders of five messages each. A larger batch would let the rows claimed last wait long for a slow
# provider.
BATCH = 40
THREADS = 8
# A claim is renewed early enough that one call of a provider, which may take 15 seconds, cannot outlast it.
RENEW_AFTER = outbox.CLAIM / 3
# A minute, in which whatever swallowed the first answer may pass
# (docs/decisions/0002-three-kinds-of-send-errors.md).
AMBIGUOUS_WAIT = timedelta(seconds=60)
LONGEST_WAIT = timedelta(hours=1)
"""If a rung asks to wait longer than this (a day's quota is used up), the next rung is tried instead."""

CHATTER: frozenset[TextKey] = frozenset({"part", "supplement", "urge"})
"""Texts that leave the last free message of a window to an answer."""


def drain(deps: Deps, *, threads: int = THREADS) -> int:
    """Send what is due until nothing is left. Returns how many rows were handled. With ``threads`` 1 no thread is
    started.
    """
    total = 0
    # a thread starts when it gets its first recipient
    with ThreadPoolExecutor(threads, thread_name_prefix="send") as pool:
        while True:
            claimed_at = deps.clock.now()
            rows = deps.store.write(partial(outbox.claim, worker=deps.worker_name, now=claimed_at, limit=BATCH))
            # The messages to one recipient are sent in order, those to different recipients at the same time.
            lanes = [list(lane) for _, lane in groupby(sorted(rows, key=_recipient), key=_recipient)]
            if threads == 1 or len(lanes) == 1:
                for lane in lanes:
                    _lane(deps, lane, claimed_at)
            else:
                for done in [pool.submit(_lane, deps, lane, claimed_at) for lane in lanes]:
                    done.result()
            total += len(rows)
            if len(rows) < BATCH:
                return total


def _recipient(row: OutboxRecord) -> tuple[str, int]:
    """The person a row is for. A reply to one address and an answer to the same citizen must not overtake each
    other.
    """
    if row.contact_id is not None:
        return "contact", row.contact_id
    return ("officer", row.officer_id) if row.officer_id is not None else ("address", row.address_id or 0)


def _lane(deps: Deps, rows: Sequence[OutboxRecord], claimed_at: datetime) -> None:
    for row in rows:
        try:
            if _still_ours(deps, row, claimed_at):
                deliver(deps, row)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001  one bad message must not stop the others
            _broken(deps, row, error)


def _still_ours(deps: Deps, row: OutboxRecord, claimed_at: datetime) -> bool:
    """Whether the claim on a row still holds. If the row before it took long because of a slow provider, another
    worker may have taken it over.
    """
    now = deps.clock.now()
    if now - claimed_at < RENEW_AFTER:
        return True
    return deps.store.write(lambda tx: outbox.renew(tx, row.id, claimed_at=claimed_at, now=now))


def _broken(deps: Deps, row: OutboxRecord, error: Exception) -> None:
    """A fault of ours rather than a SendError: this message waits and all others go on. The error's text may
    contain anything, so it is not logged.
    """
    name, now = type(error).__name__, deps.clock.now()
    wait = backoff(row.attempts + 1) or LONGEST_WAIT
    # Whether the provider was called before the fault is unknown, so the next try is marked as a repeat.
    deps.store.write(
        lambda tx: outbox.record(
            tx, row.id, now, way=row.way or "unknown", outcome=AttemptOutcome.AMBIGUOUS, code=name[:64]
        )
    )
    deps.store.write(lambda tx: outbox.settle(tx, row.id, OutboxState.PENDING, now, not_before=now + wait))
    deps.alarms.raise_alarm("send_failed", error=name, text=row.key)


@dataclass(slots=True)
class _Attempt:
    """One claimed row on its way down the ladder."""

    deps: Deps
    row: OutboxRecord
    failed: list[str]


def deliver(deps: Deps, row: OutboxRecord) -> None:
    """Send one message down the ladder until it is handed over, must wait, or no way is left."""
    now = deps.clock.now()
    attempt = _Attempt(deps, row, list(row.failed_ways))
    if row.state == OutboxState.SENDING:
        _note_abandoned(attempt)
    quiet = quiet_until(now.astimezone(CHINA)) if row.can_wait else None
    if quiet is not None:
        deps.store.write(
            lambda tx: outbox.settle(tx, row.id, OutboxState.PENDING, now, not_before=quiet, attempts=row.attempts)
        )
        return
    while _next_rung(attempt):
        pass


def _note_abandoned(attempt: _Attempt) -> None:
    # A worker died between the call and its record, so the message may have gone out. There is one retry, marked
    # as a repeat (docs/decisions/0002-three-kinds-of-send-errors.md).
    row, now = attempt.row, attempt.deps.clock.now()
    attempt.deps.store.write(
        lambda tx: outbox.record(
            tx,
            row.id,
            now,
            way=row.way or "unknown",
            outcome=AttemptOutcome.AMBIGUOUS,
            code="worker_died",
            reason="claimed by a worker that did not report",
        )
    )


def _next_rung(attempt: _Attempt) -> bool:
    """Try the first open rung. Returns whether another is to be tried at once."""
    deps, row = attempt.deps, attempt.row
    now = deps.clock.now()
    # Read anew for each rung: the one before may have closed a window or marked an address as gone.
    routes = deps.store.read(lambda tx: routes_of(deps, tx, row))
    rungs = plan(routes, now, failed=attempt.failed, spare_last=row.key in CHATTER, only_address=row.address_id)
    open_rungs = [rung for rung in rungs if not rung.skip]
    skipped = rungs[: rungs.index(open_rungs[0])] if open_rungs else rungs
    if not open_rungs:
        deps.store.write(lambda tx: _no_way(attempt, tx, skipped, now))
        return False
    rung = open_rungs[0]
    try:
        message = deps.store.read(lambda tx: compose(deps, tx, row, rung))
        # No transaction is open here: a provider may take 15 seconds, and SQLite has one writer.
        sent = _call(deps, rung, message)
    except SendError as error:
        return _failed(attempt, rung, skipped, error)
    deps.store.write(lambda tx: _sent(attempt, tx, rung, skipped, sent))
    deps.metrics.count("outbox", way=rung.way.value, outcome="sent")
    return False


def _call(deps: Deps, rung: Rung, message: OutboundMessage) -> Sent:
    if rung.route is None:
        raise Misconfigured("no_route")
    channel = deps.channels[rung.route.channel]
    started = deps.clock.now()
    try:
        return channel.send(message)
    finally:
        elapsed = (deps.clock.now() - started).total_seconds()
        deps.metrics.observe("provider", max(0.0, elapsed), channel=rung.route.channel, way=rung.way.value)


def _skips(tx: Tx, row: OutboxRecord, skipped: Sequence[Rung], now: datetime) -> None:
    for rung in skipped:
        outbox.record(
            tx,
            row.id,
            now,
            way=rung.way.value,
            outcome=AttemptOutcome.SKIPPED,
            reason=rung.skip[:160],
            address_id=rung.route.address_id if rung.route else None,
            channel=rung.route.channel if rung.route else "",
        )


def _sent(attempt: _Attempt, tx: Tx, rung: Rung, skipped: Sequence[Rung], sent: Sent) -> None:
    deps, row, now = attempt.deps, attempt.row, attempt.deps.clock.now()
    assert rung.route is not None  # noqa: S101  a rung without route is never open
    _skips(tx, row, skipped, now)
    outbox.record(
        tx,
        row.id,
        now,
        way=rung.way.value,
        outcome=AttemptOutcome.SENT,
        address_id=rung.route.address_id,
        channel=rung.route.channel,
        external_id=sent.external_id,
        parts=sent.parts,
    )
    if rung.out.in_window:
        people.use_window(tx, rung.route.address_id, event=rung.event_window, parts=sent.parts)
    outbox.settle(tx, row.id, OutboxState.SENT, now, way=rung.way.value, failed_ways=attempt.failed)
    if row.key in ANSWERS:
        await_rating(tx, rung.route.address_id, row.params["number"], now)
    if sent.external_id:
        # A receipt may have come between the call and this transaction.
        receipts.take_early(deps, tx, rung.route.channel, sent.external_id, now)


def _no_way(attempt: _Attempt, tx: Tx, skipped: Sequence[Rung], now: datetime) -> None:
    """No rung is open: the message is held until a citizen writes again; an officer who was not reached is shown
    as such.
    """
    row = attempt.row
    _skips(tx, row, skipped, now)
    # An officer does not write in for what waits: a held notice would be seen too late, so it is shown as failed.
    state = OutboxState.FAILED if row.contact_id is None else OutboxState.HELD
    outbox.record(tx, row.id, now, way=Way.HELD.value, outcome=AttemptOutcome(state.value), reason="no way open")
    outbox.settle(tx, row.id, state, now, failed_ways=attempt.failed)
    attempt.deps.metrics.count("outbox", way=Way.HELD.value, outcome=state.value)


def _failed(attempt: _Attempt, rung: Rung, skipped: Sequence[Rung], error: SendError) -> bool:
    """What follows from a failure: wait and try this rung again, or go on to the next one at once."""
    deps, row = attempt.deps, attempt.row
    now = deps.clock.now()
    wait = _wait(rung, error, deps.store.read(lambda tx: outbox.deliveries_of(tx, row.id)))
    if wait is None:
        attempt.failed.append(rung.name)

    def work(tx: Tx) -> None:
        _skips(tx, row, skipped, now)
        _note_failure(tx, row, rung, error, now)
        if wait is None:
            # The row stays claimed. Only the failed rung is stored, in case this process dies before it tries the
            # next.
            outbox.settle(
                tx, row.id, OutboxState.SENDING, now, failed_ways=attempt.failed, claimed_until=now + outbox.CLAIM
            )
        else:
            outbox.settle(tx, row.id, OutboxState.PENDING, now, not_before=now + wait, failed_ways=attempt.failed)

    deps.store.write(work)
    deps.metrics.count("outbox", way=rung.way.value, outcome=error.failure.value)
    if isinstance(error, Misconfigured):
        deps.alarms.raise_alarm(
            f"misconfigured:{rung.route.channel if rung.route else ''}:{error.code}",
            way=rung.way.value,
            code=error.code,
        )
    return wait is None


def _note_failure(tx: Tx, row: OutboxRecord, rung: Rung, error: SendError, now: datetime) -> None:
    assert rung.route is not None  # noqa: S101
    outbox.record(
        tx,
        row.id,
        now,
        way=rung.way.value,
        address_id=rung.route.address_id,
        channel=rung.route.channel,
        outcome=AttemptOutcome.AMBIGUOUS if isinstance(error, Ambiguous) else AttemptOutcome.FAILED,
        code=error.code[:64],
        reason=error.detail[:160],
    )
    if isinstance(error, WindowClosed):
        # The platform's word holds until the person acts again, whatever our own count says.
        people.change(tx, rung.route.address_id, closed_at=now)
    # A refused template may only mean that the person blocks templates; other ways stay open.
    if isinstance(error, RecipientGone) and not rung.out.template:
        people.mark_gone(tx, rung.route.address_id, error.code[:64], now)


def _wait(rung: Rung, error: SendError, before: Sequence[DeliveryRecord]) -> timedelta | None:
    """How long to wait before this rung is tried again; None when it is not tried again for this message."""
    if isinstance(error, Ambiguous):
        # A message that may have arrived is repeated once, later, and with a mark that ``compose`` adds.
        return None if any(attempt.outcome == AttemptOutcome.AMBIGUOUS for attempt in before) else AMBIGUOUS_WAIT
    if not isinstance(error, Temporary):
        return None
    address = rung.route.address_id if rung.route else None
    failures = [
        a for a in before if (a.way, a.address_id, a.outcome) == (rung.way.value, address, AttemptOutcome.FAILED)
    ]
    wait = backoff(len(failures) + 1)
    if wait is not None and isinstance(error, RateLimited):
        wait = timedelta(seconds=max(1.0, error.retry_after))
    return wait if wait is not None and wait <= LONGEST_WAIT else None
