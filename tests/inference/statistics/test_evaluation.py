"""A statistic and a source together: one number whatever the way to it."""

import numpy as np
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
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm

from ensembles.inference._intervals import jackknife_acceleration
from ensembles.inference._metrics._ranking import RocArea
from ensembles.inference._run import Run
from ensembles.inference._statistics import _evaluation
from ensembles.inference._statistics._callables import WeightedFunction
from ensembles.inference._statistics._evaluation import StatisticOfWeights
from ensembles.inference._statistics._named import evaluation_of
from ensembles.inference._statistics._sources import source_of
from ensembles.resampling import (
    BayesianBootstrap,
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    MovingBlockBootstrap,
    PoissonBootstrap,
    StationaryBootstrap,
)

every_row_scheme = pytest.mark.parametrize(
    ("scheme", "groups"), ROW_SCHEMES.values(), ids=ROW_SCHEMES
)
every_statistic = pytest.mark.parametrize(
    ("name", "data", "function"), CASES, ids=CASE_IDS
)


def evaluation(statistic, *arrays, scheme=None, paired=True, groups=None):
    return evaluation_of(statistic, source_of(arrays, scheme, paired, groups))


def run_of(bound, entropy=3, n_inner=20, n_jobs=1):
    return Run(bound, entropy, n_inner, n_jobs, 0)


def weighted(x, sample_weight=None):
    return np.average(x, weights=sample_weight)


def is_exact_law(name, scheme):
    """Quantiles of rows drawn alike come from their law and not from the rows."""
    of_quantile = name == "median" or name[0] == "quantile"
    drawn_alike = scheme.get_params().get("stratify") is None
    plain = isinstance(scheme, Bootstrap) and scheme.replace and not scheme.balanced
    return of_quantile and plain and drawn_alike


@every_statistic
@every_row_scheme
def test_a_name_and_a_function_give_the_same_replicates(
    name, data, function, scheme, groups
):
    """To 1e-10, except for quantiles that are drawn from their law."""
    by_name = evaluation(name, *data, scheme=scheme, groups=groups)
    by_function = evaluation(function, *data, scheme=scheme, groups=groups)
    assert_allclose(by_name.estimate, by_function.estimate, rtol=1e-12)
    seeds = by_name.source.seeds(11, 0, 60)
    ours, theirs = by_name.replicates(seeds), by_function.replicates(seeds)
    assert ours.shape == theirs.shape == (60, by_name.estimate.size)
    if is_exact_law(name, scheme):
        assert not np.allclose(ours, theirs)
    else:
        assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


WEIGHTED_TWINS = {
    "mean": lambda w: w @ X,
    "var": lambda w: w @ (X - w @ X) ** 2,
    "ratio": lambda w: (w @ X) / (w @ Z),
    "corr": lambda w: (
        np.cov(X, Z, aweights=w)[0, 1]
        / np.sqrt(np.cov(X, aweights=w) * np.cov(Z, aweights=w))
    ),
    "gini": lambda w: w @ np.abs(X[:, None] - X) @ w / (2 * w @ X),
    "ols": lambda w: np.linalg.solve(
        (D := np.column_stack([np.ones(N), Z])).T @ (D * w[:, None]), D.T @ (w * X)
    ),
}


@pytest.mark.parametrize("name", WEIGHTED_TWINS)
@pytest.mark.parametrize("alpha", [0.5, 1.0, 4.0])
def test_a_name_and_a_weighted_function_give_the_same_bayesian_replicates(name, alpha):
    share_of = WEIGHTED_TWINS[name]
    data = {"ols": (Z, X), "ratio": (X, Z), "corr": (X, Z)}.get(name, (X,))

    def function(*arrays, sample_weight=None):
        w = np.ones(N) if sample_weight is None else sample_weight
        return share_of(w / w.sum())

    scheme = BayesianBootstrap(alpha=alpha)
    by_name = evaluation(name, *data, scheme=scheme)
    by_function = evaluation(function, *data, scheme=scheme)
    seeds = by_name.source.seeds(11, 0, 60)
    assert_allclose(by_name.replicates(seeds), by_function.replicates(seeds), rtol=1e-9)


