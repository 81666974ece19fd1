"""Kernels of losses: the bits of their twins, any layout, nothing compiled twice."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from ensembles import _engine
from ensembles.losses import (
    AbsoluteError,
    BinomialLoss,
    ExponentialLoss,
    GammaLoss,
    Loss,
    MultinomialLoss,
    PinballLoss,
    PoissonLoss,
    TweedieLoss,
    _kernels_gradients,
    _plain_gradients,
)
from ensembles.losses._constants import LARGEST

# One worker compiles.

SIZES = [0, 1, 2, 3, 4, 5, 255, 256, 257, 1000]
COMPILED = {
    BinomialLoss(): "binomial",
    ExponentialLoss(): "exponential",
    GammaLoss(): "gamma",
    PoissonLoss(): "poisson",
    TweedieLoss(1.3): "tweedie",
    TweedieLoss(-0.5): "tweedie",
    TweedieLoss(3): "tweedie",
    MultinomialLoss(2): "multinomial",
    MultinomialLoss(3): "multinomial",
    MultinomialLoss(11): "multinomial",
}


@pytest.fixture(autouse=True)
def _kernels(_twins_of_trees, monkeypatch):
    monkeypatch.setattr(_engine, "_SECONDS_TO_LOAD", 0.0)


@pytest.mark.parametrize("scale", [1.0, 50.0, 1000.0])
@pytest.mark.parametrize("loss", COMPILED, ids=repr)
def test_twins_give_the_same_bits(loss, scale, make_case, monkeypatch):
    for n_rows in SIZES:
        case = make_case(loss, None, n_rows)
        raw = case.raw * scale
        compiled = case.derivatives(loss, case.y, raw)
        with monkeypatch.context() as patch:
            patch.setattr(_engine, "_SECONDS_TO_LOAD", np.inf)
            plain = case.derivatives(loss, case.y, raw)
        assert_array_equal(compiled, plain)
        assert not np.isnan(compiled).any()


def test_classes_that_tie_give_the_same_bits():
    loss = MultinomialLoss(4)
    y, raw = np.arange(4.0), np.zeros((4, 4), order="F")
    results = []
    for module in (_kernels_gradients, _plain_gradients):
        gradient, hessian = np.empty((4, 4)), np.empty((4, 4))
        module.multinomial(y, raw.T.copy(), gradient, hessian)
        results.append((gradient, hessian))
    assert_array_equal(*results)
    assert_array_equal(results[0][0], 0.25 - np.eye(loss.n_raw))


def test_the_exponential_is_off_by_two_units_at_most(rng):
    x = np.concatenate(
        [
            rng.uniform(-LARGEST, LARGEST, 200_000),
            rng.uniform(-1.0, 1.0, 100_000),
            np.array([-LARGEST, LARGEST, 0.0]),
            np.log(2.0) * (np.arange(-1000, 1000) + 0.5),  # where rounding turns
        ]
    )
    exact = np.exp(x.astype(np.longdouble))
    mean = np.empty_like(x)
    _kernels_gradients.poisson(np.zeros_like(x), x, np.empty_like(x), mean)
    assert np.max(np.abs(mean - exact) / np.spacing(mean)) <= 2.0
    assert mean[x == 0.0] == 1.0
    assert_array_equal(_plain_gradients._exp(x), mean)


def test_beyond_floats_the_exponential_stays_at_its_ends():
    x = np.array([-np.inf, -1e9, -LARGEST, LARGEST, 1e9, np.inf])
    mean = np.empty(6)
    _kernels_gradients.poisson(np.zeros(6), x, np.empty(6), mean)
    assert_array_equal(mean, np.repeat(mean[[0, -1]], 3))
    assert np.isfinite(mean).all()
    assert (mean > 0).all()


LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "strided": lambda array: np.repeat(array, 2, axis=0)[::2],
    "reversed": lambda array: array[::-1].copy()[::-1],
    "float32": lambda array: array.astype(np.float32),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("loss", COMPILED, ids=repr)
def test_arrays_may_have_any_layout(loss, layout, make_case):
    case = make_case(loss, None, 40)
    raw = case.raw.astype(np.float32).astype(np.float64)  # exact in both
    expected = case.derivatives(loss, case.y, raw)
    arrange = LAYOUTS[layout]
    gradient, hessian = arrange(np.zeros_like(raw)), arrange(np.zeros_like(raw))
    y = arrange(case.y) if layout != "float32" else case.y
    loss.gradient_hessian(y, arrange(raw), gradient, hessian)
    for array, value in zip((gradient, hessian), expected, strict=True):
        assert_array_equal(array, value.astype(array.dtype))


@pytest.mark.parametrize("loss", COMPILED, ids=repr)
def test_nothing_is_compiled_for_arrays_that_may_not_be_written_to(loss, make_case):
    case = make_case(loss, None, 40)
    kernel = getattr(_kernels_gradients, COMPILED[loss])
    case.derivatives(loss, case.y, case.raw)
    variants = list(kernel.signatures)
    for array in (case.y, case.raw):
        array.flags.writeable = False
    case.derivatives(loss, case.y, case.raw)
    case.derivatives(loss, case.y.astype(np.int64), case.raw)
    assert list(kernel.signatures) == variants


@pytest.mark.parametrize("engine", [0.0, np.inf])
@pytest.mark.parametrize("loss", [BinomialLoss(), MultinomialLoss(3)], ids=repr)
def test_shapes_that_do_not_fit_are_refused(loss, engine, make_case, monkeypatch):
    monkeypatch.setattr(_engine, "_SECONDS_TO_LOAD", engine)
    case = make_case(loss, None, 9)
    short = np.empty_like(case.raw[:8])
    full = np.empty_like(case.raw)
    for y, raw, gradient, hessian in (
        (case.y, case.raw, short, full),
        (case.y, case.raw, full, short),
        (case.y[:8], case.raw, full, full),
        (case.y, short, full, full),
    ):
        with pytest.raises(ValueError, match="one shape"):
            loss.gradient_hessian(y, raw, gradient, hessian)


def test_predictions_of_other_classes_are_refused():
    arrays = [np.zeros((3, 4)) for _ in range(3)]
    with pytest.raises(ValueError, match=r"\(n_samples, 3\), got \(3, 4\)"):
        MultinomialLoss(3).gradient_hessian(np.zeros(3), *arrays)


@pytest.mark.parametrize("seed", range(40))
def test_quantiles_of_leaves_are_those_of_numpy(seed, monkeypatch):
    """By kernel and twin, to the bit, with ties, and rows that are in no leaf."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 300))
    y, raw = rng.normal(size=(2, n))
    if seed % 3 == 0:
        y, raw = y.round(1), np.zeros(n)
    order = rng.permutation(n).astype(np.int32)
    cuts = np.sort(rng.choice(n + 1, min(n + 1, 7), replace=False))
    bounds = np.column_stack([cuts[:-1], cuts[1:]])[rng.permutation(len(cuts) - 1)]
    leaves = [(y - raw)[order[start:end]] for start, end in bounds]
    for loss in AbsoluteError(), PinballLoss(0.5), PinballLoss(rng.uniform()):
        for seconds in 0.0, np.inf:
            monkeypatch.setattr(_engine, "_SECONDS_TO_LOAD", seconds)
            found = loss.leaf_values(y, raw, None, order, bounds)
            is_median = isinstance(loss, AbsoluteError)
            expected = [
                np.median(own) if is_median else np.quantile(own, loss.quantile)
                for own in leaves
            ]
            assert_array_equal(found, expected)
        one_by_one = Loss.leaf_values(loss, y, raw, None, order, bounds)
        assert_array_equal(found, one_by_one)
        weights = rng.uniform(0.5, 2.0, n)
        weighted = loss.leaf_values(y, raw, weights, order, bounds)
        start, end = bounds[-1]
        rows = order[start:end]
        assert weighted[-1] == loss.leaf_value(y[rows], raw[rows], weights[rows])
