"""Stores what the index found: topics, which inquiry belongs to which, and who is told when one is hot.

A stored topic goes on in the found one that shares most of its inquiries, whatever that is called by now. One
whose inquiries have left the window stays as it was. Only changes are written.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.text.masking import mask
from bot.text.surnames import COMPOUND, SINGLE
from handlers.notices.notify import to_officer
from handlers.notices.phrases import say_day, shorten
from handlers.notices.recipients import Staff
from store import inquiries as inquiries_store
from store import topics as stored

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from bot.topics.index import TopicIndex
    from bot.topics.ranking import Topic
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.routing import TopicRecord, TopicValues

AGAIN = timedelta(days=1)
"""A topic that people were told of is told again no sooner than this, and only when its citizens have doubled."""
TITLE_WORDS = 2
KEY = 32


@dataclass(frozen=True, slots=True)
class _Kept:
    """A topic with the inquiries that are its own: each inquiry belongs to the first topic that has it."""

    topic: Topic
    own: frozenset[int]


def keep(deps: Deps, tx: Tx, index: TopicIndex, found: list[Topic], *, others: frozenset[int], now: datetime) -> None:
    """Make the stored topics those that were found, and tell people of hot ones. ``others``: inquiries that may
    have belonged to a topic and no longer can.
    """
    kept = _shared_out(found)
    belonging = _belonging(tx, index, others)
    rows = stored.by_id(tx, sorted(set(belonging.values())))
    claimed = _claims(kept, belonging)
    for each in kept:
        topic_id = _store_topic(tx, each.topic, rows.get(claimed.get(each.topic.key, 0)))
        claimed[each.topic.key] = topic_id
        stored.assign(tx, topic_id, sorted(post_id for post_id in each.own if belonging.get(post_id) != topic_id))
    stored.assign(tx, None, sorted(set(belonging).difference(*(each.own for each in kept))))
    for topic_id in sorted(set(rows) - set(claimed.values())):
        # A topic that people were told of must not vanish from the list they were pointed to.
        stored.drop(tx, topic_id, told=rows[topic_id].told_at is not None)
    _tell_of_hot(deps, tx, index, {claimed[each.topic.key]: each.topic for each in kept}, now)


def _belonging(tx: Tx, index: TopicIndex, others: frozenset[int]) -> dict[int, int]:
    """The topics of the window's inquiries. What has left the window keeps its topic."""
    window = index.seen.keys() | others
    if not window:
        return {}
    return {post_id: topic_id for post_id, topic_id in stored.members(tx, min(window)).items() if post_id in window}


def _shared_out(found: list[Topic]) -> list[_Kept]:
    """The topics in order, without the narrower ones, and each inquiry in one of them only."""
    kept: list[_Kept] = []
    taken: set[int] = set()
    for topic in found:
        if not topic.within and (own := frozenset(topic.members) - taken):
            kept.append(_Kept(topic, own))
            taken |= own
    return kept


def _claims(kept: list[_Kept], belonging: dict[int, int]) -> dict[str, int]:
    """For the key of a topic, the stored topic it carries on, the one with the largest share first."""
    shares = Counter(
        (each.topic.key, belonging[post_id]) for each in kept for post_id in each.own if post_id in belonging
    )
    claimed: dict[str, int] = {}
    # Ordered by share and then by name, so that every worker comes to the same result.
    for (key, topic_id), _ in sorted(shares.items(), key=lambda item: (-item[1], item[0])):
        if key not in claimed and topic_id not in claimed.values():
            claimed[key] = topic_id
    return claimed


def _store_topic(tx: Tx, topic: Topic, row: TopicRecord | None) -> int:
    values = _values(topic)
    if row is None:
        return stored.add(tx, f"{topic.members[0]}:{topic.key}"[:KEY], **values)
    # Written only if something changed: most topics of a window are the same as a second ago.
    if any(getattr(row, name) != value for name, value in values.items()):
        stored.change(tx, row.id, **values)
    return row.id


def _values(topic: Topic) -> TopicValues:
    return {
        "words": list(topic.words),
        "place": topic.place[:64],
        "unit_id": int(topic.unit) if topic.unit else None,
        "size": topic.size,
        "citizens": topic.citizens,
        "first_at": topic.first_at,
        "last_at": topic.last_at,
        "trend": {"this_week": topic.trend.this_week, "last_week": topic.trend.last_week},
        "sample_id": topic.sample,
    }


# --- telling ---


def _tell_of_hot(deps: Deps, tx: Tx, index: TopicIndex, found: dict[int, Topic], now: datetime) -> None:
    rows = stored.by_id(tx, sorted(found))
    for topic_id, topic in found.items():
        row = rows[topic_id]
        if topic.citizens >= deps.topics.settings.citizens and _is_news(deps, index, row, topic, now):
            _tell(deps, tx, row, topic, now)
            stored.change(tx, topic_id, told_at=now, told_citizens=topic.citizens)


def _is_news(deps: Deps, index: TopicIndex, row: TopicRecord, topic: Topic, now: datetime) -> bool:
    if row.told_at is not None:
        return topic.citizens >= 2 * row.told_citizens and bool(row.told_at <= now - AGAIN)
    settings = deps.topics.settings
    posts = (index.seen[post_id].post for post_id in topic.members)
    return len({post.citizen for post in posts if post.at > now - settings.within}) >= settings.citizens


def _tell(deps: Deps, tx: Tx, row: TopicRecord, topic: Topic, now: datetime) -> None:
    staff = Staff(tx, now)
    sample = inquiries_store.get(tx, topic.sample)
    params = {
        "title": title(topic.words),
        "place": covered(topic.place),
        "citizens": topic.citizens,
        "size": topic.size,
        "since": say_day(topic.first_at),
        "grown": row.told_at is not None,
        "sample": shorten(covered(sample.summary), 60),
    }
    for officer_id in sorted({officer.id for officer in (*staff.duty_desk(), *staff.leaders())}):
        to_officer(
            tx,
            officer_id,
            key="topic.new",
            params=params | {"url": deps.signer.duty_url(officer_id)},
            once=f"topic:{row.id}:{topic.citizens}:{now:%y%m%d%H%M}:{officer_id}",
            now=now,
            inquiry_id=None,
        )
    tx.after_commit.append(lambda: deps.wake("outbox"))


def title(words: Iterable[str]) -> str:
    """What a topic is called: its name and the next word, with nothing personal."""
    return " ".join(covered(word) for word in list(words)[:TITLE_WORDS])


_PERSON = re.compile(
    rf"((?:{'|'.join(sorted(COMPOUND))})|[{SINGLE}])([\u4e00-\u9fff]{{1,2}}?)"
    r"(?=老师|先生|女士|医生|护士|警官|法官|律师|校长|院长|园长|主任|书记|[局科所处镇乡村站队]长|经理|师傅)"
)


def covered(text: str) -> str:
    """The text with personal data covered, and given names before a title too: a topic names matters, not people."""
    return _PERSON.sub(lambda found: found[1] + "*" * len(found[2]), mask(text))
