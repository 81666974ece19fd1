"""Residuals laid on fitted values."""

import re

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.stats import norm
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GroupKFold, KFold, LeaveOneOut, ShuffleSplit
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures
from sklearn.tree import DecisionTreeRegressor

from ensembles.exceptions import InvalidParameterError
from ensembles.resampling import (
    BayesianBootstrap,
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    MovingBlockBootstrap,
    PoissonBootstrap,
    ResidualBootstrap,
    SieveBootstrap,
    StationaryBootstrap,
    WildBootstrap,
)
from ensembles.resampling._fitted import fit_regression, out_of_fold_residuals
from ensembles.resampling._noise import bind_noise

N = 24
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 2))
# Errors that differ by row, by stratum and along the series, so that each law shows.
STRATA = np.array(["b", "a", "c"] * 8)
GROUPS = RNG.permutation(np.repeat(list("wxyz"), 6))
Y = X @ [1, -2] + np.linspace(-3, 5, N) + 4 * (STRATA == "c") + RNG.normal(size=N)
LEAST_SQUARES = fit_regression(LinearRegression(), X, Y)
Z = norm.isf(0.5e-4)
by_property = settings(max_examples=60, deadline=None, derandomize=True)

# Each with the groups that it is given.
SCHEMES = {
    "rows": (Bootstrap(), None),
    "strata": (Bootstrap(stratify=STRATA), None),
    "balanced": (Bootstrap(balanced=True), None),
    "balanced strata": (Bootstrap(stratify=STRATA, balanced=True), None),
    "permuted": (Bootstrap(replace=False), None),
    "weighted": (BayesianBootstrap(), None),
    "groups": (GroupBootstrap(), GROUPS),
    "moving": (MovingBlockBootstrap(block_length=5), None),
    "circular": (CircularBlockBootstrap(block_length=5), None),
    "stationary": (StationaryBootstrap(block_length=5), None),
    "wild": (WildBootstrap(), None),
    "wild groups": (WildBootstrap(multiplier="webb"), GROUPS),
}
every_scheme = pytest.mark.parametrize(
    ("scheme", "groups"), SCHEMES.values(), ids=SCHEMES
)


def replicates(bootstrap, *arrays, groups=None):
    drawn = bootstrap.iter_samples(*(arrays or (X, Y)), groups=groups)
    return np.stack([replicate[-1] for replicate in drawn])


@every_scheme
def test_the_noise_has_mean_zero_in_every_row(scheme, groups):
    """z-tests of 24 rows each, 4,000 replicates: 24 in 10,000 for each scheme.

    Without an intercept the residuals themselves are far from mean zero.
    """
    line = LinearRegression(fit_intercept=False)
    bootstrap = ResidualBootstrap(line, 4000, scheme=scheme, random_state=0)
    drawn = replicates(bootstrap, groups=groups) - line.fit(X, Y).predict(X)
    error = drawn.std(axis=0) / np.sqrt(len(drawn))
    assert abs(Y.mean()) > 5 * error.max()
    assert (np.abs(drawn.mean(axis=0)) < Z * error).all()


@every_scheme
def test_a_replicate_is_the_fit_and_noise_of_the_scheme(scheme, groups):
    bound = ResidualBootstrap(scheme=scheme, residuals="raw").bind(X, Y, groups=groups)
    residuals = LEAST_SQUARES.residuals
    codes = None if groups is None else np.unique(groups, return_inverse=True)[1]
    if not isinstance(scheme, WildBootstrap):
        noise = bind_noise(scheme, [], np.zeros(N), residuals, codes)
    for seed in bound.seeds(3, 0, 4):
        X_given, y = bound.sample(seed)
        assert X_given is X
        if isinstance(scheme, WildBootstrap):
            multipliers = (y - LEAST_SQUARES.values) / residuals
            assert set(np.round(multipliers**2, 6)) <= {0.5, 1.0, 1.5}
        else:
            assert_allclose(y, LEAST_SQUARES.values + noise.sample(seed)[0])


