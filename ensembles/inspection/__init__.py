"""Diagnostics of models and pictures of how they are measured."""

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
    "CVSplitDisplay",
    "DiversityDisplay",
    "GeneralizationGap",
    "LabelDiversity",
    "ValueDiversity",
    "diversity",
    "generalization_gap",
]
