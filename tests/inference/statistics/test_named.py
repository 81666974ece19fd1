"""Statistics by name: what they take, and the way a function takes."""

import pickle
import re

import numpy as np
import pandas as pd
import polars as pl
import pytest
from _twins import TABLE, TWINS, N, X, Z
from numpy.testing import assert_allclose, assert_array_equal
from scipy import stats
from scipy.sparse import csr_array

from ensembles.exceptions import InvalidParameterError
from ensembles.inference._statistics._callables import WeightedFunction
from ensembles.inference._statistics._evaluation import (
    FunctionAlongAxis,
    FunctionOfSamples,
    StatisticOfWeights,
)
from ensembles.inference._statistics._gini import Gini
from ensembles.inference._statistics._moments import (
    Correlation,
    LeastSquares,
    Mean,
    Ratio,
    StandardDeviation,
    Variance,
)
from ensembles.inference._statistics._named import evaluation_of
from ensembles.inference._statistics._order_statistics import Quantile
from ensembles.inference._statistics._sources import source_of
from ensembles.resampling import (
    BayesianBootstrap,
    Bootstrap,
    GroupBootstrap,
    ParametricBootstrap,
    PoissonBootstrap,
    ResidualBootstrap,
    SieveBootstrap,
    WildBootstrap,
)


def evaluation(statistic, *arrays, scheme=None, paired=True, groups=None):
    return evaluation_of(statistic, source_of(arrays, scheme, paired, groups))


KINDS = {
    "mean": Mean,
    "var": Variance,
    ("var", 1): Variance,
    "std": StandardDeviation,
    ("std", 1): StandardDeviation,
    "median": Quantile,
    ("quantile", 0.8): Quantile,
    "ratio": Ratio,
    "corr": Correlation,
    "gini": Gini,
    "ols": LeastSquares,
}


@pytest.mark.parametrize("name", KINDS, ids=str)
def test_every_name_has_its_kernel_and_its_value(name):
    data, function = TWINS[name]
    bound = evaluation(name, *data)
    assert isinstance(bound.statistic, KINDS[name])
    assert_allclose(bound.estimate, np.ravel(function(*data)), rtol=1e-12)
    assert bound.workers == "threads"


CONTAINERS = {
    "list": list,
    "tuple": tuple,
    "array": np.asarray,
    "float32": lambda x: x.astype(np.float32).astype(float).astype(np.float32),
    "Series": pd.Series,
    "shuffled index": lambda x: pd.Series(x, index=np.arange(N)[::-1]),
    "polars": pl.Series,
    "read-only": lambda x: np.frombuffer(x.tobytes()),
    "every second": lambda x: np.repeat(x, 2)[::2],
}


@pytest.mark.parametrize("contain", CONTAINERS.values(), ids=CONTAINERS)
@pytest.mark.parametrize("name", ["mean", "median", "gini"])
def test_any_container_of_one_dimension_will_do(name, contain):
    assert_allclose(
        evaluation(name, contain(X)).estimate, evaluation(name, X).estimate, rtol=1e-6
    )


TABLES = {
    "list": np.ndarray.tolist,
    "frame": lambda t: pd.DataFrame(t, columns=list("abc")),
    "polars": lambda t: pl.DataFrame(t, schema=list("abc")),
    "Fortran": np.asfortranarray,
}


@pytest.mark.parametrize("contain", TABLES.values(), ids=TABLES)
@pytest.mark.parametrize("name", ["mean", "var", ("std", 1), "corr"])
def test_any_container_of_columns_will_do(name, contain):
    expected = evaluation(name, TABLE).estimate
    assert_allclose(evaluation(name, contain(TABLE)).estimate, expected)
    if name != "corr":
        return
    assert_allclose(
        evaluation("ols", contain(TABLE), X).estimate,
        evaluation("ols", TABLE, X).estimate,
        atol=1e-15,
    )


