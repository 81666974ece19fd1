import pickle
from pathlib import Path

import numpy as np
import pytest
import sklearn.ensemble
from joblib import Memory, parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from scipy import sparse
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import (
    make_classification,
    make_multilabel_classification,
    make_regression,
)
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression, Perceptron, Ridge
from sklearn.metrics import (
    log_loss,
    make_scorer,
    mean_absolute_error,
    roc_auc_score,
)
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ensembles import (
    BaggingClassifier,
    BaggingRegressor,
    BayesianBootstrap,
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    MovingBlockBootstrap,
    PoissonBootstrap,
    StationaryBootstrap,
)
from ensembles.exceptions import InvalidParameterError, MemberFailedWarning

X3, Y3 = make_classification(150, 8, n_informative=5, n_classes=3, random_state=0)
XR, YR = make_regression(150, 8, noise=10, random_state=0)

SCHEMES = [
    Bootstrap(),
    Bootstrap(balanced=True),
    Bootstrap(max_samples=0.5, replace=False),
    GroupBootstrap(),
    BayesianBootstrap(),
    PoissonBootstrap(),
    MovingBlockBootstrap(block_length=5, gap=2),
    CircularBlockBootstrap(block_length=5),
    StationaryBootstrap(block_length=5),
]
GROUPS = np.arange(150) // 5


@pytest.mark.parametrize(
    "member",
    [
        None,
        DecisionTreeClassifier(max_features="sqrt"),
        LogisticRegression(),
        KNeighborsClassifier(),
        Perceptron(),
    ],
    ids=lambda member: type(member).__name__,
)
@pytest.mark.parametrize(
    "draw",
    [
        {},
        {"max_samples": 0.5, "max_features": 0.5},
        {"bootstrap": False, "max_samples": 0.7, "max_features": 4},
        {"bootstrap_features": True},
    ],
    ids=["default", "halves", "pasting", "columns"],
)
def test_members_equal_scikit_learn_s_to_the_bit(member, draw):
    ours = BaggingClassifier(member, 5, random_state=3, **draw).fit(X3, Y3)
    theirs = sklearn.ensemble.BaggingClassifier(member, 5, random_state=3, **draw)
    theirs.fit(X3, Y3)
    assert_array_equal(ours.estimators_samples_, theirs.estimators_samples_)
    assert_array_equal(ours.estimators_features_, theirs.estimators_features_)
    for a, b, columns in zip(ours, theirs, ours.estimators_features_, strict=True):
        assert_array_equal(a.predict(X3[:, columns]), b.predict(X3[:, columns]))
    assert_allclose(ours.predict_proba(X3), theirs.predict_proba(X3), rtol=1e-12)


def test_weighted_draws_equal_scikit_learn_s():
    weight = np.random.default_rng(0).random(150)
    ours = BaggingRegressor(Ridge(), 5, random_state=3).fit(XR, YR, weight)
    theirs = sklearn.ensemble.BaggingRegressor(Ridge(), 5, random_state=3)
    theirs.fit(XR, YR, sample_weight=weight)
    assert_array_equal(ours.estimators_samples_, theirs.estimators_samples_)
    for a, b in zip(ours, theirs, strict=True):
        assert_array_equal(a.coef_, b.coef_)
    # theirs predicts on a copy of X in another order, so sums differ in the last bit
    assert_allclose(ours.predict(XR), theirs.predict(XR), rtol=1e-12)


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
@pytest.mark.parametrize("member", [DecisionTreeRegressor(), KNeighborsRegressor(1)])
def test_every_scheme_serves_a_bag(scheme, member):
    groups = {"groups": GROUPS} if isinstance(scheme, GroupBootstrap) else {}
    bag = BaggingRegressor(member, 20, scheme=scheme, random_state=0)
    bag.fit(XR, YR, **groups)
    counts = bag.inbag_counts_
    assert counts.shape == (20, 150)
    for rows, seen in zip(bag.estimators_samples_, counts, strict=True):
        assert_array_equal(np.unique(rows), np.flatnonzero(seen))
    assert bag.score(XR, YR) > 0.5


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
def test_out_of_bag_rows_of_a_scheme_are_predicted_by_members_that_saw_none(scheme):
    groups = {"groups": GROUPS} if isinstance(scheme, GroupBootstrap) else {}
    member = KNeighborsRegressor(1)  # takes rows, so that every scheme leaves some out
    bag = BaggingRegressor(member, 40, scheme=scheme, oob_score=True, random_state=0)
    bag.fit(XR, YR, **groups)
    values = bag.predict_members(XR)
    outside = bag.inbag_counts_ == 0
    gap = getattr(scheme, "gap", 0)
    if gap:
        near = [
            [seen[max(0, i - gap) : i + gap + 1].any() for i in range(150)]
            for seen in ~outside
        ]
        outside = ~np.array(near)
    expected = (values * outside).sum(axis=0) / outside.sum(axis=0)
    assert_allclose(bag.oob_prediction_, expected)


