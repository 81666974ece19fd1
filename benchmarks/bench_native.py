"""Missing values and categories: trees of ours against HistGradientBoosting's.

Boosting of one step with a learning rate of one is one tree whose leaves are means.
So trees of the same number of leaves differ in how they treat missing values and
categories, and in bins. Differences of R² on fresh rows, of the same rows for both.

    python benchmarks/bench_native.py [--data FOLDER] [--seeds 10]

FOLDER is that of `bench_forests.py`: census income and Beijing PM2.5.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from bench_forests import adult, pollution
from bench_trees import rows_of
from sklearn.ensemble import HistGradientBoostingRegressor

from ensembles import HistTreeRegressor

SIZES = ((31, 20), (127, 5))  # leaves, rows that each has at least
N_NEW = 20_000


def with_words(words, X, y):
    frame = pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])
    return frame.assign(word=pd.Categorical(words)), y


def words(n_words, kind, n, seed):
    """Words with effects beside a feature with one and three without."""
    rng = np.random.default_rng(seed)
    drawn, X = rng.integers(0, n_words, n), rng.normal(size=(n, 4))
    effects = np.random.default_rng(0).normal(size=(2, n_words))
    if kind == "rare":
        share = 1.0 / np.arange(1, n_words + 1)
        drawn = rng.choice(n_words, n, p=share / share.sum())
    if kind == "confounded":
        X[:, 0] = effects[1, drawn] + 0.5 * X[:, 0]
    y = effects[0, drawn]
    if kind == "crossed":
        y = effects[(X[:, 1] > 0).astype(int), drawn]
    if kind == "no effect":
        y = 0.0
    return with_words(drawn, X, y + X[:, 0] + rng.normal(size=n))


def missing(kind, n, seed):
    """A tenth of the values at random, or large values more often than small ones."""
    X, y = rows_of(n, 8, seed)
    rng = np.random.default_rng(seed + 5)
    if kind == "at random":
        X[rng.random(X.shape) < 0.1] = np.nan
    else:
        for j in range(3, 7):
            X[rng.random(n) < 1.0 / (1.0 + np.exp(1.0 - 2.0 * X[:, j])), j] = np.nan
    return pd.DataFrame(X), y


def drawn():
    """Names of made sets, and what makes rows of them from a number and a seed."""
    for n_words, kind in (
        (20, "plain"),
        (100, "plain"),
        (100, "crossed"),
        (60, "confounded"),
        (200, "rare"),
        (100, "no effect"),
    ):
        yield f"{n_words} words, {kind}", partial(words, n_words, kind)
    for kind in "at random", "informative":
        yield f"missing {kind}", partial(missing, kind)


def kept(load, folder):
    """All rows of a real set, words as categories."""
    X, y, X_new, y_new = load(folder)
    X = pd.concat([X, X_new])
    X.columns = X.columns.astype(str)
    kinds = dict.fromkeys(X.select_dtypes(exclude="number"), "category")
    return X.astype(kinds), np.r_[y, y_new].astype(float)


def sets(folder):
    """Name, and rows to learn from and to score on for each seed."""
    for name, make in drawn():
        yield (
            name,
            lambda seed, make=make: (make(3_000, seed), make(N_NEW, seed + 1000)),
        )
    if folder is None:
        return
    for load in adult, pollution:
        X, y = kept(load, folder)
        for n in 2_000, 15_000:

            def parts(seed, X=X, y=y, n=n):
                rows = np.random.default_rng(seed).permutation(len(y))
                return [(X.iloc[own], y[own]) for own in (rows[:n], rows[-N_NEW:])]

            yield f"{load.__name__}, {n} rows", parts


def main(folder, seeds):
    print("R² of HistGradientBoosting's tree, ours minus it and the error of the mean")
    if folder is None:
        print("real data: no folder given")
    for n_leaves, n_rows in SIZES:
        print(f"\n{n_leaves} leaves of at least {n_rows} rows")
        shape = {"max_leaf_nodes": n_leaves, "min_samples_leaf": n_rows}
        ours = HistTreeRegressor(**shape, random_state=0)
        theirs = HistGradientBoostingRegressor(
            max_iter=1, learning_rate=1.0, early_stopping=False, **shape
        )
        for name, parts in sets(folder):
            found = []
            for seed in range(seeds):
                (X, y), new = parts(seed)
                found.append([tree.fit(X, y).score(*new) for tree in (theirs, ours)])
            scores = np.array(found)
            off = scores[:, 1] - scores[:, 0]
            error = off.std(ddof=1) / np.sqrt(seeds)
            print(
                f"{name:24}{scores[:, 0].mean():.4f}  {off.mean():+.4f} +- {error:.4f}"
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of census and air pollution")
    parser.add_argument("--seeds", type=int, default=10)
    arguments = parser.parse_args()
    main(arguments.data, arguments.seeds)
