"""Forests and bags of binned trees against their peers, one thread, interleaved.

A ratio is the peer's processor time over ours, least of the repeats each, in one
process; kernels have run once before. Times are of whole fits and predictions, binning
included. A ratio counts where scores on fresh rows are equal, so these stand beside it.

    python benchmarks/bench_forests.py [section ...]

Sections: fit, peers, real, binning, threads, memory, growth, accuracy. `real` takes
adult-train.csv and adult-test.csv (census income) and pollution.csv (Beijing PM2.5) of
the UCI repository from the folder given as --data. `growth` writes its curves to a file
beside this one; `accuracy` takes about an hour.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
from bench_trees import least_seconds, rows_of, target_of
from sklearn.base import clone
from sklearn.datasets import make_friedman1, make_friedman2, make_friedman3
from sklearn.ensemble import (
    BaggingClassifier,
    BaggingRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import ensembles
from ensembles import HistForestClassifier, HistForestRegressor

EXTRA = {"splitter": "random", "bootstrap": False}
OURS = {"two classes": HistForestClassifier, "values": HistForestRegressor}
OURS["ten classes"] = HistForestClassifier
FORESTS = {"two classes": RandomForestClassifier, "values": RandomForestRegressor}
FORESTS["ten classes"] = RandomForestClassifier
CUTS = {"two classes": ExtraTreesClassifier, "values": ExtraTreesRegressor}


def bag_of_theirs(kind, n_trees):
    if kind == "values":
        return BaggingRegressor(DecisionTreeRegressor(), n_trees, random_state=0)
    return BaggingClassifier(DecisionTreeClassifier(), n_trees, random_state=0)


def bag_of_ours(kind, n_trees):
    name = "BaggingRegressor" if kind == "values" else "BaggingClassifier"
    bag = getattr(ensembles, name)
    return bag(None, n_trees, engine="hist", random_state=0)


def race(label, theirs, ours, data, repeats=1):
    """Print ratios of fit and predict, and both scores."""
    X, y, X_new, y_new = data
    theirs_s, ours_s = least_seconds(
        [partial(theirs.fit, X, y), partial(ours.fit, X, y)], repeats
    )
    theirs_p, ours_p = least_seconds(
        [partial(theirs.predict, X_new), partial(ours.predict, X_new)], repeats + 1
    )
    scores = theirs.score(X_new, y_new), ours.score(X_new, y_new)
    n_trees = ours.n_estimators
    print(
        f"{label:44}{theirs_s / ours_s:6.1f}  ({1e3 * ours_s / n_trees:7.2f} ms a tree)"
        f"   predict {theirs_p / ours_p:5.1f}   {scores[0]:.4f} / {scores[1]:.4f}",
        flush=True,
    )


def made(kind, n, d, *, missing=0.0):
    (X, y), (X_new, y_new) = rows_of(n, d, 0), rows_of(20_000, d, 1)
    y, y_new = target_of(kind, y, y), target_of(kind, y_new, y)
    rng = np.random.default_rng(2)
    for table in X, X_new:
        table[rng.random(table.shape) < missing] = np.nan
    return X, y, X_new, y_new


def warm():
    """Load all kernels."""
    for kind, forest in OURS.items():
        data = made(kind, 12_000, 20)
        for params in {}, EXTRA:
            forest(2, random_state=0, **params).fit(*data[:2]).predict(data[2])


SIZES = {10_000: (20, 100, 3), 100_000: (20, 20, 2), 500_000: (50, 4, 1)}


def fit():
    print("theirs / ours: scikit-learn")
    for n, (d, n_trees, repeats) in SIZES.items():
        for kind in "two classes", "values":
            data = made(kind, n, d)
            sqrt = {"max_features": "sqrt", "random_state": 0}
            race(
                f"forest, sqrt features, {kind}, {n} x {d}",
                FORESTS[kind](n_trees, **sqrt),
                OURS[kind](n_trees, **sqrt),
                data,
                repeats,
            )
            race(
                f"extra trees, {kind}, {n} x {d}",
                CUTS[kind](n_trees, random_state=0),
                OURS[kind](n_trees, random_state=0, **EXTRA),
                data,
                repeats,
            )
            if n < 500_000:
                few = max(n_trees // 4, 5)
                race(
                    f"bag, all features, {kind}, {n} x {d}",
                    bag_of_theirs(kind, few),
                    bag_of_ours(kind, few),
                    data,
                    repeats,
                )
    for missing, kind in ((0.0, "ten classes"), (0.1, "two classes"), (0.1, "values")):
        race(
            f"forest, sqrt, {kind}, {missing:.0%} missing, 20000 x 20",
            FORESTS[kind](30, max_features="sqrt", random_state=0),
            OURS[kind](30, max_features="sqrt", random_state=0),
            made(kind, 20_000, 20, missing=missing),
            2,
        )


def peers():
    from lightgbm import LGBMClassifier

    print("\ntheirs / ours: LightGBM's forests of as many leaves")
    for n, leaves, n_trees in ((10_000, 1023, 50), (100_000, 1023, 20)):
        theirs = LGBMClassifier(
            boosting_type="rf",
            n_estimators=n_trees,
            num_leaves=leaves,
            min_child_samples=1,
            subsample=0.632,
            subsample_freq=1,
            colsample_bynode=np.sqrt(20) / 20,
            n_jobs=1,
            verbose=-1,
        )
        ours = HistForestClassifier(n_trees, max_leaf_nodes=leaves, random_state=0)
        data = made("two classes", n, 20)
        clone(ours).set_params(n_estimators=2).fit(*data[:2])  # compiles its kernels
        race(f"{leaves} leaves, {n} x 20", theirs, ours, data)


def adult(folder):
    import pandas as pd

    tables = [
        pd.read_csv(folder / name, header=None, na_values=["?", " ?"])
        for name in ("adult-train.csv", "adult-test.csv")
    ]
    tables = [table.dropna(subset=[14]) for table in tables]
    train, test = (
        (table.drop(columns=14), table[14].str.contains(">").to_numpy())
        for table in tables
    )
    return *train, *test


def pollution(folder):
    import pandas as pd

    table = pd.read_csv(folder / "pollution.csv", na_values="NA").dropna(
        subset=["pm2.5"]
    )
    y, X = table.pop("pm2.5").to_numpy(), table.drop(columns="No")
    is_train = X["year"] < 2014
    return X[is_train], y[is_train], X[~is_train], y[~is_train]


def coded(X, *others):
    """Words as numbers of their order, for those who take no words."""
    from sklearn.compose import make_column_transformer
    from sklearn.preprocessing import OrdinalEncoder

    words = list(X.select_dtypes(exclude="number"))
    encoder = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    coder = make_column_transformer((encoder, words), remainder="passthrough")
    return [coder.fit_transform(X), *map(coder.transform, others)]


def real(folder=None):
    from sklearn.ensemble import (
        HistGradientBoostingClassifier,
        HistGradientBoostingRegressor,
    )

    if folder is None:
        print("\nreal data: no folder given")
        return
    print("\ntheirs / ours: scikit-learn, on real data; theirs with words as numbers")
    X, y, X_new, y_new = adult(folder)
    for frame in X, X_new:
        frame.columns = [f"x{j}" for j in frame]
    a, b = coded(X, X_new)
    race(
        "forest, adult, words as numbers",
        RandomForestClassifier(random_state=0),
        HistForestClassifier(random_state=0),
        (a, y, b, y_new),
    )
    ours = HistForestClassifier(random_state=0).fit(X, y)
    boosted = HistGradientBoostingClassifier(
        random_state=0, categorical_features="from_dtype"
    )
    categories = X.astype(dict.fromkeys(X.select_dtypes(exclude="number"), "category"))
    also = X_new.astype(categories.dtypes)
    boosted.fit(categories, y)
    print(
        f"    adult, native words: forest {ours.score(X_new, y_new):.4f}, "
        f"HistGradientBoosting {boosted.score(also, y_new):.4f}"
    )
    X, y, X_new, y_new = pollution(folder)
    a, b = coded(X, X_new)
    race(
        "forest, pollution, words as numbers",
        RandomForestRegressor(50, random_state=0),
        HistForestRegressor(50, random_state=0),
        (a, y, b, y_new),
    )
    ours = HistForestRegressor(random_state=0).fit(X, y)
    boosted = HistGradientBoostingRegressor(random_state=0)
    categories = X.astype({"cbwd": "category"})
    boosted.fit(categories, y)
    print(
        f"    pollution, native words: forest {ours.score(X_new, y_new):.4f}, "
        "HistGradientBoosting "
        f"{boosted.score(X_new.astype(categories.dtypes), y_new):.4f}"
    )


def binning():
    import lightgbm
    import xgboost
    from sklearn.ensemble._hist_gradient_boosting.binning import _BinMapper

    print("\nbinning: theirs / ours")
    for n, d in ((100_000, 20), (500_000, 50)):
        X, y = rows_of(n, d, 0)
        calls = {
            "ours": lambda X=X: ensembles.Binner().fit(X).bin(X),
            "LightGBM": lambda X=X, y=y: lightgbm.Dataset(
                X, y, params={"num_threads": 1, "verbose": -1}
            ).construct(),
            "XGBoost": lambda X=X, y=y: xgboost.QuantileDMatrix(X, y, nthread=1),
            "scikit-learn": lambda X=X: _BinMapper(n_threads=1).fit_transform(X),
        }
        calls["ours"]()
        seconds = least_seconds(list(calls.values()), 2)
        for name, one in zip(calls, seconds, strict=True):
            print(f"{n:8} x {d}  {name:14}{one:7.3f} s{one / seconds[0]:7.1f}")


def spin(stop):
    while not stop.is_set():
        sum(range(10_000))


def threads():
    print("\nthreads: seconds of wall time")
    for n, n_trees in ((10_000, 300), (100_000, 60)):
        X, y, *_ = made("two classes", n, 20)
        walls = {}
        for label, n_jobs, n_busy in (
            ("one thread", 1, 0),
            ("two threads", 2, 0),
            ("two threads and a busy neighbour", 2, 1),
        ):
            stop = multiprocessing.Event()
            busy = [
                multiprocessing.Process(target=spin, args=(stop,))
                for _ in range(n_busy)
            ]
            for process in busy:
                process.start()
            times = []
            for _ in range(3):
                start = time.perf_counter()
                HistForestClassifier(n_trees, n_jobs=n_jobs, random_state=0).fit(X, y)
                times.append(time.perf_counter() - start)
            assert all(process.is_alive() for process in busy)
            walls[label] = min(times)
            stop.set()
            for process in busy:
                process.join()
        ratios = ", ".join(
            f"{label} {wall:.2f} s ({walls['one thread'] / wall:.2f})"
            for label, wall in walls.items()
        )
        print(f"{n:8} x 20, {n_trees} trees: {ratios}")


def peak_of(name, n, d, n_trees, answer):
    X, y, *_ = made("two classes", n, d)
    X, y = X[:n], y[:n]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    forest = {"ours": HistForestClassifier, "theirs": RandomForestClassifier}[name]
    forest(n_trees, random_state=0, n_jobs=2).fit(X, y)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer.put((before / 1024, after / 1024))


def memory():
    print("\nmemory: what a fit of 100 trees at 500000 x 50 adds to the peak, MiB")
    added = {}
    context = multiprocessing.get_context("spawn")
    for name in "ours", "theirs":
        answer = context.Queue()
        process = context.Process(target=peak_of, args=(name, 500_000, 50, 100, answer))
        process.start()
        before, after = answer.get()
        process.join()
        added[name] = after - before
        print(f"  {name}: {before:.0f} before, {after:.0f} after", flush=True)
    print(f"  ours / theirs: {added['ours'] / added['theirs']:.2f}")


def growth():
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(12, 4), layout="constrained")
    curves = {
        "rows": [(n, 20, 10) for n in (1_000, 10_000, 100_000, 1_000_000)],
        "features": [(20_000, d, 10) for d in (5, 20, 80, 320)],
        "trees": [(20_000, 20, t) for t in (10, 40, 160, 640)],
    }
    print("\ngrowth: seconds")
    for axis, (what, cases) in zip(axes, curves.items(), strict=True):
        for kind in "two classes", "values":
            times = []
            for n, d, t in cases:
                X, y, *_ = made(kind, n, max(d, 8))
                forest = OURS[kind](t, max_features="sqrt", random_state=0)
                times += least_seconds([partial(forest.fit, X[:, :d], y)], 1)
            x = [case[list(curves).index(what)] for case in cases]
            axis.loglog(x, times, "o-", label=kind)
            print(what, kind, [f"{v}: {s:.2f}" for v, s in zip(x, times, strict=True)])
        axis.set(xlabel=f"number of {what}", ylabel="seconds of a fit", title=what)
        axis.legend()
    where = Path(__file__).with_name("forest_growth.png")
    figure.savefig(where, dpi=110)
    print(f"curves: {where}")


def sets(seed):
    """Ten data sets: name, kind, and rows for a seed."""
    rng = np.random.default_rng(seed)

    def linear(n):
        X = rng.normal(size=(n, 10))
        return X, X @ np.linspace(-1, 1, 10) + rng.normal(size=n)

    def heavy(n):
        X = rng.standard_t(3, size=(n, 8))
        return X, np.tanh(X[:, 0]) + np.abs(X[:, 1]) + 0.5 * X[:, 2] + rng.normal(
            size=n
        )

    def parity(n):
        X = rng.normal(size=(n, 6))
        return X, (X[:, 0] * X[:, 1] > 0) + 0.3 * rng.normal(size=n)

    n = 4_000
    both = 2 * n
    drawn = {
        "waves": rows_of(both, 20, seed),
        "friedman 1": make_friedman1(both, noise=1, random_state=seed),
        "friedman 2": make_friedman2(both, noise=50, random_state=seed),
        "friedman 3": make_friedman3(both, noise=0.2, random_state=seed),
        "linear": linear(both),
        "heavy tails": heavy(both),
    }
    for name, (X, y) in drawn.items():
        yield name, "values", X[:n], y[:n], X[n:], y[n:]
    drawn["parity"] = parity(both)
    for name in "waves", "linear", "heavy tails", "parity":
        X, y = drawn[name]
        y = target_of("two classes", y, y)
        yield name, "two classes", X[:n], y[:n], X[n:], y[n:]


def accuracy(seeds=20):
    print(f"\naccuracy: ours - scikit-learn, {seeds} seeds, mean and its error")
    found = {}
    for seed in range(seeds):
        for name, kind, X, y, X_new, y_new in sets(seed):
            for label, ours, theirs in (
                ("forest", {}, FORESTS),
                ("extra trees", EXTRA, CUTS),
            ):
                shared = {"n_jobs": 2, "random_state": seed}
                mine = OURS[kind](100, **shared, **ours).fit(X, y)
                other = theirs[kind](100, **shared).fit(X, y)
                key = f"{label:12} {name:12} {kind}"
                if label == "extra trees" and kind == "two classes":
                    mine.set_params(max_features="sqrt")
                scores = mine.score(X_new, y_new), other.score(X_new, y_new)
                found.setdefault(key, []).append(scores)
    for key, scores in found.items():
        ours, theirs = np.array(scores).T
        off = ours - theirs
        error = off.std(ddof=1) / np.sqrt(len(off))
        print(f"{key:38}{theirs.mean():.4f}  {off.mean():+.4f} +- {error:.4f}")


SECTIONS = {
    "fit": fit,
    "peers": peers,
    "real": real,
    "binning": binning,
    "threads": threads,
    "memory": memory,
    "growth": growth,
    "accuracy": accuracy,
}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, []])
    parser.add_argument("--data", type=Path, help="folder of the files that real takes")
    arguments = parser.parse_args()
    wanted = arguments.sections or [name for name in SECTIONS if name != "accuracy"]
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.stdout.reconfigure(line_buffering=True)
    warm()
    for name in wanted:
        SECTIONS[name](*([arguments.data] if name == "real" else []))
