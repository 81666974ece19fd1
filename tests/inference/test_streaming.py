"""The bootstrap of streams: the same bits however rows come, and right numbers."""

import pickle
import re
from functools import reduce
from itertools import count, pairwise, permutations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import norm
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from ensembles.exceptions import InvalidParameterError
from ensembles.inference import StreamingBootstrap, bootstrap
from ensembles.resampling import PoissonBootstrap

by_property = settings(max_examples=40, deadline=None, derandomize=True)
N = 120
CUTS = st.lists(st.integers(1, N - 1), max_size=12).map(lambda cuts: sorted(set(cuts)))


def mean_and_square(x):
    return np.column_stack([x, x**2])


def spread(means, n):
    return np.sqrt(means[:, 1] - means[:, 0] ** 2)


def identity(x):
    return x


def only_mean(means, n):
    return means[:, 0]


def data():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 3)) * [1, 10, 0.1] + [1e3, 0, 5]
    y = X @ [1.0, 2.0, 3.0] + rng.standard_t(5, size=N)
    return X, y, rng.exponential(size=N) + 3


X, Y, SKEWED = data()
CASES = {
    "mean": ("mean", SKEWED),
    "means": ("mean", X),
    "var": ("var", SKEWED),
    "vars": (("var", 1), X),
    "std": (("std", 1), SKEWED),
    "ratio": ("ratio", SKEWED, Y),
    "corr": ("corr", SKEWED, Y),
    "corrs": ("corr", X),
    "ols": ("ols", X, Y),
}
every_statistic = pytest.mark.parametrize("name", CASES)
NUMBERED = map("case {}".format, count(1))
every_need = pytest.mark.parametrize("method", ["percentile", "bca", "studentized"])


def stream(statistic="mean", n_resamples=50, **how):
    return StreamingBootstrap(statistic, n_resamples, **{"random_state": 0, **how})


def fed(case, cuts=(), **how):
    statistic, *arrays = CASES[case]
    fitted = stream(statistic, **how)
    edges = [0, *cuts, N]
    for start, stop in pairwise(edges):
        fitted.partial_fit(*[array[start:stop] for array in arrays])
    return fitted


def shard(case, start, stop, **how):
    statistic, *arrays = CASES[case]
    fitted = stream(statistic, first_row=start, **how)
    return fitted.partial_fit(*[array[start:stop] for array in arrays])


def assert_same_bits(one, other, method=None):
    assert_array_equal(one.estimate_, other.estimate_)
    assert_array_equal(one.distribution_, other.distribution_)
    assert_array_equal(one.interval(method, 0.8), other.interval(method, 0.8))
    assert one.n_rows_seen_ == other.n_rows_seen_


def assert_alike(one, other, rtol=1e-9):
    for a, b in [
        (one.estimate_, other.estimate_),
        (one.distribution_, other.distribution_),
        (one.interval(None, 0.8), other.interval(None, 0.8)),
    ]:
        assert_allclose(a, b, rtol=rtol)
    assert one.n_rows_seen_ == other.n_rows_seen_


# How rows come.


@every_need
@every_statistic
def test_rows_one_by_one_give_the_bits_of_all_at_once(name, method):
    one_by_one = fed(name, range(1, N), method=method)
    assert_same_bits(one_by_one, fed(name, method=method))


@by_property
@given(st.sampled_from(sorted(CASES)), CUTS)
def test_any_cut_into_batches_gives_the_same_bits(name, cuts):
    assert_same_bits(fed(name, cuts), fed(name))


@by_property
@given(st.integers(1, 2000), st.integers(1, 2000))
def test_cuts_of_batches_that_are_longer_than_a_block_give_the_same_bits(first, second):
    x = np.random.default_rng(0).exponential(size=2500)
    whole = stream("var", 9).partial_fit(x)
    cuts = sorted({first, first + second % (2500 - first)} - {0, 2500})
    parts = stream("var", 9)
    for part in np.split(x, cuts):
        if len(part):
            parts.partial_fit(part)
    assert_array_equal(parts.distribution_, whole.distribution_)


def test_passes_within_a_long_batch_leave_the_bits(monkeypatch):
    whole = fed("corrs", method="studentized")
    monkeypatch.setattr("ensembles.inference._large._sums._PASS_BYTES", 1)
    assert_same_bits(fed("corrs", method="studentized"), whole)


def test_threads_leave_the_bits(monkeypatch):
    whole = fed("ols")
    monkeypatch.setattr("ensembles.inference._large._sums._DRAWS_A_THREAD", 1)
    assert_same_bits(fed("ols", n_jobs=2), whole)


