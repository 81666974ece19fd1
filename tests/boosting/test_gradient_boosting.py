"""Gradient boosting of any learner: scikit-learn's with trees, and by definition."""

import pickle
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import sklearn.ensemble
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.datasets import (
    load_iris,
    make_classification,
    make_friedman1,
    make_hastie_10_2,
)
from sklearn.dummy import DummyRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import TimeSeriesSplit
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, SplineTransformer
from sklearn.tree import DecisionTreeRegressor

from ensembles import (
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistTreeRegressor,
    MovingBlockBootstrap,
)
from ensembles.boosting._gradient_run import Validation
from ensembles.exceptions import InvalidParameterError
from ensembles.losses import (
    ExponentialLoss,
    Loss,
    MultinomialLoss,
    PoissonLoss,
    TweedieLoss,
)

CLASSES = [GradientBoostingClassifier, GradientBoostingRegressor]


def data(n=200, seed=0):
    return make_friedman1(n, noise=1.0, random_state=seed)


def classes(n=300, n_classes=3):
    X, score = data(n)
    cuts = np.quantile(score, np.linspace(0, 1, n_classes + 1)[1:-1])
    return X, np.array(["ash", "birch", "cedar"])[np.digitize(score, cuts)]


def theirs(ours):
    """scikit-learn's booster of the same parameters."""
    kind = getattr(sklearn.ensemble, type(ours).__name__)
    known = kind().get_params()
    return kind(**{name: ours.get_params()[name] for name in known})


# Trees of depth two on rows of random weights: no two splits gain the same.


@pytest.mark.parametrize("subsample", [1.0, 0.6])
@pytest.mark.parametrize(
    "loss", ["squared_error", "absolute_error", "huber", "quantile"]
)
def test_rounds_of_values_are_those_of_scikit_learn(loss, subsample):
    X, y = data()
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    ours = GradientBoostingRegressor(
        loss=loss, subsample=subsample, max_depth=2, n_estimators=20, random_state=0
    ).fit(X, y, weights)
    expected = theirs(ours).fit(X, y, weights)
    # Gradients of absolute errors and quantiles are signs: more splits gain the same.
    exact = loss in ("squared_error", "huber") and subsample == 1.0
    tolerance = 1e-10 if exact else 0.05
    assert_allclose(ours.train_score_, expected.train_score_, rtol=tolerance)
    if exact:
        assert_allclose(ours.predict(X), expected.predict(X))
        shares = expected.feature_importances_
        assert_allclose(ours.feature_importances_, shares, atol=1e-9)
        assert_array_equal(ours.apply(X), expected.apply(X))
    if subsample < 1.0:
        assert_allclose(ours.oob_scores_, expected.oob_scores_, rtol=0.2)
        assert ours.oob_score_ == ours.oob_scores_[-1]
        total = ours.oob_improvement_[1:].sum()
        assert_allclose(total, ours.oob_scores_[0] - ours.oob_score_)


@pytest.mark.parametrize("loss", ["log_loss", "exponential"])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_rounds_of_classes_are_those_of_scikit_learn(loss, n_classes):
    X, y = classes(n_classes=n_classes)
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    ours = GradientBoostingClassifier(
        loss=loss, max_depth=2, n_estimators=15, random_state=0
    )
    if n_classes == 3 and loss == "exponential":
        with pytest.raises(ValueError, match="only suitable for a binary classificat"):
            ours.fit(X, y)
        return
    ours.fit(X, y, weights)
    expected = theirs(ours).fit(X, y, weights)
    assert_allclose(ours.train_score_, expected.train_score_, rtol=1e-12)
    assert_allclose(ours.predict_proba(X), expected.predict_proba(X), rtol=1e-10)
    assert_allclose(ours.decision_function(X), expected.decision_function(X))
    assert_array_equal(ours.predict(X), expected.predict(X))
    assert_array_equal(ours.apply(X), expected.apply(X))


# Both with scikit-learn 1.9, as its own tests and the documentation have them.


def test_stumps_have_their_known_answers():
    X, y = data(1200)
    stumps = GradientBoostingRegressor(max_depth=1).fit(X[:200], y[:200])
    error = ((stumps.predict(X[200:]) - y[200:]) ** 2).mean()
    assert_allclose(error, 5.009154859960321, rtol=1e-9)
    X, y = make_hastie_10_2(12_000, random_state=0)
    stumps = GradientBoostingClassifier(max_depth=1, learning_rate=1.0)
    assert stumps.fit(X[:2000], y[:2000]).score(X[2000:], y[2000:]) == 0.913


LEARNERS = [
    DecisionTreeRegressor(max_depth=4, random_state=0),
    HistTreeRegressor(max_depth=4),
    Ridge(),
    KNeighborsRegressor(),
    make_pipeline(SplineTransformer(4), Ridge()),
]


@pytest.mark.parametrize("learner", LEARNERS, ids=repr)
def test_one_round_of_squared_error_is_the_learner_itself(learner):
    X, y = data()
    booster = GradientBoostingRegressor(
        estimator=learner, n_estimators=1, learning_rate=1.0
    )
    alone = clone(learner).fit(X, y).predict(X)
    assert_allclose(booster.fit(X, y).predict(X), alone, rtol=1e-10)
    zero = clone(booster).set_params(init="zero").fit(X, y)
    assert zero.init_ == "zero"
    assert_allclose(zero.predict(X), alone, rtol=1e-10)


