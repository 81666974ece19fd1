"""What holds for every ensemble, whatever it is."""

import warnings

import numpy as np
import pytest
from _instances import (
    BOOSTERS,
    ESTIMATORS,
    LEARNED,
    NETS,
    SCHEMES,
    TREES,
    known_failures,
)
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import RegressorMixin, clone, is_classifier
from sklearn.datasets import make_classification, make_regression
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
from ensembles.testing import check_ensemble, check_scheme

every_estimator = pytest.mark.parametrize("estimator", ESTIMATORS + LEARNED, ids=repr)
every_ensemble = pytest.mark.parametrize(
    "estimator", ESTIMATORS + LEARNED + NETS, ids=repr
)


GROUPS_OF_ROWS = np.arange(60) // 3


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


ENSEMBLES = [
    one
    for one in ESTIMATORS + LEARNED + NETS + BOOSTERS
    if hasattr(one, "predict_members")
]


@pytest.mark.parametrize("estimator", ENSEMBLES, ids=repr)
@pytest.mark.filterwarnings("ignore:Some inputs do not have OOB scores")
def test_the_contract_of_ensembles(estimator):
    check_ensemble(estimator)


@pytest.mark.parametrize("scheme", SCHEMES, ids=repr)
def test_the_contract_of_schemes(scheme):
    check_scheme(scheme, groups=GROUPS_OF_ROWS)


@every_estimator
def test_the_bits_do_not_depend_on_n_jobs(estimator):
    X, y = data_for(estimator)
    one = seeded(estimator, n_jobs=1).fit(X, y)
    two = seeded(estimator, n_jobs=2).fit(X, y)
    assert_array_equal(one.predict_members(X), two.predict_members(X))
    assert_array_equal(one.predict(X), two.predict(X))


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
