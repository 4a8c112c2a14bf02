"""What falls due by the clock: one look a sweep, and the work only if something is due.

The look is one statement over three partial indexes, so that a second in which nothing is due costs little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.deadlines import deadline_run, digest, lapses
from store.deadlines import anything_due

if TYPE_CHECKING:
    from handlers.services.deps import Deps


def drain(deps: Deps) -> int:
    """Handle undecided requests, states that change by themselves, then orders' clocks, and the morning's figures."""
    due = deps.store.read(lambda tx: anything_due(tx, deps.clock.now()))
    done = lapses.drain_requests(deps) if due.requests else 0
    done += lapses.drain_states(deps) if due.states else 0
    # What expired a moment ago has started its orders' clocks again, so these come after it.
    done += deadline_run.drain(deps) if due.orders or done else 0
    return done + digest.drain(deps)