@every_row_scheme
def test_weights_and_rows_give_the_same_replicates(scheme, groups):
    by_weights = evaluation(weighted, X, scheme=scheme, groups=groups)
    by_rows = evaluation(lambda x: x.mean(), X, scheme=scheme, groups=groups)
    seeds = by_rows.source.seeds(11, 0, 40)
    assert_allclose(by_weights.replicates(seeds), by_rows.replicates(seeds))


def test_a_function_along_an_axis_gives_the_replicates_of_a_plain_one():
    for scheme in (None, Bootstrap(stratify=LABELS), CircularBlockBootstrap()):
        along = evaluation(np.max, X, scheme=scheme)
        plain = evaluation(lambda x: x.max(), X, scheme=scheme)
        seeds = plain.source.seeds(11, 0, 40)
        assert_array_equal(along.replicates(seeds), plain.replicates(seeds))
        for ours, theirs in zip(
            along.jackknife()[0], plain.jackknife()[0], strict=True
        ):
            assert_array_equal(ours, theirs)


BY_WEIGHTS = [
    pytest.param(*case[:2], id=name) for case, name in zip(CASES, CASE_IDS, strict=True)
]
BY_FUNCTION = [
    pytest.param(weighted, (X,), id="weights"),
    pytest.param(np.std, (TABLE,), id="plain"),
    pytest.param(np.max, (X,), id="axis"),
]


@pytest.mark.parametrize(("statistic", "data"), BY_WEIGHTS + BY_FUNCTION)
@pytest.mark.parametrize(("scheme", "groups"), SCHEMES.values(), ids=SCHEMES)
def test_the_bits_of_a_replicate_do_not_depend_on_the_others(
    statistic, data, scheme, groups
):
    """So neither on n_jobs nor on the memory of a batch nor on where a run began."""
    if not isinstance(statistic, str | tuple) and isinstance(scheme, BayesianBootstrap):
        statistic, data = weighted, (X,)
    bound = evaluation(statistic, *data, scheme=scheme, groups=groups)
    seeds = bound.source.seeds(11, 0, 23)
    whole = bound.replicates(seeds)
    for size in (1, 2, 5, 16):
        parts = [bound.replicates(seeds[a : a + size]) for a in range(0, 23, size)]
        assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("name", ["mean", "corr", "ols", ("var", 1)], ids=str)
@pytest.mark.parametrize(("scheme", "groups"), SCHEMES.values(), ids=SCHEMES)
def test_the_bits_of_an_error_do_not_depend_on_the_others(name, scheme, groups):
    data = {"corr": (TABLE,), "ols": (TABLE[:, 1:], X)}.get(name, (X,))
    bound = evaluation(name, *data, scheme=scheme, groups=groups)
    seeds = bound.source.seeds(11, 0, 23)
    whole = bound.errors(seeds)
    for size in (1, 2, 5, 16):
        parts = [bound.errors(seeds[a : a + size]) for a in range(0, 23, size)]
        assert_array_equal(np.concatenate(parts), whole)


@pytest.mark.parametrize("statistic", ["mean", "gini", weighted, np.max, np.ptp])
@pytest.mark.parametrize("n_bytes", [1, 8 * N * 7])
def test_the_memory_of_batches_changes_no_bit(statistic, n_bytes, monkeypatch):
    bound = evaluation(statistic, X)
    seeds = bound.source.seeds(11, 0, 40)
    whole = bound.replicates(seeds)
    monkeypatch.setattr(_evaluation, "_BATCH_BYTES", n_bytes)
    assert_array_equal(bound.replicates(seeds), whole)


def test_weights_of_a_batch_stay_within_their_memory(monkeypatch):
    """Two replicates at once where 16 MiB hold the weights of two."""
    sizes = []

    class Spy(WeightedFunction):
        __final__ = False

        def weighted(self, weights):
            sizes.append(weights.shape)
            return np.zeros((len(weights), 1))

    n = 2**20
    source = source_of((np.zeros(n, dtype=np.int8),), None, True, None)
    statistic = object.__new__(Spy)
    statistic.names, statistic.shape, statistic._estimate = ["0"], (), np.zeros(1)
    bound = StatisticOfWeights(statistic, source)
    bound.replicates(source.seeds(0, 0, 5))
    assert sizes == [(2, n), (2, n), (1, n)]


# Jackknife.


