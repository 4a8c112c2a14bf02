"""Turns a model's scores into probabilities, and finds the confidence from which a wanted precision holds.

How far a score can be trusted depends on how much there is to read: ten characters say less than a page with a
headline. Everything here is fitted on scores of texts that the scoring model had not seen in training (out of
fold).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.classifier.features import Floats, Ints, Text

WANTED = ("0.90", "0.95", "0.98")
NEVER = 1.01  # a threshold no confidence reaches
LOWEST = 0.55  # a threshold at least: what is as likely wrong as right is nobody's to send
LEAST_STEP = 0.001  # below a threshold that the kind never reaches
KINDS = 3
SHORT = 50  # characters: an SMS's, or a headline's
DOUBT = 0.1  # the precision is below the bound in one threshold of ten at most


def circumstances(texts: Sequence[Text]) -> Floats:
    """What the trust in a score depends on, one row a text: a constant 1, whether a headline stands beside the
    body, the length.
    """
    rows = [(1.0, float(text.headline > 0), np.log1p(len(text.shown)) - 4.0) for text in texts]
    return np.array(rows, np.float32).reshape(-1, 3)


def kinds(texts: Sequence[Text]) -> Ints:
    """The kind of each text: 0 for a headline with a body, 1 for a text alone, 2 for a short text alone."""
    return np.array([0 if text.headline else 1 + (len(text.shown) <= SHORT) for text in texts], np.int64)


@dataclass(frozen=True, slots=True)
class Calibration:
    """Probabilities are ``softmax(exp(circumstances · slopes) · scores + offsets of the kind)``, then levelled.

    ``reached`` holds, for each kind of text, the confidence from which each wanted precision holds. Levelling
    moves these to one public threshold, so that 0.9 means the same precision for a letter and for an SMS.
    """

    slopes: Floats
    offsets: Floats
    reached: Floats

    def probabilities(self, scores: Floats, texts: Sequence[Text]) -> Floats:
        kind = kinds(texts)
        raw = softmax(np.exp(circumstances(texts) @ self.slopes)[:, None] * scores + self.offsets[kind])
        return self._levelled(raw, kind)

    def _levelled(self, raw: Floats, kind: Ints) -> Floats:
        """Move the highest probability of each row to the public scale. One below a half is not moved, and the
        highest stays the highest.
        """
        top = raw.max(axis=1, initial=0)
        moved = top.astype(np.float64)
        for one in np.unique(kind):
            own = kind == one
            moved[own] = np.interp(top[own], *self._knots(int(one)))
        rest = (1 - moved) / np.maximum(1 - top, 1e-9)
        level = raw * rest[:, None]
        level[np.arange(len(raw)), raw.argmax(axis=1)] = moved
        return np.asarray(level, np.float32)

    @property
    def thresholds(self) -> dict[str, float]:
        """For each wanted precision, the lowest confidence at which some kind of text reaches it."""
        return {wanted: round(float(self.reached[:, n].min()), 6) for n, wanted in enumerate(WANTED)}

    def _knots(self, kind: int) -> tuple[list[float], list[float]]:
        """The points of a kind's scale and where each is moved. A precision the kind never reaches stays below
        its threshold.
        """
        own, level = [0.0, 0.5], [0.0, 0.5]
        for reached, public in zip(self.reached[kind].tolist(), self.thresholds.values(), strict=True):
            if reached > 1:
                if public <= 1:
                    return [*own, 1.0], [*level, max(public - LEAST_STEP, level[-1])]
            elif reached > own[-1]:
                own.append(reached)
                level.append(public + 1e-6)
            else:
                level[-1] = public + 1e-6
        return ([*own, 1.0], [*level, 1.0]) if own[-1] < 1 else (own, level)


def softmax(logits: Any) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def calibrate(scores: Floats, texts: Sequence[Text], *, truth: Ints, weights: Floats) -> Calibration:
    """Fit slopes and offsets so that the truth is least surprising, then find where each wanted precision is
    reached.
    """
    kind = kinds(texts)
    slopes, offsets = _fitted(scores, circumstances(texts), kind=kind, truth=truth, share=weights / weights.sum())
    nowhere = np.full((KINDS, len(WANTED)), NEVER, np.float32)
    sure = Calibration(slopes, offsets, nowhere).probabilities(scores, texts)
    confidence, right = sure.max(axis=1), sure.argmax(axis=1) == truth
    reached = [
        [least_confidence(confidence[kind == one], right[kind == one], float(wanted)) for wanted in WANTED]
        for one in range(KINDS)
    ]
    return Calibration(slopes, offsets, np.maximum.accumulate(np.maximum(reached, LOWEST), axis=1).astype(np.float32))


def _fitted(scores: Floats, about: Floats, *, kind: Ints, truth: Ints, share: Floats) -> tuple[Floats, Floats]:
    """Fit slopes and offsets; the penalty keeps both near zero where there are too few texts to learn from."""
    from scipy.optimize import minimize  # noqa: PLC0415  training only

    rows, labels = scores.shape
    width = about.shape[1]
    which = np.eye(KINDS)[kind]

    def loss(free: Any) -> tuple[float, Any]:
        slope = np.exp(np.clip(about @ free[:width], -5, 5))
        shared, own = free[width : width + labels], free[width + labels :].reshape(KINDS, labels)
        wrong = softmax(slope[:, None] * scores + shared + own[kind]).astype(np.float64)
        surprise = -(share * np.log(wrong[np.arange(rows), truth] + 1e-12)).sum()
        wrong[np.arange(rows), truth] -= 1
        wrong *= share[:, None]
        steps = (about.T @ ((wrong * scores).sum(axis=1) * slope), wrong.sum(axis=0), (which.T @ wrong).ravel())
        return float(surprise + (free * free).sum() / rows), np.concatenate(steps) + 2 * free / rows

    best = minimize(loss, np.zeros(width + labels + KINDS * labels), jac=True, method="L-BFGS-B").x
    offsets = best[width : width + labels] + best[width + labels :].reshape(KINDS, labels)
    return best[:width].astype(np.float32), offsets.astype(np.float32)


def least_confidence(confidence: Floats, right: Any, wanted: float) -> float:
    """The lowest confidence above which the lower bound of the precision is the wanted one; NEVER if there is none."""
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
    """The mean F1 of the labels that occur in the truth; a label nobody used does not count."""
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
    return {
        "examples": len(truth),
        "macro_f1": round(macro_f1(truth, guessed), 4),
        "accuracy": round(float(right.mean()), 4) if len(right) else 0.0,
        "coverage": reached,
    }
