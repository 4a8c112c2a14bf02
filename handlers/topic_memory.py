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

from bot.topics import TopicIndex, TopicRules

if TYPE_CHECKING:
    from datetime import date, datetime

PATIENCE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class TopicSettings:
    """When a topic is hot, and the names of the whole area, which are no topics (``bot.topic_words``)."""

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
    _second: bool = False
    _waiting: tuple[int, datetime] | None = None

    def fresh_index(self) -> TopicIndex:
        """An empty one."""
        return TopicIndex(self.settings.rules, self.settings.areas)

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
