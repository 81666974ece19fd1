import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.exceptions import DataConversionWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from ensembles._ensemble._targets import check_values, encode_classes, is_frozen

PROBABILITIES = np.array([[0.2, 0.8], [0.5, 0.5]])


def test_one_output_round_trip():
    labels = ["b", "a", "b"]
    target, codes = encode_classes(labels)
    assert target.single
    assert target.n_classes == (2,)
    assert_array_equal(codes, [1, 0, 1])
    assert_array_equal(target.decode_codes(codes), labels)
    assert_array_equal(target.decode([PROBABILITIES]), ["b", "a"])  # a tie: the first


def test_several_outputs_round_trip():
    labels = np.array([["b", "x"], ["a", "y"], ["b", "z"]])
    target, codes = encode_classes(labels)
    assert not target.single
    assert target.n_classes == (2, 3)
    assert_array_equal(target.decode_codes(codes), labels)
    assert [list(k) for k in target.classes] == [["a", "b"], ["x", "y", "z"]]


def test_sparse_labels_and_a_column():
    indicator = sparse.csr_matrix([[0, 1], [1, 0]])
    _, codes = encode_classes(indicator)
    assert_array_equal(codes, [[0, 1], [1, 0]])
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        target, codes = encode_classes(np.array([[3], [7]]))
    assert target.single
    assert_array_equal(codes, [0, 1])


def test_codes_of_labels_that_a_frozen_member_gave():
    target, _ = encode_classes([3, 5, 9])
    X = np.arange(4.0)[:, None]
    member = FrozenEstimator(LogisticRegression().fit(X, [3, 9, 3, 9]))
    assert_array_equal(target.positions(member, 0, 2), [0, 2])
    other = FrozenEstimator(LogisticRegression().fit(X, [3, 11, 3, 11]))
    with pytest.raises(ValueError, match=r"knows classes \[11\] that y does not have"):
        target.positions(other, 0, 2)


def test_labels_of_a_frozen_member_that_might_be_codes_are_labels():
    target, _ = encode_classes([-1, 0, 1])
    X = np.arange(4.0)[:, None]
    member = LogisticRegression().fit(X, [0, 1, 0, 1])
    assert_array_equal(target.positions(FrozenEstimator(member), 0, 2), [1, 2])
    assert_array_equal(target.positions(member, 0, 2), [0, 1])


def test_frozen_members_are_known_inside_pipelines():
    frozen = FrozenEstimator(LogisticRegression())
    assert is_frozen(frozen)
    assert is_frozen(make_pipeline("passthrough", frozen))
    assert not is_frozen(make_pipeline("passthrough", LogisticRegression()))


def test_values_are_checked():
    model = LogisticRegression()
    assert_array_equal(check_values(model, [1, 2]), [1, 2])
    assert check_values(model, [[1, 2], [3, 4]]).shape == (2, 2)
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        assert check_values(model, [[1], [2]]).shape == (2,)
    with pytest.raises(ValueError, match="requires y to be passed"):
        check_values(model, None)
    with pytest.raises(ValueError, match="Input y contains NaN"):
        check_values(model, [1, np.nan])
