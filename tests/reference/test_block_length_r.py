"""Block lengths of the very series that R's np prints them for.

The comments at the end of R/b.star.R in the package np (J. Racine, C. Parmeter) print
the lengths of two autoregressions made after ``set.seed(123)``. R's generator is
written out here, so that the series are the same numbers.
"""

from math import ceil, log

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.signal import lfilter
from scipy.special import ndtri

from ensembles.resampling import optimal_block_length

N = 100_000


def r_normals(seed, n):
    """R's rnorm after set.seed: Mersenne Twister and inversion, two words a number."""
    state = []
    for step in range(50 + 625):
        seed = (69069 * seed + 1) % 2**32
        if step > 50:  # The 51st is where R keeps the position, which starts anew.
            state.append(seed)
    twister = np.random.MT19937()
    key = {"key": np.array(state, dtype=np.uint32), "pos": 624}
    twister.state = {"bit_generator": "MT19937", "state": key}
    uniform = twister.random_raw(2 * n) * 2.3283064365386963e-10
    high, low = uniform[::2], uniform[1::2]
    return ndtri((np.floor(2**27 * high) + low) / 2**27)


def burn_in(ar):
    """Of R's arima.sim, for as many moving-average terms as autoregressive ones."""
    least_root = np.abs(np.roots([*-np.array(ar)[::-1], 1])).min()
    return 2 * len(ar) + ceil(6 / log(least_root))


def r_autoregressions(seed, *models):
    """R's arima.sim of each model in turn, with moving-average terms of zero.

    In R of 2008 the filter of those two terms left two missing values in front, and
    the recursive filter made three zeros of them and the next: its C code wrote a
    missing sum to ``out[i]`` in place of ``out[nf + i]``.
    """
    lengths = [burn_in(ar) + N for ar in models]
    noise = np.split(r_normals(seed, sum(lengths)), np.cumsum(lengths)[:-1])
    series = []
    for ar, innovations in zip(models, noise, strict=True):
        innovations[:3] = 0
        series.append(lfilter([1], [1, *-np.array(ar)], innovations)[-N:])
    return np.column_stack(series)


def test_the_normal_numbers_are_r_s():
    """R, set.seed(123); rnorm(5); all manuals that use this seed print them."""
    printed = [-0.56047565, -0.23017749, 1.55870831, 0.07050839, 0.12928774]
    assert_allclose(r_normals(123, 5), printed, atol=5e-9)


@pytest.mark.parametrize(
    ("kind", "printed"),
    [
        ("stationary", (50.39272, 251.62894)),
        ("circular", (57.68526, 288.04323)),
    ],
)
def test_the_series_of_b_star(kind, printed):
    """np, R/b.star.R: all digits of AR(1), .5, and AR(2), .5 and .4; n = 100,000."""
    series = r_autoregressions(123, (0.5, 0.0), (0.5, 0.4))
    assert_allclose(optimal_block_length(series, kind), printed, rtol=0, atol=5e-6)
