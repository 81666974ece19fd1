"""bootstrap_score: inputs, scores, schemes, workers, failures, errors.

What the numbers are is tested in tests/reference/test_632.py.
"""

import pickle
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from _names import without_address
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context, metrics
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import get_scorer, make_scorer
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ensembles import (
    BayesianBootstrap,
    BlockJackknife,
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    GroupJackknife,
    Jackknife,
    MovingBlockBootstrap,
    PoissonBootstrap,
    StationaryBootstrap,
)
from ensembles.exceptions import InvalidParameterError, MemberFailedWarning
from ensembles.inference import BootstrapScore, bootstrap_score
from ensembles.inference._refits._row_loss import shifts

X, Y = make_classification(60, 5, n_informative=3, random_state=0)
YR = X @ [1.0, 2.0, 0.0, 0.0, 1.0] + np.random.default_rng(0).normal(size=60)
WORDS = np.array(["no", "yes"])[Y]
GROUPS = np.arange(60) // 3
WEIGHTS = np.random.default_rng(1).integers(1, 4, size=60)


def fields(result):
    """Everything a result holds but the estimators."""
    return {name: value for name, value in vars(result).items() if name != "estimators"}


def assert_same(one, other, **tolerance):
    left, right = fields(one), fields(other)
    assert left.keys() == right.keys()
    for name, value in left.items():
        if isinstance(value, str) or value is None:
            assert value == right[name], name
        elif tolerance:
            assert_allclose(value, right[name], err_msg=name, **tolerance)
        else:
            assert_array_equal(value, right[name], err_msg=name)


# --- what the result says ---------------------------------------------------------


def test_the_result_says_what_the_score_is_made_of():
    result = bootstrap_score(DecisionTreeClassifier(), X, Y, n_resamples=30, rng=0)
    assert isinstance(result, BootstrapScore)
    assert result.scores.shape == (30,)
    assert result.apparent == 1
    assert result.out_of_bag < result.score < result.apparent
    assert 0 < result.overfitting_rate < 1
    assert 0.632 < result.weight < 1
    assert result.method == ".632+"
    assert (result.n_redrawn, result.n_failed, result.n_never_out_of_bag) == (0, 0, 0)
    assert result.estimators is None


@pytest.mark.parametrize(("method", "weight"), [("oob", 1), (".632", 0.632)])
def test_simpler_methods_weigh_alike_whatever_the_overfitting(method, weight):
    result = bootstrap_score(DecisionTreeClassifier(), X, Y, method=method, rng=0)
    assert result.weight == weight
    mixed = (1 - weight) * result.apparent + weight * result.out_of_bag
    assert result.score == pytest.approx(mixed)
    assert result.overfitting_rate > 0


def test_the_interval_is_normal():
    result = bootstrap_score(GaussianNB(), X, Y, rng=0)
    low, high = result.interval()
    assert (low + high) / 2 == pytest.approx(result.score)
    assert high - low == pytest.approx(2 * 1.959963985 * result.standard_error)
    wide = result.interval(confidence_level=0.99)
    assert wide[0] < low < high < wide[1]


@pytest.mark.parametrize("level", [0, 1, -0.5, 95, True, "0.9", None, np.nan])
def test_a_confidence_level_that_is_none_is_an_error(level):
    result = bootstrap_score(GaussianNB(), X, Y, n_resamples=20, rng=0)
    with pytest.raises(InvalidParameterError, match=r"float in the range \(0.0, 1.0"):
        result.interval(level)


def test_the_result_cannot_be_changed_and_can_be_pickled():
    result = bootstrap_score(GaussianNB(), X, Y, n_resamples=20, rng=0)
    with pytest.raises(AttributeError, match="cannot assign to field 'score'"):
        result.score = 1.0
    assert_same(pickle.loads(pickle.dumps(result)), result)


def test_the_scores_of_replicates_are_those_of_cross_validation():
    """One object in two roles: as splitter it draws the same rows."""
    scheme = Bootstrap(25, random_state=3)
    result = bootstrap_score(GaussianNB(), X, Y, scheme=scheme)
    assert_allclose(result.scores, cross_val_score(GaussianNB(), X, Y, cv=scheme))
    auc = bootstrap_score(GaussianNB(), X, Y, scheme=scheme, scoring="roc_auc")
    by_fold = cross_val_score(GaussianNB(), X, Y, cv=scheme, scoring="roc_auc")
    assert_allclose(auc.scores, by_fold)
    assert auc.out_of_bag == pytest.approx(by_fold.mean())


# --- scoring -------------------------------------------------------------------------

SCORERS = [
    "accuracy",
    "balanced_accuracy",
    "neg_log_loss",
    "neg_brier_score",
    "f1",
    "roc_auc",
    "average_precision",
    "matthews_corrcoef",
    "rand_score",
    make_scorer(metrics.zero_one_loss, greater_is_better=False),
    make_scorer(metrics.zero_one_loss, greater_is_better=False, normalize=False),
    make_scorer(metrics.fbeta_score, beta=2),
    make_scorer(metrics.hinge_loss, response_method="decision_function"),
]
VALUE_SCORERS = [
    "r2",
    "neg_mean_squared_error",
    "neg_mean_absolute_error",
    "neg_root_mean_squared_error",
    "neg_median_absolute_error",
    "neg_mean_squared_log_error",
    "neg_mean_absolute_percentage_error",
    "neg_mean_poisson_deviance",
    "neg_mean_gamma_deviance",
    "explained_variance",
    "neg_max_error",
    "d2_absolute_error_score",
    make_scorer(metrics.mean_pinball_loss, alpha=0.1, greater_is_better=False),
    make_scorer(metrics.mean_tweedie_deviance, power=3, greater_is_better=False),
    make_scorer(metrics.mean_squared_error),
]


