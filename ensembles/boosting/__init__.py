"""Boosting: weak learners added up, each learning what those before have left."""

from ensembles.boosting._ada_classifier import AdaBoostClassifier
from ensembles.boosting._ada_regressor import AdaBoostRegressor
from ensembles.boosting._gradient_classifier import GradientBoostingClassifier
from ensembles.boosting._gradient_regressor import GradientBoostingRegressor
from ensembles.boosting._hist_classifier import HistBoostingClassifier
from ensembles.boosting._hist_regressor import HistBoostingRegressor

__all__ = [
    "AdaBoostClassifier",
    "AdaBoostRegressor",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "HistBoostingClassifier",
    "HistBoostingRegressor",
]
