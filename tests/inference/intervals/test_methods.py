"""Intervals and p-values of all methods."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from scipy.special import ndtr, ndtri, stdtrit

from ensembles.exceptions import InvalidParameterError
from ensembles.inference._intervals._evidence import Evidence
from ensembles.inference._intervals._methods import (
    METHODS,
    beyond_replicates,
    interval,
    pvalue,
    resolve_method,
    tail_probability,
)

ALTERNATIVES = ["two-sided", "less", "greater"]
by_property = settings(max_examples=60, deadline=None, derandomize=True)
every_method = pytest.mark.parametrize("method", METHODS)
every_alternative = pytest.mark.parametrize("alternative", ALTERNATIVES)
seeds = st.integers(0, 2**32)


def some_evidence(seed=0, n_resamples=999, **changed):
    """Skewed replicates, with all that any method asks for."""
    rng = np.random.default_rng(seed)
    replicates = rng.gamma(4, size=n_resamples)
    given = {
        "estimate": 3.8,
        "replicates": replicates,
        "n_units": 20,
        "acceleration": 0.08,
        "estimate_error": 1.9,
        "replicate_errors": np.sqrt(replicates) * rng.uniform(0.8, 1.2, n_resamples),
        "inner_ranks": rng.beta(0.9, 1.1, size=n_resamples),
    }
    return Evidence(**given | changed)


def order_statistic(evidence, k):
    return np.sort(evidence.replicates)[k - 1]


# Formulas, each against its own words.


def test_percentile_ends_are_order_statistics():
    evidence = some_evidence()
    expected = order_statistic(evidence, 25), order_statistic(evidence, 975)
    assert interval(evidence, "percentile", 0.95) == expected


def test_basic_ends_are_reflected_at_the_estimate():
    evidence = some_evidence()
    low, high = interval(evidence, "percentile", 0.9)
    assert_allclose(interval(evidence, "basic", 0.9), (7.6 - high, 7.6 - low))


def test_normal_ends_have_the_bias_taken_out():
    evidence = some_evidence()
    x = evidence.replicates
    middle, spread = 2 * 3.8 - x.mean(), ndtri(0.975) * x.std(ddof=1)
    assert_allclose(interval(evidence, "normal"), (middle - spread, middle + spread))


def test_normal_ends_need_few_replicates():
    evidence = Evidence(0.0, np.array([-1.0, 0.0, 1.0]), 10)
    assert_allclose(interval(evidence, "normal", 0.999), (-3.290527, 3.290527))


def test_bca_is_scipy_s():
    """But for z0 with ties counted half, the quantile rule, and rounding."""
    x = np.random.default_rng(0).exponential(size=30)
    bootstrapped = stats.bootstrap((x,), np.var, rng=0, method="BCa", n_resamples=9999)
    jackknife = np.array([np.delete(x, i).var() for i in range(30)])
    skew = jackknife.mean() - jackknife
    a = (skew**3).sum() / (6 * (skew**2).sum() ** 1.5)
    replicates = bootstrapped.bootstrap_distribution
    evidence = Evidence(
        x.var(), replicates, 30, acceleration=a, quantile_method="linear"
    )
    assert_allclose(interval(evidence, "bca"), bootstrapped.confidence_interval)


def test_bc_is_bca_without_acceleration():
    evidence = some_evidence(acceleration=0.0)
    assert interval(evidence, "bc") == interval(evidence, "bca")
    assert interval(evidence, "bc") == interval(some_evidence(), "bc")


def test_bca_without_bias_or_acceleration_is_percentile():
    evidence = some_evidence(acceleration=0.0)
    middle = order_statistic(evidence, 500)
    centred = some_evidence(acceleration=0.0, estimate=middle)
    assert_allclose(interval(centred, "bca"), interval(evidence, "percentile"))


def test_studentized_ends_measure_in_each_replicate_s_own_error():
    evidence = some_evidence()
    t = np.sort((evidence.replicates - 3.8) / evidence.replicate_errors)
    assert_allclose(
        interval(evidence, "studentized", 0.9), (3.8 - 1.9 * t[949], 3.8 - 1.9 * t[49])
    )


def test_studentized_by_equal_errors_is_basic():
    evidence = some_evidence(replicate_errors=np.full(999, 1.9))
    assert_allclose(interval(evidence, "studentized"), interval(evidence, "basic"))


@pytest.mark.parametrize("n", [2, 5, 20, 1000])
def test_expanded_levels_are_student_s(n):
    evidence = some_evidence(n_units=n, n_resamples=99_999)
    level = ndtr(np.sqrt(n / (n - 1)) * stdtrit(n - 1, 0.2))
    low, high = interval(evidence, "percentile", 1 - 2 * level)
    assert_allclose(interval(evidence, "expanded", 0.6), (low, high), rtol=1e-9)


def test_expanded_bca_of_many_units_is_bca():
    evidence = some_evidence(n_units=10**9)
    assert_allclose(interval(evidence, "expanded_bca"), interval(evidence, "bca"))


def test_calibrated_levels_are_quantiles_of_the_inner_ranks():
    evidence = some_evidence()
    ranks = np.sort(evidence.inner_ranks)
    low, _ = interval(evidence, "percentile", 1 - ranks[49], "greater")
    _, high = interval(evidence, "percentile", ranks[949], "less")
    assert_allclose(interval(evidence, "calibrated", 0.9), (low, high), rtol=1e-9)


def test_uniform_inner_ranks_want_no_calibration():
    evidence = some_evidence(inner_ranks=np.arange(1, 1000) / 1000)
    calibrated = interval(evidence, "calibrated", 0.9)
    assert_allclose(calibrated, interval(evidence, "percentile", 0.9))


@every_method
def test_quantiles_are_read_as_the_evidence_says(method):
    """(R - 1) p instead of (R + 1) p moves ends inwards, where ranks say the ends."""
    outer = interval(some_evidence(n_resamples=99), method)
    inner = interval(some_evidence(n_resamples=99, quantile_method="linear"), method)
    if method in ("normal", "smoothed"):
        assert inner == outer
    else:
        assert outer[0] < inner[0] < inner[1] < outer[1]


# What all methods share.


@by_property
@given(seeds)
@every_method
def test_endpoints_ascend_with_the_level(method, seed):
    rng = np.random.default_rng(seed)
    evidence = some_evidence(
        seed, acceleration=rng.normal(scale=0.5), estimate=rng.gamma(4)
    )
    p = np.linspace(0.001, 0.999, 499)
    assert (np.diff(METHODS[method](evidence, p)) >= -1e-12).all()


@every_method
@every_alternative
def test_one_sided_intervals_are_ends_of_two_sided_ones(method, alternative):
    evidence = some_evidence()
    low, high = interval(evidence, method, 0.9)
    one_sided = interval(evidence, method, 0.95, alternative)
    if alternative == "less":
        assert_allclose(one_sided, (-np.inf, high), rtol=1e-9)
    elif alternative == "greater":
        assert_allclose(one_sided, (low, np.inf), rtol=1e-9)
    else:
        assert one_sided[0] < low
        assert high < one_sided[1]


@every_method
@every_alternative
@by_property
@given(seeds, st.floats(-2, 12))
def test_pvalues_are_inverse_to_intervals(method, alternative, seed, null):
    """Outside the interval of level 1 - alpha if and only if p <= alpha.

    At levels of replicates exactly; a step of 1 / 1000 is left for levels that a
    method moves. Beyond the replicates the interval is too short and p is not.
    """
    evidence = some_evidence(seed)
    p = pvalue(evidence, method, null, alternative)
    step = 0.002 if alternative == "two-sided" else 0.001
    for alpha in (p - 2 * step, p + 2 * step):
        if not 0.01 < alpha < 0.99:
            continue
        if beyond_replicates(evidence, method, 1 - alpha, alternative):
            continue
        low, high = interval(evidence, method, 1 - alpha, alternative)
        assert (low <= null <= high) == (alpha < p)


@by_property
@given(st.lists(st.integers(0, 6), min_size=39, max_size=39), st.integers(-1, 7))
@every_alternative
def test_percentile_pvalues_count_replicates_and_the_estimate(alternative, x, null):
    x = np.array(x, dtype=float)
    evidence = Evidence(3.0, x, 10)
    below = (1 + np.count_nonzero(x <= null)) / 40
    above = (1 + np.count_nonzero(x >= null)) / 40
    expected = {
        "greater": below,
        "less": above,
        "two-sided": min(1, 2 * min(below, above)),
    }
    assert pvalue(evidence, "percentile", null, alternative) == expected[alternative]
    # With (R + 1) alpha / 2 a whole number the interval says exactly the same.
    low, high = interval(evidence, "percentile", 0.9)
    two_sided = pvalue(evidence, "percentile", null)
    assert (two_sided <= 0.1) == (not low <= null <= high)


@every_method
@every_alternative
@pytest.mark.parametrize("null", [-1e6, 1e6])
def test_pvalues_are_never_zero(method, alternative, null):
    evidence = some_evidence()
    p = pvalue(evidence, method, null, alternative)
    assert 0 < p <= 1
    if method != "normal":
        assert p >= 0.001
    far = (alternative == "less") == (null > 0) or alternative == "two-sided"
    assert p <= (0.05 if far else 1)


def test_a_value_beyond_the_replicates_is_no_surer_than_their_levels_say():
    """BCa that reads level 0.001 at p = 0.05 cannot say p < 0.05 beyond it."""
    evidence = some_evidence(acceleration=0.0)
    x = np.sort(evidence.replicates)
    # z0 such that level 1/1000 stands for p = 0.05.
    z0 = (ndtri(0.001) - ndtri(0.05)) / 2
    biased = some_evidence(acceleration=0.0, estimate=x[round(999 * ndtr(z0))])
    assert pvalue(biased, "bca", -100.0, "greater") == pytest.approx(0.05, abs=0.003)
    assert beyond_replicates(biased, "bca", 0.96, "greater")
    assert not beyond_replicates(biased, "bca", 0.93, "greater")


def test_normal_pvalues_are_those_of_the_normal_law():
    evidence = some_evidence()
    z = (3.8 - evidence.bias - 0.5) / evidence.standard_error
    for null, sign in [(0.5, 1), (2 * (3.8 - evidence.bias) - 0.5, -1)]:
        assert_allclose(pvalue(evidence, "normal", null), 2 * ndtr(-z))
        assert_allclose(pvalue(evidence, "normal", null, "greater"), ndtr(-z * sign))
        assert_allclose(pvalue(evidence, "normal", null, "less"), ndtr(z * sign))


@every_method
@by_property
@given(seeds, st.floats(0.02, 0.98))
def test_tail_probabilities_are_inverse_to_endpoints(method, seed, p):
    evidence = some_evidence(seed)
    value = float(METHODS[method](evidence, np.array([p]))[0])
    atol = 1e-9 if method == "normal" else 0.0011
    if method == "calibrated":  # a gap between inner ranks is a step of p
        atol = 0.002
    assert_allclose(tail_probability(evidence, method, value), p, atol=atol)


def increasing(x):
    return x**3 / 10 + np.exp(x / 4)


@by_property
@given(seeds)
@pytest.mark.parametrize(
    "method", ["percentile", "bc", "bca", "expanded", "expanded_bca", "calibrated"]
)
def test_methods_of_ranks_go_with_monotone_maps(method, seed):
    """At levels of order statistics; in between, interpolation is not monotone's."""
    evidence = some_evidence(seed)
    mapped = some_evidence(
        seed,
        estimate=increasing(evidence.estimate),
        replicates=increasing(evidence.replicates),
    )
    at = np.searchsorted(
        np.sort(evidence.replicates), interval(evidence, method, 0.9), side="right"
    )
    for k, end, image in zip(
        at,
        interval(evidence, method, 0.9),
        interval(mapped, method, 0.9),
        strict=True,
    ):
        near = [order_statistic(evidence, min(j, 999)) for j in (k, k + 1)]
        assert near[0] <= end <= near[1]
        assert increasing(near[0]) - 1e-9 <= image <= increasing(near[1]) + 1e-9
    if method == "percentile":
        ends = np.array(interval(evidence, method, 0.9))
        assert_allclose(interval(mapped, method, 0.9), increasing(ends))


