import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin

from ensembles._ensemble._data import check_table, check_table_and_target, n_columns_of


class Plain(ClassifierMixin, BaseEstimator):
    pass


def test_lists_of_numbers_become_arrays_and_text_stays():
    X, _ = check_table_and_target(Plain(), [[1, 2], [3, 4]], [0, 1])
    assert_array_equal(X, [[1, 2], [3, 4]])
    texts = ["a b", "c"]
    assert check_table_and_target(Plain(), texts, [0, 1])[0] is texts
    rows = [{"a": 1}, {"a": 2}]
    assert check_table_and_target(Plain(), rows, [0, 1])[0] is rows


def test_tables_pass_as_they_are_and_are_counted():
    frames = pytest.importorskip("pandas")
    model = Plain()
    table = frames.DataFrame({"a": [1, 2], "b": ["x", "y"]})
    assert check_table_and_target(model, table, [0, 1])[0] is table
    assert model.n_features_in_ == 2
    assert list(model.feature_names_in_) == ["a", "b"]
    with pytest.raises(ValueError, match="feature names should match"):
        check_table(model, table[["b", "a"]])


def test_a_second_fit_forgets_the_columns_of_the_first():
    model = Plain()
    check_table_and_target(model, np.zeros((2, 3)), [0, 1])
    check_table_and_target(model, np.zeros((2, 3, 4)), [0, 1])
    assert not hasattr(model, "n_features_in_")


def test_sparse_forms_without_rows_are_converted():
    for form in (sparse.coo_matrix, sparse.dia_array, sparse.bsr_matrix):
        X, _ = check_table_and_target(Plain(), form(np.eye(3)), [0, 1, 2])
        assert X.format == "csr"
    kept = sparse.csc_matrix(np.eye(3))
    assert check_table_and_target(Plain(), kept, [0, 1, 2])[0] is kept


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.zeros((0, 2)), [], r"0 sample\(s\) \(shape=\(0, 2\)\)"),
        (np.zeros((2, 0)), [0, 1], r"0 feature\(s\)"),
        (np.zeros((2, 2)), [0], "inconsistent numbers of samples"),
        (np.zeros((2, 2)), None, "requires y to be passed"),
    ],
    ids=["rows", "columns", "lengths", "no y"],
)
def test_what_cannot_be_fitted(X, y, message):
    with pytest.raises(ValueError, match=message):
        check_table_and_target(Plain(), X, y)


def test_one_row_given_flat_is_explained():
    model = Plain()
    check_table_and_target(model, np.zeros((2, 3)), [0, 1])
    with pytest.raises(ValueError, match="Reshape your data"):
        check_table(model, np.zeros(3))


def test_columns_are_counted_only_in_tables():
    assert n_columns_of(np.zeros((2, 3))) == 3
    assert n_columns_of(np.zeros((2, 3, 4))) is None
    assert n_columns_of(["a", "b"]) is None


def test_a_list_without_rows_is_refused_in_words():
    with pytest.raises(ValueError, match=r"0 sample\(s\) .* is required by Plain"):
        check_table(Plain(), [])
