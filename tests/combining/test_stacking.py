"""Stacking: what scikit-learn's class refuses, and what the final estimator learns."""

import numpy as np
import pytest
import sklearn.ensemble
from numpy.testing import assert_allclose, assert_array_equal
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import (
    load_iris,
    make_classification,
    make_multilabel_classification,
    make_regression,
)
from sklearn.exceptions import NotFittedError, UnsetMetadataPassedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import (
    BayesianRidge,
    LinearRegression,
    LogisticRegression,
    Ridge,
    RidgeClassifier,
)
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RepeatedKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_predict,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.neural_network import MLPClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ensembles import (
    BaggingRegressor,
    BlendClassifier,
    Bootstrap,
    HistForestClassifier,
    PurgedKFold,
    RollingOrigin,
    StackingClassifier,
    StackingRegressor,
)
from ensembles.exceptions import InvalidParameterError, LeakageError

X3, CODES = make_classification(150, 6, n_informative=4, n_classes=3, random_state=0)
Y3 = np.array(["red", "green", "blue"])[CODES]
XR, YR = make_regression(150, 6, noise=10, random_state=0)
CLASSIFIERS = [
    ("linear", LogisticRegression()),
    ("tree", DecisionTreeClassifier(max_depth=3, random_state=0)),
    ("ridge", RidgeClassifier()),
]
REGRESSORS = [
    ("linear", Ridge()),
    ("tree", DecisionTreeRegressor(max_depth=3, random_state=0)),
]


class Told(ClassifierMixin, BaseEstimator):
    """A classifier that remembers what it is told and how many rows it saw."""

    def fit(self, X, y, sample_weight=None, colour=None):
        self.told_ = {"sample_weight": sample_weight, "colour": colour}
        self.rows_ = len(X)
        self.model_ = GaussianNB().fit(X, y)
        self.classes_ = self.model_.classes_
        return self

    def predict(self, X):
        return self.model_.predict(X)

    def predict_proba(self, X):
        return self.model_.predict_proba(X)


@pytest.mark.parametrize("passthrough", [False, True])
@pytest.mark.parametrize("dropped", [None, "tree"])
def test_classes_equal_scikit_learn_s(passthrough, dropped):
    ours, theirs = (
        module(CLASSIFIERS, passthrough=passthrough)
        for module in (StackingClassifier, sklearn.ensemble.StackingClassifier)
    )
    if dropped:
        ours.set_params(**{dropped: "drop"})
        theirs.set_params(**{dropped: "drop"})
    ours.fit(X3, Y3)
    theirs.fit(X3, Y3)
    assert_array_equal(ours.transform(X3), theirs.transform(X3))
    assert_array_equal(ours.predict(X3), theirs.predict(X3))
    assert_allclose(ours.predict_proba(X3), theirs.predict_proba(X3), rtol=1e-10)
    assert_allclose(ours.decision_function(X3), theirs.decision_function(X3))
    assert ours.stack_method_ == theirs.stack_method_
    assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())


def test_values_equal_scikit_learn_s():
    ours = StackingRegressor(REGRESSORS, passthrough=True).fit(XR, YR)
    theirs = sklearn.ensemble.StackingRegressor(REGRESSORS, passthrough=True)
    assert_allclose(ours.predict(XR), theirs.fit(XR, YR).predict(XR), rtol=1e-10)


def by_hand(members, final, folds, X, y, predicted):
    """A stack of regressors written out: the mean of a row's out-of-fold values."""
    sums, counts = np.zeros((len(X), len(members))), np.zeros(len(X))
    for train, test in folds:
        counts[test] += 1
        for j, (_, member) in enumerate(members):
            sums[test, j] += clone(member).fit(X[train], y[train]).predict(X[test])
    rows = counts > 0
    final = clone(final).fit(sums[rows] / counts[rows, None], y[rows])
    columns = [clone(m).fit(X, y).predict(predicted) for _, m in members]
    return final.predict(np.column_stack(columns))