def test_groups_are_never_split_between_in_bag_and_out_of_bag():
    bag = BaggingRegressor(scheme=GroupBootstrap(), random_state=0)
    counts = bag.fit(XR, YR, groups=GROUPS).inbag_counts_
    assert_array_equal(counts, counts[:, ::5].repeat(5, axis=1))


def test_balanced_draws_see_each_row_equally_often():
    bag = BaggingRegressor(n_estimators=12, scheme=Bootstrap(balanced=True))
    assert_array_equal(bag.fit(XR, YR).inbag_counts_.sum(axis=0), 12)


@pytest.mark.parametrize("scheme", [None, *SCHEMES], ids=repr)
def test_a_warm_start_equals_one_fit(scheme):
    groups = {"groups": GROUPS} if isinstance(scheme, GroupBootstrap) else {}
    grown = BaggingRegressor(n_estimators=4, scheme=scheme, random_state=0)
    grown.set_params(warm_start=True).fit(XR, YR, **groups)
    grown.set_params(n_estimators=10).fit(XR, YR, **groups)
    at_once = BaggingRegressor(n_estimators=10, scheme=scheme, random_state=0)
    at_once.fit(XR, YR, **groups)
    if getattr(scheme, "balanced", False):
        assert_array_equal(grown.inbag_counts_.sum(axis=0), 10)
    else:
        assert_array_equal(grown.predict_members(XR), at_once.predict_members(XR))


@pytest.mark.parametrize("resample", ["auto", "weights", "unique", "index"])
def test_the_form_of_the_rows_does_not_change_a_linear_fit(resample):
    bag = BaggingRegressor(Ridge(), 5, resample=resample, random_state=0).fit(XR, YR)
    plain = BaggingRegressor(Ridge(), 5, random_state=0).fit(XR, YR)
    assert_allclose(bag.predict_members(XR), plain.predict_members(XR))


def test_bayesian_weights_reach_the_members():
    class Recorder(Ridge):
        def fit(self, X, y, sample_weight=None):
            self.seen_ = sample_weight
            return super().fit(X, y, sample_weight)

    bag = BaggingRegressor(Recorder(), 3, scheme=BayesianBootstrap(), random_state=0)
    bag.fit(XR, YR)
    for member, weights in zip(bag, bag.inbag_counts_, strict=True):
        assert_array_equal(member.seen_, weights)
        assert weights.min() > 0
        assert weights.sum() == pytest.approx(150)


def test_sample_weight_multiplies_the_weights_of_a_scheme():
    class Recorder(Ridge):
        def fit(self, X, y, sample_weight=None):
            self.rows_, self.seen_ = len(X), sample_weight
            return super().fit(X, y, sample_weight)

    own = np.arange(150.0)
    for resample in ("weights", "unique", "index"):
        bag = BaggingRegressor(
            Recorder(), 3, scheme=Bootstrap(), resample=resample, random_state=0
        ).fit(XR, YR, sample_weight=own)
        total = [member.seen_.sum() for member in bag]
        assert_allclose(total, bag.inbag_counts_ @ own)


def test_sample_weight_with_a_scheme_and_members_without_weights_is_an_error():
    bag = BaggingRegressor(KNeighborsRegressor(), scheme=Bootstrap())
    with pytest.raises(ValueError, match="KNeighborsRegressor takes no sample_weight"):
        bag.fit(XR, YR, sample_weight=np.ones(150))


@pytest.mark.parametrize(
    "scoring", ["neg_log_loss", "roc_auc_ovr", "accuracy", True], ids=str
)
def test_out_of_bag_scores_by_name(scoring):
    bag = BaggingClassifier(n_estimators=40, oob_score=scoring, random_state=0)
    bag.fit(X3, Y3)
    proba = bag.oob_decision_function_
    expected = {
        "neg_log_loss": lambda: -log_loss(Y3, proba),
        "roc_auc_ovr": lambda: roc_auc_score(Y3, proba, multi_class="ovr"),
    }.get(scoring, lambda: np.mean(proba.argmax(axis=1) == Y3))
    assert bag.oob_score_ == pytest.approx(expected())


def test_out_of_bag_scores_by_metric_and_scorer():
    by_metric = BaggingRegressor(
        n_estimators=40, oob_score=mean_absolute_error, random_state=0
    ).fit(XR, YR)
    scorer = make_scorer(mean_absolute_error, greater_is_better=False)
    by_scorer = BaggingRegressor(n_estimators=40, oob_score=scorer, random_state=0)
    by_scorer.fit(XR, YR)
    expected = mean_absolute_error(YR, by_metric.oob_prediction_)
    assert by_metric.oob_score_ == expected
    assert by_scorer.oob_score_ == -expected


