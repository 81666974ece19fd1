"""What holds for every ensemble, whatever it is."""

import pickle
import warnings

import joblib
import numpy as np
import pytest
from _instances import (
    BOOSTERS,
    ESTIMATORS,
    LEARNED,
    NETS,
    TREES,
    known_failures,
)
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import RegressorMixin, clone, is_classifier
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import NotFittedError
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import parametrize_with_checks

from ensembles import (
    BaggingClassifier,
    BaggingRegressor,
    BlendClassifier,
    RollingOrigin,
    SelectionRegressor,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)

every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS + LEARNED, ids=repr)
every_ensemble = pytest.mark.parametrize(
    "estimator", ESTIMATORS + LEARNED + NETS, ids=repr
)


def data_for(estimator, n=80):
    if is_classifier(estimator):
        return make_classification(n, 6, n_informative=4, n_classes=3, random_state=0)
    return make_regression(n, 6, noise=20, random_state=0)


def seeded(estimator, **params):
    estimator = clone(estimator)
    if "random_state" in estimator.get_params():
        params["random_state"] = 7
    return estimator.set_params(**params)


INSTANCES = ESTIMATORS + LEARNED + TREES + BOOSTERS
FIRST = list({type(one): one for one in reversed(INSTANCES)}.values())
VARIANTS = [one for one in INSTANCES if not any(one is first for first in FIRST)]


