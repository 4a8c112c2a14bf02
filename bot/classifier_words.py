"""The words of a text that decided: where the weights of its n-grams pile up.

Each n-gram spreads its weight over its characters; stretches of characters that carry most are words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bot.classifier_features import SPACES, Floats, Grams, Ints, Text, Vectors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bot.classifier_linear import Linear

MOST = 5
LONGEST_WORD = 8
FADED = 0.3  # of the strongest character near it: below, a word ends


def deciding(model: Linear, texts: Sequence[Text], found: Grams, counted: Vectors, label: Ints) -> list[tuple[str, ...]]:
    """For each text the words that speak for its label, the strongest first."""
    carried = _by_character(model, found, counted, label)
    first = found.starts[0 :: SPACES]
    heads = found.starts[1 :: SPACES]
    words = []
    for number, text in enumerate(texts):
        strength = carried[first[number] : first[number] + len(text.folded)].copy()
        strength[: text.headline] += carried[heads[number] : heads[number] + text.headline]
        words.append(_words(text, strength))
    return words


def _by_character(model: Linear, found: Grams, counted: Vectors, label: Ints) -> Floats:
    pull = model.pull(counted.feature, label[counted.segment // SPACES]) * counted.value / counted.count
    size = found.size[counted.occurrence]
    start = found.start[counted.occurrence]
    each = pull[counted.row] / size
    carried = np.zeros(int(found.starts[-1]) + 1, np.float64)
    for step in range(int(size.max(initial=0))):
        reaching = size > step
        carried += np.bincount(start[reaching] + step, each[reaching], minlength=len(carried))
    return carried.astype(np.float32)


def _words(text: Text, strength: Floats) -> tuple[str, ...]:
    best: dict[str, float] = {}
    for start, end in _stretches(text.folded, strength):
        word = text.shown[start:end]
        best[word] = best.get(word, 0.0) + float(strength[start:end].sum())
    longer = [word for word in best if len(word) > 1] or list(best)
    ranked = sorted(longer, key=lambda word: (-best[word], word))
    kept: list[str] = []
    for word in ranked:
        if not any(word in other or other in word for other in kept):
            kept.append(word)
    return tuple(kept[:MOST])


def _stretches(folded: str, strength: Floats) -> Iterator[tuple[int, int]]:
    """From the strongest character outwards, until the text ends or the strength fades."""
    left = strength.copy()
    for _ in range(2 * MOST):
        peak = int(left.argmax()) if len(left) else 0
        if not len(left) or left[peak] <= 0:
            return
        start, end = _around(folded, left, peak)
        if folded[start:end].strip():
            yield start, end
        left[start:end] = 0


def _around(folded: str, strength: Floats, peak: int) -> tuple[int, int]:
    enough = strength[peak] * FADED
    start, end = peak, peak + 1
    while end - start < LONGEST_WORD:
        before = strength[start - 1] if start and folded[start - 1] != " " else 0.0
        after = strength[end] if end < len(folded) and folded[end] != " " else 0.0
        if max(before, after) < enough:
            break
        start, end = (start - 1, end) if before > after else (start, end + 1)
    return start, end
