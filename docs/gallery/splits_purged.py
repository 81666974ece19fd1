"""Folds of a series whose labels look a week ahead: what is too near is left out."""

import numpy as np

from ensembles import PurgedKFold
from ensembles.inspection import CVSplitDisplay

days = np.arange("2024-01-01", "2024-07-01", dtype="datetime64[D]")
folds = PurgedKFold(5, purge="7D", embargo="7D")
CVSplitDisplay.from_cv(folds, np.empty((len(days), 1)), times=days)
