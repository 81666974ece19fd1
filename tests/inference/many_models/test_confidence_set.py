"""The models that cannot be told from the best one."""

import pickle
import re
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from ensembles.exceptions import InvalidParameterError, MissingDependencyError
from ensembles.inference import ModelConfidenceSet
from ensembles.inference._many_models import _elimination
from ensembles.inference._many_models._losses import replicate_means
from ensembles.resampling import (
    BayesianBootstrap,
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    Jackknife,
    MovingBlockBootstrap,
    PoissonBootstrap,
    StationaryBootstrap,
)

METHODS = ["R", "max"]
every_method = pytest.mark.parametrize("method", METHODS)


def simulate(rng, n=120, k=6, spread=0.15):
    """Losses of models whose means are `spread` apart."""
    common = rng.normal(size=(n, 1))
    return 1 + common + rng.normal(size=(n, k)) + spread * np.arange(k)


def by_the_book(losses, method, scheme, n_resamples, random_state):
    """Hansen, Lunde & Nason (2011), one set, pair and replicate after another."""
    scheme = clone(scheme).set_params(
        n_resamples=n_resamples, random_state=random_state
    )
    replicates = [losses[rows].mean(axis=0) for rows in scheme.iter_indices(losses)]
    stars = np.array(replicates) - losses.mean(axis=0)
    means = losses.mean(axis=0)
    left, found, pvalue = list(range(losses.shape[1])), {}, 0.0
    while len(left) > 1:
        if method == "R":
            t, t_stars = {}, []
            for i in left:
                for j in left:
                    if i != j:
                        star = stars[:, i] - stars[:, j]
                        error = np.sqrt(np.mean(star**2))
                        t[i, j] = (means[i] - means[j]) / error
                        t_stars.append(np.abs(star / error))
            statistic = max(abs(value) for value in t.values())
            worst = max(t, key=t.get)[0]
        else:
            t, t_stars = {}, []
            for i in left:
                star = stars[:, i] - stars[:, left].mean(axis=1)
                error = np.sqrt(np.mean(star**2))
                t[i] = (means[i] - means[left].mean()) / error
                t_stars.append(star / error)
            statistic = max(t.values())
            worst = max(t, key=t.get)
        as_large = np.sum(np.max(t_stars, axis=0) >= statistic)
        pvalue = max(pvalue, (1 + as_large) / (1 + n_resamples))
        found[worst] = pvalue
        left.remove(worst)
    found[left[0]] = 1.0
    return found


@every_method
@pytest.mark.parametrize("seed", range(6))
def test_pvalues_are_those_of_the_paper_s_procedure(method, seed):
    losses = simulate(np.random.default_rng(seed), k=2 + seed)
    scheme = StationaryBootstrap(block_length=4)
    test = ModelConfidenceSet(
        method=method, scheme=scheme, n_resamples=199, random_state=seed
    ).fit(losses)
    expected = by_the_book(losses, method, scheme, 199, seed)
    assert_allclose(test.pvalues_, [expected[j] for j in range(len(expected))])
    assert_array_equal(np.argsort(-test.ranking_), list(expected))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.integers(2, 7), st.data())
def test_the_worst_of_each_set_leaves_first(n_models, data):
    values = st.sampled_from([0, 0.5, 1, 2, 3, np.inf])
    t = np.triu(data.draw(arrays(np.float64, (n_models, n_models), elements=values)), 1)
    signs = np.where(data.draw(arrays(np.bool_, t.shape)), 1, -1)
    t = np.where(t == 0, 0, t * signs)
    t = t - t.T
    order, statistics = _elimination._worst_first(t)
    assert sorted(order) == list(range(n_models))
    for step, statistic in enumerate(statistics):
        rest = order[step:]
        assert statistic == t[np.ix_(rest, rest)].max()
        assert statistic == t[order[step], rest].max()


@every_method
def test_the_pvalues_hold_the_sets_of_every_level(method, rng):
    losses = simulate(rng)
    params = {"method": method, "n_resamples": 199, "random_state": 0}
    test = ModelConfidenceSet(**params).fit(losses)
    for alpha in (0.01, 0.05, 0.1, 0.25, 0.5, 0.9):
        other = ModelConfidenceSet(alpha, **params).fit(losses)
        assert_array_equal(other.pvalues_, test.pvalues_)
        assert_array_equal(other.included_, test.models_[test.pvalues_ > alpha])
        assert_array_equal(other.excluded_, test.models_[test.pvalues_ <= alpha])


