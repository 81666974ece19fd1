"""Many models against a benchmark."""

import pickle
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.utils import estimator_checks

from ensembles.exceptions import InvalidParameterError
from ensembles.inference import (
    ModelConfidenceSet,
    RealityCheck,
    StepwiseMultipleTest,
    SuperiorPredictiveAbility,
)
from ensembles.inference._many_models import _multiple_testing
from ensembles.resampling import (
    BayesianBootstrap,
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    MovingBlockBootstrap,
    PoissonBootstrap,
    StationaryBootstrap,
)

ALL = [SuperiorPredictiveAbility, RealityCheck, StepwiseMultipleTest]
every_test = pytest.mark.parametrize("cls", ALL)
by_property = settings(max_examples=40, deadline=None, derandomize=True)


def simulate(rng, n=150, k=6, gains=0.0):
    """Losses of a benchmark, and of models that are better by `gains`."""
    benchmark = 1 + rng.normal(size=n)
    return benchmark[:, np.newaxis] + rng.normal(size=(n, k)) - gains, benchmark


def make(cls, **params):
    return cls(**{"n_resamples": 199, "random_state": 0, **params})


def pvalue_of(test):
    return getattr(test, "pvalue_", None) or test.pvalues_.min()


def replicates_of(test, losses, benchmark):
    """Means of d and of its replicates, one replicate after another."""
    d = benchmark[:, np.newaxis] - losses
    scheme = clone(test.scheme or StationaryBootstrap())
    scheme.set_params(n_resamples=test.n_resamples, random_state=test.random_state)
    stars = [d[rows].mean(axis=0) for rows in scheme.iter_indices(d)]
    return d.mean(axis=0), np.array(stars)


def spa_by_the_book(test, losses, benchmark):
    """Hansen (2005): statistic, and p-values of the three null hypotheses."""
    n = len(losses)
    mean, stars = replicates_of(test, losses, benchmark)
    omega = np.sqrt(n * ((stars - mean) ** 2).mean(axis=0))
    statistic = max((np.sqrt(n) * mean / omega).max(), 0)
    bound = -omega * np.sqrt(2 * np.log(np.log(n)) / n)
    recentred = {
        "lower": np.maximum(mean, 0),
        "consistent": mean * (mean >= bound),
        "upper": mean,
    }
    pvalues = {}
    for null, g in recentred.items():
        largest = np.maximum((np.sqrt(n) * (stars - g) / omega).max(axis=1), 0)
        pvalues[null] = (1 + (largest >= statistic).sum()) / (1 + len(stars))
    return statistic, pvalues


def stepm_by_the_book(test, losses, benchmark, alpha):
    """Romano & Wolf (2005), algorithm of steps: all above the critical value leave."""
    mean, stars = replicates_of(test, losses, benchmark)
    errors = np.sqrt(((stars - mean) ** 2).mean(axis=0))
    t, t_stars = mean / errors, (stars - mean) / errors
    left, found = set(range(len(mean))), set()
    while left:
        largest = np.sort(t_stars[:, sorted(left)].max(axis=1))
        # The smallest value that at most a share alpha, the sample among them, reach.
        n_above = int(np.floor(alpha * (len(stars) + 1)))
        critical = largest[len(stars) - n_above]
        better = {j for j in left if t[j] > critical}
        if not better:
            break
        found |= better
        left -= better
    return sorted(found)


@pytest.mark.parametrize("seed", range(8))
def test_spa_is_that_of_the_paper(seed):
    losses, benchmark = simulate(np.random.default_rng(seed), gains=0.05)
    losses[:, :3] += 0.3
    test = make(SuperiorPredictiveAbility).fit(losses, benchmark)
    statistic, pvalues = spa_by_the_book(test, losses, benchmark)
    assert_allclose(test.statistic_, statistic)
    assert_allclose(test.pvalue_lower_, pvalues["lower"])
    assert_allclose(test.pvalue_, pvalues["consistent"])
    assert_allclose(test.pvalue_upper_, pvalues["upper"])


