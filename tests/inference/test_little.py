"""The bag of little bootstraps: errors of all rows, from subsets."""

import pickle
import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.sparse import csr_array
from scipy.stats import binom, norm
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error, mean_squared_error, roc_auc_score

from ensembles._random import entropy_of, keys_for
from ensembles.exceptions import InvalidParameterError
from ensembles.inference import LittleBootstrap, bootstrap
from ensembles.inference._intervals._acceleration import influence_acceleration
from ensembles.inference._large._subsets import subset_rows

N = 4000
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N, 3)) * [1, 10, 0.1] + [1e3, 0, 5]
Y = X @ [1.0, 2.0, 3.0] + RNG.standard_t(5, size=N)
SKEWED = RNG.exponential(size=N) + 3
CASES = {
    "mean": ("mean", SKEWED),
    "means": ("mean", X),
    "var": (("var", 1), SKEWED),
    "std": ("std", X),
    "ratio": ("ratio", SKEWED, Y),
    "corr": ("corr", SKEWED, Y),
    "corrs": ("corr", X),
    "ols": ("ols", X, Y),
    "median": ("median", SKEWED),
    "quantile": (("quantile", 0.9), SKEWED),
    "gini": ("gini", SKEWED),
    "function": (mean_squared_error, SKEWED, Y),
}
every_statistic = pytest.mark.parametrize("name", CASES)


def little(statistic="mean", **how):
    small = {"n_subsets": 4, "n_resamples": 40, "random_state": 0}
    return LittleBootstrap(statistic, **{**small, **how})


def fitted(name, **how):
    statistic, *arrays = CASES[name]
    return little(statistic, **how).fit(*arrays)


def weighted_mean(x, sample_weight=None):
    return np.average(x, weights=sample_weight)


def coefficients(X, y, sample_weight=None):
    return LinearRegression().fit(X, y, sample_weight).coef_


def assert_same_bits(one, other):
    assert_array_equal(one.estimate_, other.estimate_)
    assert_array_equal(one.distribution_, other.distribution_)
    assert_array_equal(one.interval(None, 0.8), other.interval(None, 0.8))


# What it says.


@every_statistic
def test_the_estimate_is_that_of_all_rows(name):
    statistic, *arrays = CASES[name]
    known = bootstrap(statistic, *arrays, n_resamples=2, method="percentile")
    ours = fitted(name)
    assert_allclose(ours.estimate_, known.estimate, rtol=1e-9)
    assert np.shape(ours.estimate_) == np.shape(known.estimate)
    shape = np.shape(ours.estimate_)
    assert np.shape(ours.standard_error_) == shape
    assert ours.subset_estimates_.shape == (4, *shape)
    assert ours.distribution_.shape == (4, 40, *shape)
    assert np.shape(ours.interval(None, 0.8).low) == shape


@pytest.mark.parametrize("name", sorted(CASES.keys() - {"median", "quantile"}))
def test_widths_of_intervals_are_near_those_of_the_bootstrap_of_all_rows(name):
    """Relative error |c - c0| / c0 of the paper, section 3.1, the mean of components.

    Chance of 20 subsets of 100 replicates and of 999 full ones makes 4 % of it.
    """
    statistic, *arrays = CASES[name]
    full = bootstrap(statistic, *arrays, n_resamples=999, method="percentile", rng=0)
    ours = fitted(name, subset_exponent=0.6, n_subsets=20, n_resamples=100)
    assert ours.subset_size_ == 145
    c0, c = (np.subtract(*one.interval()[::-1]) for one in (full, ours))
    assert np.mean(np.abs(c - c0) / c0) < 0.15


def test_the_standard_error_of_a_mean_is_right():
    """z-test with the error of 20 x 100 replicates; fails 2 seeds in 10,000."""
    x = np.random.default_rng(1).exponential(size=25_000)
    ours = LittleBootstrap("mean", random_state=0).fit(x)
    assert ours.subset_size_ == 1198
    # Relative variances: kurtosis less one over rows, two over replicates.
    spread = np.sqrt((8 / 1198 + 2 / 99) / 4 / 20)
    truth = 1 / 25_000**0.5
    assert abs(ours.standard_error_ / truth - 1) < spread * norm.isf(0.5e-4)