def test_out_of_bag_labels_are_the_user_s():
    names = np.array(["x", "y", "z"])[Y3]
    bag = BaggingClassifier(
        n_estimators=40, oob_score=lambda y, p: float(np.mean(y == p)), random_state=0
    ).fit(X3, names)
    assert bag.oob_score_ > 0.6


@pytest.mark.parametrize("rule", ["median", "trimmed", "vote", "log_pool", "rank"])
def test_out_of_bag_predictions_follow_the_rule(rule):
    bag = BaggingClassifier(
        n_estimators=40, combine=rule, oob_score=True, random_state=0
    ).fit(X3, Y3)
    assert_allclose(bag.oob_decision_function_.sum(axis=1), 1)
    assert bag.oob_score_ > 0.6


def test_out_of_bag_scores_after_a_warm_start_are_those_of_one_fit():
    grown = BaggingClassifier(
        n_estimators=20, warm_start=True, oob_score=True, random_state=0
    )
    with pytest.warns(UserWarning, match="Some inputs do not have"):
        grown.set_params(n_estimators=5).fit(X3, Y3)
    grown.set_params(n_estimators=40).fit(X3, Y3)
    at_once = BaggingClassifier(n_estimators=40, oob_score=True, random_state=0)
    at_once.fit(X3, Y3)
    assert_array_equal(grown.oob_decision_function_, at_once.oob_decision_function_)
    assert grown.oob_score_ == at_once.oob_score_


def test_out_of_bag_is_refused_where_every_member_sees_every_row():
    bag = BaggingRegressor(Ridge(), scheme=BayesianBootstrap(), oob_score=True)
    with pytest.raises(ValueError, match="lets every member see every row"):
        bag.fit(XR, YR)
    bag.set_params(resample="index", n_estimators=30, random_state=0).fit(XR, YR)
    assert bag.oob_score_ > 0.9


def test_out_of_bag_is_refused_where_members_saw_different_data():
    bag = BaggingRegressor(n_estimators=3, warm_start=True).fit(XR[:100], YR[:100])
    bag.set_params(n_estimators=6, oob_score=True)
    with pytest.raises(ValueError, match="all members saw the same data"):
        bag.fit(XR, YR)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")
def test_multilabel_targets():
    X, Y = make_multilabel_classification(120, n_classes=3, random_state=0)
    for member in (
        DecisionTreeClassifier(),
        KNeighborsClassifier(),
        MLPClassifier((8,), max_iter=20),
    ):
        bag = BaggingClassifier(member, 20, oob_score=True, random_state=0)
        bag.fit(X, Y)
        proba = bag.predict_proba(X)
        assert [p.shape for p in proba] == [(120, 2)] * 3
        labels = np.column_stack([p.argmax(axis=1) for p in proba])
        assert_array_equal(bag.predict(X), labels)
        assert [m.shape for m in bag.predict_members(X)] == [(20, 120, 2)] * 3
        assert 0 < bag.oob_score_ <= 1
        assert len(bag.predict_log_proba(X)) == 3


def test_multioutput_classes_of_different_kinds():
    Y = np.column_stack([np.array(["a", "b", "c"])[Y3], np.array(["u", "v"])[Y3 % 2]])
    bag = BaggingClassifier(n_estimators=10, random_state=0).fit(X3, Y)
    assert [list(labels) for labels in bag.classes_] == [["a", "b", "c"], ["u", "v"]]
    assert bag.n_classes_ == [3, 2]
    assert bag.predict(X3).shape == (150, 2)
    assert np.mean(bag.predict(X3) == Y) > 0.95


def test_multioutput_values():
    X, Y = make_regression(100, n_targets=2, random_state=0)
    bag = BaggingRegressor(n_estimators=5, random_state=0).fit(X, Y)
    assert bag.predict_members(X).shape == (5, 100, 2)
    assert_allclose(bag.predict(X), bag.predict_members(X).mean(axis=0))


class Pictures(ClassifierMixin, BaseEstimator):
    """Wants three-dimensional X."""

    def fit(self, X, y):
        assert X.ndim == 3
        self.classes_, codes = np.unique(y, return_inverse=True)
        self.means_ = [X[codes == k].mean() for k in range(len(self.classes_))]
        return self

    def predict(self, X):
        distance = np.abs(X.mean(axis=(1, 2))[:, None] - self.means_)
        return self.classes_[distance.argmin(axis=1)]


def test_three_dimensional_input():
    y = np.arange(60) % 2
    X = np.random.default_rng(0).normal(size=(60, 4, 4)) + 3 * y[:, None, None]
    bag = BaggingClassifier(Pictures(), 10, oob_score=True, random_state=0).fit(X, y)
    assert bag.score(X, y) == bag.oob_score_ == 1
    assert not hasattr(bag, "n_features_in_")
    with pytest.raises(ValueError, match="two-dimensional X"):
        bag.set_params(max_features=0.5).fit(X, y)