def test_a_pickle_on_the_way_leaves_the_bits():
    half = shard("corr", 0, 60, random_state=None)
    before = pickle.dumps(half)
    assert half.standard_error_ > 0
    assert pickle.dumps(half) == before
    other = pickle.loads(before)
    for one in (half, other):
        one.partial_fit(SKEWED[60:], Y[60:])
    assert_same_bits(half, other)


def test_one_batch_of_one_row_has_an_estimate_and_no_error():
    one = stream().partial_fit([2.5])
    assert one.estimate_ == 2.5
    assert one.n_rows_seen_ == 1
    with pytest.raises(ValueError, match="The error of one row cannot be told"):
        _ = one.standard_error_
    with pytest.raises(ValueError, match="The error of one row cannot be told"):
        one.interval()


def test_fit_forgets_what_was_there():
    again = fed("mean").fit(X)
    assert_same_bits(again, fed("means"))
    assert_same_bits(again.fit(SKEWED), fed("mean"))


# Weights and numbers.


@every_statistic
def test_replicates_are_those_of_the_scheme_of_the_same_seed(name):
    statistic, *arrays = CASES[name]
    scheme = PoissonBootstrap(random_state=4)
    known = bootstrap(statistic, *arrays, scheme=scheme, n_resamples=99)
    ours = fed(name, [7, 50], n_resamples=99, random_state=4)
    assert_allclose(ours.estimate_, known.estimate, rtol=1e-9)
    assert_allclose(ours.distribution_, known.distribution, rtol=1e-9)
    assert_allclose(ours.standard_error_, known.standard_error, rtol=1e-9)
    for method in ("percentile", "basic", "normal", "bc", "expanded", "smoothed"):
        assert_allclose(
            ours.interval(method, 0.8), known.interval(method, 0.8), rtol=1e-9
        )


@every_statistic
def test_studentized_intervals_are_those_of_the_scheme(name):
    statistic, *arrays = CASES[name]
    scheme = PoissonBootstrap(random_state=4)
    known = bootstrap(statistic, *arrays, scheme=scheme, n_resamples=99)
    ours = fed(name, [7, 50], n_resamples=99, random_state=4, method="studentized")
    assert_allclose(
        ours.interval(None, 0.8), known.interval("studentized", 0.8), rtol=1e-6
    )


@pytest.mark.parametrize("name", ["mean", "means"])
def test_bca_intervals_of_means_are_those_of_the_jackknife(name):
    statistic, *arrays = CASES[name]
    scheme = PoissonBootstrap(random_state=4)
    known = bootstrap(statistic, *arrays, scheme=scheme, n_resamples=99)
    ours = fed(name, n_resamples=99, random_state=4, method="bca")
    for method in ("bca", "expanded_bca"):
        ends = ours.interval(method, 0.8)
        assert_allclose(ends, known.interval(method, 0.8), rtol=1e-9)


def test_bca_differs_from_bc():
    ours = fed("mean", n_resamples=99, method="bca")
    assert ours.interval("bca", 0.8).low > ours.interval("bc", 0.8).low


@every_statistic
def test_estimates_are_those_of_numpy(name):
    _statistic, *_arrays = CASES[name]
    expected = {
        "mean": SKEWED.mean,
        "means": lambda: X.mean(axis=0),
        "var": SKEWED.var,
        "vars": lambda: X.var(axis=0, ddof=1),
        "std": lambda: SKEWED.std(ddof=1),
        "ratio": lambda: SKEWED.mean() / Y.mean(),
        "corr": lambda: np.corrcoef(SKEWED, Y)[0, 1],
        "corrs": lambda: np.corrcoef(X.T)[np.triu_indices(3, 1)],
        "ols": lambda: np.linalg.lstsq(np.column_stack([np.ones(N), X]), Y)[0],
    }[name]()
    ours = fed(name).estimate_
    assert_allclose(ours, expected, rtol=1e-9)
    assert np.shape(ours) == np.shape(expected)


def test_functions_of_means_by_the_user_are_as_good_as_those_with_a_name():
    for method in ("percentile", "studentized", "bca"):
        named = stream("std", method=method).partial_fit(SKEWED)
        own = stream((mean_and_square, spread), method=method).partial_fit(SKEWED)
        assert_allclose(own.estimate_, named.estimate_, rtol=1e-9)
        ends = (one.interval(None, 0.8) for one in (own, named))
        assert_allclose(*ends, rtol=1e-6)


