"""The outbox: messages that have to reach somebody, and every attempt to deliver them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Unpack, cast

from sqlalchemy import ColumnClause, Integer, and_, delete, exists, func, literal_column, or_, select, update
from sqlalchemy.dialects import postgresql

from bot.delivery.states import AttemptOutcome, OutboxState
from store.engine.prepared import Prepared, named
from store.engine.transactions import Conflict
from store.engine.writes import insert_ignoring, insert_many_ignoring, insert_row, update_row
from store.tables.delivery import deliveries, early_receipts, outbox
from store.tables.inquiries import inquiries
from store.tables.people import addresses

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.text.keys import TextKey
    from store.engine.transactions import Tx
    from store.records.delivery import (
        AttemptRecord,
        DeliveryRecord,
        DeliveryValues,
        EarlyReceiptRecord,
        EarlyReceiptValues,
        ListedOutboxRecord,
        OutboxRecord,
        OutboxReferences,
        OutboxValues,
    )
    from store.records.people import AddressRecord

_HELD: Prepared[OutboxRecord] = Prepared(
    lambda _: (
        select(outbox)
        .where(
            outbox.c.contact_id == named("contact_id"),
            outbox.c.state == literal_column("'held'"),  # as the index has it
        )
        .order_by(outbox.c.id)
    )
)

PENDING: ColumnClause[str] = literal_column("'pending'")
SENDING: ColumnClause[str] = literal_column("'sending'")
_UNDER_WAY = outbox.c.state.in_([PENDING, SENDING])
"""Written with constants, as the partial index has them. From bound states, or from an OR of two, SQLite does not
see that it may use the index, and reads the whole table (EXPLAIN QUERY PLAN, 2026-11-23).
"""


def _claimable(dialect: Any) -> Any:
    busy = outbox.alias("busy")
    due = and_(outbox.c.state == PENDING, outbox.c.not_before <= named("now"))
    abandoned = and_(outbox.c.state == SENDING, outbox.c.claimed_until < named("now"))
    on_its_way = exists().where(
        busy.c.state.in_([PENDING, SENDING]),
        busy.c.state == SENDING,
        busy.c.claimed_until >= named("now"),
        busy.c.id != outbox.c.id,
        or_(
            busy.c.contact_id == outbox.c.contact_id,
            busy.c.officer_id == outbox.c.officer_id,
            busy.c.address_id == outbox.c.address_id,
        ),
    )
    query = select(outbox).where(_UNDER_WAY, or_(due, abandoned), ~on_its_way)
    query = query.order_by(outbox.c.priority, outbox.c.id).limit(named("most", type_=Integer))
    return query.with_for_update(skip_locked=True, of=outbox) if dialect is postgresql else query


_CLAIMABLE: Prepared[OutboxRecord] = Prepared(_claimable)
_TAKE: Prepared[object] = Prepared(
    lambda _: (
        update(outbox)
        .where(outbox.c.id == named("row_id"))
        .values(state=SENDING, claimed_by=named("worker"), claimed_until=named("until"), attempts=outbox.c.attempts + 1)
    ),
)
_EARLY: Prepared[EarlyReceiptRecord] = Prepared(
    lambda _: (
        select(early_receipts)
        .where(early_receipts.c.channel == named("channel"), early_receipts.c.message_id == named("message_id"))
        .order_by(early_receipts.c.id)
    )
)
_DELIVERIES: Prepared[DeliveryRecord] = Prepared(
    lambda _: select(deliveries).where(deliveries.c.outbox_id == named("outbox_id")).order_by(deliveries.c.id)
)

CLAIM = timedelta(seconds=60)
"""How long a claimed row is left to its worker. Longer than all time-outs of the providers together."""


def add(
    tx: Tx,
    *,
    once: str,
    key: TextKey,
    params: dict[str, Any],
    now: datetime,
    priority: int,
    state: OutboxState = OutboxState.PENDING,
    can_wait: bool = False,
    **refs: Unpack[OutboxReferences],
) -> int | None:
    """Store a message to deliver. None when ``once`` was used before, so that nothing is sent twice.

    ``priority`` is ``URGENT`` or ``NORMAL`` of ``bot/delivery/states.py``. ``refs`` may have inquiry_id,
    contact_id, officer_id, address_id (then only this address is used) and way.
    """
    return insert_ignoring(
        tx,
        outbox,
        **message(
            once=once, key=key, params=params, now=now, priority=priority, state=state, can_wait=can_wait, **refs
        ),
    )


def message(
    *,
    once: str,
    key: TextKey,
    params: dict[str, Any],
    now: datetime,
    priority: int,
    state: OutboxState = OutboxState.PENDING,
    can_wait: bool = False,
    **refs: Unpack[OutboxReferences],
) -> dict[str, Any]:
    """The columns of one message to deliver, for ``add_all``."""
    return {
        "once": once,
        "key": key,
        "params": params,
        "created_at": now,
        "updated_at": now,
        "priority": priority,
        "can_wait": can_wait,
        "state": state,
        "failed_ways": [],
        "not_before": refs.pop("not_before", now),
        **refs,
    }


def add_all(tx: Tx, rows: Sequence[dict[str, Any]]) -> None:
    """Store many messages of the same fields at once, leaving out those whose ``once`` was used before."""
    insert_many_ignoring(tx, outbox, rows)


def claim(tx: Tx, *, worker: str, now: datetime, limit: int) -> Sequence[OutboxRecord]:
    """Take rows whose turn has come, and those that a dead worker left claimed.

    The messages to one recipient go out in order: a row waits while another one for the same recipient is being
    sent.
    """
    rows = _CLAIMABLE.rows(tx, now=now, most=limit)
    for row in rows:
        _TAKE.run(tx, row_id=row.id, worker=worker, until=now + CLAIM)
    return rows


def renew(tx: Tx, outbox_id: int, *, claimed_at: datetime, now: datetime) -> bool:
    """Keep a row claimed at ``claimed_at`` for as long again. False when somebody else took it over."""
    done = tx.conn.execute(
        update(outbox)
        .where(
            outbox.c.id == outbox_id,
            outbox.c.state == OutboxState.SENDING,
            # The end of our own claim: another worker's would be a different time.
            outbox.c.claimed_until == claimed_at + CLAIM,
        )
        .values(claimed_until=now + CLAIM)
    )
    return done.rowcount == 1


def settle(tx: Tx, outbox_id: int, state: OutboxState, now: datetime, /, **values: Unpack[OutboxValues]) -> None:
    """Store the new state of a claimed row and release it."""
    # The claim is given up with every new state, or the row would look taken.
    settled: OutboxValues = {"claimed_by": None, "claimed_until": None, **values}
    update_row(tx, outbox, outbox_id, state=state, updated_at=now, **settled)


def cancel(tx: Tx, row: OutboxRecord, now: datetime) -> None:
    """End a row as it was read, so that nothing is done for it whatever a late receipt says. Raises Conflict."""
    done = tx.conn.execute(
        update(outbox)
        .where(outbox.c.id == row.id, outbox.c.state == row.state)
        .values(state=OutboxState.CANCELLED, updated_at=now)
    )
    if not done.rowcount:
        raise Conflict("a message moved on while it was taken back")


def record(
    tx: Tx, outbox_id: int, now: datetime, *, way: str, outcome: AttemptOutcome, **values: Unpack[DeliveryValues]
) -> int:
    """Store one attempt, or one rung that was skipped. ``values``: address_id, channel, code, reason,
    external_id, parts.
    """
    return insert_row(tx, deliveries, outbox_id=outbox_id, at=now, way=way, outcome=outcome, **values)


def deliveries_of(tx: Tx, outbox_id: int) -> Sequence[DeliveryRecord]:
    """The attempts and skipped rungs of a row in order."""
    return _DELIVERIES.rows(tx, outbox_id=outbox_id)


def get(tx: Tx, outbox_id: int) -> OutboxRecord:
    """One row."""
    return cast("OutboxRecord", tx.conn.execute(select(outbox).where(outbox.c.id == outbox_id)).one())


def of_inquiry(tx: Tx, inquiry_id: int) -> Sequence[OutboxRecord]:
    """The messages about an inquiry in order."""
    return cast(
        "Sequence[OutboxRecord]",
        tx.conn.execute(select(outbox).where(outbox.c.inquiry_id == inquiry_id).order_by(outbox.c.id)).all(),
    )


def held_for(tx: Tx, contact_id: int) -> Sequence[OutboxRecord]:
    """The messages that wait until a citizen writes again, the oldest first."""
    return _HELD.rows(tx, contact_id=contact_id)


def release_held(tx: Tx, contact_id: int, now: datetime) -> int:
    """A new way to a citizen is open: what was held for her is tried again. Returns how many rows."""
    return tx.conn.execute(
        update(outbox)
        .where(outbox.c.contact_id == contact_id, outbox.c.state == OutboxState.HELD)
        .values(state=OutboxState.PENDING, not_before=now, failed_ways=[], updated_at=now)
    ).rowcount


ATTEMPTS = select(deliveries, outbox.c.state.label("outbox_state"), outbox.c.failed_ways).join(
    outbox, outbox.c.id == deliveries.c.outbox_id
)


def find_delivery(tx: Tx, channel: str, external_id: str) -> AttemptRecord | None:
    """The attempt that a receipt speaks of, with the state of its row."""
    return cast(
        "AttemptRecord | None",
        tx.conn.execute(
            ATTEMPTS.where(deliveries.c.channel == channel, deliveries.c.external_id == external_id).order_by(
                deliveries.c.id.desc()
            )
        ).first(),
    )


def find_unnamed(tx: Tx, address_id: int, way: str, since: datetime) -> AttemptRecord | None:
    """The newest attempt to an address, by a way that gives no message id, that has no result yet."""
    return cast(
        "AttemptRecord | None",
        tx.conn.execute(
            ATTEMPTS.where(
                deliveries.c.address_id == address_id,
                deliveries.c.way == way,
                deliveries.c.at >= since,
                deliveries.c.outcome == AttemptOutcome.SENT,
                deliveries.c.external_id == "",
            ).order_by(deliveries.c.id.desc())
        ).first(),
    )


def said_in(tx: Tx, channel: str, slot: str) -> Sequence[OutboxRecord]:
    """The rows that were put into one passive reply and have not been sent otherwise since, in order."""
    return cast(
        "Sequence[OutboxRecord]",
        tx.conn.execute(
            select(outbox)
            .join(deliveries, deliveries.c.outbox_id == outbox.c.id)
            .where(
                deliveries.c.channel == channel,
                deliveries.c.external_id == slot,
                outbox.c.state == OutboxState.SENT,
                outbox.c.way == deliveries.c.way,
            )
            .order_by(outbox.c.id)
        ).all(),
    )


def keep_early(tx: Tx, /, **values: Unpack[EarlyReceiptValues]) -> None:
    """Store a receipt that came before the attempt it speaks of was committed."""
    insert_row(tx, early_receipts, **values)


def take_early(tx: Tx, channel: str, message_id: str) -> Sequence[EarlyReceiptRecord]:
    """Return the stored early receipts in the order they came, and delete them."""
    rows = _EARLY.rows(tx, channel=channel, message_id=message_id)
    if rows:
        tx.conn.execute(delete(early_receipts).where(early_receipts.c.id.in_([row.id for row in rows])))
    return rows


def mark_delivery(tx: Tx, delivery_id: int, outcome: AttemptOutcome, code: str) -> None:
    """Store what a receipt said of an attempt."""
    update_row(tx, deliveries, delivery_id, outcome=outcome, code=code)


LISTED = select(outbox, inquiries.c.number).outerjoin(inquiries, inquiries.c.id == outbox.c.inquiry_id)


def newest(tx: Tx, *, states: Sequence[OutboxState] = (), limit: int = 200) -> Sequence[ListedOutboxRecord]:
    """Rows for ``wenzheng outbox``, the newest first."""
    query = LISTED
    if states:
        query = query.where(outbox.c.state.in_(states))
    return cast("Sequence[ListedOutboxRecord]", tx.conn.execute(query.order_by(outbox.c.id.desc()).limit(limit)).all())


def waiting(tx: Tx, now: datetime) -> tuple[int, float]:
    """How many rows are due, and the age of the oldest in seconds; shown by metrics and the health page."""
    row = tx.conn.execute(
        select(func.count(), func.min(outbox.c.not_before)).where(_UNDER_WAY, outbox.c.not_before <= now)
    ).one()
    return int(row[0]), (now - row[1]).total_seconds() if row[1] else 0.0


def address_of(tx: Tx, address_id: int) -> AddressRecord:
    """An address row (without conversation)."""
    return cast("AddressRecord", tx.conn.execute(select(addresses).where(addresses.c.id == address_id)).one())


def count_since(tx: Tx, address_id: int, key: TextKey, since: datetime) -> int:
    """How many messages of a text key were meant for an address since a time."""
    return int(
        tx.conn.execute(
            select(func.count())
            .select_from(outbox)
            .where(outbox.c.address_id == address_id, outbox.c.key == key, outbox.c.created_at >= since)
        ).scalar_one()
    )
