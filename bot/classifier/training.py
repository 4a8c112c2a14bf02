"""Trains a model on the duty desk's decisions. The only module that needs scikit-learn, and only while it trains.

Each example is learned three times: whole, body alone and headline alone, so that one model reads a portal's
letter, a WeChat message and an SMS. Three linear models are summed: support vectors on plain counts, support
vectors on counts weighted by naive Bayes log ratios (Wang and Manning, 2012), and a logistic regression. The
quality is measured on folds the model did not see.
"""

from __future__ import annotations

import hashlib
import warnings
from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from bot.classifier.confidence import Calibration, calibrate, figures
from bot.classifier.features import (
    SPACES,
    Floats,
    Ints,
    Text,
    chunks,
    count,
    read,
    vectors,
)
from bot.classifier.linear import Lexicon, Linear

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

FEWEST = 20  # examples in all
FEWEST_OF_A_LABEL = 3
FOLDS, MANY_FOLDS = 5, 10
AFFORDABLE = 50_000  # examples times labels up to which more folds are worth their time: models nearer the final one
RARE = {3_000: (2, 2, 5, 5), 1_000: (2, 2, 3, 3), 0: (1, 1, 2, 2)}
"""With at least this many examples, the number of texts in which an n-gram of one, two, three or four characters
must stand to be kept.
"""
LARGEST = 9_000_000  # bytes of a model
BESIDE_WEIGHTS = 10  # bytes of an n-gram: key, size, counts, scale
SMOOTHING = 0.1
PLAIN_PENALTY = 0.5
WEIGHTED_PENALTY = 0.3
REGRESSION_PENALTY = 10.0
STEPS = 50  # of the regression: as good as to the end, and a fifth of its time with 56 labels


@dataclass(frozen=True, slots=True)
class View:
    """One form of an example. ``form`` is full, body or headline; ``whole`` says whether this form contains all
    of its text.
    """

    text: Text
    example: int
    form: str
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Corpus:
    """What is learned from: the views, and the label, weight and fold of each example."""

    views: list[View]
    label: Ints
    weight: Floats
    fold: Ints
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Learned:
    linear: Linear
    calibration: Calibration
    out_of_fold: dict[str, Any]


def views_of(pairs: Sequence[tuple[str, str]]) -> list[View]:
    seen: list[View] = []
    for number, (headline, body) in enumerate(pairs):
        whole = read(headline, body)
        if not whole.headline:
            seen.append(View(whole, number, "body", whole=True))
            continue
        alone = (View(read("", body), number, "body"), View(read("", headline), number, "headline"))
        seen.extend((View(whole, number, "full", whole=True), *alone))
    return seen


def folds(pairs: Sequence[tuple[str, str]], label: Ints, *, seed: int) -> Ints:
    """Assign each example to a fold. Equal texts share one, and each label is spread evenly over all of them."""
    groups: dict[bytes, list[int]] = defaultdict(list)
    for number, (headline, body) in enumerate(pairs):
        groups[_digest(seed, read(headline, body).folded)].append(number)
    fold = np.zeros(len(pairs), np.int64)
    many = MANY_FOLDS if len(pairs) * (int(label.max()) + 1) <= AFFORDABLE else FOLDS
    turn: Counter[int] = Counter()
    for key in sorted(groups):
        own = int(label[groups[key][0]])
        fold[groups[key]] = turn[own] % many
        turn[own] += 1
    return fold


def _digest(seed: int, text: str) -> bytes:
    return hashlib.sha256(f"{seed}\0{text}".encode("utf-8", "surrogatepass")).digest()


def learn(corpus: Corpus) -> Learned:
    scores = _out_of_fold(corpus)
    truth = corpus.label[[view.example for view in corpus.views]]
    weights = corpus.weight[[view.example for view in corpus.views]]
    texts = [view.text for view in corpus.views]
    calibration = calibrate(scores, texts, truth=truth, weights=weights)
    sure = calibration.probabilities(scores, texts)
    quality = _reported(corpus, truth, sure.argmax(axis=1), confidence=sure.max(axis=1), calibration=calibration)
    return Learned(fit(corpus, np.arange(len(corpus.views))), calibration, quality)


def _out_of_fold(corpus: Corpus) -> Floats:
    """The scores of each view, given by a model that did not see the view's example in training."""
    fold = corpus.fold[[view.example for view in corpus.views]]
    scores = np.zeros((len(corpus.views), len(corpus.labels)), np.float32)
    for one in np.unique(fold):
        unseen = np.flatnonzero(fold == one)
        model = fit(corpus, np.flatnonzero(fold != one))
        scores[unseen] = score(model, [corpus.views[place].text for place in unseen])
    return scores