def test_a_function_by_the_user_may_return_arrays():
    both = (mean_and_square, lambda means, n: means[:, ::-1] * [[1, 2]])
    ours = stream(both).partial_fit(SKEWED)
    assert_allclose(ours.estimate_, [(SKEWED**2).mean(), 2 * SKEWED.mean()])
    assert ours.distribution_.shape == (50, 2)
    assert ours.interval().low.shape == (2,)
    table = (mean_and_square, lambda means, n: means.reshape(-1, 1, 2))
    assert stream(table).partial_fit(SKEWED).estimate_.shape == (1, 2)


def test_the_number_of_rows_reaches_the_function():
    sizes = stream((identity, lambda means, n: n)).partial_fit(SKEWED)
    assert sizes.estimate_ == N
    (weights,) = PoissonBootstrap(50, random_state=0).iter_weights(SKEWED)
    assert_array_equal(sizes.distribution_, weights.sum(axis=1))


def test_errors_of_means_are_those_of_the_delta_method():
    for name, x in (("mean", SKEWED), ("means", X)):
        stated = [one.estimate_error for one in _evidence(name, "studentized")]
        assert_allclose(stated, np.atleast_1d(x.std(axis=0)) / N**0.5, rtol=1e-6)
    m2, m4 = (np.mean((SKEWED - SKEWED.mean()) ** k) for k in (2, 4))
    (of_variance,) = _evidence("var", "studentized")
    expected = ((m4 - m2**2) / N) ** 0.5
    assert_allclose(of_variance.estimate_error, expected, rtol=1e-6)


def test_accelerations_are_sixths_of_the_skewness_of_the_influence():
    deviations = SKEWED - SKEWED.mean()
    centred_squares = deviations**2 - (deviations**2).mean()
    for name, influence in (("mean", deviations), ("var", centred_squares)):
        skewness = (influence**3).mean() / influence.std() ** 3
        (one,) = _evidence(name, "bca")
        assert_allclose(one.acceleration, skewness / 6 / N**0.5, rtol=1e-6)


def test_slopes_have_the_errors_that_allow_for_unequal_variances():
    """White (1980), HC0: the delta method of least squares."""
    design = np.column_stack([np.ones(N), X])
    residuals = Y - design @ np.linalg.lstsq(design, Y)[0]
    bread = np.linalg.inv(design.T @ design)
    meat = (design * residuals[:, None]).T @ (design * residuals[:, None])
    expected = np.sqrt(np.diag(bread @ meat @ bread))
    stated = [one.estimate_error for one in _evidence("ols", "studentized")]
    assert_allclose(stated, expected, rtol=1e-5)


def _evidence(name, method):
    return fed(name, method=method)._stream.evidence(method)


@pytest.mark.parametrize("offset", [1e6, 1e9])
@pytest.mark.parametrize("statistic", ["var", "std", "corr", "ols"])
def test_a_large_mean_costs_few_digits(statistic, offset):
    """Steps of 1 / 1024 are exact in sums, so that the data are the same but moved."""
    rng = np.random.default_rng(0)
    x, y = np.round(rng.normal(size=(2, 4000)) * 1024) / 1024
    y += x
    arrays = (x, y) if statistic in ("corr", "ols") else (x,)
    here = stream(statistic, 20).partial_fit(*arrays)
    there = stream(statistic, 20)
    for part in np.array_split(np.array(arrays) + offset, 7, axis=1):
        there.partial_fit(*part)
    one, other = here.distribution_, there.distribution_
    if statistic == "ols":  # the intercept moves with the data
        one, other = one[:, 1:], other[:, 1:]
    assert_allclose(other, one, rtol=1e-11)


@pytest.mark.parametrize("n_outside", [1, 31])
def test_first_rows_far_outside_cost_the_others_no_digits(n_outside):
    rng = np.random.default_rng(0)
    x = np.round(rng.normal(size=4000) * 1024) / 1024 + 1e9
    x[:n_outside] = 0
    variance = stream("var", 200).partial_fit(x)
    assert_allclose(variance.estimate_, x.var(), rtol=1e-11)
    if n_outside == 1:
        (weights,) = PoissonBootstrap(200, random_state=0).iter_weights(x)
        without = weights[:, 0] == 0
        counts = weights[without, 1:]
        mean, square = (
            counts @ (x[1:] - 1e9) ** k / counts.sum(axis=1) for k in (1, 2)
        )
        ours = variance.distribution_[without]
        assert_allclose(ours, square - mean**2, rtol=1e-11)


# Parts.


@every_need
@every_statistic
def test_parts_with_their_true_row_numbers_merge_to_the_whole(name, method):
    edges = [0, 1, 40, 41, N]
    parts = [shard(name, start, stop, method=method) for start, stop in pairwise(edges)]
    whole = fed(name, method=method)
    assert_alike(reduce(StreamingBootstrap.merge, parts), whole, rtol=1e-7)


