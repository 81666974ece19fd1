"""The public function and its result."""

import dataclasses
import pickle
import re
import tracemalloc
import warnings
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pytest
from _twins import (
    CASE_IDS,
    CASES,
    GROUPS,
    LABELS,
    ROW_SCHEMES,
    SCHEMES,
    TABLE,
    N,
    X,
    Z,
    corr,
    gini,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm
from sklearn import metrics
from sklearn.metrics import roc_auc_score

from ensembles.exceptions import InvalidParameterError, MissingDependencyError
from ensembles.inference import BootstrapResult, bootstrap, metric_interval
from ensembles.inference._intervals import METHODS
from ensembles.inference._result import ALL_METHODS
from ensembles.inference._statistics._base import BoundStatistic
from ensembles.inference._statistics._callables import WeightedFunction
from ensembles.inference._statistics._moments import Moments
from ensembles.resampling import (
    BayesianBootstrap,
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    MovingBlockBootstrap,
    PoissonBootstrap,
    StationaryBootstrap,
)

every_case = pytest.mark.parametrize(
    ("statistic", "data"),
    [pytest.param(*case[:2], id=n) for case, n in zip(CASES, CASE_IDS, strict=True)],
)
every_method = pytest.mark.parametrize("method", ALL_METHODS)
by_property = settings(max_examples=60, deadline=None, derandomize=True)
# A short run asks some methods for replicates further out than there are.
few = pytest.mark.filterwarnings("ignore:An end of the .* interval lies beyond")


def mean_of(x):
    return float(np.mean(x))


def weighted(x, sample_weight=None):
    return np.average(x, weights=sample_weight)


def third_moment(x, axis):
    return (x**3).mean(axis)


def difference(x, z):
    return np.mean(x) - np.mean(z)


def slope(x, z):
    return np.polyfit(x, z, 1)[0]


def short(statistic, *data, **how):
    """A run of 199 replicates, enough for 95 %."""
    return bootstrap(
        statistic, *data, **{"n_resamples": 199, "rng": 0, "n_inner": 20, **how}
    )


# The same numbers.


@few
@pytest.mark.parametrize(("scheme", "groups"), ROW_SCHEMES.values(), ids=ROW_SCHEMES)
def test_a_name_and_a_function_have_one_distribution(scheme, groups):
    how = {"scheme": scheme, "groups": groups}
    by_name, by_function = short("corr", X, Z, **how), short(corr, X, Z, **how)
    assert_allclose(by_name.distribution, by_function.distribution, atol=1e-10)
    assert by_name.estimate == pytest.approx(by_function.estimate)
    assert by_name.standard_error == pytest.approx(by_function.standard_error)
    if "moving" in str(type(scheme)).lower() or "max_samples=15" in repr(scheme):
        return  # a function of rows does not know what a scheme scatters around
    assert_allclose(by_name.interval("bca"), by_function.interval("bca"), atol=1e-9)


REPRODUCED = {
    "moments": ("corr", (X, Z), {}),
    "regression": ("ols", (TABLE[:, 1:], X), {}),
    "quantile": ("median", (X,), {}),
    "gini": ("gini", (X,), {}),
    "groups": ("mean", (X,), {"groups": GROUPS}),
    "strata": ("ols", (TABLE[:, 1:], X), {"scheme": Bootstrap(stratify=LABELS)}),
    "Bayesian": ("gini", (X,), {"scheme": BayesianBootstrap()}),
    "Poisson": ("std", (X,), {"scheme": PoissonBootstrap()}),
    "stationary": ("corr", (X, Z), {"scheme": StationaryBootstrap(block_length=3)}),
    "balanced": ("corr", (X, Z), {"scheme": Bootstrap(balanced=True)}),
    "plain function": (corr, (X, Z), {}),
    "axis": (third_moment, (X,), {}),
    "apart": (difference, (X, Z[:9]), {"paired": False}),
    "weights": (weighted, (X,), {}),
}
reproduced = pytest.mark.parametrize(
    ("statistic", "data", "how"), REPRODUCED.values(), ids=REPRODUCED
)
KEPT = ("percentile", "bca", "studentized", "calibrated")


def assert_same_bits(first, second, methods=KEPT):
    assert_array_equal(first.estimate, second.estimate)
    assert_array_equal(first.distribution, second.distribution)
    for method in methods:
        assert_array_equal(first.interval(method), second.interval(method))


OF_A_KIND = ("quantile", "Poisson", "Bayesian", "balanced", "axis", "weights")


@few
@pytest.mark.parametrize(
    ("statistic", "data", "how"),
    [
        pytest.param(
            *one, id=name, marks=[pytest.mark.slow] if name in OF_A_KIND else []
        )
        for name, one in REPRODUCED.items()
    ],
)
def test_the_number_of_workers_changes_no_bit(statistic, data, how):
    one = short(statistic, *data, n_resamples=59, confidence_level=0.9, **how)
    two = short(statistic, *data, n_resamples=59, confidence_level=0.9, n_jobs=2, **how)
    assert_same_bits(one, two)


@few
@reproduced
def test_a_longer_run_begins_with_the_shorter_one(statistic, data, how):
    if "balanced" in str(how):
        message = "balanced over one run cannot be continued"
        with pytest.raises(ValueError, match=message):
            short(statistic, *data, **how).extend(1)
        return
    how = {"confidence_level": 0.9, **how}
    whole = short(statistic, *data, n_resamples=59, **how)
    begun = short(statistic, *data, n_resamples=20, **how)
    distribution = begun.distribution.copy()
    extended = begun.extend(19).extend(20)
    assert_same_bits(extended, whole)
    assert extended.n_resamples == 59
    assert begun.n_resamples == 20
    assert_array_equal(begun.distribution, distribution)


@few
@reproduced
def test_a_pickled_result_goes_on_as_the_result(statistic, data, how):
    result = short(statistic, *data, n_resamples=39, confidence_level=0.9, **how)
    untouched = pickle.loads(pickle.dumps(result))
    assert_same_bits(untouched, result)
    used = pickle.loads(pickle.dumps(result))
    assert_same_bits(used, result)
    if "balanced" not in str(how):
        assert_array_equal(used.extend(9).distribution, result.extend(9).distribution)


def test_an_automatic_run_is_a_run_of_that_length():
    for statistic in ("mean", gini):
        automatic = bootstrap(statistic, X, n_resamples="auto", tol=0.05, rng=0)
        fixed = bootstrap(statistic, X, n_resamples=automatic.n_resamples, rng=0)
        assert_same_bits(automatic, fixed, ["percentile", "bca"])


@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
@pytest.mark.parametrize("tol", [0.1, 0.02])
def test_an_automatic_run_ends_when_its_ends_are_known(tol, alternative):
    """And no sooner than needed: half the replicates would not have done."""
    how = {"rng": 0, "alternative": alternative}
    result = bootstrap("mean", TABLE, n_resamples="auto", tol=tol, **how)
    low, high = bootstrap(
        "mean", TABLE, n_resamples=result.n_resamples, rng=0
    ).interval()
    assert (np.maximum(*result.mc_error) <= tol * (high - low)).all()
    if result.n_resamples > 999:
        half = bootstrap("mean", TABLE, n_resamples=result.n_resamples // 2, **how)
        low, high = dataclasses.replace(half, alternative="two-sided").interval()
        assert (np.maximum(*half.mc_error) > tol * (high - low)).any()


@pytest.mark.parametrize("level", [0.998, 0.999, 0.9999])
def test_an_automatic_run_begins_with_enough_for_its_level(level):
    how = {"n_resamples": "auto", "confidence_level": level, "tol": 0.5, "rng": 0}
    result = bootstrap("mean", X, method="percentile", **how)
    low, high = result.interval()
    assert low < result.estimate < high
    assert result.n_resamples * (1 - level) / 2 >= 4


def test_an_automatic_run_that_does_not_settle_says_so_once():
    message = "stopped at 1023999 resamples before .* fell below tol=1e-05"
    with pytest.warns(UserWarning, match=message) as caught:
        bootstrap("mean", X, n_resamples="auto", tol=1e-5, rng=0)
    assert len(caught) == 1


def test_the_steps_of_an_automatic_run_warn_of_nothing():
    """The expanded level of five rows, 0.00095, lies beyond the first replicates."""
    how = {"n_resamples": "auto", "method": "expanded", "tol": 0.02, "rng": 0}
    result = bootstrap("mean", X[:5], **how)
    assert result.n_resamples > 999
    assert np.isfinite(result.interval()).all()
    with pytest.warns(UserWarning, match="beyond the outermost of 999 replicates"):
        bootstrap("mean", X[:5], n_resamples=999, rng=0).interval("expanded")


def test_balanced_draws_have_no_automatic_run():
    calls = []

    def spy(x):
        calls.append(x)
        return float(x.mean())

    with pytest.raises(ValueError, match="balanced over one run cannot be continued"):
        bootstrap(spy, X, scheme=Bootstrap(balanced=True), n_resamples="auto")
    assert len(calls) <= 2


# Random numbers.


def test_an_int_gives_the_same_numbers_and_another_gives_others():
    first, again, other = (
        short("mean", X, rng=seed).distribution for seed in (1, 1, 2)
    )
    assert_array_equal(first, again)
    assert not np.isin(first, other).any()


def test_left_open_the_scheme_s_own_number_is_taken():
    scheme = Bootstrap(random_state=5)
    drawn = bootstrap("mean", X, scheme=scheme, n_resamples=99).distribution
    assert_array_equal(drawn, short("mean", X, n_resamples=99, rng=5).distribution)
    both = short("mean", X, scheme=scheme, n_resamples=99, rng=6).distribution
    assert not np.array_equal(both, drawn)


def test_a_generator_moves_and_the_global_state_does_not():
    generator = np.random.default_rng(3)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (short("mean", X, rng=generator).distribution for _ in range(2))
    assert not np.array_equal(first, second)
    legacy = np.random.RandomState(3)
    first, second = (short("mean", X, rng=legacy).distribution for _ in range(2))
    assert not np.array_equal(first, second)
    assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_left_open_altogether_every_call_is_another():
    first, second = (
        bootstrap("mean", X, n_resamples=99).distribution for _ in range(2)
    )
    assert not np.isin(first, second).any()


def test_samples_apart_have_draws_of_their_own():
    result = short(lambda x, z: np.array([x.mean(), z.mean()]), X, X, paired=False)
    assert abs(np.corrcoef(result.distribution.T)[0, 1]) < 0.4
    together = short(lambda x, z: np.array([x.mean(), z.mean()]), X, X)
    assert_array_equal(together.distribution[:, 0], together.distribution[:, 1])


# Intervals.


@few
@every_case
@every_method
def test_every_method_has_finite_ordered_ends_for_every_statistic(
    statistic, data, method
):
    if method == "abc" and statistic in ("median", ("quantile", 0.8)):
        with pytest.raises(
            ValueError, match="ABC takes derivatives, and the statistic"
        ):
            short(statistic, *data, method=method)
        return
    result = short(statistic, *data, method=method)
    low, high = result.confidence_interval
    assert np.isfinite([low, high]).all()
    assert (np.asarray(low) < high).all()
    assert np.shape(low) == np.shape(high) == np.shape(result.estimate)
    assert np.all(np.asarray(result.method_used) == method)
    # However skewed, an interval of 95 % for these data is near the estimate.
    error = np.asarray(result.standard_error)
    assert (low < result.estimate + error).all()
    assert (high > result.estimate - error).all()
    assert (np.subtract(high, low) < 40 * error).all()


@few
@pytest.mark.parametrize(("scheme", "groups"), SCHEMES.values(), ids=SCHEMES)
@pytest.mark.parametrize("method", METHODS)
def test_every_method_has_finite_ordered_ends_for_every_scheme(scheme, groups, method):
    result = short("corr", X, Z, scheme=scheme, groups=groups, method=method)
    low, high = result.confidence_interval
    assert -3 < low < high < 3
    assert result.method_used == method


@few
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("statistic", "data", "how"),
    [
        (gini, (X,), {}),
        (np.ptp, (X,), {}),
        (difference, (X, Z[:9]), {"paired": False}),
        (weighted, (X,), {}),
    ],
    ids=["plain", "axis", "apart", "weights"],
)
def test_every_method_has_finite_ordered_ends_for_functions(
    statistic, data, how, method
):
    how = {"n_resamples": 99, "method": method, **how}
    low, high = short(statistic, *data, **how).confidence_interval
    assert np.isfinite([low, high]).all()
    assert low < high


@few
@pytest.mark.parametrize("method", ALL_METHODS)
def test_one_sided_intervals_are_halves_of_wider_ones(method):
    """90 % two-sided leaves 5 % at either end; so does 95 % one-sided."""
    result = short("mean", TABLE, method=method, n_resamples=999)
    low, high = result.interval(confidence_level=0.9)
    less, greater = (result.interval(alternative=a) for a in ("less", "greater"))
    assert_array_equal(less.low, [-np.inf] * 3)
    assert_array_equal(greater.high, [np.inf] * 3)
    assert_allclose(less.high, high, rtol=1e-9)
    assert_allclose(greater.low, low, rtol=1e-9)
    errors = short("mean", TABLE, method=method, n_resamples=999, alternative="less")
    assert_array_equal(errors.mc_error.low, np.zeros(3))
    assert_array_equal(errors.confidence_interval, less)


@few
@pytest.mark.parametrize(
    "method", ["percentile", "basic", "normal", "bca", "studentized"]
)
@pytest.mark.parametrize("alternative", ["two-sided", "less", "greater"])
def test_p_values_agree_with_intervals(method, alternative):
    """Outside the interval of level c it is at most 1 - c, inside it is not."""
    result = short("mean", X, method=method, n_resamples=999, alternative=alternative)
    for level in (0.5, 0.8, 0.9, 0.95):
        low, high = result.interval(confidence_level=level)
        step = 1e-6 * result.standard_error
        for end, outwards in ((low, -step), (high, step)):
            if np.isfinite(end):
                assert result.pvalue(end + outwards) <= 1 - level + 1e-9
                assert result.pvalue(end - outwards) >= 1 - level - 2e-3


def test_p_values_are_of_the_statistic_s_shape():
    result = short("corr", TABLE)
    assert result.pvalue().shape == (3,)
    assert_array_equal(result.pvalue([0, 0, 0]), result.pvalue(0.0))
    assert_array_equal(result.pvalue([0.7, 5.0, -0.1]) < 0.05, [False, True, False])
    of_table = short(lambda t: np.corrcoef(t, rowvar=False)[:2], TABLE)
    assert of_table.pvalue(0.3).shape == (2, 3)


@few
@pytest.mark.parametrize("method", ["percentile", "bca", "studentized", "abc"])
def test_simultaneous_intervals_are_wider_than_single_ones(method):
    result = short("mean", TABLE, n_resamples=1999, method=method)
    low, high = result.interval()
    wide_low, wide_high = result.simultaneous()
    assert (wide_low < low).all()
    assert (wide_high > high).all()
    alone = short("mean", X, n_resamples=1999, method=method)
    assert_allclose(alone.simultaneous(), alone.interval(), rtol=1e-9)
    assert_array_equal(result.simultaneous(0.9, "percentile").low.shape, (3,))


def test_simultaneous_percentiles_hold_their_share_of_replicates():
    """By construction; 95 % of 4,999 to the share of a single replicate a number."""
    result = bootstrap("mean", TABLE, n_resamples=4999, rng=0, method="percentile")
    low, high = result.simultaneous()
    inside = ((result.distribution >= low) & (result.distribution <= high)).all(axis=1)
    assert abs(inside.mean() - 0.95) < 6 / 4999


@pytest.mark.slow
@few
def test_simultaneous_intervals_cover_all_means_at_once():
    """600 samples of 60 rows of five normal columns, 90 %, studentized.

    Binomial standard error 0.012; the bound is four of them and 0.02 for few rows.
    Single intervals of 90 % all hold in 0.9**5 = 59 % of the samples.
    """
    rng = np.random.default_rng(1)
    all_hold = []
    for i in range(600):
        t = rng.normal(size=(60, 5))
        how = {"n_resamples": 499, "rng": i, "method": "studentized"}
        low, high = bootstrap("mean", t, **how).simultaneous(0.9)
        all_hold.append((low < 0).all() and (high > 0).all())
    assert abs(np.mean(all_hold) - 0.9) < 4 * 0.012 + 0.02


def test_intervals_of_the_same_replicates_need_no_new_ones():
    calls = []

    def spy(x):
        calls.append(len(x))
        return float(np.mean(x))

    result = short(spy, X)
    n_calls = len(calls)
    assert n_calls <= 2 + 199
    for method in ("percentile", "basic", "normal", "bc", "expanded", "smoothed"):
        result.interval(method)
    assert len(calls) == n_calls
    result.interval("bca")
    assert len(calls) == n_calls + N  # the jackknife
    result.interval("bca", 0.9)
    result.interval("expanded_bca", 0.5)
    assert len(calls) == n_calls + N
    result.extend(10).interval("percentile")
    assert len(calls) == n_calls + N + 10


def test_abc_draws_nothing():
    calls = []

    def spy(x, sample_weight=None):
        calls.append(sample_weight)
        return np.average(x, weights=sample_weight)

    result = short(spy, X, method="abc", n_resamples=9999)
    low, high = result.confidence_interval
    assert low < result.estimate < high
    assert len(calls) < 4 * N
    by_name = short("mean", X, method="abc").confidence_interval
    assert_allclose((low, high), by_name, rtol=1e-7)
    assert 0 < result.pvalue(1.0) < 0.1
    assert result.mc_error == (0.0, 0.0)
    assert result.method_used == "abc"


def test_abc_of_groups_weights_whole_groups():
    """Groups of one size: the mean of group means, by rows."""
    groups = np.repeat(np.arange(8), 3)
    of_groups = short("mean", X, groups=groups, method="abc").interval()
    of_means = short("mean", X.reshape(8, 3).mean(axis=1), method="abc").interval()
    assert_allclose(of_groups, of_means, rtol=1e-7)


@pytest.mark.parametrize(
    ("scheme", "groups"),
    [
        (None, None),
        (Bootstrap(stratify=LABELS), None),
        (GroupBootstrap(), GROUPS),
    ],
    ids=["rows", "strata", "groups"],
)
def test_abc_of_a_function_of_means_reads_no_weights(scheme, groups, monkeypatch):
    """No more than for one estimate and ends; the numbers are those by weights."""
    how = {"scheme": scheme, "groups": groups, "method": "abc"}
    seen, weighted = [], Moments.weighted

    def watched(self, weights):
        seen.append(len(weights))
        return weighted(self, weights)

    monkeypatch.setattr(Moments, "weighted", watched)
    found = short("corr", TABLE, **how)
    ends = found.interval()
    assert sum(seen) < 60
    monkeypatch.setattr(Moments, "towards", BoundStatistic.towards)
    expected = short("corr", TABLE, **how).interval()
    assert_allclose(ends, expected, rtol=1e-7)


def test_abc_of_many_rows_wants_a_function_of_means():
    x = np.random.default_rng(0).normal(size=40_001)
    assert np.isfinite(bootstrap("mean", x, method="abc").interval()).all()
    with pytest.raises(ValueError, match=r"of all 40001 rows twice for .* Take 'bca'"):
        bootstrap(weighted, x, method="abc")


@pytest.mark.parametrize(
    ("statistic", "scheme", "message"),
    [
        ("mean", StationaryBootstrap(), "StationaryBootstrap does not. Take 'bca'"),
        (gini, None, "needs a statistic of weighted rows: one by name, or a function"),
        ("median", None, "ABC takes derivatives, and the statistic does not change"),
    ],
)
def test_where_abc_does_not_apply_the_call_itself_says_so(statistic, scheme, message):
    with pytest.raises(ValueError, match=message):
        short(statistic, X, scheme=scheme, method="abc")


def test_intervals_of_moving_blocks_are_centred():
    """The bias is the scheme's and not the mean's, whose intervals it would shift."""
    hours = np.array([3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487])
    scheme = MovingBlockBootstrap(block_length=4)
    result = bootstrap("mean", hours, scheme=scheme, rng=0)
    for method in ("basic", "normal"):
        low, high = result.interval(method, 0.9)
        assert abs((low + high) / 2 - hours.mean()) < 0.3 * result.standard_error
    assert abs(result.bias) < 4 * result.standard_error / np.sqrt(9999)
    off = bootstrap(mean_of, hours, scheme=scheme, rng=0).distribution.mean()
    assert abs(off - hours.mean()) > 0.5 * result.standard_error


@by_property
@given(st.floats(0.01, 100), st.floats(-100, 100), st.sampled_from(ALL_METHODS))
def test_units_of_the_data_are_units_of_the_interval(scale, shift, method):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        low, high = short("mean", X, method=method).interval()
        moved = short("mean", X * scale + shift, method=method).interval()
        mirrored = short("mean", -X, method=method).interval()
    tolerance = {"rtol": 1e-6, "atol": 1e-6 * scale}
    assert_allclose(moved, [low * scale + shift, high * scale + shift], **tolerance)
    assert_allclose(mirrored, [-high, -low], rtol=1e-6)


# Shapes and names.


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 3), (1, 1), (2, 1, 2)], ids=str)
def test_the_result_has_the_shape_of_the_statistic(shape):
    size = int(np.prod(shape))

    def statistic(x):
        return (np.mean(x) * np.arange(1, size + 1)).reshape(shape)

    result = short(statistic, X)
    assert result.distribution.shape == (199, *shape)
    for value in (
        result.estimate,
        result.standard_error,
        result.bias,
        *result.confidence_interval,
        *result.mc_error,
        result.method_used,
        result.pvalue(0.5),
        *result.simultaneous(),
    ):
        assert np.shape(value) == shape
    if not shape:
        assert isinstance(result.estimate, float)
        assert isinstance(result.standard_error, float)
        assert isinstance(result.confidence_interval.low, float)
        assert isinstance(result.method_used, str)
    assert len(result.to_frame()) == size


