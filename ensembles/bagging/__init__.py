"""Bagging: members fitted on random draws of the data."""

from ensembles.bagging._bagging import BaggingClassifier, BaggingRegressor
from ensembles.bagging._balanced import BalancedBaggingClassifier
from ensembles.bagging._forest_classifier import HistForestClassifier
from ensembles.bagging._forest_regressor import HistForestRegressor
from ensembles.bagging._until_settled import UntilSettled

__all__ = [
    "BaggingClassifier",
    "BaggingRegressor",
    "BalancedBaggingClassifier",
    "HistForestClassifier",
    "HistForestRegressor",
    "UntilSettled",
]