@every_statistic
def test_merging_is_commutative_and_associative_but_for_rounding(name):
    parts = [shard(name, 0, 30), shard(name, 30, 70), shard(name, 70, N)]
    whole = fed(name)
    for first, second, third in permutations(parts):
        assert_alike(first.merge(second).merge(third), whole)
        assert_alike(first.merge(second.merge(third)), whole)


def test_parts_with_other_means_than_one_another_merge():
    x = np.concatenate([SKEWED, SKEWED + 1e6])
    merged = stream("var").partial_fit(x[:N])
    merged = merged.merge(stream("var", first_row=N).partial_fit(x[N:]))
    assert_alike(merged, stream("var").partial_fit(x), rtol=1e-11)


def test_merging_leaves_the_parts_as_they_were():
    first, second = shard("var", 0, 60), shard("var", 60, N)
    before = pickle.dumps((first, second))
    first.merge(second)
    assert pickle.dumps((first, second)) == before


def test_a_merged_stream_goes_on_after_its_last_row():
    merged = shard("corr", 0, 30).merge(shard("corr", 30, 60))
    assert_alike(merged.partial_fit(SKEWED[60:], Y[60:]), fed("corr"))


def test_a_merged_stream_goes_on_after_its_own_rows_where_there_is_room():
    far = stream(first_row=10**12).partial_fit(SKEWED[60:])
    merged = stream().partial_fit(SKEWED[:30]).merge(far).partial_fit(SKEWED[30:60])
    other = stream().partial_fit(SKEWED[:60]).merge(far)
    assert_alike(merged, other)


def test_a_stream_does_not_run_into_the_rows_of_another():
    far = stream(first_row=50).partial_fit(SKEWED[60:])
    merged = stream().partial_fit(SKEWED[:30]).merge(far)
    before = merged.distribution_
    with pytest.raises(ValueError, match="Rows 50 to 59 are in both parts"):
        merged.partial_fit(SKEWED[:30])
    assert_array_equal(merged.distribution_, before)
    assert merged.n_rows_seen_ == 90


def test_parts_that_would_share_weights_do_not_merge():
    first, second = stream().partial_fit(SKEWED), stream().partial_fit(SKEWED[:7])
    for pair in [(first, second), (second, first), (first, first)]:
        with pytest.raises(ValueError, match=r"are in both parts.*first_row=10\*\*12"):
            pair[0].merge(pair[1])


def test_copies_of_one_stream_share_weights_even_without_a_seed():
    first = stream(random_state=None).partial_fit(SKEWED)
    with pytest.raises(ValueError, match="Rows 0 to 119 are in both parts"):
        first.merge(pickle.loads(pickle.dumps(first)))


@pytest.mark.parametrize("how", [{"random_state": 1}, {"random_state": None}])
def test_parts_of_other_seeds_merge_whatever_their_rows_are(how):
    merged = stream().partial_fit(SKEWED[:60])
    merged = merged.merge(stream(**how).partial_fit(SKEWED[60:]))
    assert_allclose(merged.estimate_, SKEWED.mean(), rtol=1e-12)
    assert merged.n_rows_seen_ == N


@pytest.mark.parametrize("second", [{"first_row": 10**12}, {"random_state": 1}])
def test_parts_draw_weights_that_are_independent(second):
    """Correlation of 4,000 replicates of two parts; z-test, fails 2 in 10,000."""
    x = np.random.default_rng(0).normal(size=200)
    one = stream("mean", 4000).partial_fit(x).distribution_
    other = stream("mean", 4000, **second).partial_fit(x).distribution_
    z = np.corrcoef(one, other)[0, 1] * 4000**0.5
    assert abs(z) < norm.isf(0.5e-4)


def test_the_error_of_parts_together_is_that_of_all_rows():
    """z-test of 4,000 replicates, right to 1 / sqrt(8000); fails 1 in 10,000."""
    x = np.random.default_rng(0).normal(size=20_000)
    parts = [
        stream("mean", 4000, first_row=10**12 * k).partial_fit(part)
        for k, part in enumerate(np.split(x, 4))
    ]
    error = reduce(StreamingBootstrap.merge, parts).standard_error_
    z = (error / (x.std() / 20_000**0.5) - 1) * 8000**0.5
    assert abs(z) < norm.isf(0.5e-4)


