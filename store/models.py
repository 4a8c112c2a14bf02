"""Learned routers, kept in the database so that every host uses the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import delete, select, update

from bot.classifier.states import ModelState
from store.engine.writes import insert_row, update_row
from store.tables.routing import models

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from store.engine.transactions import Tx
    from store.records.routing import ModelRecord

KEPT = 10
"""How many models are kept with their data. Each may have up to 10 MB."""
CARDS = select(
    models.c.id,
    models.c.made_at,
    models.c.state,
    models.c.in_use_at,
    models.c.card,
    models.c.size,
)


def add(tx: Tx, data: bytes, card: dict[str, Any], *, state: ModelState, now: datetime) -> int:
    """Store a model with the state ``standby`` or ``refused``. The oldest beyond ``KEPT`` are deleted, but never
    the active one.
    """
    model_id = insert_row(tx, models, made_at=now, state=state, card=card, size=len(data), data=data)
    old = select(models.c.id).where(models.c.state != ModelState.ACTIVE).order_by(models.c.id.desc()).offset(KEPT)
    gone = list(tx.conn.execute(old).scalars())
    tx.conn.execute(delete(models).where(models.c.id.in_(gone)))
    return model_id


def activate(tx: Tx, model_id: int, now: datetime) -> None:
    """Put a model into use. The one used before becomes ``standby``."""
    tx.conn.execute(update(models).where(models.c.state == ModelState.ACTIVE).values(state=ModelState.STANDBY))
    update_row(tx, models, model_id, state=ModelState.ACTIVE, in_use_at=now)


def active(tx: Tx) -> ModelRecord | None:
    """The model in use without its data, or None."""
    return cast(
        "ModelRecord | None",
        tx.conn.execute(CARDS.where(models.c.state == ModelState.ACTIVE).order_by(models.c.id.desc())).first(),
    )


def data_of(tx: Tx, model_id: int) -> bytes | None:
    """The bytes of a model, or None if it was deleted."""
    found: bytes | None = tx.conn.execute(select(models.c.data).where(models.c.id == model_id)).scalar()
    return found


def listed(tx: Tx, limit: int = 20) -> Sequence[ModelRecord]:
    """The models without their data, the newest first."""
    return cast("Sequence[ModelRecord]", tx.conn.execute(CARDS.order_by(models.c.id.desc()).limit(limit)).all())


def roll_back(tx: Tx, now: datetime) -> int | None:
    """Go back to the model used before. Returns its id, 0 for no model (the keywords), None when no model was in
    use.

    The model that was in use becomes ``refused``, so that rolling back twice goes back two models.
    """
    current = active(tx)
    if current is None:
        return None
    update_row(tx, models, current.id, state=ModelState.REFUSED)
    former = tx.conn.execute(
        select(models.c.id)
        .where(models.c.state == ModelState.STANDBY, models.c.in_use_at.is_not(None))
        .order_by(models.c.in_use_at.desc(), models.c.id.desc())
    ).scalar()
    if former is not None:
        activate(tx, former, now)
    return former or 0
