"""Nets trained together: against skorch, torchensemble, the loop, and one snapshot run.

Whole fits, skorch nets in and fitted skorch nets out, one thread, medians and ranges of
ratios within a repeat. *peers*: time of as many skorch fits over that of a deep
ensemble, and of torchensemble's Voting and Bagging (``pip install --no-deps
torchensemble==0.2.0``) at the same net, batches, epochs and optimiser. *engines*: time
of the loop, with fused Adam and batches from memory, over that of members trained
together, both as the ensemble trains them, by size of net and batch; where ``auto``
takes the loop, it is 1 and marked. *snapshots*: a snapshot run of five cycles over a
single training as long, and five whole nets trained together over that snapshot run.

    OMP_NUM_THREADS=1 python benchmarks/bench_nets_together.py
        [peers engines snapshots] [--repeats N]
"""

from __future__ import annotations

import argparse
import contextlib
import io
import logging
import time
from functools import partial
from itertools import pairwise, product

import numpy as np
import skorch
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits, make_classification
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from ensembles.nets import DeepEnsembleClassifier, SnapshotEnsembleClassifier


def dropped(n_units):
    return nn.Dropout(0.2)


class Perceptron(nn.Sequential):
    def __init__(self, sizes, *between):
        layers = []
        for n_inputs, n_outputs in pairwise(sizes[:-1]):
            layers += [nn.Linear(n_inputs, n_outputs)]
            layers += [make(n_outputs) for make in between] + [nn.ReLU()]
        super().__init__(*layers, nn.Linear(*sizes[-2:]))