@pytest.mark.parametrize("learner", LEARNERS, ids=repr)
@pytest.mark.parametrize("loss", ["huber", "poisson", "quantile"])
def test_any_learner_is_boosted_for_any_loss(learner, loss):
    X, y = data(300)
    y = np.random.default_rng(0).poisson(np.exp(y / 10)) if loss == "poisson" else y
    booster = GradientBoostingRegressor(
        estimator=learner, loss=loss, alpha=0.7, n_estimators=15, random_state=0
    ).fit(X[:200], y[:200])
    made = booster._loss
    scores = [
        made.mean(y[200:], made.link(stage))
        for stage in booster.staged_predict(X[200:])
    ]
    start = made.mean(y[200:], np.full(100, made.initial_value(y[:200], None)))
    assert scores[-1] < 0.9 * start
    assert_array_equal(stage_of(booster, X, -1), booster.predict(X))
    steps = booster.predict_members(X)
    raw = booster._start.raw(X)[:, 0] + steps.sum(axis=0)
    assert_allclose(made.prediction(raw), booster.predict(X))
    again = pickle.loads(pickle.dumps(booster))
    assert_array_equal(again.predict(X), booster.predict(X))


def stage_of(booster, X, number):
    return list(booster.staged_predict(X))[number]


@pytest.mark.parametrize("learner", [Ridge(), None])
@pytest.mark.parametrize("n_classes", [2, 3])
def test_any_learner_is_boosted_for_classes(learner, n_classes):
    X, y = classes(n_classes=n_classes)
    booster = GradientBoostingClassifier(
        estimator=learner, n_estimators=12, random_state=0, subsample=0.8
    ).fit(X, y)
    prior = np.tile([np.mean(y == one) for one in booster.classes_], (len(y), 1))
    assert log_loss(y, booster.predict_proba(X)) < 0.85 * log_loss(y, prior)
    assert booster.estimators_.shape == (12, 1 if n_classes == 2 else 3)
    *_, last = booster.staged_predict_proba(X)
    assert_array_equal(last, booster.predict_proba(X))
    *_, last = booster.staged_predict(X)
    assert_array_equal(last, booster.predict(X))
    assert_allclose(np.exp(booster.predict_log_proba(X)), last_shares(booster, X))
    shape = (12, len(X)) if n_classes == 2 else (12, len(X), 3)
    assert booster.predict_members(X).shape == shape
    with parallel_config("threading"):
        two = clone(booster).set_params(n_jobs=2).fit(X, y)
    assert_array_equal(two.predict_proba(X), booster.predict_proba(X))


def last_shares(booster, X):
    return booster.predict_proba(X)


def newton_by_the_book(X, y, n_rounds, learner, rate):
    """Trees on Newton steps of log loss, with hessians as weights."""
    raw = np.full(len(y), logit(y.mean()))
    for _ in range(n_rounds):
        share = expit(raw)
        weights = share * (1.0 - share)
        steps = clone(learner).fit(X, (y - share) / weights, sample_weight=weights)
        raw += rate * steps.predict(X)
    return raw


@pytest.mark.parametrize("learner", [DecisionTreeRegressor(max_depth=2), Ridge()])
def test_newton_updates_are_weighted_least_squares(learner):
    X, y = classes(n_classes=2)
    booster = GradientBoostingClassifier(
        estimator=learner, update="newton", n_estimators=8, learning_rate=0.3
    ).fit(X, y)
    raw = newton_by_the_book(X, (y == "birch") * 1.0, 8, learner, 0.3)
    assert_allclose(booster.decision_function(X), raw, rtol=1e-9)


def test_hybrid_updates_take_a_newton_step_along_the_answer():
    X, y = classes(n_classes=2)
    is_one = (y == "birch") * 1.0
    booster = GradientBoostingClassifier(
        estimator=Ridge(), update="hybrid", n_estimators=1, learning_rate=1.0
    ).fit(X, y)
    share = is_one.mean()
    answer = Ridge().fit(X, is_one - share).predict(X)
    length = (is_one - share) @ answer / (share * (1 - share) * (answer @ answer))
    raw = logit(share) + length * answer
    assert_allclose(booster.decision_function(X), raw, rtol=1e-9)
    # In the leaves of trees that is what scikit-learn does.
    trees = GradientBoostingClassifier(n_estimators=5, random_state=0).fit(X, y)
    hybrid = clone(trees).set_params(update="hybrid").fit(X, y)
    assert_array_equal(hybrid.predict_proba(X), trees.predict_proba(X))


@pytest.mark.parametrize("loss", ["absolute_error", "huber", "poisson", "quantile"])
def test_a_global_search_goes_as_far_as_the_loss_falls(loss):
    X, y = data()
    y = np.abs(y)
    booster = GradientBoostingRegressor(
        estimator=Ridge(), loss=loss, n_estimators=1, learning_rate=1.0
    ).fit(X, y)
    made = booster._loss
    start = booster._start.raw(X)[0, 0]
    loss_here = made.adapted(y, np.full(len(y), start), None)
    (step,) = booster.predict_members(X)

    def loss_at(length):
        return loss_here.mean(y, start + length * step)

    assert loss_at(1.0) < loss_at(0.0)
    for length in 0.9, 1.1:
        assert loss_at(1.0) <= loss_at(length) + 1e-6
    unsearched = clone(booster).set_params(line_search=None).fit(X, y)
    (shorter,) = unsearched.predict_members(X)
    assert not np.allclose(shorter, step)
    ratio = step / shorter
    assert_allclose(ratio, ratio[0])


