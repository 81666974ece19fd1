"""Standard errors by the delta method: closed forms, sandwiches and brute force."""

from itertools import product

import numpy as np
import pytest
from _twins import GROUPS, LABELS, TABLE, N, X, Z
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_limits

from ensembles.inference._statistics import _standard_errors
from ensembles.inference._statistics._moments import (
    Correlation,
    LeastSquares,
    Mean,
    Moments,
    Ratio,
    StandardDeviation,
    Variance,
)
from ensembles.inference._statistics._standard_errors import (
    error_of_estimate,
    errors_of_replicates,
)
from ensembles.resampling import (
    BayesianBootstrap,
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    MovingBlockBootstrap,
    PoissonBootstrap,
    StationaryBootstrap,
)

ROWS = Bootstrap().bind(N)
STATISTICS = {
    "mean": Mean(X),
    "means": Mean(TABLE),
    "var": Variance(X, 0),
    "unbiased var": Variance(X, 1),
    "std": StandardDeviation(X, 0),
    "ratio": Ratio(X, Z),
    "corr": Correlation(TABLE),
    "ols": LeastSquares(TABLE[:, 1:], X),
}
every_statistic = pytest.mark.parametrize(
    "statistic", STATISTICS.values(), ids=STATISTICS
)


def root_of_squares(influence):
    """Standard error from the influence of each row, shape (n, ...)."""
    return np.sqrt((influence**2).sum(axis=0)) / len(influence)


def influences():
    """Influence of each row on each statistic, from the literature."""
    d, e = X - X.mean(), Z - Z.mean()
    r = np.corrcoef(X, Z)[0, 1]
    u, v = d / d.std(), e / e.std()
    return {
        "mean": (Mean(X), d),
        "var": (Variance(X, 0), d**2 - X.var()),
        "std": (StandardDeviation(X, 0), (d**2 - X.var()) / (2 * X.std())),
        "unbiased var": (Variance(X, 1), (d**2 - X.var()) * N / (N - 1)),
        "ratio": (Ratio(X, Z), (X - X.mean() / Z.mean() * Z) / Z.mean()),
        "corr": (Correlation(X, Z), u * v - r / 2 * (u**2 + v**2)),
    }


@pytest.mark.parametrize(
    ("statistic", "influence"), influences().values(), ids=influences()
)
def test_the_error_is_that_of_the_influence_function(statistic, influence):
    """Hampel et al. (1986) for moments; Devlin et al. (1975) for the correlation."""
    error = error_of_estimate(statistic, ROWS)
    assert_allclose(error, [root_of_squares(influence)], rtol=1e-8)


def test_the_error_of_a_mean_is_the_spread_over_the_root_of_n():
    assert_allclose(error_of_estimate(Mean(TABLE), ROWS), TABLE.std(axis=0) / N**0.5)


def test_the_error_of_a_normal_correlation_is_nearly_its_formula():
    """(1 - r^2) / sqrt(n), within 5 % for 4,000 rows: ten times the chance error."""
    rng = np.random.default_rng(0)
    u, w = rng.normal(size=(2, 4000))
    statistic = Correlation(u, 0.6 * u + 0.8 * w)
    r = statistic.estimate()
    error = error_of_estimate(statistic, Bootstrap().bind(4000))
    assert_allclose(error, (1 - r**2) / np.sqrt(4000), rtol=0.05)


def sandwich(design, y, clusters):
    """Covariance of coefficients, scores summed over clusters (White 1980)."""
    bread = np.linalg.inv(design.T @ design)
    residuals = y - design @ bread @ design.T @ y
    scores = design * residuals[:, None]
    summed = np.stack([scores[clusters == c].sum(axis=0) for c in set(clusters)])
    return bread @ summed.T @ summed @ bread


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e6])
@pytest.mark.parametrize("of_groups", [False, True])
def test_errors_of_a_regression_are_the_sandwich(scale, of_groups):
    """HC0 of White (1980) for rows, Liang & Zeger (1986) for groups, no correction."""
    clusters = GROUPS if of_groups else np.arange(N)
    bound = GroupBootstrap().bind(N, None, GROUPS) if of_groups else ROWS
    t = TABLE[:, 1:] * [scale, 1.0]
    design = np.column_stack([np.ones(N), t])
    expected = np.sqrt(np.diag(sandwich(design, X, clusters)))
    error = error_of_estimate(LeastSquares(t, X), bound)
    assert_allclose(error, expected, rtol=1e-7)