def test_sparse_input_of_any_format():
    dense = BaggingClassifier(LogisticRegression(), 5, max_features=0.5, random_state=0)
    expected = dense.fit(X3, Y3).predict_proba(X3)
    for form in (sparse.csr_matrix, sparse.csc_array, sparse.coo_matrix):
        bag = BaggingClassifier(
            LogisticRegression(), 5, max_features=0.5, random_state=0
        ).fit(form(X3), Y3)
        assert_allclose(bag.predict_proba(form(X3)), expected, atol=1e-4)


def test_a_precomputed_kernel_keeps_the_rows_of_its_members():
    kernel = X3 @ X3.T
    for resample in ("auto", "unique", "index"):
        bag = BaggingClassifier(
            SVC(kernel="precomputed"), 5, resample=resample, random_state=0
        ).fit(kernel, Y3)
        plain = BaggingClassifier(
            SVC(kernel="linear"), 5, resample=resample, random_state=0
        ).fit(X3, Y3)
        assert_array_equal(bag.predict(kernel), plain.predict(X3))


def test_a_class_that_a_member_never_saw_has_probability_zero_there():
    y = np.r_[np.zeros(70), np.ones(78), 2, 2]
    bag = BaggingClassifier(
        KNeighborsClassifier(), 10, max_samples=0.3, random_state=0
    ).fit(X3, y)
    members = bag.predict_members(X3)
    assert members.shape == (10, 150, 3)
    blind = [i for i, member in enumerate(bag) if 2 not in member.classes_]
    assert blind
    assert_array_equal(members[blind][:, :, 2], 0)
    assert_allclose(members.sum(axis=2), 1)
    assert_allclose(bag.predict_proba(X3), members.mean(axis=0))


def test_log_probabilities_keep_the_order_of_what_a_float_cannot_hold():
    X = np.vstack([X3, 1e3 * X3[:5]])
    bag = BaggingClassifier(GaussianNB(), 5, random_state=0).fit(X3, Y3)
    logs = bag.predict_log_proba(X)
    assert_allclose(np.exp(logs), bag.predict_proba(X), atol=1e-12)
    assert np.isfinite(logs[150:]).all()
    assert (bag.predict_proba(X)[150:] == 0).any()


def test_decision_function_is_offered_only_where_it_is_what_is_combined():
    bag = BaggingClassifier(SVC(), 3).fit(X3, Y3)
    assert bag.decision_function(X3).shape == (150, 3)
    bag.combine = "median"
    assert not hasattr(bag, "decision_function")
    assert not hasattr(BaggingClassifier().fit(X3, Y3), "decision_function")


class FailsOnSome(ClassifierMixin, BaseEstimator):
    """Fails where the first of its rows is odd."""

    def __init__(self, random_state=None):
        self.random_state = random_state

    def fit(self, X, y):
        if self.random_state % 3 == 0:
            raise ZeroDivisionError("no luck")
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.full(len(X), self.classes_[0])


def test_failing_members_can_be_left_out():
    bag = BaggingClassifier(FailsOnSome(), 10, random_state=0, error_score=np.nan)
    with pytest.warns(
        MemberFailedWarning, match="members failed to fit and were left out"
    ):
        bag.fit(X3, Y3)
    assert 0 < len(bag) < 10
    assert all(member.random_state % 3 for member in bag)
    assert len(bag.estimators_samples_) == len(bag)
    assert bag.predict(X3).shape == (150,)


def test_where_all_members_fail_there_is_no_ensemble():
    class Fails(FailsOnSome):
        def fit(self, X, y):
            raise ZeroDivisionError("no luck")

    bag = BaggingClassifier(Fails(), 3, error_score=np.nan)
    with pytest.raises(ValueError, match="All 3 members failed to fit"):
        bag.fit(X3, Y3)


class Counted(DecisionTreeRegressor):
    """Writes a line to a file at each fit."""

    def __init__(self, log=None, random_state=None):
        super().__init__(random_state=random_state)
        self.log = log

    def fit(self, X, y, sample_weight=None):
        with open(self.log, "a") as lines:
            lines.write("fit\n")
        return super().fit(X, y, sample_weight)


