"""AdaBoost of stumps and shallow trees against scikit-learn's, interleaved.

A ratio is scikit-learn's processor time over ours, least of the repeats each, one
thread; kernels have run once before. Ours is the whole fit, binning included, and on
codes what is left without. Rounds of scikit-learn's sort all columns anew and cost the
same each, so with many rows it gets fewer, and times are taken per round. Accuracy on
fresh rows is that of as many rounds for both. Predictions are from floats, by 300
members each.

    python benchmarks/bench_adaboost.py [--classes two ten] [--sizes 10000 100000]
"""

from __future__ import annotations

import argparse
from functools import partial
from itertools import islice

import numpy as np
import sklearn.ensemble
from bench_boosting import task
from bench_trees import least_seconds
from sklearn.tree import DecisionTreeClassifier

from ensembles import AdaBoostClassifier, Binner

ROUNDS = 300
# Of scikit-learn's class with so many rows or fewer.
THEIR_ROUNDS = {10_000: 300, np.inf: 25}
LEARNERS = [("gini", 1), ("error", 1), ("gini", 2), ("gini", 3)]


def race(label, data, split, depth, repeats):
    X, y, X_new, y_new = data
    member = DecisionTreeClassifier(max_depth=depth)
    ours = AdaBoostClassifier(member, n_estimators=ROUNDS, split=split)
    n_theirs = next(n for most, n in THEIR_ROUNDS.items() if len(X) <= most)
    theirs = sklearn.ensemble.AdaBoostClassifier(
        member, n_estimators=n_theirs, random_state=0
    )
    also = AdaBoostClassifier(member, n_estimators=n_theirs, split=split)
    binned = Binner().fit(X).bin(X)
    fits = least_seconds(
        [
            partial(theirs.fit, X, y),
            partial(ours.fit, X, y),
            partial(ours.fit, binned, y),
        ],
        repeats,
    )
    rounds = [len(theirs), len(ours), len(ours)]
    peer, whole, on_codes = (
        seconds / n for seconds, n in zip(fits, rounds, strict=True)
    )
    also.fit(X, y)
    accuracy = theirs.score(X_new, y_new), also.score(X_new, y_new)
    # As many members as ours has: they cost the same, be they the same or not.
    theirs.estimators_ *= ROUNDS // n_theirs
    theirs.estimator_weights_ = np.tile(theirs.estimator_weights_, ROUNDS // n_theirs)
    predicts = least_seconds([partial(m.predict, X_new) for m in (theirs, ours)], 3)
    last = islice(ours.staged_score(X_new, y_new), len(ours) - 1, None)
    print(
        f"{label:38} {1e3 * whole:7.3f} ms a round, fit {peer / whole:6.0f}, on codes "
        f"{peer / on_codes:6.0f}, predict {predicts[0] / predicts[1]:5.1f}   accuracy "
        f"theirs / ours {accuracy[0]:.4f} / {accuracy[1]:.4f} of {n_theirs}, "
        f"{next(last):.4f} of {len(ours)}",
        flush=True,
    )


def run(kind, options):
    for n_rows in options.sizes:
        for split, depth in LEARNERS:
            label = f"{kind}, {n_rows} x 20, depth {depth}, {split}"
            race(label, task(kind, n_rows), split, depth, options.repeats)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    sections = {"two": "two classes", "ten": "ten classes"}
    parser.add_argument("--classes", nargs="+", default=["two"], choices=[*sections])
    parser.add_argument("--sizes", nargs="+", type=int, default=[10_000, 100_000])
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args()
    X, y, *_ = task("two classes", 300)
    for split, depth in LEARNERS:
        member = DecisionTreeClassifier(max_depth=depth)
        AdaBoostClassifier(member, split=split, n_estimators=300).fit(X, y).predict(X)
    for section in options.classes:
        run(sections[section], options)


if __name__ == "__main__":
    main()
