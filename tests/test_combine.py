"""Rules that turn m outputs into one, against the same written out in plain Python."""

import math
import re
import weakref
from statistics import median

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from ensembles._combine import Combiner, CoveredCombiner, combine, resolve_rule
from ensembles.exceptions import InvalidParameterError

# One row has no rank, and the rule says so; a test of its own asks for the warning.
pytestmark = pytest.mark.filterwarnings("ignore:combine='rank' ranks the rows")


def combine_covered(rule, pairs, shape):
    combiner = CoveredCombiner(rule, shape)
    for rows, output in pairs:
        combiner.add(rows, output)
    return combiner.result()


NAMES = {
    False: ["mean", "median", "trimmed"],
    True: ["mean", "median", "trimmed", "vote", "log_pool", "rank"],
}
UNWEIGHTED = {"trimmed"}
EVERY = [(name, kind) for kind, names in NAMES.items() for name in names]
WEIGHTED = [(name, kind) for name, kind in EVERY if name not in UNWEIGHTED]

by_property = settings(max_examples=60, deadline=None, derandomize=True)


def parametrize(pairs):
    ids = [f"{name} of {'probabilities' if k else 'values'}" for name, k in pairs]
    return pytest.mark.parametrize(("name", "probabilities"), pairs, ids=ids)


def plain_mean(numbers, weights):
    weighted = [w * x for w, x in zip(weights, numbers, strict=True)]
    return math.fsum(weighted) / math.fsum(weights)


def plain_median(numbers, weights):
    """The median of each number repeated as often as its whole weight says."""
    pairs = zip(weights, numbers, strict=True)
    return median([x for w, x in pairs for _ in range(int(w))])


def plain_trimmed(numbers, weights):
    m = len(numbers)
    cut = m // 10 if m >= 20 else int(m >= 3)
    return math.fsum(sorted(numbers)[cut : m - cut]) / (m - 2 * cut)


def plain_vote(output):
    winners = [list(row).index(max(row)) for row in output]
    return [[float(j == w) for j in range(len(output[0]))] for w in winners]


def plain_log(output):
    return [[math.log(max(p, 2.0**-52)) for p in row] for row in output]


def plain_ranks(output):
    def share(value, column):
        less = sum(other < value for other in column)
        equal = sum(other == value for other in column)
        return (less + (equal + 1) / 2) / len(column)

    columns = list(zip(*output, strict=True))
    return [[share(p, columns[j]) for j, p in enumerate(row)] for row in output]


def plain_distribution(row):
    total = math.fsum(row)
    return [x / total if total > 0 else 1 / len(row) for x in row]


def plain_softmax(row):
    return plain_distribution([math.exp(x) for x in row])


def unchanged(output):
    return output


PREPARE = {"vote": plain_vote, "log_pool": plain_log, "rank": plain_ranks}
REDUCE = {"median": plain_median, "trimmed": plain_trimmed}
FINISH = {
    "median": plain_distribution,
    "trimmed": plain_distribution,
    "rank": plain_distribution,
    "log_pool": plain_softmax,
}


def plain_row(name, probabilities, members, weights):
    """One row's result from the prepared outputs of its members, (m,) or (m, k)."""
    reduce = REDUCE.get(name, plain_mean)
    if not probabilities:
        return reduce(members, weights)
    columns = zip(*members, strict=True)
    row = [reduce(column, weights) for column in columns]
    return FINISH.get(name, unchanged)(row)


def plain_combine(name, probabilities, outputs, weights=None):
    weights = [1] * len(outputs) if weights is None else weights
    prepared = [PREPARE.get(name, unchanged)(output) for output in outputs]
    return [
        plain_row(name, probabilities, members, weights)
        for members in zip(*prepared, strict=True)
    ]