@pytest.mark.parametrize("tree", [DecisionTreeRegressor(max_depth=2), None])
def test_leaves_get_what_is_best_for_them(tree):
    X, y = data()
    binned = HistTreeRegressor(max_depth=2)
    for learner in (tree, binned) if tree is not None else (None,):
        booster = GradientBoostingRegressor(
            estimator=learner, loss="absolute_error", n_estimators=1, learning_rate=1.0
        ).fit(X, y)
        leaves = booster.apply(X)[:, 0]
        predicted = booster.predict(X)
        for leaf in np.unique(leaves):
            own = leaves == leaf
            assert_allclose(predicted[own], np.median(y[own]), rtol=1e-12)


def test_dropped_rounds_share_their_place_with_the_new_one():
    X, y = data()
    booster = GradientBoostingRegressor(
        dropout=0.4, n_estimators=25, learning_rate=0.5, random_state=0
    ).fit(X, y)
    # Steps add up to the raw predictions that training ended with.
    raw = booster.init_.predict(X) + booster.predict_members(X).sum(axis=0)
    assert_allclose(raw, booster.predict(X))
    assert_allclose(booster.train_score_[-1], ((y - booster.predict(X)) ** 2).mean())
    plain = GradientBoostingRegressor(n_estimators=25, learning_rate=0.5).fit(X, y)
    sizes = [np.abs(b.predict_members(X)).mean(axis=1) for b in (booster, plain)]
    assert sizes[0][0] < 0.5 * sizes[1][0]  # the first has often made room
    longer = GradientBoostingRegressor(
        dropout=0.4, n_estimators=10, learning_rate=0.5, random_state=0, warm_start=True
    ).fit(X, y)
    longer.set_params(n_estimators=25).fit(X, y)
    assert_allclose(longer.predict(X), booster.predict(X))


def test_one_dropped_round_by_definition():
    X, y = data()
    booster = GradientBoostingRegressor(
        estimator=Ridge(), dropout=0.99, n_estimators=2, learning_rate=0.5
    ).fit(X, y)
    first = Ridge().fit(X, y - y.mean()).predict(X)
    # The second is fitted as if there were no first one: both are the same, and have
    # 1 / 1.5 of its rate of 0.5, and 0.5 / 1.5.
    expected = y.mean() + first * (0.5 / 1.5 + 0.5 / 1.5)
    assert_allclose(booster.predict(X), expected, rtol=1e-9)


@pytest.mark.parametrize("kind", CLASSES)
@pytest.mark.parametrize("options", [{}, {"subsample": 0.5}, {"n_iter_no_change": 3}])
def test_a_warm_start_adds_rounds(kind, options):
    X, y = classes() if kind is GradientBoostingClassifier else data()
    whole = kind(n_estimators=12, random_state=0, **options).fit(X, y)
    parts = kind(n_estimators=5, random_state=0, warm_start=True, **options).fit(X, y)
    first = parts.estimators_[0, 0]
    parts.set_params(n_estimators=12).fit(X, y)
    assert parts.estimators_[0, 0] is first
    if "n_iter_no_change" not in options:
        assert_allclose(parts.train_score_, whole.train_score_, rtol=1e-6)
        assert_allclose(parts.predict_members(X), whole.predict_members(X), rtol=1e-6)
    with pytest.raises(ValueError, match=r"n_estimators=4 must be larger or equal to"):
        parts.set_params(n_estimators=4).fit(X, y)
    assert parts.n_estimators_ == 12


@pytest.mark.parametrize("early", [0.2, 60, TimeSeriesSplit(3), "given"], ids=str)
@pytest.mark.parametrize("kind", CLASSES)
def test_rows_set_aside_tell_when_to_stop(kind, early):
    X, y = classes() if kind is GradientBoostingClassifier else data(300)
    options = {"learning_rate": 0.5, "n_estimators": 300, "random_state": 0}
    early = (X[240:], y[240:]) if early == "given" else early
    booster = kind(early_stopping=early, **options).fit(X[:240], y[:240])
    assert 10 < booster.n_estimators_ < 150
    impatient = kind(early_stopping=early, n_iter_no_change=2, **options)
    assert impatient.fit(X[:240], y[:240]).n_estimators_ < booster.n_estimators_
    if isinstance(early, TimeSeriesSplit):
        *_, (train, test) = early.split(X[:240])
        given = kind(early_stopping=(X[test], y[test]), **options)
        given.fit(X[train], y[train])
        assert_allclose(given.predict_members(X), booster.predict_members(X))


def test_rows_of_ones_own_to_stop_by_are_looked_at():
    X, y = data(60)
    for early, message in (
        ((X, y[1:]), "inconsistent numbers of samples"),
        ((X[:, 1:], y), "X has 9 features, but GradientBoostingRegressor is expecting"),
        ((X, np.where(y > 9, np.nan, y)), "Input y contains NaN"),
        ((X, -y), "loss='poisson' requires non-negative y"),
    ):
        booster = GradientBoostingRegressor(loss="poisson", early_stopping=early)
        with pytest.raises(ValueError, match=message):
            booster.fit(X, np.abs(y))
    as_lists = GradientBoostingRegressor(early_stopping=(X.tolist(), y.tolist()))
    assert as_lists.fit(X, y).n_estimators_ > 3


