"""Formulas of confusion matrices, by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from ensembles.inference._metrics._confusion import (
    FORMULAS,
    ConfusionMetric,
    accuracy,
    balanced_accuracy,
    cohen_kappa,
    fbeta,
    jaccard,
    matthews,
    precision,
    recall,
    zero_one_loss,
)

# Formulas divide by nothing where a class is not there; the metric expects it.
pytestmark = pytest.mark.filterwarnings("ignore:invalid value encountered in")

# 40 hits, 10 missed, 20 false alarms, 30 rightly rejected.
TWO = np.array([[30.0, 20.0], [10.0, 40.0]]) / 100


def test_formulas_of_two_classes():
    assert accuracy(TWO) == pytest.approx(0.7)
    assert zero_one_loss(TWO) == pytest.approx(0.3)
    assert balanced_accuracy(TWO) == pytest.approx((0.6 + 0.8) / 2)
    assert balanced_accuracy(TWO, adjusted=True) == pytest.approx(0.4)
    assert precision(TWO) == pytest.approx(2 / 3)
    assert recall(TWO) == pytest.approx(0.8)
    assert recall(TWO, positive=0) == pytest.approx(0.6)
    assert fbeta(TWO, beta=1.0) == pytest.approx(80 / 110)
    assert fbeta(TWO, beta=2.0) == pytest.approx(200 / 260)
    assert jaccard(TWO) == pytest.approx(4 / 7)
    assert cohen_kappa(TWO) == pytest.approx(0.4)  # chance agrees on a half
    assert matthews(TWO) == pytest.approx((0.3 * 0.4 - 0.2 * 0.1) / np.sqrt(0.06))


def test_distances_between_classes_weigh_disagreement():
    far = np.array([[3.0, 0, 1], [0, 4, 0], [0, 0, 2]]) / 10
    near = np.array([[3.0, 1, 0], [0, 4, 0], [0, 0, 2]]) / 10
    for weights in ("linear", "quadratic"):
        assert cohen_kappa(far, weights=weights) < cohen_kappa(near, weights=weights)


@pytest.mark.parametrize("average", ["micro", "macro", "weighted"])
@pytest.mark.parametrize("formula", [precision, recall, jaccard])
def test_a_class_neither_drawn_nor_predicted_changes_nothing(formula, average):
    wider = np.zeros((3, 3))
    wider[:2, :2] = TWO
    assert_allclose(formula(wider, average=average), formula(TWO, average=average))


@pytest.mark.parametrize("nothing", ["warn", 0, 1])
def test_a_ratio_of_nothing_is_what_zero_division_says(nothing):
    never = np.array([[0.6, 0.0], [0.4, 0.0]])
    expected = 0.0 if nothing == "warn" else nothing
    assert precision(never, zero_division=nothing) == expected
    assert recall(never, zero_division=nothing) == 0.0


@pytest.mark.parametrize("share", [0.1, 1 / 3, 0.7, 1.0])
def test_a_constant_class_has_no_correlation(share):
    constant = np.array([[share, 1 - share], [0.0, 0.0]])
    assert matthews(constant) == 0.0
    assert matthews(constant.T) == 0.0


@pytest.mark.parametrize("function", FORMULAS, ids=lambda one: one.__name__)
def test_many_matrices_are_each_for_itself(function):
    formula = FORMULAS[function]
    how = {"beta": 2.0} if formula is fbeta else {}
    many = np.random.default_rng(0).dirichlet(np.ones(4), size=(2, 3))
    many = many.reshape(2, 3, 2, 2)
    values = formula(many, **how)
    assert values.shape == (2, 3)
    for index in np.ndindex(2, 3):
        assert_allclose(values[index], formula(many[index], **how), rtol=1e-13)


def test_a_resample_with_no_class_has_no_value():
    true, predicted = np.array([0, 1]), np.array([0, 1])
    metric = ConfusionMetric(true, predicted, 2, balanced_accuracy, None, "recall")
    assert np.isnan(metric.weighted(np.zeros((1, 2)))).all()
