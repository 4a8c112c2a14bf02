"""A worker's own memory of the window: the index of topics, how far it has read, and whose turn it is.

Every worker may look for topics; one does. Whoever stores what it found goes on at once; whoever
finds that another was first forgets its index and waits: only what lies unlooked-at for a while is
its business then, because the other may have died.
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
    """``index`` holds the inquiries up to ``looked``; None until it is read from the database."""

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
        """The words that name matters, from the units' and the catalogue's. With other words than before
        the index is no longer what it would be: it is made anew.
        """
        if directory is self._directory:
            return
        self._directory = directory
        words = KnownWords(matters(directory))
        if words.words != self._words.words:
            self._words, self.index = words, None

    def fresh_index(self) -> TopicIndex:
        """An empty one."""
        return TopicIndex(self.settings.rules, self.settings.areas, self._words)

    def is_my_turn(self, looked: int, now: datetime) -> bool:
        """Whether to look now. ``looked``: how far anybody has stored."""
        if not self._second:
            return True
        if self._waiting is None or self._waiting[0] != looked:
            self._waiting = (looked, now)
        return now - self._waiting[1] >= PATIENCE

    def stored(self, index: TopicIndex, looked: int) -> None:
        """What was found is in the database."""
        self.index, self.looked, self._second, self._waiting = index, looked, False, None

    def was_second(self) -> None:
        """Another worker had stored meanwhile."""
        self.index, self.looked, self._second, self._waiting = None, 0, True, None


def matters(directory: Directory) -> set[str]:
    """What units in office and standing categories say they are there for."""
    words = {word for unit in directory.units if unit.active for word in unit.keywords}
    if directory.catalogue is not None:
        words |= {word for category in directory.catalogue.standing for word in category.keywords}
    return words