def score(model: Linear, texts: Sequence[Text]) -> Floats:
    parts = [np.zeros((0, len(model.bias)), np.float32)]
    for _, found in chunks(texts):
        parts.append(
            model.scores(vectors(found, model.lexicon.vocabulary, model.lexicon.idf), len(found.starts) // SPACES)
        )
    return np.concatenate(parts)


def _reported(
    corpus: Corpus, truth: Ints, guessed: Ints, *, confidence: Floats, calibration: Calibration
) -> dict[str, Any]:
    forms = np.array([view.form for view in corpus.views])
    of = {str(form): forms == form for form in np.unique(forms)}
    return {
        form: figures(truth[own], guessed[own], confidence[own], calibration.thresholds) for form, own in of.items()
    }


def fit(corpus: Corpus, places: Ints) -> Linear:
    """Train one model on the views at these places."""
    views = [corpus.views[place] for place in places]
    examples = np.array([view.example for view in views])
    lexicon = _lexicon([view.text for view in views if view.whole], len(corpus.labels))
    matrix = _matrix([view.text for view in views], lexicon)
    weights, bias = _separated(matrix, corpus.label[examples], corpus.weight[examples], len(corpus.labels))
    return Linear.of(lexicon, weights, bias)


def _lexicon(texts: Sequence[Text], labels: int) -> Lexicon:
    known = count(texts)
    least = next(least for many, least in RARE.items() if len(texts) >= many)
    known = known.only(known.often >= np.array((0, *least))[known.size])
    most = LARGEST // (labels + BESIDE_WEIGHTS)
    if len(known.keys) > most:
        known = known.only(known.often > np.partition(known.often, -most - 1)[-most - 1])
    letters = sum(len(text.folded) for text in texts)
    return Lexicon.of(known, texts=len(texts), letters=letters)


def _matrix(texts: Sequence[Text], lexicon: Lexicon) -> Any:
    from scipy.sparse import csr_matrix  # noqa: PLC0415  training only

    rows, columns, values = [], [], []
    for first, found in chunks(texts):
        counted = vectors(found, lexicon.vocabulary, lexicon.idf)
        worth = np.flatnonzero(counted.value)
        rows.append(counted.segment[worth] // SPACES + first)
        columns.append(counted.feature[worth])
        values.append(counted.value[worth])
    cells = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return csr_matrix(cells, shape=(len(texts), len(lexicon.vocabulary)))


def _separated(matrix: Any, truth: Ints, weight: Floats, labels: int) -> tuple[Floats, Floats]:
    """Sum three linear models, each scaled to the same spread of scores. They err in different places, so the sum
    errs less.
    """
    weights = np.zeros((matrix.shape[1], labels), np.float32)
    bias = np.zeros(labels, np.float32)
    for kind, share in ((_plain_machines, 1), (_weighted_machines, 2), (_regression, 1)):
        own, offset = kind(matrix, truth, weight=weight, labels=labels)
        spread = max(float(np.std(matrix @ own + offset)), 1e-6)
        weights += own * (share / spread)
        bias += offset * (share / spread)
    return weights, bias


def _plain_machines(matrix: Any, truth: Ints, *, weight: Floats, labels: int) -> tuple[Floats, Floats]:
    weights, bias = _nothing(matrix, labels)
    for label in np.unique(truth):
        weights[:, label], bias[label] = _machine(matrix, truth == label, weight, penalty=PLAIN_PENALTY)
    return weights, bias


def _weighted_machines(matrix: Any, truth: Ints, *, weight: Floats, labels: int) -> tuple[Floats, Floats]:
    weights, bias = _nothing(matrix, labels)
    for label in np.unique(truth):
        ratio = _log_count_ratio(matrix, truth == label)
        scaled = matrix.copy()
        scaled.data *= ratio[scaled.indices]  # ``multiply`` takes three times the memory
        own, bias[label] = _machine(scaled, truth == label, weight, penalty=WEIGHTED_PENALTY)
        weights[:, label] = own * ratio
    return weights, bias


def _regression(matrix: Any, truth: Ints, *, weight: Floats, labels: int) -> tuple[Floats, Floats]:
    """Logistic regression over all labels. With two labels scikit-learn gives a single row of weights, which
    speaks for the second.
    """
    from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415  training only
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415

    weights, bias = _nothing(matrix, labels)
    model = LogisticRegression(C=REGRESSION_PENALTY, max_iter=STEPS, tol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # stopped early on purpose
        model.fit(matrix, truth, sample_weight=weight)
    for row, label in enumerate(model.classes_[-len(model.coef_) :]):
        weights[:, label], bias[label] = model.coef_[row], model.intercept_[row]
    if len(model.coef_) == 1:
        first, second = model.classes_
        weights[:, first], bias[first] = -weights[:, second], -bias[second]
    return weights, bias


def _nothing(matrix: Any, labels: int) -> tuple[Floats, Floats]:
    """Weights for a label that has no example in these folds (all its texts are equal and stand in the fold left
    out): it is never proposed.
    """
    return np.zeros((matrix.shape[1], labels), np.float32), np.full(labels, -1.0, np.float32)


def _machine(matrix: Any, chosen: NDArray[np.bool_], weight: Floats, *, penalty: float) -> tuple[Any, float]:
    """Support vectors that tell one label from all others."""
    from sklearn.svm import LinearSVC  # noqa: PLC0415  900 ms and 120 MB, in training only

    machine = LinearSVC(C=penalty, max_iter=5_000, random_state=0)
    machine.fit(matrix, chosen, sample_weight=weight)
    return machine.coef_[0], machine.intercept_[0]


def _log_count_ratio(matrix: Any, chosen: NDArray[np.bool_]) -> Floats:
    inside = np.asarray(matrix[chosen].sum(axis=0), np.float64).ravel() + SMOOTHING
    outside = np.asarray(matrix[~chosen].sum(axis=0), np.float64).ravel() + SMOOTHING
    return np.asarray(np.log((inside / inside.sum()) / (outside / outside.sum())), np.float32)
