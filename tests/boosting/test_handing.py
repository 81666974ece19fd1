"""How rows reach weak learners: weights, draws by weight, and draws of schemes."""

from typing import ClassVar

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.datasets import make_moons
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import SplineTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from ensembles import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    Bootstrap,
    GroupBootstrap,
    MovingBlockBootstrap,
)
from ensembles.boosting._handing import (
    Drawn,
    OfScheme,
    Weighed,
    handing_for,
    name_of_weights,
)
from ensembles.resampling._base import BoundScheme

LABELS, VALUES = Drawn(are_labels=True), Drawn(are_labels=False)
rng_of = np.random.default_rng


class Recorder(ClassifierMixin, BaseEstimator):
    """Keeps what it is fitted to."""

    def fit(self, X, y, sample_weight=None):
        self.X_, self.y_, self.weights_ = X, y, sample_weight
        return self


class OfResample:
    """What has a `resample` parameter."""

    def __init__(self, resample):
        self.resample = resample


def test_weights_go_by_the_name_that_fit_has_for_them():
    assert name_of_weights(Ridge()) == "sample_weight"
    assert name_of_weights(KNeighborsRegressor()) is None
    splines = make_pipeline(SplineTransformer(), Ridge())
    assert name_of_weights(splines) == "ridge__sample_weight"
    nested = make_pipeline(StandardScaler(), splines)
    assert name_of_weights(nested) == "pipeline__ridge__sample_weight"
    assert name_of_weights(make_pipeline(StandardScaler(), "passthrough")) is None
    assert name_of_weights(make_pipeline(KNeighborsRegressor())) is None
    with config_context(enable_metadata_routing=True):
        assert name_of_weights(splines) is None
        asked = Ridge().set_fit_request(sample_weight=True)
        assert name_of_weights(make_pipeline(StandardScaler(), asked))


def test_a_pipeline_is_boosted_by_the_weights_of_its_last_step():
    rng = rng_of(0)
    X = rng.uniform(-2, 2, (400, 2))
    y = np.abs(X[:, 0]) + np.abs(X[:, 1]) > 2 + 0.3 * rng.normal(size=400)
    alone = LogisticRegression()
    pipeline = make_pipeline(SplineTransformer(3, degree=1), alone)
    for algorithm in "samme", "real", "gentle":
        booster = AdaBoostClassifier(pipeline, algorithm=algorithm, n_estimators=5)
        assert booster.fit(X, y).score(X, y) > alone.fit(X, y).score(X, y) + 0.1


# A share of a draw of 1000 rows whose probability is 1 / 4 is off by more than five
# standard deviations, 0.07, in one of 1.7 million tests.


def test_rows_are_drawn_with_their_weights_as_probabilities():
    X, y = np.arange(1000.0)[:, None], np.arange(1000) % 2
    weights = np.where(np.arange(1000) < 500, 1.0, 3.0)
    weights[:10] = 0.0
    learner = Recorder()
    LABELS.fit(learner, X, y, weights, rng_of(0))
    assert learner.weights_ is None
    rows = learner.X_[:, 0].astype(int)
    assert len(rows) == 1000
    assert_array_equal(y[rows], learner.y_)
    assert rows.min() >= 10
    assert abs((rows < 500).mean() - 490 / 1990) < 0.07
    again = Recorder()
    LABELS.fit(again, X, y, weights, rng_of(0))
    assert_array_equal(again.X_, learner.X_)


def test_draws_have_a_row_of_each_class_and_do_not_wait_for_values():
    X, y = np.arange(40.0)[:, None], np.arange(40) == 7
    for seed in range(20):
        learner = Recorder()
        LABELS.fit(learner, X, y, np.ones(40), rng_of(seed))
        assert learner.y_.any()
        VALUES.fit(learner, X, y * 1.0, np.ones(40), rng_of(seed))
        assert len(learner.y_) == 40
    # Which cannot be where a class weighs next to nothing; it ends all the same.
    LABELS.fit(learner, X, y, np.where(y, 1e-300, 1.0), rng_of(0))
    assert not learner.y_.any()


