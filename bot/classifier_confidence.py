"""Scores become probabilities, and probabilities thresholds for a wanted precision.

The slope depends on how much there is to read: a lone line of ten characters says less than a page with
a headline. Fitted on out-of-fold scores only, where a model speaks of texts it never saw.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.classifier_features import Floats, Ints, Text

WANTED = ("0.90", "0.95", "0.98")
NEVER = 1.01  # a threshold no confidence reaches
DOUBT = 0.1  # the precision is below the bound in one threshold of ten at most


def circumstances(texts: Sequence[Text]) -> Floats:
    """What the slope depends on: always one, a headline beside the body, the length."""
    rows = [(1.0, float(text.headline > 0), np.log1p(len(text.shown)) - 4.0) for text in texts]
    return np.array(rows, np.float32).reshape(-1, 3)


@dataclass(frozen=True, slots=True)
class Calibration:
    """``softmax(exp(circumstances · slopes) · scores + offsets)``."""

    slopes: Floats
    offsets: Floats

    def probabilities(self, scores: Floats, about: Floats) -> Floats:
        return softmax(np.exp(about @ self.slopes)[:, None] * scores + self.offsets)


def softmax(logits: Any) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def calibrate(scores: Floats, about: Floats, truth: Ints, weights: Floats) -> Calibration:
    """Least surprise about the truth, held near a plain slope where there is little to learn from."""
    from scipy.optimize import minimize  # noqa: PLC0415  training only

    rows, labels = scores.shape
    width = about.shape[1]
    held = np.concatenate([np.full(width, 1.0), np.full(labels, 1.0)]) / rows
    share = weights / weights.sum()

    def loss(free: Any) -> tuple[float, Any]:
        slope = np.exp(np.clip(about @ free[:width], -5, 5))
        guessed = softmax(slope[:, None] * scores + free[width:]).astype(np.float64)
        surprise = -(share * np.log(guessed[np.arange(rows), truth] + 1e-12)).sum()
        guessed[np.arange(rows), truth] -= 1
        guessed *= share[:, None]
        steps = np.concatenate([about.T @ ((guessed * scores).sum(axis=1) * slope), guessed.sum(axis=0)])
        return float(surprise + (held * free * free).sum()), steps + 2 * held * free

    best = minimize(loss, np.zeros(width + labels), jac=True, method="L-BFGS-B").x
    return Calibration(best[:width].astype(np.float32), best[width:].astype(np.float32))


def least_confidence(confidence: Floats, right: Any, wanted: float) -> float:
    """The least confidence above which the wanted precision holds, by its lower bound; NEVER if nowhere."""
    from scipy.special import betaincinv  # noqa: PLC0415  training only

    order = np.argsort(-confidence, kind="stable")
    hits = np.cumsum(right[order])
    taken = np.arange(1, len(order) + 1)
    bound = betaincinv(np.maximum(hits, 1), taken - hits + 1, DOUBT) * (hits > 0)  # Clopper and Pearson's
    # Those of one confidence are taken together or not at all.
    last = np.append(np.diff(confidence[order]) != 0, True)
    good = np.flatnonzero((bound >= wanted) & last)
    return float(np.floor(confidence[order][good[-1]] * 1e6) / 1e6) if len(good) else NEVER


def macro_f1(truth: Ints, guessed: Ints) -> float:
    """Over the labels that occur in the truth."""
    each = []
    for label in np.unique(truth):
        both = int(((truth == label) & (guessed == label)).sum())
        each.append(2 * both / int((truth == label).sum() + (guessed == label).sum()))
    return float(np.mean(each)) if each else 0.0


def figures(truth: Ints, guessed: Ints, confidence: Floats, thresholds: dict[str, float]) -> dict[str, Any]:
    """Macro-F1, accuracy, and for each threshold the share above it and the precision there."""
    right = truth == guessed
    reached: dict[str, dict[str, float | None]] = {}
    for wanted, threshold in thresholds.items():
        taken = confidence >= threshold
        precision = round(float(right[taken].mean()), 4) if taken.any() else None
        reached[wanted] = {"coverage": round(float(taken.mean()), 4) if len(taken) else 0.0, "precision": precision}
    return {"examples": len(truth), "macro_f1": round(macro_f1(truth, guessed), 4),
            "accuracy": round(float(right.mean()), 4) if len(right) else 0.0, "coverage": reached}