@every_method
@pytest.mark.parametrize("seed", range(5))
def test_pvalues_do_not_fall_as_models_leave(method, seed):
    losses = simulate(np.random.default_rng(seed), k=8, spread=0.05)
    test = ModelConfidenceSet(method=method, n_resamples=99, random_state=0).fit(losses)
    in_order = test.pvalues_[np.argsort(-test.ranking_)]
    assert (np.diff(in_order) >= 0).all()
    assert in_order[-1] == 1
    assert (test.test_pvalues_ <= in_order[:-1]).all()
    assert len(test.test_statistics_) == len(test.test_pvalues_) == 7


@every_method
def test_a_duplicate_of_the_best_model_stays(method, rng):
    losses = simulate(rng, spread=0.5)
    doubled = np.column_stack([losses, losses[:, 0]])
    test = ModelConfidenceSet(method=method, n_resamples=199, random_state=0)
    test.fit(doubled)
    assert {0, 6} <= set(test.included_)
    assert_array_equal(test.pvalues_[[0, 6]], [1, 1])


@every_method
def test_models_that_are_all_the_same_stay(method, rng):
    losses = np.repeat(rng.normal(size=(50, 1)), 4, axis=1)
    test = ModelConfidenceSet(method=method, n_resamples=99, random_state=0).fit(losses)
    assert_array_equal(test.pvalues_, np.ones(4))
    assert_array_equal(test.test_statistics_, np.zeros(3))


@every_method
def test_a_model_that_is_worse_by_the_same_amount_in_each_row_leaves(method, rng):
    """No replicate turns the difference; rounding may make the last bit of a loss."""
    one = 1e4 + rng.normal(size=80)
    last_bit = np.spacing(one) * rng.integers(-1, 2, size=80)
    losses = np.column_stack([one, one + 0.1 + last_bit])
    test = ModelConfidenceSet(method=method, n_resamples=99, random_state=0).fit(losses)
    assert_array_equal(test.pvalues_, [1, 0.01])
    assert_array_equal(test.test_statistics_, [np.inf])


@every_method
def test_constant_losses_are_compared_too(method):
    losses = np.tile([0.1, 0.3, 0.2], (40, 1))
    test = ModelConfidenceSet(method=method, n_resamples=99, random_state=0).fit(losses)
    assert_array_equal(test.included_, [0])
    assert_array_equal(test.ranking_, [1, 3, 2])


@every_method
def test_the_scale_and_level_of_losses_do_not_matter(method, rng):
    losses = simulate(rng)
    test = ModelConfidenceSet(method=method, n_resamples=199, random_state=0)
    expected = test.fit(losses).pvalues_
    moved = losses * 1024 + rng.normal(size=(len(losses), 1))
    assert_allclose(test.fit(moved).pvalues_, expected)


@every_method
def test_a_giant_among_the_losses_hides_no_other_model(method, rng):
    losses = simulate(rng, n=200, spread=0.5)
    losses[:, 2] += 1e9
    near = losses[:, :1] + 1e-4 * simulate(rng, n=200, k=1)
    test = ModelConfidenceSet(method=method, n_resamples=199, random_state=0)
    test.fit(np.column_stack([losses, near]))
    assert_array_equal(test.included_, [0])


@every_method
def test_clear_losers_are_excluded_with_the_smallest_pvalue(method):
    losses = np.random.default_rng(1).normal([0, 0, 0, 1, 1, 1], size=(300, 6))
    test = ModelConfidenceSet(0.01, method=method, n_resamples=499, random_state=0)
    assert_array_equal(test.fit(losses).excluded_, [3, 4, 5])
    assert_array_equal(test.pvalues_[3:], np.full(3, 1 / 500))


@every_method
def test_dependence_between_rows_makes_the_set_larger(method):
    """An AR(1) series of 0.8: means stray three times as far as rows suggest."""
    noise = np.random.default_rng(1).normal(size=(600, 4))
    for i in range(1, 600):
        noise[i] += 0.8 * noise[i - 1]
    losses = noise + np.array([0, 0.4, 0.4, 0.4])
    params = {"method": method, "n_resamples": 499, "random_state": 0}
    of_rows = ModelConfidenceSet(scheme=Bootstrap(), **params).fit(losses)
    scheme = StationaryBootstrap(block_length=30)
    of_blocks = ModelConfidenceSet(scheme=scheme, **params).fit(losses)
    assert len(of_rows.included_) < len(of_blocks.included_)


