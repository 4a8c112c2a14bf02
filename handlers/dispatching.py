"""Routes inquiries whose quiet interval is over: to the unit in charge, else to the duty desk.

In batches, and in two steps: what to do is worked out with no transaction open (the model takes a
moment), then stored under the row's lock. Who wrote more in between is looked at again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.flags import Flags, flags
from bot.inquiries import Event, State
from bot.triage import Verdict, judge
from handlers import repeats
from handlers.handing import dispatch
from handlers.linking import Recent, join
from handlers.moving import move, system
from store import directory, inquiries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.triage import Guess, Learned
    from handlers.deps import Deps
    from store.engine import Tx
    from store.rows import Record

BATCH = 100
RETRY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said up to ``last`` (a message's id), and what follows from it."""

    said: str
    last: int
    verdict: Verdict
    flags: Flags


def drain(deps: Deps) -> int:
    """Route what is due, in batches, until nothing is; how many inquiries."""
    total = 0
    while True:
        found = deps.store.read(lambda tx: _due(deps, tx))
        if not found:
            return total
        judged = _judge(deps, found)
        count = deps.store.write(lambda tx, judged=judged: _batch(deps, tx, judged))  # type: ignore[misc]
        total += count
        if not count:
            return total


def _due(deps: Deps, tx: Tx) -> dict[int, tuple[str, int]]:
    """Inquiry -> what was said, and the last message's id."""
    rows = inquiries.waiting_for_routing(tx, deps.clock.now(), BATCH)
    return {row.id: _said(tx, row.id) for row in rows}


def _said(tx: Tx, inquiry_id: int) -> tuple[str, int]:
    messages = [m for m in inquiries.messages_of(tx, inquiry_id) if m.direction == "in"]
    return "\n".join(m.text for m in messages), messages[-1].id if messages else 0


def _judge(deps: Deps, found: dict[int, tuple[str, int]]) -> dict[int, Judged]:
    router, learned = deps.router(), deps.learned()
    guesses = _guesses(learned, [said for said, _ in found.values()])
    judged = {}
    for (inquiry_id, (said, last)), proposed in zip(found.items(), guesses, strict=True):
        flagged = flags(said, directory=router.directory)
        verdict = judge(router, said, learned=learned, guesses=proposed, precision=deps.auto_precision,
                        flags=flagged.names, accused=flagged.accused)
        judged[inquiry_id] = Judged(said, last, verdict, flagged)
    return judged


def _guesses(learned: Learned | None, texts: Sequence[str]) -> Sequence[Sequence[Guess]]:
    if learned is None:
        return [()] * len(texts)
    return learned.guesser.guess([("", text) for text in texts])


def _batch(deps: Deps, tx: Tx, judged: dict[int, Judged]) -> int:
    """Those of the judged that are still due and say what they said; others wait for the next batch."""
    rows = inquiries.due_for_routing(tx, deps.clock.now(), tuple(judged))
    recent = Recent(deps, tx, deps.clock.now())
    for row in rows:
        if judged[row.id].last == _said(tx, row.id)[1]:
            _route(deps, tx, row, judged[row.id], recent)
    if rows:
        tx.after_commit.append(lambda: deps.wake("outbox"))
        tx.after_commit.append(lambda: deps.metrics.count("routed"))
    return len(rows)


def _route(deps: Deps, tx: Tx, inquiry: Record, judged: Judged, recent: Recent) -> None:
    now, verdict = deps.clock.now(), judged.verdict
    if inquiry.state not in {State.RECEIVED, State.ACCEPTED} or inquiries.open_lead(tx, inquiry.id) is not None:
        inquiries.set_fold(tx, inquiry.id, None)
        return
    # What repeats an inquiry under way costs the desk one tap: merged, or sent on after all.
    repeat = repeats.look(tx, inquiry, said=judged.said, places=verdict.places, now=now)
    unit = directory.unit_by_code(tx, verdict.chosen) if verdict.chosen and repeat is None else None
    # The router in memory may be half a minute older than a merger.
    unit = (directory.standing(tx, unit) if unit is not None else None) or directory.duty_unit(tx)
    if unit is None:
        # An empty directory: it waits and is tried again, not lost.
        inquiries.set_fold(tx, inquiry.id, now + RETRY)
        tx.after_commit.append(lambda: deps.alarms.raise_alarm("no_duty_desk"))
        return
    inquiries.set_fold(tx, inquiry.id, None)
    head = None if repeat is not None else recent.look(
        inquiry, unit.id if verdict.chosen else None, said=judged.said, places=verdict.places, flags=judged.flags.names)
    unit = directory.unit(tx, head.unit_id) if head is not None else unit
    why = verdict.why if repeat is None else "repeat"
    routing = verdict.record() | ({"accused": list(judged.flags.accused)} if judged.flags.accused else {})
    routing |= {"chosen": None, "why": why} if repeat is not None else {}
    current = move(
        tx, inquiries.get(tx, inquiry.id), Event.DISPATCH, system(now), name="dispatched", unit_id=unit.id,
        routing=routing, category=verdict.category, flags=list(judged.flags.names) or None,
        data={"unit": unit.name, "why": why},
    )
    dispatch(deps, tx, current, unit.id, now=now, tell=head is None)
    if head is not None:
        join(deps, tx, current, head, now)