@pytest.mark.slow
@pytest.mark.parametrize("q", [0.5, 0.9])
def test_the_standard_error_of_a_quantile_is_right(q):
    """Of 60 data sets, by their own scatter of 20 %; fails 2 seeds in 10,000 each.

    The bias of the error itself is of order 1 / sqrt(b), 4 % of it are allowed for.
    """
    rng = np.random.default_rng(2)
    truth = np.sqrt(q * (1 - q) / 15_000) / norm.pdf(norm.ppf(q))
    ratios = [
        little(("quantile", q), random_state=rng).fit(x).standard_error_ / truth
        for x in rng.normal(size=(60, 15_000))
    ]
    error = np.std(ratios) / 60**0.5
    assert error < 0.05
    assert abs(np.mean(ratios) - 1) < 0.04 + norm.isf(0.5e-4) * error


@pytest.mark.slow
def test_intervals_from_few_subsets_cover_as_often_as_they_say():
    """400 samples, 90 % intervals; beyond a binomial's 1e-4 tails by chance.

    Ends averaged as they are, not as distances from each subset's estimate, would
    cover 60 %: three subsets have 600 of 2,000 rows.
    """
    rng = np.random.default_rng(3)
    covered = 0
    for _ in range(400):
        x = rng.exponential(size=2000)
        ours = little("mean", n_subsets=3, n_resamples=100, random_state=rng).fit(x)
        low, high = ours.interval(confidence_level=0.9)
        covered += low < 1 < high
    law = binom(400, 0.9)
    assert law.ppf(1e-4) <= covered <= law.isf(1e-4)


def test_ends_are_mean_distances_laid_from_the_estimate_of_all_rows():
    ours = fitted("means", n_resamples=39)
    in_order = np.sort(ours.distribution_, axis=1)
    ends = in_order[:, [4 - 1, 36 - 1]]  # levels 4 / 40 and 36 / 40
    distances = (ends - ours.subset_estimates_[:, None]).mean(axis=0)
    assert_allclose(ours.interval(None, 0.8), ours.estimate_ + distances, rtol=1e-12)
    low, high = ours.interval(None, 0.8)
    assert ours.interval(None, 0.9, "greater").low == pytest.approx(low)
    assert (ours.interval(None, 0.9, "greater").high == np.inf).all()
    assert ours.interval(None, 0.9, "less").high == pytest.approx(high)
    assert (ours.interval(None, 0.9, "less").low == -np.inf).all()


def test_a_subset_stands_for_as_many_rows_as_there_are():
    ours = fitted("var")  # (n - 1) below the sum of squares, not (b - 1)
    rows = subset_of(ours, 2)
    expected = SKEWED[rows].var() * N / (N - 1)
    assert_allclose(ours.subset_estimates_[2], expected, rtol=1e-12)


def test_subsets_are_disjoint_and_do_not_depend_on_their_number():
    few, many = (fitted("mean", n_subsets=k) for k in (3, 10))
    rows = np.concatenate([subset_of(many, j) for j in range(10)])
    assert len(np.unique(rows)) == 10 * many.subset_size_
    assert_array_equal(few.distribution_, many.distribution_[:3])
    means = [SKEWED[subset_of(many, j)].mean() for j in range(10)]
    assert_allclose(many.subset_estimates_, means, rtol=1e-12)


def test_replicates_do_not_depend_on_their_number():
    few, many = (fitted("ols", n_resamples=k) for k in (7, 40))
    assert_array_equal(few.distribution_, many.distribution_[:, :7])


def subset_of(one, number):
    (key,) = keys_for(entropy_of(one.random_state, 0), 0, 1)
    return subset_rows(key, number, one.subset_size_, one.n_rows_)


def test_errors_of_studentized_intervals_are_those_of_all_rows():
    ours = fitted("mean", method="studentized")
    for number, (evidence,) in enumerate(ours._evidence):
        x = SKEWED[subset_of(ours, number)]
        assert_allclose(evidence.estimate_error, x.std() / N**0.5, rtol=1e-6)
        assert_allclose(evidence.replicate_errors, x.std() / N**0.5, rtol=0.2)