@every_method
@pytest.mark.parametrize(
    "scheme",
    [
        Bootstrap(),
        Bootstrap(balanced=True),
        Bootstrap(stratify=np.arange(120) % 2),
        GroupBootstrap(),
        BayesianBootstrap(),
        PoissonBootstrap(),
        CircularBlockBootstrap(),
        MovingBlockBootstrap(),
        StationaryBootstrap(),
    ],
    ids=repr,
)
def test_any_scheme_of_rows_will_do(method, scheme, rng):
    losses = simulate(rng, spread=0.6)
    test = ModelConfidenceSet(
        method=method, scheme=scheme, n_resamples=299, random_state=0
    ).fit(losses, groups=np.arange(120) // 2)
    assert 0 in test.included_
    assert 5 in test.excluded_


@every_method
def test_the_same_seed_gives_the_same_bits_whatever_the_blocks(
    method, rng, monkeypatch
):
    losses = simulate(rng)
    test = ModelConfidenceSet(method=method, n_resamples=333, random_state=4)
    expected = test.fit(losses).pvalues_
    assert_array_equal(test.fit(losses).pvalues_, expected)
    for size in (1, 2**12, 2**30):
        monkeypatch.setattr(_elimination, "_BLOCK_BYTES", size)
        assert_array_equal(test.fit(losses).pvalues_, expected)


def test_a_fit_leaves_the_losses_and_the_global_random_state_alone(rng):
    losses = simulate(rng)
    before = losses.copy()
    np.random.seed(3)  # noqa: NPY002, TID251 - the global state is what is watched
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    for method in METHODS:
        ModelConfidenceSet(method=method, n_resamples=99).fit(losses)
    assert_array_equal(losses, before)
    assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_names_of_columns_are_kept(library, rng):
    frames = pytest.importorskip(library)
    losses = simulate(rng, k=3, spread=0.8)
    names = ["good", "fair", "poor"]
    table = frames.DataFrame({name: losses[:, j] for j, name in enumerate(names)})
    test = ModelConfidenceSet(n_resamples=199, random_state=0).fit(table)
    assert list(test.models_) == names
    assert list(test.included_) == ["good"]
    assert list(test.excluded_) == ["fair", "poor"]
    assert_array_equal(test.pvalues_, clone(test).fit(losses.tolist()).pvalues_)


def test_the_summary_lists_the_best_model_first(rng):
    pandas = pytest.importorskip("pandas")
    losses = simulate(rng, k=3, spread=0.8)[:, ::-1]
    columns = pandas.MultiIndex.from_tuples([("b", 1), ("a", 2), ("a", 1)])
    test = ModelConfidenceSet(n_resamples=199, random_state=0)
    summary = test.fit(pandas.DataFrame(losses, columns=columns)).summary()
    assert summary.index.tolist() == [("a", 1), ("a", 2), ("b", 1)]
    assert summary.index.name == "model"
    assert_allclose(summary["mean_loss"], losses.mean(axis=0)[::-1])
    assert_array_equal(summary["pvalue"], test.pvalues_[::-1])
    assert_array_equal(summary["included"], [True, False, False])


def test_a_summary_needs_a_fit_and_pandas(rng, monkeypatch):
    test = ModelConfidenceSet(n_resamples=99, random_state=0)
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        test.summary()
    test.fit(simulate(rng))
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDependencyError, match=r"summary\(\) needs pandas"):
        test.summary()


def test_it_is_cloned_pickled_and_printed_as_estimators_are(rng):
    test = ModelConfidenceSet(0.2, method="max", n_resamples=99, random_state=0)
    losses = simulate(rng)
    assert clone(test).get_params() == test.get_params()
    assert "alpha=0.2" in repr(test)
    fitted = pickle.loads(pickle.dumps(test.fit(losses)))
    assert_array_equal(fitted.pvalues_, test.pvalues_)


@pytest.mark.parametrize(
    ("params", "allowed"),
    [
        ({"alpha": 0}, "a float in the range (0.0, 1.0). Got 0 "),
        ({"alpha": 1}, "a float in the range (0.0, 1.0). Got 1 "),
        ({"alpha": "0.1"}, "a float in the range (0.0, 1.0). Got '0.1'"),
        ({"method": "r"}, "one of {'R', 'max'}. Got 'r'"),
        ({"n_resamples": 0}, "an int in the range [1, inf). Got 0"),
        ({"n_resamples": 9.5}, "an int in the range [1, inf). Got 9.5"),
        ({"scheme": "iid"}, "a scheme of ensembles.resampling or None. Got 'iid'"),
    ],
    ids=str,
)
def test_parameters_outside_their_ranges_are_an_error(params, allowed, rng):
    (name,) = params
    message = f"The '{name}' parameter of ModelConfidenceSet must be {allowed}"
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        ModelConfidenceSet(**params).fit(simulate(rng))


@pytest.mark.parametrize("scheme", [Bootstrap(replace=False), Jackknife()], ids=repr)
def test_schemes_whose_means_do_not_stray_as_the_data_do_are_an_error(scheme, rng):
    with pytest.raises(ValueError, match="do not stray as means do"):
        ModelConfidenceSet(scheme=scheme).fit(simulate(rng))