def test_each_number_has_the_interval_that_it_has_alone():
    """Of the same draws: vectors are not mixed."""
    together = short("mean", TABLE, n_resamples=999)
    for j in range(3):
        alone = short("mean", TABLE[:, j], n_resamples=999)
        for method in ("percentile", "bca", "studentized", "expanded_bca"):
            low, high = together.interval(method)
            assert_allclose((low[j], high[j]), alone.interval(method), rtol=1e-9)


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.DataFrame], ids=["pandas", "polars"])
@few
def test_names_of_columns_reach_the_table(kind):
    frame = kind({"age": X, "pay": Z, "pi": TABLE[:, 2]})
    assert list(short("mean", frame).to_frame().index) == ["age", "pay", "pi"]
    pairs = ["age,pay", "age,pi", "pay,pi"]
    assert list(short("corr", frame).to_frame().index) == pairs
    coefficients = ["intercept", "age", "pay", "pi"]
    assert list(short("ols", frame, X**2).to_frame().index) == coefficients


@few
def test_the_table_holds_the_result():
    result = short("mean", TABLE, n_resamples=999)
    table = result.to_frame(["percentile", "bca", "abc"])
    assert list(table.columns) == [
        "estimate",
        "standard_error",
        "bias",
        "low",
        "high",
        "mc_error_low",
        "mc_error_high",
        "method",
    ]
    assert list(table.index) == ["0", "1", "2"] * 3
    for method in ("percentile", "bca", "abc"):
        part = table[table["method"] == method]
        low, high = result.interval(method)
        assert_array_equal(part["low"], low)
        assert_array_equal(part["high"], high)
        assert_array_equal(part["estimate"], result.estimate)
    assert list(result.to_frame()["method"]) == ["bca"] * 3
    assert list(short("median", X).to_frame().index) == ["median"]
    assert list(short(gini, X).to_frame().index) == ["0"]
    with pytest.raises(ValueError, match="needs at least one method, got none"):
        result.to_frame([])