@pytest.mark.parametrize("kind", ["frame", "polars"])
@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("mean", ["a", "b", "c"]),
        ("var", ["a", "b", "c"]),
        ("corr", ["a,b", "a,c", "b,c"]),
        ("ols", ["intercept", "a", "b", "c"]),
    ],
)
def test_columns_give_their_names(kind, name, names):
    table = TABLES[kind](TABLE)
    data = (table, X) if name == "ols" else (table,)
    assert list(evaluation(name, *data).names) == names


def test_names_that_are_no_text_are_written_as_text():
    frame = pd.DataFrame(TABLE, columns=[7, ("a", 1), None])
    assert list(evaluation("mean", frame).names) == ["7", "('a', 1)", "None"]


def test_a_single_column_of_a_table_is_a_table():
    bound = evaluation("mean", TABLE[:, :1])
    assert bound.shape == (1,)
    assert evaluation("corr", TABLE[:, :2]).shape == ()
    assert list(evaluation("corr", TABLE[:, :2]).names) == ["corr"]


def test_integers_and_booleans_are_numbers():
    ages = np.array([3, 5, 9, 20])
    assert evaluation("mean", ages).estimate == 9.25
    assert evaluation("mean", ages > 4).estimate == 0.75
    assert evaluation("var", ages.astype(np.uint8)).estimate == ages.var()


BAD_NAMES = [
    "average",
    "",
    "Mean",
    (),
    ("quantile",),
    ("quantile", 1.1),
    ("quantile", -0.1),
    ("quantile", "0.5"),
    ("quantile", np.nan),
    ("quantile", True),
    ("quantile", None),
    ("quantile", 0.1, 0.9),
    "quantile",
    ("var", -1),
    ("var", 1.0),
    ("var", True),
    ("mean", 1),
    ("median", 0.5),
    (["mean"],),
    3,
    None,
    ["mean"],
]


@pytest.mark.parametrize("statistic", BAD_NAMES, ids=repr)
def test_what_names_no_statistic_is_an_error_that_lists_what_does(statistic):
    message = r"'statistic' parameter of bootstrap must be .*(quantile|ddof|no option)"
    with pytest.raises(InvalidParameterError, match=message) as raised:
        evaluation(statistic, X)
    assert repr(statistic) in str(raised.value)


@pytest.mark.parametrize("q", [0, 1, 0.0, np.float64(0.3), np.int64(1)])
def test_any_number_from_0_to_1_is_a_level(q):
    assert_allclose(evaluation(("quantile", q), X).estimate, [np.quantile(X, q)])


BAD_DATA = {
    "two arrays": ("mean", (X, Z), "'mean' takes 1 arrays (x), got 2"),
    "one array": ("ratio", (X,), "'ratio' takes 2 arrays (numerator, denominator), "),
    "three arrays": ("corr", (X, Z, X), "'corr' takes 2 arrays (x, y), got 3"),
    "no target": ("ols", (TABLE,), "'ols' takes 2 arrays (X, y), got 1"),
    "a table": ("median", (TABLE,), "x must have one dimension for the statistic 'me"),
    "tables": ("corr", (TABLE, X), "x must have one dimension for the statistic 'co"),
    "targets": ("ols", (X, TABLE), "y must have one dimension for the statistic 'ol"),
    "an image": ("mean", (np.ones((4, 2, 2)),), "Found array with dim 3"),
    "missing": ("mean", ([1.0, np.nan],), "Input x contains NaN"),
    "missing, pandas": ("mean", (pd.Series([1.0, None]),), "Input x contains NaN"),
    "infinite": ("ols", (TABLE, np.full(N, np.inf)), "Input y contains infinity"),
    "infinite X": ("ols", (TABLE * [np.inf, 1, 1], X), "Input X contains infinity"),
    "text": ("mean", (["a", "b"],), "could not convert string to float"),
    "objects": ("mean", ([{}, {}],), "float() argument must be"),
    "complex": ("mean", (np.array([1j, 2]),), "Complex data not supported"),
    "sparse": ("mean", (csr_array(TABLE),), "Sparse data was passed"),
    "negative": ("gini", (-X,), "not negative and not all zero"),
    "constant": ("corr", (X, np.ones(N)), "Column 1 is constant"),
    "collinear": ("ols", (np.ones((N, 2)), X), "constant or a combination"),
    "few rows": ("ols", (TABLE[:4], X[:4]), "needs more than 4 rows, got 4"),
    "no denominator": ("ratio", (X, np.zeros(N)), "mean of the denominator is 0"),
}