@pytest.mark.parametrize(
    "cv",
    [
        TimeSeriesSplit(4),
        RollingOrigin(4),
        RepeatedKFold(n_splits=3, n_repeats=2, random_state=0),
        Bootstrap(6, random_state=0),
        [(np.arange(100), np.arange(100, 150)), (np.arange(50, 150), np.arange(30))],
    ],
    ids=["time series", "rolling", "repeated", "scheme", "listed"],
)
def test_folds_of_any_kind(cv):
    """Defect 13: rows that are tested never or several times."""
    folds = list(cv.split(XR, YR)) if hasattr(cv, "split") else cv
    expected = by_hand(REGRESSORS, LinearRegression(), folds, XR, YR, XR)
    stack = StackingRegressor(REGRESSORS, LinearRegression(), cv=cv).fit(XR, YR)
    assert_allclose(stack.predict(XR), expected, rtol=1e-8)
    covered = np.unique(np.concatenate([test for _, test in folds]))
    assert_array_equal(np.flatnonzero(stack.out_of_fold_["tree"].covered), covered)


def test_groups_reach_the_splitter_with_routing_off_and_on():
    """Defect 13: groups."""
    groups = np.repeat(np.arange(15), 10)
    folds = list(GroupKFold(5).split(XR, YR, groups))
    expected = StackingRegressor(REGRESSORS, cv=folds).fit(XR, YR).predict(XR)
    stack = StackingRegressor(REGRESSORS, cv=GroupKFold(5))
    assert_array_equal(stack.fit(XR, YR, groups=groups).predict(XR), expected)
    with config_context(enable_metadata_routing=True):
        assert_array_equal(stack.fit(XR, YR, groups=groups).predict(XR), expected)


def test_times_reach_the_splitter():
    times = np.arange(150)[::-1]
    cv = PurgedKFold(5, embargo=3)
    folds = list(cv.split(XR, YR, times=times))
    expected = StackingRegressor(REGRESSORS, cv=folds).fit(XR, YR).predict(XR)
    stack = StackingRegressor(REGRESSORS, cv=cv).fit(XR, YR, times=times)
    assert_array_equal(stack.predict(XR), expected)


def test_metadata_of_members_does_not_reach_the_final_estimator():
    """Defect 11: all of it went there, too."""
    weights = np.ones(150)
    with config_context(enable_metadata_routing=True):
        told = Told().set_fit_request(colour=True, sample_weight=True)
        stack = StackingClassifier([("told", told)])
        stack.fit(X3, Y3, colour="blue", sample_weight=weights)
        assert stack.estimators_[0].told_["colour"] == "blue"
        silent = StackingClassifier([("told", told)], KNeighborsClassifier())
        silent.fit(X3, Y3, sample_weight=weights)
        final = Told().set_fit_request(sample_weight=True)
        both = StackingClassifier([("told", told)], final, cv=TimeSeriesSplit(4))
        both.fit(X3, Y3, colour="blue", sample_weight=np.arange(1.0, 151))
    assert both.final_estimator_.told_["colour"] is None
    seen = both.final_estimator_.told_["sample_weight"]
    assert_array_equal(seen, np.arange(31.0, 151))  # of the rows that are covered


def test_metadata_that_nobody_requests_is_an_error():
    with config_context(enable_metadata_routing=True):
        stack = StackingClassifier([("told", Told())])
        with pytest.raises(UnsetMetadataPassedError, match="colour"):
            stack.fit(X3, Y3, colour="blue")
        plain = StackingClassifier([("linear", GaussianNB())])
        with pytest.raises(TypeError, match="colour"):
            plain.fit(X3, Y3, colour="blue")


def test_the_default_final_estimator_learns_from_weights_with_routing_on():
    weights = np.random.default_rng(0).uniform(size=150)
    expected = StackingClassifier([("bayes", GaussianNB())])
    expected.fit(X3, Y3, sample_weight=weights)
    with config_context(enable_metadata_routing=True):
        member = GaussianNB().set_fit_request(sample_weight=True)
        stack = StackingClassifier([("bayes", member)])
        stack.fit(X3, Y3, sample_weight=weights)
    assert_array_equal(stack.predict_proba(X3), expected.predict_proba(X3))


@pytest.mark.parametrize(
    ("members", "final"),
    [
        ([("near", KNeighborsClassifier())], None),
        ([("linear", LogisticRegression())], KNeighborsClassifier()),
    ],
    ids=["member", "final"],
)
def test_weights_that_are_not_taken_are_an_error_before_any_fit(members, final):
    """Defect 12: with routing on, the final estimator is told what it requests."""
    counted = [("told", Told()), *members]
    with pytest.raises(TypeError, match="KNeighborsClassifier does not support sample"):
        StackingClassifier(counted, final).fit(X3, Y3, sample_weight=np.ones(150))
    assert not hasattr(counted[0][1], "rows_")