def test_merging_says_what_does_not_fit():
    ours = stream().partial_fit(SKEWED)
    with pytest.raises(TypeError, match="merge takes another StreamingBootstrap, got"):
        ours.merge(SKEWED)
    with pytest.raises(NotFittedError, match="has seen no rows yet; call partial_fit"):
        ours.merge(stream())
    with pytest.raises(NotFittedError, match="has seen no rows yet"):
        stream().merge(ours)
    for other in [
        stream("var", random_state=1).partial_fit(SKEWED),
        stream(n_resamples=51, random_state=1).partial_fit(SKEWED),
        stream(method="bca", random_state=1).partial_fit(SKEWED),
    ]:
        with pytest.raises(ValueError, match="must have the same statistic, n_resam"):
            ours.merge(other)
    with pytest.raises(ValueError, match=re.escape("shapes (3,), those before had ()")):
        ours.merge(stream(random_state=1).partial_fit(X))


def test_functions_that_travelled_to_another_process_still_merge():
    own = (mean_and_square, spread)
    first = stream(own).partial_fit(SKEWED[:60])
    copies = tuple(type(f)(f.__code__, globals(), f.__name__) for f in own)
    second = stream(copies, first_row=60).partial_fit(SKEWED[60:])
    assert_alike(first.merge(second), stream(own).partial_fit(SKEWED))
    with pytest.raises(ValueError, match=r"identity and only_mean"):
        first.merge(stream((identity, only_mean), random_state=1).partial_fit(SKEWED))


# The object.


def test_parameters_are_kept_as_they_are():
    statistic = (identity, only_mean)
    one = StreamingBootstrap(statistic, 7, method="bc", first_row=3, n_jobs=2)
    assert one.get_params() == {
        "statistic": statistic,
        "n_resamples": 7,
        "method": "bc",
        "first_row": 3,
        "n_jobs": 2,
        "random_state": None,
    }
    assert clone(one.partial_fit(SKEWED)).get_params() == one.get_params()
    assert not hasattr(clone(one), "n_rows_seen_")
    assert repr(StreamingBootstrap("var", 7)) == (
        "StreamingBootstrap(n_resamples=7, statistic='var')"
    )
    assert one.set_params(n_resamples=9).n_resamples == 9


@pytest.mark.parametrize(
    "changed", [{"statistic": "var"}, {"n_resamples": 51}, {"method": "bca"}]
)
def test_a_stream_does_not_go_on_with_other_parameters(changed):
    one = stream().partial_fit(SKEWED).set_params(**changed)
    with pytest.raises(ValueError, match="began with statistic 'mean', n_resamples=50"):
        one.partial_fit(SKEWED)


@pytest.mark.parametrize(
    "changed",
    [
        {"random_state": 1},
        {"random_state": None},
        {"random_state": np.random.default_rng(0)},
        {"first_row": 1000},
    ],
    ids=NUMBERED,
)
def test_a_stream_does_not_go_on_with_other_weights(changed):
    begun = stream().partial_fit(SKEWED)
    merged = begun.merge(stream(first_row=10**6).partial_fit(SKEWED))
    (name,) = changed
    message = f"began with .*{name}=0.* cannot go on with .*{name}="
    for one in (begun, merged, stream().fit(SKEWED), pickle.loads(pickle.dumps(begun))):
        with pytest.raises(ValueError, match=message):
            one.set_params(**changed).partial_fit(SKEWED)


@pytest.mark.parametrize(
    "seed",
    [None, np.random.default_rng(0), np.random.RandomState(0)],
    ids=NUMBERED,
)
def test_a_stream_goes_on_with_the_seed_that_it_began_with(seed):
    one = stream(random_state=seed, n_jobs=1).partial_fit(SKEWED)
    one = pickle.loads(pickle.dumps(one)).set_params(n_jobs=None)
    assert one.partial_fit(SKEWED).n_rows_seen_ == 2 * N
    again = (
        stream(random_state=7).partial_fit(SKEWED).set_params(random_state=np.int64(7))
    )
    assert again.partial_fit(SKEWED).n_rows_seen_ == 2 * N


@pytest.mark.parametrize(
    "attribute", ["estimate_", "standard_error_", "distribution_", "n_rows_seen_"]
)
def test_there_are_no_attributes_before_rows(attribute):
    assert not hasattr(stream(), attribute)


@pytest.mark.parametrize("method", ["interval", "pvalue"])
def test_there_are_no_answers_before_rows(method):
    with pytest.raises(NotFittedError, match="has seen no rows yet; call partial_fit"):
        getattr(stream(), method)()


def test_no_rows_are_kept():
    big = np.random.default_rng(0).normal(size=100_000)
    assert len(pickle.dumps(stream().partial_fit(big))) < 5_000


