"""Streamed estimates, errors and accelerations against published values.

They come from sums alone, a row at a time, so they check the moments that "studentized"
and "bca" intervals of streams take.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from ensembles.inference import StreamingBootstrap

# Hours between failures of air conditioning, and inhabitants of ten cities in 1920 and
# 1930: Davison & Hinkley, "Bootstrap Methods and their Application", 1997, examples 1.1
# and 1.2.
AIRCONDIT = [3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487]
CITY_1920 = [138, 93, 61, 179, 48, 37, 29, 23, 30, 2]
CITY_1930 = [143, 104, 69, 260, 75, 63, 50, 48, 111, 50]
# Spatial test A of 26 children, and fifteen law schools: Efron & Tibshirani, "An
# Introduction to the Bootstrap", 1993, tables 14.1 and 3.1.
SPATIAL = [48, 36, 20, 29, 42, 42, 20, 42, 22, 41, 45, 14, 6, 0, 33, 28, 34, 4, 32, 24]
SPATIAL += [47, 41, 24, 26, 30, 41]
LSAT = [576, 635, 558, 578, 666, 580, 555, 661, 651, 605, 653, 575, 545, 572, 594]
GPA = [3.39, 3.3, 2.81, 3.03, 3.44, 3.07, 3.0, 3.43, 3.36, 3.13, 3.12, 2.74, 2.76]
GPA += [2.88, 2.96]


def streamed(statistic, method, *arrays):
    stream = StreamingBootstrap(statistic, 2, method=method, random_state=0)
    for row in zip(*arrays, strict=True):
        stream.partial_fit(*[[value] for value in row])
    (evidence,) = stream._stream.evidence(method)
    return evidence


@pytest.mark.parametrize(
    ("statistic", "arrays", "estimate", "digits"),
    [
        ("mean", (AIRCONDIT,), 108.0833, 4),
        ("ratio", (CITY_1930, CITY_1920), 1.5203125, 7),
        ("var", (SPATIAL,), 171.534023668639, 12),
        ("corr", (LSAT, GPA), 0.776374491289407, 13),
    ],
    ids=["aircondit", "city", "spatial", "law school"],
)
@pytest.mark.filterwarnings("ignore:The statistic has no value")
def test_estimates(statistic, arrays, estimate, digits):
    evidence = streamed(statistic, "percentile", *arrays)
    assert_allclose(evidence.estimate, estimate, rtol=0, atol=10.0**-digits)


def test_the_error_of_the_ratio_of_cities():
    """R's package boot: var.linear is 0.03248701, by differences that are not small."""
    evidence = streamed("ratio", "studentized", CITY_1930, CITY_1920)
    assert_allclose(evidence.estimate_error**2, 0.03248701, rtol=1e-4)
    x, u = np.array([CITY_1920, CITY_1930])
    influence = (u - u.mean() / x.mean() * x) / x.mean()
    exact = (influence**2).sum() / len(x) ** 2
    assert_allclose(evidence.estimate_error**2, exact, rtol=1e-9)


def test_the_error_of_the_mean_of_hours_between_failures():
    """The bootstrap's in its limit: the standard deviation over sqrt(n)."""
    evidence = streamed("mean", "studentized", AIRCONDIT)
    assert_allclose(evidence.estimate_error, 37.652552, rtol=1e-7)


@pytest.mark.parametrize(
    ("statistic", "arrays", "acceleration"),
    [
        ("mean", (AIRCONDIT,), 0.0937981),
        ("ratio", (CITY_1930, CITY_1920), 0.00220877),
        # The book prints .061.
        ("var", (SPATIAL,), 0.0612401),
    ],
    ids=["aircondit", "city", "spatial"],
)
def test_accelerations(statistic, arrays, acceleration):
    evidence = streamed(statistic, "bca", *arrays)
    assert_allclose(evidence.acceleration, acceleration, rtol=1e-5)


def test_the_order_of_rows_changes_rounding_only():
    forwards = streamed("var", "bca", SPATIAL)
    backwards = streamed("var", "bca", SPATIAL[::-1])
    assert_allclose(forwards.estimate, backwards.estimate, rtol=1e-14)
    assert_allclose(forwards.acceleration, backwards.acceleration, rtol=1e-9)
    assert not np.array_equal(forwards.replicates, backwards.replicates)