def plain_covered(name, probabilities, outputs, n_rows):
    prepared = [
        dict(zip(rows, PREPARE.get(name, unchanged)(output), strict=True))
        for rows, output in outputs
        if len(rows)
    ]
    seen = [[member[i] for member in prepared if i in member] for i in range(n_rows)]
    return [
        plain_row(name, probabilities, members, [1] * len(members)) if members else None
        for members in seen
    ]


@st.composite
def stacks(draw, probabilities):
    """Outputs on a coarse grid, so that ties and zeros are common."""
    m, n, k = draw(st.tuples(st.integers(1, 25), st.integers(1, 6), st.integers(2, 4)))
    shape = (m, n, k) if probabilities else (m, n)
    low = 0 if probabilities else -3
    outputs = draw(arrays(np.float64, shape, elements=st.integers(low, 3)))
    weights = draw(st.lists(st.integers(0, 4), min_size=m, max_size=m).filter(any))
    if probabilities:
        outputs = np.array([[plain_distribution(r) for r in o] for o in outputs])
    return outputs, np.array(weights, dtype=np.float64)


@parametrize(EVERY)
def test_a_rule_is_what_it_is_in_plain_python(name, probabilities):
    @by_property
    @given(stacks(probabilities))
    def check(stack):
        outputs, _ = stack
        rule = resolve_rule("Owner", name, probabilities=probabilities)
        expected = plain_combine(name, probabilities, outputs)
        assert_allclose(combine(rule, outputs), expected, rtol=1e-10, atol=1e-12)

    check()


@parametrize(WEIGHTED)
def test_a_weighted_rule_is_what_it_is_in_plain_python(name, probabilities):
    @by_property
    @given(stacks(probabilities))
    def check(stack):
        outputs, weights = stack
        rule = resolve_rule("Owner", name, probabilities=probabilities, weighted=True)
        expected = plain_combine(name, probabilities, outputs, weights)
        for scale in (1, 0.1, 1e6):
            combined = combine(rule, outputs, scale * weights)
            assert_allclose(combined, expected, rtol=1e-10, atol=1e-12)

    check()


@parametrize(WEIGHTED)
def test_equal_weights_are_no_weights(name, probabilities, rng):
    outputs = rng.dirichlet(np.ones(3), (7, 9)) if probabilities else rng.random((7, 9))
    rule = resolve_rule("Owner", name, probabilities=probabilities)
    assert_allclose(combine(rule, outputs, np.full(7, 0.3)), combine(rule, outputs))


@parametrize(EVERY)
def test_one_rule_for_rows_that_members_cover_in_part(name, probabilities):
    @by_property
    @given(stacks(probabilities), st.integers(0, 2**32 - 1))
    def check(stack, seed):
        outputs, _ = stack
        m, n = outputs.shape[:2]
        covers = np.random.default_rng(seed).random((m, n)) < 0.4
        pairs = [
            (np.flatnonzero(c), o[c]) for c, o in zip(covers, outputs, strict=True)
        ]
        rule = resolve_rule("Owner", name, probabilities=probabilities)
        combined = combine_covered(rule, iter(pairs), outputs.shape[1:])
        expected = plain_covered(name, probabilities, pairs, n)
        if not covers.any():
            assert np.isnan(combined).all()
            return
        assert combined.shape == outputs.shape[1:]
        for row, plain in zip(combined, expected, strict=True):
            if plain is None:
                assert np.isnan(row).all()
            else:
                assert_allclose(row, plain, rtol=1e-10, atol=1e-12)

    check()


CALLABLES = {
    "largest": lambda stacked: stacked.max(axis=0),
    "first": lambda stacked: stacked[0],
    "number": lambda stacked: np.full(stacked.shape[1:], len(stacked)),
    "list": lambda stacked: np.quantile(stacked, 0.3, axis=0).tolist(),
}


