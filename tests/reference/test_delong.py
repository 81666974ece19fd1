"""DeLong's test of all three scores of R's pROC on its aSAH data.

Printed values are those that pROC's own tests compare with (test-auc.R, test-var.R,
test-cov.R, test-ci.auc.R and test-roc.test.R in its tests/testthat). The data are the
113 patients of Turck et al., Intensive Care Medicine 36(1), 107-115, 2010, the 41 with
a poor outcome first; each score is given by its rank among its distinct values, as far
as the placements that pROC's tests print (helper-deLongPlacementsCpp-expected.R) tell
them apart. Areas depend on nothing else.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from ensembles.inference import compare_scores, metric_interval
from ensembles.inference._metrics._delong import delong, normal_ends

POOR = np.repeat([1, 0], [41, 72])


def numbers(text):
    return np.array(text.split(), dtype=float)


SCORES = {
    "ndka": numbers(
        "38 25 29 36 4 10 19 44 48 44 44 15 33 40 6 8 31 2 52 40 17 19 23 31 42 27 40 "
        "8 50 35 4 13 40 4 12 44 21 33 46 19 36 1 9 7 18 5 35 5 39 30 39 37 47 11 5 24 "
        "5 5 51 26 14 14 39 3 7 5 13 28 7 34 45 7 5 24 11 7 28 43 41 16 22 49 5 37 14 "
        "18 18 34 3 37 24 11 18 39 18 22 7 14 18 43 9 24 27 45 20 24 11 43 16 32 41 5 "
        "30"
    ),
    "s100b": numbers(
        "9 6 12 8 26 31 29 3 20 5 3 24 22 28 31 16 31 31 31 3 31 18 1 5 14 31 16 31 4 "
        "16 9 6 7 14 31 10 31 19 31 31 26 9 10 6 2 27 13 6 6 2 4 2 5 7 3 13 3 7 9 13 2 "
        "12 10 21 5 30 27 12 3 25 27 7 4 5 4 2 9 6 10 11 2 2 5 2 5 4 12 5 4 20 7 17 3 "
        "6 19 3 2 15 23 6 11 4 10 6 3 2 13 11 27 13 11 30 28"
    ),
    "wfns": numbers(
        "3 2 4 5 5 5 5 2 5 2 1 2 5 4 4 2 5 5 5 2 5 2 5 2 4 5 4 4 1 4 4 2 2 5 5 2 2 5 5 "
        "5 5 1 1 1 1 5 1 2 2 1 2 2 1 1 1 2 1 2 1 1 3 4 1 4 1 5 5 1 1 2 4 1 1 2 2 1 2 1 "
        "2 2 1 1 1 1 2 1 2 1 1 3 2 4 2 1 4 1 1 5 4 2 2 1 1 1 3 1 2 2 4 4 1 1 1"
    ),
}
AREAS = [0.611957994579946, 0.731368563685637, 0.823678861788618]
VARIANCES = [0.0031908105493913, 0.00266868245717244, 0.00146991470882363]
COVARIANCES = {
    ("wfns", "ndka"): -0.000532967856762438,
    ("ndka", "s100b"): -0.000756164938056579,
    ("s100b", "wfns"): 0.00119615567376754,
}
# Statistic, p-value and interval of the difference.
TESTS = {
    ("wfns", "s100b"): (
        2.20898359144091,
        0.0271757822291882,
        (0.0104061769564846, 0.174214419249478),
    ),
    ("wfns", "ndka"): (
        2.79777591868904,
        0.00514557970691098,
        (0.0634011709339876, 0.3600405634833566),
    ),
    ("ndka", "s100b"): (
        -1.39077002573558,
        0.164295175223054,
        (-0.2876917446341914, 0.0488706064228094),
    ),
}


def of(*names):
    return delong(POOR == 1, [SCORES[name] for name in names])


def test_areas_and_variances():
    """auc and var, 15 digits."""
    areas, covariance = of(*SCORES)
    assert_allclose(areas, AREAS, rtol=0, atol=5e-15)
    assert_allclose(np.diag(covariance), VARIANCES, rtol=1e-13)


@pytest.mark.parametrize("pair", COVARIANCES, ids=" ".join)
def test_covariances(pair):
    """cov, 15 digits."""
    assert_allclose(of(*pair)[1][0, 1], COVARIANCES[pair], rtol=1e-13)


def test_the_interval_of_the_area_of_ndka():
    """ci.auc: .501244999271703, .722670989888189."""
    areas, covariance = of("ndka")
    ends = normal_ends(areas, np.sqrt(covariance[0]), 0.95, "two-sided")
    printed = (0.501244999271703, 0.722670989888189)
    assert_allclose(np.ravel(ends), printed, rtol=0, atol=5e-15)


@pytest.mark.parametrize("pair", TESTS, ids=" ".join)
def test_tests_of_the_paired_difference(pair):
    """roc.test: statistic, p-value and interval, 15 digits."""
    statistic, pvalue, ends = TESTS[pair]
    areas, covariance = of(*pair)
    error = np.sqrt(np.array([1, -1]) @ covariance @ [1, -1])
    assert_allclose((areas[0] - areas[1]) / error, statistic, rtol=1e-13)
    models = {name: SCORES[name] for name in pair}
    result = compare_scores(POOR, models, "roc_auc", test="delong")
    assert_allclose(result.pvalues, pvalue, rtol=1e-12)
    assert_allclose([*result.low, *result.high], ends, rtol=1e-12)


@pytest.mark.parametrize(
    ("alternative", "pvalue"),
    [("greater", 0.0135878911145941), ("less", 0.986412108885406)],
)
def test_one_sided_tests_of_the_paired_difference(alternative, pvalue):
    """roc.test(wfns, s100b, alternative), 15 digits."""
    models = {name: SCORES[name] for name in ("wfns", "s100b")}
    result = compare_scores(
        POOR, models, "roc_auc", test="delong", alternative=alternative
    )
    assert_allclose(result.pvalues, pvalue, rtol=1e-12)


def test_the_interval_of_the_area_of_another_score():
    """ci.auc of WFNS: .7485349, .8988228."""
    areas, covariance = of("wfns")
    ends = normal_ends(areas, np.sqrt(covariance[0]), 0.95, "two-sided")
    assert_allclose(np.ravel(ends), (0.7485349, 0.8988228), atol=5e-8)


def test_the_paired_bootstrap_agrees():
    """pROC's stratified percentile interval, of 2000 resamples: (-.1801, -.0157).

    Its ends have Monte-Carlo errors of about .003; 4 of them alarm falsely less than
    once in 10,000 times.
    """
    models = {name: SCORES[name] for name in ("s100b", "wfns")}
    result = compare_scores(
        POOR, models, "roc_auc", stratify=POOR, method="percentile", rng=0
    )
    assert_allclose(result.low, -0.1801, atol=0.012)
    assert_allclose(result.high, -0.0157, atol=0.012)


def test_bootstrap_intervals_of_one_area_are_near_those_of_delong():
    """Standard errors of both differ by less than a twentieth."""
    result = metric_interval(POOR, SCORES["s100b"], "roc_auc", stratify=POOR, rng=0)
    assert result.standard_error == pytest.approx(0.2025007 / 3.919928, rel=0.05)
