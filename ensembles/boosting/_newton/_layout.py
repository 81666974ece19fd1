"""What kernels of trees of gradients and their twins agree on.

A row adds its gradient and its hessian to one bin of each feature, in whole numbers: so
a sum does not depend on the order of rows, and a sibling's is what is left of its
parent's to the bit. There are two ways to keep them:

- *packed*: both in one word, ``gradient << 32 | hessian``. One addition a row and
  feature. The hessians of all rows fill 32 bits.
- *wide*: a word each, and a third for the number of rows. As exact as sums of floats.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ensembles._records import stamp_of, with_floats
from ensembles.trees._layout import STRIDE

__all__ = [
    "AHEAD",
    "BLOCK",
    "CATEGORY_ROWS",
    "CHILD_FILLED",
    "FRESH",
    "GRADIENT",
    "GROWING",
    "HESSIAN",
    "HESSIAN_BITS",
    "HESSIAN_MASK",
    "NODE",
    "NO_BOUNDED_GAIN",
    "NO_GAIN",
    "ROOM",
    "ROOT_FILLED",
    "ROUNDING",
    "ROWS",
    "SPLIT",
    "STRIDE",
    "TO_LEFT",
    "TO_RIGHT",
    "WIDE",
]

# Channels of wide sums, and how many.
GRADIENT, HESSIAN, ROWS, WIDE = 0, 1, 2, 3
HESSIAN_BITS = 32
HESSIAN_MASK = (1 << HESSIAN_BITS) - 1
# Keys of a node's children are words of sums with these.
TO_LEFT, TO_RIGHT = np.uint64(0xD1B54A32D192ED03), np.uint64(0x8CB92BA72F3D8DD7)
# Gains of less than this share of what the node's sums are worth are rounding, without
# bounds and with.
NO_GAIN, NO_BOUNDED_GAIN = 1e-24, 1e-12
# Rows whose words are gathered before features are gone through, and how far ahead of
# need those of scattered rows are asked for.
BLOCK, AHEAD = 4096, 64
# Categories of fewer rows in a node go right, and so much hessian is added to each when
# they are put in order: as in scikit-learn.
CATEGORY_ROWS = 10.0
# By how much a number of rows that follows from hessians may be rounded.
ROUNDING = 1e-6

_here = Path(__file__).parent
_trees = _here.parents[1] / "trees"
_STAMP = stamp_of(
    *sorted(_here.glob("_kernels_*.py")),
    Path(__file__),
    _here / "_problem.py",
    _trees / "_kernels_tools.py",
    _trees / "_layout.py",
    _here.parents[1] / "_random.py",
    _here.parents[1] / "resampling" / "_kernels_words.py",
)

# A leaf has the feature -1, a right child follows the left one. A node holds the rows
# order[start:end]; `slot` is where its histograms are. Its sums are in steps; what it
# would predict is `value`, and predictions below it stay between lower and upper. The
# cut is the last code that goes left; of categories the subset is what does.
NODE = np.dtype(
    [
        ("feature", np.int32),
        ("left", np.int32),
        ("start", np.int32),
        ("end", np.int32),
        ("depth", np.int32),
        ("slot", np.int32),
        ("key", np.uint64),
        ("gain", np.float64),
        ("gradient", np.int64),
        ("hessian", np.int64),
        ("value", np.float64),
        ("lower", np.float64),
        ("upper", np.float64),
        ("subset", np.uint64, (4,)),
        ("left_gradient", np.int64),
        ("left_hessian", np.int64),
        ("cut", np.int32),
        ("is_category", np.bool_),
        ("missing_left", np.bool_),
        ("has_missing", np.bool_),
        (_STAMP, np.int8),
    ],
    align=True,
)

# The best split of a node by one feature, and whether it comes from rows that were
# counted code by code.
SPLIT = np.dtype(
    [
        ("gain", np.float64),
        ("subset", np.uint64, (4,)),
        ("cut", np.int32),
        ("missing_left", np.bool_),
        ("is_counted", np.bool_),
    ],
    align=True,
)

# Where a tree stands that is being grown: at its first node, at the histograms of that
# one or of a smaller child, which others have filled, or anywhere else.
FRESH, ROOT_FILLED, CHILD_FILLED, GROWING = 0, 1, 2, 3

_LIMITS = [
    ("max_leaves", np.int64),  # 0 for any number
    ("max_depth", np.int64),
    ("max_features", np.float64),  # share of those open to a node
    ("min_rows_leaf", np.int64),
    ("min_hessian", np.int64),  # in steps
    ("heaviest", np.int64),  # largest hessian of a row, in steps
    ("counts_rows", np.bool_),  # the hessian is the number of rows
    ("is_bounded", np.bool_),  # some features have trends
    ("l2", np.float64),
    ("category_rows", np.float64),  # what sets of categories are drawn down by
    ("most_sums", np.int64),  # of rows times features that are not left to others
    ("n_rows", np.float64),  # as many as the rows of the tree count as
    ("gradient_step", np.float64),
    ("hessian_step", np.float64),
]
# Of the tree: where it stands, the node whose histograms are asked for and its parent,
# its numbers of nodes and leaves, and the hessian of `category_rows` rows. Of a node:
# the least of a side. Of one feature: gradient and hessian up to each bin and the gain
# of a cut after it, in memory that is read as whole numbers and as floats; categories
# in order; rows of each code, where they are counted. Of a split: which codes go right.
_SPACE = [
    ("stage", np.int64),
    ("asked", np.int64),
    ("parent", np.int64),
    ("n_nodes", np.int64),
    ("n_leaves", np.int64),
    ("category_l2", np.float64),
    ("least", np.int64),
    ("n_free", np.int64),
    ("n_frontier", np.int64),
    ("numbers", np.int64, (3, 256)),
    ("ranks", np.float64, (256,)),
    ("bins", np.int64, (256,)),
    ("rows", np.int64, (256,)),
    ("goes_right", np.uint8, (256,)),
]

ROOM = with_floats(np.dtype([*_LIMITS, *_SPACE, (_STAMP, np.int8)], align=True))
