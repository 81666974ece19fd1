"""AdaBoost that stops by rows set aside, and moves to fewer rounds and back."""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_iris, make_friedman1, make_hastie_10_2
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, make_scorer, mean_squared_error
from sklearn.model_selection import GroupKFold
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import SplineTransformer
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ensembles import RollingOrigin
from ensembles.boosting import AdaBoostClassifier, AdaBoostRegressor, BoostingCV
from ensembles.boosting._medians import RunningMedian, weighted_median
from ensembles.resampling import GroupBootstrap
from ensembles.trees import Binner, HistTreeClassifier


def two_classes(n=300, seed=0, flip=0.15):
    X, y = make_hastie_10_2(n, random_state=seed)
    wrong = np.random.default_rng(seed).random(n) < flip
    return X[:, :4], np.where((y > 0) ^ wrong, "yes", "no")


def three_classes():
    X, y = load_iris(return_X_y=True)
    order = np.random.default_rng(1).permutation(len(y))
    y = np.where(np.random.default_rng(2).random(len(y)) < 0.1, (y + 1) % 3, y)
    return X[order], np.array(["a", "b", "c"])[y[order]]


def values(n=200):
    return make_friedman1(n, noise=2.0, random_state=0)


ENTROPY = DecisionTreeClassifier(criterion="entropy", max_depth=2)
BY_LEAVES = DecisionTreeRegressor(max_depth=2, min_samples_leaf=5)
CLASSIFIERS = {
    "stumps": {},
    "deeper trees": {"estimator": HistTreeClassifier(max_depth=3)},
    "cuts of all values": {"max_bins": None},
    "trees of another kind": {"estimator": ENTROPY},
    "trees grown from codes": {"estimator": HistTreeClassifier(max_leaf_nodes=4)},
    "naive Bayes": {"estimator": GaussianNB()},
    "drawn rows": {"estimator": KNeighborsClassifier(5), "resample": True},
    "real stumps": {"algorithm": "real"},
    "gentle trees": {
        "algorithm": "gentle",
        "estimator": HistTreeClassifier(max_depth=2),
    },
    "gentle naive Bayes": {"algorithm": "gentle", "estimator": GaussianNB()},
    "logit stumps": {"algorithm": "logit"},
    "logit trees": {"algorithm": "logit", "estimator": BY_LEAVES},
}
REGRESSORS = {
    "medians": {},
    "means": {"aggregate": "mean"},
    "weights": {"resample": False},
    "relative errors": {"algorithm": "rt"},
}
with_each_classifier = pytest.mark.parametrize("name", CLASSIFIERS)
with_each_regressor = pytest.mark.parametrize("name", REGRESSORS)
with_classes = pytest.mark.parametrize("data", [two_classes, three_classes])


def classifier(name, n_estimators=12, **options):
    options = {**CLASSIFIERS[name], "random_state": 3, **options}
    return AdaBoostClassifier(n_estimators=n_estimators, **options)


def regressor(name, n_estimators=12, **options):
    options = {**REGRESSORS[name], "random_state": 3, **options}
    return AdaBoostRegressor(n_estimators=n_estimators, **options)


def halves(X, y):
    n = len(y) // 2
    return X[:n], y[:n], X[n:], y[n:]


class LastRows:
    """The last rows tell when to stop."""

    def __init__(self, n_rows):
        self.n_rows = n_rows

    def split(self, X, y=None):
        rows = np.arange(len(y))
        yield rows[:5], rows[5:]
        yield rows[: -self.n_rows], rows[-self.n_rows :]


ASKED = ("predict", "predict_proba", "decision_function", "predict_members")
STAGED = ("staged_predict", "staged_predict_proba", "staged_decision_function")


def assert_same_classifier(one, other, X):
    for name in ASKED:
        assert_array_equal(getattr(one, name)(X), getattr(other, name)(X))
    for name in STAGED:
        stages = list(getattr(one, name)(X)), list(getattr(other, name)(X))
        assert len(stages[0]) == one.n_estimators_
        assert_array_equal(*stages)
    assert_same_rounds(one, other)