@every_statistic
@pytest.mark.parametrize("kind", ["rows", "strata", "groups", "moving", "stationary"])
def test_the_jackknife_of_a_name_is_that_of_the_function(name, data, function, kind):
    scheme, groups = ROW_SCHEMES[kind]
    by_name = evaluation(name, *data, scheme=scheme, groups=groups)
    by_function = evaluation(function, *data, scheme=scheme, groups=groups)
    ours, overlap = by_name.jackknife()
    theirs, same_overlap = by_function.jackknife()
    assert overlap == same_overlap
    for one, other in zip(ours, theirs, strict=True):
        assert_allclose(one, other, rtol=1e-10, atol=1e-12)


def test_the_acceleration_of_a_mean_is_its_skewness():
    """sum d^3 / (6 (sum d^2)^(3/2)), by hand; aircondit: 0.0937981."""
    hours = np.array([3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487.0])
    d = hours - hours.mean()
    by_hand = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
    assert by_hand == pytest.approx(0.0937981, abs=5e-8)
    assert_allclose(run_of(evaluation("mean", hours)).accelerations(), [by_hand])


def test_the_acceleration_of_groups_is_that_of_their_sums():
    """Groups of one size, so that the mean is a mean of group means."""
    x = X.reshape(8, 3)
    groups = np.repeat(np.arange(8), 3)
    d = x.sum(axis=1) - x.sum() / 8
    by_hand = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
    a = run_of(evaluation("mean", X, groups=groups)).accelerations()
    assert_allclose(a, [by_hand])


def test_the_acceleration_of_strata_leaves_their_distance_out():
    """Influences within strata: sum d^3 / n^3 over 6 (sum d^2 / n^2)^(3/2)."""
    d = np.concatenate([X[k == LABELS] - X[k == LABELS].mean() for k in range(3)])
    by_hand = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
    scheme = Bootstrap(stratify=LABELS)
    for far in (0.0, 1e5):
        a = run_of(evaluation("mean", X + far * LABELS, scheme=scheme)).accelerations()
        assert_allclose(a, [by_hand], rtol=1e-6)


def test_the_acceleration_of_blocks_is_that_of_their_sums():
    """Overlapping blocks of l rows: n - l + 1 of them count for n / l."""
    length, n_blocks = 5, N - 4
    sums = np.array([X[i : i + length].sum() for i in range(n_blocks)])
    without = (X.sum() - sums) / (N - length)
    d = without.mean() - without
    by_hand = (d**3).sum() / (6 * (d**2).sum() ** 1.5)
    by_hand *= np.sqrt(n_blocks * length / N)
    scheme = MovingBlockBootstrap(block_length=length)
    assert_allclose(
        run_of(evaluation("mean", X, scheme=scheme)).accelerations(), [by_hand]
    )


def test_accelerations_of_several_numbers_are_not_mixed():
    table = np.column_stack([X, -X, Z])
    together = run_of(evaluation("mean", table)).accelerations()
    alone = [run_of(evaluation("mean", x)).accelerations()[0] for x in table.T]
    assert_allclose(together, alone, rtol=1e-9)


def test_of_many_rows_sets_tell_a_similar_acceleration():
    """A callable's from 200 sets of 5; 1,000 exponential rows: a = 2 / (6 sqrt(n))."""
    x = np.random.default_rng(0).exponential(size=1000)
    by_name = run_of(evaluation("mean", x)).accelerations()
    by_function = run_of(evaluation(lambda v: v.mean(), x)).accelerations()
    assert_allclose(by_function, by_name, rtol=0.3)


# What replicates scatter around.


def test_moving_blocks_scatter_around_the_mean_of_their_draws():
    hours = np.array([3, 5, 7, 18, 43, 85, 91, 98, 100, 130, 230, 487.0])
    bound = evaluation("mean", hours, scheme=MovingBlockBootstrap(block_length=4))
    assert_allclose(bound.centre(), [86.416667], atol=1e-6)
    assert_allclose(bound.offset, [86.416667 - hours.mean()], atol=1e-6)