def test_the_error_of_a_mean_of_groups_is_that_of_their_sums():
    """Ratio estimator (Cochran 1977, section 9.7): groups vary in size."""
    labels = sorted(set(GROUPS))
    deviations = [(X[one == GROUPS] - X.mean()).sum() for one in labels]
    expected = np.sqrt(np.square(deviations).sum()) / N
    bound = GroupBootstrap().bind(N, None, GROUPS)
    assert_allclose(error_of_estimate(Mean(X), bound), [expected], rtol=1e-9)


def test_the_error_of_a_mean_of_strata_leaves_their_distance_out():
    """sum of W_s^2 s_s^2 / n_s (Cochran 1977, section 5.4)."""
    parts = [X[label == LABELS] for label in range(3)]
    expected = np.sqrt(sum((len(p) / N) ** 2 * p.var() / len(p) for p in parts))
    bound = Bootstrap(stratify=LABELS).bind(N)
    for far in (0.0, 1e4):
        error = error_of_estimate(Mean(X + far * LABELS), bound)
        assert_allclose(error, [expected], rtol=1e-9)


@pytest.mark.parametrize("length", [1, 4, 7])
@pytest.mark.parametrize(
    "cls", [MovingBlockBootstrap, CircularBlockBootstrap, StationaryBootstrap]
)
def test_the_error_of_a_mean_of_blocks_is_that_of_all_their_means(cls, length):
    """l / n times the variance of means of overlapping blocks (Künsch 1989)."""
    means = [X[i : i + length].mean() for i in range(N - length + 1)]
    expected = np.sqrt(length / N * np.mean((np.array(means) - X.mean()) ** 2))
    bound = cls(block_length=length).bind(N)
    assert_allclose(error_of_estimate(Mean(X), bound), [expected], rtol=1e-9)


def test_the_squared_error_is_on_average_the_variance_between_samples():
    """All 3**6 samples of 6 rows from 3 values: E(error^2) = (1 - 1/n) variance.

    Exact for the mean: the plug-in variance of n rows is (n - 1) / n of the truth.
    """
    samples = np.array(list(product([0.0, 1.0, 5.0], repeat=6)))
    bound = Bootstrap().bind(6)
    squared = [error_of_estimate(Mean(x), bound)[0] ** 2 for x in samples]
    assert_allclose(np.mean(squared), 5 / 6 * samples.mean(axis=1).var(), rtol=1e-9)


def replicate_errors(statistic, scheme, groups=None, n_replicates=25):
    bound = scheme.bind(N, None, groups)
    seeds = bound.seeds(3, 0, n_replicates)
    return bound, seeds, errors_of_replicates(statistic, bound, seeds)


SAME_FORMULA = {
    "rows": Bootstrap(),
    "15 of 24": Bootstrap(max_samples=15),
    "balanced": Bootstrap(balanced=True),
    "Poisson": PoissonBootstrap(),
    "whole": Bootstrap(max_samples=15, replace=False),
}


@every_statistic
@pytest.mark.parametrize("scheme", SAME_FORMULA.values(), ids=SAME_FORMULA)
def test_the_error_of_a_replicate_is_that_of_its_rows_as_data(statistic, scheme):
    bound, seeds, errors = replicate_errors(statistic, scheme)
    for seed, error in zip(seeds, errors, strict=True):
        rows = bound.rows(seed)
        expected = error_of_estimate(statistic.take(rows), Bootstrap().bind(len(rows)))
        assert_allclose(error, expected, rtol=1e-6)


@every_statistic
def test_the_error_of_a_replicate_of_groups_is_that_of_its_groups(statistic):
    """Copies of a group are groups of their own."""
    bound, seeds, errors = replicate_errors(statistic, GroupBootstrap(), GROUPS)
    sizes = {label: (label == GROUPS).sum() for label in GROUPS}
    for seed, error in zip(seeds, errors, strict=True):
        rows, labels, at = bound.rows(seed), [], 0
        while at < len(rows):
            size = sizes[GROUPS[rows[at]]]
            labels += [at] * size
            at += size
        as_data = GroupBootstrap().bind(len(rows), None, labels)
        expected = error_of_estimate(statistic.take(rows), as_data)
        assert_allclose(error, expected, rtol=1e-6)


@every_statistic
def test_the_error_of_a_replicate_of_strata_is_that_of_its_strata(statistic):
    scheme = Bootstrap(stratify=LABELS)
    bound, seeds, errors = replicate_errors(statistic, scheme)
    for seed, error in zip(seeds, errors, strict=True):
        rows = bound.rows(seed)
        as_data = Bootstrap(stratify=LABELS[rows]).bind(N)
        expected = error_of_estimate(statistic.take(rows), as_data)
        assert_allclose(error, expected, rtol=1e-6)