@pytest.mark.parametrize("function", CALLABLES.values(), ids=CALLABLES)
@pytest.mark.parametrize("shape", [(6, 9), (6, 9, 3)], ids=["values", "probabilities"])
def test_a_callable_combines_complete_and_partial_outputs(function, shape, rng):
    outputs = rng.random(shape)
    rule = resolve_rule("Owner", function, probabilities=len(shape) == 3)
    assert_array_equal(combine(rule, outputs), function(outputs))
    covers = rng.random(shape[:2]) < 0.5
    covers[:, 4] = False
    pairs = [(np.flatnonzero(c), o[c]) for c, o in zip(covers, outputs, strict=True)]
    combined = combine_covered(rule, pairs, shape[1:])
    assert combined.shape == shape[1:]
    for i, row in enumerate(combined):
        if i == 4:
            assert np.isnan(row).all()
        else:
            assert_array_equal(row, np.asarray(function(outputs[covers[:, i], i])))


@pytest.mark.parametrize(
    ("function", "returned", "wanted"),
    [
        (lambda stacked: stacked, (3, 5), (5,)),
        (lambda stacked: stacked.mean(), (), (5,)),
        (lambda stacked: stacked.mean(axis=1), (3,), (5,)),
        (lambda stacked: stacked.mean(axis=0, keepdims=True), (1, 5), (5,)),
    ],
    ids=["all", "scalar", "wrong axis", "one too many"],
)
def test_a_callable_that_returns_a_wrong_shape_is_an_error(function, returned, wanted):
    rule = resolve_rule("Owner", function, probabilities=False)
    message = re.escape(
        f"The callable given as combine returned shape {returned} for outputs of shape "
        f"(3, 5); it must return {wanted}"
    )
    with pytest.raises(ValueError, match=message):
        combine(rule, np.ones((3, 5)))


def test_no_row_covered_is_nan_everywhere():
    for name in NAMES[False]:
        rule = resolve_rule("Owner", name, probabilities=False)
        for pairs in ([], [(np.array([], dtype=np.intp), np.array([]))]):
            combined = combine_covered(rule, pairs, (4,))
            assert_array_equal(combined, np.full(4, np.nan))


@pytest.mark.parametrize(
    ("values", "weights", "expected"),
    [
        ([1, 2, 3, 4], [1, 1, 1, 1], 2.5),
        ([1, 2, 3], [1, 1, 1], 2),
        ([1, 2, 3], [1, 1, 2], 2.5),
        ([3, 1, 2], [2, 1, 1], 2.5),
        ([1, 2, 3], [1, 1, 3], 3),
        ([1, 2, 3], [1, 0, 1], 2),
        ([5, 6, 7], [0, 0, 1], 7),
        ([5, 6, 7], [1, 0, 0], 5),
        ([1, 1, 9], [1, 1, 2], 5),
        ([8], [0.3], 8),
        ([1, 2], [0.1 + 0.2, 0.3], 1.5),
        (range(10), [0.1] * 10, 4.5),
        (range(6), [1 / 3] * 6, 2.5),
    ],
    ids=repr,
)
def test_weighted_medians_of_a_few_numbers(values, weights, expected):
    rule = resolve_rule("Owner", "median", probabilities=False, weighted=True)
    outputs = np.array(values, dtype=np.float64)[:, None]
    assert combine(rule, outputs, np.array(weights)) == pytest.approx([expected])


@pytest.mark.parametrize(
    ("m", "kept"), [(1, 1), (2, 2), (3, 1), (9, 7), (19, 17), (20, 16), (30, 24)]
)
def test_the_trimmed_mean_drops_a_tenth_on_each_side(m, kept):
    rule = resolve_rule("Owner", "trimmed", probabilities=False)
    outputs = np.full(m, 5.0)
    cut = (m - kept) // 2
    outputs[:cut], outputs[m - cut :] = -1e9, 1e9
    outputs = np.random.default_rng(0).permutation(outputs)[:, None]
    assert combine(rule, outputs) == pytest.approx([5])