@pytest.mark.parametrize(
    "scheme",
    [
        Bootstrap(max_samples=30),
        Bootstrap(max_samples=0.5, replace=False),
        BayesianBootstrap(alpha=4),
        StationaryBootstrap(block_length=1, max_samples=300),
    ],
    ids=repr,
)
def test_replicates_that_stray_less_or_more_are_scaled(scheme, rng):
    """Standard errors of means; each within 5 % with 9999 replicates."""
    losses = rng.normal(size=(120, 3))
    means = replicate_means(scheme, losses, 9999, 0)
    expected = losses.std(axis=0) / 120**0.5
    assert_allclose(means.std(axis=0), expected, rtol=0.05)


@every_method
@pytest.mark.parametrize(
    "scheme", [CircularBlockBootstrap(block_length=120), GroupBootstrap()], ids=repr
)
def test_replicates_that_are_all_alike_are_an_error(method, scheme, rng):
    """Two groups of the same rows, or one block of all rows."""
    losses = np.tile(simulate(rng, n=60, k=3), (2, 1))
    test = ModelConfidenceSet(method=method, scheme=scheme, n_resamples=99)
    with pytest.raises(ValueError, match="varies from row to row, but its mean is the"):
        test.fit(losses, groups=np.repeat([0, 1], 60))


def test_a_scheme_says_what_it_needs(rng):
    with pytest.raises(ValueError, match="'groups' parameter should not be None"):
        ModelConfidenceSet(scheme=GroupBootstrap()).fit(simulate(rng))
    too_long = StationaryBootstrap(block_length=200)
    with pytest.raises(ValueError, match="block_length must be <= n_samples=120"):
        ModelConfidenceSet(scheme=too_long).fit(simulate(rng))
    with pytest.raises(ValueError, match="groups must have one entry for each of 120"):
        ModelConfidenceSet(scheme=GroupBootstrap()).fit(simulate(rng), groups=[1, 2])


def test_one_model_and_few_rows_are_an_error(rng):
    with pytest.raises(ValueError, match=r"at least 2 models.*of shape \(120, 1\)"):
        ModelConfidenceSet().fit(simulate(rng, k=1))
    with pytest.raises(ValueError, match=r"at least 10 rows.*of shape \(9, 3\)"):
        ModelConfidenceSet().fit(simulate(rng, n=9, k=3))
    with pytest.raises(ValueError, match="Expected 2D array, got 1D array"):
        ModelConfidenceSet().fit(np.arange(20.0))


def test_losses_that_are_not_finite_are_an_error_that_names_the_column(rng):
    pandas = pytest.importorskip("pandas")
    losses = simulate(rng, k=3)
    losses[7, 1] = np.nan
    with pytest.raises(ValueError, match="Column 1 of losses is nan in row 7"):
        ModelConfidenceSet().fit(losses)
    frame = pandas.DataFrame(losses, columns=["a", "naïve", "c"]).replace(
        np.nan, -np.inf
    )
    with pytest.raises(ValueError, match="Column 'naïve' of losses is -inf in row 7"):
        ModelConfidenceSet().fit(frame)


def test_two_columns_of_one_name_are_an_error(rng):
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(simulate(rng, k=3), columns=["a", "b", "a"])
    with pytest.raises(ValueError, match="must have different names"):
        ModelConfidenceSet().fit(frame)


@pytest.mark.slow
@every_method
def test_equal_models_are_all_kept_with_the_stated_probability(method):
    """1,000 data sets of 4 equal models, independent rows, level 0.1.

    Four binomial standard errors around 0.1, and 0.02 more above, as the bootstrap's
    errors of 200 rows are a little small: fails 1 seed in 10,000.
    """
    rng = np.random.default_rng(0)
    missed = 0
    for seed in range(1000):
        test = ModelConfidenceSet(
            method=method, scheme=Bootstrap(), n_resamples=199, random_state=seed
        ).fit(rng.normal(size=(200, 4)))
        missed += len(test.included_) < 4
    assert 0.062 < missed / 1000 < 0.158


@pytest.mark.slow
@every_method
def test_all_best_models_are_in_the_set_with_the_stated_probability(method):
    """Two best of five; 500 data sets: the rate of misses is at most 0.1.

    Four binomial standard errors above it, and 0.02 for 200 rows: 1 in 10,000.
    """
    rng = np.random.default_rng(1)
    missed, kept = 0, 0
    for seed in range(500):
        test = ModelConfidenceSet(
            method=method, scheme=Bootstrap(), n_resamples=199, random_state=seed
        ).fit(rng.normal([0, 0, 0.4, 0.5, 0.6], size=(200, 5)))
        missed += not {0, 1} <= set(test.included_)
        kept += len(set(test.included_) - {0, 1})
    assert missed / 500 < 0.174
    assert kept / 500 < 0.5
