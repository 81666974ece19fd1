"""What the data can tell: tests of many models on one matrix of losses."""

from ensembles.inference._confidence_set import ModelConfidenceSet
from ensembles.inference._multiple_testing import (
    RealityCheck,
    StepwiseMultipleTest,
    SuperiorPredictiveAbility,
)
from ensembles.inference._overfitting import probability_of_overfitting

__all__ = [
    "ModelConfidenceSet",
    "RealityCheck",
    "StepwiseMultipleTest",
    "SuperiorPredictiveAbility",
    "probability_of_overfitting",
]
