"""What kernels and their twins agree on: codes, statistics of rows, limits, nodes.

A *code* is the number of a value's bin, 0 to 254, or `MISSING`. What a split is judged
by are sums over rows in whole numbers, so that the same rows give the same split in any
order. There are three ways to keep them:

- *words*: one word a row, ``(w * y) << WEIGHT_BITS | w``, y in steps of a fine grid and
  w a small whole number. One addition a row and feature; for values and two classes.
- *counts*: the weight of a row, added to the channel of its class.
- *sums*: a channel for the sum of each output, one for the weight.

Where a leaf's least number of rows does not follow from weights, a last channel of
counts and sums counts rows.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ensembles._records import stamp_of, with_floats

__all__ = [
    "BLOCK_ROWS",
    "ENTROPY",
    "FEW_ROWS",
    "GROUP",
    "LARGEST_SUM",
    "MAX_BINS",
    "MISSING",
    "MOST_LEAVES",
    "NODE",
    "PLANES",
    "PLANE_ROWS",
    "POISSON",
    "ROOM",
    "SMALL_ROWS",
    "SQUARE",
    "STAMPED",
    "STRIDE",
    "TABLE",
    "WEIGHT",
    "WEIGHT_BITS",
    "WORTH_PLANES",
]

MISSING = 255
MAX_BINS = 255

WEIGHT_BITS = 24
WEIGHT = (1 << WEIGHT_BITS) - 1
# Sums of words of values stay below this: one bit for the sign, one in reserve.
LARGEST_SUM = 2.0**38

# Gini impurity and variance are one formula: a sum of squares over the weight.
SQUARE, ENTROPY, POISSON = 0, 1, 2

# Numbers from one histogram to the next: a power of two would put the same bins of all
# features on the same few cache lines.
STRIDE = 264
# Equal parts of the range of a column. For most the code of its values is known but for
# one or two cuts, which is cheaper than a search among all.
TABLE = 1024
# Features whose histograms are filled before they are searched; those of words fill
# half of a first-level cache.
GROUP = 8
# Rows whose codes are asked for ahead of need: as many as one fetch from memory takes.
AHEAD = 16
# Nodes of at most so many rows look only at the bins that their rows are in.
SMALL_ROWS = 128
# Of at most so many, each row is compared with each.
FEW_ROWS = 8
# Rows that are copied side by side before a subtree is grown on them: their codes and
# words stay in a second-level cache.
BLOCK_ROWS = 8192

# At least so many rows go down trees node by node, each node all of them, where trees
# have at most so many leaves: their numbers fill a byte. So many rows at a time, whose
# planes fill a first-level cache at most, and an eighth of it for 31 leaves.
WORTH_PLANES, MOST_LEAVES, PLANE_ROWS = 256, 256, 1024

# Sums of floats that shall not depend on their order are made of whole numbers of no
# more bits than this.
GRID_BITS = 61
# Where a packed node has whether missing values go left, whether it splits categories,
# whether it is a leaf, its feature, and its left child; its lowest byte is the cut. A
# leaf is its own left child, with a cut that no code lies above.
SIDE_PLACE, CATEGORY_PLACE, LEAF_PLACE, FEATURE_PLACE, LEFT_PLACE = 8, 9, 10, 11, 32


_here = Path(__file__).parent
_STAMP = stamp_of(
    *sorted(_here.glob("_kernels_*.py")),
    Path(__file__),
    _here / "_problem.py",
    _here.parent / "resampling" / "_kernels_words.py",
)


# A leaf has the feature -1, a right child follows the left one. A node holds the rows
# order[start:end]. Its cut is between two bins: those with rows next to it, or where it
# was drawn. Missing values go left, right, or (-1, for now) with the larger side. What
# is random about a node follows from its key, and this from its path. Words of values
# are scale * (y - center), a grid that fits `grid_rows` rows. Predictions below a node
# stay between lower and upper.
NODE = np.dtype(
    [
        ("feature", np.int32),
        ("left", np.int32),
        ("start", np.int32),
        ("end", np.int32),
        ("depth", np.int32),
        ("grid_rows", np.int32),
        ("key", np.uint64),
        ("gain", np.float64),
        ("center", np.float64),
        ("scale", np.float64),
        ("lower", np.float64),
        ("upper", np.float64),
        ("low", np.uint8),
        ("high", np.uint8),
        ("missing_left", np.int8),
        (_STAMP, np.int8),
    ],
    align=True,
)

# What one tree is grown by and in: limits, then room. It is one record since kernels
# pass a record as one pointer, and an array as ten words.
_LIMITS = [
    ("criterion", np.int64),
    ("n_outputs", np.int64),
    ("n_channels", np.int64),  # none for words
    ("sums", np.bool_),  # channels are sums, not counts
    ("counts_rows", np.bool_),  # the last channel counts rows
    ("refines", np.bool_),  # words are of values, on grids that fit
    ("max_features", np.int64),
    ("max_depth", np.int64),
    ("max_leaves", np.int64),
    ("min_rows_split", np.int64),
    ("min_rows_leaf", np.int64),
    ("min_weight_leaf", np.int64),  # in the steps in which weights are kept
    ("min_decrease", np.float64),  # of weight times impurity
    ("prior", np.float64),  # weight of a category's mean over the tree, in steps
    ("scale", np.float64),  # of words of the whole tree, as these means have it
]
# The best split so far: its gain, and which gain is enough to look no further; its
# feature, the bins next to the cut, whether missing values go left (-1 if there are
# none), or the categories that do.
_SPLIT = [
    ("best_gain", np.float64),
    ("enough", np.float64),
    ("feature", np.int64),
    ("low", np.int64),
    ("high", np.int64),
    ("missing_left", np.int64),
    ("subset", np.uint64, (4,)),
]
# Histograms and masks are zero between nodes. Of one feature: the bins that hold rows,
# what these add up to (or the words of few rows, or what is left of cuts drawn), the
# order of categories, and sums, weights and gains at boundaries, in memory that is read
# as whole numbers and as floats. Of some features: the cuts drawn. Of a node: what its
# words add up to.
_ROOM = [
    ("hist", np.int64, (GROUP, STRIDE)),
    ("masks", np.uint64, (GROUP, 4)),
    ("bins", np.int64, (257,)),
    ("words", np.int64, (257,)),
    ("ranks", np.float64, (256,)),
    ("drawn_subset", np.uint64, (4,)),
    ("numbers", np.int64, (3, 256)),
    ("tries", np.int64, (3, GROUP)),
    ("n_tries", np.int64),
    ("total", np.int64),
]


ROOM = with_floats(np.dtype([*_LIMITS, *_SPLIT, *_ROOM, (_STAMP, np.int8)], align=True))

# Of rows that go down a tree together: the leaves that they have left, eight a plane;
# whether they go left at a node; of those left the eight with the first one, and its
# number. Of a tree: leaves below each node, the first of them, and nodes that are
# leaves. Of a node: the categories that go left.
PLANES = np.dtype(
    [
        ("planes", np.uint8, (MOST_LEAVES // 8, PLANE_ROWS)),
        ("is_left", np.uint8, (PLANE_ROWS,)),
        ("bits", np.uint8, (PLANE_ROWS,)),
        ("number", np.uint8, (PLANE_ROWS,)),
        ("below", np.uint64, (2 * MOST_LEAVES,)),
        ("first", np.uint64, (2 * MOST_LEAVES,)),
        ("leaves", np.uint64, (MOST_LEAVES,)),
        ("codes", np.uint8, (256,)),
        (_STAMP, np.int8),
    ],
    align=True,
)

# For kernels that need no other record.
STAMPED = np.zeros(1, np.dtype([(_STAMP, np.int8)]))