@pytest.mark.parametrize("statistic", ["mean", weighted_mean])
def test_accelerations_are_those_of_all_rows(statistic):
    ours = little(statistic, method="bca", subset_exponent=0.6).fit(SKEWED)
    for number, (evidence,) in enumerate(ours._evidence):
        x = SKEWED[subset_of(ours, number)]
        of_subset = float(influence_acceleration(x - x.mean()))
        expected = of_subset * (ours.subset_size_ / N) ** 0.5
        assert_allclose(evidence.acceleration, expected, rtol=1e-6)


@pytest.mark.parametrize("method", ["bca", "expanded_bca", "studentized"])
@pytest.mark.parametrize("name", ["mean", "corr", "ols"])
def test_methods_that_are_accurate_to_second_order_are_near_the_bootstraps(
    name, method
):
    statistic, *arrays = CASES[name]
    full = bootstrap(statistic, *arrays, n_resamples=999, method=method, rng=0)
    ours = fitted(name, method=method, n_subsets=10, n_resamples=400)
    widths = np.subtract(*full.interval()[::-1])
    assert (np.abs(np.subtract(ours.interval(), full.interval())) < 0.2 * widths).all()


def test_a_function_says_what_the_statistic_of_its_name_says():
    named, own = fitted("mean"), little(weighted_mean).fit(SKEWED)
    assert_allclose(own.estimate_, named.estimate_, rtol=1e-12)
    assert_allclose(own.distribution_, named.distribution_, rtol=1e-12)
    assert_allclose(own.standard_error_, named.standard_error_, rtol=1e-9)


def test_a_fitted_model_is_a_function():
    ours = little(coefficients).fit(X, Y)
    slopes = fitted("ols")
    assert_allclose(ours.estimate_, slopes.estimate_[1:], rtol=1e-9)
    assert_allclose(ours.distribution_, slopes.distribution_[..., 1:], rtol=1e-6)


def test_statistics_of_sums_are_read_in_passes(monkeypatch):
    whole = fitted("ols")
    monkeypatch.setattr("ensembles.inference._large._stream._ROWS_A_PASS", 700)
    assert_same_bits(fitted("ols"), whole)


# How it is called.


@pytest.mark.parametrize("name", ["means", "median", "function"])
def test_workers_leave_the_bits(name):
    assert_same_bits(fitted(name, n_jobs=2), fitted(name))


def test_a_seed_decides():
    assert_same_bits(fitted("mean"), fitted("mean"))
    for seed in (1, None, np.random.default_rng(0)):
        other = fitted("mean", random_state=seed)
        assert other.interval(None, 0.8) != fitted("mean").interval(None, 0.8)


CONTAINERS = {
    "list": np.ndarray.tolist,
    "pandas": pd.DataFrame,
    "polars": pl.DataFrame,
    "fortran": np.asfortranarray,
}


@pytest.mark.parametrize("name", ["means", "corrs", "ols"])
@pytest.mark.parametrize("kind", CONTAINERS)
def test_containers_are_alike(kind, name):
    statistic, _, *rest = CASES[name]
    ours, of_array = little(statistic).fit(CONTAINERS[kind](X), *rest), fitted(name)
    assert_array_equal(ours.estimate_, of_array.estimate_)
    # Sums over a subset are added in the order in which the container has its values.
    assert_allclose(ours.distribution_, of_array.distribution_, rtol=1e-9)


@pytest.mark.parametrize("kind", [list, pd.Series], ids=["list", "pandas"])
def test_containers_of_one_column_are_alike(kind):
    assert_same_bits(little("median").fit(kind(SKEWED)), fitted("median"))


@pytest.mark.parametrize("n_jobs", [None, 2])
@pytest.mark.parametrize("name", ["mean", "function"])
def test_arrays_may_be_memory_mapped(tmp_path, name, n_jobs):
    statistic, *arrays = CASES[name]
    mapped = []
    for number, array in enumerate(arrays):
        np.save(tmp_path / f"{number}.npy", array)
        mapped.append(np.load(tmp_path / f"{number}.npy", mmap_mode="r"))
    assert_same_bits(little(statistic, n_jobs=n_jobs).fit(*mapped), fitted(name))


