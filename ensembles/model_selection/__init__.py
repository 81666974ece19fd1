"""Splitters that respect time."""

from ensembles.model_selection._guarded import Guarded
from ensembles.model_selection._hv_block import HVBlock
from ensembles.model_selection._panel import PanelSplit
from ensembles.model_selection._purged import CombinatorialPurgedKFold, PurgedKFold
from ensembles.model_selection._random_origin import RandomOrigin
from ensembles.model_selection._rolling_origin import RollingOrigin

__all__ = [
    "CombinatorialPurgedKFold",
    "Guarded",
    "HVBlock",
    "PanelSplit",
    "PurgedKFold",
    "RandomOrigin",
    "RollingOrigin",
]
