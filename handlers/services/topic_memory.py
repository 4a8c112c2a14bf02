"""A worker's own memory of the window of hot topics: the index, how far it has read, and whether it is its turn.

Every worker may look for topics, and one does. The worker that stored its findings goes on at once. One that
finds that another was first forgets its index and waits; after that it only takes up what nobody has looked at
for a while, because the other worker may have died.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.topics.index import TopicIndex, TopicRules
from bot.topics.terms import KnownWords

if TYPE_CHECKING:
    from datetime import date, datetime

    from bot.directory.units import Directory

PATIENCE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """When a topic is hot, and the names of the whole area, which are no topics (``bot.topics.terms``)."""

    citizens: int = 5
    within: timedelta = timedelta(hours=72)
    areas: frozenset[str] = frozenset()
    rules: TopicRules = field(default_factory=TopicRules)


@dataclass(slots=True)
class TopicMemory:
    """``index`` contains the inquiries up to ``looked``; it is None until it is read from the database."""

    settings: TopicSettings = field(default_factory=TopicSettings)
    index: TopicIndex | None = None
    looked: int = 0
    rebuilt_on: date | None = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    _words: KnownWords = field(default_factory=KnownWords)
    _directory: Directory | None = None
    _second: bool = False
    _waiting: tuple[int, datetime] | None = None

    def learn(self, directory: Directory) -> None:
        """Take over the words that name matters, from the units and the catalogue. If they changed, the index
        would be another one, so it is built anew.
        """
        if directory is self._directory:
            return
        self._directory = directory
        words = KnownWords(matters(directory))
        if words.words != self._words.words:
            self._words, self.index = words, None

    def fresh_index(self) -> TopicIndex:
        """An empty index."""
        return TopicIndex(self.settings.rules, self.settings.areas, self._words)

    def is_my_turn(self, looked: int, now: datetime) -> bool:
        """Whether to look now. ``looked``: how far any worker has stored."""
        if not self._second:
            return True
        if self._waiting is None or self._waiting[0] != looked:
            self._waiting = (looked, now)
        return now - self._waiting[1] >= PATIENCE

    def stored(self, index: TopicIndex, looked: int) -> None:
        """Note that the findings are in the database."""
        self.index, self.looked, self._second, self._waiting = index, looked, False, None

    def was_second(self) -> None:
        """Note that another worker had stored meanwhile."""
        self.index, self.looked, self._second, self._waiting = None, 0, True, None


def matters(directory: Directory) -> set[str]:
    """The words by which units in office and categories in use name their matters."""
    words = {word for unit in directory.units if unit.active for word in unit.keywords}
    if directory.catalogue is not None:
        words |= {word for category in directory.catalogue.standing for word in category.keywords}
    return words
