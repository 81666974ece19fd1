"""Error bars for statistics, scores and comparisons, over any scheme."""

from ensembles.inference._bootstrap import bootstrap
from ensembles.inference._many_models._confidence_set import ModelConfidenceSet
from ensembles.inference._many_models._multiple_testing import (
    RealityCheck,
    StepwiseMultipleTest,
    SuperiorPredictiveAbility,
)
from ensembles.inference._many_models._overfitting import (
    OverfittingResult,
    probability_of_overfitting,
)
from ensembles.inference._metrics._comparison import ScoreComparison, compare_scores
from ensembles.inference._metrics._interval import metric_interval
from ensembles.inference._result import BootstrapResult

__all__ = [
    "BootstrapResult",
    "ModelConfidenceSet",
    "OverfittingResult",
    "RealityCheck",
    "ScoreComparison",
    "StepwiseMultipleTest",
    "SuperiorPredictiveAbility",
    "bootstrap",
    "compare_scores",
    "metric_interval",
    "probability_of_overfitting",
]