@pytest.mark.parametrize(
    ("scoring", "weights"),
    [(scoring, None) for scoring in SCORERS]
    + [
        pytest.param(scoring, WEIGHTS, marks=[] if number < 3 else pytest.mark.slow)
        for number, scoring in enumerate(SCORERS)
        if scoring != "rand_score"
    ],
    ids=lambda value: "weighted" if isinstance(value, np.ndarray) else str(value),
)
def test_the_apparent_score_of_classes_is_the_scorer_s(scoring, weights):
    scorer = get_scorer(scoring)
    given = {} if weights is None else {"sample_weight": weights}
    model = LogisticRegression()
    result = bootstrap_score(
        model, X, Y, scoring=scoring, n_resamples=15, rng=0, **given
    )
    expected = scorer(model.fit(X, Y, **given), X, Y, **given)
    assert result.apparent == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("scoring", "weights"),
    [(scoring, None) for scoring in VALUE_SCORERS]
    + [
        pytest.param(scoring, WEIGHTS, marks=[] if number < 3 else pytest.mark.slow)
        for number, scoring in enumerate(VALUE_SCORERS)
        if scoring != "neg_max_error"
    ],
    ids=lambda value: "weighted" if isinstance(value, np.ndarray) else str(value),
)
def test_the_apparent_score_of_values_is_the_scorer_s(scoring, weights):
    scorer = get_scorer(scoring)
    given = {} if weights is None else {"sample_weight": weights}
    model = DecisionTreeRegressor(max_depth=3, random_state=0)
    y = np.exp(YR / 4)
    result = bootstrap_score(
        model, X, y, scoring=scoring, n_resamples=15, rng=0, **given
    )
    expected = scorer(model.fit(X, y, **given), X, y, **given)
    assert result.apparent == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("estimator", "y", "scoring"),
    [
        (LogisticRegression(), Y, "accuracy"),
        (KNeighborsClassifier(), Y, "accuracy"),
        (DummyClassifier(), Y, "accuracy"),
        (make_pipeline(StandardScaler(), GaussianNB()), Y, "accuracy"),
        (Ridge(), YR, "r2"),
        (DummyRegressor(), YR, "r2"),
    ],
    ids=lambda thing: type(thing).__name__,
)
def test_without_scoring_the_estimator_s_own_score_is_taken(estimator, y, scoring):
    own = bootstrap_score(estimator, X, y, n_resamples=20, rng=0)
    named = bootstrap_score(estimator, X, y, scoring=scoring, n_resamples=20, rng=0)
    assert_same(own, named)


def test_an_estimator_with_a_score_of_its_own_is_taken_at_its_word():
    search = GridSearchCV(GaussianNB(), {"var_smoothing": [1e-9]}, scoring="roc_auc")
    result = bootstrap_score(search, X, Y, n_resamples=10, rng=0)
    assert result.apparent == search.fit(X, Y).score(X, Y)
    named = bootstrap_score(search, X, Y, scoring="roc_auc", n_resamples=10, rng=0)
    assert_allclose(result.scores, named.scores)
    assert result.standard_error is None
    assert named.standard_error > 0


def pairs_of(y, said):
    """All n² pairs, written out."""
    n = len(y)
    return np.repeat(y, n), np.tile(said, n)


@pytest.mark.parametrize(
    ("scoring", "method"),
    [
        ("roc_auc", "decision_function"),
        ("average_precision", "decision_function"),
        ("f1", "predict"),
        ("matthews_corrcoef", "predict"),
        ("rand_score", "predict"),
    ],
)
def test_no_information_of_other_scores_of_classes_is_that_of_all_pairs(
    scoring, method
):
    model = LogisticRegression()
    result = bootstrap_score(model, X, Y, scoring=scoring, n_resamples=10, rng=0)
    said = getattr(model.fit(X, Y), method)(X)
    metric = get_scorer(scoring)._score_func
    assert result.no_information == pytest.approx(metric(*pairs_of(Y, said)))


def test_an_auc_without_information_is_one_half():
    for y in (Y, np.arange(60) % 5 == 0):
        result = bootstrap_score(
            GaussianNB(), X, y, scoring="roc_auc", n_resamples=10, rng=0
        )
        assert result.no_information == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize(
    "scoring",
    ["neg_root_mean_squared_error", "neg_median_absolute_error", "explained_variance"],
)
def test_no_information_of_other_scores_of_values_is_that_of_all_pairs(scoring):
    result = bootstrap_score(Ridge(), X, YR, scoring=scoring, n_resamples=10, rng=0)
    targets, said = pairs_of(YR, Ridge().fit(X, YR).predict(X))
    scorer = get_scorer(scoring)
    expected = scorer._sign * scorer._score_func(targets, said)
    assert result.no_information == pytest.approx(expected)


