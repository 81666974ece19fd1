"""How much intervals of bags cover, how wide they are, and what they cost.

*coverage*: every method of ``predict_interval`` at 90 % on four kinds of data, means
over draws of 400 rows to learn from and 1000 new ones, printed as the guide's table;
then the sets of labels. *peers*: time and peak memory of the jackknife+ after the
bootstrap against MAPIE's (``pip install --no-deps mapie``), 20,000 rows to learn from,
2000 new ones and 30 trees; both have fitted before.

    OMP_NUM_THREADS=1 python benchmarks/bench_intervals.py [coverage peers]
"""

from __future__ import annotations

import argparse
import time
import tracemalloc

import numpy as np
from sklearn.datasets import make_classification
from sklearn.tree import DecisionTreeRegressor

from ensembles import (
    BaggingRegressor,
    CircularBlockBootstrap,
    HistForestClassifier,
    HistForestRegressor,
    Jackknife,
)

DRAWS, ROWS, NEW = 20, 400, 1000
KINDS = ("homoscedastic", "heteroscedastic", "heavy tails", "autocorrelated")
METHODS = ("jackknife+ab", "cv+", "oob", "enbpi", "enbpi, updated", "ij", "quantile")


def law(kind, rng, n):
    """Three columns, a smooth function of two, and noise."""
    X = rng.uniform(-2, 2, size=(n, 3))
    noise = rng.standard_t(2, size=n) if kind == "heavy tails" else rng.normal(size=n)
    if kind == "heteroscedastic":
        noise *= np.exp(X[:, 2] / 2)
    if kind == "autocorrelated":
        for t in range(1, n):
            noise[t] += 0.6 * noise[t - 1]
    return X, np.sin(2 * X[:, 0]) + X[:, 1] + noise


def forest_for(method, seed):
    """A forest whose draws suit the method."""
    params = {"n_estimators": 100, "min_samples_leaf": 5, "oob_score": True}
    if method.startswith("enbpi"):
        params["scheme"] = CircularBlockBootstrap(block_length=20)
    if method == "cv+":
        forest = HistForestRegressor(50, min_samples_leaf=5)
        scheme = Jackknife(n_groups=10)
        return BaggingRegressor(
            forest, 10, scheme=scheme, oob_score=True, random_state=seed
        )
    return HistForestRegressor(**params, random_state=seed)


def intervals(method, forest, X, y):
    """Intervals of new rows; where asked, with residuals as they come in."""
    if method != "enbpi, updated":
        return forest.predict_interval(X, method=method)
    ends = []
    for start in range(0, len(X), 20):
        part = slice(start, start + 20)
        ends.append(forest.predict_interval(X[part], method="enbpi"))
        forest.update(X[part], y[part])
    return np.concatenate(ends)


def coverage():
    for method in METHODS:
        cells = []
        for kind in KINDS:
            covered, widths = [], []
            for seed in range(DRAWS):
                X, y = law(kind, np.random.default_rng(seed), ROWS + NEW)
                forest = forest_for(method, seed).fit(X[:ROWS], y[:ROWS])
                ends = intervals(method, forest, X[ROWS:], y[ROWS:])
                inside = (ends[:, 0] <= y[ROWS:]) & (y[ROWS:] <= ends[:, 1])
                covered.append(100 * inside.mean())
                widths.append(np.median(ends[:, 1] - ends[:, 0]))
            error = np.std(covered) / np.sqrt(DRAWS)
            cells.append(
                f"{np.mean(covered):.1f} +- {error:.1f} ({np.mean(widths):.1f})"
            )
        print(f"{method:16}", *(f"{cell:20}" for cell in cells))
    for method in "lac", "aps", "raps":
        covered, sizes = [], []
        for seed in range(DRAWS):
            X, y = make_classification(
                ROWS + NEW, 10, n_informative=5, n_classes=4, random_state=seed
            )
            forest = HistForestClassifier(100, oob_score=True, random_state=seed)
            forest.fit(X[:ROWS], y[:ROWS])
            sets = forest.predict_set(X[ROWS:], method=method)
            covered.append(100 * sets[np.arange(NEW), y[ROWS:]].mean())
            sizes.append(sets.sum(axis=1).mean())
        print(f"{method:16} {np.mean(covered):.1f} ({np.mean(sizes):.2f} labels)")


def seconds(call):
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def peak_mebibytes(call):
    """What a call allocates at its peak."""
    tracemalloc.start()
    call()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 2**20


def peers():
    from mapie.regression import JackknifeAfterBootstrapRegressor

    rng = np.random.default_rng(0)
    X = rng.normal(size=(22_000, 10))
    y = X[:, 0] + np.sin(X[:, 1]) + rng.normal(size=len(X))
    tree = DecisionTreeRegressor(max_depth=8)
    bag = BaggingRegressor(tree, 30, oob_score=True, random_state=0)
    bag.fit(X[:20_000], y[:20_000])
    peer = JackknifeAfterBootstrapRegressor(
        tree, confidence_level=0.9, resampling=30, random_state=0
    )
    peer.fit_conformalize(X[:20_000], y[:20_000])
    new, known = X[20_000:], y[20_000:]
    calls = {
        "ensembles": lambda: bag.predict_interval(new),
        "MAPIE": lambda: peer.predict_interval(new)[1][:, :, 0],
    }
    for name, call in calls.items():
        ends = call()
        share = np.mean((ends[:, 0] <= known) & (known <= ends[:, 1]))
        print(f"{name:10} {peak_mebibytes(call):7.1f} MiB, covers {100 * share:.1f} %")
    times = [[seconds(call) for call in calls.values()] for _ in range(7)]
    ours, theirs = np.median(times, axis=0)
    ratios = [b / a for a, b in times]
    print(
        f"{ours:.2f} s and {theirs:.2f} s, ratio {np.median(ratios):.1f} "
        f"({min(ratios):.1f} to {max(ratios):.1f})"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=["coverage", "peers"])
    for part in parser.parse_args().parts:
        {"coverage": coverage, "peers": peers}[part]()


if __name__ == "__main__":
    main()