def test_memory_takes_up_the_members_of_a_fit_that_was_killed(tmp_path):
    log = tmp_path / "log"
    member = Counted(str(log))

    def bag(n):
        return BaggingRegressor(member, n, memory=str(tmp_path), random_state=0)

    bag(4).fit(XR, YR)
    assert len(log.read_text().splitlines()) == 4
    resumed = bag(10).fit(XR, YR)
    assert len(log.read_text().splitlines()) == 10
    plain = BaggingRegressor(member, 10, random_state=0).fit(XR, YR)
    assert_array_equal(resumed.predict_members(XR), plain.predict_members(XR))
    log.write_text("")
    resumed.set_params(memory=Memory(str(tmp_path), verbose=0)).fit(XR, YR)
    assert log.read_text() == ""
    resumed.fit(XR, YR + 1)
    assert len(log.read_text().splitlines()) == 10


def test_callbacks_hear_of_every_member():
    callbacks = pytest.importorskip("sklearn.callback")

    class Recorder:
        def __init__(self):
            self.calls = []

        def setup(self, estimator, context):
            self.calls.append("setup")

        def on_fit_task_begin(self, estimator, context):
            self.calls.append(("begin", context.task_name))

        def on_fit_task_end(self, estimator, context):
            self.calls.append(("end", context.task_name))
            ended = self.calls.count(("end", "member"))
            return context.task_name == "member" and ended == 3

        def teardown(self, estimator, context):
            self.calls.append("teardown")

    assert callbacks
    recorder = Recorder()
    bag = BaggingClassifier(n_estimators=5, random_state=0).set_callbacks(recorder)
    bag.fit(X3, Y3)
    assert recorder.calls[0] == "setup"
    assert recorder.calls[-1] == "teardown"
    assert recorder.calls.count(("begin", "member")) == 3
    assert len(bag) == 3  # the callback asked to stop after the third


def test_routing_takes_groups_to_the_scheme_and_weights_to_the_members():
    with config_context(enable_metadata_routing=True):
        bag = BaggingRegressor(scheme=GroupBootstrap(), random_state=0)
        counts = bag.fit(XR, YR, groups=GROUPS).inbag_counts_
        assert_array_equal(counts, counts[:, ::5].repeat(5, axis=1))
    with pytest.raises(ValueError, match="enable_metadata_routing=True"):
        BaggingRegressor().fit(XR, YR, groups=GROUPS)


def test_the_scheme_s_parameters_are_tuned_like_any_other():
    search = GridSearchCV(
        BaggingRegressor(n_estimators=3, scheme=StationaryBootstrap()),
        {"scheme__block_length": [2, 5], "combine": ["mean", "median"]},
        cv=2,
    ).fit(XR, YR)
    assert set(search.best_params_) == {"scheme__block_length", "combine"}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_estimators": 0}, r"'n_estimators' parameter .* Got 0 instead"),
        ({"n_estimators": 2.0}, r"'n_estimators' parameter .* an int in the range"),
        ({"n_estimators": True}, r"'n_estimators' parameter .* Got True instead"),
        ({"max_samples": 0}, r"'max_samples' parameter"),
        ({"max_samples": 1.5}, r"'max_samples' parameter .* \(0.0, 1.0\]"),
        ({"max_features": 0.0}, r"'max_features' parameter"),
        ({"bootstrap": 1}, r"'bootstrap' parameter .* 'bool'"),
        ({"estimator": "tree"}, r"implementing 'fit' and 'predict' or None"),
        ({"combine": "best"}, r"a callable or one of \{'auto', "),
        ({"combine": "vote"}, r"'vote' combines class probabilities"),
        ({"resample": "rows"}, r"one of \{'auto', 'index', 'unique', 'weights'\}"),
        ({"scheme": "iid"}, r"a scheme of ensembles.resampling or None"),
        ({"error_score": "ignore"}, r"'raise' or numpy.nan"),
    ],
    ids=str,
)
def test_wrong_parameters_are_named_before_any_member_is_fitted(params, message):
    with pytest.raises(InvalidParameterError, match=message):
        BaggingRegressor(**params).fit(XR, YR)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"max_features": 9}, "max_features must be <= n_features"),
        ({"bootstrap": False, "max_samples": 151}, "max_samples=151 must be <= n_s"),
        ({"bootstrap": False, "oob_score": True}, "only available if bootstrap=True"),
        ({"scheme": Bootstrap(), "max_samples": 5}, "The scheme says which rows"),
        ({"scheme": Bootstrap(), "bootstrap": False}, "The scheme says which rows"),
        ({"scheme": Bootstrap(stratify="y")}, "needs class labels, got a continuous"),
        ({"scheme": GroupBootstrap()}, "The 'groups' parameter should not be None"),
        (
            {"resample": "unique", "estimator": KNeighborsRegressor()},
            "no sample_weight",
        ),
        ({"oob_score": "aucc"}, "aucc"),
    ],
    ids=str,
)
def test_parameters_that_do_not_fit_the_data(params, message):
    with pytest.raises(ValueError, match=message):
        BaggingRegressor(**params).fit(XR, YR)


