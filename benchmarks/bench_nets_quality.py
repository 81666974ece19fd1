"""What ensembles of nets are worth: error, log loss and calibration, side by side.

*classes*: one net, five snapshots, a mean of weights, five nets, passes of dropout and
boosted nets on real data, five draws each; means and, in brackets, standard errors.
Twice: at equal steps of the optimiser (five nets have a fifth of the epochs each), and
at equal wall time (epochs of all but the first row are chosen so that a fit takes as
long as that of one net). Calibration is the expected error over ten bins of the largest
probability; the last column is the log loss after a temperature that is found on half
of the rows set aside and measured on the other half. *values*: how many of the rows set
aside intervals of 90 % cover, before and after one factor that is found on half of
them, for normal likelihoods of one net and of five.

    OMP_NUM_THREADS=1 python benchmarks/bench_nets_quality.py [classes values]
        --wine winequality-white.csv --adult adult-train.csv
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch
from scipy.stats import norm
from sklearn.datasets import load_diabetes, load_digits, make_friedman1
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from ensembles.nets import (
    DeepEnsembleClassifier,
    DeepEnsembleRegressor,
    MCDropoutClassifier,
    NeuralBoostingClassifier,
    SnapshotEnsembleClassifier,
    TemperatureScaledClassifier,
    WeightAveragingClassifier,
)

EPOCHS = 40
CLASSES = {
    "one net": (SnapshotEnsembleClassifier, {"n_snapshots": 1}, 1),
    "snapshots": (SnapshotEnsembleClassifier, {"n_snapshots": 5}, 1),
    "mean of weights": (WeightAveragingClassifier, {}, 1),
    "five nets": (DeepEnsembleClassifier, {}, 5),
    "dropout": (MCDropoutClassifier, {"n_samples": 20}, 1),
    "boosting": (NeuralBoostingClassifier, {"n_estimators": 8}, 8),
}


def tables(options):
    """Rows and labels by name."""
    yield "digits", *load_digits(return_X_y=True)
    if options.wine:
        wine = np.loadtxt(options.wine, delimiter=",")
        yield "wine", wine[:, :-1], np.digitize(wine[:, -1], [5.5, 6.5])
    if options.adult:
        yield "adult", *adult(options.adult)


def adult(path):
    """4,000 rows; texts as columns of zeros and ones."""
    rows = np.genfromtxt(path, delimiter=",", dtype=str, autostrip=True, max_rows=4000)
    columns = []
    for column in rows[:, :-1].T:
        try:
            columns.append(column.astype(float)[:, None])
        except ValueError:
            columns.append((column[:, None] == np.unique(column)).astype(float))
    return np.hstack(columns), (rows[:, -1] == ">50K").astype(int)


def split(X, y, seed):
    """Scaled halves."""
    parts = train_test_split(X, y, test_size=0.5, stratify=y, random_state=seed)
    scaler = StandardScaler().fit(parts[0])
    return scaler.transform(parts[0]), scaler.transform(parts[1]), *parts[2:]


def expected_calibration_error(y, proba):
    sure = proba.max(axis=1)
    right = proba.argmax(axis=1) == y
    bins = np.minimum((sure * 10).astype(int), 9)
    gaps = [
        (bins == one).mean() * abs(right[bins == one].mean() - sure[bins == one].mean())
        for one in np.unique(bins)
    ]
    return sum(gaps)


def fitted(name, epochs, X, y, seed):
    kind, settings, _ = CLASSES[name]
    model = kind(random_state=seed, max_epochs=max(1, round(epochs)), **settings)
    start = time.perf_counter()
    model.fit(X, y)
    return model, time.perf_counter() - start


def said_of(model, X, y):
    proba = model.predict_proba(X)
    half = len(y) // 2
    scaled = TemperatureScaledClassifier(model, cv="prefit").fit(X[:half], y[:half])
    return (
        np.mean(proba.argmax(axis=1) != y),
        log_loss(y, proba),
        expected_calibration_error(y, proba),
        log_loss(y[half:], scaled.predict_proba(X[half:])),
    )


def show(title, results):
    heads = "error", "log loss", "calibration", "scaled"
    print(title, " " * 18 + "".join(f"{head:>16}" for head in heads), sep="\n")
    for name, rows in results.items():
        means = np.mean(rows, axis=0)
        errors = np.std(rows, axis=0, ddof=1) / np.sqrt(len(rows))
        pairs = zip(means, errors, strict=True)
        cells = (f"{mean:.3f} ({error:.3f})".rjust(16) for mean, error in pairs)
        print(f"{name:<18}{''.join(cells)}", flush=True)


def classes(options):
    for title, X, y in tables(options):
        steps, times, seconds = {}, {}, {}
        for seed in range(options.draws):
            X_train, X_test, y_train, y_test = split(X, y, seed)
            for name, (_, _, n_nets) in CLASSES.items():
                # Boosted nets are trained together from time to time: 3 T passes more.
                epochs = EPOCHS / n_nets
                model, took = fitted(name, epochs, X_train, y_train, seed)
                seconds.setdefault(name, []).append(took)
                steps.setdefault(name, []).append(said_of(model, X_test, y_test))
                if name == "one net":
                    times.setdefault(name, []).append(steps[name][-1])
                    continue
                ratio = np.median(seconds["one net"]) / np.median(seconds[name])
                model, _ = fitted(name, epochs * ratio, X_train, y_train, seed)
                times.setdefault(name, []).append(said_of(model, X_test, y_test))
        show(f"{title}, equal steps", steps)
        show(f"{title}, equal time", times)
        print(
            {name: round(float(np.median(took)), 2) for name, took in seconds.items()}
        )


def values(options):
    sets = {
        "friedman": make_friedman1(2000, noise=1.0, random_state=0),
        "diabetes": load_diabetes(return_X_y=True),
    }
    if options.wine:
        wine = np.loadtxt(options.wine, delimiter=",")
        sets["wine"] = wine[:, :-1], wine[:, -1]
    cut = norm.ppf(0.95)
    for title, (X, y) in sets.items():
        for n_nets in (1, 5):
            plain, scaled, scores = [], [], []
            for seed in range(options.draws):
                parts = train_test_split(X, y, test_size=0.5, random_state=seed)
                scaler = StandardScaler().fit(parts[0])
                model = DeepEnsembleRegressor(
                    n_estimators=n_nets,
                    likelihood="gaussian",
                    max_epochs=EPOCHS,
                    random_state=seed,
                ).fit(scaler.transform(parts[0]), parts[2])
                mean, std = model.predict(scaler.transform(parts[1]), return_std=True)
                far = np.abs(parts[3] - mean) / std
                half = len(far) // 2
                rank = int(np.ceil(0.9 * (half + 1))) - 1
                plain.append((far <= cut).mean())
                scaled.append((far[half:] <= np.sort(far[:half])[rank]).mean())
                scores.append(-norm.logpdf(parts[3], mean, std).mean())
            print(
                f"{title:<10}{n_nets} nets: covered {np.mean(plain):.3f}, after one "
                f"factor {np.mean(scaled):.3f} ({np.min(scaled):.3f} to "
                f"{np.max(scaled):.3f}), log score {np.mean(scores):.3f}",
                flush=True,
            )


def main():
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("what", nargs="*", default=["classes", "values"])
    parser.add_argument("--wine")
    parser.add_argument("--adult")
    parser.add_argument("--draws", type=int, default=5)
    options = parser.parse_args()
    for name in options.what:
        {"classes": classes, "values": values}[name](options)


if __name__ == "__main__":
    main()
