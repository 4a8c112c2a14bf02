"""Column types that survive what people send: NUL characters, lone surrogates, times without a zone.

PostgreSQL refuses NUL in texts, and both databases refuse lone surrogates, which are no valid UTF-8. Phones do
send them, so every text goes through ``clean`` on its way in.
"""

# ruff: noqa: ARG002  SQLAlchemy gives the dialect by name
from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import DateTime, String, Text
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.engine import Dialect

_LONE_SURROGATES = dict.fromkeys(range(55296, 57344), "�") | {0: None}


def clean(text: str) -> str:
    """``text`` without NUL and with lone surrogates as U+FFFD. Values other than texts are not touched."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.translate(_LONE_SURROGATES)
    return text.replace("\x00", "") if "\x00" in text else text


class SafeText(TypeDecorator[str]):
    """A text as a person wrote it, made storable."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else clean(value)


class JsonText(TypeDecorator[Any]):
    """JSON in a text column: the same on both databases, and clean like SafeText.

    ``shape`` is the type of its content, as the generated row types write it. A migration needs none.
    """

    impl = Text
    cache_ok = True

    def __init__(self, shape: str = "") -> None:
        super().__init__()
        self.shape = shape

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        if value is None:
            return None
        # "\\u0000" would come back as NUL; json escapes it, so it is dropped here as text.
        return clean(json.dumps(value, ensure_ascii=False, separators=(",", ":"))).replace("\\u0000", "")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return None if value is None else json.loads(value)


class _Members(dict[str | None, Any]):
    """Members of an enum by their values; for a value that is none's, the value."""

    def __missing__(self, value: str | None) -> str | None:
        return value


class OneOf(TypeDecorator[StrEnum]):
    """A member of an enum, stored as its value. Nothing else can be written.

    What another release stored is read as the text it is: a value that this one does not know must trouble its
    own row and not every query that meets it.
    """

    impl = String
    cache_ok = True

    def __init__(self, members: type[StrEnum], length: int) -> None:
        super().__init__(length)
        self.members = members
        self.by_value = _Members()
        self.by_value[None] = None
        self.by_value.update((each.value, each) for each in members)
        self.values: Mapping[str | None, str | None] = {None: None, **{each.value: each.value for each in members}}

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return self.values[value]

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:
        return self.by_value[value]


class UtcTime(TypeDecorator[datetime]):
    """An aware time in UTC. SQLite stores no zone, so it is added again on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone was about to be stored")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
