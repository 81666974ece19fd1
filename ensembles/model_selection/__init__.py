"""Splitters that respect time, and evaluation and search that keep to it."""

from ensembles.model_selection._evaluation._leakage import LeakageReport, check_leakage
from ensembles.model_selection._evaluation._learning_curve import (
    TimeLearningCurve,
    time_learning_curve,
)
from ensembles.model_selection._evaluation._nested import (
    NestedScores,
    nested_cross_validate,
)
from ensembles.model_selection._evaluation._out_of_fold import out_of_fold_predict
from ensembles.model_selection._evaluation._predictions import GroupedScores, OutOfFold
from ensembles.model_selection._search._edges import SearchEdge, search_edges
from ensembles.model_selection._search._halving import TimeHalvingSearchCV
from ensembles.model_selection._search._one_standard_error import one_standard_error
from ensembles.model_selection._search._zoom import ZoomSearchCV
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
    "GroupedScores",
    "Guarded",
    "HVBlock",
    "LeakageReport",
    "NestedScores",
    "OutOfFold",
    "PanelSplit",
    "PurgedKFold",
    "RandomOrigin",
    "RollingOrigin",
    "SearchEdge",
    "TimeHalvingSearchCV",
    "TimeLearningCurve",
    "ZoomSearchCV",
    "check_leakage",
    "nested_cross_validate",
    "one_standard_error",
    "out_of_fold_predict",
    "search_edges",
    "time_learning_curve",
]
