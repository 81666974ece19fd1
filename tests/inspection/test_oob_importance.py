"""Importances of columns by rows that members left out."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, r2_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from sklearn.tree import DecisionTreeClassifier

from ensembles import (
    BaggingClassifier,
    BaggingRegressor,
    BayesianBootstrap,
    HistForestClassifier,
    oob_permutation_importance,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(150, 4))
Y = 2 * X[:, 0] + X[:, 1] + 0.3 * RNG.normal(size=150)
BAG = BaggingRegressor(n_estimators=20, random_state=0).fit(X, Y)
CLASSES = make_classification(150, 4, n_redundant=0, random_state=0)


def test_predict_oob_is_the_mean_of_members_that_did_not_see_the_row():
    is_out = BAG.inbag_counts_ == 0
    values = np.where(is_out, BAG.predict_members(X), 0)
    said = BAG.predict_oob(X)
    seen = is_out.any(axis=0)
    assert_allclose(said[seen], values.sum(axis=0)[seen] / is_out.sum(axis=0)[seen])
    assert np.isnan(said[~seen]).all()
    labelled = BaggingClassifier(oob_score=True, n_estimators=40, random_state=0)
    labelled.fit(*CLASSES)
    assert_array_equal(
        labelled.predict_oob(CLASSES[0]), labelled.oob_decision_function_
    )
    pair = np.column_stack([CLASSES[1], CLASSES[1]])
    both = BaggingClassifier(n_estimators=40, random_state=0).fit(CLASSES[0], pair)
    assert [one.shape for one in both.predict_oob(CLASSES[0])] == [(150, 2)] * 2


def test_rows_that_are_not_those_of_the_fit_are_told():
    with pytest.raises(ValueError, match=r"fitted on \[150\] rows, and X has 9"):
        BAG.predict_oob(X[:9])
    whole = BaggingRegressor(scheme=BayesianBootstrap()).fit(X, Y)
    with pytest.raises(ValueError, match=r"Every member saw every row"):
        whole.predict_oob(X)
    with pytest.raises(NotFittedError):
        BaggingRegressor().predict_oob(X)


def test_importances_are_what_scores_lose():
    found = oob_permutation_importance(BAG, X, Y, n_repeats=3, random_state=0)
    seen = ~np.isnan(BAG.predict_oob(X))
    baseline = r2_score(Y[seen], BAG.predict_oob(X)[seen])
    assert_allclose(found.baseline_score, baseline)
    seeds = np.random.RandomState(0).randint(np.iinfo(np.int32).max, size=(4, 3))
    for j, repeat in ((0, 0), (3, 2)):
        changed = X.copy()
        order = np.random.RandomState(seeds[j, repeat]).permutation(150)
        changed[:, j] = X[order, j]
        lost = baseline - r2_score(Y[seen], BAG.predict_oob(changed)[seen])
        assert_allclose(found.importances[j, repeat], lost)
    assert_array_equal(found.importances_mean, found.importances.mean(axis=1))
    assert_array_equal(found.importances_std, found.importances.std(axis=1))
    assert found.features == [0, 1, 2, 3]
    assert found.importances_mean[0] > found.importances_mean[1] > 0.1
    assert np.abs(found.importances_mean[2:]).max() < 0.05


def test_columns_without_worth_have_none_on_average():
    # Of 40 forests of noise, columns of many values and of two: the mean over forests
    # of the difference has a standard error of about 0.002, of which five are allowed.
    found = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        noise = np.column_stack([rng.normal(size=80), rng.integers(2, size=80)])
        y = rng.normal(size=80)
        bag = BaggingRegressor(n_estimators=15, random_state=seed).fit(noise, y)
        of_noise = oob_permutation_importance(bag, noise, y, n_repeats=2)
        found.append(of_noise.importances_mean)
    means = np.mean(found, axis=0)
    errors = np.std(found, axis=0) / np.sqrt(40)
    assert (np.abs(means) < 5 * errors).all()


def test_any_score_and_weights_of_rows():
    bag = BaggingClassifier(LogisticRegression(), 40, random_state=0).fit(*CLASSES)
    said = bag.predict_oob(CLASSES[0])
    for scoring, wanted in (
        (None, accuracy_score(CLASSES[1], said.argmax(axis=1))),
        ("neg_log_loss", -log_loss(CLASSES[1], said)),
    ):
        found = oob_permutation_importance(bag, *CLASSES, scoring=scoring, n_repeats=1)
        assert_allclose(found.baseline_score, wanted)
    by_metric = BaggingClassifier(
        LogisticRegression(), 40, random_state=0, oob_score=accuracy_score
    ).fit(*CLASSES)
    found = oob_permutation_importance(by_metric, *CLASSES, n_repeats=1)
    assert found.baseline_score == by_metric.oob_score_
    bag.set_params(oob_score="neg_log_loss")
    found = oob_permutation_importance(bag, *CLASSES, n_repeats=1)
    assert_allclose(found.baseline_score, -log_loss(CLASSES[1], said))
    weights = RNG.uniform(size=150)
    weighted = oob_permutation_importance(
        BAG, X, Y, scoring=_less, sample_weight=weights, n_repeats=1
    )
    said = BAG.predict_oob(X)
    seen = ~np.isnan(said)
    wanted = -mean_absolute_error(Y[seen], said[seen], sample_weight=weights[seen])
    assert_allclose(weighted.baseline_score, wanted)


def _less(y, said, sample_weight=None):
    return -mean_absolute_error(y, said, sample_weight=sample_weight)


def test_workers_make_no_difference():
    one, two = (
        oob_permutation_importance(BAG, X, Y, n_jobs=n_jobs, random_state=3)
        for n_jobs in (1, 2)
    )
    assert_array_equal(one.importances, two.importances)


def test_columns_may_be_mixed_up_together():
    twins = np.column_stack([X[:, 0], X[:, 0], X[:, 2]])
    bag = BaggingRegressor(Ridge(), 20, random_state=0).fit(twins, Y)
    found = oob_permutation_importance(
        bag, twins, Y, features=[0, [0, 1], -1], random_state=0
    )
    assert found.importances_mean[1] > 2 * found.importances_mean[0]
    alone = oob_permutation_importance(bag, twins, Y, features=[0], random_state=0)
    assert_array_equal(alone.importances[0], found.importances[0])


def test_frames_and_sparse_rows_give_what_arrays_give():
    pandas = pytest.importorskip("pandas")
    names = ["a", "b", "c", "d"]
    frame = pandas.DataFrame(X, columns=names)
    wanted = oob_permutation_importance(BAG, X, Y, random_state=0)
    bag = BaggingRegressor(n_estimators=20, random_state=0)
    found = oob_permutation_importance(bag.fit(frame, Y), frame, Y, random_state=0)
    assert_array_equal(found.importances, wanted.importances)
    assert found.features == names
    pair = ([3], [-1])
    last, again = (
        oob_permutation_importance(bag, frame, Y, features=one, random_state=0)
        for one in pair
    )
    assert_array_equal(last.importances, again.importances)
    by_name = oob_permutation_importance(
        bag, frame, Y, features=["a", ["b", "c"]], random_state=0
    )
    assert_array_equal(by_name.importances[0], wanted.importances[0])
    assert_array_equal(frame.to_numpy(), X)
    lines = BaggingRegressor(Ridge(), 20, random_state=0).fit(X, Y)
    of_lines = oob_permutation_importance(lines, X, Y, random_state=0).importances
    for kind in (sparse.csr_array, sparse.csc_matrix):
        rows = kind(X)
        found = oob_permutation_importance(lines.fit(rows, Y), rows, Y, random_state=0)
        assert_allclose(found.importances, of_lines, atol=1e-3)
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(dict(zip(names, X.T, strict=True)))
    found = oob_permutation_importance(bag.fit(frame, Y), frame, Y, random_state=0)
    assert_array_equal(found.importances, wanted.importances)


def test_text_and_categories_keep_their_kinds():
    pandas = pytest.importorskip("pandas")
    streets = pandas.Series(RNG.choice(["elm", "oak"], size=150), dtype="category")
    frame = pandas.DataFrame({"street": streets, "area": X[:, 0]})
    y = (streets == "oak").to_numpy()
    forest = HistForestClassifier(20, random_state=0).fit(frame, y)
    found = oob_permutation_importance(forest, frame, y, random_state=0)
    assert found.importances_mean[0] > 0.3 > found.importances_mean[1]
    text = frame.astype({"street": str})
    coded = make_pipeline(OrdinalEncoder(), DecisionTreeClassifier(random_state=0))
    bag = BaggingClassifier(coded, 20, random_state=0).fit(text[["street"]], y)
    found = oob_permutation_importance(bag, text[["street"]], y, random_state=0)
    assert found.importances_mean[0] > 0.3


def test_forests_of_scikit_learn_are_taken_over():
    theirs = RandomForestRegressor(20, random_state=0).fit(X, Y)
    ours = BaggingRegressor.from_sklearn(theirs)
    found = oob_permutation_importance(ours, X, Y, random_state=0)
    assert found.importances_mean[0] == found.importances_mean.max()


def test_what_cannot_be_measured_is_told():
    with pytest.raises(TypeError, match=r"Ridge has no predict_oob"):
        oob_permutation_importance(Ridge().fit(X, Y), X, Y)
    for y in (Y[:-1], np.append(Y, Y)):
        with pytest.raises(ValueError, match=r"inconsistent numbers of samples"):
            oob_permutation_importance(BAG, X, y)
    pair = BaggingRegressor(n_estimators=20).fit(X, np.column_stack([Y, Y]))
    with pytest.raises(ValueError, match=r"the estimator has several"):
        oob_permutation_importance(pair, X, Y)
    with pytest.raises(ValueError, match=r"list of columns, got 'ab'"):
        oob_permutation_importance(BAG, X, Y, features="ab")
    with pytest.raises(ValueError, match=r"list without columns"):
        oob_permutation_importance(BAG, X, Y, features=[[]])
    whole = BaggingRegressor(n_estimators=3, bootstrap=False).fit(X, Y)
    with pytest.raises(ValueError, match=r"Every member saw every row"):
        oob_permutation_importance(whole, X, Y)
    for wrong in (["z"], [4], [[0, "z"]], [True], np.array([True, False])):
        with pytest.raises(ValueError, match=r"no column of X. It has 4: 0, 1, 2, 3"):
            oob_permutation_importance(BAG, X, Y, features=wrong)
    with pytest.raises(ValueError, match=r"is of one output"):
        oob_permutation_importance(BAG, X, np.column_stack([Y, Y]))
    with pytest.raises(ValueError, match=r"'n_repeats' parameter"):
        oob_permutation_importance(BAG, X, Y, n_repeats=0)
