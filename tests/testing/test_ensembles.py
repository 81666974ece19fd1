"""Ensembles with one fault each, which the check must name."""

from copy import copy

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.validation import check_is_fitted

from ensembles import (
    BaggingClassifier,
    BaggingRegressor,
    Bootstrap,
    VotingClassifier,
    VotingRegressor,
)
from ensembles.testing import check_ensemble, check_scheme


class NoMembers(BaseEstimator):
    def fit(self, X, y):
        return self

    def predict(self, X):
        check_is_fitted(self, "n_")
        return np.zeros(len(X))


class SaysNothingBeforeFit(BaggingRegressor):
    def predict(self, X):
        return super().predict(X) if hasattr(self, "estimators_") else np.zeros(len(X))


class WrongLength(BaggingRegressor):
    def __len__(self):
        return len(self.estimators_) + 1


class RowsFirst(BaggingRegressor):
    def predict_members(self, X):
        return super().predict_members(X)[:, :-1]


class OtherLabels(BaggingClassifier):
    def predict(self, X):
        said = super().predict(X)
        return np.searchsorted(self.classes_, said)


class LosesAClass(BaggingClassifier):
    def predict_members(self, X):
        return super().predict_members(X)[..., :-1]


class TurnsColumns(BaggingClassifier):
    def predict_proba(self, X):
        return super().predict_proba(X)[:, ::-1]


class DoublesProbabilities(BaggingClassifier):
    def predict_proba(self, X):
        return 2 * super().predict_proba(X)


class NeverTheSame(BaggingRegressor):
    count = 0

    def fit(self, X, y):
        NeverTheSame.count += 1
        self.random_state, given = NeverTheSame.count, self.random_state
        super().fit(X, y)
        self.random_state = given
        return self


class ReturnsACopy(BaggingRegressor):
    def fit(self, X, y):
        return copy(super().fit(X, y))


class CountsWorkers(BaggingRegressor):
    def predict_members(self, X):
        return super().predict_members(X) + (self.n_jobs or 0)


class KeepsAFunction(BaggingRegressor):
    def fit(self, X, y):
        self.rule_ = lambda x: x
        return super().fit(X, y)


class MovesTheGlobalState(BaggingRegressor):
    def fit(self, X, y):
        np.random.rand()  # noqa: NPY002 - the fault
        return super().fit(X, y)


class ChangesItself(BaggingRegressor):
    def fit(self, X, y):
        self.max_samples = 0.5
        return super().fit(X, y)


class FitsTheMember(BaggingRegressor):
    def fit(self, X, y):
        if self.estimator is not None:
            self.estimator.fit(X, y)
        return super().fit(X, y)


class FitsMembersOfAList(BaggingRegressor):
    def __init__(self, estimator=None, n_estimators=2, *, others=(), random_state=None):
        super().__init__(estimator, n_estimators, random_state=random_state)
        self.others = others

    def fit(self, X, y):
        for one in self.others:
            one.fit(X, y)
        return super().fit(X, y)


class ChangesX(BaggingRegressor):
    def fit(self, X, y):
        super().fit(X, y)
        X[0] = 0
        return self


class ChangesY(BaggingRegressor):
    def fit(self, X, y):
        super().fit(X, y)
        y[0] = 0
        return self


class HasOneMember(BaggingRegressor):
    def __getitem__(self, index):
        return self.estimators_[0]


class IsFalse(BaggingRegressor):
    def __bool__(self):
        return len(self) > 0


class DrawsAnew(BaggingRegressor):
    def fit(self, X, y):
        rng = np.random.default_rng()
        super().fit(X, y)
        for tree in self.estimators_:
            tree.set_params(random_state=int(rng.integers(1000)), max_features=2)
            tree.fit(X, y)
        return self


class CombinesInFit(BaggingRegressor):
    def fit(self, X, y):
        super().fit(X, y)
        self.rule_ = self.combine
        return self

    def predict(self, X):
        given, self.combine = self.combine, getattr(self, "rule_", self.combine)
        try:
            return super().predict(X)
        finally:
            self.combine = given


class ForgetsNames(BaggingRegressor):
    def fit(self, X, y):
        return super().fit(np.asarray(X), y)


class TakesWhatComes(BaggingRegressor):
    def fit(self, X, y):
        return super().fit(X[: len(y)], y)


FAULTS = {
    NoMembers: r"has no method predict_members",
    SaysNothingBeforeFit: r"predict before fit raises no NotFittedError",
    WrongLength: r"has 2 members, a length of 3 and 2 to iterate over",
    RowsFirst: r"rows come second, and there are 80",
    OtherLabels: r"predicts labels that y lacks",
    LosesAClass: r"2 columns for 3 classes",
    TurnsColumns: r"are columns those of classes_",
    DoublesProbabilities: r"do not add up to one",
    NeverTheSame: r"a second fit with the same random_state",
    ReturnsACopy: r"fit does not return the ensemble",
    CountsWorkers: r"n_jobs=2 gives other members",
    KeepsAFunction: r"cannot be pickled",
    MovesTheGlobalState: r"moves the global random state",
    ChangesItself: r"fit changes its parameters \['max_samples'\]",
    FitsTheMember: r"changes the user's estimator \['estimator'\]",
    FitsMembersOfAList: r"changes the user's estimator \['others\[0\]'\]",
    ChangesX: r"fit or predict changes X",
    ChangesY: r"fit or predict changes y",
    HasOneMember: r"other members by their positions than it yields",
    IsFalse: r"is not true before fit",
    DrawsAnew: r"a second fit with the same random_state",
    CombinesInFit: r"another combine after fit does not change",
    ForgetsNames: r"has the feature_names_in_ \[\] of a frame",
    TakesWhatComes: r"fits X and a y that is shorter",
}


@pytest.mark.parametrize("kind", FAULTS, ids=lambda kind: kind.__name__)
def test_a_fault_is_named(kind):
    params = {}
    if kind is FitsMembersOfAList:
        params = {"others": [Ridge()]}
    elif kind is DrawsAnew:
        params = {"n_estimators": 2}
    elif kind is not NoMembers:
        member = GaussianNB() if issubclass(kind, BaggingClassifier) else Ridge()
        params = {"estimator": member, "n_estimators": 2}
    with pytest.raises(AssertionError, match=f"^{kind.__name__}: .*{FAULTS[kind]}"):
        check_ensemble(kind(**params))


def test_ensembles_of_the_library_pass_on_rows_of_one_s_own():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 3))
    y = np.where(X[:, 0] > 0, 5, 7)
    check_ensemble(VotingClassifier([("a", GaussianNB())], voting="soft"), X, y)
    check_ensemble(BaggingRegressor(Ridge(), 2), X, X @ [1.0, 2.0, 3.0])
    check_ensemble(BaggingClassifier(n_estimators=2), X, np.column_stack([y, -y]))


def test_sound_ensembles_are_not_refused():
    weighted = [("a", GaussianNB()), ("b", DecisionTreeClassifier())]
    check_ensemble(VotingClassifier(weighted, voting="soft", weights=[1, 2]))
    check_ensemble(VotingRegressor([("a", DecisionTreeRegressor())]))


def test_the_global_random_state_is_as_it_was():
    np.random.seed(11)  # noqa: NPY002, TID251 - the global state is what is watched
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    check_ensemble(BaggingRegressor(Ridge(), 2))
    check_scheme(Bootstrap(5))
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002