def test_a_seed_decides_and_a_generator_moves_on():
    assert_same_bits(fed("mean"), fed("mean"))
    assert fed("mean", random_state=1).interval() != fed("mean").interval()
    generator = np.random.default_rng(0)
    first, second = (fed("mean", random_state=generator) for _ in range(2))
    assert first.interval() != second.interval()
    assert fed("mean", random_state=None).interval() != fed("mean").interval()


def test_the_first_row_decides_the_weights():
    assert fed("mean", first_row=1).interval() != fed("mean").interval()


@pytest.mark.parametrize(
    "container", [list, tuple, pd.Series, pl.Series, np.float32], ids=NUMBERED
)
def test_containers_of_one_column_are_alike(container):
    x = np.round(SKEWED * 64) / 64
    assert_same_bits(stream().partial_fit(container(x)), stream().partial_fit(x))


@pytest.mark.parametrize(
    "container",
    [np.ndarray.tolist, pd.DataFrame, pl.DataFrame, np.asfortranarray],
    ids=NUMBERED,
)
@pytest.mark.parametrize("name", ["means", "corrs", "ols"])
def test_containers_of_tables_are_alike(container, name):
    statistic, _, *rest = CASES[name]
    ours = stream(statistic).partial_fit(container(X), *rest)
    assert_same_bits(ours, fed(name))


def test_functions_of_the_user_get_the_containers():
    frame = pd.DataFrame({"a": SKEWED, "b": Y})
    ours = stream((lambda frame: frame["a"] * frame["b"], only_mean))
    assert_allclose(ours.partial_fit(frame).estimate_, (SKEWED * Y).mean())


# Intervals and p-values.


def test_one_sided_intervals_have_one_end():
    ours = fed("mean", n_resamples=199)
    low, high = ours.interval(confidence_level=0.9)
    assert ours.interval("percentile", 0.95, "greater") == (low, np.inf)
    assert ours.interval("percentile", 0.95, "less") == (-np.inf, high)


def test_pvalues_belong_to_intervals():
    ours = fed("means", n_resamples=199)
    low, high = ours.interval(confidence_level=0.9)
    assert (ours.pvalue(low - 0.01) < 0.1).all()
    assert (ours.pvalue(low + 0.01) > 0.1).all()
    assert (ours.pvalue(ours.estimate_) > 0.5).all()
    assert ours.pvalue(0.0).shape == (3,)
    assert fed("mean").pvalue(0.0) == 2 / 51
    assert (ours.pvalue(high + 1, alternative="greater") > 0.9).all()
    with pytest.raises(ValueError, match="null must be a number or have the statistic"):
        ours.pvalue([0.0, 1.0])
    with pytest.raises(InvalidParameterError, match="'null' parameter of pvalue must"):
        ours.pvalue(np.nan)


@pytest.mark.parametrize("method", ["bca", "expanded_bca", "studentized"])
def test_methods_that_want_more_must_be_asked_for(method):
    with pytest.raises(ValueError, match=re.escape(f"Bootstrap(method={method!r})")):
        fed("mean").interval(method)
    ours = fed("mean", method=method)
    assert ours.interval(method, 0.6) == ours.interval(None, 0.6)


@pytest.mark.parametrize("method", ["abc", "calibrated", "BCA", None, 3])
def test_methods_that_need_the_rows_are_refused(method):
    with pytest.raises(InvalidParameterError, match="'method' parameter of Streaming"):
        fed("mean", method=method)
    if method is not None:
        with pytest.raises(InvalidParameterError, match="would need all rows again"):
            fed("mean").interval(method)


def test_too_few_resamples_for_a_level_are_said():
    with pytest.raises(ValueError, match="n_resamples=50 is too few for a 99 % inter"):
        fed("mean").interval(confidence_level=0.99)
    with pytest.raises(InvalidParameterError, match="'confidence_level' parameter of"):
        fed("mean").interval(confidence_level=95)


def test_a_method_without_ends_gives_way_with_one_warning():
    ours = stream("mean", method="studentized").partial_fit([1.0] * 9 + [2.0] * 2)
    with pytest.warns(UserWarning, match="'studentized' has no finite ends") as caught:
        ends = ours.interval(confidence_level=0.8)
    assert len(caught) == 1
    assert np.isfinite(ends).all()


def test_replicates_without_a_value_are_counted_in_one_warning():
    few = stream("corr", 200).partial_fit([1.0, 2.0, 4.0], [1.0, 3.0, 2.0])
    n_failed = int(np.isnan(few.distribution_).sum())
    assert 0 < n_failed < 150
    with pytest.warns(UserWarning, match=f"no value in {n_failed} of 200") as caught:
        few.interval(confidence_level=0.8)
    assert len(caught) == 1


