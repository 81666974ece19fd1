"""Bagging: members fitted on random draws of the data."""

from ensembles.bagging._bagging import BaggingClassifier, BaggingRegressor
from ensembles.bagging._forests import HistForestClassifier, HistForestRegressor

__all__ = [
    "BaggingClassifier",
    "BaggingRegressor",
    "HistForestClassifier",
    "HistForestRegressor",
]