@pytest.mark.parametrize("seed", range(4))
def test_the_reality_check_is_that_of_the_paper(seed):
    losses, benchmark = simulate(np.random.default_rng(seed))
    test = make(RealityCheck).fit(losses, benchmark)
    mean, stars = replicates_of(test, losses, benchmark)
    statistic = np.sqrt(150) * mean.max()
    largest = np.sqrt(150) * (stars - mean).max(axis=1)
    assert_allclose(test.statistic_, statistic)
    assert_allclose(test.pvalue_, (1 + (largest >= statistic).sum()) / 200)


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.5])
def test_stepm_finds_what_the_paper_s_steps_find(seed, alpha):
    rng = np.random.default_rng(seed)
    losses, benchmark = simulate(rng, k=8, gains=np.linspace(-0.2, 0.4, 8))
    test = make(StepwiseMultipleTest, alpha=alpha).fit(losses, benchmark)
    found = stepm_by_the_book(test, losses, benchmark, alpha)
    assert_array_equal(test.superior_, found)


def test_stepm_s_pvalues_hold_the_models_of_every_level(rng):
    losses, benchmark = simulate(rng, k=8, gains=np.linspace(-0.2, 0.4, 8))
    test = make(StepwiseMultipleTest).fit(losses, benchmark)
    for alpha in (0.01, 0.1, 0.3, 0.6):
        other = make(StepwiseMultipleTest, alpha=alpha).fit(losses, benchmark)
        assert_array_equal(other.pvalues_, test.pvalues_)
        assert_array_equal(other.superior_, test.models_[test.pvalues_ <= alpha])


@pytest.mark.parametrize("seed", range(10))
def test_stepm_s_pvalues_do_not_fall_from_better_to_worse(seed):
    losses, benchmark = simulate(np.random.default_rng(seed), k=20, gains=0.1)
    test = make(StepwiseMultipleTest).fit(losses, benchmark)
    in_order = test.pvalues_[np.argsort(-test.statistics_)]
    assert (np.diff(in_order) >= 0).all()


@pytest.mark.parametrize("gain", [-0.3, -0.05, 0.0, 0.05, 0.2])
@pytest.mark.parametrize("null", ["upper", "consistent"])
def test_with_one_model_stepm_is_the_spa_test(gain, null, rng):
    losses, benchmark = simulate(rng, k=1, gains=gain)
    step = make(StepwiseMultipleTest, null=null).fit(losses, benchmark)
    spa = make(SuperiorPredictiveAbility).fit(losses, benchmark)
    assert step.pvalues_[0] == spa.pvalue_
    assert_array_equal(step.statistics_, spa.statistics_)


@pytest.mark.parametrize("null", ["upper", "consistent"])
def test_the_smallest_pvalue_of_stepm_is_that_of_the_spa_test(null, rng):
    losses, benchmark = simulate(rng, gains=[-0.5, -0.5, -0.1, 0, 0.1, 0.2])
    step = make(StepwiseMultipleTest, null=null).fit(losses, benchmark)
    spa = make(SuperiorPredictiveAbility).fit(losses, benchmark)
    expected = spa.pvalue_ if null == "consistent" else spa.pvalue_upper_
    assert step.pvalues_.min() == expected


@by_property
@given(st.integers(0, 2**32), st.integers(1, 5), st.floats(-1, 1))
def test_the_three_pvalues_are_in_order(seed, k, gain):
    rng = np.random.default_rng(seed)
    losses, benchmark = simulate(rng, n=40, k=k, gains=gain * rng.random(k))
    test = make(SuperiorPredictiveAbility, n_resamples=99).fit(losses, benchmark)
    assert 0.01 <= test.pvalue_lower_ <= test.pvalue_ <= test.pvalue_upper_ <= 1