def test_counts_of_a_scheme_multiply_weights():
    X, y = np.arange(30.0)[:, None], np.arange(30) % 3
    weights = np.linspace(1.0, 2.0, 30)
    groups = np.arange(30) // 5
    handing = handing_for(
        OfResample(GroupBootstrap()), Recorder(), 30, y, groups, are_labels=False
    )
    assert isinstance(handing, OfScheme)
    assert isinstance(handing.inner, Weighed)
    learner = Recorder()
    handing.fit(learner, X, y, weights, rng_of(0))
    rows = learner.X_[:, 0].astype(int)
    counts = learner.weights_ / weights[rows]
    assert_allclose(counts, counts.round(), atol=1e-12)
    assert_allclose(counts.sum(), 30)
    by_group = np.bincount(groups[rows], minlength=6)
    assert set(by_group) == {0, 5}
    handing = handing_for(
        OfResample(MovingBlockBootstrap(block_length=10)),
        KNeighborsClassifier(),
        30,
        y,
        are_labels=True,
    )
    assert isinstance(handing.inner, Drawn)


def test_learners_without_weights_are_told_of_draws():
    about = 5, np.arange(5)
    with pytest.raises(
        ValueError, match=r"doesn't support sample_weight. Pass resampl"
    ):
        handing_for(OfResample(False), KNeighborsClassifier(), *about, are_labels=False)
    drawn = handing_for(OfResample(True), Ridge(), *about, are_labels=False)
    assert drawn == VALUES


@pytest.mark.filterwarnings("ignore:.* rounds were no better than chance")
@pytest.mark.parametrize("algorithm", ["samme", "real", "gentle"])
@pytest.mark.parametrize("resample", [True, Bootstrap(max_samples=0.5, replace=False)])
def test_nearest_neighbours_are_boosted_and_seeds_give_the_same_bits(
    algorithm, resample
):
    rng = rng_of(0)
    X = rng.normal(size=(240, 4))
    y = np.digitize((X**2).sum(axis=1), [2.0, 4.0])
    member = KNeighborsClassifier(40)
    options = {"algorithm": algorithm, "n_estimators": 4, "random_state": 0}
    booster = AdaBoostClassifier(
        member, resample=resample, on_worse_than_chance="skip", **options
    )
    first = booster.fit(X, y).predict_proba(X)
    assert len(booster) > 1
    with parallel_config("threading"):
        two = booster.set_params(n_jobs=2).fit(X, y)
    assert_array_equal(two.predict_proba(X), first)
    other = booster.set_params(random_state=1).fit(X, y).predict_proba(X)
    assert not np.array_equal(other, first)


def test_whole_groups_stay_together_where_they_are_passed():
    rng = rng_of(0)
    groups = np.repeat(np.arange(40), 5)
    X = rng.normal(size=(200, 3))
    y = X[:, 0] + 0.1 * rng.normal(size=200)
    scheme = GroupBootstrap()
    for booster, target in (
        (
            AdaBoostClassifier(DecisionTreeClassifier(max_depth=1), resample=scheme),
            y > 0,
        ),
        (AdaBoostRegressor(resample=scheme), y),
    ):
        booster.set_params(n_estimators=4, random_state=0)
        weights = np.ones(200)
        weights[:3] = 0.0
        booster.fit(X, target, weights, groups=groups)
        assert booster.score(X, target) > 0.6
        with pytest.raises(ValueError, match="groups"):
            booster.fit(X, target)


@pytest.mark.parametrize("algorithm", ["samme", "real", "gentle"])
@pytest.mark.parametrize("resample", [True, GroupBootstrap(), Bootstrap(stratify="y")])
def test_draws_have_each_class_whatever_labels_are(algorithm, resample):
    rng = rng_of(0)
    X = rng.normal(size=(60, 3))
    y = np.repeat([0.0, 1.0, 2.0], [20, 36, 4])
    groups = np.repeat(np.arange(15), 4)
    member = LogisticRegression()
    booster = AdaBoostClassifier(
        member, algorithm=algorithm, resample=resample, n_estimators=6, random_state=1
    )
    passed = {"groups": groups} if isinstance(resample, GroupBootstrap) else {}
    shares = booster.fit(X, y, **passed).predict_proba(X)
    names = np.array(["ash", "birch", "cedar"])[y.astype(int)]
    assert_array_equal(booster.fit(X, names, **passed).predict_proba(X), shares)
    if algorithm == "samme":
        assert all(len(one.classes_) == 3 for one in booster)


