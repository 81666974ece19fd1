"""Splitters that respect time, and a check of what any splitter lets through."""

from ensembles.model_selection._guarded import Guarded
from ensembles.model_selection._hv_block import HVBlock
from ensembles.model_selection._leakage import LeakageReport, check_leakage
from ensembles.model_selection._panel import PanelSplit
from ensembles.model_selection._purged import CombinatorialPurgedKFold, PurgedKFold
from ensembles.model_selection._random_origin import RandomOrigin
from ensembles.model_selection._rolling_origin import RollingOrigin

__all__ = [
    "CombinatorialPurgedKFold",
    "Guarded",
    "HVBlock",
    "LeakageReport",
    "PanelSplit",
    "PurgedKFold",
    "RandomOrigin",
    "RollingOrigin",
    "check_leakage",
]
