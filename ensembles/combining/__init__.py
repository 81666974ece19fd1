"""Combining different learners: by a rule, by weights, or by another learner."""

from ensembles.combining._blend import BlendClassifier, BlendRegressor
from ensembles.combining._selection import SelectionClassifier, SelectionRegressor
from ensembles.combining._selection_base import SelectionTrajectory
from ensembles.combining._stacking_classifier import StackingClassifier
from ensembles.combining._stacking_regressor import StackingRegressor
from ensembles.combining._voting import VotingClassifier, VotingRegressor

__all__ = [
    "BlendClassifier",
    "BlendRegressor",
    "SelectionClassifier",
    "SelectionRegressor",
    "SelectionTrajectory",
    "StackingClassifier",
    "StackingRegressor",
    "VotingClassifier",
    "VotingRegressor",
]
