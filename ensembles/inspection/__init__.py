"""Diagnostics of models and pictures of how they are measured."""

from ensembles.inspection._bias_variance import BiasVariance, bias_variance
from ensembles.inspection._bootstrap_display import BootstrapDisplay
from ensembles.inspection._diversity import (
    LabelDiversity,
    ValueDiversity,
    diversity,
)
from ensembles.inspection._diversity_display import DiversityDisplay
from ensembles.inspection._generalization_gap import (
    GeneralizationGap,
    generalization_gap,
)
from ensembles.inspection._oob_importance import oob_permutation_importance
from ensembles.inspection._reliability_display import ReliabilityDisplay
from ensembles.inspection._split_display import CVSplitDisplay
from ensembles.inspection._staged_score_display import StagedScoreDisplay
from ensembles.inspection._uncertainty_display import UncertaintyDisplay

__all__ = [
    "BiasVariance",
    "BootstrapDisplay",
    "CVSplitDisplay",
    "DiversityDisplay",
    "GeneralizationGap",
    "LabelDiversity",
    "ReliabilityDisplay",
    "StagedScoreDisplay",
    "UncertaintyDisplay",
    "ValueDiversity",
    "bias_variance",
    "diversity",
    "generalization_gap",
    "oob_permutation_importance",
]
