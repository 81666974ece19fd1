"""Members of scikit-learn's ensembles, parts of bags and sums of them."""

import pickle

import numpy as np
import pytest
import sklearn.ensemble
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.datasets import load_diabetes, make_classification
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.tree import DecisionTreeRegressor

from ensembles import (
    BaggingClassifier,
    BaggingRegressor,
    HistForestRegressor,
    diversity,
)

X, CODES = make_classification(200, 6, n_informative=4, n_classes=3, random_state=0)
Y = np.array(["red", "green", "blue"])[CODES]
XD, YD = load_diabetes(return_X_y=True)
CLASSIFIERS = [
    sklearn.ensemble.RandomForestClassifier(50, random_state=0),
    sklearn.ensemble.ExtraTreesClassifier(50, bootstrap=True, random_state=0),
    sklearn.ensemble.BaggingClassifier(
        LogisticRegression(), 50, max_features=0.5, random_state=0
    ),
    sklearn.ensemble.BaggingClassifier(n_estimators=50, random_state=0),
]
REGRESSORS = [
    sklearn.ensemble.RandomForestRegressor(40, random_state=0),
    sklearn.ensemble.BaggingRegressor(
        LinearRegression(), 40, max_samples=0.5, bootstrap=False, random_state=0
    ),
]


@pytest.mark.parametrize("theirs", CLASSIFIERS, ids=repr)
def test_classifiers_are_taken_over_without_a_fit(theirs):
    theirs = clone(theirs).fit(X, Y)
    ours = BaggingClassifier.from_sklearn(theirs)
    assert_allclose(ours.predict_proba(X), theirs.predict_proba(X))
    assert_array_equal(ours.predict(X), theirs.predict(X))
    assert all(a is b for a, b in zip(ours, theirs, strict=True))
    assert_array_equal(ours.estimators_samples_[3], theirs.estimators_samples_[3])
    assert ours.predict_uncertainty(X).total.shape == (200,)
    assert diversity(ours, X, Y).kappa.shape == (50, 50)
    again = pickle.loads(pickle.dumps(ours))
    assert_array_equal(again.predict(X), ours.predict(X))
    assert clone(ours).fit(X, Y).score(X, Y) > 0.7


@pytest.mark.parametrize("theirs", CLASSIFIERS, ids=repr)
def test_rows_left_out_are_known_with_the_training_data(theirs):
    theirs = clone(theirs).set_params(oob_score=True).fit(X, Y)
    ours = BaggingClassifier.from_sklearn(theirs, X, Y)
    assert_allclose(ours.oob_decision_function_, theirs.oob_decision_function_)
    assert ours.oob_score_ == pytest.approx(theirs.oob_score_)
    assert ours.predict_set(X).any(axis=1).all()


@pytest.mark.parametrize("theirs", REGRESSORS, ids=repr)
def test_regressors_are_taken_over(theirs):
    bootstrap = theirs.bootstrap
    theirs = clone(theirs).set_params(oob_score=bootstrap).fit(XD, YD)
    ours = BaggingRegressor.from_sklearn(theirs, XD, YD)
    assert_allclose(ours.predict(XD), theirs.predict(XD))
    if bootstrap:
        assert_allclose(ours.oob_prediction_, theirs.oob_prediction_)
    ends = ours.predict_interval(XD)
    assert 0.85 < np.mean((ends[:, 0] <= YD) & (ends[:, 1] >= YD)) <= 1
    assert (ours.predict_variance(XD[:5]).mc_error > 0).all()


