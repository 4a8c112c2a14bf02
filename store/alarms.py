"""Alarms as the operator sees them in ``wenzheng check``."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import select, update
from sqlalchemy.dialects import postgresql, sqlite

from store.engine.transactions import Tx
from store.tables.operations import alarms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from store.records.operations import AlarmRecord

Work = Callable[[Tx], None]


def raise_(tx: Tx, key: str, now: datetime, fields: dict[str, Any]) -> None:
    """Note that the alarm ``key`` is on, whether it was on before or not."""
    dialect = sqlite if tx.sqlite else postgresql
    statement = dialect.insert(alarms).values(key=key, raised_at=now, last_at=now, count=1, fields=fields)
    tx.conn.execute(
        statement.on_conflict_do_update(
            index_elements=["key"],
            set_={
                "last_at": now,
                "count": alarms.c.count + 1,
                "fields": statement.excluded.fields,
                "cleared_at": None,
            },
        )
    )


def clear(tx: Tx, key: str, now: datetime) -> None:
    """Note that the cause of the alarm ``key`` is gone."""
    tx.conn.execute(update(alarms).where(alarms.c.key == key, alarms.c.cleared_at.is_(None)).values(cleared_at=now))


def active(tx: Tx) -> Sequence[AlarmRecord]:
    """The alarms that are on, the oldest first."""
    return cast(
        "Sequence[AlarmRecord]",
        tx.conn.execute(select(alarms).where(alarms.c.cleared_at.is_(None)).order_by(alarms.c.raised_at)).all(),
    )
