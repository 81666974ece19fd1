"""Bootstrap intervals against scipy and arch, side by side on one thread.

Each case runs both libraries in turn in one process; a ratio is the peer's time over
ours, median of the repeats with least and largest. 9,999 resamples for ours always. A
peer that would take minutes runs fewer and its time is scaled in proportion, which the
table states. That both estimate the same standard error is checked first; peers are
vectorised in batches of 16 MiB where they can be, as ours are.

    pip install "ensembles[bench]"
    python benchmarks/bench_inference.py            # about ten minutes
    python benchmarks/bench_inference.py --quick    # one minute
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
import tracemalloc
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import arch
import numpy as np
import scipy
from arch.bootstrap import (
    MCS,
    SPA,
    CircularBlockBootstrap,
    IIDBootstrap,
    StationaryBootstrap,
)
from scipy.stats import bootstrap as scipy_bootstrap
from scipy.stats import rankdata
from sklearn.metrics import f1_score, roc_auc_score
from threadpoolctl import threadpool_limits

import ensembles
from ensembles import bootstrap, metric_interval

N_RESAMPLES = 9999
BATCH_BYTES = 16 * 2**20


@dataclass
class Case:
    """A race: both calls return replicates, ours of N_RESAMPLES."""

    name: str
    n: int
    goal: float
    ours: Callable[[], Any]
    theirs: Callable[[int], Any]
    n_theirs: int
    tolerance: float = 0.1


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def by_scipy(statistic, *arrays, method="percentile"):
    batch = max(1, BATCH_BYTES // (8 * len(arrays[0])))

    def run(n_resamples):
        return scipy_bootstrap(
            arrays,
            statistic,
            paired=len(arrays) > 1,
            vectorized=True,
            n_resamples=n_resamples,
            batch=batch,
            method=method,
            rng=np.random.default_rng(0),
        ).bootstrap_distribution

    return run


def by_arch(statistic, *arrays, scheme=IIDBootstrap, block=()):
    def run(n_resamples):
        return scheme(*block, *arrays, seed=0).apply(statistic, n_resamples)

    return run


def correlation(x, y, axis=-1):
    x = x - x.mean(axis=axis, keepdims=True)
    y = y - y.mean(axis=axis, keepdims=True)
    squares = (x * x).sum(axis) * (y * y).sum(axis)
    return (x * y).sum(axis) / np.sqrt(squares)


def slopes(x0, x1, x2, x3, y, axis=-1):
    columns = np.stack([np.ones_like(y), x0, x1, x2, x3], axis=-1)
    gram = columns.swapaxes(-1, -2) @ columns
    right = columns.swapaxes(-1, -2) @ y[..., None]
    return np.moveaxis(np.linalg.solve(gram, right)[..., 0], -1, 0)[1]


def area(y, score, axis=-1):
    ranks = rankdata(score, axis=axis)
    positives = y.sum(axis=axis)
    negatives = y.shape[axis] - positives
    above = (ranks * y).sum(axis=axis) - positives * (positives + 1) / 2
    return above / (positives * negatives)


def replicates(result):
    """Replicates of a result whose interval has been computed too."""
    result.interval()
    return result.distribution


def ours(statistic, *arrays, method="percentile", **how):
    return lambda: replicates(
        bootstrap(statistic, *arrays, method=method, rng=0, **how)
    )


def cases_of_scipy(n, quick):
    rng = np.random.default_rng(n)
    x = rng.normal(size=(n, 4))
    y = x.sum(axis=1) + rng.normal(size=n)
    label = (rng.random(n) < 0.4).astype(float)
    score = np.round(rng.normal(size=n) + label, 2)
    few = {1000: N_RESAMPLES, 10_000: 999, 100_000: 99}[n]
    few = few // 10 if quick else few
    at = {1000: 0, 10_000: 1, 100_000: 2}[n]
    yield Case("mean", n, (8, 12, 13)[at], ours("mean", y), by_scipy(np.mean, y), few)
    yield Case(
        "correlation",
        n,
        (8, 18, 15)[at],
        ours("corr", x[:, 0], y),
        by_scipy(correlation, x[:, 0], y),
        few,
    )
    yield Case(
        "regression, 4 slopes",
        n,
        (14, 35, 35)[at],
        lambda: ours("ols", x, y)()[:, 1],
        by_scipy(slopes, *x.T, y),
        max(19, few // 5),
        0.5,
    )
    yield Case(
        "AUC with ties",
        n,
        (40, 80, 100)[at],
        lambda: replicates(
            metric_interval(label, score, "roc_auc", rng=0, method="percentile")
        ),
        by_scipy(area, label, score),
        max(19, few // 5),
        0.5,
    )
    if n >= 10_000:
        yield Case(
            "mean, BCa",
            n,
            20,
            ours("mean", y, method="bca"),
            by_scipy(np.mean, y, method="BCa"),
            few,
        )
    if n <= 10_000:
        yield Case(
            "median", n, 100, ours("median", y), by_scipy(np.median, y), few // 10, 0.5
        )


def cases_of_arch(n, quick):
    rng = np.random.default_rng(n)
    x = rng.normal(size=n)
    y = x + rng.normal(size=n)
    label = (rng.random(n) < 0.4).astype(int)
    score = np.round(rng.normal(size=n) + label, 2)
    hit = np.where(rng.random(n) < 0.8, label, 1 - label)
    few = 199 if quick else 999
    from ensembles import CircularBlockBootstrap as Circular
    from ensembles import StationaryBootstrap as Stationary

    yield Case("mean, arch", n, 10, ours("mean", y), by_arch(np.mean, y), few, 0.2)
    yield Case(
        "correlation, arch",
        n,
        8,
        ours("corr", x, y),
        by_arch(lambda a, b: np.corrcoef(a, b)[0, 1], x, y),
        few,
        0.2,
    )
    yield Case(
        "AUC, arch",
        n,
        250,
        lambda: replicates(
            metric_interval(label, score, "roc_auc", rng=0, method="percentile")
        ),
        by_arch(roc_auc_score, label, score),
        few // 5,
        0.5,
    )
    for name, own, peer in (
        ("circular blocks of 10, arch", Circular, CircularBlockBootstrap),
        ("stationary blocks of 10, arch", Stationary, StationaryBootstrap),
    ):
        yield Case(
            name,
            n,
            30,
            ours("mean", y, scheme=own(block_length=10)),
            by_arch(np.mean, y, scheme=peer, block=(10,)),
            few,
            0.2,
        )

    def loop(n_resamples):
        rng = np.random.default_rng(0)
        rows = (rng.integers(n, size=n) for _ in range(n_resamples))
        return np.array([f1_score(label[i], hit[i]) for i in rows])

    yield Case(
        "F1, loop over f1_score",
        n,
        1000,
        lambda: replicates(
            metric_interval(label, hit, "f1", rng=0, method="percentile")
        ),
        loop,
        few,
        0.2,
    )


def race(case, repeats):
    """Ratios of one case, after both are known to estimate the same error."""
    case.ours()  # compiles
    ratios, times = [], []
    for _ in range(repeats):
        own, found = seconds(case.ours)
        other, expected = seconds(partial(case.theirs, case.n_theirs))
        times.append((own, other * N_RESAMPLES / case.n_theirs))
        ratios.append(times[-1][1] / own)
        spread = np.std(np.ravel(found)) / np.std(np.ravel(expected))
        assert abs(np.log(spread)) < case.tolerance, (case.name, spread)
    own, other = map(statistics.median, zip(*times, strict=True))
    scaled = "" if case.n_theirs == N_RESAMPLES else f" (from {case.n_theirs})"
    print(
        f"{case.name:32} {case.n:7d} {own:8.3f} s {other:9.2f} s"
        f"{statistics.median(ratios):9.1f} [{min(ratios):.1f}, {max(ratios):.1f}]"
        f"  goal {case.goal}{scaled}",
        flush=True,
    )


def of_losses(repeats):
    """Tests of 100 models on 1,000 rows; time and peak memory."""
    losses = np.random.default_rng(0).normal(size=(1000, 100)) + 1
    losses[:, 0] -= 0.1
    scheme = ensembles.StationaryBootstrap(block_length=10)
    how = {"scheme": scheme, "n_resamples": 1000, "random_state": 0}
    spa = partial(SPA, losses[:, 0], losses[:, 1:], block_size=10, reps=1000, seed=0)
    mcs = partial(MCS, losses, size=0.1, block_size=10, reps=1000, seed=0)

    def computed(test):
        test.compute()
        return test

    def fit_spa():
        test = ensembles.SuperiorPredictiveAbility(**how)
        return test.fit(losses[:, 1:], losses[:, 0])

    races = {
        "SPA": (fit_spa, lambda: computed(spa())),
        "MCS, R": (
            lambda: ensembles.ModelConfidenceSet(method="R", **how).fit(losses),
            lambda: computed(mcs(method="R")),
        ),
        "MCS, max": (
            lambda: ensembles.ModelConfidenceSet(method="max", **how).fit(losses),
            lambda: computed(mcs(method="max")),
        ),
    }
    for name, (own, other) in races.items():
        own()
        times = [(seconds(own)[0], seconds(other)[0]) for _ in range(repeats)]
        ratios = [b / a for a, b in times]
        peaks = [peak_mib(call) for call in (own, other)]
        mine, theirs = map(statistics.median, zip(*times, strict=True))
        print(
            f"{name:32} {1000:7d} {mine:8.3f} s {theirs:9.2f} s"
            f"{statistics.median(ratios):9.1f} [{min(ratios):.1f}, {max(ratios):.1f}]"
            f"  goal 10; {peaks[0]:.1f} against {peaks[1]:.1f} MiB",
            flush=True,
        )


def peak_mib(call):
    tracemalloc.start()
    call()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 2**20


def of_memory():
    """The mean of a million rows, 9,999 resamples."""
    x = np.random.default_rng(0).normal(size=10**6)
    call = partial(bootstrap, "mean", x, rng=0, method="percentile")
    print(f"mean of 1,000,000 rows: {seconds(call)[0]:.1f} s", end=", ")
    print(f"{peak_mib(call):.1f} MiB above the data")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(
        f"python {platform.python_version()}, numpy {np.__version__}, scipy "
        f"{scipy.__version__}, arch {arch.__version__}, ensembles "
        f"{ensembles.__version__}, one thread, {N_RESAMPLES} resamples"
    )
    print(f"{'case':32} {'n':>7} {'ours':>10} {'theirs':>11} {'ratio':>8}")
    sizes = (1000, 10_000) if options.quick else (1000, 10_000, 100_000)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for n in sizes:
            for case in cases_of_scipy(n, options.quick):
                race(case, options.repeats)
        for n in sizes[:2]:
            for case in cases_of_arch(n, options.quick):
                race(case, options.repeats)
        of_losses(options.repeats)
        if not options.quick:
            of_memory()


if __name__ == "__main__":
    main()