def test_several_outputs_and_names_of_columns():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(X, columns=list("abcdef"))
    both = np.column_stack([Y, np.where(X[:, 0] > 0, "up", "down")])
    theirs = sklearn.ensemble.RandomForestClassifier(40, random_state=0)
    ours = BaggingClassifier.from_sklearn(theirs.fit(table, both), table, both)
    assert_array_equal(ours.predict(table), theirs.predict(table))
    assert [p.shape for p in ours.predict_members(table)] == [
        (40, 200, 3),
        (40, 200, 2),
    ]
    with pytest.raises(ValueError, match="feature names"):
        ours.predict(table[list("bacdef")])


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (
            lambda: BaggingClassifier.from_sklearn(
                sklearn.ensemble.GradientBoostingClassifier()
            ),
            TypeError,
            "GradientBoostingClassifier, whose members are no plain mean",
        ),
        (
            lambda: BaggingClassifier.from_sklearn(CLASSIFIERS[0]),
            NotFittedError,
            "RandomForestClassifier",
        ),
        (
            lambda: BaggingRegressor.from_sklearn(clone(CLASSIFIERS[0]).fit(X, Y)),
            TypeError,
            "the other kind of target",
        ),
        (
            lambda: BaggingClassifier.from_sklearn(
                clone(CLASSIFIERS[0]).fit(X, Y), X[:-1], Y[:-1]
            ),
            ValueError,
            r"fitted on \[200\] rows, and X has 199",
        ),
        (
            lambda: BaggingClassifier.from_sklearn(
                clone(CLASSIFIERS[0]).fit(X, Y), X, CODES
            ),
            ValueError,
            "classes",
        ),
    ],
    ids=["boosting", "not fitted", "kind", "rows", "classes"],
)
def test_what_cannot_be_taken_over_says_why(call, error, match):
    with pytest.raises(error, match=match):
        call()


def test_parts_and_sums_are_bags_of_the_same_members():
    tree = DecisionTreeRegressor(max_depth=4)
    bag = BaggingRegressor(tree, 40, oob_score=True, random_state=0).fit(XD, YD)
    whole = bag[:15] + bag[15:]
    assert isinstance(whole, BaggingRegressor)
    assert whole.n_estimators == len(whole) == 40
    assert_allclose(whole.predict(XD), bag.predict(XD))
    assert_array_equal(whole.inbag_counts_, bag.inbag_counts_)
    assert_allclose(
        bag[::2].predict(XD), np.mean([m.predict(XD) for m in bag.estimators_[::2]], 0)
    )
    assert not hasattr(whole, "oob_prediction_")
    with pytest.raises(ValueError, match="Fit with oob_score=True"):
        whole.predict_interval(XD)
    whole.compute_oob(XD, YD)
    assert_allclose(whole.oob_prediction_, bag.oob_prediction_)
    assert_allclose(whole.predict_interval(XD), bag.predict_interval(XD))
    assert hasattr(bag, "oob_prediction_")  # it has kept its own
    assert bag[3] is bag.estimators_[3]


def test_members_of_several_fits_may_be_joined():
    tree = DecisionTreeRegressor(max_depth=3)
    bags = [BaggingRegressor(tree, 20, random_state=s).fit(XD, YD) for s in range(3)]
    joined = bags[0] + bags[1] + bags[2]
    assert_allclose(joined.predict(XD), np.mean([b.predict(XD) for b in bags], axis=0))
    assert joined.compute_oob(XD, YD).oob_score_ > 0.3


def test_bags_that_do_not_go_together_are_not_joined():
    bag = BaggingRegressor(LinearRegression(), 3).fit(XD, YD)
    other = BaggingRegressor(LinearRegression(), 3).fit(XD[:, :4], YD)
    with pytest.raises(ValueError, match="n_features_in_ is 10 of the first and 4"):
        bag + other
    labels = BaggingClassifier(LogisticRegression(), 3).fit(X, Y)
    others = BaggingClassifier(LogisticRegression(), 3).fit(X, CODES)
    with pytest.raises(ValueError, match="classes_"):
        labels + others
    with pytest.raises(TypeError, match="unsupported operand"):
        bag + labels
    with pytest.raises(ValueError, match="No member of 3"):
        bag[5:]
    forests = [
        HistForestRegressor(2, random_state=s).fit(XD[s:], YD[s:]) for s in range(2)
    ]
    with pytest.raises(ValueError, match="bins of their own"):
        forests[0] + forests[1]
    fewer = BaggingRegressor(LinearRegression(), 3).fit(XD[:99], YD[:99])
    with pytest.raises(ValueError, match=r"fitted on \[99, 442\] rows"):
        (bag + fewer).compute_oob(XD, YD)
    with pytest.raises(NotFittedError):
        BaggingRegressor().compute_oob(XD, YD)


def test_forests_have_parts_too():
    forest = HistForestRegressor(12, random_state=0).fit(XD, YD)
    half = forest[:6]
    members = forest.predict_members(XD)[:6]
    assert_allclose(half.predict(XD), members.mean(axis=0))
    assert_allclose((half + forest[6:]).predict(XD), forest.predict(XD))


