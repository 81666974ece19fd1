"""Distributions and quantiles of values, against NGBoost and LightGBM.

NGBoost asks for an older scikit-learn: ``pip install --no-deps ngboost`` beside that.

*ngboost*: wall time of a fit of 300 rounds of trees of depth three, ours and NGBoost's,
and mean log-likelihood and coverage of nine tenths of held-out rows for both with early
stopping by the same tenth of the rows, at the same learning rate. *quantiles*: three
quantiles of one fit, against three fits of LightGBM: time, pinball loss, coverage, and
how often quantiles cross. *coverage*: how much the intervals of all distributions cover
of 20,000 rows held out, with the distributions that targets are drawn from.

    OMP_NUM_THREADS=1 python benchmarks/bench_distributions.py [coverage quantiles ...]
        [--data FOLDER] [--seeds N]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split

from ensembles import DistributionBoostingRegressor, QuantileBoostingRegressor

LEVELS = (0.05, 0.5, 0.95)


def noisy(seed):
    """Noise whose scale depends on a feature of its own."""
    rng = np.random.default_rng(seed)
    X = rng.uniform(-2.0, 2.0, size=(3000, 5))
    scale = np.exp(X[:, 2] - 1.0)
    return X, np.sin(2.0 * X[:, 0]) + X[:, 1] + scale * rng.normal(size=3000)


def friedman(seed):
    return make_friedman1(3000, noise=2.0, random_state=seed)


def real(folder):
    """Tasks of real data."""
    wine = pd.read_csv(folder / "winequality-white.csv", header=None).to_numpy(float)
    dust = pd.read_csv(folder / "pollution.csv").dropna(subset=["pm2.5"])
    names = ["month", "day", "hour", "DEWP", "TEMP", "PRES", "Iws", "Is", "Ir"]

    def pollution(seed):
        table = dust.sample(10_000, random_state=seed)
        return table[names].to_numpy(float), np.log1p(table["pm2.5"].to_numpy(float))

    return {"wine": lambda seed: (wine[:, :-1], wine[:, -1]), "pollution": pollution}


def seconds(function, repeats=1):
    best, result = np.inf, None
    for _ in range(repeats):
        start = time.perf_counter()
        result = function()
        best = min(best, time.perf_counter() - start)
    return best, result


def covered(low, high, y):
    return float(((low <= y) & (y <= high)).mean())


def shown(name, rows):
    """Means over seeds, and their standard errors."""
    rows = np.array(rows)
    means, errors = rows.mean(axis=0), rows.std(axis=0, ddof=1) / np.sqrt(len(rows))
    texts = [f"{m:8.3f} +- {e:.3f}" for m, e in zip(means, errors, strict=True)]
    print(f"{name:28}", *texts, flush=True)


def ngboost(tasks, options):
    from ngboost import NGBRegressor
    from sklearn.tree import DecisionTreeRegressor

    print("time theirs/ours, log-likelihood ours and theirs, coverage ours and theirs")
    tree = DecisionTreeRegressor(max_depth=3)
    for name, task in tasks.items():
        rows = []
        for seed in range(options.seeds):
            parts = train_test_split(*task(seed), test_size=0.33, random_state=seed)
            X, X_test, y, y_test = parts
            same = {"learning_rate": 0.05, "random_state": seed}
            trees = {"max_depth": 3, "max_leaf_nodes": None, "min_samples_leaf": 1}
            ours = DistributionBoostingRegressor(
                max_iter=300, early_stopping=False, **trees, **same
            )
            theirs = NGBRegressor(Base=tree, n_estimators=300, verbose=False, **same)
            ours.fit(X, y)  # loads kernels
            own, _ = seconds(lambda: ours.fit(X, y), 2)  # noqa: B023
            other, _ = seconds(lambda: theirs.fit(X, y))  # noqa: B023
            best = DistributionBoostingRegressor(max_iter=2000, **same).fit(X, y)
            split = train_test_split(X, y, test_size=0.1, random_state=seed)
            X_fit, X_val, y_fit, y_val = split
            stopped = NGBRegressor(Base=tree, n_estimators=2000, verbose=False, **same)
            stopped.fit(X_fit, y_fit, X_val, y_val, early_stopping_rounds=10)
            dist = stopped.pred_dist(X_test, max_iter=stopped.best_val_loss_itr)
            ends = dist.ppf(0.05), dist.ppf(0.95)
            rows.append(
                [
                    other / own,
                    best.log_likelihood(X_test, y_test),
                    dist.logpdf(y_test).mean(),
                    covered(*best.predict_interval(X_test, 0.9).T, y_test),
                    covered(*ends, y_test),
                ]
            )
        shown(name, rows)


def quantiles(tasks, options):
    from lightgbm import LGBMRegressor

    print(
        "time theirs/ours, pinball ours and theirs, coverage ours and theirs, crossing"
    )
    for name, task in tasks.items():
        rows = []
        for seed in range(options.seeds):
            parts = train_test_split(*task(seed), test_size=0.33, random_state=seed)
            X, X_test, y, y_test = parts
            ours = QuantileBoostingRegressor(LEVELS, random_state=seed).fit(X, y)
            fixed = QuantileBoostingRegressor(LEVELS, early_stopping=False)
            fixed.set_params(max_iter=100).fit(X, y)
            own, _ = seconds(lambda: fixed.fit(X, y), 2)  # noqa: B023

            def fit_theirs():
                return [
                    LGBMRegressor(
                        objective="quantile",
                        alpha=level,
                        num_leaves=8,
                        n_jobs=1,
                        verbose=-1,
                    ).fit(X, y)  # noqa: B023
                    for level in LEVELS
                ]

            other, models = seconds(fit_theirs, 2)
            found = np.column_stack([model.predict(X_test) for model in models])
            below = y_test[:, None] - found
            levels = np.array(LEVELS)
            pinball = np.maximum(levels * below, (levels - 1.0) * below).mean()
            rows.append(
                [
                    other / own,
                    ours.pinball_loss(X_test, y_test),
                    pinball,
                    covered(*ours.predict_interval(X_test).T, y_test),
                    covered(found[:, 0], found[:, -1], y_test),
                    (np.diff(found, axis=1) < 0.0).any(axis=1).mean(),
                ]
            )
        shown(name, rows)


def coverage(tasks, options):
    print("shares of targets below tenths, largest error; coverage of 0.5, 0.8, 0.9")
    makers = {
        "normal": stats.norm,
        "lognormal": lambda m, s: stats.lognorm(s, scale=np.exp(m)),
        "laplace": stats.laplace,
        "student": lambda m, s: stats.t(3.0, m, s),
        "poisson": lambda m, s: stats.poisson(np.exp(m + 1.0)),
        "negative_binomial": lambda m, s: stats.nbinom(
            1.0 / s, 1.0 / (1.0 + s * np.exp(m + 1.0))
        ),
    }
    for name, make in makers.items():
        rows = []
        for seed in range(options.seeds):
            rng = np.random.default_rng(seed)
            X = rng.uniform(-1.5, 1.5, size=(24_000, 4))
            location, scale = X[:, 0] + 0.5 * X[:, 1], np.exp(0.8 * X[:, 2] - 0.5)
            y = make(location, scale).rvs(random_state=rng).astype(float)
            model = DistributionBoostingRegressor(name, random_state=seed)
            model.fit(X[:4000], y[:4000])
            X, y = X[4000:], y[4000:]
            dist = model.predict_dist(X)
            above = dist.cdf(y)
            if name in ("poisson", "negative_binomial"):  # between steps, at random
                before = dist.cdf(y - 1.0)
                above = before + rng.uniform(size=len(y)) * (above - before)
            tenths = np.arange(0.1, 1.0, 0.1)
            error = np.abs((above[:, None] <= tenths).mean(axis=0) - tenths).max()
            inside = [
                covered(*model.predict_interval(X, c).T, y) for c in (0.5, 0.8, 0.9)
            ]
            rows.append([error, *inside])
        shown(name, rows)


def main():
    parts = {"ngboost": ngboost, "quantiles": quantiles, "coverage": coverage}
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", default=["coverage", "quantiles"])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    tasks = {"noisy": noisy, "friedman": friedman}
    if options.data is not None:
        tasks |= real(options.data)
    for part in options.parts:
        parts[part](tasks, options)


if __name__ == "__main__":
    main()
