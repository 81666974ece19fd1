"""Splitters: an axis orders rows by time, windows cut folds of it, one guard purges.

`_sizes` says how far, `_axis` where that is, `_windows` and `_layouts` which folds that
makes, `_guard` which training rows stay; the rest are the splitters.
"""

from ensembles.model_selection._splitters._guarded import Guarded
from ensembles.model_selection._splitters._hv_block import HVBlock
from ensembles.model_selection._splitters._panel import PanelSplit
from ensembles.model_selection._splitters._purged import (
    CombinatorialPurgedKFold,
    PurgedKFold,
)
from ensembles.model_selection._splitters._random_origin import RandomOrigin
from ensembles.model_selection._splitters._rolling_origin import RollingOrigin

__all__ = [
    "CombinatorialPurgedKFold",
    "Guarded",
    "HVBlock",
    "PanelSplit",
    "PurgedKFold",
    "RandomOrigin",
    "RollingOrigin",
]