def test_a_statistic_that_almost_no_replicate_has_a_value_for_is_an_error():
    few = stream("ols", 2, random_state=1)
    few.partial_fit(np.eye(5)[:, :3], np.arange(5.0))
    assert np.isnan(few.distribution_).any()
    with pytest.raises(ValueError, match=r"no value in \d of 2 replicates of 5 rows"):
        _ = few.standard_error_


# What is wrong with the input.


def test_masked_values_are_refused():
    masked = np.ma.masked_greater(SKEWED, 5.0)
    n_masked = int(masked.mask.sum())
    assert n_masked > 0
    with pytest.raises(ValueError, match=f"without masked values, got {n_masked}"):
        stream().partial_fit(masked)
    with pytest.raises(ValueError, match=f"without masked values, got {n_masked}"):
        stream("corr").partial_fit(Y, masked)
    with pytest.raises(ValueError, match=f"without masked values, got {n_masked}"):
        stream((identity, only_mean)).partial_fit(masked)
    ours = stream().partial_fit(masked.compressed())
    assert ours.estimate_ == pytest.approx(masked.mean())
    unmasked = stream().partial_fit(np.ma.masked_greater(SKEWED, np.inf))
    assert_same_bits(unmasked, fed("mean"))


def test_a_function_of_the_user_may_know_what_to_do_with_masked_values():
    def kept(x):
        return np.column_stack([x.filled(0), ~np.ma.getmaskarray(x)])

    masked = np.ma.masked_greater(SKEWED, 5.0)
    ours = stream((kept, lambda means, n: means[:, 0] / means[:, 1]))
    assert ours.partial_fit(masked).estimate_ == pytest.approx(masked.mean())


@pytest.mark.parametrize(
    "statistic",
    [
        "median",
        "gini",
        ("quantile", 0.9),
        np.mean,
        np.median,
        None,
        (),
        ("mean", 1),
        ("var", -1),
        ("var", 0.5),
        ("var", True),
        (identity,),
        (identity, "mean"),
        (identity, only_mean, 3),
        ["var", 1],
    ],
    ids=NUMBERED,
)
def test_statistics_that_are_not_functions_of_sums_are_refused(statistic):
    with pytest.raises(InvalidParameterError, match=r"'ols', \('var', ddof\), \('std"):
        stream(statistic).partial_fit(SKEWED)


def test_the_refusal_says_where_to_go():
    with pytest.raises(InvalidParameterError, match="keeps sums over rows and no rows"):
        stream("median").partial_fit(SKEWED)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_resamples", 1),
        ("n_resamples", 9.0),
        ("first_row", -1),
        ("first_row", 0.5),
        ("n_jobs", "all"),
        ("random_state", -1),
    ],
)
def test_parameters_outside_what_is_allowed_are_named(name, value):
    with pytest.raises(InvalidParameterError, match=f"The '{name}' parameter"):
        stream(**{name: value}).partial_fit(SKEWED)


@pytest.mark.parametrize("bad", [np.nan, np.inf, None])
def test_missing_and_infinite_values_are_refused_and_leave_no_trace(bad):
    ours = fed("mean")
    before = ours.distribution_
    with pytest.raises(ValueError, match=r"Input x contains (NaN|infinity)"):
        ours.partial_fit([1.0, bad])
    assert_array_equal(ours.distribution_, before)
    assert ours.n_rows_seen_ == N
    with pytest.raises(ValueError, match=r"Input columns\(...\) contains (NaN|infin)"):
        stream((np.asarray, only_mean)).partial_fit(np.array([1.0, bad], dtype=float))


@pytest.mark.parametrize("empty", [[], np.empty((0, 3)), pd.DataFrame({"a": []})])
def test_empty_batches_are_refused(empty):
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        stream().partial_fit(empty)
    with pytest.raises(ValueError, match="A batch needs at least one row, got none"):
        stream((identity, only_mean)).partial_fit(empty)


def test_batches_with_other_columns_are_refused():
    ours = fed("means")
    with pytest.raises(ValueError, match=re.escape("(2,), those before had (3,)")):
        ours.partial_fit(X[:, :2])
    with pytest.raises(ValueError, match=re.escape("(), those before had (3,)")):
        ours.partial_fit(X[:, 0])
    with pytest.raises(ValueError, match="same columns"):
        fed("ols").partial_fit(X[:, :2], Y)
    own = stream((mean_and_square, only_mean)).partial_fit(SKEWED)
    own.set_params(statistic=(mean_and_square, only_mean))
    with pytest.raises(ValueError, match=re.escape("(4,), those before had (2,)")):
        own.partial_fit(X[:, :2])


