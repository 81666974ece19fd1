"""Values to codes."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_array_equal
from scipy import sparse
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer

from ensembles.exceptions import InvalidParameterError
from ensembles.trees import BinnedMatrix, Binner
from ensembles.trees import _kernels_bins as kernels
from ensembles.trees import _plain_bins as twins
from ensembles.trees._bins import bins_of_values, tables_of

SHAPES = {
    "normal": lambda rng, n: rng.normal(size=n),
    "few": lambda rng, n: rng.integers(0, 5, n).astype(float),
    "skewed": lambda rng, n: np.exp(5 * rng.normal(size=n)),
    "half zeros": lambda rng, n: np.where(rng.random(n) < 0.5, 0, rng.normal(size=n)),
    "huge": lambda rng, n: rng.normal(size=n) * 1e303,
    "tiny": lambda rng, n: rng.normal(size=n) * 1e-310,
    "neighbours": lambda rng, n: 1.0 + rng.integers(0, 400, n) * 2.0**-52,
    "constant": lambda rng, n: np.full(n, 3.0),
}
every_shape = pytest.mark.parametrize("shape", SHAPES)


def column(shape, seed=0, n=1500):
    rng = np.random.default_rng(seed)
    values = SHAPES[shape](rng, n)
    values[rng.random(n) < 0.1] = np.nan
    return values, rng


@every_shape
@pytest.mark.parametrize("max_bins", [2, 3, 16, 255])
def test_a_code_is_the_number_of_cuts_below(shape, max_bins):
    values, _ = column(shape)
    binner = Binner(max_bins).fit(values[:, None])
    (cuts,) = binner.bin_thresholds_
    assert len(cuts) == binner.n_bins_[0] - 1 < max_bins
    assert (cuts[1:] > cuts[:-1]).all()
    around = np.r_[cuts, np.nextafter(cuts, np.inf), np.nextafter(cuts, -np.inf)]
    seen = np.r_[values, around[np.isfinite(around)], -1e308, 1e308]
    codes = binner.transform(seen[:, None])[:, 0]
    missing = np.isnan(seen)
    assert (codes[missing] == 255).all()
    expected = (seen[~missing, None] > cuts).sum(axis=1)
    assert_array_equal(codes[~missing], expected)


@every_shape
def test_few_values_have_a_bin_each(shape):
    values, _ = column(shape)
    few = np.unique(values[~np.isnan(values)])[:255]
    codes = Binner().fit_transform(np.repeat(few, 3)[:, None])[:, 0]
    assert_array_equal(codes, np.repeat(np.arange(len(few)), 3))


def lengths(counts, n_values):
    """Of bins: a fifth by log-odds of shares of weight, the rest by their angles."""
    shares = np.r_[0, np.cumsum(counts)] / counts.sum()
    arcs = np.diff(np.arcsin(np.sqrt(np.minimum(shares, 1.0)))) / (np.pi / 2)
    near = 0.5 / n_values
    log_odds = np.diff(np.log((shares + near) / (1.0 - shares + near)))
    return 0.8 * arcs + 0.2 * log_odds / log_odds.sum()


def test_bins_are_of_equal_length():
    n = 51_000
    values = np.random.default_rng(0).normal(size=n)
    counts = np.bincount(Binner(subsample=None).fit_transform(values[:, None])[:, 0])
    assert len(counts) in (254, 255)
    found = lengths(counts, n)
    assert (counts[:2] == 1).all()
    assert counts[:5].max() <= 3
    assert counts[-5:].max() <= 3
    inside = counts > 50
    assert inside.sum() > 200
    assert found[inside].max() / found[inside].min() < 1.04


def test_a_heavy_value_leaves_the_other_bins_equal():
    rng = np.random.default_rng(0)
    values = np.where(rng.random(40_000) < 0.6, 0.0, rng.normal(size=40_000))
    codes = Binner(11).fit_transform(values[:, None])[:, 0]
    counts = np.bincount(codes)
    heavy = np.bincount(codes[values == 0.0]).argmax()
    assert 0 <= counts[heavy] - (values == 0.0).sum() < 0.02 * len(values)
    others = np.delete(lengths(counts, len(np.unique(values))), heavy)
    assert len(others) == 10
    assert others.max() / others.min() < 1.6


def test_bins_do_not_depend_on_a_monotone_scale():
    values = np.random.default_rng(0).normal(size=3000)
    codes = Binner(16).fit_transform(values[:, None])
    assert_array_equal(Binner(16).fit_transform(np.exp(values)[:, None]), codes)


def test_tails_keep_their_values_apart():
    """Bins of equal weight hold 39 values each, these one at the ends."""
    values = np.sort(np.random.default_rng(0).normal(size=10_000))
    codes = Binner().fit_transform(values[:, None])[:, 0]
    assert_array_equal(codes[:4], np.arange(4))
    assert_array_equal(np.diff(codes[-4:]), 1)
    assert codes[-1] >= 252


@every_shape
def test_whole_weights_are_repeated_rows(shape):
    values, rng = column(shape)
    weights = rng.integers(0, 4, len(values))
    weighted = Binner(16).fit(values[:, None], sample_weight=weights)
    repeated = Binner(16).fit(np.repeat(values, weights)[:, None])
    assert_array_equal(weighted.bin_thresholds_[0], repeated.bin_thresholds_[0])


@every_shape
def test_compiled_equals_plain(shape):
    values, rng = column(shape)
    bins = bins_of_values(values, None, 16, twins.assign_bins)
    tables = tables_of([bins.cuts])
    X = np.r_[values, bins.cuts, np.nextafter(bins.cuts, np.inf)][:, None]
    results = []
    for module in kernels, twins:
        rows, columns = np.empty(X.shape, np.uint8), np.empty(X.T.shape, np.uint8)
        module.bin_values(X, *tables, rows, columns)
        results += [rows, columns.T]
    for result in results[1:]:
        assert_array_equal(results[0], result)
    light = rng.integers(1, 50, 700).astype(float)
    for mass in light, rng.permutation(np.r_[light, np.geomspace(1e3, 1e6, 30)]):
        marks = []
        for module in kernels, twins:
            is_last = np.zeros(len(mass), dtype=bool)
            module.assign_bins(mass, 40, is_last)
            marks.append(is_last)
        assert_array_equal(*marks)
        assert 30 < marks[0].sum() <= 40


def test_single_and_double_precision_columns_of_a_layout_agree():
    X = np.random.default_rng(0).normal(size=(500, 3)).astype(np.float32)
    binner = Binner(31).fit(X)
    expected = binner.transform(X)
    for other in (X.astype(np.float64), np.asfortranarray(X), X[::-1][::-1]):
        assert_array_equal(binner.transform(other), expected)


def test_sparse_is_dense():
    X = sparse.random(200, 70, 0.1, random_state=0, format="csr")
    dense = Binner().fit(X.toarray())
    for kind in (sparse.csr_matrix, sparse.csc_array):
        binner = Binner().fit(kind(X))
        assert_array_equal(binner.transform(kind(X)), dense.transform(X.toarray()))
        binned = binner.bin(kind(X))
        assert_array_equal(binned.columns, binned.rows.T)


def frame():
    return pd.DataFrame(
        {
            "size": [1.0, 2.0, None, 4.0],
            "word": ["x", "y", None, "x"],
            "kind": pd.Categorical(["u", "v", "u", "w"]),
            "flag": [True, False, True, True],
        }
    )


def test_frames_of_any_kind():
    expected = [[0, 0, 0, 1], [1, 1, 1, 0], [255, 255, 0, 1], [2, 0, 2, 1]]
    binner = Binner().fit(frame())
    assert_array_equal(binner.transform(frame()), expected)
    assert_array_equal(binner.is_categorical_, [False, True, True, False])
    assert binner.categories_[1].tolist() == ["x", "y"]
    assert list(binner.feature_names_in_) == ["size", "word", "kind", "flag"]
    polars = pl.from_pandas(frame())
    assert_array_equal(Binner().fit(polars).transform(polars), expected)


def test_kinds_of_pandas_that_know_missing_numbers_are_numbers():
    X = pd.DataFrame(
        {
            "whole": pd.array([3, None, 1, 3], dtype="Int64"),
            "flag": pd.array([True, None, False, False], dtype="boolean"),
            "word": pd.array(["b", "a", None, "b"], dtype="string"),
        }
    )
    expected = [[1, 1, 1], [255, 255, 0], [0, 0, 255], [1, 0, 1]]
    assert_array_equal(Binner().fit_transform(X), expected)
    as_categories = Binner(categorical_features=[0, 2]).fit(X)
    assert_array_equal(as_categories.transform(X), expected)
    assert as_categories.categories_[0].tolist() == [1, 3]
    with pytest.raises(ValueError, match="could not convert string to float: 'b'"):
        Binner(categorical_features=[0]).fit(X)


def test_objects_of_an_array_are_categories_where_that_is_said():
    X = np.array([["a", 1], ["b", None], [None, 2], ["a", np.nan]], dtype=object)
    binner = Binner(categorical_features=[0, 1]).fit(X)
    assert_array_equal(binner.transform(X), [[0, 0], [1, 255], [255, 1], [0, 255]])
    # One in a column of words is a word, and is the number one in a column of numbers.
    numbers = np.array([["a", 2.0], ["b", 1.0]], dtype=object)
    assert_array_equal(binner.transform(numbers), [[0, 1], [1, 0]])
    X = np.array([[1.0, 7.0], [2.0, 7.0], [np.nan, 8.0]])
    binner = Binner(categorical_features=[0]).fit(X)
    as_objects = X.astype(object)
    assert_array_equal(binner.transform(as_objects), binner.transform(X))


def test_words_that_no_row_has_are_not_read_as_numbers():
    column = pd.Categorical([0, 2, 1, 2], categories=[0, 1, 2, "x"])
    X = pd.DataFrame({"a": column, "c": ["q", "q", "r", "r"]})
    binner = Binner(categorical_features=["c"]).fit(X)
    assert binner.transform(X)[:, 0].tolist() == [0, 2, 1, 2]
    X = pl.DataFrame({"a": ["x", None, "y"], "b": [True, None, False]})
    assert Binner().fit(X).transform(X).tolist() == [[0, 1], [255, 255], [1, 0]]


def test_categories_that_no_row_has_get_no_bin():
    column = pd.Categorical(["u", "w", None], categories=["w", "v", "u"])
    X = pd.DataFrame({"kind": column, "size": [1.0, 2.0, 3.0]})
    binner = Binner().fit(X)
    assert binner.categories_[0].tolist() == ["u", "w"]
    assert binner.transform(X)[:, 0].tolist() == [0, 1, 255]
    # By their names, in whatever order another frame has them.
    other = X.assign(kind=pd.Categorical(["v", "u", "w"]))
    assert binner.transform(other)[:, 0].tolist() == [255, 0, 1]


def test_categories_never_seen_are_missing():
    binner = Binner().fit(frame())
    other = frame().assign(word=["x", "new", "y", None])
    assert binner.transform(other)[:, 1].tolist() == [0, 255, 1, 255]


@pytest.mark.parametrize("wanted", [[0, 2], [True, False, True], ("a", "c")])
def test_categories_by_position_mask_or_name(wanted):
    X = pd.DataFrame(np.random.default_rng(0).integers(0, 4, (30, 3)), columns=[*"abc"])
    binner = Binner(categorical_features=wanted).fit(X)
    assert binner.is_categorical_.tolist() == [True, False, True]
    assert binner.n_bins_.tolist() == [4, 4, 4]


def test_the_subsample_is_drawn_by_the_random_state():
    X = np.random.default_rng(0).normal(size=(5000, 2))
    first, again, other = (
        Binner(subsample=500, random_state=seed).fit(X).bin_thresholds_[0]
        for seed in (0, 0, 1)
    )
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_rows_of_a_binned_matrix():
    X = np.random.default_rng(0).normal(size=(50, 3))
    binned = Binner().fit(X).bin(X)
    assert binned.shape == (50, 3)
    for rows in (slice(5, 20), np.arange(50) % 3 == 0, [4, 4, 1]):
        some = binned[rows]
        assert_array_equal(some.rows, binned.rows[rows])
        assert_array_equal(some.columns, some.rows.T)
        assert some.rows.flags.c_contiguous
        assert some.columns.flags.c_contiguous
    again = pickle.loads(pickle.dumps(binned))
    assert_array_equal(again.rows, binned.rows)


def test_rows_of_codes_are_made_of_columns_when_asked_for():
    X = np.random.default_rng(0).normal(size=(50, 3))
    binner = Binner(9).fit(X)
    whole, columns = binner.bin(X), binner._bin_columns(X)
    assert columns.shape == (50, 3)
    assert len(columns[10:30]) == 20
    for part in (slice(None), slice(5, 20), np.arange(7), (slice(9), [0, 2])):
        assert_array_equal(columns[part].rows, whole[part].rows)
        assert_array_equal(columns[part].columns, whole[part].columns)
    assert_array_equal(pickle.loads(pickle.dumps(columns)).rows, whole.rows)
    with pytest.raises(ValueError, match="needs rows or columns, got neither"):
        BinnedMatrix(None, None, binner)


def test_in_a_pipeline_and_cloned():
    X = np.random.default_rng(0).normal(size=(200, 2))
    codes = make_pipeline(clone(Binner(8))).fit_transform(X)
    other = KBinsDiscretizer(
        8,
        encode="ordinal",
        strategy="quantile",
        quantile_method="averaged_inverted_cdf",
    )
    assert np.abs(codes - other.fit_transform(X)).max() <= 2


def test_columns_without_any_value():
    X = np.column_stack([np.full(5, np.nan), np.arange(5.0)])
    binner = Binner().fit(X)
    assert binner.n_bins_.tolist() == [1, 5]
    assert_array_equal(binner.transform([[7.0, 2.0]]), [[0, 2]])


MANY = np.arange(600.0).reshape(300, 2)


@pytest.mark.parametrize(
    ("params", "X", "error", "message"),
    [
        ({"max_bins": 256}, MANY, InvalidParameterError, r"\[2, 255\]. Got 256"),
        ({"max_bins": 1}, MANY, InvalidParameterError, "Got 1 instead"),
        ({"max_bins": 2.5}, MANY, InvalidParameterError, "Got 2.5 instead"),
        ({"subsample": 0}, MANY, InvalidParameterError, "Got 0 instead"),
        ({"categorical_features": "all"}, MANY, InvalidParameterError, "Got 'all'"),
        ({"categorical_features": [1.5]}, MANY, InvalidParameterError, "bool, int or"),
        ({"categorical_features": [2]}, MANY, ValueError, r"\[0, 1\], got \[2\]"),
        ({"categorical_features": ["a"]}, MANY, ValueError, "without feature names"),
        ({"categorical_features": [True]}, MANY, ValueError, r"\(2,\), got: \(1,\)"),
        ({"categorical_features": [0]}, MANY, ValueError, "a cardinality of 300"),
        (
            {"categorical_features": [0]},
            sparse.csr_matrix(MANY),
            ValueError,
            "needs a dense X",
        ),
        ({}, np.array([[np.inf, 1.0]]), ValueError, "infinity"),
        ({}, np.empty((0, 2)), ValueError, r"0 sample\(s\)"),
        ({}, pd.DataFrame({"a": ["x"]})[:0], ValueError, r"0 sample\(s\)"),
        ({"categorical_features": None}, frame(), ValueError, "could not convert"),
    ],
)
def test_wrong_use(params, X, error, message):
    with pytest.raises(error, match=message):
        Binner(**params).fit(X)


def test_columns_of_as_many_values_have_the_bins_that_each_binner_wants():
    """Ends of bins are kept for the next column of as many distinct values."""
    X = np.random.default_rng(0).normal(size=(1000, 2))
    for max_bins in (7, 20, 7):
        binner = Binner(max_bins=max_bins).fit(X)
        assert_array_equal(binner.n_bins_, [max_bins, max_bins])
        assert len(np.unique(binner.transform(X)[:, 1])) == max_bins
