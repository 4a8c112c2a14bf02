"""The words by which a person stops or resumes our messages, on any channel.

Only a word standing alone counts: ``STOP 1024`` and ``请停止施工`` are matters, not opt-outs.
"""

from __future__ import annotations

import unicodedata
from typing import Literal

PLATFORM_OUT = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "revoke", "optout"})
"""Twilio answers these itself and then refuses to send (21610) until START (advanced opt-out page, 2026-11)."""

PLATFORM_IN = frozenset({"start", "unstop"})

OUT = PLATFORM_OUT | {"退订", "退訂", "td", "t"}
IN = PLATFORM_IN | {"恢复", "恢復"}

LONGEST = 40


def opt_word(text: str) -> Literal["out", "in"] | None:
    """``"out"`` or ``"in"`` when the text is one of the words and nothing else, in any case and width."""
    word = bare_word(text)
    if word in OUT:
        return "out"
    return "in" if word in IN else None


def is_platform_word(text: str) -> bool:
    """Whether an SMS platform has acted on the word, and answered it, before we saw it."""
    return bare_word(text) in PLATFORM_OUT | PLATFORM_IN


def bare_word(text: str) -> str:
    """Half-width, lower case, without spaces and punctuation around; ``""`` for what is too long to be a word."""
    if len(text) > LONGEST:
        return ""
    plain = unicodedata.normalize("NFKC", text).casefold()
    start, end = 0, len(plain)
    while start < end and not plain[start].isalnum():
        start += 1
    while end > start and not plain[end - 1].isalnum():
        end -= 1
    return plain[start:end]
