"""Character n-grams of texts as numbers, for whole batches at once.

A text is read in one or two spaces: the whole of it, and its headline once more if it has one. A text
without a companion is never told apart into headline or body: nobody knows which of them an SMS is.
Each n-gram has a key of 32 bits, so a model holds numbers and no word of anybody's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bot.text.reading import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Keys = NDArray[np.uint32]

LONGEST = 4  # characters of an n-gram
SPACES = 2  # the whole text, the headline
CHUNK = 500  # texts looked at together: bounds the memory of training, not its result
MOST_BITS = 21  # 8 MB

_MIX = np.uint64(0x9E3779B97F4A7C15)
_SEEDS = np.array([0x51ED270B, 0xB5297A4D], np.uint64)
_NOT_A_WORD = re.compile(r"[^\w]")
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Text:
    """A text as it is counted. ``shown`` is the normalised text; ``folded`` has as many characters, with digits
    and punctuation made alike.
    """

    shown: str
    folded: str
    headline: int  # how many characters of it are the headline; 0 if it has none


def read(headline: str, body: str) -> Text:
    """Prepare a text. A text without a companion gives the same result whether it was passed as headline or as
    body.
    """
    head, rest = normalise(headline), normalise(body)
    shown = f"{head} {rest}" if head and rest else head or rest
    return Text(shown, fold(shown), len(head) if rest else 0)


def fold(shown: str) -> str:
    """Make all digits one digit and punctuation spaces, keeping the length, so that places in both forms agree."""
    return _NOT_A_WORD.sub(" ", _DIGIT.sub("0", shown))


@dataclass(frozen=True, slots=True)
class Grams:
    """All n-grams of a batch of texts. A segment is one text in one space; its number is ``SPACES * number of the
    text + space``.

    ``start`` is the place of an n-gram's first character, counted over all segments joined together, as
    ``starts`` is.
    """

    segment: Ints
    start: Ints
    size: Ints
    key: Keys
    starts: Ints
    chars: NDArray[np.uint64]


def grams(texts: Sequence[Text]) -> Grams:
    codes = [part for text in texts for part in _segments(text)]
    lengths = np.array([len(part) for part in codes], np.int64)
    segment = np.repeat(np.arange(len(codes), dtype=np.int64), lengths)
    chars = np.concatenate(codes).astype(np.uint64) if codes else np.zeros(0, np.uint64)
    parts = list(_by_size(chars, segment))
    sizes = np.repeat(np.arange(1, LONGEST + 1), [len(start) for start, _ in parts])
    start = np.concatenate([start for start, _ in parts])
    return Grams(
        segment[start],
        start,
        sizes,
        np.concatenate([key for _, key in parts]),
        np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)]),
        chars,
    )


def _segments(text: Text) -> Iterator[NDArray[np.uint32]]:
    yield _codes(text.folded)
    yield _codes(text.folded[: text.headline])


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


def _by_size(chars: NDArray[np.uint64], segment: Ints) -> Iterator[tuple[Ints, Keys]]:
    """The starts and keys of all n-grams, one size after the other; no n-gram reaches from one segment into the
    next.
    """
    mixed = _SEEDS[segment % SPACES]
    for size in range(1, LONGEST + 1):
        count = max(len(chars) - size + 1, 0)
        mixed = (mixed[:count] ^ chars[size - 1 :]) * _MIX
        mixed = mixed ^ (mixed >> np.uint64(29))
        start = np.flatnonzero(segment[:count] == segment[size - 1 :])
        yield start, (mixed[start] >> np.uint64(16)).astype(np.uint32)


class Vocabulary:
    """The keys a model knows, sorted. The place of a key is its number."""

    def __init__(self, keys: Keys) -> None:
        self.keys = keys
        # The keys are evenly spread: where those with the same first bits begin is nearly where a key is.
        # A binary search takes three times as long.
        bits = min(max(len(keys).bit_length() + 1, 8), MOST_BITS)
        self._shift = np.uint32(32 - bits)
        self._begin = np.zeros((1 << bits) + 1, np.int32)
        self._begin[1:] = np.cumsum(np.bincount(keys >> self._shift, minlength=1 << bits))

    def __len__(self) -> int:
        return len(self.keys)

    def find(self, keys: Keys) -> tuple[Ints, Ints]:
        """Which of the given keys are known, and their numbers, in no particular order."""
        bucket = keys >> self._shift
        at, end = self._begin[bucket], self._begin[bucket + np.uint32(1)]
        which = np.flatnonzero(at < end)
        at, end, wanted = at[which], end[which], keys[which]
        found, numbers = [which[:0]], [at[:0]]
        while len(which):
            hit = self.keys[at] == wanted
            found.append(which[hit])
            numbers.append(at[hit])
            at = at + 1
            further = ~hit & (at < end)
            which, at, end, wanted = which[further], at[further], end[further], wanted[further]
        return np.concatenate(found), np.concatenate(numbers).astype(np.int64)


@dataclass(frozen=True, slots=True)
class Vectors:
    """How often each known n-gram stands in each segment: one row for each n-gram of a segment, ordered by segment."""

    segment: Ints
    feature: Ints
    value: Floats
    occurrence: Ints  # of each known occurrence its place in ``Grams``
    row: Ints  # of each known occurrence its row here
    count: Ints


def vectors(found: Grams, vocabulary: Vocabulary, idf: Floats) -> Vectors:
    """Count the known n-grams, damp the counts, weigh rare n-grams more, and scale each segment to length 1."""
    occurrence, number = vocabulary.find(found.key)
    wide = max(len(vocabulary), 1)
    pairs = found.segment[occurrence] * wide + number
    pairs, row, count = np.unique(pairs, return_inverse=True, return_counts=True)
    segment, feature = pairs // wide, pairs % wide
    value = (1.0 + np.log(count)) * idf[feature]
    length = np.maximum(np.sqrt(np.bincount(segment, value * value)), 1e-9)
    return Vectors(segment, feature, (value / length[segment]).astype(np.float32), occurrence, row, count)


def chunks(texts: Sequence[Text]) -> Iterator[tuple[int, Grams]]:
    for first in range(0, len(texts), CHUNK):
        yield first, grams(texts[first : first + CHUNK])


@dataclass(frozen=True, slots=True)
class Known:
    """All keys of a set of texts with their size in characters, the number of segments they stand in, and their
    count in all.
    """

    keys: Keys
    size: Ints
    often: Ints
    times: Ints

    def only(self, kept: Any) -> Known:
        return Known(self.keys[kept], self.size[kept], self.often[kept], self.times[kept])


def count(texts: Sequence[Text]) -> Known:
    parts = [_count(found) for _, found in chunks(texts)]
    every = np.concatenate([part.keys for part in parts])
    keys, first, place = np.unique(every, return_index=True, return_inverse=True)
    often = np.bincount(place, np.concatenate([part.often for part in parts]))
    times = np.bincount(place, np.concatenate([part.times for part in parts]))
    size = np.concatenate([part.size for part in parts])[first]
    return Known(keys, size, often.astype(np.int64), times.astype(np.int64))


def _count(found: Grams) -> Known:
    cells = (found.key.astype(np.uint64) << np.uint64(20)) | found.segment.astype(np.uint64)
    cells, where, times = np.unique(cells, return_index=True, return_counts=True)
    keys = (cells >> np.uint64(20)).astype(np.uint32)
    keys, first, place, often = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    return Known(keys, found.size[where[first]], often, np.bincount(place, times).astype(np.int64))