@pytest.mark.parametrize(
    ("statistic", "data", "message"), BAD_DATA.values(), ids=BAD_DATA
)
def test_data_that_a_statistic_cannot_take_are_an_error(statistic, data, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        evaluation(statistic, *data)


# The way that a function takes.


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (np.mean, Mean),
        (np.average, Mean),
        (np.median, Quantile),
        (np.var, Variance),
        (np.std, StandardDeviation),
    ],
)
def test_numpy_s_own_functions_have_kernels(function, kind):
    bound = evaluation(function, X)
    assert isinstance(bound.statistic, kind)
    assert_allclose(bound.estimate, [function(X)])


def test_numpy_s_functions_of_a_table_or_of_samples_apart_are_functions():
    assert isinstance(evaluation(np.mean, TABLE), FunctionOfSamples)
    assert evaluation(np.mean, TABLE).estimate == pytest.approx(TABLE.mean())

    def difference(x, z, axis):
        return x.mean(axis) - z.mean(axis)

    apart = evaluation(difference, X, Z[:9], paired=False)
    assert isinstance(apart, FunctionAlongAxis)
    assert_allclose(apart.estimate, [X.mean() - Z[:9].mean()])


def test_a_function_with_an_axis_is_called_along_it():
    for function in (np.max, stats.skew, stats.trim_mean, np.ptp):
        if function is stats.trim_mean:
            bound = evaluation(lambda x, axis: stats.trim_mean(x, 0.1, axis=axis), X)
        else:
            bound = evaluation(function, X)
        assert isinstance(bound, FunctionAlongAxis)
        assert bound.shape == ()


def ignores_its_axis(x, axis=-1):
    return float(np.max(x))


def two_numbers(x, axis=-1):
    return np.quantile(x, [0.2, 0.8], axis=axis)


@pytest.mark.parametrize("function", [ignores_its_axis, two_numbers])
def test_a_function_that_does_not_reduce_its_axis_is_called_with_one_sample(function):
    bound = evaluation(function, X)
    assert isinstance(bound, FunctionOfSamples)
    assert_allclose(bound.estimate, np.ravel(function(X)))


@pytest.mark.parametrize(
    ("data", "scheme"),
    [((TABLE,), None), ((X,), PoissonBootstrap()), ((X,), "groups")],
    ids=["a table", "sizes vary", "group sizes vary"],
)
def test_where_samples_cannot_be_stacked_one_is_given_at_a_time(data, scheme):
    groups = np.arange(N) // 5 if scheme == "groups" else None
    scheme = GroupBootstrap() if scheme == "groups" else scheme
    bound = evaluation(np.max, *data, scheme=scheme, groups=groups)
    assert isinstance(bound, FunctionOfSamples)


def weighted(x, sample_weight=None, axis=None):
    return np.average(x, weights=sample_weight, axis=axis)


def fails_on_two_dimensions(x, axis=None):
    if x.ndim != 1:
        raise ValueError("one dimension only")
    return x.mean()


def takes_the_axis_for_something_else(x, axis=0):
    return np.array([x.sum(), x.max()]) if x.ndim > 1 else x.sum()


@pytest.mark.parametrize(
    "function", [fails_on_two_dimensions, takes_the_axis_for_something_else]
)
def test_a_function_whose_axis_is_no_axis_of_samples_is_called_with_one(function):
    found = evaluation(function, X)
    assert isinstance(found, FunctionOfSamples)
    assert_allclose(found.estimate, [function(X)])