def test_a_model_to_start_from():
    X, y = data(400)
    line = LinearRegression()
    booster = GradientBoostingRegressor(init=line, n_estimators=30).fit(
        X[:200], y[:200]
    )
    assert isinstance(booster.init_, LinearRegression)
    assert not hasattr(line, "coef_")
    assert booster.score(X[200:], y[200:]) > line.fit(X[:200], y[:200]).score(
        X[200:], y[200:]
    )
    counts = np.random.default_rng(0).poisson(np.exp(y / 8))
    poisson = GradientBoostingRegressor(init=line, loss=PoissonLoss(), n_estimators=3)
    means = line.fit(X, counts).predict(X)
    raw = poisson.fit(X, counts)._start.raw(X)[:, 0]
    assert_allclose(raw[means > 0.1], np.log(means[means > 0.1]), atol=1e-4)
    assert raw[means < 0.0].max() < -20.0
    X, y = classes()
    model = LogisticRegression(max_iter=1000)
    for n_classes in 2, 3:
        X, y = classes(n_classes=n_classes)
        booster = GradientBoostingClassifier(
            init=model, n_estimators=1, learning_rate=0
        )
        shares = model.fit(X, y).predict_proba(X)
        assert_allclose(booster.fit(X, y).predict_proba(X), shares, rtol=1e-4)
    weights = np.ones(len(y))
    pipeline = make_pipeline(PolynomialFeatures(2), LogisticRegression(max_iter=3000))
    booster.set_params(init=pipeline).fit(X, y, weights)
    with pytest.raises(ValueError, match="KNeighborsRegressor does not support sample"):
        GradientBoostingRegressor(init=KNeighborsRegressor()).fit(
            X, y == "ash", weights
        )


def test_losses_of_ones_own():
    X, y = data()
    y = np.abs(y)
    for loss in TweedieLoss(1.3), PoissonLoss():
        booster = GradientBoostingRegressor(loss=loss, n_estimators=30).fit(X, y)
        assert booster.score(X, y) > 0.7
        assert (booster.predict(X) > 0.0).all()
    X, y = classes()
    three = GradientBoostingClassifier(loss=MultinomialLoss(3), n_estimators=5)
    named = GradientBoostingClassifier(n_estimators=5, random_state=0)
    three.set_params(random_state=0).fit(X, y)
    assert_array_equal(three.predict_proba(X), named.fit(X, y).predict_proba(X))
    with pytest.raises(
        ValueError, match="has 1 raw predictions for a row, and 3 class"
    ):
        GradientBoostingClassifier(loss=ExponentialLoss()).fit(X, y)
    with pytest.raises(ValueError, match="has 3 raw predictions for a row, and a targ"):
        GradientBoostingRegressor(loss=MultinomialLoss(3)).fit(X, y == "ash")


def test_weights_are_repeated_rows_and_none_leaves_a_row_out():
    X, y = data()
    times = np.random.default_rng(0).integers(0, 3, len(y))
    rows = np.repeat(np.arange(len(y)), times)
    for learner in None, Ridge(), HistTreeRegressor(max_depth=3):
        for loss in "squared_error", "poisson":
            booster = GradientBoostingRegressor(
                estimator=learner, loss=loss, n_estimators=8, random_state=0
            )
            target = np.abs(y)
            weighted = clone(booster).fit(X, target, times).predict(X)
            repeated = clone(booster).fit(X[rows], target[rows]).predict(X)
            assert_allclose(weighted, repeated, rtol=1e-6)


def test_columns_are_drawn_for_learners_that_are_given():
    X, y = data()
    booster = GradientBoostingRegressor(
        estimator=Ridge(), max_features=0.3, n_estimators=40, random_state=0
    ).fit(X, y)
    seen = {len(member.coef_) for member in booster.estimators_[:, 0]}
    assert seen == {booster.max_features_} == {3}
    columns = np.array([own[0].columns for own in booster._progress.members])
    assert len(np.unique(columns)) == 10
    assert (np.diff(columns, axis=1) > 0).all()
    frame = pd.DataFrame(X).add_prefix("x")
    named = clone(booster).fit(frame, y)
    assert named.estimators_[0, 0].feature_names_in_[0] == f"x{columns[0, 0]}"
    assert_allclose(named.predict(frame), booster.predict(X))
    trees = clone(booster).set_params(estimator=DecisionTreeRegressor(max_depth=2))
    assert trees.fit(X, y).feature_importances_.shape == (10,)
    assert_allclose(trees.feature_importances_.sum(), 1.0)


def test_rows_of_a_scheme_and_draws_by_weight():
    X, y = data()
    neighbours = KNeighborsRegressor(5)
    counts = np.random.default_rng(0).poisson(np.exp(y / 10))
    booster = GradientBoostingRegressor(
        estimator=neighbours, loss="poisson", update="newton", random_state=0
    )
    with pytest.raises(ValueError, match="doesn't support sample_weight"):
        booster.fit(X, counts)
    drawn = booster.set_params(resample=True, n_estimators=10).fit(X, counts)
    assert drawn.score(X, counts) > 0.3
    blocks = GradientBoostingRegressor(
        resample=MovingBlockBootstrap(block_length=20), n_estimators=10, random_state=0
    ).fit(X, y)
    assert blocks.estimators_[0, 0].tree_.n_node_samples[0] < 180
    assert blocks.score(X, y) > 0.4