@pytest.mark.parametrize("method", ["basic", "normal", "studentized"])
def test_methods_of_distances_do_not_go_with_monotone_maps(method):
    evidence = some_evidence()
    mapped = some_evidence(
        estimate=increasing(3.8), replicates=increasing(evidence.replicates)
    )
    ends = np.array(interval(evidence, method))
    assert np.abs(increasing(ends) - interval(mapped, method)).max() > 0.5


@every_method
def test_all_methods_go_with_linear_maps(method):
    evidence = some_evidence()
    mapped = some_evidence(
        estimate=3 * 3.8 - 7,
        replicates=3 * evidence.replicates - 7,
        estimate_error=3 * 1.9,
        replicate_errors=3 * evidence.replicate_errors,
    )
    ends = np.array(interval(evidence, method))
    assert_allclose(interval(mapped, method), 3 * ends - 7, rtol=1e-9)


@every_method
def test_all_methods_turn_with_the_sign(method):
    evidence = some_evidence()
    turned = some_evidence(
        estimate=-3.8,
        replicates=-evidence.replicates,
        acceleration=-0.08,
        inner_ranks=1 - evidence.inner_ranks,
    )
    low, high = interval(evidence, method)
    assert_allclose(interval(turned, method), (-high, -low), rtol=1e-9)


