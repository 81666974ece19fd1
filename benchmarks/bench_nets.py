"""Nets of one training run: what batches without a loader gain, and what runs come to.

*lean*: wall time of whole fits of skorch's nets as they are over that of the same nets
with batches taken from memory and, in brackets, with fused steps of Adam too, which is
how ensembles train them. One thread, 20-64-64-2, 2,000 rows. *runs*: error and log loss
of one run of 30 epochs of a net 64-128-10 on half of the handwritten digits, and of a
net 20-128-3 on 1,000 rows of three classes with 15 % wrong labels, means of five draws
and their standard errors, by what the learning rate does and what is kept; last, five
runs apart, each with one cosine.

    OMP_NUM_THREADS=1 python benchmarks/bench_nets.py [lean runs]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import skorch
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from skorch.callbacks import LRScheduler
from torch import nn

from ensembles.nets import (
    DeepEnsembleClassifier,
    FastGeometricEnsembleClassifier,
    SnapshotEnsembleClassifier,
    WeightAveragingClassifier,
)
from ensembles.nets._lean import lean_batches, make_lean


def perceptron(n_features, n_outputs, hidden=(128,)):
    layers, width = [], n_features
    for size in hidden:
        layers += [nn.Linear(width, size), nn.ReLU()]
        width = size
    return nn.Sequential(*layers, nn.Linear(width, n_outputs))


def net_of(module, **settings):
    return skorch.NeuralNetClassifier(
        module,
        criterion=nn.CrossEntropyLoss,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
        **settings,
    )


def lean(options):
    X, y = make_classification(2000, 20, n_informative=8, random_state=0)
    X, y = X.astype(np.float32), y.astype(np.int64)
    for batch_size, epochs in (32, 5), (128, 10), (512, 20):
        times = []
        for _ in range(options.repeats):
            own = []
            for kind in "plain", "batches", "both":
                net = net_of(
                    lambda: perceptron(20, 2, (64, 64)),
                    optimizer=torch.optim.Adam,
                    lr=0.001,
                    batch_size=batch_size,
                    max_epochs=epochs,
                )
                if kind == "batches":
                    net.set_params(iterator_train=lean_batches)
                elif kind == "both":
                    make_lean(net)
                start = time.perf_counter()
                net.fit(X, y)
                own.append(time.perf_counter() - start)
            times.append(own)
        plain, batches, both = np.median(times, axis=0)
        print(
            f"lean     {batch_size:4} rows {plain / batches:.2f} ({plain / both:.2f})"
        )


def tasks(seed):
    X, y = load_digits(return_X_y=True)
    yield (
        "digits",
        train_test_split(X / 16.0, y, train_size=0.5, stratify=y, random_state=seed),
    )
    X, y = make_classification(
        2000, 20, n_informative=10, n_classes=3, flip_y=0.15, random_state=seed
    )
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    yield "noisy", train_test_split(X, y, train_size=0.5, random_state=seed)


def runs(options):
    found = {}
    for seed in range(5):
        for task, (X, X_test, y, y_test) in tasks(seed):
            n_features, n_classes = X.shape[1], len(np.unique(y))
            net = net_of(
                lambda n=n_features, k=n_classes: perceptron(n, k),
                optimizer__momentum=0.9,
                optimizer__nesterov=True,
                lr=0.1,
                batch_size=32,
                max_epochs=30,
            )
            models = {
                "constant rate": SnapshotEnsembleClassifier(net, 1, lr_min=0.1),
                "one cosine": SnapshotEnsembleClassifier(net, 1),
                "five snapshots": SnapshotEnsembleClassifier(net, 5),
                "geometric, five": FastGeometricEnsembleClassifier(net, 5),
                "mean of weights": WeightAveragingClassifier(net),
                "moving average": WeightAveragingClassifier(net, average="ema"),
            }
            falling = clone(net).set_params(
                callbacks=[LRScheduler("CosineAnnealingLR", T_max=30)]
            )
            models["five nets apart"] = DeepEnsembleClassifier(falling)
            for name, model in models.items():
                shares = (
                    model.set_params(random_state=seed).fit(X, y).predict_proba(X_test)
                )
                error = 1.0 - model.score(X_test, y_test)
                found.setdefault((task, name), []).append(
                    (error, log_loss(y_test, shares))
                )
    for (task, name), values in found.items():
        (error, loss), (e_spread, l_spread) = (
            np.mean(values, axis=0),
            np.std(values, axis=0, ddof=1) / np.sqrt(5),
        )
        print(
            f"runs     {task:7} {name:16} error {error:.4f} ({e_spread:.4f}), log loss "
            f"{loss:.3f} ({l_spread:.3f})"
        )


def main():
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    sections = {one.__name__: one for one in (lean, runs)}
    parser.add_argument("sections", nargs="*", default=list(sections))
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    for name in options.sections:
        sections[name](options)


if __name__ == "__main__":
    main()