def test_other_classes_in_a_warm_start_are_an_error():
    bag = BaggingClassifier(n_estimators=2, warm_start=True).fit(X3, Y3)
    with pytest.raises(ValueError, match="members that there are learned classes"):
        bag.set_params(n_estimators=4).fit(X3, Y3 + 1)


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (XR, YR[:-1], "inconsistent numbers of samples"),
        (XR[:0], YR[:0], r"0 sample\(s\)"),
        (XR[:, :0], YR, r"0 feature\(s\)"),
        (XR, np.where(YR > 0, np.nan, YR), "Input y contains NaN"),
        (XR, None, "requires y to be passed"),
        (np.where(XR > 2, np.inf, XR), YR, "contains infinity"),
        (1e300 * np.abs(XR), YR, "too large for dtype"),
    ],
    ids=["lengths", "no rows", "no columns", "nan in y", "no y", "inf", "overflow"],
)
def test_bad_data(X, y, message):
    with pytest.raises(ValueError, match=message):
        BaggingRegressor().fit(X, y)


def test_columns_in_another_order_are_an_error():
    frames = pytest.importorskip("pandas")
    table = frames.DataFrame(XR, columns=list("abcdefgh"))
    bag = BaggingRegressor(n_estimators=2).fit(table, YR)
    with pytest.raises(ValueError, match="feature names should match"):
        bag.predict(table[list("hgfedcba")])
    with pytest.raises(ValueError, match="X has 7 features"):
        BaggingRegressor(n_estimators=2).fit(XR, YR).predict(XR[:, :7])


def test_a_warm_start_tries_each_member_once_even_where_some_fail():
    params = {"random_state": 0, "error_score": np.nan}
    grown = BaggingClassifier(FailsOnSome(), 10, warm_start=True, **params)
    at_once = BaggingClassifier(FailsOnSome(), 20, **params)
    with pytest.warns(MemberFailedWarning):
        grown.fit(X3, Y3)
    with pytest.warns(UserWarning, match="Warm-start fitting without increasing"):
        grown.fit(X3, Y3)
    with pytest.warns(MemberFailedWarning):
        grown.set_params(n_estimators=20).fit(X3, Y3)
    with pytest.warns(MemberFailedWarning):
        at_once.fit(X3, Y3)
    seeds = [member.random_state for member in grown]
    assert seeds == [member.random_state for member in at_once]
    assert len(set(seeds)) == len(seeds)


def test_a_fit_that_fails_leaves_no_half_of_an_older_one():
    bag = BaggingClassifier(DecisionTreeClassifier(), 3).fit(X3, Y3)
    bag.estimator = FailsOnSome(random_state=0)
    bag.random_state = 0
    with pytest.raises(ZeroDivisionError):
        bag.fit(X3, np.array(["x", "y", "z"])[Y3])
    with pytest.raises(NotFittedError):
        bag.predict(X3)


class FailsWhile(FailsOnSome):
    """Fails as long as a file is there."""

    def __init__(self, flag=None, random_state=None):
        super().__init__(random_state)
        self.flag = flag

    def fit(self, X, y):
        if self.random_state % 3 == 0 and Path(self.flag).exists():
            raise MemoryError("full")
        self.classes_ = np.unique(y)
        return self


def test_memory_does_not_remember_failures(tmp_path):
    flag = tmp_path / "flag"
    flag.touch()
    bag = BaggingClassifier(
        FailsWhile(str(flag)),
        10,
        random_state=0,
        error_score=np.nan,
        memory=str(tmp_path),
    )
    with pytest.warns(MemberFailedWarning, match="MemoryError: full"):
        bag.fit(X3, Y3)
    assert len(bag) < 10
    flag.unlink()
    assert len(bag.fit(X3, Y3)) == 10


def test_out_of_bag_scorers_get_the_rows():
    def cost(estimator, X, y=None):
        assert X.shape == (len(y), 8)
        return float(np.mean(X[:, 0] * (estimator.predict(X) == y)))

    bag = BaggingClassifier(n_estimators=40, oob_score=cost, random_state=0)
    bag.fit(X3, Y3)
    right = bag.oob_decision_function_.argmax(axis=1) == Y3
    assert bag.oob_score_ == pytest.approx(np.mean(X3[:, 0] * right))


def test_metrics_of_probabilities_are_refused_with_what_to_use():
    with pytest.raises(ValueError, match="Give the name of a scorer, such as 'neg_log"):
        BaggingClassifier(oob_score=roc_auc_score).fit(X3, Y3)


