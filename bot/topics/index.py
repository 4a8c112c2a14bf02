"""Hot topics: messages about one matter, found by the rare terms they share and ranked by distinct citizens.

A topic is a term that names something, and the messages that contain it. Everything is defined by the *set* of
messages in the window and never by the order in which they came: an index fed one by one and one built anew give
the same topics, which ``handlers/topics/index.py`` checks every night. The functions are pure; ``now`` is an
argument (docs/decisions/0013-hot-topics.md).
"""

from __future__ import annotations

import heapq
import sys
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.topics.terms import MARK, KnownWords, lead_of, overlap, pieces, telling, terms, wide_names, widened

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Post:
    """One message of the window. ``headline`` is empty where the channel has none; ``places`` are the known
    places in it.
    """

    id: int
    citizen: str
    text: str
    headline: str
    at: datetime
    unit: str = ""
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TopicRules:
    """The limits for a term that names a topic. Shares are of the messages (or citizens) that have the term."""

    window: timedelta = timedelta(days=30)
    most: int = 5000
    """The number of messages held; beyond it the oldest are forgotten. A message takes some 10 kB of memory."""
    citizens: int = 3
    """The least number of distinct citizens. With fewer nothing is reported."""
    lead_share: float = 0.5
    """The share of messages with the term that must begin with it, because what a message is about stands first."""
    repeated: float = 0.35
    """The share of messages that use the term again further down."""
    alike: float = 0.2
    """The share of messages that have a second word in common which hardly any other message has (Jaccard index)."""
    burst: timedelta = timedelta(hours=72)
    burst_citizens: int = 4
    word_citizens: int = 8
    """The least number of citizens for a short known word alone (``TopicIndex.words``): of street lamps five
    people write within some three days of any year.
    """
    burst_share: float = 0.6
    """The share of the term's citizens who wrote within ``burst``. One of the three (repeated, alike, burst) is
    enough.
    """
    history: timedelta = timedelta(days=10)
    """The least time span of the window. Before it holds that much, everything would look like a burst."""
    begins: float = 0.1
    """The share of messages in which the name begins a phrase. What never begins one is the tail of many names."""
    same: float = 0.5
    """The share of a smaller term's messages that lie in a larger topic, from which on the term is part of that
    topic.
    """
    wording: float = 0.85
    """The share of messages that must have the same character beside the term for it to be counted to the name."""


@dataclass(slots=True)
class Seen:
    """A message as it was cut into terms."""

    post: Post
    cut: str
    lead: frozenset[str]
    marks: frozenset[str]


@dataclass(frozen=True, slots=True)
class Facts:
    """What the messages of a term say about it. It holds as long as these messages stay the same."""

    citizens: int
    repeats: int
    at_once: int
    """The number of citizens who wrote within ``TopicRules.burst``."""
    partners: tuple[tuple[str, int], ...]
    """Other words at the beginning of these messages, with the number of citizens who use each."""


@dataclass(frozen=True, slots=True)
class Naming:
    """The full name of which a term is a part, and the messages that contain all of it. It holds as long as
    ``Facts`` does.
    """

    name: str
    members: frozenset[int]
    citizens: int
    begins: bool
    """Whether it is a name by itself: see ``TopicRules.begins``."""