def test_missing_values_sparse_tables_and_frames():
    X, y = data()
    X[::7, 3] = np.nan
    booster = GradientBoostingRegressor(n_estimators=10, random_state=0).fit(X, y)
    assert booster.score(X, y) > 0.5
    frame = pd.DataFrame(X).add_prefix("x")
    named = clone(booster).fit(frame, y)
    assert_array_equal(named.predict(frame), booster.predict(X))
    assert_array_equal(named.feature_names_in_, frame.columns)
    X = np.where(np.isnan(X) | (X < 0.5), 0.0, X)
    dense = clone(booster).fit(X, y).predict(X)
    for kind in sparse.csr_matrix, sparse.csc_matrix, sparse.coo_matrix:
        own = clone(booster).set_params(subsample=0.9).fit(kind(X), y)
        full = clone(booster).set_params(subsample=0.9).fit(X, y)
        assert_allclose(own.predict(kind(X)), full.predict(X))
        assert_allclose(clone(booster).fit(kind(X), y).predict(kind(X)), dense)


class FailsLater(RegressorMixin, BaseEstimator):
    """A learner that fails once, or gives no numbers."""

    n_fits = 0

    def __init__(self, answer=None):
        self.answer = answer

    def fit(self, X, y):
        type(self).n_fits += 1
        if self.n_fits == 37:
            raise RuntimeError("out of luck")
        self.tree_ = DecisionTreeRegressor(max_depth=2, random_state=0).fit(X, y)
        return self

    def predict(self, X):
        return self.tree_.predict(X) if self.answer is None else self.answer


def test_errors_name_the_round_and_leave_the_last_fit_as_it_was():
    X, y = data(100)
    booster = GradientBoostingRegressor(n_estimators=3).fit(X, y)
    before = booster.predict(X)
    FailsLater.n_fits = 0
    booster.set_params(estimator=FailsLater(), n_estimators=60)
    with pytest.raises(RuntimeError, match="out of luck") as caught:
        booster.fit(X, y)
    assert caught.value.__notes__ == [
        "Round 37 of 60 failed: FailsLater(). Nothing was kept of this fit."
    ]
    booster.set_params(estimator=None)
    assert_array_equal(booster.predict(X), before)
    booster.set_params(estimator=FailsLater(np.full(100, np.nan)))
    with pytest.raises(ValueError, match=r"Round 1 of 60: [\s\S]* are not finite"):
        booster.fit(X, y)


def test_a_monitor_sees_rounds_and_may_stop_them():
    X, y = data()
    seen = []

    def monitor(number, booster, about):
        seen.append(about["raw_predictions"].copy())
        return number == 4

    booster = GradientBoostingRegressor(n_estimators=30).fit(X, y, monitor=monitor)
    assert booster.n_estimators_ == len(seen) == 5
    stages = np.array(list(booster.staged_predict(X)))
    assert_allclose(np.array(seen)[:, :, 0], stages)


def test_rounds_are_told_of_as_scikit_learn_does(capsys):
    X, y = data(60)
    for subsample in 1.0, 0.5:
        for verbose in 1, 2:
            ours = GradientBoostingRegressor(
                verbose=verbose, subsample=subsample, n_estimators=25, random_state=0
            )
            printed = []
            for booster in ours, theirs(ours):
                booster.fit(X, y)
                lines = capsys.readouterr().out.splitlines()
                printed.append([line[:27] for line in lines[:3]] + [len(lines)])
            assert printed[0][:2] == printed[1][:2]
            assert printed[0][-1] == printed[1][-1]
    GradientBoostingRegressor(n_estimators=2).fit(X, y)
    assert not capsys.readouterr().out


WRONG = [
    ({"loss": "mse"}, "'absolute_error', .* Or pass a Loss object"),
    ({"learning_rate": -0.1}, "learning_rate"),
    ({"n_estimators": 0}, "n_estimators"),
    ({"subsample": 0.0}, "subsample"),
    ({"subsample": 2}, "subsample"),
    ({"dropout": 1.0}, r"in the range \[0.0, 1.0\)"),
    ({"update": "hessian"}, "'gradient', 'hybrid', 'newton'"),
    ({"line_search": "brent"}, "'auto', 'global', 'leaf'"),
    ({"resample": 1}, "a bool or a scheme"),
    ({"warm_start": 1}, "warm_start"),
    ({"verbose": -1}, "verbose"),
    ({"tol": -1.0}, "tol"),
    ({"n_iter_no_change": 0}, "n_iter_no_change"),
    ({"validation_fraction": 1.0}, "validation_fraction"),
    ({"early_stopping": True}, "a share or a number of the rows, a pair"),
    ({"early_stopping": 1.5}, "early_stopping"),
    ({"early_stopping": "auto"}, "early_stopping"),
    ({"criterion": "mse"}, "criterion"),
    ({"estimator": 3}, "must be an object implementing 'fit' and 'predict' or None"),
    ({"init": 3}, "a str among {'zero'}, None or an object implementing 'fit' and 'pr"),
    ({"init": "one"}, "init"),
    ({"max_depth": 0}, "max_depth"),
    ({"min_samples_leaf": 0}, "min_samples_leaf"),
    ({"alpha": 1.0}, "alpha"),
    ({"estimator": Ridge(), "max_depth": 5}, "'max_depth' parameter .* 3 where there"),
    ({"estimator": Ridge(), "min_samples_leaf": 5}, "set it in the estimator"),
    ({"n_jobs": 1.5}, "n_jobs"),
    ({"estimator": GaussianNB()}, "must be a regressor"),
    ({"subsample": 0.5, "resample": MovingBlockBootstrap()}, "Both draw rows"),
]


