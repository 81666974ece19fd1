"""Fitted ensembles that come from scikit-learn, and go back."""

import numpy as np
import pytest
import sklearn.ensemble as theirs
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import ensembles as ours
from ensembles import from_sklearn, to_sklearn

X, CODES = make_classification(120, 6, n_informative=4, n_classes=3, random_state=0)
NAMES = np.array(["ash", "elm", "oak"])[CODES]
VALUES = make_regression(120, 6, noise=5, random_state=0)[1]
OF_CLASSES = [
    ("line", LogisticRegression()),
    ("bayes", GaussianNB()),
    ("tree", DecisionTreeClassifier(max_depth=4, random_state=0)),
]
OF_VALUES = [("line", Ridge()), ("tree", DecisionTreeRegressor(random_state=0))]

VOTES = {
    "hard": (theirs.VotingClassifier(OF_CLASSES), NAMES),
    "soft": (theirs.VotingClassifier(OF_CLASSES, voting="soft"), NAMES),
    "weighted": (
        theirs.VotingClassifier(OF_CLASSES, voting="soft", weights=[1, 2, 0.5]),
        NAMES,
    ),
    "dropped": (
        theirs.VotingClassifier([*OF_CLASSES, ("out", "drop")], weights=[1, 2, 3, 9]),
        NAMES,
    ),
    "values": (theirs.VotingRegressor(OF_VALUES, weights=[3, 1]), VALUES),
}
BAGS = {
    "classes": (ours.BaggingClassifier(n_estimators=5, random_state=0), NAMES),
    "columns": (
        ours.BaggingClassifier(
            LogisticRegression(), 5, max_features=0.5, random_state=0
        ),
        NAMES,
    ),
    "labels": (
        ours.BaggingClassifier(GaussianNB(), 5, scheme=ours.Bootstrap(stratify="y")),
        NAMES,
    ),
    "balanced": (ours.BalancedBaggingClassifier(n_estimators=5), NAMES),
    "values": (ours.BaggingRegressor(Ridge(), 5, combine="mean"), VALUES),
    "two_outputs": (
        ours.BaggingRegressor(n_estimators=5, random_state=0),
        np.column_stack([VALUES, -VALUES]),
    ),
}


def said(ensemble, rows=X):
    """All that an ensemble says of rows."""
    methods = ("predict", "predict_proba", "transform", "decision_function")
    return {
        name: getattr(ensemble, name)(rows)
        for name in methods
        if hasattr(ensemble, name)
    }


def assert_same(one, other, rows=X):
    first, second = said(one, rows), said(other, rows)
    assert first.keys() == second.keys()
    for name in first:
        if name == "predict" and first[name].dtype.kind in "OU":
            assert_array_equal(first[name], second[name])
        else:
            assert_allclose(first[name], second[name], err_msg=name)


@pytest.mark.parametrize("kind", VOTES)
def test_votes_come_and_go_back(kind):
    given, y = VOTES[kind]
    fitted = clone(given).fit(X, y)
    voter = from_sklearn(fitted)
    assert type(voter) is getattr(ours, type(fitted).__name__)
    assert_same(voter, fitted)
    assert all(a is b for a, b in zip(voter, fitted.estimators_, strict=True))
    assert voter.named_estimators_.keys() == fitted.named_estimators_.keys()
    back = to_sklearn(voter)
    assert type(back) is type(fitted)
    assert_same(back, fitted)
    assert_same(clone(voter).fit(X, y), fitted)
    assert back.get_params(deep=False).keys() == fitted.get_params(deep=False).keys()


def test_a_vote_that_came_tells_what_theirs_does_not():
    fitted = theirs.VotingClassifier(OF_CLASSES, voting="soft").fit(X, NAMES)
    voter = from_sklearn(fitted)
    assert voter.predict_members(X).shape == (3, 120, 3)
    assert voter.predict_uncertainty(X).total.shape == (120,)
    assert ours.diversity(voter, X, NAMES).errors.shape == (3,)
    voter.set_params(combine="median")
    assert voter.predict_proba(X).shape == (120, 3)


@pytest.mark.parametrize("kind", BAGS)
def test_bags_go_and_come_back(kind):
    bag, y = BAGS[kind]
    bag = clone(bag).fit(X, y)
    gone = to_sklearn(bag)
    assert type(gone).__module__.startswith("sklearn.ensemble")
    assert_same(gone, bag)
    assert len(gone.estimators_) == 5
    refitted = clone(gone).fit(X, y)  # it is an estimator like any other
    assert len(refitted.estimators_) == 5


def test_a_bag_of_theirs_is_the_bag_of_ours():
    bag = ours.BaggingClassifier(n_estimators=5, random_state=0).fit(X, NAMES)
    fitted = theirs.BaggingClassifier(n_estimators=5, random_state=0).fit(X, NAMES)
    assert_same(from_sklearn(fitted), bag)
    assert_same(to_sklearn(from_sklearn(fitted)), fitted)


