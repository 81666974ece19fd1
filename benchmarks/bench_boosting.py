"""Boosting on histograms against its peers, interleaved, in one process.

A ratio is the peer's processor time over ours, least of the repeats each, one thread;
kernels have run once before. Each fit is 100 rounds of 31 leaves, binning included; our
time on codes is what is left without. A ratio counts where our loss on fresh rows is
equal or better, so both stand beside it: log loss, or mean squared error.

    python benchmarks/bench_boosting.py [section ...] [--sizes 1000 10000 100000]

Sections: plain, wide, missing, categories, classes, real. For the last, `--data` names
a folder with adult-train.csv, adult-test.csv and pollution.csv, as in bench_forests.py.
"""

from __future__ import annotations

import argparse
import warnings
from functools import partial
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
import xgboost
from bench_forests import adult, pollution
from bench_trees import least_seconds
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
)
from sklearn.metrics import log_loss, mean_squared_error
from threadpoolctl import threadpool_limits

from ensembles import HistBoostingClassifier, HistBoostingRegressor

N_TEST = 20_000
ROUNDS = 100


def rows_of(n_rows, n_features=20, seed=0):
    """Values, some of them skewed, whole or of two kinds."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_features))
    X[:, 5] = np.exp(X[:, 5])
    X[:, 6] = np.round(3.0 * X[:, 6])
    X[:, 7] = X[:, 7] > 0.5
    signal = X[:, 0] + np.sin(2.0 * X[:, 1]) + (X[:, 2] > 0.3) * X[:, 3]
    return X, signal + 0.5 * X[:, 4] ** 2 + 0.2 * X[:, 6] * X[:, 7], rng


def task(kind, n_rows, n_features=20, *, missing=0.0, categories=0):
    """Training rows and fresh ones."""
    X, signal, rng = rows_of(n_rows + N_TEST, n_features)
    for j in range(categories):
        codes = rng.integers(0, 50, len(X))
        signal += 0.6 * rng.normal(size=50)[codes]
        X[:, n_features - 1 - j] = codes
    y = signal + rng.normal(size=len(X))
    if kind != "values":
        n_classes = 2 if kind == "two classes" else 10
        cuts = np.quantile(y, np.linspace(0, 1, n_classes + 1)[1:-1])
        y = np.digitize(y, cuts)
    if missing:
        X[rng.random(X.shape) < missing] = np.nan
    return X[:n_rows], y[:n_rows], X[n_rows:], y[n_rows:]


def peers_of(kind, categorical, rounds=ROUNDS):
    """Every peer by name, as a pair of fit and predict on values."""
    is_values = kind == "values"
    sides = "Regressor" if is_values else "Classifier"
    common = {"n_estimators": rounds, "learning_rate": 0.1, "n_jobs": 1}
    light = getattr(lightgbm, f"LGBM{sides}")
    gradient = getattr(xgboost, f"XGB{sides}")
    hist = {"Regressor": HistGradientBoostingRegressor}.get(
        sides, HistGradientBoostingClassifier
    )
    xgb = {**common, "tree_method": "hist", "max_bin": 256}
    return {
        "LightGBM": LightGBM(light(num_leaves=31, verbose=-1, **common), categorical),
        "XGBoost leaf-wise": XGBoost(
            gradient(grow_policy="lossguide", max_leaves=31, max_depth=0, **xgb),
            categorical,
        ),
        "XGBoost depth 6": XGBoost(gradient(max_depth=6, **xgb), categorical),
        "scikit-learn": hist(
            max_iter=rounds, early_stopping=False, categorical_features=categorical
        ),
    }


class LightGBM:
    """LightGBM with categories by position, or as a frame has them."""

    def __init__(self, model, categorical):
        self.model, self.categorical = model, categorical

    def fit(self, X, y):
        by_place = isinstance(self.categorical, list)
        named = {"categorical_feature": self.categorical} if by_place else {}
        self.model.fit(X, y, **named)
        return self

    def predict(self, X):
        return self.model.predict(X)

    def predict_proba(self, X):
        return self.model.predict_proba(X)


class XGBoost(LightGBM):
    """XGBoost, which takes categories as columns of a data frame."""

    def table(self, X):
        if not isinstance(self.categorical, list):
            return X
        frame = pd.DataFrame(X)
        for j in self.categorical:
            whole = frame[j].astype(int)
            frame[j] = pd.Categorical(whole, categories=np.arange(50))
        return frame

    def fit(self, X, y):
        if self.categorical:
            self.model.set_params(enable_categorical=True)
        self.model.fit(self.table(X), y)
        return self

    def predict(self, X):
        return self.model.predict(self.table(X))

    def predict_proba(self, X):
        return self.model.predict_proba(self.table(X))


def ours_of(kind, categorical, rounds=ROUNDS):
    booster = HistBoostingRegressor if kind == "values" else HistBoostingClassifier
    return booster(
        max_iter=rounds, early_stopping=False, categorical_features=categorical
    )


def loss_of(model, X, y, kind):
    if kind == "values":
        return mean_squared_error(y, model.predict(X))
    return log_loss(y, model.predict_proba(X))


def predictor(model, kind):
    return model.predict if kind == "values" else model.predict_proba


def race(label, kind, data, categorical=None, repeats=2):
    """Print a line for each peer."""
    X, y, X_new, y_new = data
    ours, peers = ours_of(kind, categorical), peers_of(kind, categorical)
    models = [ours, *peers.values()]
    with threadpool_limits(1):
        fits = least_seconds([partial(m.fit, X, y) for m in models], repeats)
        binned = ours.binner_.bin(X)
        (on_codes,) = least_seconds([partial(ours.fit, binned, y)], repeats)
        predicts = least_seconds(
            [partial(predictor(m, kind), X_new) for m in models], repeats + 1
        )
        losses = [loss_of(m, X_new, y_new, kind) for m in models]
    print(
        f"{label:34} ours {1e3 * fits[0]:8.0f} ms, {1e3 * on_codes:8.0f} on codes, "
        f"predict {1e3 * predicts[0]:6.0f} ms, loss {losses[0]:.4f}",
        flush=True,
    )
    rest = zip(peers, fits[1:], predicts[1:], losses[1:], strict=True)
    for name, fit, predict, loss in rest:
        print(
            f"    {name:30} fit {fit / fits[0]:5.2f}   predict "
            f"{predict / predicts[0]:5.2f}   loss {loss:.4f}"
            + ("" if losses[0] <= loss * 1.001 else "   (ours is worse)"),
            flush=True,
        )


def plain(options):
    for kind in "two classes", "values":
        for n_rows in options.sizes:
            race(
                f"{kind}, {n_rows} x 20",
                kind,
                task(kind, n_rows),
                repeats=options.repeats,
            )


def wide(options):
    for kind in "two classes", "values":
        for n_rows in options.sizes:
            data = task(kind, n_rows, 100)
            race(f"{kind}, {n_rows} x 100", kind, data, repeats=options.repeats)


def missing(options):
    for kind in "two classes", "values":
        for n_rows in options.sizes:
            data = task(kind, n_rows, missing=0.1)
            label = f"{kind}, {n_rows} x 20, 10 % missing"
            race(label, kind, data, repeats=options.repeats)


def categories(options):
    for kind in "two classes", "values":
        for n_rows in options.sizes:
            data = task(kind, n_rows, categories=5)
            label = f"{kind}, {n_rows} x 20, 5 categories"
            race(label, kind, data, [15, 16, 17, 18, 19], options.repeats)


def classes(options):
    for n_rows in options.sizes:
        kind = "ten classes"
        race(
            f"{kind}, {n_rows} x 20", kind, task(kind, n_rows), repeats=options.repeats
        )


def real(options):
    if options.data is None:
        print("real data: no folder given")
        return
    for load, kind in (adult, "two classes"), (pollution, "values"):
        X, y, X_new, y_new = load(options.data)
        words = X.select_dtypes(exclude="number")
        X = X.astype(dict.fromkeys(words, "category"))
        X_new = X_new.astype(X.dtypes)
        for frame in X, X_new:
            frame.columns = [str(name) for name in frame]
        label = f"{load.__name__}, {len(X)} x {X.shape[1]}, {words.shape[1]} of words"
        race(label, kind, (X, y, X_new, y_new), "from_dtype", options.repeats)


SECTIONS = [plain, wide, missing, categories, classes, real]


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    names = [section.__name__ for section in SECTIONS]
    parser.add_argument("sections", nargs="*", choices=[*names, []])
    parser.add_argument("--sizes", nargs="+", type=int, default=[1000, 10_000, 100_000])
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--data", type=Path)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # LightGBM's, of names of features
    for kind in "values", "two classes", "ten classes":
        X, y, *_ = task(kind, 300)
        ours_of(kind, [6], 30).fit(X, y).predict(X)
    for section in SECTIONS:
        if section.__name__ in (options.sections or ["plain"]):
            section(options)


if __name__ == "__main__":
    main()
