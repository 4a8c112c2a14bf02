"""How long a text is on a channel, and how to cut or split it so that it fits.

Three units: ``characters`` (code points), ``utf8_bytes`` (WeChat) and ``segments`` (SMS). A text is never
cut inside what a person sees as one character. Adapters and the delivery handlers call this; segment sizes
are those of 3GPP TS 23.038 as Twilio bills them (SMS character limit page, read 2026-11-23).
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


GSM7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENSION = frozenset("\f^{}\\[~]|€")

GSM7_SINGLE, GSM7_PART = 160, 153
UCS2_SINGLE, UCS2_PART = 70, 67

ZWJ = "\u200d"

# Only what a mainland carrier's filter would take for a link; a host must end in a known top-level domain,
# else "3.5万" and "第1.2条" would be links. The part after the host is ASCII, so that a Chinese full stop ends it.
_LINK = re.compile(
    r"https?://[\x21-\x7e]+|(?<![@\w.])(?:[a-z0-9-]+\.)+(?:com|cn|gov|net|org|info|top|link|io|cc|me)"
    r"(?![a-z0-9-])(?:[/:?][\x21-\x7e]*)?",
    re.IGNORECASE | re.ASCII,
)

_SENTENCE_END = re.compile(r"(?:[。！？；!?;…\n]|\.(?=\s))+[”’」』）)\"']*\s*")
_PAUSE = re.compile(r"[，、,：:]+\s*|\s+")


def is_gsm7(text: str) -> bool:
    """Whether the whole text fits the GSM alphabet; one character outside makes all of it UCS-2."""
    return all(char in GSM7 or char in GSM7_EXTENSION for char in text)


def units(text: str) -> int:
    """The length of a text as SMS counts it: septets if it fits the GSM alphabet (extension characters count 2),
    else UTF-16 units (characters beyond the BMP count 2).
    """
    return sum(_costs(text))


def segments(text: str) -> int:
    """The number of SMS segments, 0 for no text. An escape sequence or a surrogate pair is never split over two
    segments, which may count one more than a provider bills.
    """
    if not text:
        return 0
    gsm = is_gsm7(text)
    single, part = (GSM7_SINGLE, GSM7_PART) if gsm else (UCS2_SINGLE, UCS2_PART)
    costs = _costs(text)
    return 1 if sum(costs) <= single else _packed(costs, part)


def _costs(text: str) -> list[int]:
    if is_gsm7(text):
        return [2 if char in GSM7_EXTENSION else 1 for char in text]
    return [2 if ord(char) > 0xFFFF else 1 for char in text]


def _packed(costs: Iterable[int], room: int) -> int:
    """The number of segments of ``room`` units that are needed for characters of these costs, in their order."""
    count, used = 1, 0
    for cost in costs:
        if used + cost > room:
            count, used = count + 1, 0
        used += cost
    return count


def _utf8_bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


_SIZES: dict[str, Callable[[str], int]] = {"characters": len, "utf8_bytes": _utf8_bytes, "segments": segments}


def size(text: str, unit: str) -> int:
    """Length of ``text`` in ``characters``, ``utf8_bytes`` or ``segments``."""
    return _SIZES[unit](text)


def clusters(text: str) -> list[str]:
    """The text in what a person sees as single characters: combining marks, variation selectors, skin
    tones, ZWJ sequences, flags and CRLF stay together. Joined, the list is the text again.
    """
    found: list[str] = []
    for char in text:
        if found and _belongs(found[-1], char):
            found[-1] += char
        else:
            found.append(char)
    return found


def _belongs(before: str, char: str) -> bool:
    last = before[-1]
    if last == "\r" and char == "\n":
        return True
    if last in "\r\n" or char in "\r\n":
        return False
    return last == ZWJ or _extends(char) or (_is_flag_half(char) and len(before) == 1 and _is_flag_half(before))


def _extends(char: str) -> bool:
    """Whether a character belongs to the one before it: marks, joiners, skin tones and the tag characters of
    regional flags.
    """
    code = ord(char)
    if code < 0x300:  # the common case: nothing in Latin-1 combines
        return False
    if char == ZWJ or 0x1F3FB <= code <= 0x1F3FF or 0xE0020 <= code <= 0xE007F:
        return True
    return unicodedata.category(char) in {"Mn", "Me", "Mc"}


def _is_flag_half(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def cut(text: str, limit: int, unit: str, tail: str = "") -> str:
    """``text`` if it fits, else its longest beginning that fits together with ``tail``, and the tail.

    Raises ValueError when not even the tail fits.
    """
    measure = _SIZES[unit]
    if measure(text) <= limit:
        return text
    if limit < 1 or measure(tail) > limit:
        raise ValueError(f"tail does not fit {limit} {unit}")
    edges = _edges(text[: _window(limit, unit)])
    fitting = bisect_right(edges, limit, key=lambda end: measure(text[:end] + tail))
    return (text[: edges[fitting - 1]] if fitting else "") + tail


def cut_to_segments(text: str, n: int, tail: str = "") -> str:
    """``cut`` for SMS: at most ``n`` segments with the tail."""
    return cut(text, n, "segments", tail)


def split_text(text: str, limit: int, unit: str) -> list[str]:
    """Parts that each fit ``limit`` and joined give the text. A part ends after a sentence where that leaves it a
    reasonable length, else after a comma or a space, else anywhere between two characters.

    Raises ValueError when a single code point does not fit.
    """
    measure = _SIZES[unit]
    parts: list[str] = []
    while measure(window := text[: _window(limit, unit)]) > limit:
        end = _break(window, _reach(window, limit, measure))
        parts.append(text[:end])
        text = text[end:]
    return [*parts, text] if text else parts


def _window(limit: int, unit: str) -> int:
    """A number of code points that certainly do not fit, so that the search does not look at the rest of a long
    text.
    """
    return limit * GSM7_SINGLE + 1 if unit == "segments" else limit + 1


def _reach(text: str, limit: int, measure: Callable[[str], int]) -> int:
    """The furthest place at which to cut so that the beginning fits; inside a cluster only if the cluster alone
    is too long.
    """
    for edges in (_edges(text), range(1, len(text) + 1)):
        fitting = bisect_right(edges, limit, key=lambda end: measure(text[:end]))
        if fitting:
            return edges[fitting - 1]
    raise ValueError(f"not one character fits a limit of {limit}")


def _break(text: str, reach: int) -> int:
    """The last good place to cut before ``reach``. One in the first third is not used, since it would leave a
    very short part.
    """
    beginning = set(_edges(text[: reach + 1]))
    for pattern in (_SENTENCE_END, _PAUSE):
        ends = [match.end() for match in pattern.finditer(text, 0, reach)]
        good = [end for end in ends if end * 3 >= reach and end in beginning]
        if good:
            return good[-1]
    return reach


def _edges(text: str) -> list[int]:
    """The places where clusters end."""
    edges, end = [], 0
    for cluster in clusters(text):
        end += len(cluster)
        edges.append(end)
    return edges


def has_link(text: str) -> bool:
    """Whether a carrier's filter would see a link in the text. An e-mail address is none."""
    return _LINK.search(text) is not None


def without_links(text: str, *, but: str = "") -> str:
    """The text with every link taken out except ``but``, the one address that may stay."""
    return _LINK.sub(lambda found: found[0] if found[0] == but else "", text)
