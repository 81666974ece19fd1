"""Binned trees: values become codes of one byte, and compiled kernels grow on these."""

from ensembles.trees._binned import BinnedMatrix
from ensembles.trees._binner import Binner
from ensembles.trees._classifier import HistTreeClassifier
from ensembles.trees._regressor import HistTreeRegressor

__all__ = ["BinnedMatrix", "Binner", "HistTreeClassifier", "HistTreeRegressor"]
