"""What is remembered of a conversation between two messages, and its form as JSON.

Reading is tolerant, because an older or a newer release may have written the JSON: a state that cannot be read
may cost an extra question to the person, never a message.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Draft:
    """A matter that is being told. ``asked``: we asked what and where it is; ``has_words``: the person has
    written something about it.
    """

    opened_at: datetime
    last_part_at: datetime
    inquiry_id: int | None = None
    parts: int = 1
    has_words: bool = False
    asked: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "inquiry_id": self.inquiry_id,
            "opened_at": self.opened_at.isoformat(),
            "last_part_at": self.last_part_at.isoformat(),
            "parts": self.parts,
            "has_words": self.has_words,
            "asked": self.asked,
        }

    @classmethod
    def from_json(cls, data: Any) -> Draft | None:
        """The stored draft, or None if one of its moments is missing; the next message then opens a new matter."""
        fields = data if isinstance(data, dict) else {}
        opened_at, last_part_at = _moment(fields.get("opened_at")), _moment(fields.get("last_part_at"))
        if opened_at is None or last_part_at is None:
            return None
        inquiry_id = fields.get("inquiry_id")
        return cls(
            opened_at,
            last_part_at,
            inquiry_id if isinstance(inquiry_id, int) else None,
            _count(fields.get("parts")) or 1,
            fields.get("has_words") is True,
            fields.get("asked") is True,
        )


@dataclass(frozen=True, slots=True)
class ConversationState:
    """What is remembered of the conversation with one address.

    ``awaiting`` is ``""``, ``rating``, ``rating_reason`` or ``supplement``, and concerns the inquiry
    ``awaiting_number``. ``recent`` are short digests of the last texts, used to notice loops. ``minute``, ``day``
    (a date in China) and ``day_count`` are counted for the rate limits. Before ``cooled_until`` the person is not
    answered.
    """

    draft: Draft | None = None
    awaiting: str = ""
    awaiting_number: str = ""
    awaiting_until: datetime | None = None
    asked_again: bool = False
    last_notice_at: datetime | None = None
    recent: tuple[tuple[str, datetime], ...] = ()
    minute: tuple[datetime, ...] = ()
    day: str = ""
    day_count: int = 0
    cooled_until: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """Only the fields that are set, so that a quiet conversation takes little room."""
        fields = {
            "draft": self.draft and self.draft.to_json(),
            "awaiting": self.awaiting,
            "awaiting_number": self.awaiting_number,
            "awaiting_until": self.awaiting_until and self.awaiting_until.isoformat(),
            "asked_again": self.asked_again,
            "last_notice_at": self.last_notice_at and self.last_notice_at.isoformat(),
            "recent": [[mark, at.isoformat()] for mark, at in self.recent],
            "minute": [at.isoformat() for at in self.minute],
            "day": self.day,
            "day_count": self.day_count,
            "cooled_until": self.cooled_until and self.cooled_until.isoformat(),
        }
        return {name: value for name, value in fields.items() if value}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ConversationState:
        """The stored state. Unknown fields are dropped, unreadable ones take their default."""
        return cls(
            draft=Draft.from_json(data.get("draft")),
            awaiting=_text(data.get("awaiting")),
            awaiting_number=_text(data.get("awaiting_number")),
            awaiting_until=_moment(data.get("awaiting_until")),
            asked_again=data.get("asked_again") is True,
            last_notice_at=_moment(data.get("last_notice_at")),
            recent=_marks(data.get("recent")),
            minute=tuple(at for item in _items(data.get("minute")) if (at := _moment(item))),
            day=_text(data.get("day")),
            day_count=_count(data.get("day_count")),
            cooled_until=_moment(data.get("cooled_until")),
        )


def _moment(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo is not None else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _marks(value: Any) -> tuple[tuple[str, datetime], ...]:
    pairs = [item for item in _items(value) if isinstance(item, list) and len(item) == 2]
    return tuple((_text(mark), moment) for mark, at in pairs if (moment := _moment(at)))