@pytest.mark.parametrize("cls", [SuperiorPredictiveAbility, StepwiseMultipleTest])
def test_rescaling_one_model_s_difference_changes_nothing(cls, rng):
    losses, benchmark = simulate(rng, gains=[0.2, 0.1, 0, 0, -0.1, -0.5])
    expected = make(cls).fit(losses, benchmark)
    for j, scale in [(0, 1024.0), (3, 1 / 64), (5, 17.0)]:
        rescaled = losses.copy()
        rescaled[:, j] = benchmark - scale * (benchmark - losses[:, j])
        found = make(cls).fit(rescaled, benchmark)
        assert_allclose(found.statistics_, expected.statistics_)
        assert pvalue_of(found) == pvalue_of(expected)


def test_studentization_matters_where_one_model_is_erratic(rng):
    """A test that compares plain means, as some do, sees but the erratic model."""
    losses, benchmark = simulate(rng, n=300, k=5, gains=[0.25, 0, 0, 0, 0])
    losses[:, 4] += 30 * rng.normal(size=300)
    spa = make(SuperiorPredictiveAbility).fit(losses, benchmark)
    plain = make(RealityCheck).fit(losses, benchmark)
    assert spa.pvalue_ < 0.05
    assert spa.best_model_ == 0
    assert plain.pvalue_ > 0.1
    assert list(make(StepwiseMultipleTest).fit(losses, benchmark).superior_) == [0]


def test_poor_models_weaken_the_reality_check_and_not_the_spa_test():
    """The point of Hansen (2005), with fifty models that are clearly worse."""
    gains = np.repeat([0.14, -1], [2, 50])
    crowd, benchmark = simulate(np.random.default_rng(1), 300, 52, gains)
    losses = crowd[:, :2]
    alone = make(SuperiorPredictiveAbility).fit(losses, benchmark)
    among = make(SuperiorPredictiveAbility).fit(crowd, benchmark)
    assert among.pvalue_ == alone.pvalue_ < 0.1
    assert among.pvalue_upper_ > alone.pvalue_upper_ + 0.2
    checked = make(RealityCheck).fit(crowd, benchmark)
    assert checked.pvalue_ > make(RealityCheck).fit(losses, benchmark).pvalue_ + 0.2
    step = make(StepwiseMultipleTest, alpha=0.1)
    assert len(step.fit(crowd, benchmark).superior_) == 0
    step.set_params(null="consistent")
    assert len(step.fit(crowd, benchmark).superior_) > 0


@every_test
def test_a_clear_winner_is_found(cls, rng):
    losses, benchmark = simulate(rng, k=10)
    losses[:, 7] -= 1
    test = make(cls).fit(losses, benchmark)
    assert pvalue_of(test) == 1 / 200
    assert test.best_model_ == 7
    assert test.mean_differences_.argmax() == 7


def test_errors_are_those_of_the_stationary_bootstrap_in_closed_form(rng):
    """Politis & Romano (1994), lemma 1. 20,000 replicates: 2 % is four errors.

    The relative error of a standard deviation of r values is 1 / sqrt(2 r) = 0.5 %;
    fails by chance 1 seed in 10,000 for the three models.
    """
    n, p = 100, 0.2
    d = rng.normal(size=(n, 3))
    d[1:] += 0.5 * d[:-1]
    test = SuperiorPredictiveAbility(
        scheme=StationaryBootstrap(block_length=5), n_resamples=20_000, random_state=0
    ).fit(-d, np.zeros(n))
    centred = d - d.mean(axis=0)
    variance = (centred**2).mean(axis=0)
    for lag in range(1, n):
        around = (centred * np.roll(centred, -lag, axis=0)).mean(axis=0)
        variance += 2 * (1 - lag / n) * (1 - p) ** lag * around
    assert_allclose(test.standard_errors_, np.sqrt(variance / n), rtol=0.02)


