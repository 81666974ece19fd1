"""Diagnostics of models and pictures of how they are measured."""

from ensembles.inspection._bias_variance import BiasVariance, bias_variance
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
from ensembles.inspection._split_display import CVSplitDisplay

__all__ = [
    "BiasVariance",
    "CVSplitDisplay",
    "DiversityDisplay",
    "GeneralizationGap",
    "LabelDiversity",
    "ValueDiversity",
    "bias_variance",
    "diversity",
    "generalization_gap",
]