def distinct(bag):
    return len({one.predict(XD).tobytes() for one in bag})


def test_a_part_that_is_grown_gets_members_that_it_did_not_have():
    tree = DecisionTreeRegressor(max_depth=5)
    bag = BaggingRegressor(tree, 10, random_state=0, warm_start=True).fit(XD, YD)
    for part in (bag[2:5], bag[::-1][:4], bag[5:]):
        grown = part.set_params(n_estimators=12).fit(XD, YD)
        assert len(grown) == distinct(grown) == 12
    again = BaggingRegressor(tree, 10, random_state=0).fit(XD, YD)
    more = bag.set_params(n_estimators=14).fit(XD, YD)
    assert_array_equal(more.predict_members(XD)[:10], again.predict_members(XD))
    assert distinct(more) == 14


def test_rows_left_out_are_of_the_data_that_members_saw():
    tree = DecisionTreeRegressor(max_depth=5)
    bag = BaggingRegressor(tree, 30, random_state=0, warm_start=True).fit(XD, YD)
    with pytest.raises(ValueError, match="another y, or its rows in another order"):
        bag.compute_oob(XD, YD + 1)
    with pytest.raises(ValueError, match="another y, or its rows in another order"):
        bag.compute_oob(XD[::-1], YD[::-1])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        bag.compute_oob(XD, YD[1:])
    other = BaggingRegressor(tree, 30, random_state=1).fit(XD[::-1], YD[::-1])
    with pytest.raises(ValueError, match="another y"):
        (bag + other).compute_oob(XD, YD)
    bag.set_params(n_estimators=40, oob_score=True)
    with pytest.raises(ValueError, match="saw other data"):
        bag.fit(XD, YD + 1)
    bag = BaggingRegressor(tree, 30, random_state=0, warm_start=True).fit(XD, YD)
    bag.set_params(n_estimators=60).fit(XD, YD + 1)
    with pytest.raises(ValueError, match="another y"):
        bag.compute_oob(XD, YD)
    theirs = clone(REGRESSORS[0]).fit(XD, YD)
    ours = BaggingRegressor.from_sklearn(theirs, XD, YD)
    ours.set_params(warm_start=True, n_estimators=50, oob_score=True)
    with pytest.raises(ValueError, match="saw other data"):
        ours.fit(XD + 3, YD + 100)
    with pytest.raises(ValueError, match="Every member saw every row"):
        HistForestRegressor(3, bootstrap=False).fit(XD, YD).compute_oob(XD, YD)


def test_few_rows_of_a_member_do_not_hide_how_many_there_were():
    small = sklearn.ensemble.BaggingRegressor(
        LinearRegression(), 5, max_samples=0.1, random_state=0
    ).fit(XD[:120], YD[:120])
    ours = BaggingRegressor.from_sklearn(small)
    assert ours.inbag_counts_.shape == (5, 120)
    with pytest.raises(ValueError, match=r"fitted on \[120\] rows, and X has 130"):
        BaggingRegressor.from_sklearn(small, XD[:130], YD[:130])


def test_quantiles_of_parts_and_sums_are_of_their_trees():
    forest = HistForestRegressor(8, min_samples_leaf=5, random_state=0, warm_start=True)
    forest.fit(XD, YD)
    whole = forest.predict_quantiles(XD[:5])  # what it computes must not be shared
    half = forest[:4]
    alone = HistForestRegressor(4, min_samples_leaf=5, random_state=0).fit(XD, YD)
    assert_allclose(half.predict_quantiles(XD[:5]), alone.predict_quantiles(XD[:5]))
    joined = half + forest[4:]
    assert_allclose(joined.predict_quantiles(XD[:5]), whole)
    forest.set_params(n_estimators=12).fit(XD, YD + 100)
    with pytest.raises(ValueError, match="saw other data"):
        (half + forest[8:]).predict_quantiles(XD)


def test_frames_may_go_on_with_an_adopted_forest():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(XD).add_prefix("c")
    theirs = clone(REGRESSORS[0]).fit(table, YD)
    ours = BaggingRegressor.from_sklearn(theirs)
    ours.set_params(warm_start=True, n_estimators=45).fit(table, YD)
    assert len(ours) == 45
    assert ours.predict(table).shape == (442,)
    ours.set_params(warm_start=False).fit(table, YD)
    assert list(ours[0].feature_names_in_) == list(table.columns)