def test_without_pandas_the_table_says_what_to_install(monkeypatch):
    def absent(module):
        raise ModuleNotFoundError(module, name=module)

    monkeypatch.setattr("ensembles._validation.import_module", absent)
    with pytest.raises(MissingDependencyError, match="to_frame needs pandas"):
        short("mean", X).to_frame()


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        (metrics.roc_auc_score, "scores"),
        (metrics.f1_score, "labels"),
        (partial(metrics.fbeta_score, beta=2), "labels"),
        (metrics.mean_squared_error, "scores"),
        (metrics.log_loss, "shares"),
    ],
    ids=["auc", "f1", "fbeta", "squares", "log"],
)
def test_metrics_of_scikit_learn_have_kernels(metric, said):
    rng = np.random.default_rng(0)
    y = rng.integers(2, size=60)
    scores = y + rng.normal(size=60)
    predictions = {
        "scores": scores,
        "labels": (scores > 0.5) * 1,
        "shares": 1 / (1 + np.exp(-scores)),
    }[said]
    result = short(metric, y, predictions)
    statistic = result._replicates.run.evaluation.statistic
    assert not isinstance(statistic, WeightedFunction)
    assert result.estimate == pytest.approx(metric(y, predictions))
    expected = metric_interval(y, predictions, metric, n_resamples=199, rng=0)
    of_metric = [expected.standard_error, *expected.interval("percentile")]
    assert_allclose([result.standard_error, *result.interval("percentile")], of_metric)