def assert_same_rounds(one, other):
    n = other.n_estimators_
    assert one.n_estimators_ == len(one.estimators_) == n
    for name, rest in ("estimator_weights_", 0.0), ("estimator_errors_", 1.0):
        assert_array_equal(getattr(one, name)[:n], getattr(other, name)[:n])
        assert (getattr(one, name)[n:] == rest).all()
    if hasattr(other, "feature_importances_"):
        assert_array_equal(one.feature_importances_, other.feature_importances_)


@with_classes
@with_each_classifier
def test_fewer_rounds_are_those_of_a_fit_of_fewer(name, data):
    X, y = data()
    whole = classifier(name).fit(X, y)
    moved = pickle.loads(pickle.dumps(whole))
    for n_rounds in 3, 1, whole.n_estimators_:
        fewer = classifier(name, n_rounds).fit(X, y)
        assert moved.set_n_rounds(n_rounds) is moved
        assert len(moved.estimator_weights_) == 12
        assert_same_classifier(moved, fewer, X)
        assert_same_classifier(pickle.loads(pickle.dumps(moved)), fewer, X)


@with_each_regressor
def test_fewer_members_are_those_of_a_fit_of_fewer(name):
    X, y = values()
    moved = regressor(name).fit(X, y)
    for n_rounds in 4, 1, 12:
        fewer = regressor(name, n_rounds).fit(X, y)
        moved = pickle.loads(pickle.dumps(moved.set_n_rounds(n_rounds)))
        assert_array_equal(moved.predict(X), fewer.predict(X))
        assert_array_equal(list(moved.staged_predict(X)), list(fewer.staged_predict(X)))
        assert_same_rounds(moved, fewer)


def test_rounds_that_cannot_be_moved_to():
    X, y = two_classes()
    for booster in (
        AdaBoostClassifier(n_estimators=3, random_state=0),
        AdaBoostRegressor(n_estimators=3, random_state=1),
    ):
        with pytest.raises(Exception, match="not fitted"):
            booster.set_n_rounds(2)
        booster.fit(X, y == "yes")
        assert booster.set_params(n_estimators=2).set_n_rounds(3).n_estimators_ == 3
        assert len(booster.estimator_weights_) == len(booster.predict_members(X)) == 3
        booster.set_params(n_estimators=3)
        with pytest.raises(
            ValueError,
            match=r"n_rounds=5 are more than the 3 .*call fit with n_estimators=5\.",
        ):
            booster.set_n_rounds(5)
        with pytest.raises(ValueError, match=r"'n_rounds' .* in the range \[1, inf\)"):
            booster.set_n_rounds(0)
        assert booster.n_estimators_ == 3


@with_classes
@with_each_classifier
def test_scores_are_losses_of_stages_of_a_fit_to_the_other_rows(name, data):
    X, y, X_val, y_val = halves(*data())
    plain = classifier(name).fit(X, y)
    booster = classifier(name, early_stopping=(X_val, y_val)).fit(X, y)
    scores = booster.validation_score_
    assert_allclose(scores, [-loss for loss in plain.staged_loss(X_val, y_val)])
    losses = [
        log_loss(y_val, shares, labels=plain.classes_)
        for shares in plain.staged_predict_proba(X_val)
    ]
    assert_allclose(scores, np.negative(losses), rtol=1e-6)
    assert booster.n_estimators_ == scores.argmax() + 1
    assert_same_classifier(booster, plain.set_n_rounds(booster.n_estimators_), X_val)


@with_each_regressor
def test_scores_are_errors_of_stages_of_a_fit_to_the_other_rows(name):
    X, y, X_val, y_val = halves(*values())
    plain = regressor(name).fit(X, y)
    booster = regressor(name, early_stopping=(X_val, y_val)).fit(X, y)
    scores = booster.validation_score_
    power = 2.0 if name in ("means", "relative errors") else 1.0
    errors = [
        (np.abs(predicted - y_val) ** power).mean()
        for predicted in plain.staged_predict(X_val)
    ]
    assert_allclose(scores, np.negative(errors))
    assert_allclose(list(plain.staged_loss(X_val, y_val)), errors)
    assert booster.n_estimators_ == scores.argmax() + 1
    plain.set_n_rounds(booster.n_estimators_)
    assert_array_equal(booster.predict(X_val), plain.predict(X_val))
    assert_same_rounds(booster, plain)