def test_no_information_of_many_rows_is_taken_from_as_many_pairs_as_can_be_held():
    """The root of the squared error over 10⁶ of 9 million pairs: 1 % off at most.

    Its standard error is about 0.1 %.
    """
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 3000))
    result = bootstrap_score(
        LinearRegression(),
        np.sort(x)[:, None],
        np.sort(x + y),
        scoring="neg_root_mean_squared_error",
        n_resamples=8,
        scheme=Bootstrap(),
        method="oob",
        rng=0,
    )
    model = LinearRegression().fit(np.sort(x)[:, None], np.sort(x + y))
    said = model.predict(np.sort(x)[:, None])
    exact = np.sqrt((x + y).var() + said.var())
    assert -result.no_information == pytest.approx(exact, rel=0.01)


def test_a_scorer_by_hand_is_a_score_like_any_other():
    def scorer(estimator, X, y):
        return metrics.roc_auc_score(y, estimator.predict_proba(X)[:, 1])

    by_hand = bootstrap_score(GaussianNB(), X, Y, scoring=scorer, n_resamples=20, rng=0)
    named = bootstrap_score(
        GaussianNB(), X, Y, scoring="roc_auc", n_resamples=20, rng=0
    )
    assert_allclose(by_hand.scores, named.scores)
    assert by_hand.no_information == pytest.approx(0.5, abs=0.05)
    assert by_hand.standard_error is None


def test_a_scorer_by_hand_that_takes_weights_knows_no_information_exactly():
    def scorer(estimator, X, y, sample_weight=None):
        said = estimator.predict_proba(X)[:, 1]
        return metrics.roc_auc_score(y, said, sample_weight=sample_weight)

    result = bootstrap_score(GaussianNB(), X, Y, scoring=scorer, n_resamples=20, rng=0)
    assert result.no_information == pytest.approx(0.5, abs=1e-12)


def test_a_scorer_that_does_not_name_its_parameters_is_a_scorer():
    class Unsigned:
        __signature__ = "secret"

        def __call__(self, estimator, X, y):
            return estimator.score(X, y)

    unsigned = bootstrap_score(
        GaussianNB(), X, Y, scoring=Unsigned(), n_resamples=20, rng=0
    )
    named = bootstrap_score(GaussianNB(), X, Y, n_resamples=20, rng=0)
    assert_allclose(unsigned.scores, named.scores)


def test_an_auc_of_three_classes():
    y = np.repeat([0, 1, 2], 20)
    features = X + y[:, None]
    result = bootstrap_score(
        GaussianNB(), features, y, scoring="roc_auc_ovr", n_resamples=15, rng=0
    )
    assert result.no_information == pytest.approx(0.5, abs=1e-12)
    assert 0.6 < result.out_of_bag < result.score < result.apparent < 1
    assert 0 < result.standard_error < 0.1


@pytest.mark.filterwarnings("ignore:R\\^2 score is not well-defined")
def test_targets_that_no_loss_of_rows_knows_are_scored_by_replicate():
    """Numbers kept as objects, and R² of a constant, which is 1 if it is hit."""
    objects = bootstrap_score(Ridge(), X, YR.astype(object), n_resamples=20, rng=0)
    floats = bootstrap_score(Ridge(), X, YR, n_resamples=20, rng=0)
    assert objects.apparent == pytest.approx(floats.apparent)
    constant = bootstrap_score(DummyRegressor(), X, np.ones(60), n_resamples=20, rng=0)
    assert (constant.score, constant.standard_error) == (1, 0)


def test_a_loss_may_be_negative():
    """Its standard error is not scaled, since negative errors have no ratio."""

    def loss(y_true, y_pred):
        return (y_true != y_pred) - 1.0

    how = {"scoring": loss, "n_resamples": 50, "rng": 0}
    oob = bootstrap_score(GaussianNB(), X, Y, method="oob", **how)
    plus = bootstrap_score(GaussianNB(), X, Y, **how)
    plain = bootstrap_score(GaussianNB(), X, Y, n_resamples=50, rng=0)
    assert plus.score == pytest.approx(-plain.score)
    assert plus.standard_error == oob.standard_error > 0


def test_a_weighted_loss_of_the_users_own_is_the_named_one():
    how = {"sample_weight": WEIGHTS, "n_resamples": 20, "rng": 0}
    own = bootstrap_score(Ridge(), X, YR, scoring=lambda y, f: (y - f) ** 2, **how)
    named = bootstrap_score(Ridge(), X, YR, scoring="neg_mean_squared_error", **how)
    for name in ("score", "apparent", "out_of_bag", "no_information"):
        assert getattr(own, name) == pytest.approx(-getattr(named, name))


def test_all_shifts_pair_each_row_with_each_row_once():
    order, offsets = shifts(7, 49)
    pairs = {
        (i, j) for k in offsets for i, j in zip(order, np.roll(order, k), strict=True)
    }
    assert len(pairs) == 7 * len(offsets) == 49


def test_some_shifts_pair_rows_at_random_with_other_rows():
    """2 of 9 offsets; neighbours in the data are not neighbours in the order."""
    order, offsets = shifts(9, 20)
    assert len(offsets) == 2
    assert_array_equal(np.sort(order), np.arange(9))
    assert not np.array_equal(order, np.arange(9))
    for k in offsets:
        assert (order != np.roll(order, k)).all()
    assert len(shifts(9, 5)[1]) == 1


def test_a_loss_of_all_rows_is_an_error_that_says_what_to_do():
    message = "must return 60 numbers for 60 rows, got shape \\(\\). Wrap a metric"
    with pytest.raises(ValueError, match=message):
        bootstrap_score(GaussianNB(), X, Y, scoring=metrics.mean_squared_error)


