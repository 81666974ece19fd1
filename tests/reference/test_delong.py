"""DeLong's test against the published values of R's pROC on its aSAH data.

113 patients with aneurysmal subarachnoid haemorrhage, 41 of them with a poor outcome
(Turck et al., Intensive Care Medicine 36(1), 107-115, 2010). Values are those of
``roc``, ``ci.auc`` and ``roc.test(method="delong")``. Areas depend on the order of
scores alone: the WFNS grade is given as it is, S100b by its rank among its distinct
values, as far as pROC's placements tell them apart.
"""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from ensembles.inference import compare_scores, metric_interval
from ensembles.inference._metrics._delong import delong, normal_ends

POOR = np.repeat([1, 0], [41, 72])
WFNS = np.fromstring(
    """
    3 2 4 5 5 5 5 2 5 2 1 2 5 4 4 2 5 5 5 2 5 2 5 2 4 5 4 4 1 4 4 2 2 5 5 2 2 5
    5 5 5 1 1 1 1 5 1 2 2 1 2 2 1 1 1 2 1 2 1 1 3 4 1 4 1 5 5 1 1 2 4 1 1 2 2 1
    2 1 2 2 1 1 1 1 2 1 2 1 1 3 2 4 2 1 4 1 1 5 4 2 2 1 1 1 3 1 2 2 4 4 1 1 1
    """,
    sep=" ",
)
S100B = np.fromstring(
    """
    9 6 12 8 26 31 29 3 20 5 3 24 22 28 31 16 31 31 31 3 31 18 1 5 14 31 16 31 4
    16 9 6 7 14 31 10 31 19 31 31 26 9 10 6 2 27 13 6 6 2 4 2 5 7 3 13 3 7 9 13
    2 12 10 21 5 30 27 12 3 25 27 7 4 5 4 2 9 6 10 11 2 2 5 2 5 4 12 5 4 20 7 17
    3 6 19 3 2 15 23 6 11 4 10 6 3 2 13 11 27 13 11 30 28
    """,
    sep=" ",
)


@pytest.mark.parametrize(
    ("scores", "area", "ends"),
    [
        (S100B, 0.7313685636, (0.6301182, 0.8326189)),
        (WFNS, 0.8236788618, (0.7485349, 0.8988228)),
    ],
)
def test_areas_and_their_intervals(scores, area, ends):
    areas, covariance = delong(POOR == 1, [scores])
    found = normal_ends(areas, np.sqrt(np.diag(covariance)), 0.95, "two-sided")
    assert_allclose(areas, area, atol=5e-11)
    assert_allclose(np.ravel(found), ends, atol=5e-8)


def test_the_paired_difference():
    models = {"s100b": S100B, "wfns": WFNS}
    result = compare_scores(POOR, models, "roc_auc", test="delong")
    assert_allclose(result.differences, -0.0923103, atol=5e-8)
    assert_allclose(result.low, -0.17421442, atol=5e-9)
    assert_allclose(result.high, -0.01040618, atol=5e-9)
    assert_allclose(result.pvalues, 0.02717578, atol=5e-9)


def test_the_paired_bootstrap_agrees():
    """pROC's stratified percentile interval, of 2000 resamples: (-.1801, -.0157).

    Its ends have Monte-Carlo errors of about .003; 4 of them alarm falsely less than
    once in 10,000 times.
    """
    models = {"s100b": S100B, "wfns": WFNS}
    result = compare_scores(
        POOR, models, "roc_auc", stratify=POOR, method="percentile", rng=0
    )
    assert_allclose(result.low, -0.1801, atol=0.012)
    assert_allclose(result.high, -0.0157, atol=0.012)


def test_bootstrap_intervals_of_one_area_are_near_those_of_delong():
    """Standard errors of both differ by less than a twentieth."""
    result = metric_interval(POOR, S100B, "roc_auc", stratify=POOR, rng=0)
    assert result.standard_error == pytest.approx(0.2025007 / 3.919928, rel=0.05)