def test_forests_come_with_what_members_left_out():
    forest = theirs.RandomForestClassifier(15, random_state=0).fit(X, NAMES)
    bag = from_sklearn(forest, X, NAMES)
    assert isinstance(bag, ours.BaggingClassifier)
    assert_same(bag, forest)
    assert bag.oob_score_ > 0.4
    trees = theirs.ExtraTreesRegressor(5, random_state=0).fit(X, VALUES)
    assert_same(from_sklearn(trees), trees)


def test_names_of_columns_are_known_on_both_sides():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcdef"))
    fitted = theirs.VotingClassifier(OF_CLASSES, voting="soft").fit(frame, NAMES)
    voter = from_sklearn(fitted)
    assert list(voter.feature_names_in_) == list("abcdef")
    assert_same(to_sklearn(voter), fitted, frame)
    bag = ours.BaggingClassifier(LogisticRegression(), 3, random_state=0)
    gone = to_sklearn(bag.fit(frame, NAMES))
    assert_same(gone, bag, frame)
    assert list(gone.feature_names_in_) == list("abcdef")
    assert hasattr(bag[0], "feature_names_in_")  # ours is as it was
    with pytest.raises(ValueError, match=r"feature names should match"):
        gone.predict(frame.rename(columns={"a": "z"}))


def goes_by_name():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcdef"))
    member = make_pipeline(
        make_column_transformer((StandardScaler(), ["a", "b"])), Ridge()
    )
    return ours.BaggingRegressor(member, 2).fit(frame, VALUES)


def knows_labels():
    frozen = FrozenEstimator(GaussianNB().fit(X, NAMES))
    return ours.VotingClassifier([("a", frozen)]).fit(X, NAMES)


PAIR = np.column_stack([CODES, CODES % 2])
NO_LIKE = {
    "rule": (
        lambda: ours.BaggingRegressor(n_estimators=2, combine="median").fit(X, VALUES),
        r"knows no other rule than 'mean', got combine='median'",
    ),
    "pool": (
        lambda: ours.VotingClassifier(
            OF_CLASSES, voting="soft", combine="log_pool"
        ).fit(X, NAMES),
        r"got combine='log_pool'",
    ),
    "binned": (
        lambda: ours.BaggingClassifier(n_estimators=2, engine="hist").fit(X, NAMES),
        r"Fit with engine='exact'",
    ),
    "two_outputs": (
        lambda: ours.BaggingClassifier(n_estimators=2).fit(X, PAIR),
        r"of one output",
    ),
    "two_voted": (
        lambda: ours.VotingRegressor([("a", Ridge())]).fit(X, PAIR.astype(float)),
        r"of one output",
    ),
    "names": (goes_by_name, r"Pipeline knows columns by name"),
    "frozen": (knows_labels, r"fitted before, on the labels \['ash'"),
}


@pytest.mark.parametrize("kind", NO_LIKE)
def test_what_has_no_like_is_told(kind):
    make, message = NO_LIKE[kind]
    with pytest.raises(ValueError, match=message):
        to_sklearn(make())


@pytest.mark.parametrize("voting", ["hard", "soft"])
def test_members_that_were_fitted_before_are_asked_for_codes(voting):
    y = np.array([-1, 0, 1])[CODES]
    some = CODES < 2
    frozen = FrozenEstimator(GaussianNB().fit(X[some], CODES[some]))
    members = [("old", frozen), ("new", LogisticRegression())]
    if voting == "soft":  # theirs cannot add up what lacks a class
        members = [("old", FrozenEstimator(GaussianNB().fit(X, CODES))), members[1]]
    fitted = theirs.VotingClassifier(members, voting=voting).fit(X, y)
    voter = from_sklearn(fitted)
    assert_array_equal(voter.predict(X), fitted.predict(X))
    assert_array_equal(to_sklearn(voter).predict(X), fitted.predict(X))


def test_members_stay_that_were_dropped_after_the_fit():
    fitted = theirs.VotingRegressor(OF_VALUES).fit(X, VALUES).set_params(line="drop")
    assert_same(from_sklearn(fitted), fitted)


def test_what_is_no_such_ensemble_is_told():
    for wrong in (Ridge(), theirs.GradientBoostingRegressor()):
        with pytest.raises(TypeError, match=r"from_sklearn takes a fitted"):
            from_sklearn(wrong)
    with pytest.raises(TypeError, match=r"takes a fitted VotingRegressor of scikit"):
        ours.VotingRegressor.from_sklearn(VOTES["hard"][0])
    with pytest.raises(TypeError, match=r"got HistForestRegressor, which has no like"):
        to_sklearn(ours.HistForestRegressor(2).fit(X, VALUES))
    with pytest.raises(NotFittedError, match=r"not fitted"):
        from_sklearn(clone(VOTES["hard"][0]))
    with pytest.raises(NotFittedError):
        to_sklearn(ours.BaggingClassifier())