def test_replicates_cannot_be_written_to():
    result = short("mean", X)
    before = result.interval()
    with pytest.raises(ValueError, match="read-only"):
        result.distribution[:] = 0
    with pytest.raises(ValueError, match="read-only"):
        result.extend(20).distribution[:] = 0
    assert result.interval() == before


def test_masked_values_are_an_error():
    masked = np.ma.masked_greater(X, np.median(X))
    for statistic in ("mean", np.mean, lambda x: x.mean()):
        with pytest.raises(ValueError, match="without masked values"):
            short(statistic, masked)


def test_the_result_cannot_be_changed_and_shows_what_it_is():
    result = short("mean", X)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.estimate = 3.0
    assert re.fullmatch(
        r"BootstrapResult\(estimate=1.36\d+, confidence_level=0.95, method='bca', "
        r"alternative='two-sided'\)",
        repr(result),
    )
    assert isinstance(result, BootstrapResult)


def test_the_numbers_of_the_result_are_those_of_its_replicates():
    result = short("mean", TABLE)
    drawn = result.distribution
    assert_allclose(result.standard_error, drawn.std(axis=0, ddof=1))
    assert_allclose(result.bias, drawn.mean(axis=0) - TABLE.mean(axis=0), atol=1e-12)
    assert result.n_failed == 0
    assert result.n_resamples == 199