@pytest.mark.parametrize("name", ["stumps", "drawn rows", "logit trees", "medians"])
def test_boosting_ends_where_scores_have_stalled(name):
    of_values = name in REGRESSORS
    X, y, X_val, y_val = halves(*(values(400) if of_values else two_classes(400)))
    make = regressor if of_values else classifier
    options = {"early_stopping": (X_val, y_val), "n_iter_no_change": 3, "tol": 1e-3}
    booster = make(name, 100, **options).fit(X, y)
    scores = booster.validation_score_
    assert 4 <= len(scores) < 100
    stalled = [
        max(scores[end - 3 : end]) <= scores[end - 4] + 1e-3
        for end in range(4, len(scores) + 1)
    ]
    assert stalled == [False] * (len(stalled) - 1) + [True]
    # What came after the best round is kept, and can be gone back to.
    assert booster.n_estimators_ < len(scores)
    booster.set_n_rounds(len(scores))
    assert booster.n_estimators_ == len(scores)


SCORERS = {
    "accuracy": "staged_score",
    None: "staged_score",
    "neg_log_loss": "staged_loss",
}


@with_classes
@pytest.mark.parametrize(
    "name", ["stumps", "naive Bayes", "gentle trees", "logit trees"]
)
def test_scorers_are_asked_of_stages(name, data):
    X, y, X_val, y_val = halves(*data())
    for scoring, method in SCORERS.items():
        options = {"early_stopping": (X_val, y_val), "scoring": scoring}
        booster = classifier(name, **options).fit(X, y)
        plain = classifier(name).fit(X, y)
        stages = list(getattr(plain, method)(X_val, y_val))
        sign = -1.0 if method == "staged_loss" else 1.0
        assert_allclose(booster.validation_score_, sign * np.array(stages), rtol=1e-6)
        assert booster.n_estimators_ == np.argmax(sign * np.array(stages)) + 1


@pytest.mark.parametrize("name", ["stumps", "logit stumps"])
def test_scorers_of_decisions_and_of_the_user_s_own(name):
    X, y, X_val, y_val = halves(*two_classes())
    asked = []

    def own(booster, X, y):
        asked.append((X, y))
        return -((booster.decision_function(X) - (y == "yes")) ** 2).mean()

    plain = classifier(name).fit(X, y)
    decisions = list(plain.staged_decision_function(X_val))
    frame = pd.DataFrame(X_val)
    booster = classifier(name, early_stopping=(frame, y_val), scoring=own).fit(X, y)
    expected = [-((one - (y_val == "yes")) ** 2).mean() for one in decisions]
    assert_allclose(booster.validation_score_, expected)
    assert asked[0][0] is frame
    assert asked[0][1].tolist() == y_val.tolist()
    options = {"early_stopping": (X_val, y_val), "scoring": "roc_auc"}
    ranked = classifier(name, **options).fit(X, y).validation_score_
    order = [pd.Series(one).rank().to_numpy() for one in decisions]
    n, n_yes = len(y_val), (y_val == "yes").sum()
    least = n_yes * (n_yes + 1) / 2
    areas = [
        (own[y_val == "yes"].sum() - least) / (n_yes * (n - n_yes)) for own in order
    ]
    assert_allclose(ranked, areas)


def test_scorers_are_told_weights_if_they_take_some():
    X, y = two_classes(200)
    weights = np.random.default_rng(0).uniform(0.1, 5.0, 200)
    early = LastRows(60)
    plain = AdaBoostClassifier(n_estimators=9).fit(X[:-60], y[:-60], weights[:-60])
    rest = X[-60:], y[-60:]
    weighed = list(plain.staged_score(*rest, weights[-60:]))
    alike = list(plain.staged_score(*rest))
    for scoring, expected in {
        None: weighed,
        "accuracy": weighed,
        lambda booster, X, y: np.mean(booster.predict(X) == y): alike,
    }.items():
        booster = AdaBoostClassifier(
            n_estimators=9, early_stopping=early, scoring=scoring
        )
        scores = booster.fit(X, y, weights).validation_score_
        assert_allclose(scores, expected)


