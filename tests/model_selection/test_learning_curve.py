"""Scores by the length of history."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.datasets import make_regression
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_validate

from ensembles import Guarded, RollingOrigin, time_learning_curve
from ensembles.exceptions import InvalidParameterError

X, y = make_regression(90, 4, noise=10, random_state=0)


class Length(RegressorMixin, BaseEstimator):
    """Scores by how many rows it was trained on, and from which on."""

    def fit(self, X, y=None, sample_weight=None):
        self.rows_ = np.asarray(X)[:, 0]
        self.weight_ = None if sample_weight is None else sample_weight.sum()
        return self

    def predict(self, X):
        return np.zeros(len(X))

    def score(self, X, y=None):
        return self.rows_[0] if self.weight_ is None else self.weight_


ROWS = np.arange(100.0)[:, None]


def test_curves_take_the_newest_rows():
    cv = RollingOrigin(3, test_size=10)
    curve = time_learning_curve(Length(), ROWS, cv=cv, train_sizes=[5, 0.5, 1.0])
    assert curve.sizes == (5, 0.5, 1.0)
    assert_array_equal(curve.n_train, [[5, 5, 5], [35, 40, 45], [70, 80, 90]])
    assert_array_equal(curve.test_scores, [[65, 75, 85], [35, 40, 45], [0, 0, 0]])
    assert_array_equal(curve.train_scores, curve.test_scores)
    table = curve.to_frame()
    assert table.index.tolist() == ["5", "0.5", "1.0"]
    assert table["n_train"].tolist() == [5, 40, 80]


def test_curves_take_spans_of_time():
    days = pd.date_range("2024-01-01", periods=100)
    frame = pd.DataFrame({"row": np.arange(100.0)}, index=days)
    cv = RollingOrigin(2, test_size="10D")
    curve = time_learning_curve(Length(), frame, cv=cv, train_sizes=["7D", "MS", 9])
    starts = [days[80], days[90]]
    assert_array_equal(curve.n_train[0], [7, 7])
    assert_array_equal(curve.n_train[2], [9, 9])
    # A month back from 21 and 31 March.
    expected = [start - pd.offsets.MonthBegin(1) for start in starts]
    assert_array_equal(curve.test_scores[1], [(day - days[0]).days for day in expected])
    with pytest.raises(
        ValueError, match=r"\['7D'\]\) is a span of time, but rows have"
    ):
        time_learning_curve(
            Length(), ROWS, cv=cv.set_params(test_size=5), train_sizes=["7D"]
        )


def test_spans_count_from_where_the_training_set_ends():
    """Also where that is the end of the data, as in folds of the future first."""
    days = pd.date_range("2024-01-01", periods=100)
    frame = pd.DataFrame({"row": np.arange(100.0)}, index=days)
    folds = [(np.arange(50, 100), np.arange(50)), (np.arange(50), np.arange(50, 100))]
    curve = time_learning_curve(Length(), frame, cv=folds, train_sizes=["7D"])
    assert_array_equal(curve.n_train, [[7, 7]])


def test_curves_keep_times_whole_in_any_order():
    rng = np.random.default_rng(0)
    when = rng.permutation(np.repeat(np.arange(20), 5))
    curve = time_learning_curve(
        Length(), when[:, None], cv=RollingOrigin(2), times=when, train_sizes=[3]
    )
    assert_array_equal(curve.n_train, [[15, 15]])


def test_curves_pass_parameters_on():
    weights = np.full(100, 2.0)
    curve = time_learning_curve(
        Length(),
        ROWS,
        cv=RollingOrigin(2),
        params={"sample_weight": weights},
        train_sizes=[4, 8],
    )
    assert_array_equal(curve.test_scores, [[8, 8], [16, 16]])
    with config_context(enable_metadata_routing=True):
        asked = Length().set_fit_request(sample_weight=True)
        routed = time_learning_curve(
            asked,
            ROWS,
            cv=RollingOrigin(2),
            train_sizes=[4, 8],
            params={"sample_weight": weights, "times": np.arange(100)},
        )
    assert_array_equal(routed.test_scores, curve.test_scores)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_curves_are_scores_of_cross_validate(n_jobs):
    cv = RollingOrigin(3, test_size=10)
    curve = time_learning_curve(
        Ridge(), X, y, cv=cv, train_sizes=(1.0,), n_jobs=n_jobs, scoring="r2"
    )
    assert_allclose(
        curve.test_scores[0], cross_validate(Ridge(), X, y, cv=cv)["test_score"]
    )


@pytest.mark.parametrize(
    ("sizes", "error", "match"),
    [
        ([], InvalidParameterError, "'train_sizes'"),
        ("7D", InvalidParameterError, "'train_sizes'"),
        ([0], InvalidParameterError, "'train_sizes'"),
        ([1.5], InvalidParameterError, "'train_sizes'"),
        ([26], ValueError, "training set of fold 0 has 25 distinct"),
    ],
)
def test_wrong_sizes_are_said(sizes, error, match):
    with pytest.raises(error, match=match):
        time_learning_curve(Length(), ROWS, cv=RollingOrigin(3), train_sizes=sizes)


def test_spans_longer_than_a_training_set_are_said():
    days = pd.date_range("2024-01-01", periods=100)
    frame = pd.DataFrame({"row": np.arange(100.0)}, index=days)
    cv = RollingOrigin(2, test_size=10)
    whole = time_learning_curve(Length(), frame, cv=cv, train_sizes=["80D"])
    assert_array_equal(whole.n_train, [[80, 80]])
    with pytest.raises(ValueError, match="'82D', and the training set of fold 0"):
        time_learning_curve(Length(), frame, cv=cv, train_sizes=["82D"])


def test_spans_end_before_holes():
    """Two days before a Friday's close are Thursday and Friday, not the weekend."""
    days = pd.bdate_range("2024-01-01", periods=60)
    frame = pd.DataFrame({"row": np.arange(60.0)}, index=days)
    cv = RollingOrigin(None, train_size=20, test_size=5)
    curve = time_learning_curve(Length(), frame, cv=cv, train_sizes=["2D", "5D", "7D"])
    assert_array_equal(curve.n_train, np.repeat([[2], [5], [5]], 8, axis=1))
    early = pd.date_range("2024-01-01", periods=40)
    late = pd.date_range("2024-12-01", periods=20)
    torn = pd.DataFrame({"row": np.arange(60.0)}, index=early.append(late))
    curve = time_learning_curve(
        Length(), torn, cv=RollingOrigin(2, test_size=10), train_sizes=["10D"]
    )
    assert_array_equal(curve.n_train, [[10, 10]])
    with pytest.raises(ValueError, match="'1h', which is shorter than the time"):
        time_learning_curve(Length(), torn, cv=RollingOrigin(2), train_sizes=["1h"])