@pytest.mark.parametrize(("options", "message"), WRONG, ids=str)
def test_parameters_that_are_wrong_whatever_the_data_are(options, message):
    X, y = data(30)
    booster = GradientBoostingRegressor(**options)
    with pytest.raises((InvalidParameterError, ValueError), match=message):
        booster.fit(X, y)
    with pytest.raises(NotFittedError):
        booster.predict(X)


def test_data_and_parameters_that_contradict_one_another():
    X, y = data(60)
    cases = [
        ({"loss": "poisson"}, -y, "loss='poisson' requires non-negative y"),
        ({"loss": "gamma"}, y * (y > 9), "loss='gamma' requires strictly positive y"),
        ({"estimator": Ridge(), "line_search": "leaf"}, y, "is none whose leaves can"),
        ({}, np.column_stack([y, y]), r"1d array, got .* \(60, 2\)"),
        ({}, y[1:], "inconsistent numbers of samples"),
        ({}, np.where(y > 9, np.nan, y), "Input y contains NaN"),
        ({}, None, "requires y to be passed"),
    ]
    for options, target, message in cases:
        booster = GradientBoostingRegressor(**options)
        with pytest.raises(ValueError, match=message):
            booster.fit(X, target)
        assert not hasattr(booster, "estimators_")
    labels = np.where(y > 14, "a", "b")
    booster = GradientBoostingClassifier(early_stopping=(X, np.full(60, "c")))
    with pytest.raises(
        ValueError, match=r"not fitted to: \['c'\]. Known are \['a', 'b'"
    ):
        booster.fit(X, labels)
    with pytest.raises(ValueError, match="minimum of 2 classes are required"):
        GradientBoostingClassifier().fit(X, np.full(60, "a"))
    with pytest.raises(ValueError, match="minimum of 2 classes are required"):
        GradientBoostingClassifier().fit(X, labels, (labels == "a") * 1.0)
    rare = np.where(np.arange(60) == 7, "z", labels)
    with pytest.raises(ValueError, match="is missing some classes"):
        GradientBoostingClassifier(early_stopping=LastRows(range(5, 20))).fit(X, rare)
    most = np.where(np.arange(10) < 2, "a", "b")
    with pytest.raises(ValueError, match="is missing some classes"):
        GradientBoostingClassifier(early_stopping=0.8, random_state=0).fit(X[:10], most)


@pytest.mark.parametrize("kind", CLASSES)
def test_a_fit_that_fails_leaves_columns_as_they_were(kind):
    X, y = classes() if kind is GradientBoostingClassifier else data()
    booster = kind(n_estimators=2).fit(pd.DataFrame(X).add_prefix("x"), y)
    before = booster.predict(pd.DataFrame(X).add_prefix("x"))
    bad = np.full(len(y), "a") if kind is GradientBoostingClassifier else y * np.nan
    with pytest.raises(ValueError, match=r"y contains 1 class|NaN"):
        booster.fit(X[:, :3], bad)
    booster.set_params(estimator=FailsLater(np.ones((3, 2))))
    with pytest.raises(ValueError, match=r"predicts an array of shape \(6,\) for"):
        booster.fit(X[:, :3], y)
    assert booster.n_features_in_ == 10
    after = booster.predict(pd.DataFrame(X).add_prefix("x"))
    assert_array_equal(after, before)


def test_rounds_are_added_for_the_same_columns_alone():
    X, y = data()
    booster = GradientBoostingRegressor(n_estimators=3, warm_start=True).fit(X, y)
    booster.set_params(n_estimators=5)
    for other in X[:, :2], np.column_stack([X, X]):
        with pytest.raises(ValueError, match="is expecting 10 features as input"):
            booster.fit(other, y)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        booster.fit(X, y[1:])
    assert booster.fit(X, y).n_estimators_ == 5


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_rows_set_aside_are_judged_by_what_is_predicted_for_them(dropout, monkeypatch):
    X, y = data(300)
    seen = []
    stops = Validation.stops

    def noted(self, plan, number, progress):
        answer = stops(self, plan, number, progress)
        raw = self.raw(progress.rates) if plan.dropout else self._start
        seen.append(raw[:, 0].copy())
        return answer

    monkeypatch.setattr(Validation, "stops", noted)
    booster = GradientBoostingRegressor(
        dropout=dropout,
        learning_rate=0.5,
        early_stopping=(X[200:], y[200:]),
        n_estimators=8,
        n_iter_no_change=100,
        warm_start=True,
        random_state=0,
    ).fit(X[:200], y[:200])
    assert_allclose(seen[-1], booster.predict(X[200:]))
    booster.set_params(n_estimators=14).fit(X[:200], y[:200])
    assert len(seen) == 14
    assert_allclose(seen[-1], booster.predict(X[200:]))


@pytest.mark.parametrize("bad", [np.inf, 1e300])
def test_infinite_values_are_refused(bad):
    X, y = data(60)
    booster = GradientBoostingRegressor(n_estimators=3).fit(X, y)
    X[3, 2] = bad
    with pytest.raises(ValueError, match="infinity"):
        booster.predict(X)
    with pytest.raises(ValueError, match="infinity"):
        clone(booster).fit(X, y)


