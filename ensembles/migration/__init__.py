"""Fitted ensembles from scikit-learn and back, without a further fit."""

from ensembles.migration._from_sklearn import from_sklearn
from ensembles.migration._to_sklearn import to_sklearn

__all__ = ["from_sklearn", "to_sklearn"]