def test_several_outputs_count_equally():
    Y2 = np.column_stack([YR, YR**2])
    how = {"scoring": "neg_mean_absolute_error", "n_resamples": 20, "rng": 0}
    both = bootstrap_score(LinearRegression(), X, Y2, method="oob", **how)
    each = [
        bootstrap_score(LinearRegression(), X, y, method="oob", **how) for y in Y2.T
    ]
    assert both.score == pytest.approx(np.mean([result.score for result in each]))
    mean = np.mean([result.no_information for result in each])
    assert both.no_information == pytest.approx(mean)


def test_r2_of_several_outputs_is_averaged_over_replicates():
    Y2 = np.column_stack([YR, YR**2])
    result = bootstrap_score(LinearRegression(), X, Y2, n_resamples=20, rng=0)
    assert result.out_of_bag == pytest.approx(result.scores.mean())
    assert result.standard_error > 0


def test_several_labels_a_row():
    Xm, Ym = make_multilabel_classification(60, random_state=0)
    result = bootstrap_score(KNeighborsClassifier(), Xm, Ym, n_resamples=20, rng=0)
    assert result.apparent == KNeighborsClassifier().fit(Xm, Ym).score(Xm, Ym)
    assert result.no_information < result.out_of_bag < result.apparent


def test_a_class_that_a_replicate_never_saw_has_no_probability():
    """Log loss takes the least probability there is for it, as scikit-learn does."""
    y = np.repeat([0, 1, 2], [29, 2, 29])
    result = bootstrap_score(
        GaussianNB(), X, y, scoring="neg_log_loss", n_resamples=60, rng=0
    )
    lacking = 0
    for number, (train, test) in enumerate(Bootstrap(60, random_state=0).split(X)):
        if 1 not in y[train]:
            said = GaussianNB().fit(X[train], y[train]).predict_proba(X[test])
            said = np.insert(said, 1, 0, axis=1)
            expected = -metrics.log_loss(y[test], said, labels=[0, 1, 2])
            assert result.scores[number] == pytest.approx(expected)
            lacking += 1
    assert lacking > 3


# --- inputs --------------------------------------------------------------------------


class ColumnsWanted(GaussianNB):
    """Fails unless it is given the frame it was promised."""

    def __init__(self, kind=pd.DataFrame):
        super().__init__()
        self.kind = kind

    def fit(self, X, y):
        assert isinstance(X, self.kind)
        assert list(X.columns) == list("abcde")
        return super().fit(np.asarray(X), np.asarray(y))

    def predict(self, X):
        assert isinstance(X, self.kind)
        return super().predict(np.asarray(X))


def test_frames_reach_the_estimator_as_frames():
    plain = bootstrap_score(GaussianNB(), X, Y, n_resamples=20, rng=0)
    frame = pd.DataFrame(X, columns=list("abcde"), index=np.arange(60)[::-1])
    series = pd.Series(Y, index=frame.index)
    result = bootstrap_score(ColumnsWanted(), frame, series, n_resamples=20, rng=0)
    assert_same(result, plain)
    frame = pl.DataFrame(X, schema=list("abcde"))
    estimator = ColumnsWanted(pl.DataFrame)
    result = bootstrap_score(estimator, frame, pl.Series(Y), n_resamples=20, rng=0)
    assert_same(result, plain)


@pytest.fixture(scope="module")
def scored_arrays():
    return {
        scoring: bootstrap_score(
            LogisticRegression(), X, Y, scoring=scoring, n_resamples=15, rng=0
        )
        for scoring in ("accuracy", "precision")
    }


@pytest.mark.parametrize(
    ("table", "targets"),
    [
        (X.tolist(), Y.tolist()),
        (sparse.csr_matrix(X), Y),
        (X, pd.Series(Y)),
        (X, Y[:, None]),
        (X, Y.astype(float)),
        (X, Y.astype(bool)),
    ],
    ids=["lists", "sparse", "series", "column", "floats", "bools"],
)
@pytest.mark.filterwarnings("ignore:A column-vector y was passed")
def test_containers_make_no_difference(table, targets, scored_arrays):
    for scoring, plain in scored_arrays.items():
        how = {"scoring": scoring, "n_resamples": 15, "rng": 0}
        result = bootstrap_score(LogisticRegression(), table, targets, **how)
        assert_same(result, plain, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    "scoring", ["accuracy", "neg_log_loss", "neg_brier_score", "roc_auc"]
)
def test_words_are_classes(scoring):
    how = {"scoring": scoring, "n_resamples": 20, "rng": 0}
    words = bootstrap_score(GaussianNB(), X, WORDS, **how)
    objects = bootstrap_score(GaussianNB(), X, WORDS.astype(object), **how)
    numbers = bootstrap_score(GaussianNB(), X, Y, **how)
    assert_same(words, numbers)
    assert_same(objects, numbers)


def test_a_kernel_has_a_column_for_each_row_drawn():
    kernel = rbf_kernel(X)
    by_kernel = bootstrap_score(SVC(kernel="precomputed"), kernel, Y, rng=0)
    plain = bootstrap_score(SVC(gamma=1 / 5), X, Y, rng=0)
    assert_same(by_kernel, plain)


def test_weights_are_frequencies_in_the_apparent_and_the_no_information_score():
    weighted = bootstrap_score(
        GaussianNB(), X, Y, sample_weight=WEIGHTS, n_resamples=20, rng=0
    )
    again = np.repeat(np.arange(60), WEIGHTS)
    repeated = bootstrap_score(GaussianNB(), X[again], Y[again], n_resamples=20, rng=0)
    assert weighted.apparent == pytest.approx(repeated.apparent)
    assert weighted.no_information == pytest.approx(repeated.no_information)


