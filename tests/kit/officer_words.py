"""The officers' words as they are in use, read as the conversation reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from handlers.officer.table import TABLE

if TYPE_CHECKING:
    from bot.conversation.acts import Act

WORDS = TABLE.words


def parse_staff(text: str) -> Act | None:
    """The act of an officer's message, or None."""
    return WORDS.parse(text)
