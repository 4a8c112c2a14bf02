"""Who is signed in at the duty desk: one row for each link that was used."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from store.engine.prepared import Prepared, named
from store.engine.writes import insert_ignoring
from store.tables.operations import sign_ins

if TYPE_CHECKING:
    from datetime import datetime

    from store.engine.transactions import Tx

KEPT = timedelta(days=7)
"""How long a row is kept. Longer than any link lives, or a link would be good again once its row is gone."""

_OPEN: Prepared[object] = Prepared(
    lambda _: select(sign_ins.c.id).where(
        sign_ins.c.nonce == named("nonce"),
        sign_ins.c.officer_id == named("officer_id"),
        sign_ins.c.ended_at.is_(None),
        sign_ins.c.until > named("now"),
    )
)
_USED: Prepared[object] = Prepared(lambda _: select(sign_ins.c.id).where(sign_ins.c.nonce == named("nonce")))


def use(tx: Tx, nonce: str, officer_id: int, *, now: datetime, until: datetime) -> bool:
    """Sign an officer in by a link. False when the link was used before."""
    tx.conn.execute(delete(sign_ins).where(sign_ins.c.until < now - KEPT))
    return insert_ignoring(tx, sign_ins, nonce=nonce, officer_id=officer_id, at=now, until=until) is not None


def was_used(tx: Tx, nonce: str) -> bool:
    """Whether a link has signed somebody in already."""
    return _USED.first(tx, nonce=nonce) is not None


def is_open(tx: Tx, nonce: str, officer_id: int, now: datetime) -> bool:
    """Whether the sign-in that a link began still holds: neither ended nor expired."""
    return _OPEN.first(tx, nonce=nonce, officer_id=officer_id, now=now) is not None


def end(tx: Tx, nonce: str, now: datetime) -> None:
    """Sign the officer out."""
    tx.conn.execute(
        update(sign_ins).where(sign_ins.c.nonce == nonce, sign_ins.c.ended_at.is_(None)).values(ended_at=now)
    )
