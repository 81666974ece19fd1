"""The main job end to end: resample honestly, make an ensemble, measure without leaks.

    make demo

Everything random follows from SEED. Data sets come with scikit-learn and statsmodels;
nothing is downloaded. It prints two tables and draws them into demo.png.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import matplotlib as mpl
import numpy as np

mpl.use("Agg")

import torch
from matplotlib import pyplot as plt
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import (
    KFold,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler
from sklearn.tree import DecisionTreeClassifier
from skorch import NeuralNetClassifier
from statsmodels.datasets import co2
from torch import nn

from ensembles import (
    BaggingClassifier,
    BaggingRegressor,
    Bootstrap,
    RollingOrigin,
    SnapshotEnsembleClassifier,
    StationaryBootstrap,
    VotingClassifier,
)

SEED = 0
LEVEL = 0.95
PICTURE = Path("demo.png")


def say(text: str = "") -> None:
    """Print at once, also where output is not a terminal."""
    print(text, flush=True)


# --- 1. Classification: handwritten digits -------------------------------------------


class Perceptron(nn.Module):
    """One hidden layer; returns logits."""

    def __init__(self, n_features: int = 64, n_outputs: int = 10) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(n_features, 64), nn.ReLU(), nn.Linear(64, n_outputs)
        )

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        return self.layers(X)


def classifiers() -> dict[str, object]:
    """The rows of the table, by name."""
    tree = DecisionTreeClassifier(random_state=SEED)
    pipeline = make_pipeline(StandardScaler(), tree)
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500))
    net = NeuralNetClassifier(
        Perceptron,
        criterion=nn.CrossEntropyLoss,
        optimizer=torch.optim.Adam,
        lr=0.01,
        max_epochs=40,
        batch_size=64,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
    )

    def snapshots(n: int) -> object:
        ensemble = SnapshotEnsembleClassifier(net, n_snapshots=n, random_state=SEED)
        return make_pipeline(StandardScaler(), ensemble)

    def bag(member: object) -> BaggingClassifier:
        return BaggingClassifier(
            member, 50, max_features=0.5, oob_score=True, random_state=SEED
        )

    return {
        "one tree": tree,
        "50 bagged trees": bag(tree),
        "50 bagged pipelines": bag(pipeline),
        "vote of three": VotingClassifier(
            [("linear", linear), ("tree", tree), ("near", KNeighborsClassifier())]
        ),
        "one net": snapshots(1),
        "5 snapshots, same budget": snapshots(5),
    }


def interval(correct: np.ndarray) -> tuple[float, float]:
    """Percentile interval of a share, over bootstrap replicates of its rows."""
    scheme = Bootstrap(2000, random_state=SEED)
    shares = [W @ correct / W.sum(axis=1) for W in scheme.iter_weights(correct)]
    low, high = np.quantile(np.concatenate(shares), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return low, high


def classify() -> list[tuple[str, float, float, float]]:
    """Print the table of classifiers; return name, accuracy, low and high."""
    X, y = load_digits(return_X_y=True)
    folds = StratifiedKFold(5, shuffle=True, random_state=SEED)
    say(f"1. Digits: {len(X)} pictures of 8 x 8, 10 classes, 5-fold cross-validation")
    say(f"   accuracy with a {LEVEL:.0%} bootstrap interval\n")
    say(
        "   model                      accuracy   interval          out-of-bag  seconds"
    )
    rows, right = [], {}
    for name, model in classifiers().items():
        start = time.perf_counter()
        right[name] = (cross_val_predict(model, X, y, cv=folds) == y).astype(float)
        low, high = interval(right[name])
        out_of_bag = "     -"
        if isinstance(model, BaggingClassifier):
            out_of_bag = f"{clone(model).fit(X, y).oob_score_:6.3f}"
        seconds = time.perf_counter() - start
        accuracy = right[name].mean()
        rows.append((name, accuracy, low, high))
        say(
            f"   {name:26} {accuracy:.3f}      [{low:.3f}, {high:.3f}]"
            f"    {out_of_bag}   {seconds:6.1f}"
        )
    gain = right["5 snapshots, same budget"] - right["one net"]
    low, high = interval(gain)
    say(
        f"\n   Snapshots less one net, paired: {gain.mean():+.4f} "
        f"[{low:+.4f}, {high:+.4f}]: "
        + ("a difference." if low > 0 or high < 0 else "no difference to be seen here.")
    )
    return rows


# --- 2. A time series: carbon dioxide on Mauna Loa -----------------------------------


def series() -> tuple[np.ndarray, np.ndarray]:
    """Years and monthly means in ppm, 1958 to 2001."""
    weekly = co2.load_pandas().data["co2"].interpolate()
    monthly = weekly.resample("MS").mean()
    years = monthly.index.year + (monthly.index.month - 0.5) / 12
    return years.to_numpy(), monthly.to_numpy()


def regressors() -> dict[str, BaggingRegressor]:
    """Two bags that see the year and the season."""
    linear = make_pipeline(StandardScaler(), PolynomialFeatures(2), Ridge(1e-3))
    return {
        "bagged trees": BaggingRegressor(n_estimators=100, random_state=SEED),
        "bagged lines": BaggingRegressor(linear, 100, random_state=SEED),
    }


def forecast() -> tuple[dict[str, dict[str, float]], dict[str, np.ndarray]]:
    """Print what each way of measuring promises and what then happened."""
    years, ppm = series()
    angle = 2 * np.pi * years
    X = np.column_stack([years, np.sin(angle), np.cos(angle)])
    horizon = 60
    past, future = slice(None, -horizon), slice(-horizon, None)
    blocks = StationaryBootstrap(block_length=48, gap=12)
    measure = "neg_mean_absolute_error"

    def cross_validated(bag: BaggingRegressor, cv: object) -> float:
        scores = cross_val_score(bag, X[past], ppm[past], cv=cv, scoring=measure)
        return -scores.mean()

    def out_of_bag(bag: BaggingRegressor, scheme: object) -> float:
        bag = clone(bag).set_params(oob_score=measure, scheme=scheme)
        return -bag.fit(X[past], ppm[past]).oob_score_

    ways = {
        "shuffled K-fold": lambda bag: cross_validated(
            bag, KFold(5, shuffle=True, random_state=SEED)
        ),
        "out-of-bag rows": lambda bag: out_of_bag(bag, None),
        "out-of-bag blocks": lambda bag: out_of_bag(bag, blocks),
        "RollingOrigin": lambda bag: cross_validated(
            bag, RollingOrigin(5, test_size=horizon)
        ),
        "what happened": lambda bag: mean_absolute_error(
            ppm[future], clone(bag).fit(X[past], ppm[past]).predict(X[future])
        ),
    }
    say("\n2. Carbon dioxide on Mauna Loa, monthly; the last five years are the future")
    say("   mean absolute error in ppm that each way of measuring promises\n")
    say("   " + " " * 19 + "".join(f"{name:>15}" for name in regressors()))
    promised: dict[str, dict[str, float]] = {}
    for way, error_of in ways.items():
        promised[way] = {name: error_of(bag) for name, bag in regressors().items()}
        say(f"   {way:19}" + "".join(f"{e:15.2f}" for e in promised[way].values()))
    for way in ("shuffled K-fold", "RollingOrigin", "what happened"):
        best = min(promised[way], key=promised[way].__getitem__)
        say(f"   best by {way}: {best}")
    drawn = {"years": years, "ppm": ppm, "cut": years[-horizon]}
    for name, bag in regressors().items():
        drawn[name] = clone(bag).fit(X[past], ppm[past]).predict(X[future])
    return promised, drawn


# --- 3. One picture ------------------------------------------------------------------


def draw(rows: list, promised: dict, drawn: dict) -> None:
    """Draw both tables and the forecasts into one PNG."""
    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(15, 4.6), layout="constrained"
    )
    names, accuracy, low, high = zip(*rows, strict=True)
    accuracy, low, high = map(np.array, (accuracy, low, high))
    left.errorbar(
        accuracy, names, xerr=[accuracy - low, high - accuracy], fmt="o", capsize=3
    )
    left.invert_yaxis()
    left.set(xlabel="accuracy, 95 % bootstrap interval", title="Digits")
    left.grid(axis="x", alpha=0.3)

    place = np.arange(len(promised))
    for i, name in enumerate(regressors()):
        errors = [promised[way][name] for way in promised]
        bars = middle.barh(place + 0.4 * (i - 0.5), errors, 0.38, label=name)
        middle.bar_label(bars, fmt="%.1f", padding=2, fontsize=8)
    middle.set_yticks(place, list(promised))
    middle.invert_yaxis()
    middle.margins(x=0.12)
    middle.set(
        xlabel="mean absolute error, ppm", title="What each measurement promises"
    )
    middle.legend(loc="upper right")

    n = len(drawn["bagged trees"])
    years, ppm = drawn["years"], drawn["ppm"]
    right.plot(years[-4 * n :], ppm[-4 * n :], color="0.5", label="measured")
    for name in regressors():
        right.plot(years[-n:], drawn[name], label=name)
    right.axvline(drawn["cut"], color="k", linestyle=":", linewidth=1)
    right.set(xlabel="year", ylabel="CO2, ppm", title="Mauna Loa, five years ahead")
    right.legend(loc="upper left")
    figure.savefig(PICTURE, dpi=110)
    plt.close(figure)


def main() -> int:
    start = time.perf_counter()
    torch.set_num_threads(1)  # for nets this small, more threads only wait for another
    say(f"Seed {SEED}; the same numbers on every run of one machine.\n")
    rows = classify()
    promised, drawn = forecast()
    draw(rows, promised, drawn)
    say(f"\n3. Both in one picture: {PICTURE}")
    say(f"   {time.perf_counter() - start:.0f} seconds in all")
    return 0


if __name__ == "__main__":
    sys.exit(main())