@dataclass(slots=True)
class TopicIndex:
    """The messages of a window and the terms in each. Messages can be added and removed in any order."""

    rules: TopicRules = field(default_factory=TopicRules)
    wide: frozenset[str] = frozenset()
    """Names of the whole area, which say nothing about a place in it (``wide_names``)."""
    words: KnownWords = field(default_factory=KnownWords)
    """Short known words. They name a topic only when many people write at once, since somebody writes of a street
    lamp every day.
    """
    seen: dict[int, Seen] = field(default_factory=dict)
    _where: dict[str, int | set[int]] = field(default_factory=dict)
    _led: dict[str, int] = field(default_factory=dict)
    _marked: dict[str, int] = field(default_factory=dict)
    _candidates: dict[str, Facts | None] = field(default_factory=dict)
    _namings: dict[str, Naming] = field(default_factory=dict)
    _times: list[tuple[datetime, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.wide = wide_names(self.wide)

    def add(self, post: Post) -> None:
        """Take in a message. A message known already is replaced."""
        if post.id in self.seen:
            if self.seen[post.id].post == post:
                return
            self.remove(post.id)
        seen, found = self._cut(post)
        self.seen[post.id] = seen
        heapq.heappush(self._times, (post.at, post.id))
        _count(self._led, seen.lead, 1)
        _count(self._marked, seen.marks, 1)
        for term in found:
            self._put(term, post.id)
        self._reconsider(found)

    def remove(self, post_id: int) -> None:
        """Forget a message that was withdrawn, flagged or is too old. An unknown one is ignored."""
        seen = self.seen.pop(post_id, None)
        if seen is None:
            return
        found = self._terms(seen.cut)
        _count(self._led, seen.lead, -1)
        _count(self._marked, seen.marks, -1)
        for term in found:
            self._take(term, post_id)
        self._reconsider(found)

    def expire(self, now: datetime) -> int:
        """Forget messages older than the window, and the oldest of those beyond the limit. Returns how many."""
        gone = 0
        while self._times and (self._times[0][0] < now - self.rules.window or len(self.seen) > self.rules.most):
            at, post_id = heapq.heappop(self._times)
            seen = self.seen.get(post_id)
            if seen is not None and seen.post.at == at:
                self.remove(post_id)
                gone += 1
        return gone

    def _cut(self, post: Post) -> tuple[Seen, set[str]]:
        """Cut a message into terms. Its beginning may end within a word; only whole words of it count."""
        lead = pieces(post.headline or lead_of(post.text), self.wide)
        cut = f"{lead} {pieces(post.text, self.wide)}" if post.headline else pieces(post.text, self.wide)
        found = self._terms(cut)
        seen = Seen(post, cut, _shared_strings(self._terms(lead) & found), _shared_strings(terms(lead, MARK)))
        return seen, found

    def _terms(self, cut: str) -> set[str]:
        return terms(cut) | self.words.within(cut)

    def _put(self, term: str, post_id: int) -> None:
        """Note that a message has a term. Most terms occur in one message only, and a set for each of them would
        fill the memory.
        """
        held = self._where.get(term)
        if held is None:
            self._where[term] = post_id
        elif isinstance(held, int):
            self._where[term] = {held, post_id}
        else:
            held.add(post_id)

    def _take(self, term: str, post_id: int) -> None:
        held = self._where[term]
        if isinstance(held, int):
            del self._where[term]
            return
        held.discard(post_id)
        if len(held) == 1:
            self._where[term] = next(iter(held))

    def _reconsider(self, found: Iterable[str]) -> None:
        """Decide anew which of a message's terms may name a topic, now that the messages that have them changed."""
        for term in found:
            self._namings.pop(term, None)
            led = self._led.get(term, 0)
            if led >= self.rules.citizens * self.rules.lead_share and self._may_name(term, led):
                self._candidates[term] = None
            else:
                self._candidates.pop(term, None)

    def _may_name(self, term: str, led: int) -> bool:
        held = self._where.get(term, 0)
        return (
            not isinstance(held, int)
            and len(held) >= self.rules.citizens
            and led >= self.rules.lead_share * len(held)
            and telling(term)
        )

    def holders(self, term: str) -> AbstractSet[int]:
        """The messages that contain a term of four characters."""
        held = self._where.get(term)
        if held is None:
            return frozenset()
        return {held} if isinstance(held, int) else held

    def candidates(self) -> Iterator[tuple[str, Facts]]:
        """The terms that may name a topic, or a part of one, as the window stands."""
        for term, known in self._candidates.items():
            facts = known or self._facts(term)
            self._candidates[term] = facts
            if facts.citizens >= self.rules.citizens:
                yield term, facts

    def _facts(self, term: str) -> Facts:
        held = [self.seen[post_id] for post_id in self.holders(term)]
        marks: dict[str, set[str]] = {}
        for seen in held:
            marks.setdefault(seen.post.citizen, set()).update(seen.marks)
        counts = Counter(mark for own in marks.values() for mark in own)
        shared = [
            (mark, count) for mark, count in counts.items() if count >= self.rules.citizens and not overlap(mark, term)
        ]
        repeats = sum(seen.cut.count(term) > 1 for seen in held)
        return Facts(len(marks), repeats, most_citizens((seen.post for seen in held), self.rules.burst), tuple(shared))

    def is_of_one_matter(self, term: str, facts: Facts, *, settled: bool) -> bool:
        """Whether the messages of a term are about one matter: people use it again, share another word that is
        theirs alone, or wrote at the same time.
        """
        rules = self.rules
        known = term in self.words.words
        least = rules.word_citizens if known else rules.burst_citizens
        at_once = settled and facts.at_once >= max(least, rules.burst_share * facts.citizens)
        if known:
            return at_once
        return (
            facts.repeats >= rules.repeated * len(self.holders(term))
            or at_once
            or any(near >= rules.alike for near, _ in self.partners(facts))
        )

    def settled(self) -> bool:
        """Whether the window spans enough time to tell a burst from the beginning of the record."""
        times = [seen.post.at for seen in self.seen.values()]
        return bool(times) and max(times) - min(times) >= self.rules.history

    def partners(self, facts: Facts) -> Iterator[tuple[float, str]]:
        """The other words at the beginning of a term's messages, and how nearly each occurs in just these messages."""
        for mark, count in facts.partners:
            yield count / (facts.citizens + self._marked[mark] - count), mark

    def naming(self, term: str) -> Naming:
        """The full name of which a term is a part, as nearly all of its messages have it."""
        known = self._namings.get(term)
        if known is None:
            held = [self.seen[post_id] for post_id in self.holders(term)]
            name = widened(term, [seen.cut for seen in held], self.rules.wording)
            held = [seen for seen in held if name in seen.cut]
            begun = sum(f" {name}" in f" {seen.cut}" for seen in held)
            known = self._namings[term] = Naming(
                name,
                frozenset(seen.post.id for seen in held),
                len({seen.post.citizen for seen in held}),
                begins=term in self.words.words or begun >= self.rules.begins * len(held),
            )
        return known


def _count(counts: dict[str, int], found: Iterable[str], step: int) -> None:
    for term in found:
        count = counts.get(term, 0) + step
        if count:
            counts[term] = count
        else:
            del counts[term]


def _shared_strings(found: Iterable[str]) -> frozenset[str]:
    """One copy of each string in memory: the same words begin many messages."""
    return frozenset(map(sys.intern, found))


def most_citizens(posts: Iterable[Post], span: timedelta) -> int:
    """The largest number of distinct citizens who wrote within any ``span`` of time."""
    line = sorted((post.at, post.id, post.citizen) for post in posts)
    inside: Counter[str] = Counter()
    most = start = 0
    for at, _, citizen in line:
        inside[citizen] += 1
        while line[start][0] < at - span:
            gone = line[start][2]
            inside[gone] -= 1
            if not inside[gone]:
                del inside[gone]
            start += 1
        most = max(most, len(inside))
    return most
