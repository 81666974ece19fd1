"""Predictions of rows by models that never saw them."""

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin, clone
from sklearn.datasets import make_classification, make_regression
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import (
    AdaBoostRegressor,
    IsolationForest,
    RandomForestClassifier,
    StackingRegressor,
)
from sklearn.feature_selection import SequentialFeatureSelector
from sklearn.linear_model import (
    LinearRegression,
    LogisticRegression,
    Ridge,
    SGDClassifier,
    SGDRegressor,
)
from sklearn.metrics import (
    accuracy_score,
    log_loss,
    make_scorer,
    mean_absolute_error,
    r2_score,
    roc_auc_score,
)
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import (
    BaseCrossValidator,
    GridSearchCV,
    GroupKFold,
    KFold,
    RepeatedKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_predict,
    cross_validate,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier

from ensembles import (
    BaggingClassifier,
    CombinatorialPurgedKFold,
    Guarded,
    HVBlock,
    PanelSplit,
    PurgedKFold,
    RandomOrigin,
    RollingOrigin,
    out_of_fold_predict,
)
from ensembles.exceptions import InvalidParameterError, LeakageError

X, y = make_regression(60, 4, noise=10, random_state=0)
X_c, y_c = make_classification(90, 5, n_informative=3, n_classes=3, random_state=0)
NAMES = np.array(["ash", "beech", "cedar"])[y_c]


class Lags(TransformerMixin, BaseEstimator):
    """Each row's first column and that of the rows before it, missing ones as NaN."""

    def __init__(self, n_lags=2):
        self.n_lags = n_lags

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        column = np.asarray(X, dtype=float)[:, 0]
        before = np.concatenate([np.full(self.n_lags, np.nan), column])
        return np.column_stack(
            [
                before[self.n_lags - lag : len(before) - lag]
                for lag in range(self.n_lags + 1)
            ]
        )


class SumOfLags(RegressorMixin, BaseEstimator):
    """Sum of what it is given; NaN where a lag is missing."""

    def fit(self, X, y=None):
        self.is_fitted_ = True
        return self

    def predict(self, X):
        return np.asarray(X).sum(axis=1)


class Counter(RegressorMixin, BaseEstimator):
    """Predicts how many rows it has been taught, and how often."""

    def fit(self, X, y, sample_weight=None):
        self.n_rows_ = len(X) if sample_weight is None else sample_weight.sum()
        self.n_calls_ = 1
        return self

    def partial_fit(self, X, y, sample_weight=None):
        self.n_rows_ += len(X) if sample_weight is None else sample_weight.sum()
        self.n_calls_ += 1
        return self

    def predict(self, X):
        return np.tile([self.n_rows_, self.n_calls_], (len(X), 1))


@pytest.mark.parametrize("method", ["predict", "predict_proba", "predict_log_proba"])
@pytest.mark.parametrize("target", [y_c, NAMES], ids=["numbers", "names"])
def test_on_partitions_it_is_cross_val_predict(method, target):
    cv = StratifiedKFold(4, shuffle=True, random_state=0)
    estimator = LogisticRegression()
    expected = cross_val_predict(estimator, X_c, target, cv=cv, method=method)
    done = out_of_fold_predict(estimator, X_c, target, cv=cv, method=method)
    assert_array_equal(done.values, expected)
    assert done.values.dtype == expected.dtype
    assert_array_equal(done.combine("last"), expected)
    assert_array_equal(done.paths, expected[None])
    assert done.covered.all()


@pytest.mark.parametrize(
    ("estimator", "target", "method"),
    [
        (Ridge(), y, "predict"),
        (Ridge(), np.column_stack([y, -y]), "predict"),
        (SVC(), y > 0, "decision_function"),
        (LogisticRegression(), (y > 0).astype(int), "predict_proba"),
        (DecisionTreeClassifier(random_state=0), np.column_stack([y > 0, y > 9]), "p"),
    ],
)
def test_any_kind_of_output_is_that_of_cross_val_predict(estimator, target, method):
    method = "predict_proba" if method == "p" else method
    expected = cross_val_predict(estimator, X, target, cv=3, method=method)
    done = out_of_fold_predict(estimator, X, target, cv=3, method=method)
    if isinstance(expected, list):
        assert len(done.values) == len(expected)
        for ours, theirs in zip(done.values, expected, strict=True):
            assert_array_equal(ours, theirs)
        assert [path.shape for path in done.paths] == [(1, 60, 2)] * 2
    else:
        assert_array_equal(done.values, expected)


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame(X, columns=list("abcd")),
        pl.DataFrame(X, schema=list("abcd")),
        sparse.csr_array(X),
        X.tolist(),
    ],
    ids=["pandas", "polars", "sparse", "list"],
)
def test_any_table_gives_the_same(table):
    cv = RollingOrigin(3)
    ridge = Ridge(fit_intercept=False)
    expected = out_of_fold_predict(ridge, X, y, cv=cv)
    done = out_of_fold_predict(ridge, table, y, cv=cv)
    assert_allclose(done.predictions, expected.predictions, rtol=1e-8)
    assert_array_equal(done.rows, expected.rows)