def test_no_better_model_is_a_pvalue_of_one(rng):
    losses, benchmark = simulate(rng, gains=-1)
    spa = make(SuperiorPredictiveAbility).fit(losses, benchmark)
    assert spa.statistic_ == 0
    assert (spa.pvalue_lower_, spa.pvalue_, spa.pvalue_upper_) == (1, 1, 1)
    step = make(StepwiseMultipleTest).fit(losses, benchmark)
    assert_array_equal(step.pvalues_, np.ones(6))


@every_test
def test_a_model_that_is_the_benchmark_is_not_better(cls, rng):
    benchmark = rng.normal(size=60)
    test = make(cls).fit(np.column_stack([benchmark, benchmark]), benchmark)
    assert pvalue_of(test) == 1
    assert_array_equal(test.statistics_, [0, 0])


@pytest.mark.parametrize("cls", [SuperiorPredictiveAbility, StepwiseMultipleTest])
@pytest.mark.parametrize("level", [0, 1e4])
def test_differences_that_are_the_same_in_each_row_are_certain(cls, level, rng):
    """But for the last bit, which rounding makes the one or the other."""
    losses, benchmark = (level + one for one in simulate(rng, k=2))
    last_bit = np.spacing(benchmark) * rng.integers(-1, 2, size=150)
    by_rule = np.column_stack(
        [losses, benchmark - 0.1 + last_bit, benchmark + 0.1 + last_bit]
    )
    test = make(cls).fit(by_rule, benchmark)
    assert_array_equal(test.statistics_[2:], [np.inf, -np.inf])
    assert pvalue_of(test) == 1 / 200
    assert test.best_model_ == 2
    if cls is StepwiseMultipleTest:
        assert_array_equal(test.superior_, [2])
        without = make(cls).fit(losses, benchmark)
        assert_array_equal(test.pvalues_[:2], without.pvalues_)
        assert test.pvalues_[3] == 1