def test_spans_may_begin_between_two_times():
    """A week before the first of weekly rows nothing is known to be missing."""
    weeks = pd.date_range("2024-01-01", periods=20, freq="7D")
    frame = pd.DataFrame({"row": np.arange(20.0)}, index=weeks)
    cv = RollingOrigin(1, test_size=8)
    curve = time_learning_curve(Length(), frame, cv=cv, train_sizes=["87D"])
    assert_array_equal(curve.n_train, [[12]])
    with pytest.raises(ValueError, match="'92D'"):
        time_learning_curve(Length(), frame, cv=cv, train_sizes=["92D"])


def test_times_of_a_splitter_within_another_and_folds_of_nothing():
    rng = np.random.default_rng(0)
    when = rng.permutation(100)
    frame = pd.DataFrame({"row": np.arange(100.0), "t": when})
    inner = RollingOrigin(2, test_size=10, time="t")
    curve = time_learning_curve(Length(), frame, cv=Guarded(inner), train_sizes=[5])
    expected = [np.flatnonzero(when == stop - 5)[0] for stop in (80, 90)]
    assert_array_equal(curve.n_train, [[5, 5]])
    assert_array_equal(curve.test_scores[0], expected)
    with pytest.raises(ValueError, match="makes no folds of 100 rows"):
        time_learning_curve(Length(), ROWS, cv=[])
    with pytest.raises(ValueError, match="no train rows"):
        time_learning_curve(Length(), ROWS, cv=[([], [1])])
    with pytest.raises(InvalidParameterError, match="'scoring'"):
        time_learning_curve(Ridge(), X, y, scoring=["r2"])
