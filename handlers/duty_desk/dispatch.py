"""Routes inquiries whose quiet interval is over: to the unit in charge, else to the duty desk.

Done in batches and in two steps: what to do is worked out with no transaction open (the model takes a moment) and
then stored under the lock of the row. If the citizen wrote more in between, the inquiry is judged again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.inquiry.states import Event, State
from bot.routing.flags import Flags, flags
from bot.routing.triage import Verdict, judge
from handlers.inquiry.hand_over import dispatch
from handlers.inquiry.linked_matters import Recent, join
from handlers.inquiry.transitions import move, system
from handlers.notices.recipients import KnownAtOnce
from handlers.routing import repeats
from store import directory, inquiries, waiting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.routing.triage import Guess, Learned
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.directory import UnitRecord
    from store.records.inquiries import InquiryRecord

BATCH = 100
RETRY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said up to ``last`` (a message's id; 0 for nothing), and the verdict on it."""

    parts: tuple[str, ...]
    last: int
    verdict: Verdict
    flags: Flags

    @property
    def said(self) -> str:
        return "\n".join(self.parts)


def drain(deps: Deps) -> int:
    """Route what is due, in batches, until nothing is left. Returns how many inquiries."""
    total = 0
    while True:
        found = deps.store.read(lambda tx: _waiting(deps, tx))
        if not found:
            return total
        judged = _judge(deps, found)
        count = deps.store.write(lambda tx, judged=judged: _batch(deps, tx, judged))  # type: ignore[misc]
        total += count
        if not count:
            return total


def _waiting(deps: Deps, tx: Tx) -> dict[int, list[tuple[int, str]]]:
    """For each inquiry what was said, message by message."""
    ids = waiting.waiting(tx, deps.clock.now(), BATCH)
    said = waiting.said(tx, ids) if ids else {}
    return {inquiry_id: said.get(inquiry_id, []) for inquiry_id in ids}


def _judge(deps: Deps, found: dict[int, list[tuple[int, str]]]) -> dict[int, Judged]:
    router, learned = deps.router(), deps.learned()
    texts = ["\n".join(text for _, text in messages) for messages in found.values()]
    guesses = _guesses(learned, texts)
    judged = {}
    for (inquiry_id, messages), said, proposed in zip(found.items(), texts, guesses, strict=True):
        flagged = flags(said, directory=router.directory)
        verdict = judge(
            router,
            said,
            learned=learned,
            guesses=proposed,
            precision=deps.auto_precision,
            flags=flagged.names,
            accused=flagged.accused,
        )
        judged[inquiry_id] = Judged(
            tuple(text for _, text in messages), messages[-1][0] if messages else 0, verdict, flagged
        )
    return judged


def _guesses(learned: Learned | None, texts: Sequence[str]) -> Sequence[Sequence[Guess]]:
    if learned is None:
        return [()] * len(texts)
    return learned.guesser.guess([("", text) for text in texts])


@dataclass(frozen=True, slots=True)
class _Batch:
    """What the inquiries of a batch share, read once."""

    deps: Deps
    tx: Tx
    now: datetime
    known: KnownAtOnce
    recent: Recent
    in_hand: set[int]
    wrote_before: set[int]


def _batch(deps: Deps, tx: Tx, judged: dict[int, Judged]) -> int:
    """The judged inquiries that are still due and have not been added to. The others wait for the next batch."""
    now = deps.clock.now()
    rows = waiting.still_waiting(tx, now, tuple(judged))
    if not rows:
        return 0
    ids = [row.id for row in rows]
    last = waiting.last_said(tx, ids)
    batch = _Batch(
        deps,
        tx,
        now,
        KnownAtOnce(tx),
        Recent(deps, tx, now),
        waiting.in_hand(tx, ids),
        waiting.wrote_before(tx, [row.contact_id for row in rows], now - repeats.LOOKED_BACK),
    )
    for row in rows:
        if judged[row.id].last == last.get(row.id, 0):
            _route(batch, row, judged[row.id])
    tx.after_commit.append(lambda: deps.wake("outbox"))
    tx.after_commit.append(lambda: deps.metrics.count("routed"))
    return len(rows)


def _route(batch: _Batch, inquiry: InquiryRecord, judged: Judged) -> None:
    deps, tx, now, verdict = batch.deps, batch.tx, batch.now, judged.verdict
    if inquiry.state not in {State.RECEIVED, State.ACCEPTED} or inquiry.id in batch.in_hand:
        inquiries.set_fold(tx, inquiry.id, None)
        return
    repeat = _repeat(batch, inquiry, judged)
    unit = _unit(batch, verdict.chosen if repeat is None else None)
    if unit is None:
        # The directory is empty: the inquiry waits and is tried again, so that it is not lost.
        inquiries.set_fold(tx, inquiry.id, now + RETRY)
        tx.after_commit.append(lambda: deps.alarms.raise_alarm("no_duty_desk"))
        return
    head = (
        None
        if repeat is not None
        else batch.recent.find_head(
            inquiry,
            unit.id if verdict.chosen else None,
            said=judged.said,
            places=verdict.places,
            flags=judged.flags.names,
        )
    )
    unit = batch.known.unit(head.unit_id) if head is not None and head.unit_id is not None else unit
    why, routing = _reasons(judged, repeat)
    # The comparison may have stored something with the inquiry; otherwise it is as it was read under the lock.
    row = inquiries.get(tx, inquiry.id) if inquiry.contact_id in batch.wrote_before else inquiry
    current = move(
        tx,
        row,
        Event.DISPATCH,
        system(now),
        name="dispatched",
        unit_id=unit.id,
        fold_until=None,
        routing=routing,
        category=verdict.category,
        flags=list(judged.flags.names) or None,
        data={"unit": unit.name, "why": why},
    )
    dispatch(deps, tx, current, unit.id, now=now, tell=head is None, said=judged.parts, known=batch.known)
    if head is not None:
        join(deps, tx, current, head, now)


def _reasons(judged: Judged, repeat: InquiryRecord | None) -> tuple[str, dict[str, Any]]:
    """Why it goes where it goes: in one word, and all of it for the record."""
    verdict, accused = judged.verdict, judged.flags.accused
    routing = verdict.record() | ({"accused": list(accused)} if accused else {})
    if repeat is None:
        return verdict.why, routing
    return "repeat", routing | {"chosen": None, "why": "repeat"}


def _repeat(batch: _Batch, inquiry: InquiryRecord, judged: Judged) -> InquiryRecord | None:
    """Send an inquiry that repeats one under way to the desk, where one tap merges it or sends it on."""
    if inquiry.contact_id not in batch.wrote_before:
        return None
    return repeats.find_repeated(batch.tx, inquiry, said=judged.said, places=judged.verdict.places, now=batch.now)


def _unit(batch: _Batch, chosen: str | None) -> UnitRecord | None:
    """The unit chosen, or the one that has its work now; else the duty desk's.

    The router in memory may be half a minute older than a merger.
    """
    unit = batch.known.by_code(chosen) if chosen else None
    return (directory.standing(batch.tx, unit) if unit is not None else None) or batch.known.duty_unit()
