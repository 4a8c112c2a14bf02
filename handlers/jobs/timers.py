"""What falls due by the clock: one look a sweep, and only then the work.

The look is one statement over three partial indexes; with nothing due a second costs no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.deadlines import deadline_run, digest, lapses
from store.deadlines import anything_due

if TYPE_CHECKING:
    from handlers.services.deps import Deps


def drain(deps: Deps) -> int:
    """Requests undecided, states that change by themselves, then orders' clocks, and the morning's figures."""
    due = deps.store.read(lambda tx: anything_due(tx, deps.clock.now()))
    done = lapses.drain_requests(deps) if due.requests else 0
    done += lapses.drain_states(deps) if due.states else 0
    # What lapsed just now set its orders' clocks going again.
    done += deadline_run.drain(deps) if due.orders or done else 0
    return done + digest.drain(deps)