@by_property
@given(st.integers(2, 40), st.integers(1, 3), st.integers(0, 2**32))
def test_y_alone_is_moved_about_its_mean(n, q, seed):
    y = np.random.default_rng(seed).normal(5, 2, size=(n, q) if q > 1 else n)
    bootstrap = ResidualBootstrap(n_resamples=3, residuals="raw", random_state=seed)
    (replicate,) = next(bootstrap.iter_samples(y))
    assert replicate.shape == y.shape
    gaps = np.abs(replicate[:, np.newaxis] - y).reshape(n, n, -1).max(axis=-1)
    assert gaps.min(axis=1).max() < 1e-9


def test_y_alone_is_modified_to_the_unbiased_variance():
    """h = 1/n, so the variance of a replicate's row is n/(n-1) times as large."""
    bound = ResidualBootstrap().bind(Y)
    assert_allclose(bound.residuals.var(), Y.var(ddof=1))


def test_targets_of_several_columns_keep_their_rows_together():
    several = np.column_stack([Y, 3 * Y + X[:, 0]])
    for scheme, groups in SCHEMES.values():
        bootstrap = ResidualBootstrap(
            None, 3, scheme=scheme, residuals="raw", random_state=0
        )
        both = replicates(bootstrap, X, several, groups=groups)
        for j in range(2):
            one = replicates(bootstrap, X, several[:, j], groups=groups)
            assert_allclose(both[:, :, j], one)


def test_auto_modifies_the_residuals_of_least_squares():
    for estimator in (None, make_pipeline(PolynomialFeatures(1), LinearRegression())):
        auto = ResidualBootstrap(estimator).bind(X, Y).residuals
        h = (LEAST_SQUARES.basis**2).sum(axis=1)
        assert_allclose(auto, LEAST_SQUARES.residuals / np.sqrt(1 - h))


@pytest.mark.parametrize(
    ("scheme", "groups", "folds"),
    [
        (None, None, KFold(5, shuffle=True, random_state=0)),
        (WildBootstrap(), None, KFold(5, shuffle=True, random_state=0)),
        (StationaryBootstrap(), None, KFold(5)),
        (WildBootstrap(), GROUPS, GroupKFold(4)),
    ],
    ids=["rows", "wild", "blocks", "groups"],
)
def test_auto_takes_the_residuals_of_other_fits_out_of_fold(scheme, groups, folds):
    tree = DecisionTreeRegressor(max_depth=2, random_state=0)
    bound = ResidualBootstrap(tree, scheme=scheme).bind(X, Y, groups=groups)
    codes = None if groups is None else np.unique(groups, return_inverse=True)[1]
    expected = out_of_fold_residuals(tree, X, Y, cv=folds, groups=codes)
    assert_allclose(bound.residuals, expected)
    assert_allclose(bound.fitted, tree.fit(X, Y).predict(X))


def test_folds_are_as_many_as_rows_where_those_are_few():
    bound = ResidualBootstrap(Ridge()).bind(X[:3], Y[:3])
    expected = out_of_fold_residuals(
        Ridge(), X[:3], Y[:3], cv=LeaveOneOut(), groups=None
    )
    assert_allclose(bound.residuals, expected)


def test_a_splitter_gives_residuals_out_of_fold_to_any_fit():
    bound = ResidualBootstrap(residuals=LeaveOneOut()).bind(X, Y)
    deleted = ResidualBootstrap(residuals="deleted").bind(X, Y)
    assert_allclose(bound.residuals, deleted.residuals, atol=1e-9)


def test_a_forest_without_a_seed_is_a_function_of_the_data():
    forest = RandomForestRegressor(n_estimators=3)
    bootstrap = ResidualBootstrap(forest, 2, random_state=0)
    assert_array_equal(replicates(bootstrap), replicates(bootstrap))
    assert forest.random_state is None
    seeded = ResidualBootstrap(RandomForestRegressor(3, random_state=5), 2)
    expected = RandomForestRegressor(3, random_state=5).fit(X, Y).predict(X)
    assert_array_equal(seeded.bind(X, Y).fitted, expected)


