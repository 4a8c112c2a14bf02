"""How sure the router is: thresholds from examples, and one public confidence for all kinds of text."""

import itertools

import numpy as np
import pytest

from bot.classifier.confidence import NEVER, Calibration, least_confidence
from bot.classifier.features import read


@pytest.mark.parametrize(
    ("right", "wrong", "wanted", "reached"),
    [
        (20, 0, 0.95, False),
        (44, 0, 0.95, False),
        (46, 0, 0.95, True),
        (100, 0, 0.98, False),
        (120, 0, 0.98, True),
        (196, 4, 0.98, False),
    ],
)
def test_a_threshold_needs_enough_examples_above_it(right, wrong, wanted, reached):
    hits = np.array([True] * right + [False] * wrong)
    confidence = np.full(len(hits), 0.9, np.float32)
    assert (least_confidence(confidence, hits, wanted) < 1) == reached


def test_a_threshold_takes_all_examples_of_one_confidence_or_none():
    confidence = np.array([0.9] * 200 + [0.5] * 200, np.float32)
    hits = np.array([True] * 200 + [True, False] * 100)
    assert least_confidence(confidence, hits, 0.95) == pytest.approx(0.9, abs=1e-5)


def levelled(reached, *, headline, confidence):
    """The public confidence of a text, where the model itself is so sure of the first of two labels."""
    text = read("路灯", "不亮") if headline else read("", "路灯不亮")
    plain = Calibration(np.zeros(3, np.float32), np.zeros((3, 2), np.float32), np.array(reached, np.float32))
    odds = np.log(confidence / (1 - confidence))
    return plain.probabilities(np.array([[odds, 0.0]], np.float32), [text])[0], plain.thresholds


@pytest.mark.parametrize(
    ("wanted", "own", "enough"),
    [
        ("0.90", 0.605, True),
        ("0.90", 0.595, False),
        ("0.95", 0.705, True),
        ("0.95", 0.695, False),
        ("0.98", 0.905, True),
        ("0.98", 0.895, False),
    ],
)
def test_a_kind_that_needs_more_confidence_meets_the_same_public_threshold(wanted, own, enough):
    full, alone, short = [0.55, 0.6, 0.8], [0.56, 0.65, 0.85], [0.6, 0.7, 0.9]
    sure, thresholds = levelled([full, alone, short], headline=False, confidence=own)
    assert thresholds == pytest.approx({"0.90": 0.55, "0.95": 0.6, "0.98": 0.8})
    assert (sure.max() >= thresholds[wanted]) == enough
    assert sure.sum() == pytest.approx(1)


def test_a_kind_that_never_reaches_a_precision_stays_below_its_threshold():
    reached = [[0.55, 0.6, 0.8], [0.55, 0.6, NEVER], [0.55, NEVER, NEVER]]
    sure, thresholds = levelled(reached, headline=False, confidence=0.9999)
    assert sure.max() < thresholds["0.95"] < thresholds["0.98"]
    assert levelled(reached, headline=True, confidence=0.9999)[0].max() > 0.999


def test_levelling_leaves_the_order_as_it_is():
    reached = [[0.55, 0.6, 0.8], [0.7, 0.8, 0.9], [0.7, 0.9, NEVER]]
    tops = [levelled(reached, headline=False, confidence=own)[0] for own in np.linspace(0.5, 0.9999, 60)]
    assert all(one[0] <= other[0] + 1e-6 for one, other in itertools.pairwise(tops))
    assert all(one[0] >= one[1] for one in tops)
