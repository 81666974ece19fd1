"""Intervals and uncertainty of votes, blends and selections."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import KFold, RepeatedKFold, TimeSeriesSplit
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ensembles import (
    BlendClassifier,
    BlendRegressor,
    SelectionClassifier,
    SelectionRegressor,
    VotingClassifier,
)
from ensembles.exceptions import InvalidParameterError

RNG = np.random.default_rng(0)
X = RNG.uniform(-2, 2, size=(150, 2))
Y = np.sin(2 * X[:, 0]) + X[:, 1] + 0.3 * RNG.normal(size=150)
VALUES = [
    ("line", Ridge()),
    ("tree", DecisionTreeRegressor(max_depth=4, random_state=0)),
    ("near", KNeighborsRegressor(5)),
]
X3, CODES = make_classification(150, 6, n_informative=4, n_classes=3, random_state=0)
Y3 = np.array(["red", "green", "blue"])[CODES]
CLASSES = [
    ("bayes", GaussianNB()),
    ("tree", DecisionTreeClassifier(max_depth=3, random_state=0)),
    ("linear", LogisticRegression()),
]
BOTH = pytest.mark.parametrize("kind", [BlendRegressor, SelectionRegressor])


@BOTH
@pytest.mark.parametrize(
    "cv",
    [KFold(5), RepeatedKFold(n_splits=4, n_repeats=2, random_state=0)],
    ids=["partition", "repeated"],
)
def test_cv_plus_by_hand(kind, cv):
    ensemble = kind(VALUES, cv=cv, refit=False).fit(X, Y)
    weights = ensemble.weights_
    folds = list(cv.split(X))
    models = [
        [clone(m).fit(X[train], Y[train]) for _, m in VALUES] for train, _ in folds
    ]
    of_folds = np.array(
        [weights @ [model.predict(X) for model in one] for one in models]
    )
    without = [
        [k for k, (_, test) in enumerate(folds) if i in test] for i in range(150)
    ]
    centres = np.array([of_folds[lacking].mean(axis=0) for lacking in without])
    residuals = np.abs(Y - centres.diagonal())
    rank = int(np.ceil(0.8 * 151))
    low = np.sort(centres - residuals[:, None], axis=0)[150 - rank]
    high = np.sort(centres + residuals[:, None], axis=0)[rank - 1]
    expected = np.column_stack([low, high])
    for method in "cv+", "auto":
        ends = ensemble.predict_interval(X, 0.8, method=method)
        assert_allclose(ends, expected, rtol=1e-5, atol=1e-6)


@BOTH
@pytest.mark.parametrize("cv", [5, TimeSeriesSplit(4)], ids=["all", "later"])
def test_one_width_is_the_quantile_of_what_rows_were_off(kind, cv):
    ensemble = kind(VALUES, cv=cv).fit(X, Y)
    said = np.array([ensemble.out_of_fold_[name].values for name, _ in VALUES])
    known = ~np.isnan(said[0])
    off = np.sort(np.abs(Y - ensemble.weights_ @ said)[known])
    width = off[int(np.ceil(0.9 * (known.sum() + 1))) - 1]
    predicted = ensemble.predict(X)
    for method in "residuals", "auto":
        ends = ensemble.predict_interval(X, method=method)
        assert_allclose(ends, np.column_stack([predicted - width, predicted + width]))
    with pytest.raises(ValueError, match="refit=False"):
        ensemble.predict_interval(X, method="cv+")


def test_intervals_cover():
    rng = np.random.default_rng(1)
    new = rng.uniform(-2, 2, size=(2000, 2))
    y = np.sin(2 * new[:, 0]) + new[:, 1] + 0.3 * rng.normal(size=2000)
    for refit in True, False:
        blend = BlendRegressor(VALUES, refit=refit).fit(X, Y)
        ends = blend.predict_interval(new)
        assert 0.82 < np.mean((ends[:, 0] <= y) & (y <= ends[:, 1])) < 0.97


def test_several_outputs_and_frozen_members():
    both = np.column_stack([Y, -5 * Y])
    frozen = FrozenEstimator(LinearRegression().fit(X, both))
    members = [("frozen", frozen), ("near", KNeighborsRegressor())]
    blend = BlendRegressor(members, refit=False).fit(X, both)
    ends = blend.predict_interval(X)
    assert ends.shape == (150, 2, 2)
    widths = ends[:, :, 1] - ends[:, :, 0]
    assert_allclose(widths[:, 1], 5 * widths[:, 0], rtol=1e-5)


def test_too_few_rows_and_wrong_parameters():
    blend = BlendRegressor([("line", LinearRegression())], cv=2).fit(X[:8], Y[:8])
    with pytest.warns(UserWarning, match="too few residuals"):
        assert np.isinf(blend.predict_interval(X, 0.95)).all()
    with pytest.raises(InvalidParameterError, match="method"):
        blend.predict_interval(X, method="oob")
    with pytest.raises(ValueError, match="confidence_level"):
        blend.predict_interval(X, 1.5)


@pytest.mark.parametrize("measure", ["entropy", "variance"])
@pytest.mark.parametrize("kind", [BlendClassifier, SelectionClassifier])
def test_uncertainty_is_of_the_weighted_mean(kind, measure):
    ensemble = kind(CLASSES).fit(X3, Y3)
    total, aleatoric, epistemic = ensemble.predict_uncertainty(X3, measure=measure)
    proba = ensemble.predict_proba(X3)
    weights = ensemble.weights_[ensemble.weights_ > 0]
    members = ensemble.predict_members(X3)

    def of(p):
        logs = np.log(np.where(p > 0, p, 1))
        return -(p * logs).sum(-1) if measure == "entropy" else (p * (1 - p)).sum(-1)

    assert_allclose(total, of(proba), atol=1e-12)
    assert_allclose(aleatoric, weights @ of(members), atol=1e-12)
    assert_allclose(epistemic, total - aleatoric, atol=1e-12)
    assert (epistemic >= 0).all()


def test_votes_by_probabilities_have_uncertainty_and_others_none():
    voter = VotingClassifier(CLASSES, voting="soft", weights=[1, 2, 0]).fit(X3, Y3)
    alone = VotingClassifier(CLASSES[:2], voting="soft", weights=[1, 2]).fit(X3, Y3)
    for one, other in zip(
        voter.predict_uncertainty(X3), alone.predict_uncertainty(X3), strict=True
    ):
        assert_allclose(one, other)
    assert not hasattr(VotingClassifier(CLASSES), "predict_uncertainty")
    with pytest.raises(InvalidParameterError, match="measure"):
        voter.predict_uncertainty(X3, measure="bits")
    features, labels = make_multilabel_classification(100, n_classes=2, random_state=0)
    several = VotingClassifier(CLASSES[1:2], voting="soft").fit(features, labels)
    with pytest.raises(ValueError, match="target of one output"):
        several.predict_uncertainty(features)


def test_a_fit_again_forgets_the_folds():
    blend = BlendRegressor(VALUES, refit=False).fit(X, Y)
    ends = blend.predict_interval(X)
    blend.set_params(refit=True).fit(X, Y)
    with pytest.raises(ValueError, match="refit=False"):
        blend.predict_interval(X, method="cv+")
    blend.set_params(refit=False).fit(X, Y)
    assert_array_equal(blend.predict_interval(X), ends)