@pytest.mark.parametrize("scoring", ["accuracy", "roc_auc"])
def test_weights_of_one_change_nothing(scoring):
    how = {"scoring": scoring, "n_resamples": 20, "rng": 0}
    plain = bootstrap_score(GaussianNB(), X, Y, **how)
    ones = bootstrap_score(GaussianNB(), X, Y, sample_weight=np.ones(60), **how)
    doubled = bootstrap_score(GaussianNB(), X, Y, sample_weight=np.full(60, 2), **how)
    assert_same(ones, plain, rtol=1e-9)
    assert_same(doubled, plain, rtol=1e-9)


def test_rows_without_weight_have_no_say():
    rng = np.random.default_rng(0)
    wrong = np.concatenate([Y, 1 - Y[:20]])
    more = np.concatenate([X, X[:20] + rng.normal(size=(20, 5))])
    weights = np.repeat([1.0, 0.0], [60, 20])
    how = {"method": "oob", "n_resamples": 300, "rng": 0}
    with_them = bootstrap_score(GaussianNB(), more, wrong, sample_weight=weights, **how)
    without = bootstrap_score(GaussianNB(), X, Y, **how)
    assert with_them.apparent == without.apparent
    assert abs(with_them.score - without.score) < 0.02


def test_parameters_of_fit_follow_the_rows():
    class Expects(GaussianNB):
        def fit(self, X, y, who, tag):
            assert tag == "a word of 60"
            assert_array_equal(who, X[:, 0])
            return super().fit(X, y)

    params = {"who": X[:, 0].tolist(), "tag": "a word of 60"}
    result = bootstrap_score(Expects(), X, Y, params=params, n_resamples=10, rng=0)
    assert_same(result, bootstrap_score(GaussianNB(), X, Y, n_resamples=10, rng=0))


def test_weights_reach_a_step_of_a_pipeline_by_its_name():
    pipe = make_pipeline(StandardScaler(), GaussianNB())
    named = {"gaussiannb__sample_weight": WEIGHTS}
    result = bootstrap_score(pipe, X, Y, params=named, n_resamples=10, rng=0)
    plain = bootstrap_score(pipe, X, Y, n_resamples=10, rng=0)
    assert result.score != plain.score


def test_weights_are_routed_where_routing_is_on():
    with config_context(enable_metadata_routing=True):
        model = GaussianNB().set_fit_request(sample_weight=True)
        pipe = make_pipeline(model)
        routed = bootstrap_score(
            pipe, X, Y, sample_weight=WEIGHTS, scoring="f1", n_resamples=10, rng=0
        )
    plain = bootstrap_score(
        GaussianNB(), X, Y, sample_weight=WEIGHTS, scoring="f1", n_resamples=10, rng=0
    )
    assert_same(routed, plain)


# --- schemes -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "scheme",
    [
        Bootstrap(30),
        Bootstrap(30, stratify="y"),
        Bootstrap(30, balanced=True),
        PoissonBootstrap(30),
        BayesianBootstrap(30),
        MovingBlockBootstrap(30, block_length=5, gap=1),
        CircularBlockBootstrap(30, block_length=5),
        StationaryBootstrap(30, block_length=4, gap=1),
    ],
    ids=without_address,
)
def test_every_scheme_serves(scheme):
    result = bootstrap_score(GaussianNB(), X, Y, scheme=scheme, rng=0)
    assert result.scores.shape == (30,)
    assert result.no_information < result.score < 1
    independent = isinstance(scheme, Bootstrap | PoissonBootstrap)
    assert (result.standard_error is not None) == independent
    split = list(scheme.set_params(random_state=0).split(X, Y))
    if not result.n_redrawn:
        by_hand = [
            GaussianNB().fit(X[train], Y[train]).score(X[test], Y[test])
            for train, test in split
        ]
        assert_allclose(result.scores, by_hand)


@pytest.mark.parametrize(
    "scheme", [Bootstrap(max_samples=0.5), Bootstrap(max_samples=0.5, replace=False)]
)
def test_fewer_rows_serve_for_the_error_out_of_bag_only(scheme):
    result = bootstrap_score(GaussianNB(), X, Y, scheme=scheme, method="oob", rng=0)
    assert (result.standard_error is not None) == scheme.replace
    for method in (".632", ".632+"):
        with pytest.raises(ValueError, match=r"draws 30 of 60 rows, and .632 is the s"):
            bootstrap_score(GaussianNB(), X, Y, scheme=scheme, method=method)


@pytest.mark.parametrize("n_resamples", [None, 30])
@pytest.mark.parametrize(
    "scheme",
    [Jackknife(), Jackknife(20), GroupJackknife(), BlockJackknife(5)],
    ids=without_address,
)
def test_a_jackknife_is_refused(scheme, n_resamples):
    """Its models hold more than .632 of the rows, and 30 of them not test all."""
    groups = GROUPS if isinstance(scheme, GroupJackknife) else None
    message = "must be a bootstrap of .* Got .*Jackknife.*Take cross_val_score with"
    with pytest.raises(InvalidParameterError, match=message):
        bootstrap_score(
            Untouchable(), X, Y, scheme=scheme, groups=groups, n_resamples=n_resamples
        )


