"""Defects of scikit-learn 1.9.1's bagging, each with the call that shows it.

Numbers are those of the list that was made when they were found; 11 to 13 concern
stacking, which this package does not have yet.
"""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_classification, make_regression
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import accuracy_score, r2_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ensembles import BaggingClassifier, BaggingRegressor

few_out_of_bag = pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")


@pytest.fixture
def rare_class():
    """300 rows in three classes, the last with two rows that most draws miss."""
    rng = np.random.default_rng(0)
    y = np.r_[np.zeros(149), np.ones(149), 2, 2].astype(int)
    return rng.normal(size=(300, 4)) + y[:, None], y


def test_1_out_of_bag_scores_where_members_miss_a_class(rare_class):
    X, y = rare_class
    bag = BaggingClassifier(
        KNeighborsClassifier(), 20, max_samples=0.3, oob_score=True, random_state=0
    ).fit(X, y)
    assert {len(member.classes_) for member in bag} == {2, 3}
    assert bag.oob_decision_function_.shape == (300, 3)
    assert_allclose(bag.oob_decision_function_.sum(axis=1), 1)
    labels = bag.oob_decision_function_.argmax(axis=1)
    assert bag.oob_score_ == accuracy_score(y, labels)


@pytest.mark.filterwarnings("ignore:The least populated class:UserWarning")
def test_2_decision_function_where_members_miss_a_class(rare_class):
    X, y = rare_class
    bag = BaggingClassifier(
        LinearDiscriminantAnalysis(), 20, max_samples=0.3, random_state=0
    ).fit(X, y)
    assert {len(member.classes_) for member in bag} == {2, 3}
    decisions = bag.decision_function(X)
    assert decisions.shape == (300, 3)
    assert np.isfinite(decisions).all()
    one = bag.estimators_[[len(member.classes_) for member in bag].index(2)]
    alone = BaggingClassifier(one, 1)
    alone.__dict__.update(bag.__dict__, estimators_=[one], _columns=[None])
    expected = np.column_stack([-one.decision_function(X), one.decision_function(X)])
    assert_allclose(alone.decision_function(X)[:, one.classes_], expected)
    missing = ({0, 1, 2} - set(one.classes_)).pop()
    assert_allclose(alone.decision_function(X)[:, missing], expected.min(axis=1))


def test_3_samples_of_all_members_after_a_warm_start():
    X, y = make_classification(random_state=0)
    bag = BaggingClassifier(n_estimators=5, warm_start=True, random_state=0).fit(X, y)
    first = bag.estimators_samples_
    bag.set_params(n_estimators=12).fit(X, y)
    assert len(bag.estimators_samples_) == 12
    assert_array_equal(bag.estimators_samples_[:5], first)
    at_once = BaggingClassifier(n_estimators=12, random_state=0).fit(X, y)
    assert_array_equal(bag.estimators_samples_, at_once.estimators_samples_)
    assert_array_equal(bag.inbag_counts_, at_once.inbag_counts_)


def test_4_rows_that_were_never_out_of_bag_are_nan_and_not_scored():
    X, y = make_regression(100, random_state=0)
    y += 500
    bag = BaggingRegressor(n_estimators=2, oob_score=True, random_state=0)
    with pytest.warns(UserWarning, match="Some inputs do not have OOB scores"):
        bag.fit(X, y)
    never = (bag.inbag_counts_ > 0).all(axis=0)
    assert 0 < never.sum() < 100
    assert_array_equal(np.isnan(bag.oob_prediction_), never)
    assert bag.oob_score_ == r2_score(y[~never], bag.oob_prediction_[~never])


def test_5_rows_that_were_never_out_of_bag_are_no_votes_for_class_0():
    X, y = make_classification(300, random_state=0)
    bag = BaggingClassifier(n_estimators=1, oob_score=True, random_state=0)
    with pytest.warns(UserWarning, match="Some inputs do not have OOB scores"):
        bag.fit(X, y)
    out = bag.inbag_counts_[0] == 0
    assert_array_equal(np.isnan(bag.oob_decision_function_).any(axis=1), ~out)
    labels = bag.oob_decision_function_[out].argmax(axis=1)
    assert bag.oob_score_ == accuracy_score(y[out], labels)


