"""How scores that are no mean over rows are moved."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from ensembles.inference._refits._draws import Demands, Draws, draw
from ensembles.inference._refits._recorded import Recorded
from ensembles.inference._refits._refit import Sample
from ensembles.inference._refits._variation import (
    FoldVariation,
    NoVariation,
    Scored,
    slopes_of_cells,
)
from ensembles.resampling import Bootstrap, GroupBootstrap


def draws_over(units):
    bound = Bootstrap().bind(len(units))
    return Draws(bound, 0, bound.seeds(0, 0, 3), 0, np.asarray(units))


def scored(n, ask, number=0, said=None):
    rows = np.arange(n)
    weights = np.ones(n)
    return Scored(number, rows, weights, ask(weights), ask, rows % 2, lambda: said)


@pytest.mark.parametrize("n", [7, 60, 103])
def test_folds_hold_each_class_evenly(n):
    codes = np.arange(n) % 3
    folds = FoldVariation().over(draws_over(range(n)), codes).folds
    n_folds = min(25, n)
    for code in range(3):
        counts = np.bincount(folds[codes == code], minlength=n_folds)
        assert np.ptp(counts) <= 1
    assert np.ptp(np.bincount(folds, minlength=n_folds)) <= 1


def test_folds_keep_units_whole():
    units = np.arange(90) // 3
    folds = FoldVariation().over(draws_over(units), None).folds
    assert_array_equal(folds[::3], folds[1::3])
    assert_array_equal(folds[::3], folds[2::3])
    assert len(np.unique(folds)) == 25


def test_without_units_there_is_no_variation():
    bound = Bootstrap().bind(10)
    draws = Draws(bound, 0, [], 0, None)
    assert isinstance(FoldVariation().over(draws, None), NoVariation)


def test_folds_are_moved_in_twenty_replicates():
    """Of a weighted mean: the fold's part of it less its part of the weight."""
    values = np.arange(10.0)
    variation = FoldVariation(np.arange(10) // 5)

    def ask(w):
        return np.average(values, weights=w)

    moves = variation.of_replicate(scored(10, ask))
    exact = np.array([2.0 - 4.5, 7.0 - 4.5]) / 2
    assert moves == pytest.approx(exact / 1.25)  # steps of a half are not small
    assert len(variation.of_replicate(scored(10, ask, number=19))) == 2
    assert len(variation.of_replicate(scored(10, ask, number=20))) == 0


def test_without_moves_there_is_no_variance():
    """Where the first twenty replicates failed."""
    variation = FoldVariation(np.arange(10) // 5)
    outside = variation.summary(draws_over(range(10)), np.ones(3), [np.empty(0)] * 3)
    assert (outside.error, outside.variance) == (1, None)


class Talker:
    """Two outputs, each with its probabilities."""

    calls = 0

    def predict_proba(self, X):
        self.calls += 1
        return [X, 1 - X]


def test_an_estimator_is_asked_once():
    talker = Talker()
    recorded = Recorded(talker, np.arange(6.0).reshape(3, 2))
    assert isinstance(recorded, Talker)
    for positions in ([0], [2, 2]):
        one, other = recorded.predict_proba(np.array(positions))
        assert_array_equal(one, np.arange(6.0).reshape(3, 2)[positions])
        assert_array_equal(other, 1 - one)
    assert talker.calls == 1
    assert not hasattr(recorded, "predict")


def test_values_are_moved_by_rank_and_class():
    """Sixths of the ranks, two classes: twelve calls for any number of values."""
    calls = []

    def ask(w):
        calls.append(w)
        return float(np.average(np.arange(60.0), weights=w))

    slopes = slopes_of_cells(scored(60, ask, said=np.arange(60.0) ** 3))
    assert len(calls) == 1 + 12
    assert len(np.unique(np.round(slopes, 6))) == 12
    assert slopes.mean() == pytest.approx(0, abs=1e-3)
    assert slopes[:10:2] == pytest.approx(4 - 29.5, abs=1e-3)


def test_rows_without_weight_have_no_slope():
    def ask(w):
        return float(np.average([1.0, 2.0, 3.0], weights=w))

    weights = np.array([1.0, 1.0, 0.0])
    of_three = Scored(
        0, np.arange(3), weights, 1.5, ask, np.zeros(3, int), lambda: np.arange(3)
    )
    assert slopes_of_cells(of_three) == pytest.approx([-0.5, 0.5, 0], abs=1e-4)


def test_units_of_groups_are_the_groups():
    groups = np.array(["b", "a", "b", "c"])

    sample = Sample(np.zeros((4, 1)), np.arange(4))
    draws = draw(GroupBootstrap(), 3, 0, sample, groups, Demands())
    assert_array_equal(draws.units, [1, 0, 1, 2])