@pytest.mark.parametrize("kind", [AdaBoostClassifier, AdaBoostRegressor])
def test_scorers_may_not_ask_of_other_rows(kind):
    X, y = two_classes(200)
    asked = [
        lambda booster, X, y: booster.predict(X[::-1]).mean(),
        lambda booster, X, y: booster.predict(X[:10]).mean(),
    ]
    if kind is AdaBoostClassifier:
        asked.append(lambda booster, X, y: booster.predict_proba(X.copy()).mean())
        asked.append(lambda booster, X, y: booster.decision_function(X * 2.0).mean())
    for scoring in asked:
        booster = kind(early_stopping=0.3, scoring=scoring)
        with pytest.raises(ValueError, match="of the rows set aside alone"):
            booster.fit(X, y == "yes")


def test_scorers_of_values():
    X, y, X_val, y_val = halves(*values())
    plain = regressor("medians").fit(X, y)
    for scoring in None, "r2", make_scorer(mean_squared_error, greater_is_better=False):
        options = {"early_stopping": (X_val, y_val), "scoring": scoring}
        scores = regressor("medians", **options).fit(X, y).validation_score_
        if callable(scoring):
            stages = plain.staged_predict(X_val)
            expected = [-((one - y_val) ** 2).mean() for one in stages]
        else:
            expected = list(plain.staged_score(X_val, y_val))
        assert_allclose(scores, expected)


@pytest.mark.parametrize(
    "name", ["stumps", "drawn rows", "gentle naive Bayes", "weights"]
)
@pytest.mark.parametrize("is_weighed", [False, True], ids=["ones", "weights"])
def test_a_splitter_sets_the_rows_of_its_last_split_aside(name, is_weighed):
    of_values = name in REGRESSORS
    X, y = values() if of_values else two_classes(200)
    make = regressor if of_values else classifier
    weights = np.random.default_rng(5).integers(0, 4, len(y)) / 2.0
    weights = weights if is_weighed else np.ones(len(y))
    used = weights > 0.0
    told = make(name, early_stopping=LastRows(60)).fit(X, y, weights)
    train = np.flatnonzero(used)[:-60]
    aside = np.flatnonzero(used)[-60:]
    plain = make(name).fit(X[train], y[train], weights[train])
    losses = list(plain.staged_loss(X[aside], y[aside], weights[aside]))
    assert_allclose(told.validation_score_, np.negative(losses))
    plain.set_n_rounds(told.n_estimators_)
    assert_array_equal(told.predict(X), plain.predict(X))
    if not is_weighed:
        pair = X[-60:], y[-60:]
        by_pair = make(name, early_stopping=pair).fit(X[:-60], y[:-60])
        assert_array_equal(told.predict(X), by_pair.predict(X))


@pytest.mark.parametrize("early", [0.25, 50])
@pytest.mark.parametrize("name", ["stumps", "naive Bayes", "medians"])
def test_a_share_or_a_number_of_rows_is_drawn(name, early):
    of_values = name in REGRESSORS
    X, y = values() if of_values else two_classes(200)
    make = regressor if of_values else classifier
    seen = []

    def count(booster, X, y):
        seen.append((len(y), np.mean(y == "yes")))
        return -len(seen)

    options = {"early_stopping": early, "scoring": count}
    booster = make(name, **options).fit(X, y)
    assert seen[0][0] == 50
    assert booster.n_estimators_ == 1
    if not of_values:  # classes in proportion
        assert abs(seen[0][1] - np.mean(y == "yes")) < 0.011
    again = make(name, **options).fit(X, y)
    assert_array_equal(again.predict(X), booster.predict(X))
    others = [make(name, early_stopping=early, random_state=s) for s in range(3)]
    scores = {one.fit(X, y).validation_score_[0] for one in others}
    assert len(scores) == 3


