"""When the router is trained again: at night, once, and only if the desk has made enough new decisions."""

from __future__ import annotations

from datetime import datetime, time
from typing import TYPE_CHECKING

from bot.clocks.workdays import CHINA
from store import decisions, inquiries, models

if TYPE_CHECKING:
    from handlers.services.deps import Deps

FROM, UNTIL = time(2), time(6)
ENOUGH = 20
"""The decisions since the last model (or in all) that make training worth it."""
NEWEST = 20_000
HELD_BACK = 0.2


def due(deps: Deps) -> bool:
    """Whether to train now. It is true once a night, for one worker."""
    now = deps.clock.now()
    local = now.astimezone(CHINA)
    if not FROM <= local.time() < UNTIL:
        return False
    mark = f"train:{local:%y%m%d}"
    if deps.store.read(lambda tx: inquiries.counted(tx, mark)):
        return False
    if deps.store.write(lambda tx: inquiries.next_count(tx, mark)) != 1:
        return False
    newest = next(iter(deps.store.read(models.listed)), None)
    since = datetime.fromisoformat(newest.card["until"]) if newest is not None and "until" in newest.card else None
    return deps.store.read(lambda tx: decisions.count(tx, since=since)) >= ENOUGH