@pytest.mark.parametrize(("scheme", "groups"), SCHEMES.values(), ids=SCHEMES)
@pytest.mark.parametrize("name", ["mean", "var", "corr"])
def test_replicates_scatter_around_the_centre(scheme, groups, name):
    """But for curvature, a fifth of their spread here; z-test added at 1e-5."""
    data = (X, Z) if name == "corr" else (X,)
    bound = evaluation(name, *data, scheme=scheme, groups=groups)
    values = bound.replicates(bound.source.seeds(3, 0, 2000))
    around = bound.estimate + bound.offset
    allowed = 0.5 if name != "mean" else 0.02
    chance = norm.isf(0.5e-5) / np.sqrt(2000)
    error = np.abs(values.mean(axis=0) - around) / values.std(axis=0)
    assert (error < allowed + chance).all()


def test_schemes_that_draw_rows_alike_have_no_centre_of_their_own():
    for name in ("rows", "strata", "groups", "circular", "stationary", "Bayesian"):
        scheme, groups = SCHEMES[name]
        bound = evaluation("mean", X, scheme=scheme, groups=groups)
        assert bound.centre() is None
        assert_array_equal(bound.offset, [0.0])


def test_functions_of_samples_know_no_centre():
    scheme = MovingBlockBootstrap(block_length=5)
    for function in (np.max, gini):
        assert evaluation(function, X, scheme=scheme).centre() is None


# Standard errors.


def test_only_functions_of_means_have_a_formula_for_their_error():
    assert evaluation("mean", X).error() == pytest.approx(X.std() / N**0.5)
    for statistic in ("median", "gini", weighted, np.max, gini):
        assert evaluation(statistic, X).error() is None
    assert evaluation("ratio", X, Z, paired=False).error() is None


@pytest.mark.parametrize("n_slopes", [6, 7, 20, 30])
def test_a_regression_has_a_formula_for_its_error_however_many_slopes(n_slopes):
    """From 7 slopes on its columns are more than 40, from 22 on more than 300."""
    rng = np.random.default_rng(0)
    t, y = rng.normal(size=(60, n_slopes)), rng.normal(size=60)
    assert evaluation("ols", t, y).error().shape == (n_slopes + 1,)


def test_means_of_too_many_columns_to_derive_by_have_no_formula():
    t = np.random.default_rng(0).normal(size=(5, 301))
    assert evaluation("mean", t[:, :300]).error().shape == (300,)
    assert evaluation("mean", t).error() is None


def test_functions_of_samples_refuse_a_formula():
    bound = evaluation(gini, X)
    with pytest.raises(NotImplementedError):
        bound.errors(bound.source.seeds(0, 0, 2))


# Second level.


KINDS = {
    "moments": ("mean", (X,), {}),
    "quantile": ("median", (X,), {}),
    "gini": ("gini", (X,), {}),
    "weights": (weighted, (X,), {}),
    "plain": (corr, (X, Z), {}),
    "axis": (np.max, (X,), {}),
    "apart": (lambda x, z: x.mean() - z.mean(), (X, Z[:9]), {"paired": False}),
}
every_kind = pytest.mark.parametrize(
    ("statistic", "data", "how"), KINDS.values(), ids=KINDS
)


@every_kind
@pytest.mark.parametrize("scheme", [None, Bootstrap(balanced=True), PoissonBootstrap()])
def test_the_estimate_of_a_replicate_is_the_statistic_of_its_rows(
    statistic, data, how, scheme
):
    bound = evaluation(statistic, *data, scheme=scheme, **how)
    function = {"mean": np.mean, "median": np.median, "gini": gini}.get(
        statistic, statistic
    )
    for seed in bound.source.seeds(3, 0, 8):
        sample = bound.source.sample(seed)
        inner = bound.resampled(seed)
        assert_allclose(inner.estimate, [function(*sample)], rtol=1e-12)
        assert inner.replicates(inner.source.seeds(1, 0, 3)).shape == (3, 1)


def test_the_estimate_of_a_bayesian_replicate_is_the_replicate():
    for statistic in ("mean", "median", "gini", weighted):
        bound = evaluation(statistic, X, scheme=BayesianBootstrap())
        seeds = bound.source.seeds(3, 0, 5)
        values = bound.replicates(seeds)
        inner = [bound.resampled(seed) for seed in seeds]
        assert_allclose([one.estimate for one in inner], values, rtol=1e-12)
        assert_allclose([one.centre() for one in inner], values, rtol=1e-12)