def test_splitters_of_users_are_not_touched_and_the_global_state_is_not_moved():
    cv = KFold(shuffle=True)
    np.random.seed(3)  # noqa: NPY002, TID251 - the global state is what is watched
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    StackingRegressor(REGRESSORS, cv=cv).fit(XR, YR)
    assert cv.random_state is None
    assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    drawn = np.random.RandomState(0)
    stack = StackingRegressor(REGRESSORS, cv=KFold(shuffle=True, random_state=drawn))
    first = stack.fit(XR, YR).predict(XR)
    assert_array_equal(stack.fit(XR, YR).predict(XR), first)


def test_models_of_folds_are_averaged_without_refit():
    cv = KFold(3)
    stack = StackingRegressor(REGRESSORS, LinearRegression(), cv=cv, refit=False)
    stack.fit(XR, YR)
    folds = [
        [clone(m).fit(XR[train], YR[train]).predict(XR) for train, _ in cv.split(XR)]
        for _, m in REGRESSORS
    ]
    columns = np.mean(folds, axis=1).T
    assert_allclose(stack.transform(XR), columns)
    assert_allclose(stack.predict_members(XR), columns.T)
    said = np.column_stack([cross_val_predict(m, XR, YR, cv=cv) for _, m in REGRESSORS])
    assert_allclose(
        stack.predict(XR), LinearRegression().fit(said, YR).predict(columns)
    )
    assert [len(one) for one in stack.estimators_] == [3, 3]


@pytest.mark.parametrize("method", ["predict_proba", "decision_function", "predict"])
def test_models_of_folds_of_classifiers(method):
    cv = StratifiedKFold(3)
    members = [("ridge", RidgeClassifier())]
    if method != "decision_function":
        members = [("tree", DecisionTreeClassifier(max_depth=3, random_state=0))]
    stack = StackingClassifier(members, cv=cv, stack_method=method, refit=False)
    stack.fit(X3, Y3)
    member = members[0][1]
    fits = [clone(member).fit(X3[train], Y3[train]) for train, _ in cv.split(X3, Y3)]
    if method == "predict":
        mean = np.mean([fit.predict_proba(X3) for fit in fits], axis=0)
        expected = mean.argmax(axis=1)[:, None]
    else:
        expected = np.mean([getattr(fit, method)(X3) for fit in fits], axis=0)
    assert_allclose(stack.transform(X3), expected)
    assert list(stack.classes_) == ["blue", "green", "red"]
    assert stack.score(X3, Y3) > 0.6


def test_what_is_left_out_of_bag_feeds_a_stack_without_further_fits():
    forest = HistForestClassifier(30, oob_score=True, random_state=0)
    bayes = HistForestClassifier(30, oob_score=True, max_depth=1, random_state=1)
    stack = StackingClassifier([("deep", forest), ("flat", bayes)], cv="oob")
    stack.fit(X3, Y3)
    said = [clone(one).fit(X3, CODES_SORTED) for one in (forest, bayes)]
    columns = np.hstack([one.oob_decision_function_ for one in said])
    final = LogisticRegression().fit(columns, CODES_SORTED)
    assert_array_equal(stack.final_estimator_.coef_, final.coef_)
    assert stack.out_of_fold_ == {}


CODES_SORTED = np.unique(Y3, return_inverse=True)[1]


def test_rows_that_every_member_of_a_bag_saw_are_left_out():
    bag = BaggingRegressor(Ridge(), 2, oob_score=True, random_state=0)
    stack = StackingRegressor([("bag", bag)], LinearRegression(), cv="oob")
    with pytest.warns(UserWarning, match="do not have OOB scores"):
        stack.fit(XR, YR)
    with pytest.warns(UserWarning, match="do not have OOB scores"):
        said = clone(bag).fit(XR, YR).oob_prediction_
    known = ~np.isnan(said)
    final = LinearRegression().fit(said[known, None], YR[known])
    assert 0 < known.sum() < 150
    assert_allclose(stack.final_estimator_.coef_, final.coef_)


