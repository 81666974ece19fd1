"""Resampling and ensembles in scikit-learn style.

A *scheme* says which rows, how often; a *member* is any estimator; a *combiner* turns
members into one. Ensembles of nets need torch and skorch (``ensembles[nets]``) and are
imported on first use.
"""

from importlib import import_module
from importlib.metadata import version
from typing import Any

from ensembles.bagging import (
    BaggingClassifier,
    BaggingRegressor,
    HistForestClassifier,
    HistForestRegressor,
)
from ensembles.boosting import (
    AdaBoostClassifier,
    AdaBoostRegressor,
    BoostingCV,
    ComponentwiseBoostingClassifier,
    ComponentwiseBoostingRegressor,
    DistributionBoostingRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistBoostingClassifier,
    HistBoostingRegressor,
    QuantileBoostingRegressor,
)
from ensembles.combining import (
    BlendClassifier,
    BlendRegressor,
    SelectionClassifier,
    SelectionRegressor,
    SelectionTrajectory,
    StackingClassifier,
    StackingRegressor,
    VotingClassifier,
    VotingRegressor,
)
from ensembles.inference import (
    BootstrapResult,
    BootstrapScore,
    LittleBootstrap,
    ModelComparison,
    ModelConfidenceSet,
    OverfittingResult,
    RealityCheck,
    ScoreComparison,
    StepwiseMultipleTest,
    StreamingBootstrap,
    SuperiorPredictiveAbility,
    bootstrap,
    bootstrap_score,
    compare_models,
    compare_scores,
    metric_interval,
    probability_of_overfitting,
)
from ensembles.inspection import (
    CVSplitDisplay,
    GeneralizationGap,
    generalization_gap,
)
from ensembles.model_selection import (
    CombinatorialPurgedKFold,
    GroupedScores,
    Guarded,
    HVBlock,
    LeakageReport,
    NestedScores,
    OutOfFold,
    PanelSplit,
    PurgedKFold,
    RandomOrigin,
    RollingOrigin,
    SearchEdge,
    TimeHalvingSearchCV,
    TimeLearningCurve,
    ZoomSearchCV,
    check_leakage,
    nested_cross_validate,
    one_standard_error,
    out_of_fold_predict,
    search_edges,
    time_learning_curve,
)
from ensembles.resampling import (
    BayesianBootstrap,
    BlockJackknife,
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    GroupJackknife,
    Jackknife,
    MovingBlockBootstrap,
    NonOverlappingBlockBootstrap,
    ParametricBootstrap,
    PoissonBootstrap,
    ResidualBootstrap,
    SieveBootstrap,
    StationaryBootstrap,
    TaperedBlockBootstrap,
    WildBootstrap,
    optimal_block_length,
)
from ensembles.trees import (
    BinnedMatrix,
    Binner,
    HistTreeClassifier,
    HistTreeRegressor,
)

__version__ = version("ensembles")

# Not in __all__, so that a star import works without torch.
_OF_NETS = (
    "DeepEnsembleClassifier",
    "DeepEnsembleRegressor",
    "Diagnosis",
    "FastGeometricEnsembleClassifier",
    "FastGeometricEnsembleRegressor",
    "LossCurveDisplay",
    "MCDropoutClassifier",
    "MCDropoutRegressor",
    "NeuralBoostingClassifier",
    "NeuralBoostingRegressor",
    "SWAGClassifier",
    "SWAGRegressor",
    "SnapshotEnsembleClassifier",
    "SnapshotEnsembleRegressor",
    "TemperatureScaledClassifier",
    "TestTimeAugmentationClassifier",
    "TestTimeAugmentationRegressor",
    "WeightAveragingClassifier",
    "WeightAveragingRegressor",
    "diagnose",
)

__all__ = [
    "AdaBoostClassifier",
    "AdaBoostRegressor",
    "BaggingClassifier",
    "BaggingRegressor",
    "BayesianBootstrap",
    "BinnedMatrix",
    "Binner",
    "BlendClassifier",
    "BlendRegressor",
    "BlockJackknife",
    "BoostingCV",
    "Bootstrap",
    "BootstrapResult",
    "BootstrapScore",
    "CVSplitDisplay",
    "CircularBlockBootstrap",
    "CombinatorialPurgedKFold",
    "ComponentwiseBoostingClassifier",
    "ComponentwiseBoostingRegressor",
    "DistributionBoostingRegressor",
    "GeneralizationGap",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "GroupBootstrap",
    "GroupJackknife",
    "GroupedScores",
    "Guarded",
    "HVBlock",
    "HistBoostingClassifier",
    "HistBoostingRegressor",
    "HistForestClassifier",
    "HistForestRegressor",
    "HistTreeClassifier",
    "HistTreeRegressor",
    "Jackknife",
    "LeakageReport",
    "LittleBootstrap",
    "ModelComparison",
    "ModelConfidenceSet",
    "MovingBlockBootstrap",
    "NestedScores",
    "NonOverlappingBlockBootstrap",
    "OutOfFold",
    "OverfittingResult",
    "PanelSplit",
    "ParametricBootstrap",
    "PoissonBootstrap",
    "PurgedKFold",
    "QuantileBoostingRegressor",
    "RandomOrigin",
    "RealityCheck",
    "ResidualBootstrap",
    "RollingOrigin",
    "ScoreComparison",
    "SearchEdge",
    "SelectionClassifier",
    "SelectionRegressor",
    "SelectionTrajectory",
    "SieveBootstrap",
    "StackingClassifier",
    "StackingRegressor",
    "StationaryBootstrap",
    "StepwiseMultipleTest",
    "StreamingBootstrap",
    "SuperiorPredictiveAbility",
    "TaperedBlockBootstrap",
    "TimeHalvingSearchCV",
    "TimeLearningCurve",
    "VotingClassifier",
    "VotingRegressor",
    "WildBootstrap",
    "ZoomSearchCV",
    "bootstrap",
    "bootstrap_score",
    "check_leakage",
    "compare_models",
    "compare_scores",
    "generalization_gap",
    "metric_interval",
    "nested_cross_validate",
    "one_standard_error",
    "optimal_block_length",
    "out_of_fold_predict",
    "probability_of_overfitting",
    "search_edges",
    "time_learning_curve",
]


def __getattr__(name: str) -> Any:
    """Import ensembles of nets when they are first asked for."""
    if name in _OF_NETS or name == "nets":
        nets = import_module("ensembles.nets")
        return nets if name == "nets" else getattr(nets, name)
    raise AttributeError(f"module 'ensembles' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_OF_NETS, "nets"})