@every_method
def test_all_methods_agree_on_normal_replicates_of_many_units(method):
    """Quantiles of the normal law as replicates, so that nothing is left to chance."""
    n = 99_999
    replicates = ndtri(np.arange(1, n + 1) / (n + 1))
    evidence = Evidence(
        0.0,
        np.random.default_rng(0).permutation(replicates),
        10**7,
        acceleration=0.0,
        estimate_error=1.0,
        replicate_errors=np.ones(n),
        inner_ranks=np.arange(1, n + 1) / (n + 1),
    )
    for level in (0.8, 0.95, 0.999):
        z = ndtri((1 + level) / 2)
        assert_allclose(interval(evidence, method, level), (-z, z), atol=2e-3)
    assert_allclose(pvalue(evidence, method, -1.0), 2 * ndtr(-1.0), atol=1e-4)


# Where a method has no endpoint.


@pytest.mark.parametrize(
    ("asked", "changed", "used"),
    [
        ("bca", {"acceleration": np.nan}, "bc"),
        ("bca", {"estimate": 99.0}, "percentile"),
        ("bca", {"estimate": -1.0}, "percentile"),
        ("bc", {"estimate": 99.0}, "percentile"),
        ("expanded", {"n_units": 1}, "percentile"),
        ("expanded_bca", {"n_units": 1}, "percentile"),
        ("expanded_bca", {"acceleration": np.nan}, "expanded"),
        ("expanded_bca", {"estimate": 99.0}, "expanded"),
        ("smoothed", {"n_units": 1}, "percentile"),
        ("studentized", {"estimate_error": np.nan}, "bca"),
        ("studentized", {"estimate_error": 0.0}, "bca"),
        ("studentized", {"replicate_errors": np.full(999, np.nan)}, "bca"),
        ("studentized", {"replicate_errors": np.full(999, -1.0)}, "bca"),
        ("studentized", {"replicate_errors": np.zeros(999)}, "bca"),
        (
            "studentized",
            {"estimate_error": np.nan, "acceleration": np.nan, "estimate": 99.0},
            "percentile",
        ),
    ],
)
def test_methods_without_an_endpoint_have_a_named_fallback(asked, changed, used):
    evidence = some_evidence(**changed)
    assert resolve_method(evidence, asked, 0.95) == used
    assert interval(evidence, asked) == interval(evidence, used)
    assert resolve_method(evidence, asked) in (used, asked)
    assert np.isfinite(interval(evidence, asked)).all()
    assert 0 < pvalue(evidence, asked, 1.0) <= 1


