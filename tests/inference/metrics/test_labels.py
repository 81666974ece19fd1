"""Labels as numbers, and the distinct columns of a table of them."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from ensembles.inference._metrics._labels import distinct_columns, numbered

by_property = settings(max_examples=60, deadline=None, derandomize=True)


def test_classes_of_several_columns_are_numbered_as_one():
    names, numbers = numbered([np.array(["b", "a"]), np.array(["cc", "a"])])
    assert list(names) == ["a", "b", "cc"]
    assert numbers.tolist() == [[1, 0], [2, 0]]


@by_property
@given(st.integers(1, 5), st.integers(1, 60), st.integers(2, 9), st.integers(0, 99))
def test_distinct_columns_make_the_table_again(k, n, n_classes, seed):
    table = np.random.default_rng(seed).integers(n_classes, size=(k, n))
    rows, codes = distinct_columns(table, n_classes)
    assert_array_equal(rows[:, codes], table)
    assert len(np.unique(rows, axis=1).T) == rows.shape[1] == codes.max() + 1