@pytest.mark.parametrize("present", [0, 1])
@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.filterwarnings("ignore:Label .* is present in all training examples")
@pytest.mark.filterwarnings("ignore:Label not .* is present in all training examples")
def test_a_label_that_is_always_or_never_there(present):
    X, Y = make_multilabel_classification(80, n_classes=3, random_state=0)
    Y[:, 1] = present
    for member in (
        MLPClassifier((8,), max_iter=20),
        OneVsRestClassifier(LogisticRegression()),
        DecisionTreeClassifier(),
    ):
        bag = BaggingClassifier(member, 5, random_state=0).fit(X, Y)
        assert [p.shape for p in bag.predict_proba(X)] == [(80, 2), (80, 1), (80, 2)]
        assert_array_equal(bag.predict(X)[:, 1], present)


def test_a_numpy_share_of_the_columns_is_a_share():
    bag = BaggingRegressor(n_estimators=2, max_features=np.float32(0.5)).fit(XR, YR)
    assert [len(columns) for columns in bag.estimators_features_] == [4, 4]


def test_without_a_seed_the_global_random_state_is_not_moved():
    np.random.seed(3)  # noqa: NPY002, TID251 - the global state is what is watched
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (BaggingRegressor(n_estimators=2).fit(XR, YR) for _ in range(2))
    assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    assert (first.inbag_counts_ != second.inbag_counts_).any()


@pytest.mark.parametrize("backend", ["threading", "multiprocessing", "loky"])
def test_every_backend_of_joblib_gives_the_same_members(backend):
    plain = BaggingRegressor(KNeighborsRegressor(), 6, random_state=0).fit(XR, YR)
    with parallel_config(backend=backend, n_jobs=2):
        bag = BaggingRegressor(KNeighborsRegressor(), 6, random_state=0).fit(XR, YR)
        predicted = bag.predict(XR)
    assert_array_equal(predicted, plain.predict(XR))


def test_monitors_score_the_members_so_far():
    callback = pytest.importorskip("sklearn.callback")
    monitor = callback.ScoringMonitor(scoring="accuracy")
    names = np.array(["x", "y", "z"])[Y3]
    bag = BaggingClassifier(n_estimators=4, random_state=0).set_callbacks(monitor)
    bag.fit(X3, names)
    log = monitor.get_logs()
    scores = [row["accuracy"] for row in log.data if row["task_name"] == "member"]
    assert len(scores) == 4
    assert scores[-1] == bag.score(X3, names)
    alone = BaggingClassifier(n_estimators=1, random_state=0).fit(X3, names)
    assert scores[0] == alone.score(X3, names)


@pytest.mark.parametrize("resample", ["weights", "unique", "index"])
def test_rows_of_weight_zero_are_neither_seen_nor_scored(resample):
    own = np.r_[np.zeros(50), np.ones(100)]
    wrong = np.where(own == 0, 1e6, YR)
    for scheme in (None, Bootstrap()):
        bag = BaggingRegressor(
            Ridge(),
            40,
            scheme=scheme,
            resample=resample,
            oob_score=True,
            random_state=0,
        ).fit(XR, wrong, sample_weight=own)
        assert (bag.inbag_counts_[:, :50] == 0).all()
        assert min(rows.min() for rows in bag.estimators_samples_) >= 50
        assert_array_equal(np.isnan(bag.oob_prediction_), own == 0)
        assert bag.oob_score_ > 0.9


def test_out_of_bag_after_a_warm_start_on_other_rows_is_an_error_before_any_fit():
    params = {"warm_start": True, "oob_score": True, "random_state": 0}
    bag = BaggingRegressor(n_estimators=30, **params).fit(XR[::-1], YR[::-1])
    bag.set_params(n_estimators=31)
    with pytest.raises(ValueError, match="saw other data"):
        bag.fit(XR, YR)
    assert len(bag) == 30


def test_where_nothing_is_out_of_bag_predictions_are_nan():
    bag = BaggingClassifier(
        KNeighborsClassifier(1),
        1,
        scheme=MovingBlockBootstrap(block_length=5, gap=2),
        oob_score=True,
        random_state=1,
    )
    with pytest.warns(UserWarning, match="Some inputs do not have OOB"):
        bag.fit(X3[:6], [0, 1, 0, 1, 0, 1])
    assert np.isnan(bag.oob_decision_function_).all()
    assert bag.oob_decision_function_.shape == (6, 2)
    assert np.isnan(bag.oob_score_)


def test_members_of_two_kinds_after_a_warm_start():
    bag = BaggingClassifier(Perceptron(), 3, warm_start=True).fit(X3, Y3)
    bag.set_params(estimator=GaussianNB(), n_estimators=6).fit(X3, Y3)
    assert_allclose(np.exp(bag.predict_log_proba(X3)), bag.predict_proba(X3))


def test_accuracy_of_labels_is_that_of_whole_rows():
    X, Y = make_multilabel_classification(150, n_classes=3, random_state=0)
    bag = BaggingClassifier(n_estimators=40, oob_score=True, random_state=0).fit(X, Y)
    labels = np.column_stack([p.argmax(axis=1) for p in bag.oob_decision_function_])
    assert bag.oob_score_ == np.mean((labels == Y).all(axis=1))