def test_columns_of_frames_keep_their_names_and_order():
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    ours = stream().partial_fit(X).partial_fit(frame)
    with pytest.raises(ValueError, match=r"\['b', 'a', 'c'\], those before \['a', 'b'"):
        ours.partial_fit(frame[["b", "a", "c"]])
    assert ours.partial_fit(pl.from_pandas(frame)).n_rows_seen_ == 3 * N


@pytest.mark.parametrize(
    ("statistic", "arrays", "said"),
    [
        ("mean", (), r"takes 1 arrays \(x\), got 0"),
        ("mean", (SKEWED, Y), r"takes 1 arrays \(x\), got 2"),
        ("ratio", (SKEWED,), r"takes 2 arrays \(numerator, denominator\), got 1"),
        ("ratio", (SKEWED, X), "denominator must have one dimension"),
        ("ols", (X, X), "y must have one dimension"),
        ("corr", (X, Y), "x must have one dimension"),
        ("corr", (X[:, :1],), "two columns or more, got one"),
        ("corr", (SKEWED,), "two columns or more, got one"),
        ("ols", (X, Y[:-1]), r"same number of rows, got \[120, 119\]"),
        ("mean", (np.array(["a", "b"]),), "could not convert"),
    ],
    ids=NUMBERED,
)
def test_arrays_that_do_not_fit_the_statistic_are_refused(statistic, arrays, said):
    with pytest.raises(ValueError, match=said):
        stream(statistic).partial_fit(*arrays)


@pytest.mark.parametrize(
    ("statistic", "said"),
    [
        ((lambda x: x[:3], only_mean), "one row for each row of the arrays, got 3 for"),
        ((identity, lambda means, n: means.mean()), r"got shape \(\)"),
        ((mean_and_square, lambda means, n: means[0]), r"got shape \(2,\)"),
    ],
)
def test_functions_of_the_user_that_return_something_else_are_told_what(
    statistic, said
):
    with pytest.raises(ValueError, match=said):
        stream(statistic).partial_fit(SKEWED)


def test_a_function_of_the_user_needs_arrays_of_one_length():
    own = (lambda x, y: x, only_mean)
    with pytest.raises(ValueError, match=r"same number of rows, got \[120, 7\]"):
        stream(own).partial_fit(SKEWED, Y[:7])
    with pytest.raises(ValueError, match="at least one array, got none"):
        stream(own).partial_fit()


@pytest.mark.parametrize(
    ("statistic", "arrays"),
    [
        ("corr", (np.ones(9), np.arange(9.0))),
        ("ols", (np.column_stack([np.arange(9.0)] * 2), np.arange(9.0))),
        ("ols", (np.eye(3), np.arange(3.0))),
        ("ratio", (np.arange(9.0), np.zeros(9))),
        (("var", 1), ([2.0],)),
    ],
)
def test_a_statistic_without_a_value_is_an_error_not_nan(statistic, arrays):
    ours = stream(statistic).partial_fit(*arrays)
    with pytest.raises(ValueError, match=f"The statistic of the {len(arrays[0])} rows"):
        _ = ours.estimate_
    if len(arrays[0]) > 1:
        with pytest.raises(ValueError, match="Look for too few rows, constant"):
            ours.interval()


def test_a_value_comes_with_enough_rows():
    ours = stream("corr", 99).partial_fit([1.0], [2.0])
    with pytest.raises(ValueError, match="The statistic of the 1 rows seen is"):
        _ = ours.estimate_
    assert_allclose(
        ours.partial_fit(SKEWED, Y).estimate_,
        np.corrcoef([1.0, *SKEWED], [2.0, *Y])[0, 1],
    )


@pytest.mark.parametrize(
    ("method", "n_columns"), [("bca", 13), ("studentized", 40), ("bca", 400)]
)
def test_products_of_too_many_terms_are_refused_before_any_work(method, n_columns):
    wide = np.random.default_rng(0).normal(size=(5, n_columns))
    with pytest.raises(ValueError, match=f"method='{method}' needs products of"):
        stream("ols", method=method).partial_fit(wide, np.arange(5.0))


def test_means_of_many_columns_are_cheap_with_every_method():
    wide = np.random.default_rng(0).normal(size=(200, 500))
    for method in ("bca", "studentized"):
        ours = stream(method=method).partial_fit(wide)
        assert_allclose(ours.estimate_, wide.mean(axis=0), atol=1e-14)
        assert np.isfinite(ours.interval("percentile")).all()