@every_method
def test_methods_with_endpoints_are_used_themselves(method):
    assert resolve_method(some_evidence(), method) == method
    assert resolve_method(some_evidence(), method, 0.9, "less") == method


def test_a_few_replicates_without_error_leave_studentized_its_inner_endpoints():
    errors = some_evidence().replicate_errors.copy()
    errors[:12] = 0  # 12 of 999, less than a tail of 0.025 on each side
    evidence = some_evidence(replicate_errors=errors)
    assert resolve_method(evidence, "studentized", 0.95) == "studentized"
    assert resolve_method(evidence, "studentized", 0.998) == "bca"
    assert np.isfinite(interval(evidence, "studentized", 0.998)).all()


@pytest.mark.parametrize("left", [0.0, 1e-9, 5e-4])
def test_errors_of_zero_up_to_rounding_are_errors_of_zero(left):
    """What is left of them is a share of the estimate's error, 1.9."""
    errors = some_evidence().replicate_errors.copy()
    errors[::20] = 1.9 * left
    evidence = some_evidence(replicate_errors=errors)
    assert resolve_method(evidence, "studentized", 0.95) == "bca"
    assert interval(evidence, "studentized") == interval(evidence, "bca")
    assert resolve_method(evidence, "studentized", 0.5) == "studentized"
    errors[::20] = 1.9 * 2e-3
    evidence = some_evidence(replicate_errors=errors)
    assert resolve_method(evidence, "studentized", 0.95) == "studentized"