def test_members_without_out_of_bag_predictions_are_an_error():
    with pytest.raises(ValueError, match="oob_score=True to it, or take cv=5"):
        StackingRegressor(REGRESSORS, cv="oob").fit(XR, YR)


@pytest.mark.parametrize("method", ["auto", "predict"])
def test_prefitted_members_keep_their_labels(method):
    """scikit-learn's class feeds labels that are strings to the final estimator."""
    fitted = [(name, clone(m).fit(X3[::2], Y3[::2])) for name, m in CLASSIFIERS]
    frozen = [(name, FrozenEstimator(member)) for name, member in fitted]
    one = StackingClassifier(fitted, cv="prefit", stack_method=method).fit(X3, Y3)
    other = StackingClassifier(frozen, stack_method=method).fit(X3, Y3)
    assert one.estimators_ == [member for _, member in fitted]
    assert_array_equal(one.predict(X3), other.predict(X3))
    assert one.score(X3, Y3) > 0.5


def test_a_prefitted_member_may_lack_a_class_and_not_know_others():
    known = Y3 != "green"
    blind = FrozenEstimator(LogisticRegression().fit(X3[known], Y3[known]))
    stack = StackingClassifier([("blind", blind), *CLASSIFIERS[1:]]).fit(X3, Y3)
    assert stack.transform(X3).shape == (150, 9)
    assert_array_equal(stack.transform(X3)[:, 1], 0)
    every = FrozenEstimator(LogisticRegression().fit(X3, Y3))
    with pytest.raises(ValueError, match="knows classes"):
        StackingClassifier([("every", every)], stack_method="predict").fit(
            X3[known], Y3[known]
        )


@pytest.mark.filterwarnings("ignore:Folds .* were trained on fewer:RuntimeWarning")
def test_folds_and_a_final_estimator_that_have_not_seen_all_classes():
    order = np.argsort(CODES_SORTED, kind="stable")
    X, y = X3[order], Y3[order]
    folds = [(np.arange(90), np.arange(90, 100)), (np.arange(95), np.arange(100, 110))]
    stack = StackingClassifier(CLASSIFIERS[:2], GaussianNB(), cv=folds).fit(X, y)
    proba = stack.predict_proba(X)
    assert proba.shape == (150, 3)
    unseen = set(range(3)) - set(stack.final_estimator_.classes_)
    assert unseen
    assert_array_equal(proba[:, sorted(unseen)], 0)


@pytest.mark.parametrize(
    "final", [None, StackingRegressor(REGRESSORS, cv=3)], ids=["flat", "two layers"]
)
def test_a_stack_of_stacks_is_a_further_layer(final):
    stack = StackingRegressor(REGRESSORS, final, passthrough=True).fit(XR, YR)
    said = [cross_val_predict(m, XR, YR) for _, m in REGRESSORS]
    above = clone(final if final else sklearn.linear_model.RidgeCV())
    above.fit(np.column_stack([*said, XR]), YR)
    columns = [clone(m).fit(XR, YR).predict(XR) for _, m in REGRESSORS]
    assert_allclose(stack.predict(XR), above.predict(np.column_stack([*columns, XR])))


def test_two_labels_at_once_keep_all_their_columns():
    """scikit-learn's class takes two outputs for two classes, and drops one."""
    X, Y = make_multilabel_classification(100, n_classes=2, random_state=0)
    net = MLPClassifier((5,), solver="lbfgs", max_iter=5000, random_state=0)
    ours = StackingClassifier([("net", net)], KNeighborsClassifier()).fit(X, Y)
    theirs = sklearn.ensemble.StackingClassifier([("net", net)], KNeighborsClassifier())
    assert theirs.fit(X, Y).transform(X).shape == (100, 1)
    assert_allclose(ours.transform(X), ours.estimators_[0].predict_proba(X))
    proba = ours.predict_proba(X)
    assert [p.shape for p in proba] == [(100, 2)] * 2
    assert ours.predict(X).shape == (100, 2)