def test_a_tie_in_a_vote_goes_to_the_lowest_class():
    rule = resolve_rule("Owner", "vote", probabilities=True)
    outputs = np.array([[[0.4, 0.4, 0.2]], [[0.2, 0.4, 0.4]]])
    assert_array_equal(combine(rule, outputs), [[0.5, 0.5, 0]])


def test_in_a_log_pool_a_zero_is_a_heavy_vote_and_no_veto():
    rule = resolve_rule("Owner", "log_pool", probabilities=True)
    outputs = np.array([[[0.0, 1.0]], [[0.5, 0.5]], [[0.5, 0.5]]])
    combined = combine(rule, outputs)
    assert 0 < combined[0, 0] < 1e-4
    assert combined.sum() == pytest.approx(1)
    assert_allclose(combine(rule, outputs[:1]), outputs[0], atol=1e-15)


@pytest.mark.parametrize("name", ["median", "trimmed"])
def test_medians_that_are_all_zero_become_the_uniform_distribution(name):
    rule = resolve_rule("Owner", name, probabilities=True)
    combined = combine(rule, np.eye(5)[:, None, :])
    assert_allclose(combined, np.full((1, 5), 0.2))


@pytest.mark.parametrize("name", NAMES[True])
def test_probabilities_stay_probabilities(name, rng):
    rule = resolve_rule("Owner", name, probabilities=True)
    combined = combine(rule, rng.dirichlet(np.ones(4) / 4, (6, 50)))
    assert (combined >= 0).all()
    assert_allclose(combined.sum(axis=1), 1)


@parametrize(EVERY)
def test_one_member_s_order_is_kept(name, probabilities, rng):
    """A single member combines to itself, to its vote or to its ranks."""
    output = rng.dirichlet(np.ones(3), 9) if probabilities else rng.random(9)
    rule = resolve_rule("Owner", name, probabilities=probabilities)
    combined = combine(rule, [output])
    if name in {"vote", "rank"}:
        assert_allclose(combined, plain_combine(name, True, [output]))
    else:
        assert_allclose(combined, output)


@parametrize(EVERY)
@pytest.mark.parametrize("weighted", [True, False])
def test_adding_up_equals_stacking(name, probabilities, weighted, rng):
    if weighted and name in UNWEIGHTED:
        return
    outputs = rng.dirichlet(np.ones(3), (7, 9)) if probabilities else rng.random((7, 9))
    weights = rng.random(7) if weighted else None
    rule = resolve_rule("Owner", name, probabilities=probabilities)
    stacked = np.stack([rule.prepare(output) for output in outputs])
    expected = rule.finish(rule.reduce(stacked, weights))
    assert_allclose(combine(rule, outputs, weights), expected, rtol=1e-13)


def test_members_are_added_in_their_order():
    rule = resolve_rule("Owner", "mean", probabilities=False)
    outputs = [np.array([x]) for x in (1e16, 1.0, -1e16, 3.0)]
    assert combine(rule, outputs)[0] == (((1e16 + 1.0) + -1e16) + 3.0) / 4


class Tracked(np.ndarray):
    """An array that can be watched."""


@pytest.mark.parametrize("name", ["mean", "vote", "log_pool", "rank"])
def test_members_that_are_added_up_are_not_kept(name):
    alive = []

    def outputs():
        for _ in range(5):
            output = np.full((4, 2), 0.5).view(Tracked)
            alive.append(weakref.ref(output))
            yield output
            del output
            assert sum(ref() is not None for ref in alive) <= 1

    rule = resolve_rule("Owner", name, probabilities=True)
    assert rule.streams
    combine(rule, outputs())
    assert len(alive) == 5


@parametrize(EVERY)
def test_the_members_outputs_are_not_changed(name, probabilities, rng):
    outputs = rng.dirichlet(np.ones(3), (4, 9)) if probabilities else rng.random((4, 9))
    before = outputs.copy()
    rule = resolve_rule("Owner", name, probabilities=probabilities)
    combined = combine(rule, list(outputs))
    combine_covered(
        rule, [(np.arange(9), output) for output in outputs], before.shape[1:]
    )
    assert not np.shares_memory(combined, outputs)
    assert_array_equal(outputs, before)


