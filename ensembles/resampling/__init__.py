"""Schemes: which rows, how often.

A scheme draws rows or weights for a statistic, says which rows each member of a bag
sees, and is a scikit-learn splitter whose test rows are the out-of-bag ones.
"""

from ensembles.resampling._block_length import optimal_block_length
from ensembles.resampling._blocks import (
    CircularBlockBootstrap,
    MovingBlockBootstrap,
    NonOverlappingBlockBootstrap,
    StationaryBootstrap,
)
from ensembles.resampling._groups import GroupBootstrap
from ensembles.resampling._iid import Bootstrap
from ensembles.resampling._jackknife import BlockJackknife, GroupJackknife, Jackknife
from ensembles.resampling._parametric import ParametricBootstrap
from ensembles.resampling._residuals import ResidualBootstrap
from ensembles.resampling._sieve import SieveBootstrap
from ensembles.resampling._tapered import TaperedBlockBootstrap
from ensembles.resampling._weights import BayesianBootstrap, PoissonBootstrap
from ensembles.resampling._wild import WildBootstrap

__all__ = [
    "BayesianBootstrap",
    "BlockJackknife",
    "Bootstrap",
    "CircularBlockBootstrap",
    "GroupBootstrap",
    "GroupJackknife",
    "Jackknife",
    "MovingBlockBootstrap",
    "NonOverlappingBlockBootstrap",
    "ParametricBootstrap",
    "PoissonBootstrap",
    "ResidualBootstrap",
    "SieveBootstrap",
    "StationaryBootstrap",
    "TaperedBlockBootstrap",
    "WildBootstrap",
    "optimal_block_length",
]
