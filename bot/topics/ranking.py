"""Makes topics of the terms of a window: one for each matter, the one with most citizens first.

Terms are taken in one fixed order, those with most citizens first. A term whose messages mostly belong to a topic
already is part of that topic; any other begins one of its own. A term that extends a topic's name (a subsidy, and
that subsidy for one group) is kept beside it as a narrower topic.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.topics.terms import overlap, widened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from collections.abc import Set as AbstractSet
    from datetime import datetime

    from bot.topics.index import Facts, Naming, Post, TopicIndex, TopicRules

WEEK = timedelta(days=7)
WORDS = 4
LONGEST_WORD = 12
NEAR = 0.1
"""From this likeness on a second word is shown beside the name of a topic."""
NARROWER = (0.25, 0.7)
"""The share of the wider topic's messages a narrower one may have. With less it means nothing, with more it is
the same topic.
"""
HERE = 0.3
"""The share of citizens who must name a place, or whose matter is with a unit, for it to be shown as the topic's."""


@dataclass(frozen=True, slots=True)
class Trend:
    """Distinct citizens in the last seven days and in the seven days before."""

    this_week: int
    last_week: int


@dataclass(frozen=True, slots=True)
class Topic:
    """One matter. ``key`` is its name as people write it; ``within`` is the key of the wider topic if this is a
    narrower one.

    ``words`` begins with the name; ``members`` are message ids in ascending order.
    """

    key: str
    words: tuple[str, ...]
    place: str
    unit: str
    citizens: int
    size: int
    first_at: datetime
    last_at: datetime
    trend: Trend
    sample: int
    members: tuple[int, ...]
    within: str = ""


@dataclass(slots=True)
class _Draft:
    facts: Facts
    naming: Naming
    parts: list[tuple[str, Facts]] = field(default_factory=list)


def topics(index: TopicIndex, now: datetime) -> list[Topic]:
    """The topics of the window that ends at ``now``, those with most citizens first, narrower ones after their
    wider one.
    """
    index.expire(now)
    found: list[Topic] = []
    for draft in _drafts(index):
        topic = _finished(index, draft, now)
        found.append(topic)
        found += [_finished(index, narrower, now, within=topic.key) for narrower in _narrower(index, draft)]
    order = {topic.key: (-topic.citizens, -topic.size, topic.key) for topic in found}
    return sorted(
        found, key=lambda topic: (order.get(topic.within, order[topic.key]), topic.within != "", order[topic.key])
    )


def _drafts(index: TopicIndex) -> list[_Draft]:
    drafts: list[_Draft] = []
    names: set[str] = set()
    owners: dict[int, list[int]] = {}
    settled = index.settled()
    for term, facts in sorted(index.candidates(), key=lambda each: _rank(index, *each)):
        held = index.holders(term)
        known = _wider(held, owners, index.rules.same * len(held))
        if known is not None:
            drafts[known].parts.append((term, facts))
            continue
        if not index.is_of_one_matter(term, facts, settled=settled):
            continue
        naming = index.naming(term)
        if naming.begins and naming.name not in names:
            names.add(naming.name)
            for post_id in naming.members:
                owners.setdefault(post_id, []).append(len(drafts))
            drafts.append(_Draft(facts, naming))
    return drafts


def _rank(index: TopicIndex, term: str, facts: Facts) -> tuple[int, int, str]:
    return -facts.citizens, -len(index.holders(term)), term


def _wider(held: AbstractSet[int], owners: dict[int, list[int]], needed: float) -> int | None:
    """The topic that contains most of these messages; the first if two contain the same number."""
    shared: dict[int, int] = {}
    for post_id in held:
        for owner in owners.get(post_id, ()):
            shared[owner] = shared.get(owner, 0) + 1
    best = min(shared.items(), key=lambda item: (-item[1], item[0]), default=(None, 0))
    return best[0] if best[1] >= needed else None


def _narrower(index: TopicIndex, wider: _Draft) -> list[_Draft]:
    kept: list[_Draft] = []
    for term, facts in wider.parts:
        naming = index.naming(term)
        if wider.naming.name in naming.name and _stands_apart(index.rules, naming, wider.naming, kept):
            kept.append(_Draft(facts, naming))
    return kept


def _stands_apart(rules: TopicRules, naming: Naming, wider: Naming, kept: list[_Draft]) -> bool:
    size = len(naming.members)
    least, most = (share * len(wider.members) for share in NARROWER)
    if not least <= size <= most or naming.citizens < rules.citizens or len(naming.name) < len(wider.name) + 2:
        return False
    return all(len(other.naming.members & naming.members) < rules.same * size for other in kept)


def _finished(index: TopicIndex, draft: _Draft, now: datetime, *, within: str = "") -> Topic:
    naming = draft.naming
    posts = [index.seen[post_id].post for post_id in sorted(naming.members)]
    words = _words(index, draft)
    return Topic(
        key=naming.name,
        words=words,
        place=_common(posts, lambda post: post.places),
        unit=_common(posts, lambda post: (post.unit,)),
        citizens=naming.citizens,
        size=len(posts),
        first_at=min(post.at for post in posts),
        last_at=max(post.at for post in posts),
        trend=_trend(posts, now),
        sample=_sample(index, posts, words),
        members=tuple(post.id for post in posts),
        within=within,
    )


def _words(index: TopicIndex, draft: _Draft) -> tuple[str, ...]:
    """The name, and what else begins just these messages."""
    words = [draft.naming.name]
    near = sorted(index.partners(draft.facts), key=lambda each: (-each[0], each[1]))
    for nearness, mark in near:
        if nearness < NEAR or len(words) == WORDS:
            break
        if not any(overlap(mark, known) for known in words):
            word = _spelled_out(index, draft, mark)
            words += [] if any(overlap(word, known) for known in words) else [word]
    return tuple(word[:LONGEST_WORD] for word in words)


def _spelled_out(index: TopicIndex, draft: _Draft, mark: str) -> str:
    """A second word in its full spelling where the name is not part of it; the name itself where it is part
    everywhere.
    """
    name = draft.naming.name
    cuts = (index.seen[post_id].cut.replace(name, " ") for post_id in draft.naming.members)
    texts = [cut for cut in cuts if mark in cut]
    return widened(mark, texts, index.rules.wording) if texts else name


def _common(posts: list[Post], labels: Callable[[Post], Iterable[str]]) -> str:
    """The label most citizens have, if enough of them have it."""
    votes = Counter(label for label, _ in {(label, post.citizen) for post in posts for label in labels(post) if label})
    best = min(votes.items(), key=lambda item: (-item[1], item[0]), default=("", 0))
    return best[0] if best[1] >= HERE * len({post.citizen for post in posts}) else ""


def _trend(posts: list[Post], now: datetime) -> Trend:
    weeks: tuple[set[str], set[str]] = (set(), set())
    for post in posts:
        age = max(now - post.at, timedelta(0)) // WEEK
        if age < len(weeks):
            weeks[age].add(post.citizen)
    return Trend(len(weeks[0]), len(weeks[1]))


def _sample(index: TopicIndex, posts: list[Post], words: tuple[str, ...]) -> int:
    """The message that contains most of the words."""
    return min(posts, key=lambda post: (-sum(word in index.seen[post.id].cut for word in words), post.id)).id
