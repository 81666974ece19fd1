"""Trees in one piece: by columns and by rows, kernels and twins, all the same bits."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from ensembles import Binner
from ensembles.trees import BinnedMatrix, _kernels_planes
from ensembles.trees._layout import (
    CATEGORY_PLACE,
    FEATURE_PLACE,
    LEAF_PLACE,
    LEFT_PLACE,
    MISSING,
    MOST_LEAVES,
    PLANE_ROWS,
    SIDE_PLACE,
    WORTH_PLANES,
)
from ensembles.trees._packed import PackedTrees, bin_to_send

N_FEATURES = 7


def words_of_a_tree(rng, n_leaves, root, *, categories):
    """A tree of any shape: leaves are split in any order."""
    n_nodes = 2 * n_leaves - 1
    words = np.zeros(n_nodes, np.uint64)
    leaf = 1 << LEAF_PLACE | MISSING
    words[0] = root << LEFT_PLACE | leaf
    leaves, n, is_chain = [0], 1, rng.random() < 0.3
    while len(leaves) < n_leaves:
        node = leaves.pop(-1 if is_chain else int(rng.integers(len(leaves))))
        word = (root + n) << LEFT_PLACE | int(rng.integers(N_FEATURES)) << FEATURE_PLACE
        if categories and rng.random() < 0.3:
            word |= 1 << CATEGORY_PLACE
        else:
            word |= int(rng.integers(2)) << SIDE_PLACE | int(rng.integers(255))
        words[node] = word
        words[[n, n + 1]] = [(root + n + k) << LEFT_PLACE | leaf for k in range(2)]
        leaves += [n, n + 1]
        n += 2
    return words


def drawn_trees(rng, sizes, width, *, categories):
    """Packed trees with so many leaves, which add to one of a few columns."""
    roots = np.cumsum([0, *(2 * size - 1 for size in sizes)])
    words = [
        words_of_a_tree(rng, size, int(root), categories=categories)
        for size, root in zip(sizes, roots, strict=False)
    ]
    subset_rows = subsets = None
    if categories:
        subset_rows = np.arange(roots[-1], dtype=np.int32)
        subsets = rng.integers(0, 2**64, (roots[-1], 4), dtype=np.uint64)
    outputs = rng.integers(0, 3, len(sizes))
    values = rng.normal(size=(roots[-1], width))
    return PackedTrees(
        np.concatenate(words), roots, outputs, values, subset_rows, subsets
    )


def drawn_rows(rng, n_rows):
    codes = rng.integers(0, 256, (n_rows, N_FEATURES)).astype(np.uint8)
    codes[rng.random(codes.shape) < 0.2] = MISSING
    return BinnedMatrix(codes, None, None)


@pytest.mark.parametrize("categories", [False, True])
@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize(
    "n_rows", [1, WORTH_PLANES - 1, WORTH_PLANES, PLANE_ROWS, 2 * PLANE_ROWS + 77]
)
def test_by_columns_by_rows_and_by_numpy_trees_add_the_same(
    n_rows, width, categories, by_numpy
):
    rng = np.random.default_rng(n_rows + width)
    small = [1, 2, 3, 8, 9, 31, 64, 65, int(rng.integers(2, 257)), MOST_LEAVES]
    binned = drawn_rows(rng, n_rows)
    for sizes in small, [31, MOST_LEAVES + 1], [700]:
        trees = drawn_trees(rng, sizes, width, categories=categories)
        results = rng.normal(size=(n_rows, width + 2))
        one_by_one, plain = results.copy(), results.copy()
        trees.add_to(results, binned)
        for i in range(n_rows):
            trees.add_to(one_by_one[i : i + 1], binned[i : i + 1])
        by_numpy(lambda t=trees, p=plain: t.add_to(p, binned))
        assert_array_equal(results, one_by_one)
        assert_array_equal(results, plain)


def test_some_of_the_trees_add_up_to_all():
    rng = np.random.default_rng(0)
    trees = drawn_trees(rng, [5, 40, 3, 12], 1, categories=False)
    binned = drawn_rows(rng, 500)
    whole, parts = np.zeros((500, 3)), np.zeros((500, 3))
    trees.add_to(whole, binned)
    for first, last in (0, 1), (1, 1), (1, 3), (3, None):
        trees.add_to(parts, binned, first, last)
    assert len(trees) == 4
    assert_array_equal(parts, whole)


def test_trees_of_which_there_are_none_add_nothing():
    none = PackedTrees(
        np.zeros(0, np.uint64), np.zeros(1, int), np.zeros(0, int), np.zeros((0, 1))
    )
    results = np.ones((300, 1))
    none.add_to(results, drawn_rows(np.random.default_rng(0), 300))
    assert_array_equal(results, 1.0)


@pytest.mark.parametrize("n_rows", [WORTH_PLANES - 1, WORTH_PLANES])
def test_rows_are_coded_the_way_round_that_they_are_read(n_rows):
    X = np.random.default_rng(0).normal(size=(n_rows, 3))
    binner = Binner().fit(X)
    binned, expected = bin_to_send(binner, X), binner.transform(X)
    is_by_columns = binned._rows is None
    assert is_by_columns == (n_rows >= WORTH_PLANES)
    assert_array_equal(binned.rows, expected)
    assert_array_equal(binned.columns, expected.T)
    assert_array_equal(bin_to_send(binner, X.tolist()).columns, expected.T)


def test_kernels_are_not_compiled_again_for_codes_of_another_kind():
    rng = np.random.default_rng(0)
    trees, binned = drawn_trees(rng, [5, 9], 1, categories=False), drawn_rows(rng, 300)
    expected = np.zeros((300, 3))
    trees.add_to(expected, binned)
    n_compiled = len(_kernels_planes.send_columns_down.signatures)
    read_only = binned.columns.copy()
    read_only.flags.writeable = False
    for columns in read_only, np.asfortranarray(binned.columns):
        results = np.zeros((300, 3))
        trees.add_to(results, BinnedMatrix(None, columns, None))
        assert_array_equal(results, expected)
    assert len(_kernels_planes.send_columns_down.signatures) == n_compiled
