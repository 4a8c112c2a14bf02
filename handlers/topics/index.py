"""Keeps hot topics up to date: each sweep looks at new inquiries, and at night everything is built anew.

Reading and computing are done with no lock held, storing in one short transaction. The cursor decides which
worker's findings are stored (``store.topics.move_looked``). An inquiry is looked at once its quiet interval is
over, because only then is it complete and its flags are known. Secrets and accusations are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from bot.clocks.workdays import CHINA
from bot.topics.index import Post
from bot.topics.ranking import topics
from handlers.topics.keep import covered, keep
from store import inquiries
from store import topics as stored

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.topics.index import TopicIndex
    from bot.topics.ranking import Topic
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.routing import TopicInquiryRecord

BATCH = 200
"""The inquiries of one look, which then takes no longer than a tenth of a second: half a millisecond each."""
# Inquiries read at once with their texts: bounds the memory while a window of thousands is read.
PAGE = 500
# At night, when a look that takes seconds keeps nobody waiting.
REBUILD_FROM = time(3, 30)
OWNER_FIRST = timedelta(hours=1)
"""The worker that has the index rebuilds it, so that both can be compared; the others only if it does not."""
STUCK = timedelta(hours=3)
"""Longer than anybody takes to tell a matter. An inquiry that is not routed after this time no longer keeps back
those after it.
"""
HIDDEN = frozenset({"secret", "accusation"})
NO_MATTER = frozenset({"withdrawn", "rejected"})


class _Read(NamedTuple):
    """Posts to take in, inquiries that are none, and the id up to which everything was looked at."""

    posts: list[Post]
    others: frozenset[int]
    looked: int


@dataclass(frozen=True, slots=True)
class _Found:
    """What a look found. It is stored if nobody has looked beyond ``since`` meanwhile."""

    index: TopicIndex
    topics: list[Topic]
    read: _Read
    since: int


def drain(deps: Deps) -> int:
    """Look at the inquiries that have come since. Returns how many; at once when there is nothing new."""
    memory, now = deps.topics, deps.clock.now()
    # The sweep and a wake-up may come at the same moment; the second has nothing to add.
    if not memory.lock.acquire(blocking=False):
        return 0
    try:
        looked, waiting = deps.store.read(lambda tx: _look(tx, now))
        memory.learn(deps.router().directory)
        if _is_night_work(deps, now) and (done := _rebuild(deps, looked, now)) is not None:
            return done
        if not waiting or not memory.is_my_turn(looked, now):
            return 0
        return _catch_up(deps, looked, now)
    finally:
        memory.lock.release()


def _look(tx: Tx, now: datetime) -> tuple[int, bool]:
    """How far any worker has looked, and whether the next inquiry is ready."""
    looked = stored.looked(tx)
    following = stored.after(tx, looked, 1)
    return looked, bool(following) and not _is_being_told(following[0], now)


def _is_being_told(row: TopicInquiryRecord, now: datetime) -> bool:
    return row.fold_until is not None and bool(row.received_at > now - STUCK)


def _catch_up(deps: Deps, looked: int, now: datetime) -> int:
    memory = deps.topics
    index = memory.index
    if index is None or memory.looked != looked:
        index = memory.fresh_index()
        read = deps.store.read(partial(_read_window, deps, now))
    else:
        read = deps.store.read(lambda tx: _read_after(tx, looked, now))
    for post in read.posts:
        index.add(post)
    found = topics(index, now)
    if deps.store.write(partial(_store, deps, _Found(index, found, read, looked), now)):
        memory.stored(index, read.looked)
        return len(read.posts)
    memory.was_second()
    return 0


def _store(deps: Deps, found: _Found, now: datetime, tx: Tx) -> bool:
    if not stored.move_looked(tx, seen=found.since, to=found.read.looked):
        return False
    keep(deps, tx, found.index, found.topics, others=found.read.others, now=now)
    return True


# --- reading inquiries as posts ---


def _read_after(tx: Tx, looked: int, now: datetime) -> _Read:
    rows = _ready(stored.after(tx, looked, BATCH), now)
    posts = _posts(tx, rows)
    return _Read(posts, _others(rows, posts), rows[-1].id if rows else looked)


def _others(rows: Sequence[TopicInquiryRecord], posts: list[Post]) -> frozenset[int]:
    return frozenset(row.id for row in rows) - {post.id for post in posts}


def _read_window(deps: Deps, now: datetime, tx: Tx) -> _Read:
    """Everything of the window that is ready, from the newest back, a page at a time."""
    rules = deps.topics.settings.rules
    rows: list[TopicInquiryRecord] = []
    last = None
    while page := stored.before(tx, last, PAGE):
        rows += page
        last = page[-1].id
        if page[-1].received_at < now - rules.window or len(rows) >= rules.most:
            break
    ready = _ready(rows[::-1], now)
    looked = ready[-1].id if ready else 0
    inside = [row for row in ready if row.received_at >= now - rules.window]
    posts = [post for start in range(0, len(inside), PAGE) for post in _posts(tx, inside[start : start + PAGE])]
    return _Read(posts, _others(inside, posts), max(looked, stored.looked(tx)))


def _ready(rows: Sequence[TopicInquiryRecord], now: datetime) -> list[TopicInquiryRecord]:
    """The inquiries up to the first one whose citizen may still be writing."""
    ready: list[TopicInquiryRecord] = []
    for row in rows:
        if _is_being_told(row, now):
            break
        ready.append(row)
    return ready


def _posts(tx: Tx, rows: Sequence[TopicInquiryRecord]) -> list[Post]:
    kept = [
        row
        for row in rows
        if row.fold_until is None and row.state not in NO_MATTER and HIDDEN.isdisjoint(row.flags or ())
    ]
    said = stored.texts(tx, [row.id for row in kept])
    return [_post(row, said.get(row.id, "")) for row in kept]


def _post(row: TopicInquiryRecord, text: str) -> Post:
    """An inquiry as a post. Its text is covered before it is cut, so that no name and no number gets into a
    topic's words.
    """
    places = (row.routing or {}).get("places") or ()
    return Post(row.id, str(row.contact_id), covered(text), "", row.received_at, str(row.unit_id or ""), tuple(places))


# --- at night ---


def _is_night_work(deps: Deps, now: datetime) -> bool:
    memory, local = deps.topics, now.astimezone(CHINA)
    if memory.rebuilt_on == local.date() or local.time() < REBUILD_FROM:
        return False
    starts = datetime.combine(local.date(), REBUILD_FROM, CHINA)
    if memory.index is None and local < starts + OWNER_FIRST:
        return False
    mark = _mark(now)
    if deps.store.read(lambda tx: inquiries.counted(tx, mark)):
        memory.rebuilt_on = local.date()
        return False
    return True


def _mark(now: datetime) -> str:
    return f"topics:{now.astimezone(CHINA):%y%m%d}"


def _rebuild(deps: Deps, looked: int, now: datetime) -> int | None:
    """Read everything anew, compare, and store what the new index gives. Returns how many inquiries nobody had
    looked at; None when another worker did it.
    """
    memory = deps.topics
    read = deps.store.read(partial(_read_window, deps, now))
    index = memory.fresh_index()
    for post in read.posts:
        index.add(post)
    found = topics(index, now)
    differs = memory.index is not None and topics(_brought_up(memory.index, index), now) != found
    if not deps.store.write(partial(_store_rebuilt, deps, _Found(index, found, read, looked), now)):
        return None
    if differs:
        deps.alarms.raise_alarm("topics_differ", inquiries=len(index.seen))
    memory.stored(index, read.looked)
    memory.rebuilt_on = now.astimezone(CHINA).date()
    return sum(post.id > looked for post in read.posts)


def _brought_up(lived: TopicIndex, fresh: TopicIndex) -> TopicIndex:
    """The index that lived through the day, after it was told what changed in the inquiries meanwhile: a flag,
    another unit, a part that came later.
    """
    for seen in fresh.seen.values():
        lived.add(seen.post)
    for post_id in set(lived.seen) - set(fresh.seen):
        lived.remove(post_id)
    return lived


def _store_rebuilt(deps: Deps, found: _Found, now: datetime, tx: Tx) -> bool:
    if inquiries.counted(tx, _mark(now)) or not _store(deps, found, now, tx):
        return False
    return inquiries.next_count(tx, _mark(now)) == 1
