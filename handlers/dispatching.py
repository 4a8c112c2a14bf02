"""Routes inquiries whose quiet interval is over: to the unit its words name, else to the duty desk."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.inquiries import Event, State
from handlers.handing import dispatch
from handlers.moving import move, system
from store import directory, inquiries

if TYPE_CHECKING:
    from handlers.deps import Deps
    from store.engine import Tx
    from store.rows import Record

BATCH = 100
RETRY = timedelta(minutes=1)


def drain(deps: Deps) -> int:
    """Route what is due, in batches, until nothing is; how many inquiries."""
    total = 0
    while True:
        count = deps.store.write(lambda tx: _batch(deps, tx))
        total += count
        if count < BATCH:
            return total


def _batch(deps: Deps, tx: Tx) -> int:
    rows = inquiries.due_for_routing(tx, deps.clock.now(), BATCH)
    for row in rows:
        _route(deps, tx, row)
    if rows:
        tx.after_commit.append(lambda: deps.wake("outbox"))
        tx.after_commit.append(lambda: deps.metrics.count("routed"))
    return len(rows)


def _route(deps: Deps, tx: Tx, inquiry: Record) -> None:
    now = deps.clock.now()
    if inquiry.state not in {State.RECEIVED, State.ACCEPTED} or inquiries.open_lead(tx, inquiry.id) is not None:
        inquiries.set_fold(tx, inquiry.id, None)
        return
    said = "\n".join(m.text for m in inquiries.messages_of(tx, inquiry.id) if m.direction == "in")
    routing = deps.router().route(said)
    unit = directory.unit_by_code(tx, routing.chosen) if routing.chosen else None
    unit = unit or directory.duty_unit(tx)
    if unit is None:
        # An empty directory: it waits and is tried again, not lost.
        inquiries.set_fold(tx, inquiry.id, now + RETRY)
        tx.after_commit.append(lambda: deps.alarms.raise_alarm("no_duty_desk"))
        return
    inquiries.set_fold(tx, inquiry.id, None)
    current = move(
        tx, inquiries.get(tx, inquiry.id), Event.DISPATCH, system(now), name="dispatched", unit_id=unit.id, routing={
            "chosen": routing.chosen, "why": routing.why, "places": list(routing.places),
            "candidates": [[c.unit_code, c.score, list(c.words)] for c in routing.candidates[:3]],
        }, data={"unit": unit.name, "why": routing.why},
    )
    dispatch(deps, tx, current, unit.id, now=now)
