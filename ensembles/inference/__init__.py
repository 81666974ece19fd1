"""Error bars for statistics, scores and comparisons, over any scheme."""

from ensembles.inference._bootstrap import bootstrap
from ensembles.inference._little import LittleBootstrap
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
from ensembles.inference._refits._compare_models import compare_models
from ensembles.inference._refits._paired_tests import ModelComparison
from ensembles.inference._refits._score import BootstrapScore, bootstrap_score
from ensembles.inference._result import BootstrapResult
from ensembles.inference._streaming import StreamingBootstrap

__all__ = [
    "BootstrapResult",
    "BootstrapScore",
    "LittleBootstrap",
    "ModelComparison",
    "ModelConfidenceSet",
    "OverfittingResult",
    "RealityCheck",
    "ScoreComparison",
    "StepwiseMultipleTest",
    "StreamingBootstrap",
    "SuperiorPredictiveAbility",
    "bootstrap",
    "bootstrap_score",
    "compare_models",
    "compare_scores",
    "metric_interval",
    "probability_of_overfitting",
]