def test_weights_count_in_newton_lengths_of_all_answers():
    X, y = classes(n_classes=2)
    is_one = (y == "birch") * 1.0
    weights = np.random.default_rng(0).uniform(0.5, 2.0, len(y))
    booster = GradientBoostingClassifier(
        estimator=Ridge(), update="hybrid", n_estimators=1, learning_rate=1.0
    ).fit(X, y, weights)
    share = np.average(is_one, weights=weights)
    answer = Ridge().fit(X, is_one - share, sample_weight=weights).predict(X)
    slope = (weights * (is_one - share)) @ answer
    length = slope / (share * (1 - share) * (weights @ answer**2))
    raw = logit(share) + length * answer
    assert_allclose(booster.decision_function(X), raw, rtol=1e-9)


def test_importances_are_of_the_columns_that_learners_saw():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 6))
    y = X[:, 4] + 0.01 * rng.normal(size=300)
    booster = GradientBoostingRegressor(
        estimator=DecisionTreeRegressor(max_depth=2), max_features=2, random_state=0
    ).fit(X, y)
    assert booster.feature_importances_.argmax() == 4
    assert booster.feature_importances_[4] > 0.8


class LogCosh(Loss):
    """A loss of a user, with next to no hessian far off."""

    def value(self, y, raw):
        return np.logaddexp(raw - y, y - raw) - np.log(2.0)

    def gradient_hessian(self, y, raw, gradient, hessian):
        gradient[:] = np.tanh(raw - y)
        hessian[:] = 1.0 - gradient**2

    def initial_value(self, y, sample_weight):
        return np.median(y)


@pytest.mark.parametrize("update", ["gradient", "newton", "hybrid"])
@pytest.mark.parametrize("loss", [LogCosh(), "gamma"], ids=["own", "gamma"])
def test_newton_steps_that_would_go_too_far_do_not(update, loss):
    X, y = data()
    y = np.exp(y / 4) if loss == "gamma" else y
    for learner in None, Ridge():
        booster = GradientBoostingRegressor(
            estimator=learner, loss=loss, update=update, n_estimators=40, random_state=0
        ).fit(X, y)
        scores = booster.train_score_
        assert (np.diff(scores) <= 1e-9).all()
        assert scores[-1] < 0.9 * scores[0]


def test_raw_predictions_beyond_what_a_loss_can_be_computed_for():
    X, y = data()
    booster = GradientBoostingRegressor(
        loss="poisson", line_search=None, learning_rate=1e200, n_estimators=9
    )
    with pytest.raises(ValueError, match=r"of 9: [\s\S]* not finite"):
        booster.fit(X, np.exp(np.abs(y)))


@pytest.mark.parametrize("value", ["foo", -1, 0, 0.0, 2.5, True])
def test_columns_of_learners_that_cannot_be(value):
    X, y = data(30)
    booster = GradientBoostingRegressor(estimator=Ridge(), max_features=value)
    if value is True:
        return
    with pytest.raises(ValueError, match="max_features"):
        booster.fit(X, y)


def test_a_class_without_weight_has_no_probability():
    X, y = classes()
    weights = (y != "birch") * 1.0
    for init in None, LogisticRegression(max_iter=1000):
        booster = GradientBoostingClassifier(init=init, n_estimators=4)
        shares = booster.fit(X, y, weights).predict_proba(X)
        assert shares.shape == (len(y), 3)
        assert shares[:, 1].max() < 1e-6


def test_the_global_generator_is_left_alone_and_a_start_is_seeded():
    X, y = data()
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    forest = sklearn.ensemble.RandomForestRegressor(3)
    for init in None, forest:
        booster = GradientBoostingRegressor(init=init, n_estimators=2, random_state=0)
        first = booster.fit(X, y).predict(X)
        assert_array_equal(clone(booster).fit(X, y).predict(X), first)
    assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    assert forest.random_state is None


def test_trees_of_ones_own_are_asked_as_they_wish():
    X, y = data()
    X = X.astype(np.float32)
    booster = GradientBoostingRegressor(estimator=Clipped(), n_estimators=5).fit(X, y)
    steps = booster.predict_members(X)
    assert np.abs(steps).max() <= 0.1 * 0.1 + 1e-12
    as_doubles = booster.predict(X.astype(np.float64))
    assert_allclose(booster.predict(X), as_doubles)


class Clipped(DecisionTreeRegressor):
    """A tree that predicts small values alone."""

    def predict(self, X, check_input=True):
        return super().predict(X, check_input).clip(-0.1, 0.1)


def test_losses_of_rows_left_out_stand_where_their_rounds_do():
    X, y = data()
    booster = GradientBoostingRegressor(
        n_estimators=3, subsample=0.5, warm_start=True, random_state=0
    ).fit(X, y)
    first = booster.oob_scores_
    booster.set_params(n_estimators=5, subsample=1.0).fit(X, y)
    assert_array_equal(booster.oob_scores_, [*first, 0.0, 0.0])
    booster.set_params(n_estimators=6, subsample=0.5).fit(X, y)
    assert booster.oob_scores_[-1] > 0.0
    assert booster.oob_scores_.shape == booster.oob_improvement_.shape == (6,)


