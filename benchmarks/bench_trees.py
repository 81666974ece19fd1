"""Binned trees and binning against scikit-learn's, one thread, interleaved.

A ratio is the peer's processor time over ours, least of the repeats each, in one
process; kernels have run once before. It counts where scores on fresh rows are equal,
so these stand beside it. Trees of ours are timed from raw values, binning included, and
on values binned before, as members of an ensemble are.

    python benchmarks/bench_trees.py
"""

from __future__ import annotations

import argparse
import time
from functools import partial

import numpy as np
from sklearn.preprocessing import KBinsDiscretizer
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from ensembles import Binner, HistTreeClassifier, HistTreeRegressor

SIZES = ((1_000, 10), (10_000, 20), (100_000, 20))
TREES = {
    "two classes": (HistTreeClassifier, DecisionTreeClassifier),
    "ten classes": (HistTreeClassifier, DecisionTreeClassifier),
    "values": (HistTreeRegressor, DecisionTreeRegressor),
}
SHAPES = {
    "fully grown": {},
    "sqrt features": {"max_features": "sqrt"},
    "5 rows a leaf": {"min_samples_leaf": 5},
    "50 leaves": {"max_leaf_nodes": 50},
    "cuts drawn": {"splitter": "random"},
}


def rows_of(n, d, seed):
    """Waves, an interaction, a step and noise; skewed, whole and binary columns."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, d))
    X[:, 0] = np.round(3 * X[:, 0])
    X[:, 1] = X[:, 1] > 0
    X[:, 2] = np.exp(2 * X[:, 2])
    y = np.sin(2 * X[:, 3]) + X[:, 4] * X[:, 1] + 0.3 * X[:, 6] ** 2
    y += 0.1 * X[:, 0] * (X[:, 5] > 0) + 0.7 * rng.normal(size=n)
    return X, y


def target_of(kind, y, cuts):
    if kind == "values":
        return y
    n_classes = 2 if kind == "two classes" else 10
    quantiles = np.quantile(cuts, np.linspace(0, 1, n_classes + 1)[1:-1])
    return np.digitize(y, quantiles)


def binned_of(X):
    return Binner().fit(X).bin(X)


def least_seconds(calls, repeats, clock=time.process_time):
    """Least time of each call, the calls in turn."""
    times = [[] for _ in calls]
    for _ in range(repeats):
        for call, own in zip(calls, times, strict=True):
            start = clock()
            call()
            own.append(clock() - start)
    return [min(own) for own in times]


def trees(repeats):
    print(f"{'':34}{'sklearn':>10}{'raw':>8}{'binned':>8}   score theirs / ours")
    for n, d in SIZES:
        X, y = rows_of(n, d, 0)
        X_new, y_new = rows_of(20_000, d, 1)
        for kind, (ours, theirs) in TREES.items():
            target, fresh = target_of(kind, y, y), target_of(kind, y_new, y)
            for shape, params in SHAPES.items():
                mine = ours(random_state=0, **params).fit(X, target)
                peer = theirs(random_state=0, **params)
                binned = binned_of(X)
                also = ours(random_state=0, **params)
                calls = [
                    partial(peer.fit, X, target),
                    partial(mine.fit, X, target),
                    partial(also.fit, binned, target),
                ]
                peer_s, raw, on_bins = least_seconds(
                    calls, repeats if n < 50_000 else 1
                )
                scores = peer.score(X_new, fresh), mine.score(X_new, fresh)
                print(
                    f"{n:8} x {d} {kind:12}{shape:14}{peer_s * 1e3:7.1f} ms"
                    f"{peer_s / raw:8.1f}{peer_s / on_bins:8.1f}   "
                    f"{scores[0]:.3f} / {scores[1]:.3f}",
                    flush=True,
                )


def binning(repeats):
    print("\nbinning: KBinsDiscretizer (255 quantile bins) over ours")
    for n, d in ((100_000, 20), (500_000, 50)):
        X, _ = rows_of(n, d, 0)
        peer = KBinsDiscretizer(
            255, encode="ordinal", quantile_method="averaged_inverted_cdf"
        )
        binned_of(X)
        calls = [partial(peer.fit_transform, X), partial(binned_of, X)]
        theirs, ours = least_seconds(calls, repeats)
        print(f"{n:8} x {d}  {theirs:.2f} s / {ours:.2f} s = {theirs / ours:.1f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    trees(arguments.repeats)
    binning(arguments.repeats)