def test_rows_in_time_and_groups():
    X, y = two_classes(200)
    splitter = RollingOrigin(3, test_size=40)
    train, aside = list(splitter.split(X))[-1]
    assert aside.tolist() == list(range(160, 200))
    booster = AdaBoostClassifier(early_stopping=splitter).fit(X, y)
    plain = AdaBoostClassifier().fit(X[train], y[train])
    expected = list(plain.staged_loss(X[aside], y[aside]))
    assert_allclose(booster.validation_score_, np.negative(expected))
    groups = np.random.default_rng(0).permutation(np.arange(200) % 17)
    splitter = GroupKFold(4)
    train, aside = list(splitter.split(X, y, groups))[-1]
    booster = AdaBoostClassifier(early_stopping=splitter).fit(X, y, groups=groups)
    plain = AdaBoostClassifier().fit(X[train], y[train])
    expected = list(plain.staged_loss(X[aside], y[aside]))
    assert_allclose(booster.validation_score_, np.negative(expected))
    # A scheme gets the groups of the rows that are left.
    target = (y == "yes") * 1.0
    scheme = {"resample": GroupBootstrap(), "random_state": 0}
    for kind in AdaBoostClassifier, AdaBoostRegressor:
        booster = kind(n_estimators=5, early_stopping=splitter, **scheme)
        booster.fit(X, target, groups=groups)
        plain = kind(n_estimators=5, **scheme)
        plain.fit(X[train], target[train], groups=groups[train])
        expected = list(plain.staged_loss(X[aside], target[aside]))
        assert_allclose(booster.validation_score_, np.negative(expected))
        for early in None, 0.2, LastRows(20):
            with pytest.raises(ValueError, match="keeps none whole"):
                kind(early_stopping=early).fit(X, target, groups=groups)


@pytest.mark.parametrize("name", ["stumps", "gentle trees", "trees grown from codes"])
def test_codes_do_for_rows_set_aside(name):
    X, y, X_val, y_val = halves(*two_classes())
    binner = Binner().fit(X)
    codes, codes_val = binner.bin(X), binner.bin(X_val)
    expected = classifier(name, early_stopping=(X_val, y_val)).fit(X, y)
    for rows in X_val, codes_val:
        booster = classifier(name, early_stopping=(rows, y_val)).fit(codes, y)
        assert_array_equal(booster.validation_score_, expected.validation_score_)
        assert_array_equal(booster.predict_proba(X), expected.predict_proba(X))
    shares = [
        classifier(name, early_stopping=early).fit(codes, y).validation_score_
        for early in (0.3, LastRows(30))
    ]
    assert all(len(scores) == 12 for scores in shares)
    other = Binner(max_bins=5).fit(X).bin(X_val)
    with pytest.raises(ValueError, match="made by another Binner"):
        classifier(name, early_stopping=(other, y_val)).fit(X, y)
    with pytest.raises(ValueError, match=r"X_val of early_stopping is a BinnedMatrix"):
        classifier("naive Bayes", early_stopping=(codes_val, y_val)).fit(X, y)


def test_missing_values_words_and_sparse_rows_are_set_aside_too():
    X, y = two_classes()
    frame = pd.DataFrame(X).add_prefix("x")
    frame["word"] = np.where(X[:, 0] > 0.0, "up", "down")
    frame.loc[::7, "x1"] = np.nan
    for early in 0.2, LastRows(50), (frame[:50], y[:50]):
        for algorithm in "samme", "logit":
            booster = AdaBoostClassifier(algorithm=algorithm, early_stopping=early)
            booster.fit(frame, y)
            assert len(booster.validation_score_) == 50
            assert list(booster.feature_names_in_) == list(frame)
    sparse = pytest.importorskip("scipy.sparse").coo_array(np.where(X > 1.0, X, 0.0))
    for kind, target in (AdaBoostClassifier, y), (AdaBoostRegressor, X[:, 1]):
        for early in 0.2, LastRows(50), (sparse, target):
            told = kind(early_stopping=early, random_state=0).fit(sparse, target)
            dense = sparse.toarray()
            pair = (dense, target) if isinstance(early, tuple) else early
            same = kind(early_stopping=pair, random_state=0).fit(dense, target)
            assert_allclose(told.validation_score_, same.validation_score_)