def test_the_numbers_of_the_scheme_of_the_noise_do_not_count():
    one = ResidualBootstrap(None, 3, scheme=Bootstrap(), random_state=0)
    other = ResidualBootstrap(
        None, 3, scheme=Bootstrap(9, random_state=5), random_state=0
    )
    assert_array_equal(replicates(one), replicates(other))


def test_balanced_residuals_are_each_drawn_equally_often():
    bootstrap = ResidualBootstrap(
        None, 30, scheme=Bootstrap(balanced=True), residuals="raw", random_state=0
    )
    drawn = replicates(bootstrap) - LEAST_SQUARES.values
    assert_allclose(drawn.sum(), 0, atol=1e-9)
    residuals = LEAST_SQUARES.residuals
    assert_allclose(np.sort(drawn, axis=None), np.sort(np.repeat(residuals, 30)))


def test_nested_parameters_can_be_set():
    bootstrap = ResidualBootstrap(Ridge(), scheme=StationaryBootstrap())
    bootstrap.set_params(scheme__block_length=7, estimator__alpha=3.0)
    assert bootstrap.scheme.block_length == 7
    assert bootstrap.estimator.alpha == 3.0


@pytest.mark.parametrize(
    "table", [X.tolist(), pd.DataFrame(X, columns=["a", "b"]), csr_array(X)]
)
def test_tables_reach_the_estimator_and_the_replicate_as_they_are(table):
    model = LinearRegression()
    X_given, y = next(
        ResidualBootstrap(model, 1, random_state=0).iter_samples(table, Y)
    )
    assert type(X_given) is (np.ndarray if isinstance(table, list) else type(table))
    expected = replicates(ResidualBootstrap(None, 1, random_state=0))[0]
    assert_allclose(y, expected)
    assert not hasattr(model, "coef_")


def test_text_is_left_to_the_estimator():
    class Length(KNeighborsRegressor):
        def fit(self, X, y):
            return super().fit([[len(text)] for text in X], y)

        def predict(self, X):
            return super().predict([[len(text)] for text in X])

    texts = ["a" * (i % 7) for i in range(N)]
    X_given, y = next(
        ResidualBootstrap(Length(), 1, random_state=0).iter_samples(texts, Y)
    )
    assert list(X_given) == texts
    assert y.shape == (N,)


@pytest.mark.parametrize(
    "params",
    [
        {"estimator": LogisticRegression()},
        {"estimator": Ridge},
        {"estimator": "linear"},
        {"scheme": "wild"},
        {"scheme": KFold(3)},
        {"scheme": SieveBootstrap()},
        {"scheme": Bootstrap},
        {"scheme": PoissonBootstrap()},
        {"residuals": "hc3"},
        {"residuals": None},
        {"residuals": 5},
    ],
    ids=str,
)
def test_parameters_that_are_not_known_are_an_error(params):
    (name,) = params
    message = f"The '{name}' parameter of ResidualBootstrap must be .* Got"
    with pytest.raises(InvalidParameterError, match=message):
        replicates(ResidualBootstrap(**params))


@pytest.mark.parametrize("kind", ["scaled", "modified", "deleted"])
def test_leverage_that_is_not_known_is_an_error(kind):
    message = re.escape(
        f"residuals='{kind}' needs the leverage of each row, which is known for "
        "LinearRegression and not for Ridge(). A splitter such as residuals=KFold(5)"
    )
    with pytest.raises(ValueError, match=message):
        replicates(ResidualBootstrap(Ridge(), residuals=kind))


@pytest.mark.parametrize(
    ("estimator", "y"),
    [
        (None, X @ [1, 2] + 3),
        (DecisionTreeRegressor(), Y),
        (KNeighborsRegressor(1), Y),
        (None, np.full(N, 7.1)),
    ],
    ids=["line", "tree", "neighbour", "constant"],
)
@pytest.mark.parametrize("scheme", [None, WildBootstrap()], ids=repr)
def test_a_fit_that_leaves_nothing_over_is_an_error(estimator, y, scheme):
    with pytest.raises(
        ValueError, match="The residuals are all zero: the estimator fit"
    ):
        replicates(ResidualBootstrap(estimator, scheme=scheme), X, y)