def test_columns_of_a_precomputed_kernel_are_not_drawn():
    kernel = X3 @ X3.T
    bag = BaggingClassifier(SVC(kernel="precomputed"), max_features=0.5)
    with pytest.raises(ValueError, match="columns of a precomputed kernel are rows"):
        bag.fit(kernel, Y3)


def test_a_fitted_bag_holds_no_data():
    X, y = make_classification(20_000, random_state=0)
    for scheme in (None, Bootstrap(), PoissonBootstrap(), StationaryBootstrap()):
        bag = BaggingClassifier(GaussianNB(), 10, scheme=scheme).fit(X, y)
        assert len(pickle.dumps(bag)) < 100_000


def test_warnings_point_to_the_line_that_called():
    with pytest.warns(UserWarning, match="recommended to use bootstrap=True") as caught:
        BaggingRegressor(bootstrap=False).fit(XR, YR, sample_weight=np.ones(150))
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"error_score": None}, "'raise' or numpy.nan"),
        ({"error_score": 0}, "'raise' or numpy.nan"),
        ({"error_score": [1, 2]}, "'raise' or numpy.nan"),
        ({"n_jobs": "2"}, "'n_jobs' parameter of BaggingRegressor"),
        ({"n_jobs": 1.5}, "'n_jobs' parameter of BaggingRegressor"),
        ({"verbose": "a"}, "'verbose' parameter of BaggingRegressor"),
        ({"verbose": -1}, "'verbose' parameter of BaggingRegressor"),
        ({"random_state": "a"}, "'random_state' parameter"),
        ({"random_state": -1}, "'random_state' parameter"),
        ({"oob_score": 1}, "'oob_score' parameter of BaggingRegressor"),
        ({"oob_score": None}, "'oob_score' parameter of BaggingRegressor"),
    ],
    ids=str,
)
def test_parameters_of_a_wrong_kind(params, message):
    with pytest.raises(InvalidParameterError, match=message):
        BaggingRegressor(**params).fit(XR, YR)


def test_out_of_bag_scores_of_classes_in_several_outputs():
    Y = np.column_stack([Y3, Y3 % 2])
    bag = BaggingClassifier(n_estimators=40, oob_score=True, random_state=0).fit(X3, Y)
    labels = [p.argmax(axis=1) for p in bag.oob_decision_function_]
    assert bag.oob_score_ == np.mean(np.column_stack(labels) == Y)

    def first_output(estimator, X, y):
        return float(np.mean(estimator.predict_proba(X)[0].argmax(axis=1) == y[:, 0]))

    bag.set_params(oob_score=first_output).fit(X3, Y)
    assert bag.oob_score_ == np.mean(labels[0] == Y3)


def test_a_warm_start_cannot_shrink():
    bag = BaggingRegressor(n_estimators=5, warm_start=True).fit(XR, YR)
    with pytest.raises(ValueError, match=r"n_estimators=4 must be larger or equal to"):
        bag.set_params(n_estimators=4).fit(XR, YR)


def test_a_numpy_generator_seeds_a_bag_and_moves_on():
    rng = np.random.default_rng(5)
    first, second = (
        BaggingRegressor(n_estimators=2, random_state=rng).fit(XR, YR) for _ in range(2)
    )
    assert (first.inbag_counts_ != second.inbag_counts_).any()
    again = BaggingRegressor(n_estimators=2, random_state=np.random.default_rng(5))
    assert_array_equal(again.fit(XR, YR).inbag_counts_, first.inbag_counts_)


def test_rows_of_different_lengths_are_for_the_members_to_refuse():
    with pytest.raises(ValueError, match="inhomogeneous"):
        BaggingRegressor().fit([[1, 2], [3]], [1, 2])


# Last, since an error in a process ends its pool, which takes seconds to start.


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_failing_member_is_named_with_its_parameters_and_rows(n_jobs):
    bag = BaggingClassifier(FailsOnSome(), 10, random_state=0, n_jobs=n_jobs)
    with pytest.raises(ZeroDivisionError, match="no luck") as caught:
        bag.fit(X3, Y3)
    (note,) = caught.value.__notes__
    assert "of 10 failed: FailsOnSome(random_state=" in note
    assert "distinct rows" in note
    assert not hasattr(bag, "estimators_")


@pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")
def test_messages_of_progress_end_with_the_fit(capsys):
    import gc

    X, y = make_regression(60, 3, random_state=0)
    BaggingRegressor(n_estimators=3, verbose=1, random_state=0).fit(X, y)
    gc.collect()
    said = capsys.readouterr()
    assert "3 out of" in said.out + said.err
    assert "Exception ignored" not in said.err