def test_several_outputs_of_classes_and_values():
    Y = np.column_stack([Y3, np.where(X3[:, 0] > 0, "up", "down")])
    members = [("tree", DecisionTreeClassifier(max_depth=3)), ("near", NEAR)]
    stack = StackingClassifier(members, NEAR).fit(X3, Y)
    proba = stack.estimators_[0].predict_proba(X3)
    columns = np.column_stack([proba[0][:, 1:], proba[1][:, 1:]])
    assert_array_equal(stack.transform(X3)[:, :3], columns)
    folds = clone(stack).set_params(refit=False).fit(X3, Y)
    models = folds.estimators_[0].estimators
    expected = np.mean([model.predict_proba(X3)[1] for model in models], axis=0)
    assert_allclose(folds.estimators_[0].predict_proba(X3)[1], expected)
    assert np.mean(stack.predict(X3) == Y) > 0.7
    X, Y = make_regression(100, 5, n_targets=2, random_state=0)
    values = StackingRegressor(
        [("linear", Ridge()), ("near", KNeighborsRegressor())]
    ).fit(X, Y)
    assert values.transform(X).shape == (100, 4)
    assert values.predict(X).shape == (100, 2)
    assert list(values.get_feature_names_out())[:2] == [
        "stackingregressor_linear0",
        "stackingregressor_linear1",
    ]


NEAR = KNeighborsClassifier()


def test_parameters_of_predict_reach_the_final_estimator():
    stack = StackingRegressor(REGRESSORS, BayesianRidge()).fit(XR, YR)
    mean, std = stack.predict(XR, return_std=True)
    assert_array_equal(mean, stack.predict(XR))
    assert (std > 0).all()


def test_out_of_fold_answers_are_kept_or_not():
    stack = StackingRegressor(REGRESSORS).fit(XR, YR)
    expected = cross_val_predict(REGRESSORS[0][1], XR, YR)
    assert_array_equal(stack.out_of_fold_["linear"].values, expected)
    stack.set_params(keep_out_of_fold=False).fit(XR, YR)
    assert not hasattr(stack, "out_of_fold_")


def test_memory_keeps_finished_fits(tmp_path):
    counted = [("slow", CountedRidge(str(tmp_path / "fits")))]
    stack = StackingRegressor(counted, cv=3, memory=str(tmp_path / "kept"))
    first = stack.fit(XR, YR).predict(XR)
    assert fits_in(tmp_path) == 4
    assert_array_equal(stack.fit(XR, YR).predict(XR), first)
    assert fits_in(tmp_path) == 4
    stack.set_params(final_estimator=LinearRegression()).fit(XR, YR)
    assert fits_in(tmp_path) == 4
    stack.fit(XR, YR + 1)
    assert fits_in(tmp_path) == 8


class CountedRidge(Ridge):
    """Writes a letter for each fit."""

    def __init__(self, file=None):
        super().__init__()
        self.file = file

    def fit(self, X, y):
        with open(self.file, "a") as file:
            file.write("x")
        return super().fit(X, y)


def fits_in(folder):
    return len((folder / "fits").read_text())


def test_a_member_that_fails_is_named_and_an_old_fit_stays():
    stack = StackingRegressor(REGRESSORS).fit(XR, YR)
    before = stack.predict(XR)
    bad = np.where(np.arange(150) == 140, np.nan, YR)
    bad_x = np.where(np.arange(900).reshape(150, 6) == 0, np.nan, XR)
    with pytest.raises(ValueError, match="NaN") as caught:
        stack.fit(bad_x, YR)
    assert any("'linear'" in note for note in caught.value.__notes__)
    with pytest.raises(ValueError, match="NaN"):
        stack.fit(XR, bad)
    assert_array_equal(stack.predict(XR), before)


@pytest.mark.parametrize(
    ("params", "error", "match"),
    [
        ({"cv": "odd"}, InvalidParameterError, "'prefit', 'oob' or None"),
        ({"cv": 1}, ValueError, "1"),
        ({"passthrough": "yes"}, InvalidParameterError, "passthrough"),
        ({"refit": 1}, InvalidParameterError, "refit"),
        ({"keep_out_of_fold": None}, InvalidParameterError, "keep_out_of_fold"),
        ({"final_estimator": "best"}, InvalidParameterError, "implementing 'fit'"),
        ({"final_estimator": GaussianNB()}, ValueError, "should be a regressor"),
        ({"estimators": [("bayes", GaussianNB())]}, ValueError, "be a regressor"),
        ({"n_jobs": 1.5}, InvalidParameterError, "n_jobs"),
        ({"memory": 3}, ValueError, "memory"),
    ],
    ids=lambda value: str(value)[:30] if isinstance(value, dict) else None,
)
def test_wrong_parameters_are_named_before_any_fit(params, error, match):
    stack = StackingRegressor(REGRESSORS).set_params(**params)
    with pytest.raises(error, match=match):
        stack.fit(XR, YR)