def test_a_median_has_no_standard_error():
    result = bootstrap_score(
        Ridge(), X, YR, scoring="neg_median_absolute_error", n_resamples=30, rng=0
    )
    assert result.standard_error is None
    assert np.isfinite(result.score)
    with pytest.raises(ValueError, match="takes sample_weight, and no median"):
        result.interval()


def test_there_is_no_interval_without_a_standard_error():
    result = bootstrap_score(Ridge(), X, YR, scheme=StationaryBootstrap(), rng=0)
    message = "No interval without a standard error.*groups=numpy.arange\\(n\\) // len"
    with pytest.raises(ValueError, match=message):
        result.interval()
    groups = np.arange(60) // 4
    assert bootstrap_score(Ridge(), X, YR, groups=groups, rng=0).interval()[0] < 1


def test_groups_ask_for_the_scheme_that_keeps_them_whole():
    left_open = bootstrap_score(GaussianNB(), X, Y, groups=GROUPS, rng=0)
    named = bootstrap_score(
        GaussianNB(), X, Y, groups=GROUPS, scheme=GroupBootstrap(), rng=0
    )
    words = bootstrap_score(
        GaussianNB(), X, Y, groups=[f"g{g:02}" for g in GROUPS], rng=0
    )
    assert_same(left_open, named)
    assert_same(left_open, words)


def test_groups_of_one_row_have_the_standard_error_of_rows():
    for scoring in ("accuracy", "roc_auc"):
        how = {"scoring": scoring, "rng": 0}
        rows = bootstrap_score(GaussianNB(), X, Y, **how)
        groups = bootstrap_score(GaussianNB(), X, Y, groups=np.arange(60), **how)
        assert_same(groups, rows)


def test_groups_that_repeat_rows_have_the_larger_standard_error():
    """Each row three times: its three losses tell as much as one."""
    again = np.repeat(np.arange(60), 3)
    how = {"method": "oob", "n_resamples": 200, "rng": 0}
    once = bootstrap_score(GaussianNB(), X, Y, **how)
    grouped = bootstrap_score(GaussianNB(), X[again], Y[again], groups=again, **how)
    assert grouped.score == pytest.approx(once.score)
    assert grouped.standard_error == pytest.approx(once.standard_error)


def test_replicates_and_seed_are_the_scheme_s_unless_they_are_given():
    scheme = Bootstrap(25, random_state=5)
    by_scheme = bootstrap_score(GaussianNB(), X, Y, scheme=scheme)
    by_call = bootstrap_score(GaussianNB(), X, Y, n_resamples=25, rng=5)
    assert_same(by_scheme, by_call)
    longer = bootstrap_score(GaussianNB(), X, Y, scheme=scheme, n_resamples=30, rng=6)
    assert len(longer.scores) == 30
    assert longer.scores[0] != by_call.scores[0]


def test_more_replicates_begin_with_the_same_ones():
    few = bootstrap_score(DecisionTreeClassifier(), X, Y, n_resamples=15, rng=0)
    more = bootstrap_score(DecisionTreeClassifier(), X, Y, n_resamples=30, rng=0)
    assert_array_equal(more.scores[:15], few.scores)


def test_replicates_of_one_class_are_drawn_again():
    y = np.arange(60) < 2
    result = bootstrap_score(LogisticRegression(), X, y, n_resamples=50, rng=0)
    assert result.n_redrawn > 0
    kept = bootstrap_score(
        LogisticRegression(), X, y, scheme=Bootstrap(50, stratify="y"), rng=0
    )
    assert kept.n_redrawn == 0


def test_a_score_of_two_classes_draws_again_where_one_is_out_of_bag():
    y = np.arange(60) < 3
    how = {"n_resamples": 40, "rng": 0}
    auc = bootstrap_score(GaussianNB(), X, y, scoring="roc_auc", **how)
    accuracy = bootstrap_score(GaussianNB(), X, y, scoring="accuracy", **how)
    assert auc.n_redrawn > accuracy.n_redrawn


def test_a_regressor_may_see_one_value_only():
    y = np.repeat([1.0, 2.0], [58, 2])
    how = {"scoring": "neg_mean_squared_error", "n_resamples": 50, "rng": 0}
    assert bootstrap_score(Ridge(), X, y, **how).n_redrawn == 0


def test_one_class_in_all_is_nothing_to_draw_again_for():
    result = bootstrap_score(DummyClassifier(), X, np.zeros(60), n_resamples=20, rng=0)
    assert (result.score, result.n_redrawn, result.standard_error) == (1, 0, 0)


def test_rows_that_are_never_out_of_bag_are_counted_and_warned_of():
    with pytest.warns(UserWarning, match="of 60 rows are in-bag in every replicate"):
        result = bootstrap_score(GaussianNB(), X, Y, n_resamples=3, rng=0)
    left_out = {i for _, test in Bootstrap(3, random_state=0).split(X) for i in test}
    assert result.n_never_out_of_bag == 60 - len(left_out)
    assert np.isfinite(result.score)


def test_a_stratum_of_one_row_is_never_out_of_bag():
    y = Y.copy()
    y[0] = 2
    scheme = Bootstrap(50, stratify="y")
    with pytest.warns(UserWarning, match="1 of 60 rows are in-bag in every replicate"):
        result = bootstrap_score(GaussianNB(), X, y, scheme=scheme, rng=0)
    assert result.n_never_out_of_bag == 1


# --- workers, seeds, failures --------------------------------------------------------