@pytest.mark.parametrize("cls", [MovingBlockBootstrap, CircularBlockBootstrap])
@pytest.mark.parametrize("length", [4, 5])
def test_the_error_of_a_replicate_of_blocks_is_that_of_the_blocks_drawn(cls, length):
    """Götze & Künsch (1996): squares of block sums, the last block cut."""
    bound, seeds, errors = replicate_errors(Mean(X), cls(block_length=length))
    for seed, error in zip(seeds, errors, strict=True):
        drawn = X[bound.rows(seed)]
        deviations = drawn - drawn.mean()
        sums = [deviations[i : i + length].sum() for i in range(0, N, length)]
        assert_allclose(error, [np.sqrt(np.square(sums).sum()) / N], rtol=1e-9)


def test_the_error_of_a_bayesian_replicate_is_of_its_weights():
    bound, seeds, errors = replicate_errors(Mean(X), BayesianBootstrap())
    w = bound.weight_rows(seeds) / N
    variance = (w * (X - (w @ X)[:, None]) ** 2).sum(axis=1)
    assert_allclose(errors[:, 0], np.sqrt(variance / N), rtol=1e-9)


SPREADS = {
    "rows": (Bootstrap(), None),
    "15 of 24": (Bootstrap(max_samples=15), None),
    "strata": (Bootstrap(stratify=LABELS), None),
    "groups": (GroupBootstrap(), GROUPS),
    "circular": (CircularBlockBootstrap(block_length=4), None),
    "stationary": (StationaryBootstrap(block_length=2), None),
}


@pytest.mark.parametrize(("scheme", "groups"), SPREADS.values(), ids=SPREADS)
def test_errors_of_replicates_are_near_the_spread_of_replicates(scheme, groups):
    """In the square, on average, and but for the shrinkage of few units, 35 % here.

    Ratios of 2,000 replicates stray by less than 0.02 around means from 0.7 to 1.06
    (blocks that the scheme draws longer than those of the formula); 3 errors are left.
    """
    bound, seeds, errors = replicate_errors(Mean(X), scheme, groups, 2000)
    spread = Mean(X).replicates(bound, seeds).std()
    ratio = np.sqrt((errors**2).mean()) / spread
    assert 0.65 < ratio < 1.12


BY_WEIGHTS = {
    "rows": (Bootstrap(), None),
    "15 of 24": (Bootstrap(max_samples=15), None),
    "Poisson": (PoissonBootstrap(), None),
    "Bayesian": (BayesianBootstrap(), None),
    "groups": (GroupBootstrap(), GROUPS),
}


@every_statistic
@pytest.mark.parametrize(("scheme", "groups"), BY_WEIGHTS.values(), ids=BY_WEIGHTS)
def test_influences_and_products_of_columns_give_the_same_errors(
    statistic, scheme, groups, monkeypatch
):
    """The gradient makes 1e-11 of a last bit."""
    _, _, of_products = replicate_errors(statistic, scheme, groups)
    monkeypatch.setattr(_standard_errors, "_MAX_PRODUCTS", 0)
    _, _, of_influences = replicate_errors(statistic, scheme, groups)
    assert_allclose(of_influences, of_products, rtol=1e-7)


@pytest.mark.parametrize(("scheme", "groups"), SPREADS.values(), ids=SPREADS)
@pytest.mark.parametrize("statistic", [LeastSquares(TABLE[:, 1:], X), Mean(TABLE)])
def test_errors_do_not_depend_on_how_much_fits_into_memory(
    statistic, scheme, groups, monkeypatch
):
    monkeypatch.setattr(_standard_errors, "_MAX_PRODUCTS", 0)
    bound, _, at_once = replicate_errors(statistic, scheme, groups)
    of_estimate = error_of_estimate(statistic, bound)
    monkeypatch.setattr(_standard_errors, "_BATCH_BYTES", 8 * N)
    monkeypatch.setattr(_standard_errors, "_CACHE_BYTES", 8 * 7)
    _, _, in_parts = replicate_errors(statistic, scheme, groups)
    assert_allclose(in_parts, at_once, rtol=1e-9)
    assert_allclose(error_of_estimate(statistic, bound), of_estimate, rtol=1e-9)


