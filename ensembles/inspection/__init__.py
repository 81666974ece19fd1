"""Diagnostics of models and pictures of how they are measured."""

from ensembles.inspection._generalization_gap import (
    GeneralizationGap,
    generalization_gap,
)
from ensembles.inspection._split_display import CVSplitDisplay

__all__ = ["CVSplitDisplay", "GeneralizationGap", "generalization_gap"]
