"""Finds the words of a text that decided: the places where the weights of its n-grams pile up.

Each n-gram spreads its weight over its characters. Shown are stretches of two to four characters that behave like
words in the texts the model learned from: their characters stand together more often than chance, and they are
not usually part of a longer stretch. No dictionary is used, so names of estates and products are found too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bot.classifier.features import LONGEST, SPACES, Floats, Grams, Ints, Text, Vectors
from bot.classifier.linear import FINE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from bot.classifier.linear import Linear

MOST = 5
LONGEST_WORD = 8
COHESION = 2.5  # logarithm of how much oftener its halves stand together than apart
PART = 0.6  # stands in a longer one this often: it is a part of that one
FADED = 0.15  # of the text's strongest character: what a character must add to a word
LOOKED_AT = 24  # stretches of a text, the strongest first

_SPACE = 32


@dataclass(frozen=True, slots=True)
class Stretches:
    """Stretches of whole texts that may be shown. ``rank`` is 0 for a word, 1 for a piece of a word, 2 for a
    single character.
    """

    text: Ints
    start: Ints
    size: Ints
    rank: Ints


def stretches(model: Linear, found: Grams, counted: Vectors) -> Stretches:
    """All stretches of the texts that may be shown, for whichever label."""
    times = _times(model, found, counted)
    here = np.sort(counted.occurrence[found.segment[counted.occurrence] % SPACES == 0])
    here = here[np.argsort(found.segment[here], kind="stable")]
    start, size = found.start[here], found.size[here]
    spaces = np.concatenate([np.zeros(1, np.int64), np.cumsum(found.chars == _SPACE)])
    whole = spaces[start + size] == spaces[start]
    start, size, here = start[whole], size[whole], here[whole]
    rank = np.where(size == 1, 2, np.where(_is_word(times, start, size, model.lexicon.letters), 0, 1))
    return Stretches(found.segment[here] // SPACES, start, size, rank)


def _times(model: Linear, found: Grams, counted: Vectors) -> Floats:
    """Row ``n``, column ``i``: the logarithm of how often the ``n`` characters from place ``i`` on occur together."""
    times = np.zeros((LONGEST + 2, int(found.starts[-1]) + LONGEST + 2), np.float32)
    known = model.lexicon.times[counted.feature] * np.float32(np.log(2) / FINE)
    times[found.size[counted.occurrence], found.start[counted.occurrence]] = known[counted.row]
    return times


def _is_word(times: Floats, start: Ints, size: Ints, letters: int) -> NDArray[np.bool_]:
    own = times[size, start]
    longer = np.maximum(times[size + 1, start], np.where(start > 0, times[size + 1, start - 1], 0))
    apart = np.full(len(start), -np.inf, np.float32)
    for cut in range(1, LONGEST):
        parts = times[cut, start] + times[np.maximum(size - cut, 0), start + cut]
        apart = np.where(cut < size, np.maximum(apart, parts), apart)
    together = own + np.float32(np.log(max(letters, 1))) - apart
    return np.asarray((together >= COHESION) & (longer < own + np.log(PART)) & (size > 1))


def deciding(
    model: Linear, texts: Sequence[Text], *, found: Grams, counted: Vectors, label: Ints, among: Stretches
) -> list[tuple[str, ...]]:
    """For each text, the words that speak for its label, the strongest first. A negative label asks for no words."""
    carried = _by_character(model, found, counted, label)
    first = found.starts[0::SPACES]
    for number, text in enumerate(texts):
        head = found.starts[number * SPACES + 1]
        carried[first[number] : first[number] + text.headline] += carried[head : head + text.headline]
    best, bounds = _ranked(carried, among, len(texts))
    words = []
    for number, text in enumerate(texts):
        own = best[bounds[number] : bounds[number + 1]][:LOOKED_AT]
        start = among.start[own] - first[number]
        spans = _apart(start.tolist(), (start + among.size[own]).tolist())
        words.append(_different([text.shown[begin:end] for begin, end in spans]))
    return words


def _different(words: list[str]) -> tuple[str, ...]:
    """Keep the strongest words, leaving out any that contains or is contained in a stronger one."""
    kept: list[str] = []
    for word in words:
        if len(kept) < MOST and not any(word in other or other in word for other in kept):
            kept.append(word)
    return tuple(kept)


def _by_character(model: Linear, found: Grams, counted: Vectors, label: Ints) -> Floats:
    asked = label[counted.segment // SPACES]
    rows = np.flatnonzero(asked >= 0)
    pull = np.zeros(len(asked), np.float32)
    pull[rows] = model.pull(counted.feature[rows], asked[rows]) * counted.value[rows] / counted.count[rows]
    wanted = np.flatnonzero(asked[counted.row] >= 0)
    occurrence = counted.occurrence[wanted]
    size, start = found.size[occurrence], found.start[occurrence]
    each = pull[counted.row[wanted]] / size
    carried = np.zeros(int(found.starts[-1]) + 1, np.float64)
    for step in range(LONGEST):
        reaching = size > step
        carried += np.bincount(start[reaching] + step, each[reaching], minlength=len(carried))
    return carried.astype(np.float32)


def _ranked(carried: Floats, among: Stretches, texts: int) -> tuple[Ints, Ints]:
    """The stretches worth showing, by text, the strongest first; and where each text's stretches begin."""
    summed = np.concatenate([np.zeros(1), np.cumsum(carried, dtype=np.float64)])
    strongest = np.zeros(texts, np.float32)
    begin = np.flatnonzero(np.diff(among.text, prepend=-1))
    if len(begin):
        strongest[among.text[begin]] = np.maximum.reduceat(carried[among.start], begin)
    # A long stretch is not better only because it is long: each character must carry a share of the strongest
    # one's weight.
    strength = summed[among.start + among.size] - summed[among.start] - FADED * strongest[among.text] * among.size
    lowest = np.full(texts, 9)
    good = np.flatnonzero(strength > 0)
    np.minimum.at(lowest, among.text[good], among.rank[good])
    good = good[among.rank[good] == lowest[among.text[good]]]
    order = good[np.lexsort((-strength[good], among.text[good]))]
    return order, np.searchsorted(among.text[order], np.arange(texts + 1))


def _apart(starts: list[int], ends: list[int]) -> list[tuple[int, int]]:
    """Stretches without overlap, preferring earlier ones; two that share most of their characters are joined."""
    kept: list[tuple[int, int]] = []
    for begin, end in zip(starts, ends, strict=True):
        over = [n for n, (one, other) in enumerate(kept) if begin < other and one < end]
        if not over:
            kept.append((begin, end))
        elif len(over) == 1:
            kept[over[0]] = _joined(kept[over[0]], (begin, end))
    return kept


def _joined(kept: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """One longer word if both stretches share at least two characters and the whole is not too long; else the
    first, unchanged.
    """
    begin, end = min(kept[0], other[0]), max(kept[1], other[1])
    shared = min(kept[1], other[1]) - max(kept[0], other[0])
    most = shared >= 2 and end - begin <= LONGEST_WORD
    return (begin, end) if most else kept
