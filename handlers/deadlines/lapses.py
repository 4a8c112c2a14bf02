"""What happens because nobody acted: undecided requests, unanswered questions, silence after an answer.

Part of the sweep. A citizen who says nothing has not rated: the rating stays empty.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from bot.inquiry.states import Event, State
from handlers.duty_desk import decide
from handlers.inquiry.transitions import move, system
from store import deadlines, inquiries
from store.engine.transactions import Conflict, DatabaseError

if TYPE_CHECKING:
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.inquiries import InquiryRecord, RequestRecord

BATCH = 200
R = TypeVar("R", "InquiryRecord", "RequestRecord")
Due = Callable[["Tx", datetime, int], "Sequence[R]"]
Handle = Callable[["Deps", "Tx", R, datetime], None]


def drain_requests(deps: Deps) -> int:
    """Handle requests that were not decided in time (extension, return, a question to the citizen). Returns how
    many.
    """
    return _drain(deps, deadlines.due_requests, decide.expire)


def drain_states(deps: Deps) -> int:
    """Handle inquiries whose state is to change by itself. Returns how many."""
    return _drain(deps, deadlines.due_inquiries, _next_state)


def _drain(deps: Deps, due: Due[R], handle: Handle[R]) -> int:
    total = 0
    while True:
        found, done = deps.store.write(partial(_batch, deps, due, handle))
        total += done
        if found < BATCH or not done:
            return total


def _batch(deps: Deps, due: Due[R], handle: Handle[R], tx: Tx) -> tuple[int, int]:
    now = deps.clock.now()
    rows = due(tx, now, BATCH)
    done = sum(_one(deps, tx, handle, row, now) for row in rows)
    if rows:
        tx.after_commit.append(lambda: deps.wake("outbox"))
    return len(rows), done


def _one(deps: Deps, tx: Tx, handle: Handle[R], row: R, now: datetime) -> bool:
    """Handle one row in a transaction of its own, so that a bad row stops neither the others nor the sweep."""
    try:
        with tx.conn.begin_nested():
            handle(deps, tx, row, now)
    except (Conflict, DatabaseError):
        raise
    except Exception as error:  # noqa: BLE001  whatever it is, it stays due and is said aloud
        name = type(error).__name__
        tx.after_commit.append(lambda: deps.alarms.raise_alarm("deadline_failed", error=name, row=row.id))
        return False
    return True


def _next_state(deps: Deps, tx: Tx, inquiry: InquiryRecord, now: datetime) -> None:
    if inquiry.state == State.ANSWERED:
        archive_at = now + timedelta(days=deps.limits.archive_days)
        move(
            tx,
            inquiry,
            Event.CLOSE,
            system(now),
            name="closed",
            data={"why": "silence"},
            closed_at=now,
            next_state_at=archive_at,
        )
    elif inquiry.state == State.CLOSED:
        move(tx, inquiry, Event.ARCHIVE, system(now), name="archived", next_state_at=None)
    else:  # somebody moved it meanwhile, and something else is to come next
        inquiries.stop_waiting_for_next_state(tx, inquiry.id)