class LastRows:
    """A splitter of one split."""

    def __init__(self, test):
        self.test = list(test)

    def split(self, X, y=None, groups=None):
        train = np.setdiff1d(np.arange(len(X)), self.test)
        yield train, np.array(self.test)


def test_labels_never_seen_are_refused_when_rounds_are_added():
    X, y = classes()
    booster = GradientBoostingClassifier(n_estimators=2, warm_start=True).fit(X, y)
    before = booster.predict_proba(X)
    booster.set_params(n_estimators=4)
    with pytest.raises(ValueError, match=r"not fitted to: \['oak'\]"):
        booster.fit(X, np.where(np.arange(len(y)) == 3, "oak", y))
    assert_array_equal(booster.predict_proba(X), before)


def test_learners_without_importances_or_leaves_have_none_together():
    X, y = data(60)
    booster = GradientBoostingRegressor(estimator=DummyRegressor(), n_estimators=2)
    booster.fit(X, y)
    with pytest.raises(AttributeError):
        _ = booster.feature_importances_
    with pytest.raises(AttributeError):
        booster.apply(X)


def test_the_default_s_parameters_are_those_of_scikit_learn():
    for kind in CLASSES:
        ours, expected = kind().get_params(), theirs(kind()).get_params()
        assert {name: ours[name] for name in expected} == expected
        assert list(ours)[: len(expected) - 1]


def test_iris_is_learned_by_curves():
    X, y = load_iris(return_X_y=True)
    curves = make_pipeline(PolynomialFeatures(2), Ridge(0.1))
    booster = GradientBoostingClassifier(estimator=curves, n_estimators=30)
    names = SimpleNamespace(seen=set(booster.fit(X, y).classes_))
    assert names.seen == {0, 1, 2}
    assert booster.score(X, y) > 0.97


@pytest.mark.parametrize("kind", ["values", "classes"])
def test_rows_out_of_bag_tell_when_to_stop(kind):
    """By sums of what rounds have brought to rows that they did not see."""
    if kind == "values":
        X, y = make_friedman1(300, noise=3.0, random_state=0)
        booster = GradientBoostingRegressor(max_depth=4)
    else:
        X, y = make_classification(300, flip_y=0.3, random_state=0)
        booster = GradientBoostingClassifier(max_depth=4)
    booster.set_params(n_estimators=300, subsample=0.5, random_state=0)
    whole = clone(booster).fit(X, y)
    booster.set_params(early_stopping="oob", n_iter_no_change=8, tol=0.1).fit(X, y)
    gains = np.cumsum([0.0, *whole.oob_improvement_])
    rounds = booster.n_estimators_
    assert 8 <= rounds < 300
    assert_array_equal(booster.oob_improvement_, whole.oob_improvement_[:rounds])
    stops = [
        gains[n - 7 : n + 1].max() <= gains[: n - 7].max() + 0.1
        for n in range(8, rounds + 1)
    ]
    assert stops == [False] * (rounds - 8) + [True]
    went_on = clone(booster).set_params(n_estimators=10, warm_start=True).fit(X, y)
    went_on.set_params(n_estimators=300).fit(X, y)
    assert went_on.n_estimators_ == rounds


def test_rows_out_of_bag_are_needed_to_tell():
    X, y = make_friedman1(60, random_state=0)
    booster = GradientBoostingRegressor(early_stopping="oob")
    with pytest.raises(InvalidParameterError, match=r"'subsample' .* leave none out"):
        booster.fit(X, y)
    with pytest.raises(InvalidParameterError, match=r"'early_stopping' .* 'oob'"):
        booster.set_params(early_stopping="bag").fit(X, y)


def test_a_warm_start_that_fails_leaves_the_generator():
    """What follows is what would have followed."""
    X, y = make_friedman1(100, random_state=0)
    options = {"subsample": 0.5, "random_state": 0, "warm_start": True}
    one, other = (
        GradientBoostingRegressor(n_estimators=5, **options).fit(X, y) for _ in range(2)
    )

    def fails(number, *_):
        if number == 8:
            raise RuntimeError("enough")

    one.set_params(n_estimators=12)
    with pytest.raises(RuntimeError, match="enough"):
        one.fit(X, y, monitor=fails)
    assert one.n_estimators_ == 5
    one.fit(X, y)
    other.set_params(n_estimators=12).fit(X, y)
    assert_array_equal(one.predict(X), other.predict(X))


def test_rounds_under_dropout_are_not_taken_apart():
    X, y = make_friedman1(100, random_state=0)
    booster = GradientBoostingRegressor(n_estimators=5, dropout=0.3).fit(X, y)
    with pytest.raises(ValueError, match="Fit anew with n_estimators=3"):
        booster.set_n_rounds(3)


@pytest.mark.parametrize("unit", [2.0**-40, 1.0, 2.0**30])
def test_searches_along_answers_have_no_unit(unit):
    """Of signs, whatever the unit of targets is."""
    X, y = make_friedman1(200, random_state=0)
    booster = GradientBoostingRegressor(
        estimator=Ridge(), loss="absolute_error", line_search="global", n_estimators=60
    ).fit(X, y * unit)
    one = GradientBoostingRegressor(
        estimator=Ridge(), loss="absolute_error", line_search="global", n_estimators=60
    ).fit(X, y)
    assert_allclose(booster.predict(X) / unit, one.predict(X), rtol=0.02)
