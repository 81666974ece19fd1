"""What kernels of trees of weights and their twins agree on.

A row adds its weight to one bin of each feature, in the histogram of its class. Weights
are whole numbers of *steps* there: so a sum does not depend on the order of rows, and
the histograms of a round are those of the round before and what has changed since, to
the bit. Weights themselves are floats in the same steps, which a round makes heavier
and no round makes lighter: all rows together weigh `FIRST_SUM` at first, and are scaled
down by a power of two before they reach `LARGEST_SUM`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ensembles._records import stamp_of, with_floats
from ensembles.trees._layout import MISSING, STRIDE

__all__ = [
    "BLOCK",
    "ERROR",
    "FIRST_SUM",
    "GINI",
    "LARGEST_SUM",
    "LEAST_SHARE",
    "MISSING",
    "NODE",
    "ROOM",
    "STRIDE",
]

# By what splits are judged: Gini impurity, or the weight of rows that leaves get wrong.
GINI, ERROR = 0, 1
FIRST_SUM, LARGEST_SUM = 2.0**56, 2.0**62
# No row weighs less than this share of all, as in scikit-learn.
LEAST_SHARE = np.finfo(np.float64).eps
# Rows whose amounts are at hand while features are gone through.
BLOCK = 4096

_here = Path(__file__).parent
_trees = _here.parents[1] / "trees"
_STAMP = stamp_of(
    *sorted(_here.glob("_kernels_*.py")),
    Path(__file__),
    _here / "_problem.py",
    _trees / "_kernels_cuts.py",
    _trees / "_kernels_tools.py",
    _trees / "_layout.py",
)

# A leaf has the feature -1, a right child follows the left one. A node holds the rows
# order[start:end]; `slot` is where its histograms are. The cut lies between two bins
# with rows. Missing values go left, right, or (-1, for now) with most rows.
NODE = np.dtype(
    [
        ("feature", np.int32),
        ("left", np.int32),
        ("start", np.int32),
        ("end", np.int32),
        ("depth", np.int32),
        ("slot", np.int32),
        ("gain", np.float64),
        ("low", np.int32),
        ("high", np.int32),
        ("best_class", np.int32),
        ("missing_left", np.int8),
        (_STAMP, np.int8),
    ],
    align=True,
)

# Limits, and what a tree or a round leaves behind: the weight of all rows and of those
# that leaves get wrong. Then room for one feature: weight up to each bin, what it is
# compared by, gains, and the weight as a whole number, in memory that is read as whole
# numbers and as floats; which codes go right.
ROOM = with_floats(
    np.dtype(
        [
            ("max_depth", np.int64),
            ("criterion", np.int64),
            ("total", np.int64),
            ("wrong", np.int64),
            ("n_free", np.int64),
            ("numbers", np.int64, (4, 256)),
            ("goes_right", np.uint8, (256,)),
            ("says", np.int32, (256,)),
            (_STAMP, np.int8),
        ],
        align=True,
    )
)
