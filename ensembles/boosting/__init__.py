"""Boosting: weak learners added up, each learning what those before have left."""

from ensembles.boosting._ada_classifier import AdaBoostClassifier
from ensembles.boosting._ada_regressor import AdaBoostRegressor
from ensembles.boosting._boosting_cv import BoostingCV
from ensembles.boosting._componentwise_classifier import (
    ComponentwiseBoostingClassifier,
)
from ensembles.boosting._componentwise_regressor import ComponentwiseBoostingRegressor
from ensembles.boosting._distribution_regressor import DistributionBoostingRegressor
from ensembles.boosting._gradient_classifier import GradientBoostingClassifier
from ensembles.boosting._gradient_regressor import GradientBoostingRegressor
from ensembles.boosting._hist_classifier import HistBoostingClassifier
from ensembles.boosting._hist_regressor import HistBoostingRegressor
from ensembles.boosting._quantile_regressor import QuantileBoostingRegressor

__all__ = [
    "AdaBoostClassifier",
    "AdaBoostRegressor",
    "BoostingCV",
    "ComponentwiseBoostingClassifier",
    "ComponentwiseBoostingRegressor",
    "DistributionBoostingRegressor",
    "GradientBoostingClassifier",
    "GradientBoostingRegressor",
    "HistBoostingClassifier",
    "HistBoostingRegressor",
    "QuantileBoostingRegressor",
]