def test_6_out_of_bag_scores_of_several_outputs():
    X, Y = make_regression(100, n_targets=3, random_state=0)
    bag = BaggingRegressor(n_estimators=30, oob_score=True, random_state=0).fit(X, Y)
    assert bag.oob_prediction_.shape == (100, 3)
    assert bag.oob_score_ == r2_score(Y, bag.oob_prediction_)


def test_7_members_that_want_columns_by_name_or_category():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "place": pd.Categorical(rng.choice(["a", "b", "c"], 120)),
            "size": rng.normal(size=120),
        }
    )
    y = (table["place"] == "a").to_numpy()
    by_name = make_pipeline(
        make_column_transformer(
            (OneHotEncoder(), ["place"]), ("passthrough", ["size"])
        ),
        LogisticRegression(),
    )
    by_dtype = HistGradientBoostingClassifier(
        max_iter=5, min_samples_leaf=5, categorical_features="from_dtype"
    )
    for member in (by_name, by_dtype):
        bag = BaggingClassifier(member, 5, oob_score=True, random_state=0)
        with pytest.warns(UserWarning, match="Some inputs do not have OOB"):
            bag.fit(table, y)
        assert bag.score(table, y) == 1
    halves = BaggingClassifier(by_dtype, 5, max_features=0.5, random_state=0)
    names = [list(m.feature_names_in_) for m in halves.fit(table, y)]
    assert ["place"] in names
    assert ["size"] in names


def test_8_members_that_read_text():
    texts = ["a good day", "a bad day", "good food", "bad food"] * 10
    y = ["+", "-", "+", "-"] * 10
    member = make_pipeline(TfidfVectorizer(), LogisticRegression())
    bag = BaggingClassifier(member, 10, oob_score=True, random_state=0).fit(texts, y)
    assert list(bag.predict(texts[:2])) == ["+", "-"]
    assert bag.oob_score_ == 1
    assert not hasattr(bag, "n_features_in_")
    for X in (np.array(texts, dtype=object), pd.Series(texts)):
        assert_array_equal(bag.fit(X, y).predict(X), y)


@few_out_of_bag
def test_9_rows_of_weight_zero_without_replacement():
    X, y = make_classification(random_state=0)
    weight = np.r_[np.zeros(30), np.ones(70)]
    bag = BaggingClassifier(n_estimators=3, bootstrap=False, random_state=0)
    with pytest.warns(UserWarning, match="recommended to use bootstrap=True"):
        bag.fit(X, y, sample_weight=weight)
    for rows in bag.estimators_samples_:
        assert_array_equal(np.sort(rows), np.arange(30, 100))


@pytest.mark.filterwarnings("ignore:Maximum number of iteration")
@pytest.mark.parametrize(
    "member",
    [
        SGDClassifier(early_stopping=True, loss="log_loss", random_state=0),
        HistGradientBoostingClassifier(early_stopping=True, max_iter=5),
        make_pipeline(SGDClassifier(early_stopping=True)),
    ],
    ids=["SGD", "HistGradientBoosting", "Pipeline"],
)
def test_10_members_that_hold_rows_out(member):
    X, y = make_classification(1000, random_state=0)
    bag = BaggingClassifier(member, 5, max_samples=0.05, random_state=0).fit(X, y)
    assert bag.score(X, y) > 0.6


def test_members_are_those_of_one_fit_whatever_the_number_of_fits():
    X, y = make_regression(80, random_state=0)
    grown = BaggingRegressor(
        DecisionTreeRegressor(), 4, warm_start=True, random_state=3
    ).fit(X, y)
    grown.set_params(n_estimators=10).fit(X, y)
    at_once = BaggingRegressor(DecisionTreeRegressor(), 10, random_state=3).fit(X, y)
    assert_array_equal(grown.predict_members(X), at_once.predict_members(X))


def test_the_user_s_estimator_is_not_the_one_that_is_kept():
    member = DecisionTreeClassifier()
    X, y = make_classification(random_state=0)
    assert BaggingClassifier(member).fit(X, y).estimator_ is not member
