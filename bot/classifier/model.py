"""The learned router: which label the desk would give a text, how sure that is, and by which words.

``train`` learns from the desk's own decisions (workers only), ``Classifier.guess`` reads texts in batches,
``evaluate`` compares models on a part neither has seen. A stored model is bare numbers and JSON.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from bot.classifier import model_file as model_format
from bot.classifier import training
from bot.classifier.confidence import KINDS, NEVER, WANTED, Calibration, figures
from bot.classifier.features import grams, read, vectors
from bot.classifier.linear import Linear
from bot.classifier.words import deciding, stretches
from bot.edge.errors import ModelUnreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.classifier.features import Floats, Text

__all__ = [
    "NEVER",
    "WANTED",
    "Classifier",
    "Example",
    "Guess",
    "ModelUnreadable",
    "TooFewExamples",
    "evaluate",
    "train",
]

BATCH = 200  # texts looked at together: their n-grams take some 20 MB

WORTH_WORDS = 0.01  # the least confidence for which anybody asks why


@dataclass(frozen=True, slots=True)
class Example:
    """One decision to learn from. ``label`` is what was decided: the code of a unit, or a category."""

    text: str
    label: str
    headline: str = ""
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Guess:
    """One proposed label. ``words`` are at most five words of the normalised text that speak for it."""

    label: str
    confidence: float
    words: tuple[str, ...]


class TooFewExamples(Exception):
    """There is too little to learn from. ``what`` names what is missing ("examples" or "labels"), ``have`` and
    ``need`` the counts.
    """

    def __init__(self, what: str, *, have: int, need: int) -> None:
        super().__init__(f"{have} {what} of at least {need}")
        self.what, self.have, self.need = what, have, need


@dataclass(frozen=True, slots=True)
class Classifier:
    """A trained model. ``thresholds`` gives the lowest confidence for each wanted precision; over 1 means that
    none is enough.
    """

    labels: tuple[str, ...]
    thresholds: dict[str, float]
    card: dict[str, Any]
    linear: Linear
    calibration: Calibration

    def guess(self, texts: Sequence[tuple[str, str]], *, top: int = 3, explain: bool = True) -> list[list[Guess]]:
        """For each (headline, body) the labels that fit best, the most likely first."""
        found: list[list[Guess]] = []
        for first in range(0, len(texts), BATCH):
            batch = [read(headline, body) for headline, body in texts[first : first + BATCH]]
            found.extend(self._guess(batch, top=min(top, len(self.labels)), explain=explain))
        return found

    def _guess(self, texts: Sequence[Text], *, top: int, explain: bool) -> list[list[Guess]]:
        seen = grams(texts)
        counted = vectors(seen, self.linear.lexicon.vocabulary, self.linear.lexicon.idf)
        sure = self.calibration.probabilities(self.linear.scores(counted, len(texts)), texts)
        ranked = np.argsort(-sure, axis=1, kind="stable")[:, :top]
        words: list[list[tuple[str, ...]]] = [[()] * len(texts)] * ranked.shape[1]
        if explain:
            among = stretches(self.linear, seen, counted)
            asked = np.where(np.take_along_axis(sure, ranked, axis=1) >= WORTH_WORDS, ranked, -1)
            words = [
                deciding(self.linear, texts, found=seen, counted=counted, label=asked[:, rank], among=among)
                for rank in range(ranked.shape[1])
            ]
        return [
            [Guess(self.labels[label], float(sure[n, label]), words[rank][n]) for rank, label in enumerate(row)]
            for n, row in enumerate(ranked)
        ]

    def to_bytes(self) -> bytes:
        facts = {"labels": self.labels, "card": self.card}
        own = self.calibration
        parts = {"slopes": own.slopes, "offsets": own.offsets, "reached": own.reached}
        return model_format.pack(facts, self.linear.arrays() | parts)

    @classmethod
    def from_bytes(cls, data: bytes) -> Classifier:
        """Read a stored model. Raises ModelUnreadable."""
        facts, arrays = model_format.unpack(data)
        try:
            return _assembled(facts, arrays)
        except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError):
            raise ModelUnreadable("corrupt") from None


def _assembled(facts: dict[str, Any], arrays: dict[str, Any]) -> Classifier:
    labels = tuple(str(label) for label in facts["labels"])
    shapes = {"slopes": (3,), "offsets": (KINDS, len(labels)), "reached": (KINDS, len(WANTED))}
    calibration = Calibration(*(_finite(arrays[name], shape) for name, shape in shapes.items()))
    if len(labels) < 2 or np.any(calibration.reached < 0.5) or np.any(np.diff(calibration.reached) < 0):
        raise ValueError("no model of ours")
    linear = Linear.from_arrays(arrays, len(labels))
    return Classifier(labels, calibration.thresholds, dict(facts["card"]), linear, calibration)


def _finite(values: Any, shape: tuple[int, ...]) -> Floats:
    if values.shape != shape or not np.isfinite(values).all():
        raise ValueError("not as many numbers as there should be")
    return np.asarray(values, np.float32)


def train(examples: Sequence[Example], *, seed: int = 0) -> Classifier:
    """Learn from decisions. The same examples and seed give the same model. Raises TooFewExamples.

    Labels with fewer than three examples are left out and named in the card.
    """
    counts = Counter(example.label for example in examples)
    labels = tuple(sorted(label for label, count in counts.items() if count >= training.FEWEST_OF_A_LABEL))
    used = [example for example in examples if example.label in labels and example.weight > 0]
    if len(labels) < 2:
        raise TooFewExamples("labels", have=len(labels), need=2)
    if len(used) < training.FEWEST:
        raise TooFewExamples("examples", have=len(used), need=training.FEWEST)
    learned = training.learn(_corpus(used, labels, seed=seed))
    card = _card(counts, labels, learned.out_of_fold, seed=seed)
    return Classifier(labels, learned.calibration.thresholds, card, learned.linear, learned.calibration)


def _corpus(examples: Sequence[Example], labels: tuple[str, ...], *, seed: int) -> training.Corpus:
    pairs = [(example.headline, example.text) for example in examples]
    label = np.array([labels.index(example.label) for example in examples])
    weight = np.array([example.weight for example in examples], np.float32)
    return training.Corpus(training.views_of(pairs), label, weight, training.folds(pairs, label, seed=seed), labels)


def _card(counts: Counter[str], labels: tuple[str, ...], out_of_fold: dict[str, Any], *, seed: int) -> dict[str, Any]:
    """The facts about a model that are shown to operators. It never contains a text."""
    return {
        "format": model_format.VERSION,
        "scikit_learn": version("scikit-learn"),
        "examples": sum(counts[label] for label in labels),
        "labels": {label: counts[label] for label in labels},
        "left_out": {label: count for label, count in sorted(counts.items()) if label not in labels},
        "out_of_fold": out_of_fold,
        "seed": seed,
    }


def evaluate(model: Classifier, examples: Sequence[Example]) -> dict[str, Any]:
    """Macro-F1, accuracy, and at the model's thresholds the share taken and the precision reached."""
    names = {label: number for number, label in enumerate(model.labels)}
    for example in examples:
        names.setdefault(example.label, len(names))
    guesses = model.guess([(example.headline, example.text) for example in examples], top=1, explain=False)
    truth = np.array([names[example.label] for example in examples], np.int64)
    guessed = np.array([names[first.label] for first, *_ in guesses], np.int64)
    confidence = np.array([first.confidence for first, *_ in guesses], np.float32)
    return figures(truth, guessed, confidence, model.thresholds)