def test_no_distance_with_no_error_tells_nothing():
    evidence = some_evidence()
    replicates, errors = evidence.replicates.copy(), evidence.replicate_errors.copy()
    kept = np.arange(999) >= 100
    replicates[~kept] = evidence.estimate * (1 + 1e-15)
    errors[~kept] = 1e-17
    changed = some_evidence(replicates=replicates, replicate_errors=errors)
    expected = interval(changed.only(kept), "studentized")
    assert resolve_method(changed, "studentized", 0.95) == "studentized"
    assert interval(changed, "studentized") == expected


@every_method
def test_equal_replicates_are_an_interval_of_one_point(method):
    evidence = some_evidence(replicates=np.full(999, 3.8))
    if method == "studentized":
        evidence = some_evidence(replicates=np.full(999, 3.8), estimate_error=np.nan)
    assert_allclose(interval(evidence, method), (3.8, 3.8))
    assert pvalue(evidence, method, 3.8) == 1
    assert pvalue(evidence, method, 0.0) <= 0.01


@every_method
@pytest.mark.parametrize("acceleration", [-3.0, 3.0])
def test_huge_acceleration_gives_an_end_and_no_nonsense(method, acceleration):
    evidence = some_evidence(acceleration=acceleration)
    low, high = interval(evidence, method, 0.98)
    assert low <= high
    assert evidence.replicates.min() - 20 < low
    assert high < evidence.replicates.max() + 20


def test_an_end_beyond_the_replicates_is_the_outermost_one():
    evidence = some_evidence(n_units=3)
    assert beyond_replicates(evidence, "expanded", 0.95)
    x = np.sort(evidence.replicates)
    assert interval(evidence, "expanded", 0.95) == (x[0], x[-1])
    assert not beyond_replicates(evidence, "percentile", 0.998)
    assert not beyond_replicates(some_evidence(n_resamples=9), "normal", 0.999)
    assert beyond_replicates(some_evidence(acceleration=0.6), "bca", 0.99, "less")
    assert not beyond_replicates(some_evidence(acceleration=0.6), "bca", 0.9, "greater")


def test_what_lies_beyond_is_asked_of_the_method_that_is_used():
    evidence = some_evidence(estimate=99.0)
    assert resolve_method(evidence, "bca", 0.998) == "percentile"
    assert not beyond_replicates(evidence, "bca", 0.998)


# Errors.


@pytest.mark.parametrize("ask", [interval, beyond_replicates, resolve_method])
def test_parameters_outside_their_ranges_are_an_error(ask):
    evidence = some_evidence()
    message = "'method' parameter of interval must be one of {'basic', 'bc', 'bca', 'ca"
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        ask(evidence, "abc", 0.95)
    with pytest.raises(InvalidParameterError, match="'confidence_level' parameter of"):
        ask(evidence, "bca", 95)
    with pytest.raises(InvalidParameterError, match="'alternative' parameter of"):
        ask(evidence, "bca", 0.95, "both")
    with pytest.raises(ValueError, match=r"too few for a 99\.9 % interval; take at"):
        ask(evidence, "bca", 0.999)


def test_parameters_of_pvalues_outside_their_ranges_are_an_error():
    evidence = some_evidence()
    with pytest.raises(InvalidParameterError, match="'null' parameter of pvalue"):
        pvalue(evidence, "bca", np.nan)
    with pytest.raises(InvalidParameterError, match="'alternative' parameter of pval"):
        pvalue(evidence, "bca", 0.0, "both")
    with pytest.raises(InvalidParameterError, match="'method' parameter of interval"):
        pvalue(evidence, "bootstrap", 0.0)
    with pytest.raises(InvalidParameterError, match="'value' parameter of tail_prob"):
        tail_probability(evidence, "bca", np.inf)


@pytest.mark.parametrize(
    ("method", "lacks", "message"),
    [
        ("studentized", "replicate_errors", "needs the standard error of the statisti"),
        ("calibrated", "inner_ranks", "needs a second level of resamples"),
    ],
)
def test_methods_that_want_more_say_what(method, lacks, message):
    with pytest.raises(ValueError, match=f"method='{method}' {message}"):
        interval(some_evidence(**{lacks: None}), method)


def test_the_order_of_replicates_does_not_matter():
    evidence = some_evidence()
    turned = evidence.only(np.arange(999)[::-1])
    for method in METHODS:
        assert_allclose(interval(turned, method), interval(evidence, method))


def test_every_fallback_is_a_method():
    for method in METHODS.values():
        assert method.fallback is None or method.fallback in METHODS
    assert_array_equal(sorted(METHODS), sorted(set(METHODS)))