@pytest.mark.parametrize("scoring", ["accuracy", "roc_auc"])
@pytest.mark.parametrize("n_jobs", [2, -1])
def test_workers_make_no_difference(scoring, n_jobs):
    forest = RandomForestClassifier(3)
    how = {"scoring": scoring, "n_resamples": 12, "rng": 0}
    alone = bootstrap_score(forest, X, Y, **how)
    together = bootstrap_score(forest, X, Y, n_jobs=n_jobs, **how)
    assert_same(together, alone)
    in_processes = bootstrap_score(LogisticRegression(), X, Y, n_jobs=n_jobs, **how)
    assert_same(in_processes, bootstrap_score(LogisticRegression(), X, Y, **how))


@pytest.mark.parametrize(
    "make",
    [int, np.random.default_rng, np.random.RandomState],
    ids=["int", "generator", "legacy"],
)
def test_a_seed_decides_everything_and_the_global_state_stays(make):
    np.random.seed(0)  # noqa: NPY002, TID251
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    how = {"scheme": Bootstrap(15), "scoring": "f1"}
    forest = RandomForestClassifier(2)
    one = bootstrap_score(forest, X, Y, rng=make(7), **how)
    other = bootstrap_score(forest, X, Y, rng=make(7), **how)
    assert_same(one, other)
    assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
    again = bootstrap_score(forest, X, Y, rng=make(8), **how)
    assert not np.array_equal(again.scores, one.scores)


def test_a_random_state_of_the_user_s_stays_and_none_is_set():
    def seeds_of(estimator):
        result = bootstrap_score(
            estimator, X, Y, n_resamples=12, return_estimator=True, rng=0
        )
        return {one.get_params()["random_state"] for one in result.estimators}

    assert seeds_of(DecisionTreeClassifier(random_state=5)) == {5}
    assert len(seeds_of(DecisionTreeClassifier())) == 12
    tree = DecisionTreeClassifier()
    bootstrap_score(tree, X, Y, n_resamples=12, rng=0)
    assert tree.random_state is None
    assert not hasattr(tree, "tree_")


def test_estimators_are_returned_where_asked_for():
    result = bootstrap_score(
        GaussianNB(), X, Y, n_resamples=12, return_estimator=True, rng=0
    )
    splits = Bootstrap(12, random_state=0).split(X)
    for estimator, score, (_, test) in zip(
        result.estimators, result.scores, splits, strict=True
    ):
        assert estimator.score(X[test], Y[test]) == pytest.approx(score)


class Fragile(GaussianNB):
    """Fails on draws without the first row."""

    def fit(self, X, y):
        if not (X[:, 0] == X_FIRST).any():
            raise RuntimeError("the first row is missing")
        return super().fit(X, y)


X_FIRST = X[0, 0]


def test_a_replicate_that_fails_is_named():
    with pytest.raises(RuntimeError, match="the first row is missing") as caught:
        bootstrap_score(Fragile(), X, Y, rng=0)
    (note,) = caught.value.__notes__
    assert re.match(r"Replicate \d+ of 100 failed: Fragile\(\) on \d+ distinct", note)


def test_replicates_that_fail_can_be_left_out():
    """Those without the first row, so that it is never tested on."""
    with (
        pytest.warns(UserWarning, match="1 of 60 rows are in-bag in every replicate"),
        pytest.warns(MemberFailedWarning, match="the first row is missing"),
    ):
        result = bootstrap_score(Fragile(), X, Y, error_score=np.nan, rng=0)
    without = [0 not in train for train, _ in Bootstrap(100, random_state=0).split(X)]
    assert result.n_failed == sum(without)
    assert len(result.scores) == 100 - sum(without)
    assert result.n_never_out_of_bag == 1


class AllOrNothing(GaussianNB):
    """Fits all 60 rows and nothing less."""

    def fit(self, X, y):
        if len(np.unique(X[:, 0])) < 60:
            raise RuntimeError("too few")
        return super().fit(X, y)


def test_if_all_replicates_fail_there_is_no_score():
    with pytest.raises(ValueError, match=r"(?s)All 10 replicates failed.*too few"):
        bootstrap_score(AllOrNothing(), X, Y, error_score=np.nan, n_resamples=10, rng=0)


def test_a_failure_on_all_rows_is_an_error_whatever_error_score_says():
    class Never(GaussianNB):
        def fit(self, X, y):
            raise RuntimeError("never")

    with pytest.raises(RuntimeError, match="never"):
        bootstrap_score(Never(), X, Y, error_score=np.nan)


def test_progress_is_joblib_s(capsys):
    bootstrap_score(GaussianNB(), X, Y, n_resamples=10, verbose=1, rng=0)
    printed = capsys.readouterr()
    assert "10 out of  10" in printed.out + printed.err


# --- errors before work starts -------------------------------------------------------


