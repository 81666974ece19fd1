"""Gradient boosting over four learners against each of them alone, nested folds.

Outer folds tell the error, inner folds choose: of a learner alone its own parameter, of
a booster how many columns each learner sees. Boosters stop by a fifth of their rows.
Errors are root mean squared ones, of targets of unit variance, with their standard
errors over five outer folds. The data are the quality of white wines (2,000 of 4,898
rows, 11 columns) and fine dust in Beijing by weather and time (2,000 hours of 2010 to
2014, 9 columns, logarithms).

    OMP_NUM_THREADS=1 python benchmarks/bench_any_learner.py --data FOLDER [--no-nets]
        [wine pollution]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.neighbors import KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, SplineTransformer, StandardScaler

from ensembles import GradientBoostingRegressor

N_ROWS = 2000


def wine(folder):
    table = pd.read_csv(folder / "winequality-white.csv", header=None)
    table = table.sample(N_ROWS, random_state=0).to_numpy(float)
    return table[:, :-1], table[:, -1]


def pollution(folder):
    table = pd.read_csv(folder / "pollution.csv")
    table = table.dropna(subset=["pm2.5"]).sample(N_ROWS, random_state=0)
    names = ["month", "day", "hour", "DEWP", "TEMP", "PRES", "Iws", "Is", "Ir"]
    return table[names].to_numpy(float), np.log1p(table["pm2.5"].to_numpy(float))


def as_single(X):
    return np.asarray(X, dtype=np.float32)


def net():
    import skorch
    import torch

    class Hidden(torch.nn.Sequential):
        def __init__(self, n_hidden=16):
            super().__init__(
                torch.nn.LazyLinear(n_hidden),
                torch.nn.Tanh(),
                torch.nn.Linear(n_hidden, 1),
            )

    torch.set_num_threads(1)
    torch.manual_seed(0)
    return skorch.NeuralNetRegressor(
        Hidden,
        optimizer=torch.optim.Adam,
        lr=0.02,
        max_epochs=25,
        train_split=None,
        verbose=0,
    )


def learners(with_nets):
    scaled = StandardScaler()
    yield "ridge", make_pipeline(scaled, Ridge()), {"ridge__alpha": [0.1, 10, 100]}
    name = "kneighborsregressor__n_neighbors"
    yield (
        "neighbours",
        make_pipeline(scaled, KNeighborsRegressor()),
        {name: [5, 15, 40]},
    )
    splines = make_pipeline(scaled, SplineTransformer(6), Ridge())
    yield "splines", splines, {"ridge__alpha": [1, 10, 100]}
    if with_nets:
        single = FunctionTransformer(as_single)
        piped = make_pipeline(scaled, single, net())
        yield "net", piped, {"neuralnetregressor__max_epochs": [25, 50]}


def errors(model, X, y):
    folds = KFold(5, shuffle=True, random_state=0)
    scores = cross_val_score(
        model, X, y, cv=folds, scoring="neg_root_mean_squared_error"
    )
    return -scores


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    tasks = {"wine": wine, "pollution": pollution}
    parser.add_argument("tasks", nargs="*", default=list(tasks))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--no-nets", action="store_true")
    options = parser.parse_args()
    for task in options.tasks:
        X, y = tasks[task](options.data)
        y = (y - y.mean()) / y.std()
        for name, learner, grid in learners(not options.no_nets):
            start = time.perf_counter()
            # What a net alone is fitted to has to be one column of single precision.
            target = as_single(y)[:, None] if name == "net" else y
            own = errors(GridSearchCV(learner, grid, cv=3), X, target)
            booster = GradientBoostingRegressor(
                estimator=learner,
                n_estimators=40 if name == "net" else 300,
                learning_rate=0.3 if name == "net" else 0.1,
                early_stopping=0.2,
                random_state=0,
            )
            columns = {"max_features": [4, 6] if name == "net" else [2, 4, 6]}
            boosted = errors(GridSearchCV(booster, columns, cv=3), X, y)
            print(
                f"{task:10} {name:10} alone {own.mean():.3f} "
                f"({own.std(ddof=1) / 5**0.5:.3f}), boosted {boosted.mean():.3f} "
                f"({boosted.std(ddof=1) / 5**0.5:.3f}), "
                f"{time.perf_counter() - start:.0f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
