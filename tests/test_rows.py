import numpy as np
from numpy.testing import assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.svm import SVR

from ensembles._rows import params_of_rows, row_numbers, table_of_rows


def test_parameters_with_one_entry_a_row_are_cut():
    rows = np.array([2, 0, 2])
    given = {"weight": np.arange(3), "names": ["a", "b", "c"], "mode": "abc", "k": 3}
    cut = params_of_rows(given, rows, 3)
    assert_array_equal(cut["weight"], rows)
    assert cut["names"] == ["c", "a", "c"]
    assert cut["mode"] == "abc"
    assert cut["k"] == 3


def test_a_kernel_has_a_column_for_each_row_of_the_fit():
    kernel = np.arange(16).reshape(4, 4)
    rows, fitted = np.array([0, 2]), np.array([1, 3, 3])
    assert_array_equal(
        table_of_rows(SVR(kernel="precomputed"), kernel, rows, fitted),
        [[1, 3, 3], [9, 11, 11]],
    )
    assert_array_equal(table_of_rows(Ridge(), kernel, rows, fitted), kernel[rows])


def test_rows_by_number_from_the_end_and_by_mask():
    assert_array_equal(row_numbers([0, 2], 3), [0, 2])
    assert_array_equal(row_numbers([-1, 0], 3), [2, 0])
    assert_array_equal(row_numbers([True, False, True], 3), [0, 2])
    assert row_numbers([], 3).dtype == np.intp
