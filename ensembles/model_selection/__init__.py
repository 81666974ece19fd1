"""Splitters that respect time, and a check of what any splitter lets through."""

from ensembles.model_selection._evaluation._leakage import LeakageReport, check_leakage
from ensembles.model_selection._splitters import (
    CombinatorialPurgedKFold,
    Guarded,
    HVBlock,
    PanelSplit,
    PurgedKFold,
    RandomOrigin,
    RollingOrigin,
)

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