class Untouchable(ClassifierMixin, BaseEstimator):
    """Must not be fitted."""

    def fit(self, X, y):
        raise AssertionError("work has started")

    def predict(self, X):
        raise AssertionError("work has started")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"method": "632"}, r"'method' parameter of bootstrap_score must be one of"),
        ({"method": None}, r"must be one of \{'.632', '.632\+', 'oob'\}. Got None"),
        (
            {"scheme": 5},
            "'scheme' parameter of bootstrap_score must be a scheme of ens",
        ),
        ({"n_resamples": 1}, r"'n_resamples' .* an int in the range \[2, inf\). Got 1"),
        ({"n_resamples": 2.5}, r"an int in the range \[2, inf\). Got 2.5"),
        ({"scheme": Bootstrap(1)}, r"'n_resamples' .* \[2, inf\). Got 1"),
        ({"n_jobs": "all"}, "'n_jobs' parameter of bootstrap_score must be None or an"),
        ({"verbose": -1}, "'verbose' parameter of bootstrap_score must be an int in"),
        ({"error_score": 0}, "'error_score' .* must be 'raise' or numpy.nan. Got 0"),
        ({"error_score": "nan"}, "must be 'raise' or numpy.nan. Got 'nan'"),
        (
            {"return_estimator": 1},
            "'return_estimator' .* must be an instance of 'bool'",
        ),
        ({"scoring": ["accuracy", "f1"]}, "'scoring' parameter .* must be one score"),
        ({"scoring": "acuracy"}, "'scoring' parameter of check_scoring must be"),
        ({"params": [1]}, "'params' parameter of bootstrap_score must be a dict or N"),
        ({"rng": -1}, "must be a non-negative int, a numpy RandomState or Generator"),
    ],
    ids=without_address,
)
def test_parameters_that_are_not_allowed_are_an_error(params, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_score(Untouchable(), X, Y, **params)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"y": None}, "needs y with one entry for each of 60 rows of X, got None"),
        ({"y": Y[:-1]}, "needs y with one entry for each of 60 rows of X, got 59"),
        ({"groups": GROUPS[:-1]}, "groups must have one entry for each of 60 rows"),
        (
            {"groups": GROUPS, "scheme": Bootstrap()},
            "groups were given, and Bootstrap draws single rows",
        ),
        ({"scheme": GroupBootstrap()}, "The 'groups' parameter should not be None"),
        ({"groups": np.zeros(60)}, "needs at least two groups, got one"),
        (
            {"sample_weight": WEIGHTS},
            "sample_weight was given to bootstrap_score, and Untouchable.fit takes non",
        ),
        ({"sample_weight": WEIGHTS[1:]}, r"sample_weight.shape == \(59,\), expected"),
        ({"params": {"sample_weight": WEIGHTS}}, "Give it as sample_weight=..., which"),
        (
            {"scheme": Bootstrap(max_samples=60, replace=False)},
            "(?s)Replicate 0 of Bootstrap.* leaves no row out-of-bag. Draw fewer rows",
        ),
        (
            {"scheme": StationaryBootstrap(block_length=2, gap=40)},
            "(?s)leaves no row out-of-bag. Shorten block_length or gap",
        ),
        (
            {"y": np.arange(60) < 1, "scheme": Bootstrap(50, balanced=True)},
            "(?s)holds one class only. Bootstrap\\(stratify='y'\\) keeps every class",
        ),
        (
            {"y": np.arange(60) < 1, "scoring": "f1"},
            "(?s)leaves one class only out-of-bag, and the score needs two",
        ),
    ],
    ids=lambda given: given if isinstance(given, str) else ",".join(given),
)
def test_data_that_do_not_fit_are_an_error(given, message):
    with pytest.raises(ValueError, match=message):
        bootstrap_score(Untouchable(), X, **{"y": Y, "rng": 0, **given})


def test_what_is_no_estimator_is_scikit_learn_s_error():
    for given in ({}, {"sample_weight": WEIGHTS}):
        with pytest.raises(TypeError, match="must be an object implementing 'fit'"):
            bootstrap_score("a tree", X, Y, **given)
    with pytest.raises(AttributeError, match="LinearSVC has none of the following"):
        bootstrap_score(
            LinearSVC(),
            X,
            Y,
            scoring=make_scorer(
                metrics.f1_score, response_method=("predict_log_proba", "predict_proba")
            ),
        )


def test_a_scorer_that_takes_no_weights_is_an_error_with_weights():
    with pytest.raises(ValueError, match=r"and make_scorer\(max_error.* takes none"):
        bootstrap_score(Ridge(), X, YR, scoring="neg_max_error", sample_weight=WEIGHTS)


class Negative(RegressorMixin, BaseEstimator):
    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return -np.ones(len(X))


@pytest.mark.parametrize(
    "scoring",
    [
        "neg_mean_poisson_deviance",
        "neg_mean_gamma_deviance",
        "neg_mean_squared_log_error",
    ],
)
def test_predictions_outside_the_domain_of_a_loss_are_an_error(scoring):
    with pytest.raises(ValueError, match="loss of 60 of 60 rows is not finite"):
        bootstrap_score(Negative(), X, np.exp(YR), scoring=scoring)


@pytest.mark.filterwarnings("ignore:R\\^2 score is not well-defined")
def test_a_score_that_is_not_a_number_is_an_error():
    def scorer(estimator, X, y):
        return np.nan

    with pytest.raises(ValueError, match="returned nan for 60 rows: the score is not"):
        bootstrap_score(GaussianNB(), X, Y, scoring=scorer)


@pytest.mark.parametrize("kind", ["rows", "nested"])
def test_rows_within_groups_and_nested_groups_are_drawn(kind):
    rng = np.random.default_rng(0)
    groups = np.arange(120) // 5
    X = rng.normal(size=(120, 2)) + rng.normal(size=(24, 2))[groups]
    y = X[:, 0] + rng.normal(size=120)
    scheme = GroupBootstrap(30, random_state=0)
    if kind == "rows":
        scheme.set_params(within="rows")
    else:
        groups = np.column_stack([groups // 4, groups])
    result = bootstrap_score(LinearRegression(), X, y, scheme=scheme, groups=groups)
    assert 0.2 < result.score < 0.9