@pytest.mark.parametrize("dtype", [np.float32, np.int64])
def test_sums_are_of_double_precision(dtype):
    rule = resolve_rule("Owner", "mean", probabilities=False)
    outputs = [np.array([1, 2**24], dtype=dtype)] * 3 + [np.array([2, 1], dtype=dtype)]
    combined = combine(rule, outputs)
    assert combined.dtype == np.float64
    assert_array_equal(combined, [5 / 4, (3 * 2**24 + 1) / 4])


def test_a_combiner_takes_members_one_by_one():
    combiner = Combiner(resolve_rule("Owner", "mean", probabilities=False), np.r_[1, 3])
    combiner.add(np.array([0.0, 4.0]))
    combiner.add(np.array([4.0, 0.0]))
    assert_array_equal(combiner.result(), [3, 1])
    assert_array_equal(combiner.result(), [3, 1])


@pytest.mark.parametrize("probabilities", [True, False])
def test_auto_is_the_mean(probabilities):
    auto = resolve_rule("Owner", "auto", probabilities=probabilities)
    assert auto == resolve_rule("Owner", "mean", probabilities=probabilities)


@pytest.mark.parametrize("rule", ["no_such", 3, None, ["mean"], ("mean",)], ids=repr)
@pytest.mark.parametrize(
    ("probabilities", "listed"),
    [
        (True, "{'auto', 'log_pool', 'mean', 'median', 'rank', 'trimmed', 'vote'}"),
        (False, "{'auto', 'mean', 'median', 'trimmed'}"),
    ],
)
def test_an_unknown_rule_is_an_error(rule, probabilities, listed):
    message = (
        f"The 'combine' parameter of Owner must be a callable or one of {listed}. Got "
        f"{rule!r} instead."
    )
    with pytest.raises(InvalidParameterError, match=f"^{re.escape(message)}$"):
        resolve_rule("Owner", rule, probabilities=probabilities)


@pytest.mark.parametrize("name", ["vote", "log_pool", "rank"])
def test_a_rule_for_probabilities_does_not_take_values(name):
    message = f"Got '{name}' instead. '{name}' combines class probabilities, and these"
    with pytest.raises(InvalidParameterError, match=re.escape(message)):
        resolve_rule("Owner", name, probabilities=False)


@pytest.mark.parametrize("rule", ["trimmed", np.max], ids=["trimmed", "callable"])
def test_a_rule_without_weights_takes_none(rule):
    message = "must be a rule that takes weights where weights are given"
    for probabilities in (True, False):
        with pytest.raises(InvalidParameterError, match=message):
            resolve_rule("Owner", rule, probabilities=probabilities, weighted=True)


@parametrize(EVERY)
def test_only_ranks_and_callables_look_at_other_rows(name, probabilities, rng):
    outputs = rng.dirichlet(np.ones(3), (5, 9)) if probabilities else rng.random((5, 9))
    rule = resolve_rule("Owner", name, probabilities=probabilities)
    alone = np.concatenate([combine(rule, outputs[:, [i]]) for i in range(9)])
    same = np.allclose(alone, combine(rule, outputs))
    assert same == rule.by_row == (name != "rank")
    assert not resolve_rule("Owner", np.max, probabilities=probabilities).by_row


def test_a_rank_among_one_row_is_warned_of():
    rule = resolve_rule("Owner", "rank", probabilities=True)
    with pytest.warns(UserWarning, match="one row has no rank"):
        combine(rule, [np.array([[0.2, 0.8]])])


def test_rows_that_nobody_covers_keep_the_width_of_the_others():
    rule = resolve_rule("Owner", "mean", probabilities=True)
    assert np.isnan(combine_covered(rule, [], (4, 3))).shape == (4, 3)
