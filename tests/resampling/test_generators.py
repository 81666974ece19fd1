"""What holds for every scheme that generates data, whatever its model."""

import pytest
from scipy.stats import multivariate_normal
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import Ridge
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import KernelDensity

from ensembles.resampling import (
    Bootstrap,
    ParametricBootstrap,
    ResidualBootstrap,
    SieveBootstrap,
    StationaryBootstrap,
    WildBootstrap,
)
from ensembles.resampling._generators import BaseGenerator, BoundGenerator

GENERATORS = [
    ResidualBootstrap(n_resamples=5),
    ResidualBootstrap(Ridge(), 5, scheme=StationaryBootstrap(block_length=3)),
    ResidualBootstrap(RandomForestRegressor(n_estimators=3), 5),
    ResidualBootstrap(n_resamples=5, scheme=Bootstrap(balanced=True)),
    ResidualBootstrap(n_resamples=5, scheme=WildBootstrap(multiplier="webb")),
    WildBootstrap(5, multiplier="mammen"),
    SieveBootstrap(5),
    ParametricBootstrap(multivariate_normal, 5),
    ParametricBootstrap(GaussianMixture(2), 5),
    ParametricBootstrap(KernelDensity(), 5),
]


def test_the_bases_cannot_be_built():
    with pytest.raises(TypeError, match=r"abstract method '?_bind"):
        BaseGenerator()
    with pytest.raises(TypeError, match=r"abstract method '?sample"):
        BoundGenerator()
