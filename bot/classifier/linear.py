"""The linear model behind the classifier: one weight for each n-gram and label, in a byte each.

Several linear models over the same n-grams add up to one, so whatever is averaged in training costs nothing
here. numpy only: a worker that routes never loads scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bot.classifier.features import LONGEST, SPACES, Floats, Ints, Known, Vectors, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MOST_OFTEN = 65_535
FINE = 10
WORTH = np.array([1, 1, 1, 0.5, 0])
"""The weight of n-grams of 0 to 4 characters. Three characters say little that two do not. Four say nothing about
the label; they are kept to tell where words begin and end (docs/decisions/0012).
"""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The n-grams a model knows: the number of its ``texts`` each stands in, and how often it occurs in all.

    ``times`` is the binary logarithm of that count times ``FINE``, used to show the words that decided;
    ``letters`` is the length of all texts together.
    """

    vocabulary: Vocabulary
    size: NDArray[np.uint8]
    often: NDArray[np.uint16]
    times: NDArray[np.uint8]
    texts: int
    letters: int
    idf: Floats

    @classmethod
    def of(cls, known: Known, *, texts: int, letters: int) -> Lexicon:
        often = np.minimum(known.often, MOST_OFTEN).astype(np.uint16)
        times = np.minimum(np.round(np.log2(1 + known.times) * FINE), 255).astype(np.uint8)
        size = known.size.astype(np.uint8)
        return cls(Vocabulary(known.keys), size, often, times, texts, letters, _idf(size, often, texts=texts))


def _idf(size: NDArray[np.uint8], often: NDArray[np.uint16], *, texts: int) -> Floats:
    rare = np.log((1 + texts) / (1 + often.astype(np.float64))) + 1
    return np.asarray(rare * WORTH[np.minimum(size, LONGEST)], np.float32)


@dataclass(frozen=True, slots=True)
class Linear:
    """The model. ``weights`` (a byte for each n-gram and label) times ``scale`` (for each n-gram) are the learned
    weights.
    """

    lexicon: Lexicon
    weights: NDArray[np.int8]
    scale: Floats
    bias: Floats
    middle: Floats  # of each n-gram, its mean weight over all labels

    @classmethod
    def of(cls, lexicon: Lexicon, weights: Floats, bias: Floats) -> Linear:
        """Round learned weights to the bytes that will be stored, so that a model answers the same before and
        after saving.
        """
        smallest = np.finfo(np.float16).smallest_subnormal
        scale = np.maximum(np.abs(weights).max(axis=1, initial=0) / 127, smallest).astype(np.float16).astype(np.float32)
        rounded = np.clip(np.round(weights / scale[:, None]), -127, 127).astype(np.int8)
        return cls(lexicon, rounded, scale, bias.astype(np.float32), _middle(rounded))

    def scores(self, found: Vectors, texts: int) -> Floats:
        """The score of each label for each text: one row a text, one column a label."""
        total = np.tile(self.bias, (texts, 1))
        if not len(found.feature):
            return total
        text = found.segment // SPACES
        parts = self.weights[found.feature] * (found.value * self.scale[found.feature])[:, None]
        first = np.flatnonzero(np.diff(text, prepend=-1))
        total[text[first]] += np.add.reduceat(parts, first, axis=0)
        return total

    def pull(self, feature: Ints, label: Ints) -> Floats:
        """How much each n-gram speaks for the label given beside it, compared with the mean of all labels."""
        return np.asarray((self.weights[feature, label] - self.middle[feature]) * self.scale[feature], np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {
            "keys": self.lexicon.vocabulary.keys,
            "size": self.lexicon.size,
            "often": self.lexicon.often,
            "times": self.lexicon.times,
            "weights": self.weights,
            "scale": self.scale.astype(np.float16),
            "bias": self.bias,
            "sizes": np.array([self.lexicon.texts, self.lexicon.letters], np.uint32),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], labels: int) -> Linear:
        """Read a model back from its arrays. Raises ValueError where they do not fit together."""
        keys, size, often, times = (arrays[name] for name in ("keys", "size", "often", "times"))
        weights, sizes = arrays["weights"], arrays["sizes"]
        shapes = [part.shape for part in (size, often, times, arrays["scale"], weights, arrays["bias"], sizes)]
        if keys.ndim != 1 or shapes != [keys.shape] * 4 + [(len(keys), labels), (labels,), (2,)]:
            raise ValueError("parts of different sizes")
        types = [part.dtype.str for part in (keys, size, often, times, weights, sizes)]
        if types != ["<u4", "|u1", "<u2", "|u1", "|i1", "<u4"] or np.any(keys[1:] <= keys[:-1]):
            raise ValueError("keys not in order")
        scale, bias = (arrays[name].astype(np.float32) for name in ("scale", "bias"))
        if not (np.isfinite(scale).all() and np.isfinite(bias).all()):
            raise ValueError("not a number")
        texts, letters = (int(number) for number in sizes)
        idf = _idf(size, often, texts=texts)
        lexicon = Lexicon(Vocabulary(keys.copy()), size.copy(), often.copy(), times.copy(), texts, letters, idf)
        return cls(lexicon, weights.copy(), scale, bias, _middle(weights))


def _middle(weights: NDArray[np.int8]) -> Floats:
    return np.asarray(weights.mean(axis=1, dtype=np.float32), np.float32)