@pytest.mark.parametrize("algorithm", ["samme", "real", "gentle"])
@pytest.mark.parametrize("resample", [True, Bootstrap(max_samples=5), False])
def test_rows_without_weight_are_left_out(algorithm, resample):
    rng = rng_of(0)
    X = rng.normal(size=(120, 3))
    y = (X[:, 0] + rng.normal(size=120) > 0).astype(int)
    weights = np.where(np.arange(120) % 3, 0.0, 1.0)
    member = GaussianNB() if not resample else DecisionTreeClassifier(max_depth=2)
    booster = AdaBoostClassifier(
        member, algorithm=algorithm, resample=resample, n_estimators=5, random_state=0
    )
    weighted = booster.fit(X, y, weights).predict_proba(X)
    used = weights > 0.0
    assert_array_equal(booster.fit(X[used], y[used]).predict_proba(X), weighted)


def test_groups_that_nobody_would_look_at_are_refused():
    X, y = np.arange(20.0)[:, None], np.arange(20) % 2
    for booster in AdaBoostClassifier(), AdaBoostRegressor():
        with pytest.raises(ValueError, match=r"keeps none whole. Pass a scheme"):
            booster.fit(X, y, groups=np.arange(20) // 2)


def test_a_scheme_that_draws_no_row_with_a_weight_is_told_of():
    handing = OfScheme(NoRows(5), Weighed("sample_weight"), are_labels=False)
    with pytest.raises(ValueError, match="No row with a weight was in 100 draws"):
        handing.fit(
            Recorder(), np.eye(5), np.ones(5), np.ones(5), np.random.RandomState()
        )


class NoRows(BoundScheme):
    """Draws none."""

    def rows(self, seed):
        return np.empty(0, np.intp)


class Weighing(RegressorMixin, BaseEstimator):
    """Keeps the weights that it has seen."""

    totals: ClassVar = []

    def fit(self, X, y, sample_weight=None):
        self.totals.append(sample_weight.sum())
        self.ridge_ = Ridge().fit(X, y, sample_weight)
        return self

    def predict(self, X):
        return self.ridge_.predict(X)


@pytest.mark.parametrize("algorithm", ["gentle", "logit"])
def test_weights_of_rounds_add_up_to_what_rows_have_counted(algorithm):
    X, y = make_moons(100, noise=0.3, random_state=0)
    for weights, total in (None, 100.0), (np.full(100, 0.25), 25.0):
        Weighing.totals.clear()
        booster = AdaBoostClassifier(Weighing(), algorithm=algorithm, n_estimators=4)
        booster.fit(X, y, weights)
        assert_allclose(Weighing.totals, total)


class Ignorant(ClassifierMixin, BaseEstimator):
    """Takes weights and takes no notice of them."""

    def fit(self, X, y, sample_weight=None):
        self.tree_ = DecisionTreeClassifier(max_depth=1).fit(X, y)
        self.classes_ = self.tree_.classes_
        return self

    def predict(self, X):
        return self.tree_.predict(X)

    def predict_proba(self, X):
        return self.tree_.predict_proba(X)


@pytest.mark.parametrize("algorithm", ["samme", "real", "gentle"])
def test_learners_that_ignore_weights_are_found_out(algorithm):
    rng = rng_of(0)
    X = rng.normal(size=(200, 2))
    y = X.sum(axis=1) > 0
    booster = AdaBoostClassifier(Ignorant(), algorithm=algorithm, n_estimators=9)
    with pytest.warns(UserWarning, match="no notice of sample_weight, pass resample="):
        booster.fit(X, y)
    drawn = booster.set_params(resample=True, random_state=0).fit(X, y)
    assert len(drawn) == 9
    assert drawn.score(X, y) > 0.9
