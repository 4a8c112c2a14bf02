"""Wake-ups: Redis says that work may wait, the database says which.

``wake`` enqueues one drain job a queue unless one is waiting already; the drain takes the mark away
*before* it selects, so that nothing slips between. A lost wake-up costs one sweep.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.delivery import media, outbox
from handlers.duty_desk import dispatch
from handlers.inbound import receive
from handlers.jobs import timers
from handlers.topics import index

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlers.services.deps import Deps

QUEUES = ("outbox-urgent", "routing", "outbox", "bulk")
"""In the order of their priority. Every worker listens to every queue (tests/test_guards.py)."""

DRAINS: dict[str, Callable[[Deps], int]] = {
    # Both outbox queues do the same work, most urgent rows first. The urgent one only makes an idle worker begin
    # sooner.
    "outbox-urgent": outbox.drain,
    "routing": dispatch.drain,
    "outbox": outbox.drain,
    "bulk": media.drain,
}


def sweep(deps: Deps) -> dict[str, int]:
    """Find every row whose turn has come, whatever the queue forgot. Returns how many of each kind."""
    return {
        # The spool comes first: its messages have waited longest, and their inquiries are routed in the same
        # sweep.
        "spool": receive.drain_spool(deps),
        "routing": dispatch.drain(deps),
        "deadlines": timers.drain(deps),
        "outbox": outbox.drain(deps),
        "media": media.drain(deps),
        "topics": index.drain(deps),
    }