@every_test
@pytest.mark.parametrize(
    "scheme",
    [
        Bootstrap(),
        Bootstrap(balanced=True),
        GroupBootstrap(),
        BayesianBootstrap(),
        PoissonBootstrap(),
        CircularBlockBootstrap(),
        MovingBlockBootstrap(),
        StationaryBootstrap(),
    ],
    ids=repr,
)
def test_any_scheme_of_rows_will_do(cls, scheme, rng):
    losses, benchmark = simulate(rng, gains=[0.6, 0, 0, 0, 0, 0])
    test = make(cls, scheme=scheme).fit(losses, benchmark, groups=np.arange(150) // 2)
    assert pvalue_of(test) < 0.02
    losses, benchmark = simulate(rng, k=2, gains=[-0.1, -0.2])
    test = make(cls, scheme=scheme).fit(losses, benchmark, groups=np.arange(150) // 2)
    assert pvalue_of(test) > 0.3


@every_test
def test_the_same_seed_gives_the_same_bits_whatever_the_blocks(cls, rng, monkeypatch):
    losses, benchmark = simulate(rng)
    expected = pvalue_of(make(cls).fit(losses, benchmark))
    assert pvalue_of(make(cls).fit(losses, benchmark)) == expected
    for size in (1, 2**12, 2**30):
        monkeypatch.setattr(_multiple_testing, "_BLOCK_BYTES", size)
        assert pvalue_of(make(cls).fit(losses, benchmark)) == expected


@every_test
def test_the_benchmark_may_be_a_column_by_position(cls, rng):
    losses, benchmark = simulate(rng)
    table = np.insert(losses, 2, benchmark, axis=1)
    test = make(cls).fit(table.tolist(), 2)
    expected = make(cls).fit(losses, benchmark.tolist())
    assert_array_equal(test.models_, [0, 1, 3, 4, 5, 6])
    assert_array_equal(test.statistics_, expected.statistics_)
    assert pvalue_of(test) == pvalue_of(expected)


@every_test
@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_the_benchmark_may_be_a_column_by_name(cls, library, rng):
    frames = pytest.importorskip(library)
    losses, benchmark = simulate(rng, k=2)
    models = frames.DataFrame({"a": losses[:, 0], "b": losses[:, 1]})
    table = frames.DataFrame({"a": losses[:, 0], "naive": benchmark, "b": losses[:, 1]})
    test = make(cls).fit(table, "naive")
    assert list(test.models_) == ["a", "b"]
    for base in (benchmark, table["naive"]):
        other = make(cls).fit(models, base)
        assert_array_equal(other.statistics_, test.statistics_)


@every_test
def test_the_summary_lists_the_best_model_first(cls, rng):
    pandas = pytest.importorskip("pandas")
    losses, benchmark = simulate(rng, k=3, gains=[0, 0.6, 0.3])
    table = pandas.DataFrame(losses, columns=["a", "b", "c"])
    test = make(cls).fit(table, benchmark)
    summary = test.summary()
    assert list(summary.index) == ["b", "c", "a"]
    assert_array_equal(summary["statistic"], test.statistics_[[1, 2, 0]])
    assert_array_equal(summary["mean_difference"], test.mean_differences_[[1, 2, 0]])
    assert_array_equal(summary["standard_error"], test.standard_errors_[[1, 2, 0]])
    if cls is StepwiseMultipleTest:
        assert_array_equal(summary["pvalue"], test.pvalues_[[1, 2, 0]])
        assert_array_equal(summary["superior"], test.support_[[1, 2, 0]])


@every_test
def test_they_are_cloned_pickled_and_printed_as_estimators_are(cls, rng):
    losses, benchmark = simulate(rng)
    test = make(cls, scheme=Bootstrap())
    assert repr(clone(test)) == repr(test)
    assert "n_resamples=199" in repr(test)
    with pytest.raises(NotFittedError, match="is not fitted yet"):
        test.summary()
    fitted = pickle.loads(pickle.dumps(test.fit(losses, benchmark)))
    assert_array_equal(fitted.statistics_, test.statistics_)


@pytest.mark.parametrize("cls", [*ALL, ModelConfidenceSet])
@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_set_params,
    ],
    ids=lambda check: check.__name__,
)
def test_parameters_are_held_as_scikit_learn_s_estimators_hold_them(cls, check):
    check(cls.__name__, cls())


@every_test
def test_a_fit_leaves_the_losses_alone(cls, rng):
    losses, benchmark = simulate(rng)
    before = losses.copy(), benchmark.copy()
    make(cls).fit(losses, benchmark)
    assert_array_equal(losses, before[0])
    assert_array_equal(benchmark, before[1])


@pytest.mark.parametrize(
    ("cls", "params", "allowed"),
    [
        (StepwiseMultipleTest, {"alpha": 1.5}, "a float in the range (0.0, 1.0). Got"),
        (StepwiseMultipleTest, {"null": "lower"}, "one of {'consistent', 'upper'}. Go"),
        *[
            (cls, {"n_resamples": 0}, "an int in the range [1, inf). Got")
            for cls in ALL
        ],
        *[
            (cls, {"scheme": 3}, "a scheme of ensembles.resampling or None.")
            for cls in ALL
        ],
    ],
    ids=str,
)
def test_parameters_outside_their_ranges_are_an_error(cls, params, allowed, rng):
    (name,) = params
    message = f"The '{name}' parameter of {cls.__name__} must be {allowed}"
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        cls(**params).fit(*simulate(rng))


@every_test
@pytest.mark.parametrize("benchmark", ["naive", 6, -1], ids=str)
def test_a_benchmark_that_is_no_column_is_an_error(cls, benchmark, rng):
    losses, _ = simulate(rng)
    with pytest.raises(ValueError, match=f"benchmark={benchmark!r} is no column of"):
        cls().fit(losses, benchmark)