def test_kernels_lose_columns():
    kernel = rbf_kernel(X)
    expected = out_of_fold_predict(SVR(gamma=1 / X.shape[1]), X, y, cv=KFold(3))
    done = out_of_fold_predict(SVR(kernel="precomputed"), kernel, y, cv=KFold(3))
    assert_allclose(done.values, expected.values)


def test_rows_that_no_fold_tests_are_nan():
    done = out_of_fold_predict(Ridge(), X, y, cv=RollingOrigin(3, test_size=10))
    assert_array_equal(np.flatnonzero(done.covered), np.arange(30, 60))
    assert np.isnan(done.values[:30]).all()
    assert_array_equal(done.values[30:], done.predictions)
    assert_array_equal(done.folds, np.repeat([0, 1, 2], 10))
    ridge = Ridge().fit(X[:30], y[:30])
    assert_array_equal(done.predictions[:10], ridge.predict(X[30:40]))


@pytest.mark.parametrize(
    ("target", "missing"), [(y_c, np.nan), (NAMES, None), (y_c > 0, np.nan)]
)
def test_labels_of_rows_that_no_fold_tests_are_missing(target, missing):
    done = out_of_fold_predict(
        DummyClassifier(strategy="most_frequent"), X_c, target, cv=RollingOrigin(2)
    )
    assert_array_equal(done.values[:30], np.full(30, missing))
    assert set(done.values[done.covered]) <= set(target)


def test_rows_tested_again_are_averaged_put_to_the_vote_or_the_last():
    tests = [[0, 1], [1, 2], [1, 3]]
    folds = [
        (np.arange(10, 10 + size), np.array(test))
        for size, test in zip((10, 20, 30), tests, strict=True)
    ]
    done = out_of_fold_predict(Counter(), X, y, cv=folds)
    assert_array_equal(done.values[:4, 0], [10, 20, 20, 30])
    assert_array_equal(done.combine("last")[:4, 0], [10, 30, 20, 30])
    assert_array_equal(done.path_ids, [0, 0, 1, 0, 2, 0])
    assert_array_equal(
        done.paths[:, :4, 0],
        [[10, 10, 20, 30], [np.nan, 20, np.nan, np.nan], [np.nan, 30, np.nan, np.nan]],
    )
    most = DummyClassifier(strategy="most_frequent")
    label = np.array(["b"] * 15 + ["a"] * 45)
    cut = [(np.arange(0, 10), [50]), (np.arange(20, 40), [50, 51]), ([1, 2], [50])]
    voted = out_of_fold_predict(most, X, label, cv=cut)
    assert voted.values[50] == "b"
    assert voted.values[51] == "a"
    assert voted.values[0] is None
    tie = out_of_fold_predict(most, X, label, cv=cut[:2])
    assert tie.values[50] == "a"


def test_votes_of_several_outputs_are_counted_one_by_one():
    labels = np.column_stack([np.repeat([0, 1], 30), np.repeat([5, 3], 30)])
    cut = [(np.arange(10), [59]), (np.arange(40, 50), [59]), (np.arange(5), [59, 58])]
    done = out_of_fold_predict(DummyClassifier(strategy="prior"), X, labels, cv=cut)
    assert_array_equal(done.values[59], [0, 5])


def test_paths_are_those_of_the_combinatorial_splitter():
    cv = CombinatorialPurgedKFold(6, 2)
    done = out_of_fold_predict(Ridge(), X, y, cv=cv)
    stretch = np.repeat(np.arange(6), 10)
    ids = cv.path_ids()
    for fold in range(15):
        here = done.folds == fold
        tested = np.unique(stretch[done.rows[here]])
        for place, number in enumerate(tested):
            in_stretch = here & (stretch[done.rows] == number)
            assert set(done.path_ids[in_stretch]) == {ids[fold, place]}
    assert not np.isnan(done.paths).any()
    assert_allclose(done.values, done.paths.mean(axis=0))