class Images(nn.Sequential):
    def __init__(self, channels):
        super().__init__(
            nn.Unflatten(1, (1, 8, 8)),
            nn.Conv2d(1, channels, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(channels, 2 * channels, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(32 * channels, 10),
        )


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner, self.last = nn.LSTM(8, 32, batch_first=True), nn.Linear(32, 10)

    def forward(self, X):
        return self.last(self.inner(X.unflatten(1, (8, 8)))[0][:, -1])


def net_of(make, batch_size, epochs, **settings):
    options = {"optimizer": torch.optim.Adam, "lr": 0.001, **settings}
    return skorch.NeuralNetClassifier(
        make,
        criterion=nn.CrossEntropyLoss,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
        batch_size=batch_size,
        max_epochs=epochs,
        **options,
    )


def drawn(n_rows, n_features, n_classes):
    X, y = make_classification(
        n_rows,
        n_features,
        n_informative=min(20, n_features // 2),
        n_classes=n_classes,
        random_state=0,
    )
    return X.astype(np.float32), y


def digits():
    X, y = load_digits(return_X_y=True)
    return (X / 16.0).astype(np.float32), y


def seconds(function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - start


def report(name, ratios, words=""):
    ratios = np.array(ratios)
    print(
        f"{name:44} {np.median(ratios):6.2f} ({ratios.min():.2f} to {ratios.max():.2f})"
        f"{words}",
        flush=True,
    )


TASKS = {
    "20-64-64-2, 2000 rows, batch 32, 10 nets": (
        (20, 64, 64, 2),
        lambda: drawn(2000, 20, 2),
        (32, 5, 10),
    ),
    "20-64-64-2, 2000 rows, batch 128, 10 nets": (
        (20, 64, 64, 2),
        lambda: drawn(2000, 20, 2),
        (128, 10, 10),
    ),
    "64-128-10, digits, batch 32, 30 nets": ((64, 128, 10), digits, (32, 3, 30)),
    "100-256-256-10, 5000 rows, batch 128, 10 nets": (
        (100, 256, 256, 10),
        lambda: drawn(5000, 100, 10),
        (128, 2, 10),
    ),
}


def peers(options):
    for name, (sizes, rows, settings) in TASKS.items():
        X, y = rows()
        batch_size, epochs, n_members = settings
        net = net_of(partial(Perceptron, sizes), batch_size, epochs)
        ensemble = DeepEnsembleClassifier(net, n_members, random_state=0)
        others = {"skorch": partial(one_by_one, net, X, y, n_members)}
        with contextlib.suppress(ImportError):
            others |= by_torchensemble(sizes, X, y, settings)
        ensemble.fit(X, y)  # torch imports a part of itself at a first step
        assert ensemble.engine_ == "stacked"
        found = {other: [] for other in others}
        for _ in range(options.repeats):
            own = seconds(ensemble.fit, X, y)
            for other, fit in others.items():
                found[other].append(seconds(fit) / own)
        for other, ratios in found.items():
            report(f"peers {name}, {other}", ratios)


def one_by_one(net, X, y, n_members):
    for _ in range(n_members):
        clone(net).fit(X, y)


def by_torchensemble(sizes, X, y, settings):
    import torchensemble

    logging.disable(logging.INFO)
    rows = TensorDataset(torch.from_numpy(X), torch.from_numpy(y))
    batch_size, epochs, n_members = settings

    def fit(kind):
        with contextlib.redirect_stdout(io.StringIO()):
            model = kind(
                estimator=Perceptron,
                n_estimators=n_members,
                estimator_args={"sizes": sizes},
                cuda=False,
                n_jobs=None,
            )
            model.set_criterion(nn.CrossEntropyLoss())
            model.set_optimizer("Adam", lr=0.001)
            loader = DataLoader(rows, batch_size=batch_size, shuffle=True)
            model.fit(loader, epochs=epochs, save_model=False, log_interval=10**6)

    return {
        "Voting": partial(fit, torchensemble.VotingClassifier),
        "Bagging": partial(fit, torchensemble.BaggingClassifier),
    }


def engines(options):
    kinds = {"": (), ", dropout": (dropped,), ", batch norm": (nn.BatchNorm1d,)}
    nets = {
        f"64-{width}-{width}-10{words}": partial(
            Perceptron, (64, width, width, 10), *between
        )
        for words, between in kinds.items()
        for width in ((64, 256) if words else (64, 256, 512, 1024))
    }
    nets |= {f"images, {n} channels": partial(Images, n) for n in (4, 16)}
    nets["LSTM of 32"] = Recurrent
    X, y = digits()
    for name, make in nets.items():
        for batch_size, n_members in product((32, 128), (2, 5, 10)):
            net = net_of(make, batch_size, 5)
            auto, loop = (
                DeepEnsembleClassifier(net, n_members, random_state=0, engine=one)
                for one in ("auto", "loop")
            )
            auto.fit(X, y)
            ratios = []
            for _ in range(options.repeats):
                own = seconds(auto.fit, X, y)
                ratios.append(seconds(loop.fit, X, y) / own)
            words = ", loop" if auto.engine_ == "loop" else ""
            report(
                f"engines {name}, batch {batch_size}, {n_members} nets", ratios, words
            )


def snapshots(options):
    """Five cycles or nets of 30 epochs in all or each, momentum as in the paper."""
    tasks = {
        "20-64-64-2": ((20, 64, 64, 2), drawn(2000, 20, 2)),
        "64-128-10": ((64, 128, 10), digits()),
        "100-256-256-10": ((100, 256, 256, 10), drawn(2000, 100, 10)),
    }
    for (name, (sizes, data)), batch_size in product(tasks.items(), (32, 128)):
        net = net_of(
            partial(Perceptron, sizes),
            batch_size,
            30,
            optimizer=torch.optim.SGD,
            optimizer__momentum=0.9,
            optimizer__nesterov=True,
            lr=0.05,
        )
        single = DeepEnsembleClassifier(net, 1, random_state=0)
        run = SnapshotEnsembleClassifier(net, 5, random_state=0)
        five = DeepEnsembleClassifier(net, 5, random_state=0)
        times = [
            [seconds(model.fit, *data) for model in (single, run, five)]
            for _ in range(options.repeats)
        ]
        one, cycles, nets = np.transpose(times)
        report(f"snapshots {name}, batch {batch_size}, run to net", cycles / one)
        report(f"snapshots {name}, batch {batch_size}, five to run", nets / cycles)


def main():
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    sections = {one.__name__: one for one in (peers, engines, snapshots)}
    parser.add_argument("sections", nargs="*", default=list(sections))
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    for name in options.sections:
        sections[name](options)


if __name__ == "__main__":
    main()