@every_kind
def test_values_and_errors_of_replicates_are_of_the_same_rows(statistic, data, how):
    """A studentized distance needs both of one draw."""
    bound = evaluation(statistic, *data, **how)
    values, errors = run_of(bound).inner_errors(30, np.arange(30))
    seeds = bound.source.seeds(3, 0, 30)
    expected = [bound.resampled(seed).estimate for seed in seeds]
    assert_array_equal(values, expected)
    assert errors.shape == values.shape
    assert (errors >= 0).all()


@pytest.mark.slow
def test_inner_errors_are_the_spread_of_replicates_of_the_replicate():
    """Mean over replicates of the squared error, (1 - 1/n)^2 s^2 / n; 4 errors wide."""
    bound = evaluation(lambda x: x.mean(), X)
    _, errors = run_of(bound, n_inner=40).inner_errors(600, np.arange(600))
    squares = errors[:, 0] ** 2
    expected = (1 - 1 / N) * X.var() / N
    assert abs(squares.mean() - expected) < 4 * squares.std() / np.sqrt(600)


def spread_of_ranks(scheme, statistic="mean", groups=None, n=400, data=(X,)):
    bound = evaluation(statistic, *data, scheme=scheme, groups=groups)
    return run_of(bound, n_inner=99).inner_ranks(n, np.arange(n))[:, 0]


RANKS = {
    "rows": (Bootstrap(), None),
    "strata in turn": (Bootstrap(stratify=LABELS), None),
    "12 of 24": (Bootstrap(max_samples=12), None),
    "groups": (GroupBootstrap(), np.repeat(np.arange(12), 2)),
    "Bayesian": (BayesianBootstrap(), None),
    "moving": (MovingBlockBootstrap(block_length=3), None),
    "stationary": (StationaryBootstrap(block_length=2), None),
    "Poisson": (PoissonBootstrap(), None),
}


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "groups"), RANKS.values(), ids=RANKS)
def test_ranks_of_the_estimate_are_nearly_uniform(scheme, groups):
    """Mean 1/2, variance 1/12 and more, as intervals of few rows are too short.

    The spread of 12 of 24 is that of sqrt(1/2) of a normal. Four standard errors of 400
    ranks, and 0.04 for the bias of a skewed mean.
    """
    far = 50.0 * LABELS if groups is None and "stratify" in repr(scheme) else 0.0
    ranks = spread_of_ranks(scheme, data=(X + far,), groups=groups)
    assert ranks.min() > 0
    assert ranks.max() < 1
    assert abs(ranks.mean() - 0.5) < 4 * np.sqrt(1 / 12 / 400) + 0.04
    low, high = (
        (0.04, 0.075) if scheme.get_params().get("max_samples") else (0.07, 0.13)
    )
    assert low < ranks.var() < high


def test_ties_with_the_estimate_are_counted_half():
    bound = evaluation(lambda x: float(x.mean() > 9), X)
    ranks = run_of(bound).inner_ranks(20, np.arange(20))
    assert_array_equal(ranks, np.full((20, 1), 0.5))


def test_ranks_count_the_inner_replicates_with_a_value():
    """Five of eight have one, all below the estimate: (5 + 1/2) / (5 + 1)."""

    def seldom(x):
        return 1.0 if len(x) > 99 else next(values)

    bound = evaluation(seldom, np.arange(100.0))
    values = iter([0.5, *[0.0] * 5, *[np.nan] * 3])
    scheme = Bootstrap(max_samples=50)
    bound = evaluation(seldom, np.arange(100.0), scheme=scheme)
    ranks = run_of(bound, n_inner=8).inner_ranks(1, np.arange(1))
    assert_array_equal(ranks, [[5.5 / 6]])


def test_an_error_of_inner_replicates_without_values_is_none_and_no_warning():
    calls = []

    def seldom(x):
        calls.append(x)
        return x.mean() if len(calls) % 7 == 1 else np.nan

    bound = evaluation(seldom, X)
    _, errors = run_of(bound, n_inner=3).inner_errors(4, np.arange(4))
    assert np.isnan(errors).any()