@every_test
def test_a_benchmark_that_does_not_fit_the_rows_is_an_error(cls, rng):
    pandas = pytest.importorskip("pandas")
    losses, benchmark = simulate(rng)
    with pytest.raises(ValueError, match=r"one loss for each of 150 rows.*got 149"):
        cls().fit(losses, benchmark[1:])
    with pytest.raises(ValueError, match="should be a 1d array, got an array of shape"):
        cls().fit(losses, losses)
    with pytest.raises(ValueError, match="have different indexes"):
        cls().fit(pandas.DataFrame(losses), pandas.Series(benchmark)[::-1])
    benchmark[3] = np.nan
    with pytest.raises(ValueError, match="Column 'benchmark' of benchmark is nan in r"):
        cls().fit(losses, benchmark)


@every_test
def test_losses_that_do_not_do_are_an_error(cls, rng):
    losses, benchmark = simulate(rng)
    with pytest.raises(ValueError, match=r"at least 10 rows, got losses of shape \(9,"):
        cls().fit(losses[:9], benchmark[:9])
    with pytest.raises(ValueError, match="at least 2 models"):
        cls().fit(losses[:, :1], 0)
    losses[5, 4] = np.inf
    with pytest.raises(ValueError, match="Column 4 of losses is inf in row 5"):
        cls().fit(losses, benchmark)


@every_test
def test_replicates_that_are_all_alike_are_an_error(cls, rng):
    losses, benchmark = simulate(rng)
    scheme = CircularBlockBootstrap(block_length=150)
    with pytest.raises(
        ValueError, match="in loss of 0 to the benchmark varies from ro"
    ):
        make(cls, scheme=scheme).fit(losses, benchmark)


def size_of(cls, n_sims, seed, gains=0.0, alpha=0.1):
    """Share of data sets in which a test finds a model that is not better."""
    rng = np.random.default_rng(seed)
    wrong = 0
    gains = np.broadcast_to(gains, 4)
    for sim in range(n_sims):
        losses, benchmark = simulate(rng, n=200, k=4, gains=gains)
        test = make(cls, scheme=Bootstrap(), random_state=sim).fit(losses, benchmark)
        if cls is StepwiseMultipleTest:
            wrong += bool((test.pvalues_[gains <= 0] <= alpha).any())
        else:
            wrong += test.pvalue_ <= alpha
    return wrong / n_sims


@pytest.mark.slow
@every_test
def test_equal_models_are_found_better_with_the_stated_probability(cls):
    """1,000 data sets of 4 models as good as the benchmark, level 0.1.

    Four binomial standard errors around 0.1, and 0.02 more above, as the bootstrap's
    errors of 200 rows are a little small: fails 1 seed in 10,000.
    """
    assert 0.062 < size_of(cls, 1000, seed=0) < 0.158


@pytest.mark.slow
def test_stepm_keeps_the_family_wise_rate_among_better_models():
    """Two clearly better, two equal: four binomial errors and 0.02: 1 in 10,000."""
    found = size_of(StepwiseMultipleTest, 1000, seed=1, gains=[1, 1, 0, 0])
    assert 0.062 < found < 0.158


@pytest.mark.slow
def test_poor_models_make_the_reality_check_timid():
    """Two equal, two clearly worse but erratic: far below its level of 0.1."""
    rng = np.random.default_rng(2)
    found = np.zeros(2)
    for sim in range(300):
        losses, benchmark = simulate(rng, n=200, k=4, gains=[0, 0, -3, -3])
        losses[:, 2:] += 3 * rng.normal(size=(200, 2))
        for i, cls in enumerate([SuperiorPredictiveAbility, RealityCheck]):
            test = make(cls, scheme=Bootstrap(), random_state=sim)
            found[i] += test.fit(losses, benchmark).pvalue_ <= 0.1
    assert 0.03 < found[0] / 300 < 0.19
    assert found[1] / 300 < 0.03