# Bad input.


BAD_OPTIONS = [
    ({"n_resamples": 1}, "an int in the range [2, inf) or 'auto'. Got 1"),
    ({"n_resamples": 10.5}, "an int in the range [2, inf) or 'auto'. Got 10.5"),
    ({"n_resamples": "many"}, "an int in the range [2, inf) or 'auto'. Got 'many'"),
    ({"n_resamples": None}, "an int in the range [2, inf) or 'auto'. Got None"),
    ({"confidence_level": 1}, "a float in the range (0.0, 1.0). Got 1"),
    ({"confidence_level": 95}, "a float in the range (0.0, 1.0). Got 95"),
    ({"confidence_level": "95 %"}, "a float in the range (0.0, 1.0). Got '95 %'"),
    ({"confidence_level": np.nan}, "a float in the range (0.0, 1.0). Got nan"),
    ({"method": "BCa"}, "one of {'abc', 'basic', 'bc', 'bca', 'calibrated',"),
    ({"alternative": "both"}, "one of {'greater', 'less', 'two-sided'}. Got 'both'"),
    (
        {"paired": "no"},
        "an instance of 'bool' or an instance of 'numpy.bool'. Got 'no'",
    ),
    ({"tol": 0}, "a float in the range (0, inf). Got 0"),
    ({"tol": "1 %"}, "a float in the range (0, inf). Got '1 %'"),
    ({"n_inner": 1}, "an int in the range [2, inf). Got 1"),
    ({"n_jobs": "two"}, "None or an instance of 'int'. Got 'two'"),
    ({"n_jobs": 1.5}, "None or an instance of 'int'. Got 1.5"),
    ({"verbose": -1}, "an int in the range [0, inf) or an instance of 'bool'. Got -1"),
    (
        {"rng": -1},
        "a non-negative int, a numpy RandomState or Generator, or None. Got ",
    ),
    (
        {"rng": "seed"},
        "a non-negative int, a numpy RandomState or Generator, or None. G",
    ),
]