def test_wrong_ways_to_ask_are_named():
    with pytest.raises(ValueError, match="linear does not implement the method"):
        StackingClassifier(
            [("linear", RidgeClassifier())], stack_method="predict_proba"
        ).fit(X3, Y3)
    with pytest.raises(InvalidParameterError, match="stack_method"):
        StackingClassifier(CLASSIFIERS, stack_method="guess").fit(X3, Y3)
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        StackingClassifier(CLASSIFIERS).fit(XR, YR)
    with pytest.raises(ValueError, match=r"StackingRegressor\.fit is only supported"):
        StackingRegressor(REGRESSORS).fit(XR, YR, colour="blue")


def test_folds_that_test_what_they_train_on_are_an_error():
    folds = [(np.arange(100), np.arange(90, 150))]
    with pytest.raises(LeakageError, match="10 of the rows"):
        StackingRegressor(REGRESSORS, cv=folds).fit(XR, YR)


def test_before_fit_it_says_what_it_will_have():
    stack = StackingClassifier(CLASSIFIERS)
    assert hasattr(stack, "predict_proba")  # of the default final estimator
    assert not hasattr(
        StackingClassifier(CLASSIFIERS, RidgeClassifier()), "predict_proba"
    )
    with pytest.raises(NotFittedError):
        stack.transform(X3)
    assert "final_estimator" in stack._repr_html_()


def test_frames_reach_members_and_names_come_out():
    pandas = pytest.importorskip("pandas")
    X, y = load_iris(return_X_y=True, as_frame=True)
    stack = StackingClassifier(CLASSIFIERS[1:2], passthrough=True).fit(X / 4, y)
    stack.set_output(transform="pandas")
    table = stack.transform(X / 4)
    assert isinstance(table, pandas.DataFrame)
    assert list(table.columns[-4:]) == list(X.columns)
    assert list(table.columns[:1]) == ["stackingclassifier_tree0"]
    with pytest.raises(ValueError, match="not equal to feature_names_in_"):
        stack.get_feature_names_out(["a", "b", "c", "d"])


def test_routing_may_be_on_without_anything_to_route():
    plain = StackingClassifier(CLASSIFIERS).fit(X3, Y3).predict_proba(X3)
    with config_context(enable_metadata_routing=True):
        for cv in None, StratifiedKFold():
            stack = StackingClassifier(CLASSIFIERS, cv=cv).fit(X3, Y3)
            assert_array_equal(stack.predict_proba(X3), plain)


@pytest.mark.parametrize("labels", [(1, 2), (2, 1), (0, 2), (1, 5)], ids=str)
@pytest.mark.parametrize("kind", [StackingClassifier, BlendClassifier])
def test_prefitted_members_say_the_same_of_one_row_as_of_many(labels, kind):
    """Labels that look like codes where few rows are predicted."""
    X, codes = make_classification(80, random_state=0)
    y = np.array(labels)[codes]
    members = [("a", GaussianNB().fit(X, y)), ("b", RidgeClassifier().fit(X, y))]
    params = {"stack_method": "predict"} if kind is StackingClassifier else {}
    fitted = kind(members, cv="prefit", **params).fit(X, y)
    one_by_one = [fitted.predict(X[i : i + 1])[0] for i in range(80)]
    assert_array_equal(one_by_one, fitted.predict(X))
    assert fitted.score(X, y) > 0.8


def test_a_prefitted_member_of_labels_that_look_like_codes_may_lack_one():
    X, codes = make_classification(150, n_classes=3, n_informative=5, random_state=0)
    y = codes + 1
    some = LogisticRegression().fit(X[y < 3], y[y < 3])
    members = [("some", some), ("all", GaussianNB().fit(X, y))]
    stack = StackingClassifier(members, cv="prefit").fit(X, y)
    assert_allclose(stack.predict_members(X)[0][:, :2], some.predict_proba(X))
    assert_allclose(stack.transform(X)[:, :2], some.predict_proba(X))