def test_functions_get_sparse_matrices():
    ours = little(coefficients).fit(csr_array(X), Y)
    assert_allclose(ours.estimate_, little(coefficients).fit(X, Y).estimate_, rtol=1e-6)


def test_the_size_of_subsets_is_that_of_the_paper():
    x = np.zeros(10**6, dtype=np.float32)
    x[::2] = 1
    ours = little(subset_exponent=0.6, n_subsets=1, n_resamples=2).fit(x)
    assert ours.subset_size_ == 3981
    assert ours.n_rows_ == 10**6


def test_parameters_are_kept_as_they_are():
    one = LittleBootstrap("var", n_subsets=3, subset_exponent=0.6)
    assert one.get_params() == {
        "statistic": "var",
        "method": "percentile",
        "subset_exponent": 0.6,
        "n_subsets": 3,
        "n_resamples": 100,
        "n_jobs": None,
        "verbose": 0,
        "random_state": None,
    }
    assert clone(one).get_params() == one.get_params()
    assert repr(one) == (
        "LittleBootstrap(n_subsets=3, statistic='var', subset_exponent=0.6)"
    )
    ours = fitted("mean")
    assert_same_bits(pickle.loads(pickle.dumps(ours)), ours)
    assert not hasattr(clone(ours), "estimate_")


def test_messages_are_joblibs(capfd):
    fitted("mean", verbose=1)
    assert "Done" in "".join(capfd.readouterr())


# What is wrong.


def test_there_are_no_answers_before_fit():
    with pytest.raises(NotFittedError, match="LittleBootstrap instance is not fitted"):
        little().interval()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("method", "abc"),
        ("method", None),
        ("subset_exponent", 0.4),
        ("subset_exponent", 1.0),
        ("subset_exponent", "0.7"),
        ("n_subsets", 0),
        ("n_subsets", 2.0),
        ("n_resamples", 1),
        ("n_jobs", 0.5),
        ("verbose", -1),
        ("random_state", "seed"),
    ],
)
def test_parameters_outside_what_is_allowed_are_named(name, value):
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter"):
        little(**{name: value}).fit(SKEWED)


@pytest.mark.parametrize("statistic", [np.mean, max, lambda x: x.sum()], ids=range(3))
def test_functions_without_weights_are_refused(statistic):
    with pytest.raises(InvalidParameterError, match="with a sample_weight parameter"):
        little(statistic).fit(SKEWED)


@pytest.mark.parametrize("statistic", ["mode", ("quantile", 2), ("var", -1), None])
def test_statistics_that_are_not_there_are_refused(statistic):
    with pytest.raises(InvalidParameterError, match="The 'statistic' parameter of"):
        little(statistic).fit(SKEWED)


@pytest.mark.parametrize("statistic", ["median", mean_absolute_error])
def test_studentized_needs_a_formula(statistic):
    with pytest.raises(ValueError, match="takes a formula for the standard error"):
        little(statistic, method="studentized").fit(SKEWED, Y)


@pytest.mark.parametrize("method", ["bca", "expanded_bca", "studentized"])
def test_methods_that_want_more_must_be_asked_for(method):
    with pytest.raises(ValueError, match=re.escape(f"Bootstrap(method={method!r})")):
        fitted("mean").interval(method)
    with pytest.raises(InvalidParameterError, match="would need all rows again"):
        fitted("mean").interval("calibrated")
    ours = fitted("mean", method=method)
    assert ours.interval(method, 0.5) == ours.interval(None, 0.5)


@pytest.mark.parametrize(
    ("n_rows", "how", "said"),
    [
        (100, {}, r"n_subsets=4 disjoint subsets of 100 \*\* 0.7 = 25 rows need 100"),
        (99, {}, r"4 disjoint subsets of 99 \*\* 0.7 = 25 rows need 100 rows, got 99"),
        (1000, {"n_subsets": 20}, "Take fewer subsets, or bootstrap"),
        (1, {"n_subsets": 1}, "= 1 rows need 1 rows, got 1"),
    ],
)
def test_too_few_rows_are_an_error(n_rows, how, said):
    x = np.arange(float(n_rows))
    if n_rows == 100:
        assert little(**how).fit(x).subset_size_ == 25
        return
    with pytest.raises(ValueError, match=said):
        little(**how).fit(x)