@pytest.mark.parametrize(
    ("option", "allowed"), BAD_OPTIONS, ids=[str(o) for o, _ in BAD_OPTIONS]
)
def test_options_outside_what_is_allowed_are_an_error_before_any_work(option, allowed):
    calls = []

    def spy(x):
        calls.append(x)
        return 1.0

    (name,) = option
    message = rf"The '{name}' parameter.* must be {re.escape(allowed)}"
    with pytest.raises(InvalidParameterError, match=message):
        bootstrap(spy, X, **option)
    assert len(calls) <= 2  # the estimate at most


METHOD_CALLS = [
    (lambda r: r.interval("BCa"), "'method' parameter of interval must be one of"),
    (
        lambda r: r.interval(confidence_level=95),
        r"\(0.0, 1.0\). Got 95 .* stands for 95",
    ),
    (lambda r: r.interval(alternative="both"), "'alternative' parameter of interval"),
    (
        lambda r: r.simultaneous(2.0),
        "'confidence_level' parameter of simultaneous_level",
    ),
    (lambda r: r.simultaneous(method="BCa"), "'method' parameter of interval must be"),
    (lambda r: r.pvalue(np.nan), "'null' parameter of pvalue must be a finite real"),
    (lambda r: r.pvalue(alternative="both"), "'alternative' parameter of pvalue must"),
    (
        lambda r: r.pvalue([1.0, 2.0]),
        r"have the statistic's shape \(\), got shape \(2,\)",
    ),
    (lambda r: r.pvalue("zero"), "null must be a number or have the statistic's shape"),
    (lambda r: r.extend(0), r"'n_resamples' parameter of extend .* \[1, inf\). Got 0"),
    (lambda r: r.extend("all"), "'n_resamples' parameter of extend must be an int"),
    (lambda r: r.to_frame("BCa"), "'method' parameter of interval must be one of"),
]


@pytest.mark.parametrize(
    ("call", "message"), METHOD_CALLS, ids=[str(i) for i in range(len(METHOD_CALLS))]
)
def test_questions_that_make_no_sense_are_an_error(call, message):
    with pytest.raises(ValueError, match=message):
        call(short("mean", X))


@pytest.mark.parametrize(
    ("level", "alternative", "fewest"),
    [(0.95, "two-sided", 39), (0.95, "less", 19), (0.99, "two-sided", 199)],
)
def test_too_few_resamples_for_a_level_are_an_error_that_says_how_many(
    level, alternative, fewest
):
    result = short("mean", X, n_resamples=fewest - 1, alternative=alternative)
    assert result.standard_error > 0
    message = (
        f"n_resamples={fewest - 1} is too few for a {100 * level:g} % interval; take "
    )
    with pytest.raises(ValueError, match=f"{message}at least {fewest}"):
        result.interval("percentile", level)
    low, high = result.extend(1).interval("percentile", level)
    assert low < high
    assert np.isfinite(result.interval("normal", level)).any()


def test_an_end_beyond_the_replicates_is_one_warning_that_says_what_to_do():
    result = short("var", X, n_resamples=59)
    message = "beyond the outermost of 59 replicates.*Take more, with extend"
    with pytest.warns(UserWarning, match=message) as caught:
        result.interval("expanded_bca")
    assert len(caught) == 1
    assert caught[0].filename == __file__


FAILING = {
    "some": lambda x: float(x.mean()) if len(set(x)) > 15 else np.nan,
    "infinite": lambda x: float(x.mean()) if len(set(x)) > 15 else -np.inf,
    "one of two": lambda x: [1.0 * x.mean(), np.nan if len(set(x)) < 16 else x.max()],
}


