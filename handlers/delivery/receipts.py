"""The platform's later report on a message: moves the attempt and the outbox row, never backwards."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.delivery.states import AttemptOutcome, OutboxState
from bot.edge.messages import Failure, Outcome, Way
from store import outbox, people

if TYPE_CHECKING:
    from datetime import datetime

    from bot.edge.messages import DeliveryReceipt
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.delivery import AttemptRecord

UNNAMED_FOR = timedelta(hours=1)
"""How long a notice without an id waits for its result. WeChat sends it within seconds."""

FINAL = frozenset({AttemptOutcome.DELIVERED, AttemptOutcome.FAILED})


def apply(deps: Deps, tx: Tx, receipt: DeliveryReceipt, now: datetime) -> None:
    """Handle a receipt. One that arrives before its attempt was committed is stored until then."""
    found = outbox.find_delivery(tx, receipt.channel, receipt.message_id) or _by_recipient(tx, receipt, now)
    if found is None:
        outbox.keep_early(
            tx,
            channel=receipt.channel,
            message_id=receipt.message_id,
            code=receipt.code,
            at=now,
            outcome=receipt.outcome,
            failure=receipt.failure.value if receipt.failure else "",
        )
        return
    move(deps, tx, found, receipt.outcome, receipt.failure, code=receipt.code, now=now)


def _by_recipient(tx: Tx, receipt: DeliveryReceipt, now: datetime) -> AttemptRecord | None:
    """The attempt a receipt without a known id speaks of: the newest open notice to the recipient. ``bizsend``
    answers without an id, and only its later event names the recipient (community
    doc/000ea648670c88925b0d5479756c00, seen since 2021).
    """
    if receipt.recipient is None:
        return None
    address = people.find(tx, receipt.channel, receipt.recipient)
    if address is None:
        return None
    return outbox.find_unnamed(tx, address.id, Way.SUBSCRIPTION.value, now - UNNAMED_FOR)


def take_early(deps: Deps, tx: Tx, channel: str, message_id: str, now: datetime) -> None:
    """Handle the receipts that came before this attempt was on record."""
    for row in outbox.take_early(tx, channel, message_id):
        found = outbox.find_delivery(tx, channel, message_id)
        if found is not None:
            failure = Failure(row.failure) if row.failure else None
            move(deps, tx, found, row.outcome, failure, code=row.code, now=now)


def move(
    deps: Deps, tx: Tx, delivery: AttemptRecord, outcome: Outcome, failure: Failure | None, *, code: str, now: datetime
) -> None:
    """Move an attempt by a receipt. Receipts may come late and in any order: a final outcome stays, an earlier
    one is ignored.
    """
    if delivery.outcome in FINAL or outcome in {Outcome.ACCEPTED, Outcome.SENT}:
        return
    outbox.mark_delivery(tx, delivery.id, AttemptOutcome(outcome.value), code)
    deps.metrics.count("receipts", way=delivery.way, outcome=outcome.value)
    if outcome is Outcome.DELIVERED:
        if delivery.outbox_state == OutboxState.SENT:
            outbox.settle(tx, delivery.outbox_id, OutboxState.DELIVERED, now)
        return
    _failed(deps, tx, delivery, failure or Failure.REFUSED, code, now)


def _failed(deps: Deps, tx: Tx, delivery: AttemptRecord, failure: Failure, code: str, now: datetime) -> None:
    if failure is Failure.RECIPIENT_GONE and delivery.address_id is not None:
        people.mark_gone(tx, delivery.address_id, code, now)
    if delivery.outbox_state != OutboxState.SENT:
        return
    # This rung is not tried again for this message; the next one is, at once.
    failed = [*delivery.failed_ways, f"{delivery.way}:{delivery.address_id or 0}"]
    outbox.settle(tx, delivery.outbox_id, OutboxState.PENDING, now, failed_ways=failed, not_before=now, way="")
    tx.after_commit.append(lambda: deps.wake("outbox-urgent"))