@parametrize_with_checks(FIRST, expected_failed_checks=known_failures)
def test_scikit_learn_contract(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some checks fit on data that warn
        check(estimator)


@pytest.mark.slow
@parametrize_with_checks(VARIANTS, expected_failed_checks=known_failures)
def test_scikit_learn_contract_of_variants(estimator, check):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # some checks fit on data that warn
        check(estimator)


@every_estimator
def test_the_bits_do_not_depend_on_n_jobs(estimator):
    X, y = data_for(estimator)
    one = seeded(estimator, n_jobs=1).fit(X, y)
    two = seeded(estimator, n_jobs=2).fit(X, y)
    assert_array_equal(one.predict_members(X), two.predict_members(X))
    assert_array_equal(one.predict(X), two.predict(X))


@every_ensemble
def test_a_second_fit_gives_the_same_bits(estimator):
    X, y = data_for(estimator)
    ensemble = seeded(estimator).fit(X, y)
    first = ensemble.predict_members(X)
    assert_array_equal(first, ensemble.fit(X, y).predict_members(X))


@every_ensemble
def test_pickle_and_joblib_keep_the_predictions(estimator, tmp_path):
    X, y = data_for(estimator)
    ensemble = seeded(estimator).fit(X, y)
    expected = ensemble.predict(X)
    assert_array_equal(pickle.loads(pickle.dumps(ensemble)).predict(X), expected)
    joblib.dump(ensemble, tmp_path / "ensemble")
    assert_array_equal(joblib.load(tmp_path / "ensemble").predict(X), expected)


@every_ensemble
def test_a_fit_leaves_the_global_random_state_and_the_user_s_objects_alone(estimator):
    X, y = data_for(estimator)
    ensemble = seeded(estimator)
    given = {key: repr(value) for key, value in ensemble.get_params().items()}
    fitted_before = {key: vars(v).copy() for key, v in members_of(ensemble).items()}
    np.random.seed(3)  # noqa: NPY002, TID251 - the global state is what is watched
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    ensemble.fit(X, y).predict(X)
    assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    assert {k: repr(v) for k, v in ensemble.get_params().items()} == given
    assert {k: vars(v) for k, v in members_of(ensemble).items()} == fitted_before


def members_of(ensemble):
    return {
        key: value
        for key, value in ensemble.get_params().items()
        if hasattr(value, "fit")
    }


@every_ensemble
def test_it_is_a_sequence_of_its_members(estimator):
    X, y = data_for(estimator)
    ensemble = seeded(estimator).fit(X, y)
    assert len(ensemble) == len(ensemble.estimators_) == len(list(ensemble))
    assert type(ensemble[0]) is type(next(iter(ensemble)))


@every_ensemble
def test_members_come_first_and_combine_can_change_after_fit(estimator):
    X, y = data_for(estimator)
    ensemble = seeded(estimator).fit(X, y)
    members = ensemble.predict_members(X)
    assert members.shape[:2] == (len(ensemble), len(X))
    if getattr(ensemble, "voting", "soft") == "hard" or not hasattr(
        ensemble, "combine"
    ):
        return
    ensemble.combine = lambda outputs: outputs[-1]
    if is_classifier(ensemble):
        assert_array_equal(ensemble.predict_proba(X), members[-1])
    else:
        assert_array_equal(ensemble.predict(X), members[-1])


@every_ensemble
def test_it_works_in_pipelines_searches_and_nested_cross_validation(estimator):
    X, y = data_for(estimator)
    pipeline = make_pipeline(StandardScaler(), seeded(estimator))
    name = pipeline.steps[-1][0]
    given = estimator.get_params(deep=False)
    option = "combine" if "combine" in given else "random_state"
    value = given["combine"] if option == "combine" else 7
    if option not in given:
        option, value = "n_jobs", None
    search = GridSearchCV(pipeline, {f"{name}__{option}": [value]}, cv=2)
    scores = cross_val_score(search, X, y, cv=RollingOrigin(2), error_score="raise")
    assert np.isfinite(scores).all()


@every_ensemble
def test_predict_before_fit_says_so(estimator):
    X, _ = data_for(estimator)
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        clone(estimator).predict(X)
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        clone(estimator).predict_members(X)


@every_estimator
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_dataframes_reach_the_members_as_dataframes(estimator, library):
    frames = pytest.importorskip(library)
    X, y = data_for(estimator)
    table = frames.DataFrame({f"column {j}": X[:, j] for j in range(X.shape[1])})
    ensemble = seeded(estimator).fit(table, y)
    assert list(ensemble.feature_names_in_) == list(table.columns)
    for member in ensemble:
        assert list(member.feature_names_in_) == list(table.columns)
        assert len(member.predict(table)) == len(X)
    assert_allclose(ensemble.predict(table), seeded(estimator).fit(X, y).predict(X))


@pytest.mark.parametrize(
    "ensemble",
    [
        BaggingClassifier,
        BaggingRegressor,
        BlendClassifier,
        SelectionRegressor,
        StackingClassifier,
        StackingRegressor,
        VotingClassifier,
        VotingRegressor,
    ],
)
def test_the_checking_of_values_is_left_to_the_members(ensemble):
    """scikit-learn asks this of its meta-estimators, and excuses its own bags."""
    rng = np.random.default_rng(0)
    texts = rng.choice(["aa", "bb", "cc"], 30).tolist()
    reads = Ridge() if issubclass(ensemble, RegressorMixin) else LogisticRegression()
    member = make_pipeline(TfidfVectorizer(), reads)
    y = rng.integers(3, size=30).tolist()
    given = [("a", member), ("b", member)]
    given = member if "Bagging" in ensemble.__name__ else given
    fitted = ensemble(given).fit(texts, y)
    assert len(fitted.predict(texts)) == 30
    assert not hasattr(fitted, "n_features_in_")


# Checks of scikit-learn's that check_estimator does not run.
MORE_CHECKS = [
    estimator_checks.check_dataframe_column_names_consistency,
    estimator_checks.check_inplace_ensure_writeable,
    estimator_checks.check_set_output_transform,
    estimator_checks.check_set_output_transform_pandas,
    estimator_checks.check_set_output_transform_polars,
    estimator_checks.check_transformer_get_feature_names_out,
    estimator_checks.check_transformer_get_feature_names_out_pandas,
]


@pytest.mark.parametrize(
    ("estimator", "check"),
    [
        pytest.param(estimator, check, id=f"{estimator!r}-{check.__name__}")
        for estimator in ESTIMATORS + LEARNED + NETS
        for check in MORE_CHECKS
        if hasattr(estimator, "transform") or "trans" not in check.__name__
    ],
)
@pytest.mark.filterwarnings("ignore")  # some checks fit on data that warn
def test_scikit_learn_contract_beyond_check_estimator(estimator, check):
    check(type(estimator).__name__, clone(estimator))