@pytest.mark.parametrize("statistic", FAILING.values(), ids=FAILING)
def test_resamples_without_a_value_are_counted_and_warned_of_once(statistic):
    message = r"no value in \d+ of 199 resamples; intervals are those of the others"
    with pytest.warns(UserWarning, match=message) as caught:
        result = short(statistic, X)
    assert len(caught) == 1
    assert caught[0].filename == __file__
    assert 0 < result.n_failed < 199
    assert str(result.n_failed) in str(caught[0].message)
    finite = np.isfinite(result.distribution.reshape(199, -1)).all(axis=1)
    assert result.n_failed == (~finite).sum()
    valued = result.distribution[finite]
    assert_allclose(result.standard_error, valued.std(axis=0, ddof=1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for method in METHODS:
            assert np.isfinite(result.interval(method)).all()


def test_a_statistic_of_the_data_without_a_value_is_an_error():
    for value in (np.nan, np.inf, [1.0, np.nan]):
        message = "statistic of the data is .*, so there is nothing to put an error bar"
        with pytest.raises(ValueError, match=message):
            short(lambda x, value=value: value, X)


def test_no_value_in_any_resample_is_an_error():
    message = "no value in 199 of 199 resamples. .* Stratify, or take BayesianBootstrap"
    with pytest.raises(ValueError, match=message):
        short(lambda x: 1.0 if len(set(x)) == N else np.nan, X)


def test_an_error_of_the_user_s_function_comes_through():
    def fails(x):
        if len(set(x)) < N:
            raise RuntimeError("cannot do this resample")
        return 1.0

    with pytest.raises(RuntimeError, match="cannot do this resample"):
        short(fails, X)


def test_classes_that_resamples_lack_are_kept_by_strata():
    """An area under the curve of two positives has no value in a seventh of them."""
    y = np.arange(N) < 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torn = short(roc_auc_score, y, Z)
    whole = short(roc_auc_score, y, Z, scheme=Bootstrap(stratify=y))
    assert torn.n_failed > 5
    assert whole.n_failed == 0


CONSTANT = {
    "mean": ("mean", np.full(10, 0.1)),
    "var": ("var", np.full(10, 0.1)),
    "median": ("median", np.full(10, 0.1)),
    "gini": ("gini", np.full(10, 0.1)),
    "function": (mean_of, np.full(10, 0.1)),
    "most": ("median", np.r_[np.zeros(40), 1.0]),
}
NO_FALLBACK = {"percentile", "basic", "normal", "bc", "calibrated", "smoothed"}


@pytest.mark.parametrize(("statistic", "x"), CONSTANT.values(), ids=CONSTANT)
@every_method
def test_what_does_not_vary_has_an_interval_of_no_length(statistic, x, method):
    """A fallback is named in one warning; ABC, which takes derivatives, is an error."""
    if method == "abc":
        with pytest.raises(
            ValueError, match=r"ABC takes derivatives|needs a statistic"
        ):
            short(statistic, x, method=method)
        return
    result = short(statistic, x, method=method)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        low, high = result.interval()
    assert_allclose([low, high], result.estimate, atol=1e-14)
    assert len(caught) <= 1
    if caught:
        assert (
            f"method={method!r} has no finite ends here, so {result.method_used!r}"
            in (str(caught[0].message))
        )
    assert (result.method_used != method) == bool(caught)
    if method in NO_FALLBACK:
        assert not caught


def test_where_all_replicates_lie_on_one_side_the_fallback_is_named_once():
    """The maximum: no replicate is above it."""
    result = short(lambda x: x.max() + (len(set(x)) < N) * -1e-3, X, n_resamples=999)
    with pytest.warns(
        UserWarning, match="'bca' has no finite ends here, so 'percentil"
    ):
        low, high = result.interval()
    assert low < high
    assert result.method_used == "percentile"


def test_two_rows_and_two_groups_have_an_interval():
    low, high = short("mean", [1.0, 2.0]).interval()
    assert (low, high) == (1.0, 2.0)
    halves = np.repeat([0, 1], N // 2)
    low, high = short("mean", X, groups=halves).interval()
    assert_allclose(sorted([low, high]), sorted([X[:12].mean(), X[12:].mean()]))


# Other ways in.


def test_lists_frames_and_arrays_are_the_same_data():
    expected = short(slope, X, Z).distribution
    for contain in (list, tuple, pd.Series, pl.Series):
        drawn = short(slope, contain(X), contain(Z)).distribution
        assert_allclose(drawn, expected, rtol=1e-12)
    methods = short(lambda x: x.max() - x.min(), list(X))
    assert_array_equal(methods.distribution, short(np.ptp, X).distribution)


def test_frames_and_other_data_reach_functions_as_they_are():
    frame = pd.DataFrame({"x": X, "g": LABELS})

    def share(data):
        return (
            data.groupby("g")["x"].sum().reindex([0, 1, 2], fill_value=0) / data.x.sum()
        )

    result = short(share, frame)
    assert result.estimate.shape == (3,)
    assert_allclose(result.distribution.sum(axis=1), 1)
    texts = short(
        lambda words: np.mean([len(w) for w in words]), ["a", "bbb", "cc"] * 5
    )
    assert texts.estimate == 2


def test_groups_may_be_of_any_kind():
    expected = short("mean", X, groups=GROUPS).standard_error
    order = np.argsort(np.argsort([f"{g}" for g in range(9)]))
    for labels in (list(GROUPS), pd.Series(GROUPS), [f"{order[g]}" for g in GROUPS]):
        assert short("mean", X, groups=labels).standard_error == pytest.approx(expected)


def test_progress_is_joblib_s(capsys):
    short("mean", X, verbose=0)
    assert capsys.readouterr() == ("", "")
    short("mean", X, verbose=1)
    assert "Done" in "".join(capsys.readouterr())


def test_the_user_s_data_and_scheme_are_left_as_they_are():
    x, labels = X.copy(), LABELS.copy()
    scheme = Bootstrap(stratify=labels, max_samples=12)
    before = repr(scheme)
    short("var", x, scheme=scheme).interval("calibrated")
    short(gini, x, scheme=scheme).interval("studentized")
    assert_array_equal(x, X)
    assert repr(scheme) == before


# Memory.


def peak_of(function):
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@few
@pytest.mark.parametrize(
    ("statistic", "n_bytes"),
    [
        ("mean", 140e6),
        ("median", 100e6),
        ("std", 170e6),
        ("corr", 270e6),
        ("ols", 2**28),
    ],
)
def test_a_million_rows_take_a_few_copies_of_their_columns(statistic, n_bytes):
    """The peak of what numpy asks for; the columns of these means are 8 MB each."""
    x = np.random.default_rng(0).normal(size=10**6)
    data = (x, x + 1) if statistic == "corr" else (x,)
    if statistic == "ols":
        data = (np.random.default_rng(1).normal(size=(10**6, 4)), x)
    run = {"n_resamples": 39, "rng": 0}
    assert peak_of(lambda: bootstrap(statistic, *data, **run).interval()) < n_bytes


@pytest.mark.parametrize("statistic", ["mean", "median", "gini", mean_of, third_moment])
def test_memory_grows_by_the_replicates_alone(statistic):
    """What 3,000 more of them add is a few copies of 8 bytes each."""
    short(statistic, X)
    little, much = (
        peak_of(lambda n=n: bootstrap(statistic, X, n_resamples=n, rng=0).interval())
        for n in (1000, 4000)
    )
    assert much - little < 3000 * 8 * 40


def test_weights_and_samples_come_in_batches_of_16_mb():
    x = np.random.default_rng(0).normal(size=100_000)
    weighted = peak_of(lambda: bootstrap("gini", np.abs(x), n_resamples=199, rng=0))
    stacked = peak_of(lambda: bootstrap(np.max, x, n_resamples=199, rng=0))
    assert weighted < 7 * 16 * 2**20
    assert stacked < 5 * 16 * 2**20


@pytest.mark.parametrize("scheme", [Bootstrap(), GroupBootstrap()], ids=repr)
def test_the_studentized_regression_takes_bounded_memory(scheme):
    """Products of all pairs of columns of 20,000 rows would take 60 MB and more."""
    rng = np.random.default_rng(0)
    t, y = rng.normal(size=(20_000, 5)), rng.normal(size=20_000)
    groups = np.arange(20_000) // 2 if isinstance(scheme, GroupBootstrap) else None
    how = {"n_resamples": 39, "rng": 0, "groups": groups, "method": "studentized"}
    bootstrap("ols", t[:50], y[:50], rng=0, n_resamples=39)  # compiles
    assert peak_of(lambda: bootstrap("ols", t, y, **how).interval()) < 80e6


def test_the_studentized_correlation_of_a_million_rows_takes_bounded_memory():
    """The columns alone are 40 MB, and replicates of them need 129 MB."""
    x, z = np.random.default_rng(0).normal(size=(2, 10**6))
    how = {"n_resamples": 39, "rng": 0, "method": "studentized"}
    bootstrap("corr", x[:50], z[:50], **how).interval(confidence_level=0.5)  # compiles
    assert peak_of(lambda: bootstrap("corr", x, z, **how).interval()) < 256e6


def test_blocks_of_a_series_of_a_million_rows():
    x = np.random.default_rng(0).normal(size=10**6)
    scheme = CircularBlockBootstrap(block_length=100)
    run = {"n_resamples": 199, "rng": 0, "scheme": scheme}
    result = bootstrap("mean", x, **run)
    assert result.standard_error == pytest.approx(1e-3, rel=4 * np.sqrt(1 / 398))
    assert peak_of(lambda: bootstrap("mean", x, **run).interval()) < 140e6


def test_the_studentized_interval_of_four_rows_is_not_one_of_rounding():
    """A third of the resamples have two distinct rows, so r is 1 or -1 with no error.

    Ends were a million errors away.
    """
    how = {"method": "studentized", "rng": 0}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = bootstrap("corr", [1, 2, 3, 4], [1, 5, 4, 2], **how)
        ends = result.interval()
    messages = [str(one.message) for one in caught]
    assert sum("so 'bca' took over" in message for message in messages) == 1
    assert result.method_used == "bca"
    assert ends == result.interval("bca")
    assert -1 <= ends.low < ends.high <= 1


# Level of tests.


def test_p_values_of_a_true_hypothesis_are_uniform_enough():
    """400 samples of 40 normal rows, studentized; share below 0.1 within 4 errors."""
    rng = np.random.default_rng(0)
    how = {"n_resamples": 399, "method": "studentized"}
    p = np.array(
        [
            bootstrap("mean", rng.normal(size=40), rng=i, **how).pvalue()
            for i in range(400)
        ]
    )
    for level in (0.1, 0.3, 0.5):
        error = np.sqrt(level * (1 - level) / 400)
        assert abs((p <= level).mean() - level) < norm.isf(0.5e-4) * error
