"""Schemes: which rows, how often.

A scheme draws rows or weights for a statistic, says which rows each member of a bag
sees, and is a scikit-learn splitter whose test rows are the out-of-bag ones.
"""

from ensembles.resampling._blocks import (
    CircularBlockBootstrap,
    MovingBlockBootstrap,
    StationaryBootstrap,
)
from ensembles.resampling._groups import GroupBootstrap
from ensembles.resampling._iid import Bootstrap
from ensembles.resampling._weights import BayesianBootstrap, PoissonBootstrap

__all__ = [
    "BayesianBootstrap",
    "Bootstrap",
    "CircularBlockBootstrap",
    "GroupBootstrap",
    "MovingBlockBootstrap",
    "PoissonBootstrap",
    "StationaryBootstrap",
]