@pytest.mark.parametrize(
    ("statistic", "data", "scheme", "names"),
    [
        ("mean", (X,), SieveBootstrap(), ["0"]),
        ("median", (X,), ParametricBootstrap(stats.norm), ["median"]),
        (("quantile", 0.8), (X,), WildBootstrap(), None),
        ("ols", (TABLE[:, 1:], X), ResidualBootstrap(), ["intercept", "0", "1"]),
    ],
    ids=["mean", "median", "quantile", "ols"],
)
def test_statistics_by_name_are_functions_of_what_a_model_generates(
    statistic, data, scheme, names
):
    found = evaluation(statistic, *data, scheme=scheme)
    assert isinstance(found, FunctionOfSamples)
    of_rows = evaluation(statistic, *data)
    assert_allclose(found.estimate, of_rows.estimate)
    assert found.shape == of_rows.shape
    assert names is None or list(found.names) == names
    seeds = found.source.seeds(0, 0, 3)
    expected = [
        evaluation(statistic, *found.source.sample(seed)).estimate for seed in seeds
    ]
    assert_allclose(found.replicates(seeds), expected)
    pickle.dumps(found)


def test_weights_come_first():
    bound = evaluation(weighted, X)
    assert isinstance(bound, StatisticOfWeights)
    assert isinstance(bound.statistic, WeightedFunction)
    assert bound.workers is None
    by_weights = evaluation(weighted, X, scheme=BayesianBootstrap())
    assert isinstance(by_weights.statistic, WeightedFunction)


@pytest.mark.parametrize("function", [np.max, lambda x: x.max(), two_numbers])
@pytest.mark.parametrize("paired", [True, False])
def test_functions_of_rows_have_no_bayesian_bootstrap(function, paired):
    """Rows drawn with Dirichlet weights would scatter twice, by a factor sqrt(2)."""
    message = "weights all rows and draws none, so the statistic must take weights: one"
    with pytest.raises(ValueError, match=message):
        evaluation(function, X, scheme=BayesianBootstrap(), paired=paired)


def test_samples_apart_have_no_bayesian_bootstrap():
    for statistic in ("ratio", lambda x, z, sample_weight=None: 1.0):
        with pytest.raises(ValueError, match="For any other take Bootstrap"):
            evaluation(statistic, X, Z, scheme=BayesianBootstrap(), paired=False)


@pytest.mark.parametrize("name", ["corr", "ols"])
def test_a_relation_between_samples_apart_is_an_error(name):
    message = f"{name!r} takes rows that belong together. Set paired=True"
    with pytest.raises(ValueError, match=message):
        evaluation(name, X, Z, paired=False)
    with pytest.raises(ValueError, match=message):
        evaluation(name, X, Z[:9], paired=False)


def test_the_means_of_samples_apart_have_a_ratio():
    bound = evaluation("ratio", X, list(Z[:9]), paired=False)
    assert_allclose(bound.estimate, [X.mean() / Z[:9].mean()])
    seeds = bound.source.seeds(0, 0, 5)
    pairs = [bound.source.sample(seed) for seed in seeds]
    expected = [[x.mean() / np.mean(z)] for x, z in pairs]
    assert_allclose(bound.replicates(seeds), expected)
    with pytest.raises(ValueError, match="Input denominator contains NaN"):
        evaluation("ratio", X, [1.0, np.nan], paired=False)


def test_a_resample_apart_whose_denominator_is_zero_has_no_ratio():
    bound = evaluation("ratio", X, [1.0, 0.0], paired=False)
    values = bound.replicates(bound.source.seeds(0, 0, 60))
    assert 0 < np.isnan(values).sum() < 60


def test_one_sample_apart_from_no_other_is_rows():
    bound = evaluation("median", X, paired=False)
    assert isinstance(bound.statistic, Quantile)
    assert_array_equal(bound.estimate, [np.median(X)])


def test_the_scheme_does_not_change_the_kernel():
    for scheme in (Bootstrap(), BayesianBootstrap(), PoissonBootstrap()):
        assert isinstance(
            evaluation("corr", X, Z, scheme=scheme).statistic, Correlation
        )