def test_a_final_estimator_that_was_fitted_before_answers_with_labels():
    X, codes = make_classification(80, random_state=0)
    y = codes + 1
    seen = StackingClassifier(CLASSIFIERS[:2]).fit(X, y).transform(X)
    final = FrozenEstimator(LogisticRegression().fit(seen, y))
    stack = StackingClassifier(CLASSIFIERS[:2], final).fit(X, y)
    one_by_one = [stack.predict(X[i : i + 1])[0] for i in range(80)]
    assert_array_equal(one_by_one, final.predict(stack.transform(X)))
    assert_array_equal(one_by_one, stack.predict(X))


@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB:UserWarning")
@pytest.mark.parametrize(
    "bag",
    [
        sklearn.ensemble.RandomForestRegressor(3, oob_score=True, random_state=0),
        sklearn.ensemble.BaggingRegressor(
            DecisionTreeRegressor(), 3, oob_score=True, random_state=0
        ),
    ],
    ids=["forest", "bag"],
)
def test_rows_that_scikit_learn_s_bags_say_zero_of_are_left_out(bag):
    stack = StackingRegressor([("bag", bag)], LinearRegression(), cv="oob")
    stack.fit(XR, YR + 1000)
    fitted = clone(bag).fit(XR, YR + 1000)
    seen = sum(np.isin(np.arange(150), rows) for rows in fitted.estimators_samples_)
    known = seen < 3
    assert 0 < known.sum() < 150
    final = LinearRegression().fit(
        fitted.oob_prediction_[known, None], YR[known] + 1000
    )
    assert_allclose(stack.final_estimator_.coef_, final.coef_)


def test_out_of_bag_predictions_of_several_labels():
    X, Y = make_multilabel_classification(100, n_classes=3, random_state=0)
    forest = sklearn.ensemble.RandomForestClassifier(30, oob_score=True, random_state=0)
    stack = StackingClassifier([("forest", forest)], NEAR, cv="oob").fit(X, Y)
    proba = clone(forest).fit(X, Y).oob_decision_function_
    final = clone(NEAR).fit(proba[:, 1], Y)
    assert_array_equal(stack.predict(X), final.predict(stack.transform(X)))
    assert stack.transform(X).shape == (100, 3)


def test_parameters_of_the_final_estimator_are_listed():
    stack = StackingClassifier(CLASSIFIERS, LogisticRegression(C=3))
    assert stack.get_params()["final_estimator__C"] == 3
    assert "final_estimator__C" not in stack.get_params(deep=False)
    assert clone(stack).set_params(final_estimator__C=5).final_estimator.C == 5


def test_members_that_are_not_fitted_need_not_take_weights():
    members = [("near", KNeighborsClassifier().fit(X3, Y3))]
    weights = np.random.default_rng(0).uniform(size=150)
    stack = StackingClassifier(members, cv="prefit").fit(X3, Y3, sample_weight=weights)
    seen = stack.transform(X3)
    final = LogisticRegression().fit(seen, CODES_SORTED, sample_weight=weights)
    assert_allclose(stack.final_estimator_.coef_, final.coef_)


def test_regressors_among_classifiers_have_no_probabilities():
    stack = StackingClassifier([("ridge", Ridge()), *CLASSIFIERS[:1]]).fit(X3, Y3)
    with pytest.raises(ValueError, match=r"\['ridge'\] are regressors"):
        stack.predict_members(X3)


@pytest.mark.filterwarnings("ignore:Folds .* were trained on fewer:RuntimeWarning")
def test_a_class_that_a_fold_did_not_see_has_the_lowest_decision():
    X, codes = make_classification(
        200, n_classes=4, n_informative=6, class_sep=2, random_state=0
    )
    known, others = np.flatnonzero(codes < 3), np.arange(100, 200)
    folds = [
        (np.setdiff1d(known, np.arange(60)), np.intersect1d(known, np.arange(60))),
        (np.arange(100), others),
    ]
    stack = StackingClassifier([("ridge", RidgeClassifier())], cv=folds).fit(X, codes)
    assert np.abs(stack.final_estimator_.coef_).max() > 0.01
    assert stack.score(X, codes) > 0.7