def test_a_perfect_member_ends_boosting_and_is_scored():
    X = np.arange(40.0)[:, None]
    y = np.where(X[:, 0] < 20, "a", "b")
    booster = AdaBoostClassifier(early_stopping=(X, y)).fit(X, y)
    assert booster.n_estimators_ == len(booster.validation_score_) == 1
    tree = DecisionTreeRegressor()
    booster = AdaBoostRegressor(tree, resample=False, early_stopping=(X, X[:, 0]))
    booster.fit(X, X[:, 0])
    assert booster.validation_score_.tolist() == [0.0]
    booster = AdaBoostClassifier(early_stopping=0.5).fit(X, np.full(40, "a"))
    assert booster.validation_score_.tolist() == [0.0]
    # The first member is no help, and is kept, as by scikit-learn.
    dummy = DummyRegressor(strategy="constant", constant=0.0)
    booster = AdaBoostRegressor(dummy, early_stopping=(X, X[:, 0])).fit(
        X, X[:, 0] + 9.0
    )
    assert booster.estimator_weights_[0] == 0.0
    assert booster.validation_score_.tolist() == [-19.5]


def test_fits_without_rows_set_aside_have_no_scores():
    X, y = two_classes()
    booster = AdaBoostClassifier(n_estimators=5, early_stopping=0.2).fit(X, y)
    assert len(booster.validation_score_) == 5
    assert (
        len(clone(booster).set_params(early_stopping=None).fit(X, y).estimators_) == 5
    )
    assert len(booster.set_params(early_stopping=None).fit(X, y).validation_score_) == 0


class FailsLater(ClassifierMixin, BaseEstimator):
    """Predicts what it was fitted to, and fails for other rows."""

    def fit(self, X, y, sample_weight=None):
        self.model_ = DecisionTreeClassifier(max_depth=1).fit(X, y, sample_weight)
        self.classes_, self.n_rows_ = self.model_.classes_, len(y)
        return self

    def predict(self, X):
        if len(X) != self.n_rows_:
            raise RuntimeError("no more")
        return self.model_.predict(X)


def test_a_fit_that_fails_leaves_the_last_one_as_it_was():
    X, y = two_classes()
    booster = AdaBoostClassifier(n_estimators=9, early_stopping=0.2).fit(X, y)
    before, n_rounds = booster.predict_proba(X), booster.n_estimators_
    for failing in {"estimator": FailsLater()}, {"scoring": lambda *_: np.nan}:
        other = clone(booster).set_params(**failing)
        with pytest.raises((RuntimeError, ValueError), match=r"no more|NaN after 1"):
            other.fit(X, y)
        assert not hasattr(other, "validation_score_")
        with pytest.raises((RuntimeError, ValueError), match=r"no more|NaN after 1"):
            booster.set_params(**failing).fit(X, y)
        booster.set_params(estimator=None, scoring="loss")
        assert_array_equal(booster.predict_proba(X), before)
        assert booster.n_estimators_ == n_rounds
        assert len(booster.validation_score_) == 9


WRONG = {
    "a bool": (
        {"early_stopping": True},
        "'early_stopping' .* None, a share or a number",
    ),
    "out of bag": ({"early_stopping": "oob"}, "'early_stopping'"),
    "a share of one": ({"early_stopping": 1.0}, "'early_stopping'"),
    "three": ({"early_stopping": ([[1.0]], [1], [1])}, "'early_stopping'"),
    "a scorer": ({"scoring": 3}, "'scoring' .* 'loss', a scorer's name, a callable or"),
    "a scorer of no name": ({"scoring": "lost"}, "'scoring' .* Got 'lost'"),
    "numbers": ({"early_stopping": [0.1, 0.2]}, "'early_stopping'"),
    "a class": ({"early_stopping": GroupKFold}, "'early_stopping'"),
    "patience": ({"n_iter_no_change": 0}, r"'n_iter_no_change' .* \[1, inf\)"),
    "a gain": ({"tol": -1.0}, r"'tol' .* \[0\.0, inf\)"),
    "a gain of words": ({"tol": "0"}, r"'tol' .* \[0\.0, inf\)"),
}


@pytest.mark.parametrize("name", WRONG)
def test_parameters_that_are_wrong_whatever_the_data_are(name):
    options, message = WRONG[name]
    for kind in AdaBoostClassifier, AdaBoostRegressor:
        with pytest.raises(ValueError, match=message):
            kind(**options).fit([[0.0], [1.0]], [0, 1])


