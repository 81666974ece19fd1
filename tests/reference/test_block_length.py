"""Block lengths against published, ported and theoretical values."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.signal import lfilter

from ensembles.resampling._block_length import _KINDS, _best, optimal_block_length


def autoregression(noise, phi):
    """Noise plus phi times the row before."""
    return lfilter([1], [1, -phi], noise)


def autocovariances(phi, n_lags):
    """Of an autoregression with noise of variance one."""
    return phi ** np.arange(n_lags + 1) / (1 - phi**2)


@pytest.mark.parametrize(
    ("variant", "stationary", "circular"),
    [("np", 13.635665, 15.60894), ("patton", 13.654529, 15.630534)],
)
def test_the_test_series_of_arch(variant, stationary, circular):
    """First row: the tests of the package arch; second: Patton's code of 2007."""
    noise = np.random.RandomState(0).standard_normal(10100)
    x = autoregression(noise, 0.3)[100:]
    assert optimal_block_length(x, variant=variant) == pytest.approx(
        stationary, abs=5e-7
    )
    assert optimal_block_length(x, "circular", variant=variant) == pytest.approx(
        circular, abs=5e-7
    )


@pytest.mark.parametrize(
    ("variant", "stationary", "circular"),
    [("np", 12.333494, 14.118327), ("patton", 6.550865, 7.498869)],
)
def test_the_flow_of_the_nile(variant, stationary, circular):
    """100 years, of which "patton" compares the last 85: 12.33 against 6.55."""
    nile = pytest.importorskip("statsmodels.datasets").nile
    x = nile.load_pandas().data["volume"]
    assert optimal_block_length(x, variant=variant) == pytest.approx(
        stationary, abs=5e-7
    )
    assert optimal_block_length(x, "circular", variant=variant) == pytest.approx(
        circular, abs=5e-7
    )


@pytest.mark.parametrize(
    ("phi", "n", "stationary", "circular"),
    [
        (0.5, 100_000, 56.229, 64.366),
        (0.7, 200, 11.465, 13.124),
        (0.7, 800, 18.200, 20.834),
        (0.1, 200, 2.013, 2.305),
        (0.1, 800, 3.196, 3.659),
        (-0.4, 200, 5.661, 6.480),
        (-0.4, 800, 8.986, 10.286),
    ],
)
def test_the_lengths_of_an_autoregression_whose_coefficient_is_known(
    phi, n, stationary, circular
):
    """Politis & White (2004) for known R(k): (2 |phi| / (1 - phi^2))^(2/3) n^(1/3)."""
    R = autocovariances(phi, 400)
    assert (2 * abs(phi) / (1 - phi**2)) ** (2 / 3) * n ** (1 / 3) == pytest.approx(
        stationary, abs=5e-4
    )
    assert _best(R, n, _KINDS["stationary"]) == pytest.approx(stationary, abs=5e-4)
    assert _best(R, n, _KINDS["circular"]) == pytest.approx(circular, abs=5e-4)


@pytest.mark.parametrize("phi", [0.5, 0.7, -0.4])
def test_the_lengths_of_tapered_blocks_for_an_autoregression(phi):
    """Paparoditis & Politis (2002), equation 20, with their 5.45 and 1.099.

    The sum of k^2 R(k) is 2 phi / (1 - phi)^2 times the sum of R(k).
    """
    n = 1000
    ratio = 5.45 * 2 * phi / (1 - phi) ** 2
    expected = (4 * ratio**2 * n / 1.099) ** (1 / 5)
    length = _best(autocovariances(phi, 400), n, _KINDS["tapered"])
    assert length == pytest.approx(expected, rel=1e-4)


def test_circular_blocks_are_longer_than_stationary_ones_by_a_constant():
    """(3/2)^(1/3); so are the lengths printed in the source of np's b.star."""
    assert_allclose(57.68526 / 50.39272, 1.5 ** (1 / 3), rtol=1e-6)
    assert_allclose(288.04323 / 251.62894, 1.5 ** (1 / 3), rtol=1e-6)
    x = autoregression(np.random.default_rng(0).normal(size=2000), 0.6)
    for variant in ("np", "patton"):
        stationary = optimal_block_length(x, variant=variant)
        circular = optimal_block_length(x, "circular", variant=variant)
        assert circular / stationary == pytest.approx(1.144714, abs=5e-7)


@pytest.mark.parametrize("variant", ["np", "patton"])
@pytest.mark.parametrize("phi", [0.5, -0.4])
def test_estimates_come_near_the_theory_for_a_long_series(variant, phi):
    """Mean of 40 series of 20,000 rows, within 10 percent of the theory.

    Estimates spread by 8 (phi 0.5) and 12 percent, and are 2 percent too short at
    most, so the mean is 5 of its standard errors from either bound: fewer than 1 seed
    in 10,000 fails.
    """
    n = 20_000
    theory = (2 * abs(phi) / (1 - phi**2)) ** (2 / 3) * n ** (1 / 3)
    columns = autoregression(np.random.default_rng(0).normal(size=(40, n)), phi).T
    lengths = optimal_block_length(columns, variant=variant)
    assert abs(lengths.mean() / theory - 1) < 0.1