def test_too_many_rows_for_one_subset_are_an_error(monkeypatch):
    monkeypatch.setattr("ensembles.inference._little._MOST_ROWS_A_SUBSET", 100)
    with pytest.raises(ValueError, match="= 332 rows is too large, 100 are allowed"):
        fitted("mean")


@pytest.mark.parametrize(
    ("statistic", "arrays", "said"),
    [
        ("mean", (), "at least one array of data, got none"),
        ("corr", (SKEWED, Y[:-1]), r"same number of rows, got \[4000, 3999\]"),
        ("mean", ([],), "got 0"),
        ("ratio", (SKEWED,), "takes 2 arrays"),
        ("mean", ([1.0, np.nan] * 1000,), "Input x contains NaN"),
        ("median", ([1.0, np.nan] * 1000,), "Input x contains NaN"),
        ("corr", (SKEWED, np.ones(N)), "The statistic of all rows is"),
    ],
    ids=range(7),
)
def test_bad_data_are_refused_before_any_draw(statistic, arrays, said):
    with pytest.raises(ValueError, match=said):
        little(statistic).fit(*arrays)


def test_a_missing_value_outside_of_all_subsets_is_found():
    ours = fitted("mean", n_subsets=1)
    x = SKEWED.copy()
    x[np.setdiff1d(np.arange(N), subset_of(ours, 0))[0]] = np.nan
    with pytest.raises(ValueError, match="Input x contains NaN"):
        little(n_subsets=1).fit(x)


def test_a_subset_without_a_value_is_named():
    rare = np.zeros(N)
    rare[:2] = 1
    with pytest.raises(ValueError, match="constant"):
        little("corr").fit(rare, Y)

    def only_with_a_one(x, sample_weight=None):
        return 1.0 if np.any(x) else np.nan

    with pytest.raises(ValueError, match=r"no value in [234] of 4 subsets of 332 rows"):
        little(only_with_a_one).fit(rare)


def test_subsets_without_a_class_are_found_before_replicates_are_drawn():
    """One call for all rows, and two for each subset, which do not warn."""
    calls = []

    def counted(y, score, sample_weight=None):
        calls.append(len(y))
        return roc_auc_score(y, score, sample_weight=sample_weight)

    y = np.zeros(N)
    y[:4] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"in [1-4] of 4 subsets .* every class\?"):
            little(counted).fit(y, SKEWED)
    assert len(calls) == 1 + 2 * 4


def test_subsets_whose_replicates_have_no_value_are_named():
    def only_evenly(x, sample_weight=None):
        even = sample_weight is None or np.ptp(sample_weight) == 0
        return 1.0 if even else np.nan

    with pytest.raises(ValueError, match="any two replicates of subset 0, counted fr"):
        little(only_evenly).fit(SKEWED)


def test_masked_values_are_refused():
    masked = np.ma.masked_greater(SKEWED, 5.0)
    for statistic in ("mean", "median", weighted_mean):
        with pytest.raises(ValueError, match="without masked values, got"):
            little(statistic).fit(masked)


def test_replicates_without_a_value_are_counted_in_one_warning():
    def sometimes(x, sample_weight=None):
        if sample_weight is None:
            return 1.0
        return np.average(x, weights=sample_weight) if sample_weight[0] < 18 else np.nan

    with pytest.warns(UserWarning, match=r"no value in \d+ of 160 repl") as caught:
        ours = little(sometimes).fit(SKEWED)
    assert len(caught) == 1
    n_failed = int(np.isnan(ours.distribution_).sum())
    assert f" {n_failed} of 160 " in str(caught[0].message)
    assert np.isfinite(ours.interval(None, 0.8)).all()


def test_too_few_resamples_for_a_level_are_said():
    with pytest.raises(ValueError, match="n_resamples=40 is too few for a 99 % inter"):
        fitted("mean").interval(confidence_level=0.99)


def test_ends_beyond_all_replicates_are_said_once():
    with pytest.warns(UserWarning, match="beyond the outermost of 40") as caught:
        fitted("means", method="bca").interval(confidence_level=0.95)
    assert len(caught) == 1