def test_rows_set_aside_that_contradict_the_others():
    X, y = two_classes(60)
    target = (y == "yes") * 1.0
    cases = [
        ((X[:, :2], y), "X has 2 features, but AdaBoostClassifier is expecting 4"),
        ((X, y[:9]), "inconsistent numbers of samples"),
        ((X, np.full(60, "maybe")), r"not fitted to: \['maybe'\]. Known are \['no'"),
        ((X[:0], y[:0]), r"0 sample"),
        (LastRows(60), "leaves no row to learn from"),
        (100, "test_size=100 should be"),
    ]
    for early, message in cases:
        booster = AdaBoostClassifier(early_stopping=early)
        with pytest.raises(ValueError, match=message):
            booster.fit(X, y)
        assert not hasattr(booster, "classes_")
        if "maybe" not in message:
            is_pair = isinstance(early, tuple)
            told = (early[0], target[: len(early[1])]) if is_pair else early
            own = message.replace("Classifier", "Regressor")
            with pytest.raises(ValueError, match=own):
                AdaBoostRegressor(early_stopping=told).fit(X, target)
    with pytest.raises(ValueError, match="test_size") as caught:
        AdaBoostClassifier(early_stopping=1).fit(X, y)
    (note,) = caught.value.__notes__
    assert "the rows that early stopping sets aside: 1 of 60" in note
    rare = np.where(np.arange(60) == 59, "maybe", y)
    with pytest.raises(ValueError, match="is missing some classes"):
        AdaBoostClassifier(early_stopping=LastRows(20)).fit(X, rare)
    with pytest.raises(ValueError, match=r"not fitted to: \['maybe'\]"):
        list(AdaBoostClassifier().fit(X, y).staged_loss(X, rare))
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        list(AdaBoostClassifier().fit(X, y).staged_loss(X, y[:5]))


@pytest.mark.parametrize("n_jobs", [2, None])
def test_workers_make_no_difference(n_jobs):
    X, y = three_classes()
    options = {"algorithm": "gentle", "early_stopping": 0.3, "random_state": 0}
    one = AdaBoostClassifier(n_jobs=1, **options).fit(X, y)
    other = AdaBoostClassifier(n_jobs=n_jobs, **options).fit(X, y)
    assert_array_equal(one.validation_score_, other.validation_score_)
    assert_same_classifier(one, other, X)


def test_folds_choose_the_number_of_rounds_by_the_loss():
    X, y = two_classes()
    for booster in (
        AdaBoostClassifier(n_estimators=30, algorithm="logit"),
        AdaBoostClassifier(LogisticRegression(), n_estimators=4, early_stopping=0.2),
        AdaBoostRegressor(n_estimators=8, random_state=0),
    ):
        target = y if isinstance(booster, AdaBoostClassifier) else X[:, 0] ** 2
        search = BoostingCV(booster, cv=3).fit(X, target)
        assert search.n_rounds_ == search.mean_scores_.argmax() + 1
        assert search.estimator_.n_estimators_ == search.n_rounds_
        assert len(search.estimator_.validation_score_) == 0


@pytest.mark.parametrize("is_whole", [True, False], ids=["ties", "distinct"])
def test_running_medians_are_those_of_all_members_so_far(is_whole, rng):
    predictions = rng.normal(size=(40, 30))
    predictions = np.rint(2.0 * predictions) if is_whole else predictions
    weights = rng.integers(1, 4, 40) * 0.5 if is_whole else rng.exponential(size=40)
    medians = RunningMedian()
    for number, (predicted, weight) in enumerate(
        zip(predictions, weights, strict=True), 1
    ):
        expected = weighted_median(predictions[:number], weights[:number])
        assert_array_equal(medians.add(predicted, weight), expected)


def test_probabilities_gain_from_stopping(rng):
    """Those of a sure booster of noisy rows are far off."""
    X, y = two_classes(2000, flip=0.25)
    X_test, y_test = two_classes(2000, seed=1, flip=0.25)
    curved = SplineTransformer().fit(X)
    X, X_test = curved.transform(X), curved.transform(X_test)
    losses = []
    for early in None, 0.2:
        booster = AdaBoostClassifier(
            HistTreeClassifier(max_depth=4),
            n_estimators=80,
            algorithm="gentle",
            early_stopping=early,
            random_state=0,
        ).fit(X, y)
        losses.append(list(booster.staged_loss(X_test, y_test))[-1])
    assert losses[1] < 0.8 * losses[0]
    assert losses[1] < np.log(2.0)
