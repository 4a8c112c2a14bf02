"""The linear model behind the classifier: one weight for each n-gram and label, in a byte each.

Several linear models over the same n-grams add up to one, so whatever is averaged in training costs nothing
here. numpy only: a worker that routes never loads scikit-learn.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bot.classifier_features import SPACES, Floats, Ints, Vectors, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Linear:
    """``weights`` (n-gram, label) times ``scale`` (n-gram) are the weights as they were learned."""

    vocabulary: Vocabulary
    idf: Floats
    weights: NDArray[np.int8]
    scale: Floats
    bias: Floats

    @classmethod
    def of(cls, vocabulary: Vocabulary, idf: Floats, weights: Floats, bias: Floats) -> Linear:
        """Rounded as they will be stored, so that a model answers the same before and after."""
        largest = np.abs(weights).max(axis=1, initial=1e-6).astype(np.float32)
        scale = (largest / 127).astype(np.float16).astype(np.float32)
        scale[scale == 0] = np.float32(np.finfo(np.float16).smallest_subnormal)
        rounded = np.clip(np.round(weights / scale[:, None]), -127, 127).astype(np.int8)
        return cls(vocabulary, idf.astype(np.float16).astype(np.float32), rounded, scale, bias.astype(np.float32))

    def scores(self, found: Vectors, texts: int) -> Floats:
        """One row a text, one column a label."""
        total = np.tile(self.bias, (texts, 1))
        if not len(found.feature):
            return total
        text = found.segment // SPACES
        parts = self.weights[found.feature] * (found.value * self.scale[found.feature])[:, None]
        first = np.flatnonzero(np.diff(text, prepend=-1))
        total[text[first]] += np.add.reduceat(parts, first, axis=0)
        return total

    def pull(self, feature: Ints, label: Ints) -> Floats:
        """How much each n-gram speaks for the label beside it rather than for any other."""
        own = self.weights[feature, label].astype(np.float32)
        average: Any = self.weights[feature].mean(axis=1, dtype=np.float32)
        return np.asarray((own - average) * self.scale[feature], np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return {"keys": self.vocabulary.keys, "idf": self.idf.astype(np.float16), "weights": self.weights,
                "scale": self.scale.astype(np.float16), "bias": self.bias}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], labels: int) -> Linear:
        """Raises ValueError where the parts do not fit together."""
        keys, idf, weights = arrays["keys"], arrays["idf"], arrays["weights"]
        shapes = (idf.shape, weights.shape, arrays["scale"].shape, arrays["bias"].shape)
        size = len(keys)
        if keys.ndim != 1 or shapes != ((size,), (size, labels), (size,), (labels,)):
            raise ValueError("parts of different sizes")
        if keys.dtype != np.uint32 or weights.dtype != np.int8 or np.any(keys[1:] <= keys[:-1]):
            raise ValueError("keys not in order")
        floats = [arrays[name].astype(np.float32) for name in ("idf", "scale", "bias")]
        if not all(np.isfinite(part).all() for part in floats):
            raise ValueError("not a number")
        return cls(Vocabulary(keys.copy()), floats[0], weights.copy(), floats[1], floats[2])