def test_only_the_replicates_asked_for_are_resampled():
    bound = evaluation("corr", X, Z)
    run = run_of(bound)
    some = np.array([1, 4, 7])
    whole = run.inner_ranks(10, np.arange(10))
    assert_array_equal(run.inner_ranks(10, some), whole[some])
    values, errors = run.inner_errors(10, np.arange(10))
    picked_values, picked_errors = run.inner_errors(10, some)
    assert_array_equal(picked_values, values[some])
    assert_array_equal(picked_errors, errors[some])
    assert_array_equal(run.errors(10, some), run.errors(10, np.arange(10))[some])


# Runs.


@every_kind
@pytest.mark.parametrize("scheme", [None, Bootstrap(balanced=True)])
def test_a_run_in_parts_is_the_run(statistic, data, how, scheme):
    run = run_of(evaluation(statistic, *data, scheme=scheme, **how))
    whole = run.replicates(0, 50)
    assert whole.shape == (50, 1)
    if scheme is not None:
        with pytest.raises(ValueError, match=r"balanced over one run cannot be contin"):
            run.check_can_go_on()
        return
    run.check_can_go_on()
    parts = [run.replicates(0, 3), run.replicates(3, 30), run.replicates(30, 50)]
    assert_array_equal(np.concatenate(parts), whole)


def test_runs_of_other_entropy_are_other_runs():
    bound = evaluation("mean", X)
    first, second = (run_of(bound, entropy=e).replicates(0, 50) for e in (1, 2))
    assert not np.isin(first, second).any()


def test_replicates_of_replicates_are_their_own():
    """No two of a run have the same draws."""
    run = run_of(evaluation(np.mean, np.arange(1000.0)), n_inner=5)
    seeds = run.evaluation.source.seeds(run.entropy, 0, 4)
    inner = [run.inner(seed, i)[0] for i, seed in enumerate(seeds)]
    keys = [run.evaluation.source.seeds(run.entropy, 0, 4)]
    replicates = [run.inner(seed, i)[1] for i, seed in enumerate(seeds)]
    assert len({one.source.arrays[0].tobytes() for one in inner}) == 4
    assert len(np.unique(keys)) == 4
    assert len({one.tobytes() for one in replicates}) == 4


def test_the_acceleration_of_samples_apart():
    y = np.array([10, 27, 31, 40, 46, 50, 52, 104, 146.0])
    z = np.array([16, 23, 38, 94, 99, 141, 197.0])
    bound = evaluation(lambda a, b: a.mean() - b.mean(), z, y, paired=False)
    a = run_of(bound).accelerations()
    assert_allclose(a, [0.011008228344026734], rtol=1e-10)
    assert_allclose(jackknife_acceleration(bound.jackknife()[0]), a)


def test_names_and_shapes_are_those_of_the_statistic():
    bound = evaluation("corr", TABLE)
    assert (bound.shape, list(bound.names)) == ((3,), ["0,1", "0,2", "1,2"])
    of_function = evaluation(lambda t: np.cov(t, rowvar=False), TABLE, groups=GROUPS)
    assert of_function.shape == (3, 3)
    assert of_function.names[:2] == ["0,0", "0,1"]


def test_units_too_many_for_the_memory_are_left_out_in_sets(monkeypatch):
    """Sets of rows of a skewed column have its acceleration, to a tenth."""
    x = np.random.default_rng(0).gamma(1.0, size=20_000)
    bound = evaluation("mean", x)
    (singly,), _ = bound.jackknife()
    assert len(singly) == len(x)
    monkeypatch.setattr(_evaluation, "_JACKKNIFE_BYTES", 8 * 8 * 5000)
    (in_sets,), _ = bound.jackknife()
    assert len(in_sets) == 5000
    ours, exact = map(jackknife_acceleration, ([in_sets], [singly]))
    assert_allclose(ours, exact, rtol=0.1)


def test_a_statistic_that_takes_single_rows_only_leaves_out_few_sets(monkeypatch):
    rng = np.random.default_rng(0)
    area = RocArea(rng.random(900) < 0.4, rng.normal(size=900), None, "area")
    source = source_of((np.arange(900.0),), None, True, None)
    bound = StatisticOfWeights(area, source)
    assert len(bound.jackknife()[0][0]) == 900
    monkeypatch.setattr(_evaluation, "_JACKKNIFE_BYTES", 8 * 8 * 500)
    assert len(bound.jackknife()[0][0]) == 200