def test_paths_of_repeats_are_the_repeats():
    cv = RepeatedKFold(n_splits=3, n_repeats=2, random_state=0)
    done = out_of_fold_predict(Ridge(), X, y, cv=cv)
    assert_array_equal(done.path_ids, done.folds // 3)


def test_what_is_scored_is_every_prediction():
    cv = RollingOrigin(4, test_size=10, step=5)
    done = out_of_fold_predict(Ridge(), X, y, cv=cv)
    assert done.score() == pytest.approx(r2_score(y[done.rows], done.predictions))
    error = mean_absolute_error(y[done.rows], done.predictions)
    assert done.score("neg_mean_absolute_error") == pytest.approx(-error)
    assert done.score(mean_absolute_error) == pytest.approx(error)
    scorer = make_scorer(mean_absolute_error, greater_is_better=False)
    assert done.score(scorer) == pytest.approx(-error)
    weights = np.arange(60.0)
    assert done.score(mean_absolute_error, sample_weight=weights) == pytest.approx(
        mean_absolute_error(
            y[done.rows], done.predictions, sample_weight=weights[done.rows]
        )
    )


def test_scores_by_fold_are_those_of_the_folds():
    cv = RollingOrigin(3, test_size=10)
    done = out_of_fold_predict(Ridge(), X, y, cv=cv)
    scores = done.scores_by("fold", "r2")
    expected = [
        Ridge().fit(X[train], y[train]).score(X[test], y[test])
        for train, test in cv.split(X)
    ]
    assert_allclose(scores.scores, expected)
    assert scores.mean == pytest.approx(np.mean(expected))
    assert scores.pooled == pytest.approx(done.score("r2"))
    table = scores.to_frame()
    assert table.index.name == "fold"
    assert table["n_predictions"].tolist() == [10, 10, 10]


def test_scores_by_labels_of_rows():
    months = pd.Series(np.arange(60) // 20, name="month")
    done = out_of_fold_predict(Ridge(), X, y, cv=KFold(5))
    scores = done.scores_by(months, mean_absolute_error)
    assert scores.by == "month"
    assert_array_equal(scores.labels, [0, 1, 2])
    assert scores.scores[1] == pytest.approx(
        mean_absolute_error(y[20:40], done.values[20:40])
    )


def test_classifiers_are_scored_by_what_was_asked_of_them():
    target = (y_c > 0).astype(int)
    cv = RollingOrigin(3)
    said = out_of_fold_predict(
        LogisticRegression(), X_c, target, cv=cv, method="predict_proba"
    )
    truth = target[said.rows]
    assert said.score("roc_auc") == pytest.approx(
        roc_auc_score(truth, said.predictions[:, 1])
    )
    assert said.score("neg_log_loss") == pytest.approx(
        -log_loss(truth, said.predictions)
    )
    accuracy = accuracy_score(truth, said.predictions[:, 1] > 0.5)
    assert said.score() == pytest.approx(accuracy)
    by_sign = out_of_fold_predict(
        LogisticRegression(), X_c, target, cv=cv, method="decision_function"
    )
    assert by_sign.score() == pytest.approx(accuracy)
    labels = out_of_fold_predict(LogisticRegression(), X_c, NAMES, cv=cv)
    assert labels.score("f1_macro") > 0.3
    with pytest.raises(ValueError, match="asks for predict_proba, and the predictions"):
        labels.score("neg_log_loss")
    several = out_of_fold_predict(
        DecisionTreeClassifier(random_state=0),
        X_c,
        np.column_stack([target, 1 - target]),
        cv=3,
        method="predict_proba",
    )
    assert several.score(
        make_scorer(lambda y_true, y_pred: np.mean(y_true == y_pred))
    ) == pytest.approx(
        np.mean(
            np.column_stack([one.argmax(axis=1) for one in several.values])
            == np.column_stack([target, 1 - target])
        )
    )


def test_steps_ahead_are_counted_from_the_last_training_row():
    done = out_of_fold_predict(
        Ridge(), X, y, cv=RollingOrigin(3, horizon=[2, 4], train_size=20)
    )
    assert_array_equal(done.steps_ahead, [2, 4] * 3)
    gapped = out_of_fold_predict(Ridge(), X, y, cv=RollingOrigin(2, test_size=3, gap=4))
    assert_array_equal(gapped.steps_ahead, [5, 6, 7] * 2)
    both = out_of_fold_predict(Ridge(), X, y, cv=HVBlock(2, 3))
    first = both.folds == 1
    assert_array_equal(both.steps_ahead[first], np.arange(4, 9))
    assert not both.steps_ahead[both.folds == 0].any()


def test_steps_ahead_count_distinct_times_of_a_panel_in_any_order():
    rng = np.random.default_rng(0)
    days = np.repeat(np.arange(20), 3)
    order = rng.permutation(60)
    frame = pd.DataFrame(
        X[order],
        index=pd.Timestamp("2024-01-01") + pd.to_timedelta(days[order], unit="D"),
    )
    done = out_of_fold_predict(
        Ridge(), frame, y[order], cv=RollingOrigin(2, test_size=4)
    )
    day = days[order][done.rows]
    assert_array_equal(done.steps_ahead, day - np.where(done.folds == 0, 11, 15))
    assert_array_equal(np.bincount(done.steps_ahead), [0, 6, 6, 6, 6])


def test_steps_ahead_are_counted_from_before_a_time_that_is_trained_on_too():
    times, entity = np.repeat(np.arange(20), 3), np.tile([0, 1, 2], 20)
    done = out_of_fold_predict(
        Ridge(), X, y, groups=entity, times=times, cv=GroupKFold(3)
    )
    assert_array_equal(done.steps_ahead, (times[done.rows] > 0).astype(int))


def test_horizons_get_worse_on_a_walk():
    walk = np.cumsum(np.random.default_rng(0).normal(size=1500))
    features = np.arange(1500.0)[:, None]
    cv = RollingOrigin(None, train_size=5, test_size=6, step=3, window="sliding")
    done = out_of_fold_predict(DummyRegressor(), features, walk, cv=cv)
    scores = done.scores_by("horizon", "neg_mean_squared_error")
    assert_array_equal(scores.labels, np.arange(1, 7))
    # The last five are 0, 1, .., 4 steps old: error h + (1 + 4 + 9 + 16) / 25.
    assert_allclose(-scores.scores, scores.labels + 1.2, rtol=0.15)


@pytest.mark.parametrize("refit_every", [2, 3, None])
def test_models_serve_the_folds_between(refit_every):
    cv = RollingOrigin(5, test_size=8)
    done = out_of_fold_predict(Counter(), X, y, cv=cv, refit_every=refit_every)
    n_train = np.array([len(train) for train, _ in cv.split(X)])
    model = np.arange(5) // (refit_every or 5) * (refit_every or 5)
    expected = np.repeat(n_train[model], 8)
    assert_array_equal(done.predictions[:, 0], expected)
    assert (done.predictions[:, 1] == 1).all()


def test_models_are_taught_what_is_new():
    cv = RollingOrigin(5, test_size=8)
    weights = np.full(60, 2.0)
    done = out_of_fold_predict(
        Counter(),
        X,
        y,
        cv=cv,
        refit_every=3,
        update="partial_fit",
        params={"sample_weight": weights},
    )
    n_train = np.array([len(train) for train, _ in cv.split(X)])
    assert_array_equal(done.predictions[::8, 0], 2 * n_train)
    assert_array_equal(done.predictions[::8, 1], [1, 2, 3, 1, 2])


def test_updates_are_those_of_a_loop():
    cv = RollingOrigin(4, test_size=10)
    model = SGDRegressor(random_state=0)
    done = out_of_fold_predict(
        model, X, y, cv=cv, refit_every=None, update="partial_fit"
    )
    folds = list(cv.split(X))
    by_hand = clone(model).fit(X[folds[0][0]], y[folds[0][0]])
    said = [by_hand.predict(X[folds[0][1]])]
    for number in (1, 2, 3):
        new = np.setdiff1d(folds[number][0], folds[number - 1][0])
        by_hand.partial_fit(X[new], y[new])
        said.append(by_hand.predict(X[folds[number][1]]))
    assert_array_equal(done.predictions, np.concatenate(said))


def test_a_model_is_not_tested_on_what_it_saw():
    with pytest.raises(LeakageError, match="Fold 1 tests or keeps away 20 rows"):
        out_of_fold_predict(Ridge(), X, y, cv=KFold(3), refit_every=2)
    with pytest.raises(LeakageError, match="refit_every=None"):
        out_of_fold_predict(
            SGDRegressor(),
            X,
            y,
            cv=PurgedKFold(3),
            refit_every=None,
            update="partial_fit",
        )


def test_classes_that_come_later_cannot_be_learned_in_steps():
    label = np.repeat([0, 1, 2], 20)
    with pytest.raises(ValueError, match=r"of classes \[2\].*fitted on \[0, 1\]") as e:
        out_of_fold_predict(
            SGDClassifier(),
            X,
            label,
            cv=RollingOrigin(None, train_size=35, test_size=10),
            refit_every=None,
            update="partial_fit",
        )
    assert "Fold 1, with 10 rows to learn from" in e.value.__notes__[0]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_the_bits_do_not_depend_on_n_jobs(n_jobs):
    cv = RollingOrigin(6)
    forest = RandomForestClassifier(5, random_state=3)
    done = out_of_fold_predict(
        forest, X_c, y_c, cv=cv, n_jobs=n_jobs, method="predict_proba", refit_every=2
    )
    again = out_of_fold_predict(
        forest, X_c, y_c, cv=cv, method="predict_proba", refit_every=2
    )
    assert_array_equal(done.predictions, again.predictions)
    assert not hasattr(forest, "classes_")


def test_context_is_what_lags_look_back_on():
    values = np.arange(40.0)[:, None]
    pipe = make_pipeline(Lags(2), SumOfLags())
    cv = RollingOrigin(3, test_size=5)
    without = out_of_fold_predict(pipe, values, values[:, 0], cv=cv)
    assert_array_equal(
        np.isnan(without.predictions.reshape(3, 5)), [[1, 1, 0, 0, 0]] * 3
    )
    done = out_of_fold_predict(pipe, values, values[:, 0], cv=cv, context=2)
    assert_array_equal(done.rows, without.rows)
    assert_array_equal(done.predictions, 3 * done.rows - 3)


@pytest.mark.parametrize(
    "cv",
    [
        KFold(4, shuffle=True, random_state=0),
        RollingOrigin(3, horizon=[1, 3, 9]),
        CombinatorialPurgedKFold(4, 2),
        HVBlock(1, 2),
    ],
)
def test_context_reaches_scattered_rows_in_any_order(cv):
    rng = np.random.default_rng(1)
    when = rng.permutation(60)
    values = when[:, None].astype(float)
    done = out_of_fold_predict(
        make_pipeline(Lags(2), SumOfLags()), values, y, cv=cv, times=when, context=2
    )
    expected = 3.0 * when[done.rows] - 3
    expected[when[done.rows] < 2] = np.nan
    assert_array_equal(done.predictions, expected)


def test_context_may_be_a_span_of_time():
    days = pd.date_range("2024-01-01", periods=40, tz="Europe/Berlin")
    frame = pd.DataFrame({"value": np.arange(40.0)}, index=days)
    pipe = make_pipeline(Lags(3), SumOfLags())
    cv = RollingOrigin(2, test_size="7D")
    done = out_of_fold_predict(pipe, frame, frame["value"], cv=cv, context="3D")
    assert_array_equal(done.predictions, 4 * done.rows - 6)
    with pytest.raises(ValueError, match=r"context='3D'\) is a span of time, but rows"):
        out_of_fold_predict(pipe, X, y, cv=KFold(3), context="3D")


def test_missing_classes_get_columns():
    label = np.repeat(["a", "b", "c"], 20)
    cv = RollingOrigin(None, train_size=30, test_size=10)
    with pytest.warns(RuntimeWarning, match=r"Folds \[0, 1\] were trained on fewer"):
        done = out_of_fold_predict(
            LogisticRegression(), X, label, cv=cv, method="predict_proba"
        )
    assert done.predictions.shape == (30, 3)
    assert_array_equal(done.predictions[:20, 2], 0)
    assert (done.predictions[20:, 2] > 0).all()
    with pytest.warns(RuntimeWarning):
        logs = out_of_fold_predict(
            LogisticRegression(), X, label, cv=cv, method="predict_log_proba"
        )
    assert np.isfinite(logs.predictions).all()
    with pytest.raises(ValueError, match=r"Fold 0 was trained on 2 of 3 classes.*\(10"):
        out_of_fold_predict(
            LogisticRegression(), X, label, cv=cv, method="decision_function"
        )


def test_weights_of_classes_by_name_reach_the_estimator():
    """cross_val_predict encodes labels first, so names in class_weight are lost."""
    weighted = LogisticRegression(class_weight={"ash": 9, "beech": 1, "cedar": 1})
    done = out_of_fold_predict(
        weighted, X_c, NAMES, cv=KFold(3), method="predict_proba"
    )
    plain = out_of_fold_predict(
        LogisticRegression(), X_c, NAMES, cv=KFold(3), method="predict_proba"
    )
    assert done.values[:, 0].mean() > plain.values[:, 0].mean() + 0.1


def test_groups_and_params_follow_the_rows():
    groups = np.arange(60) % 7
    weights = np.where(np.arange(60) < 30, 1.0, 0.0)
    done = out_of_fold_predict(
        LinearRegression(),
        X,
        y,
        groups=groups,
        cv=GroupKFold(3),
        params={"sample_weight": weights},
    )
    expected = cross_val_predict(
        LinearRegression(),
        X,
        y,
        groups=groups,
        cv=GroupKFold(3),
        params={"sample_weight": weights},
    )
    assert_array_equal(done.values, expected)
    with config_context(enable_metadata_routing=True):
        asked = LinearRegression().set_fit_request(sample_weight=True)
        routed = out_of_fold_predict(
            asked,
            X,
            y,
            cv=GroupKFold(3),
            params={"sample_weight": weights, "groups": groups},
        )
        assert_array_equal(routed.values, expected)
        by_keyword = out_of_fold_predict(
            asked,
            X,
            y,
            groups=groups,
            cv=GroupKFold(3),
            params={"sample_weight": weights},
        )
        assert_array_equal(by_keyword.values, expected)
        with pytest.raises(ValueError, match="twice"):
            out_of_fold_predict(
                asked, X, y, groups=groups, cv=GroupKFold(3), params={"groups": groups}
            )
        with pytest.raises(TypeError, match="nonsense"):
            out_of_fold_predict(asked, X, y, params={"nonsense": weights})


@pytest.mark.parametrize("routing", [False, True])
def test_times_reach_a_search_within(routing):
    """Inner folds purge by label ends only if the search is told of them."""
    times = np.arange(60)
    ends = times + 6
    seen = []

    class Spy(PurgedKFold):
        def split(self, X, y=None, groups=None, *, times=None, label_end=None):
            seen.append((times, label_end))
            return super().split(X, y, groups, times=times, label_end=label_end)

    search = GridSearchCV(Ridge(), {"alpha": [1, 10]}, cv=Spy(3))
    with config_context(enable_metadata_routing=routing):
        out_of_fold_predict(
            search,
            X,
            y,
            cv=RollingOrigin(3, test_size=10),
            times=times,
            label_end=ends,
        )
    assert len(seen) == 3
    for inner_times, inner_ends in seen:
        assert_array_equal(inner_ends - inner_times, 6)
    with pytest.raises(ValueError, match="routing on"):
        out_of_fold_predict(
            search,
            X,
            y,
            cv=RollingOrigin(3),
            times=times,
            params={"sample_weight": np.ones(60)},
        )


def test_times_are_used_where_the_splitter_takes_none():
    """TimeSeriesSplit goes by rows; horizons go by the times all the same."""
    times = np.arange(60) * 10
    done = out_of_fold_predict(Ridge(), X, y, cv=TimeSeriesSplit(2), times=times)
    assert_array_equal(done.steps_ahead[:20], np.arange(1, 21))


def test_without_a_target():
    done = out_of_fold_predict(SumOfLags(), X, cv=KFold(3))
    assert_allclose(done.values, X.sum(axis=1))
    with pytest.raises(ValueError, match="no target"):
        done.score()


def test_columns_of_targets_and_sparse_targets():
    column = out_of_fold_predict(Ridge(), X, y[:, None], cv=KFold(3))
    assert column.score() == pytest.approx(
        out_of_fold_predict(Ridge(), X, y, cv=KFold(3)).score()
    )
    masks = [(np.arange(60) >= 20, np.arange(60) < 20)]
    masked = out_of_fold_predict(Ridge(), X, y, cv=masks)
    assert_array_equal(masked.rows, np.arange(20))


def test_in_a_bag():
    done = out_of_fold_predict(
        BaggingClassifier(n_estimators=3, random_state=0),
        X_c,
        y_c,
        cv=RollingOrigin(3),
        method="predict_proba",
    )
    assert_allclose(done.predictions.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        ({"method": "predict_proba"}, InvalidParameterError, "a method of Ridge"),
        ({"method": None}, InvalidParameterError, "'method'"),
        ({"refit_every": 0}, InvalidParameterError, "'refit_every'"),
        ({"refit_every": 1.5}, InvalidParameterError, "'refit_every'"),
        ({"update": "refit"}, InvalidParameterError, "'update'"),
        ({"update": "partial_fit"}, ValueError, "refit_every=1"),
        ({"update": "partial_fit", "refit_every": 2}, ValueError, "no partial_fit"),
        ({"context": -1}, InvalidParameterError, "'context'"),
        ({"context": 0.5}, InvalidParameterError, "'context'"),
        ({"context": "nonsense"}, InvalidParameterError, "'context'"),
        ({"n_jobs": "two"}, InvalidParameterError, "'n_jobs'"),
        ({"verbose": -1}, InvalidParameterError, "'verbose'"),
        ({"params": [1]}, InvalidParameterError, "'params'"),
        ({"cv": []}, ValueError, "makes no folds of 60 rows"),
        ({"cv": [([], [1])]}, ValueError, "no train rows"),
        ({"cv": [([1], [])]}, ValueError, "no test rows"),
        ({"times": np.arange(59)}, ValueError, "59 values for 60 rows"),
    ],
)
def test_wrong_use_is_said_before_work(given, error, match):
    with pytest.raises(error, match=match):
        out_of_fold_predict(Ridge(), X, y, **given)


def test_wrong_scores_are_said():
    done = out_of_fold_predict(Ridge(), X, y, cv=KFold(3))
    with pytest.raises(InvalidParameterError, match="'by'"):
        done.scores_by("month")
    with pytest.raises(InvalidParameterError, match="'by'"):
        done.scores_by(None)
    with pytest.raises(ValueError, match=r"by has shape \(3,\)"):
        done.scores_by([1, 2, 3])
    with pytest.raises(ValueError, match="no label in 1 of 60"):
        done.scores_by([np.nan] + [1.0] * 59)
    with pytest.raises(InvalidParameterError, match="'how'"):
        done.combine("median")
    with pytest.raises(InvalidParameterError, match="cannot score predictions made"):
        done.score(lambda estimator, X, y: 0.0)
    with pytest.raises(InvalidParameterError, match="'metric'"):
        done.score(3)


def test_a_failure_names_the_fold():
    class Breaks(Ridge):
        def predict(self, X):
            return super().predict(X)[1:]

    with pytest.raises(ValueError, match="One answer for each row") as caught:
        out_of_fold_predict(Breaks(), X, y, cv=KFold(3))
    assert "Fold 0, with 40 rows to learn from and 20 to predict" in str(
        caught.value.__notes__
    )


def test_nothing_is_warned_of_in_vain():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        out_of_fold_predict(Ridge(), X, y, groups=np.arange(60), cv=KFold(3))


class LagOfEntity(TransformerMixin, BaseEstimator):
    """Value of the same entity one row before; NaN where there is none."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        lagged = np.full(len(X), np.nan)
        last = {}
        for i, (entity, value) in enumerate(np.asarray(X, dtype=float)):
            lagged[i] = last.get(entity, np.nan)
            last[entity] = value
        return lagged[:, None]


@pytest.mark.parametrize("cv", [GroupKFold(3), PanelSplit(RollingOrigin(2), 3)])
def test_context_reaches_back_from_within_a_time(cv):
    times = np.repeat(np.arange(20), 3)
    entity = np.tile([0, 1, 2], 20)
    table = np.column_stack([entity, times])
    pipe = make_pipeline(LagOfEntity(), SumOfLags())
    done = out_of_fold_predict(
        pipe, table, y, groups=entity, times=times, cv=cv, context=1
    )
    expected = times[done.rows] - 1.0
    expected[expected < 0] = np.nan
    assert_array_equal(done.predictions, expected)


def test_groups_reach_a_splitter_of_the_users_own():
    seen = []

    class Mine(BaseCrossValidator):
        def get_n_splits(self, X=None, y=None, groups=None):
            return 2

        def split(self, X, y=None, groups=None):
            seen.append(groups)
            yield from KFold(2).split(X)

    groups = np.arange(60)
    out_of_fold_predict(Ridge(), X, y, groups=groups, cv=Mine())
    assert_array_equal(seen[0], groups)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        out_of_fold_predict(Ridge(), X, y, groups=groups[:9], cv=KFold(2))


@pytest.mark.parametrize("routing", [False, True])
def test_times_reach_a_step_that_transforms(routing):
    seen = []

    class Spy(PurgedKFold):
        def split(self, X, y=None, groups=None, *, times=None, label_end=None):
            seen.append(label_end)
            return super().split(X, y, groups, times=times, label_end=label_end)

    times = np.arange(60)
    select = SequentialFeatureSelector(Ridge(), n_features_to_select=1, cv=Spy(2))
    pipe = make_pipeline(select, Ridge())
    told = {"times": times, "label_end": times + 2}
    with config_context(enable_metadata_routing=True):
        cross_validate(pipe, X, y, cv=RollingOrigin(2), params=told)
    if seen[0] is None:
        pytest.skip("this scikit-learn routes nothing to steps that select")
    seen.clear()
    with config_context(enable_metadata_routing=routing):
        out_of_fold_predict(pipe, X, y, cv=RollingOrigin(2), **told)
        if routing:
            out_of_fold_predict(pipe, X, y, cv=RollingOrigin(2), params=told)
    assert len(seen) >= 2
    assert all(one is not None for one in seen)


def test_times_that_cannot_be_passed_on_are_said():
    search = GridSearchCV(AdaBoostRegressor(), {"n_estimators": [2]}, cv=PurgedKFold(2))
    with pytest.raises(ValueError, match="does not support metadata routing"):
        out_of_fold_predict(search, X, y, cv=RollingOrigin(2), times=np.arange(60))
    boosted = AdaBoostRegressor(n_estimators=2, random_state=0)
    out_of_fold_predict(boosted, X, y, cv=RollingOrigin(2), times=np.arange(60))


def test_what_nobody_asks_for_is_warned_of():
    times = np.arange(60)
    with pytest.warns(UserWarning, match="neither KFold nor Ridge asks for it"):
        out_of_fold_predict(Ridge(), X, y, cv=3, times=times, label_end=times + 3)
    with pytest.warns(UserWarning, match="RollingOrigin has the same parameters"):
        out_of_fold_predict(Ridge(), X, y, cv=TimeSeriesSplit(3), times=times[::-1])


@pytest.mark.parametrize(
    "cv", [HVBlock(2, 5), PurgedKFold(4, embargo=2), RandomOrigin(4, random_state=0)]
)
def test_a_model_is_not_used_where_a_fold_guards_itself_from_its_rows(cv):
    with pytest.raises(LeakageError, match="keeps away"):
        out_of_fold_predict(Ridge(), X, y, cv=cv, refit_every=2)


def test_windows_that_slide_may_share_a_model():
    cv = RollingOrigin(None, train_size=20, test_size=5, window="sliding", gap=2)
    done = out_of_fold_predict(Ridge(), X, y, cv=cv, refit_every=3)
    train, _ = next(cv.split(X))
    first = Ridge().fit(X[train], y[train])
    assert_allclose(done.predictions[:15], first.predict(X[done.rows[:15]]))


def test_folds_that_test_what_they_train_on_are_refused():
    with pytest.raises(LeakageError, match="Fold 0 tests 60 of the rows that it train"):
        out_of_fold_predict(Ridge(), X, y, cv=[(np.arange(60), np.arange(60))])


def test_times_of_a_splitter_within_another():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": X[:, 0], "t": rng.permutation(60)})
    inner = RollingOrigin(2, test_size=4, time="t")
    expected = out_of_fold_predict(Ridge(), frame, y, cv=inner).steps_ahead
    assert_array_equal(expected, [1, 2, 3, 4] * 2)
    for cv in (Guarded(inner), PanelSplit(inner)):
        done = out_of_fold_predict(Ridge(), frame, y, cv=cv)
        assert_array_equal(done.steps_ahead, expected)


def test_times_that_no_one_needs_may_be_of_no_use():
    days = pd.DatetimeIndex(["2024-01-01"] * 59 + [pd.NaT])
    frame = pd.DataFrame(X, index=days)
    done = out_of_fold_predict(Ridge(), frame, y, cv=KFold(2))
    assert_array_equal(done.steps_ahead[30:], np.arange(1, 31))
    with pytest.raises(ValueError, match="rows have no time"):
        out_of_fold_predict(Ridge(), frame, y, cv=RollingOrigin(2))


def test_decisions_of_pairs_are_no_labels():
    pairs = SVC(decision_function_shape="ovo")
    done = out_of_fold_predict(pairs, X_c, y_c, cv=3, method="decision_function")
    with pytest.raises(ValueError, match="asks for predict, and the predictions"):
        done.score()


def test_several_labels_at_once():
    labels = np.column_stack([y_c == 0, y_c > 0]).astype(int)
    each = OneVsRestClassifier(LogisticRegression())
    done = out_of_fold_predict(each, X_c, labels, cv=3, method="predict_proba")
    said = out_of_fold_predict(each, X_c, labels, cv=3)
    assert done.score() == said.score()


def test_a_column_of_targets_meets_predictions_of_its_shape():
    done = out_of_fold_predict(LinearRegression(), X, y[:, None], cv=3)
    assert done.values.shape == (60, 1)

    def error(actual, said):
        return np.mean((actual - said) ** 2)

    assert done.score(error) == pytest.approx(-done.score("neg_mean_squared_error"))


def test_the_target_is_kept_as_it_was():
    target = y.copy()
    done = out_of_fold_predict(Ridge(), X, target, cv=3)
    before = done.score()
    target[:] = 0
    assert done.score() == before


def test_updates_get_what_they_ask_for():
    weights = np.full(60, 3.0)
    cv = RollingOrigin(3, test_size=10)
    n_train = np.array([30, 40, 50])
    with config_context(enable_metadata_routing=True):
        asks = (
            Counter()
            .set_fit_request(sample_weight=True)
            .set_partial_fit_request(sample_weight=False)
        )
        done = out_of_fold_predict(
            asks,
            X,
            y,
            cv=cv,
            refit_every=None,
            update="partial_fit",
            params={"sample_weight": weights},
        )
        later = (
            Counter()
            .set_fit_request(sample_weight=False)
            .set_partial_fit_request(sample_weight=True)
        )
        reverse = out_of_fold_predict(
            later,
            X,
            y,
            cv=cv,
            refit_every=None,
            update="partial_fit",
            params={"sample_weight": weights},
        )
    assert_array_equal(done.predictions[::10, 0], 90 + n_train - 30)
    assert_array_equal(reverse.predictions[::10, 0], 30 + 3 * (n_train - 30))
    with_start = out_of_fold_predict(
        SGDRegressor(random_state=0),
        X,
        y,
        cv=cv,
        refit_every=None,
        update="partial_fit",
        params={"coef_init": np.ones(4)},
    )
    assert np.isfinite(with_start.predictions).all()


def test_groups_that_lack_a_class_are_scored():
    label = np.array(["a", "b", "c"])[np.arange(90) % 3]
    done = out_of_fold_predict(
        LogisticRegression(), X_c, label, cv=RollingOrigin(3), method="predict_proba"
    )
    scores = done.scores_by("horizon", "neg_log_loss")
    assert np.isfinite(scores.scores).all()
    assert scores.pooled == pytest.approx(-log_loss(label[done.rows], done.predictions))


def test_metrics_by_any_name():
    done = out_of_fold_predict(Ridge(), X, y, cv=3)
    error = mean_absolute_error(y, done.values)
    assert done.score(lambda t, p: np.abs(t - p).mean()) == pytest.approx(error)
    ranks = done.score(lambda a, b: np.corrcoef(a, b)[0, 1])
    assert ranks == pytest.approx(np.corrcoef(y, done.values)[0, 1])


def test_estimators_that_only_know_their_methods_after_the_fit():
    stacked = StackingRegressor([("ridge", Ridge())], cv=3)
    done = out_of_fold_predict(stacked, X, y, cv=KFold(3))
    assert np.isfinite(done.values).all()


def test_labels_without_a_target_are_put_to_the_vote():
    cut = [(np.arange(30), [59]), (np.arange(30, 55), [59]), (np.arange(50), [59])]
    done = out_of_fold_predict(
        IsolationForest(n_estimators=5, random_state=0), X, cv=cut
    )
    assert done.values[59] in {-1, 1}

    class Names(SumOfLags):
        def predict(self, X):
            return np.where(np.asarray(X)[:, 0] > 0, "up", "down")

    named = out_of_fold_predict(Names(), X, cv=cut)
    assert named.values[59] in {"up", "down"}
    assert named.values[0] is None


def test_rows_by_mask_and_from_the_end():
    from_end = [(np.arange(40), np.arange(-20, 0))]
    done = out_of_fold_predict(Ridge(), X, y, cv=from_end)
    assert_array_equal(done.rows, np.arange(40, 60))
    with pytest.raises(ValueError, match=r"A mask of rows has shape \(50,\) for 60"):
        out_of_fold_predict(Ridge(), X, y, cv=[(np.arange(50) < 40, [59])])
    with pytest.raises(ValueError, match="rows from 61 to 61, and X has 60"):
        out_of_fold_predict(Ridge(), X, y, cv=[(np.arange(40), [61])])


def test_logarithms_of_probabilities_stay_finite_in_the_mean():
    label = np.repeat(["a", "b", "c"], 20)
    folds = [
        (np.arange(40), [59]),
        (np.arange(35), [59]),
        (np.arange(58), [59]),
    ]
    with pytest.warns(RuntimeWarning, match=r"Folds \[0, 1\] were trained on fewer"):
        logs = out_of_fold_predict(
            LogisticRegression(), X, label, cv=folds, method="predict_log_proba"
        )
    with pytest.warns(RuntimeWarning):
        said = out_of_fold_predict(
            LogisticRegression(), X, label, cv=folds, method="predict_proba"
        )
    assert_allclose(np.exp(logs.values[59]), said.values[59])
    assert np.isnan(logs.values[:59]).all()


@pytest.mark.parametrize("kind", [bool, np.int8, np.int64, np.float32])
def test_labels_and_values_are_kept_to_the_last_digit(kind):
    big = 2**53 + 1 if kind is np.int64 else 1
    label = np.repeat([0, big], 30).astype(kind)[
        np.random.default_rng(0).permutation(60)
    ]
    most = DummyClassifier(strategy="most_frequent")
    done = out_of_fold_predict(most, X, label, cv=RollingOrigin(2))
    assert set(done.values[20:].tolist()) <= {0, big}
    assert done.values.dtype in (np.float64, np.float32, object)


def test_labels_of_rows_that_were_never_predicted_may_be_missing():
    done = out_of_fold_predict(Ridge(), X, y, cv=RollingOrigin(2))
    month = pd.Series([np.nan] * 20 + [1.0] * 20 + [2.0] * 20)
    assert_array_equal(done.scores_by(month).labels, [1, 2])
