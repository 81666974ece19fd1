"""Bagging: members fitted on random draws of the data."""

from ensembles.bagging._bagging import BaggingClassifier, BaggingRegressor

__all__ = ["BaggingClassifier", "BaggingRegressor"]