def test_as_many_parameters_as_rows_are_an_error():
    square = np.random.default_rng(0).normal(size=(N, N))
    with pytest.raises(ValueError, match="The residuals are all zero"):
        replicates(ResidualBootstrap(), square, Y)


def test_a_constant_alone_is_an_error():
    with pytest.raises(ValueError, match="The residuals are all zero"):
        replicates(ResidualBootstrap(), np.full(N, 7.1))


def test_an_estimator_without_columns_is_an_error():
    with pytest.raises(ValueError, match=r"Ridge\(\) needs an X to be fitted to"):
        replicates(ResidualBootstrap(Ridge()), Y)


def test_three_arrays_are_an_error():
    with pytest.raises(ValueError, match="takes X and y, or y alone, got 3 arrays"):
        replicates(ResidualBootstrap(), X, Y, Y)


@pytest.mark.parametrize(
    "scheme", [None, Bootstrap(), StationaryBootstrap(), BayesianBootstrap()], ids=repr
)
def test_groups_that_the_scheme_would_tear_apart_are_an_error(scheme):
    message = "which does not keep groups together. scheme=WildBootstrap"
    with pytest.raises(ValueError, match=message):
        replicates(ResidualBootstrap(scheme=scheme), groups=GROUPS)


def test_a_scheme_of_groups_without_groups_is_an_error():
    with pytest.raises(ValueError, match="'groups' parameter should not be None"):
        replicates(ResidualBootstrap(scheme=GroupBootstrap()))


@pytest.mark.parametrize("scheme", [GroupBootstrap(), WildBootstrap()], ids=repr)
def test_one_group_is_an_error(scheme):
    message = f"{type(scheme).__name__} needs at least two groups, got one"
    with pytest.raises(ValueError, match=message):
        replicates(ResidualBootstrap(scheme=scheme), groups=np.ones(N))


def test_groups_of_different_sizes_cannot_be_laid_on_one_another():
    message = "groups must have one size, got 4 to 20 rows. WildBootstrap"
    with pytest.raises(ValueError, match=message):
        replicates(ResidualBootstrap(scheme=GroupBootstrap()), groups=np.arange(N) < 4)


@pytest.mark.parametrize(
    "scheme",
    [
        Bootstrap(max_samples=20),
        Bootstrap(max_samples=30),
        CircularBlockBootstrap(max_samples=7),
    ],
    ids=repr,
)
def test_a_scheme_that_draws_more_or_fewer_rows_is_an_error(scheme):
    bootstrap = ResidualBootstrap(scheme=scheme)
    with pytest.raises(ValueError, match="scheme must draw one residual for each row"):
        bootstrap.bind(X, Y)


def test_a_block_longer_than_the_series_is_an_error():
    scheme = MovingBlockBootstrap(block_length=N + 1)
    with pytest.raises(
        ValueError, match="block_length must be <= n_samples=24, got 25"
    ):
        replicates(ResidualBootstrap(scheme=scheme))


def test_strata_of_another_length_and_strata_of_y_are_an_error():
    with pytest.raises(ValueError, match="stratify must have one label for each of 24"):
        replicates(ResidualBootstrap(scheme=Bootstrap(stratify=STRATA[1:])))
    with pytest.raises(ValueError, match="Pass y, or an array as stratify"):
        replicates(ResidualBootstrap(scheme=Bootstrap(stratify="y")))


def test_a_splitter_that_misses_rows_is_an_error():
    folds = ShuffleSplit(2, random_state=0)
    with pytest.raises(ValueError, match="must test each row once, as KFold does"):
        replicates(ResidualBootstrap(residuals=folds))


def test_missing_values_of_columns_are_left_to_the_estimator():
    table = X.copy()
    table[0, 0] = np.nan
    with pytest.raises(ValueError, match="Input X contains NaN"):
        replicates(ResidualBootstrap(), table, Y)
    tree = DecisionTreeRegressor(max_depth=2, random_state=0)
    assert replicates(ResidualBootstrap(tree, 2), table, Y).shape == (2, N)