@pytest.mark.parametrize("scale", [1.0, 1e-6, 1e6])
def test_the_gradient_of_a_regression_is_that_of_differences(scale):
    statistic = LeastSquares(TABLE[:, 1:] * [scale, 1.0] + [0.0, 3.0], X)
    bound = Bootstrap().bind(N)
    sums = bound.sums(bound.seeds(3, 0, 9), statistic.columns)
    totals, steps = np.full(9, float(N)), _standard_errors._steps(statistic)
    found = statistic.gradients(sums / N, totals, steps)
    differences = Moments.gradients(statistic, sums / N, totals, steps)
    size = np.abs(differences).max(axis=1, keepdims=True)
    assert_allclose(found / size, differences / size, atol=1e-7)


def test_errors_of_a_regression_on_many_columns_are_the_sandwich():
    """20 slopes: 251 columns, and 31,878 products of them two by two."""
    rng = np.random.default_rng(0)
    t, y = rng.normal(size=(200, 20)), rng.standard_t(5, size=200)
    bound, statistic = Bootstrap().bind(200), LeastSquares(t, y)
    seeds = bound.seeds(0, 0, 5)
    errors = errors_of_replicates(statistic, bound, seeds)
    for seed, error in zip(seeds, errors, strict=True):
        rows = bound.rows(seed)
        design = np.column_stack([np.ones(200), t])[rows]
        covariance = sandwich(design, y[rows], np.arange(200))
        assert_allclose(error, np.sqrt(np.diag(covariance)), rtol=1e-8)


@pytest.mark.parametrize("n_slopes", [1, 5])
def test_errors_do_not_depend_on_the_number_of_threads(n_slopes):
    rng = np.random.default_rng(0)
    t, y = rng.normal(size=(20_000, n_slopes)), rng.normal(size=20_000)
    bound, statistic = Bootstrap().bind(20_000), LeastSquares(t, y)
    errors = []
    for n_threads in (1, 2):
        with threadpool_limits(n_threads):
            seeds = bound.seeds(0, 0, 5)
            errors.append(errors_of_replicates(statistic, bound, seeds))
    assert_array_equal(*errors)


def test_errors_do_not_depend_on_the_other_replicates():
    bound = Bootstrap().bind(N)
    seeds = bound.seeds(3, 0, 20)
    statistic = Correlation(TABLE)
    whole = errors_of_replicates(statistic, bound, seeds)
    parts = [
        errors_of_replicates(statistic, bound, seeds[i : i + 7]) for i in (0, 7, 14)
    ]
    assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("offset", [0.0, 1e9, 1e12])
def test_a_large_mean_costs_the_error_no_digits(offset):
    x = np.random.default_rng(1).normal(size=N) + offset
    deviations = x - offset - (x - offset).mean()
    expected = [np.sqrt((deviations**2).sum()) / N]
    assert_allclose(error_of_estimate(Mean(x), ROWS), expected, rtol=1e-8)
    bound, seeds, errors = replicate_errors(Variance(x, 0), Bootstrap())
    for seed, error in zip(seeds, errors, strict=True):
        drawn = x[bound.rows(seed)] - offset
        d2 = (drawn - drawn.mean()) ** 2
        assert_allclose(error, [d2.std() / N**0.5], rtol=1e-5)


def test_nothing_varies_nothing_errs():
    constant = Mean(np.full(N, 0.1))
    assert_allclose(error_of_estimate(constant, ROWS), [0.0], atol=1e-17)
    _, _, errors = replicate_errors(constant, Bootstrap())
    assert_allclose(errors, 0.0, atol=1e-16)


def test_an_empty_replicate_has_no_error():
    bound = PoissonBootstrap().bind(2)
    seeds = bound.seeds(0, 0, 50)
    empty = bound.weight_rows(seeds).sum(axis=1) == 0
    assert empty.any()
    errors = errors_of_replicates(Mean(X[:2]), bound, seeds)[:, 0]
    assert_array_equal(np.isnan(errors), empty)


@pytest.mark.parametrize(
    "scheme",
    [
        Bootstrap(),
        Bootstrap(stratify=LABELS),
        MovingBlockBootstrap(block_length=4),
        PoissonBootstrap(),
    ],
    ids=["rows", "strata", "blocks", "Poisson"],
)
def test_replicates_without_a_value_have_no_error_and_no_warning(scheme):
    rare = np.zeros(N)
    rare[3] = 1.0
    bound = scheme.bind(N)
    seeds = bound.seeds(0, 0, 60)
    for statistic in (Correlation(rare, X), LeastSquares(rare, X)):
        valued = np.isfinite(statistic.replicates(bound, seeds)).all(axis=1)
        errors = errors_of_replicates(statistic, bound, seeds)
        assert 0 < valued.sum() < 60
        assert_array_equal(np.isfinite(errors).all(axis=1), valued)
