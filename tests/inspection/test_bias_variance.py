"""Bias and variance against loops, laws that are known, and each other."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import KFold, ShuffleSplit
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ensembles import Bootstrap, GroupBootstrap, StationaryBootstrap, bias_variance
from ensembles.exceptions import InvalidParameterError

RNG = np.random.default_rng(0)
X = RNG.uniform(0, 6, size=(120, 1))
Y = np.sin(X[:, 0]) + 0.3 * RNG.normal(size=120)
SCHEME = Bootstrap(30, random_state=0)


def predictions_of(estimator, X, y, scheme):
    """Lists of what was predicted of each row."""
    said = [[] for _ in y]
    for train, test in scheme.split(X, y):
        predicted = estimator.fit(X[train], y[train]).predict(X[test])
        for row, value in zip(test, predicted, strict=True):
            said[row].append(value)
    return said


def test_squared_errors_by_hand():
    tree = DecisionTreeRegressor(max_depth=4, random_state=0)
    parts = bias_variance(tree, X, Y, scheme=SCHEME)
    said = predictions_of(tree, X, Y, SCHEME)
    for i in range(120):
        values = np.array(said[i])
        variance = values.var(ddof=1)
        assert parts.n_predictions[i] == len(values)
        assert parts.main_predictions[i] == pytest.approx(values.mean())
        assert parts.losses[i] == pytest.approx(np.mean((values - Y[i]) ** 2))
        assert parts.variances[i] == pytest.approx(variance)
        bias = (values.mean() - Y[i]) ** 2 - variance / len(values)
        assert parts.biases[i] == pytest.approx(bias, abs=1e-12)
    assert parts.loss == pytest.approx(parts.bias + parts.variance)
    assert parts.loss == pytest.approx(parts.losses.mean())
    assert parts.spread == parts.variance
    assert np.isnan(parts.noise)


def test_labels_by_hand():
    features, codes = load_iris(return_X_y=True)
    y = np.array(["setosa", "versicolor", "virginica"])[codes]
    tree = DecisionTreeClassifier(max_depth=2, max_features=1, random_state=0)
    parts = bias_variance(tree, features, y, scheme=SCHEME)
    said = predictions_of(tree, features, y, SCHEME)
    for i in range(150):
        labels, counts = np.unique(said[i], return_counts=True)
        main = labels[counts.argmax()]
        assert parts.main_predictions[i] == main
        differ = np.array(said[i]) != main
        right = np.array(said[i]) == y[i]
        assert parts.biases[i] == (main != y[i])
        expected = differ.mean() if main == y[i] else -right.mean()
        assert parts.variances[i] == pytest.approx(expected)
        assert parts.losses[i] == pytest.approx(1 - right.mean())
    assert parts.loss == pytest.approx(parts.bias + parts.variance)
    assert parts.spread >= parts.variance


def test_a_constant_has_no_variance_and_a_line_no_bias():
    one = DummyRegressor(strategy="constant", constant=0.0)
    parts = bias_variance(one, X, Y, scheme=SCHEME)
    assert parts.variance == 0
    assert parts.bias == pytest.approx(np.mean(Y**2))
    line = 2 * X[:, 0] + 0.5 * np.random.default_rng(1).normal(size=120)
    parts = bias_variance(LinearRegression(), X, line, scheme=SCHEME, noise=0.25)
    assert parts.bias == pytest.approx(parts.noise, abs=0.08)
    assert parts.variance < 0.02


def test_variance_of_means_is_known():
    """Means of draws of n rows: the variance of the rows over n, within a fifth."""
    parts = bias_variance(DummyRegressor(), X, Y, scheme=Bootstrap(400, random_state=0))
    assert parts.variance == pytest.approx(Y.var() / 120, rel=0.2)


def test_what_each_row_gets_is_not_biased_by_few_draws():
    """Bias of ten draws, on average that of many: 40 sets of draws, four errors."""
    tree = DecisionTreeRegressor(max_depth=3, random_state=0)
    many = bias_variance(tree, X, Y, scheme=Bootstrap(400, random_state=1))
    few = [
        bias_variance(tree, X, Y, scheme=Bootstrap(25, random_state=seed)).bias
        for seed in range(40)
    ]
    error = np.std(few) / np.sqrt(40)
    assert abs(np.mean(few) - many.bias) < 4 * error + 0.002


def test_neighbours_tell_the_noise():
    rng = np.random.default_rng(0)
    many = rng.uniform(size=(2000, 2))
    y = many.sum(axis=1) + 0.5 * rng.normal(size=2000)
    parts = bias_variance(
        KNeighborsRegressor(),
        many,
        y,
        scheme=Bootstrap(40, random_state=0),
        noise="neighbours",
    )
    assert parts.noise == pytest.approx(0.25, rel=0.1)
    flipped = rng.uniform(size=2000) < 0.1
    labels = (many[:, 0] > 0.5) ^ flipped
    parts = bias_variance(
        KNeighborsClassifier(15),
        many,
        labels,
        scheme=Bootstrap(40, random_state=0),
        noise="neighbours",
    )
    assert parts.noise == pytest.approx(0.1, abs=0.03)


@pytest.mark.filterwarnings("ignore:.* rows were left out less than twice")
def test_schemes_and_splitters_draw():
    tree = DecisionTreeRegressor(max_depth=3, random_state=0)
    groups = np.arange(120) // 6
    grouped = bias_variance(
        tree, X, Y, scheme=GroupBootstrap(20, random_state=0), groups=groups
    )
    assert len(np.unique(grouped.n_predictions.reshape(20, 6), axis=1).T) == 1
    for scheme in StationaryBootstrap(20), ShuffleSplit(20, random_state=0):
        parts = bias_variance(tree, X, Y, scheme=scheme)
        assert parts.loss == pytest.approx(parts.bias + parts.variance)


def test_seeds_and_workers():
    tree = DecisionTreeRegressor(max_depth=3, random_state=0)
    one, two = (
        bias_variance(tree, X, Y, random_state=3, n_jobs=n_jobs) for n_jobs in (1, 2)
    )
    assert_array_equal(one.losses, two.losses)
    assert one.n_predictions.mean() == pytest.approx(100 * np.exp(-1), rel=0.1)


class Weighed(RegressorMixin, BaseEstimator):
    def fit(self, X, y, sample_weight=None):
        self.mean_ = np.average(y, weights=sample_weight)
        return self

    def predict(self, X):
        return np.full(len(X), self.mean_)


def test_parameters_of_rows_follow_the_rows():
    weights = np.where(np.arange(120) < 60, 1.0, 0.0)
    y = np.where(np.arange(120) < 60, 5.0, -3.0)
    parts = bias_variance(
        Weighed(), X, y, scheme=SCHEME, params={"sample_weight": weights}
    )
    assert_allclose(parts.main_predictions, 5.0)


def test_rows_that_are_never_left_out_do_not_count():
    with pytest.warns(UserWarning, match="rows were left out less than twice"):
        parts = bias_variance(
            DummyRegressor(), X, Y, scheme=Bootstrap(4, random_state=0)
        )
    known = parts.n_predictions > 1
    assert 0 < known.sum() < 120
    assert np.isnan(parts.losses[~known]).all()
    assert parts.loss == pytest.approx(parts.losses[known].mean())
    with pytest.raises(ValueError, match="none is left out twice"):
        bias_variance(DummyRegressor(), X, Y, scheme=KFold(5))


def test_squared_errors_of_a_classifier_and_labels_as_numbers():
    y = (X[:, 0] > 3).astype(int)
    classifier = LogisticRegression()
    squared = bias_variance(classifier, X, y, scheme=SCHEME, loss="squared_error")
    plain = bias_variance(classifier, X, y, scheme=SCHEME)
    assert squared.loss == pytest.approx(plain.loss)
    always = bias_variance(DummyClassifier(), X, y, scheme=SCHEME)
    assert always.loss > 0.3


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"loss": "hinge"}, "loss"),
        ({"noise": -1.0}, "noise"),
        ({"noise": "guess"}, "noise"),
        ({"n_jobs": 1.5}, "n_jobs"),
        ({"verbose": -1}, "verbose"),
    ],
    ids=str,
)
def test_wrong_parameters_are_named(params, match):
    with pytest.raises(InvalidParameterError, match=match):
        bias_variance(DummyRegressor(), X, Y, **params)


def test_several_outputs_are_an_error():
    with pytest.raises(ValueError, match="Take its columns in turn"):
        bias_variance(DummyRegressor(), X, np.column_stack([Y, Y]))
