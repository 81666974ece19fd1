"""Greedy selection against a loop over scores, and votes against scikit-learn's.

*selection*: fifty members from a hundred, twenty thousand rows, by the log loss and by
squared errors, against the loop of the paper that calls scikit-learn's metric for each
candidate; a few of its rounds are timed and stand for all. The first members must be
the same. *votes*: predictions of ten trees by labels and by probabilities, against
scikit-learn's VotingClassifier with the same trees; a ratio is its time over ours in
interleaved calls, and the answers must agree.

    OMP_NUM_THREADS=1 python benchmarks/bench_combining.py [selection votes]
"""

from __future__ import annotations

import argparse
import statistics
import time

import numpy as np
import sklearn.ensemble
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.tree import DecisionTreeClassifier

import ensembles
from ensembles._ensemble._targets import encode_classes
from ensembles.combining._greedy import Plan, grow
from ensembles.combining._selection_score import (
    objective_of_classes,
    objective_of_values,
)

ROUNDS, MEMBERS, ROWS = 50, 100, 20_000
TIMED_ROUNDS = 4


def seconds(call):
    """Wall-clock seconds of one call, and what it returned."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def loop(said, score, n_rounds):
    """The loop of the paper."""
    order, total = [], 0
    for size in range(1, n_rounds + 1):
        reached = [score((total + one) / size) for one in said]
        order.append(int(np.argmax(reached)))
        total = total + said[order[-1]]
    return order


def compare(name, said, score, objective):
    """Print how many times as fast as the loop the objective grows an ensemble."""
    plan, members = Plan(ROUNDS, 0, True), np.arange(len(said))
    took = [seconds(lambda: grow(objective(), plan, members)) for _ in range(5)]
    ours = statistics.median(one for one, _ in took)
    theirs, order = seconds(lambda: loop(said, score, TIMED_ROUNDS))
    assert took[0][1].members[:TIMED_ROUNDS].tolist() == order
    theirs *= ROUNDS / TIMED_ROUNDS
    print(f"{name:16} {1e3 * ours:7.1f} ms, loop {theirs:6.1f} s, {theirs / ours:.0f}")


def selection():
    rng = np.random.default_rng(0)
    codes = rng.integers(2, size=ROWS)
    logits = rng.normal(size=(MEMBERS, ROWS))
    logits += (2 * codes - 1) * rng.uniform(0.3, 0.9, size=(MEMBERS, 1))
    positive = 1 / (1 + np.exp(-logits))
    said = [np.column_stack([1 - p, p]) for p in positive]
    target, codes = encode_classes(codes)
    compare(
        "log loss",
        said,
        lambda p: -log_loss(codes, p),
        lambda: objective_of_classes(
            "", None, [[p] for p in said], codes, None, target
        ),
    )
    y = rng.normal(size=ROWS)
    values = [y + scale * rng.normal(size=ROWS) for scale in rng.uniform(1, 2, MEMBERS)]
    compare(
        "squared error",
        values,
        lambda p: -mean_squared_error(y, p),
        lambda: objective_of_values("", None, values, y, None),
    )


def votes():
    X, y = make_classification(60_000, 20, n_informative=10, random_state=0)
    trees = [
        (
            f"tree {i}",
            DecisionTreeClassifier(max_depth=4, max_features=4, random_state=i),
        )
        for i in range(10)
    ]
    for voting in "hard", "soft":
        voters = [
            module.VotingClassifier(trees, voting=voting).fit(X[:5000], y[:5000])
            for module in (sklearn.ensemble, ensembles)
        ]
        answers = [voter.predict(X) for voter in voters]
        np.testing.assert_array_equal(*answers)
        ratios = []
        for _ in range(9):
            theirs, ours = (seconds(lambda v=v: v.predict(X))[0] for v in voters)
            ratios.append(theirs / ours)
        print(
            f"{voting} votes: {1e3 * ours:.0f} ms, ratio "
            f"{statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=["selection", "votes"])
    for part in parser.parse_args().parts:
        {"selection": selection, "votes": votes}[part]()


if __name__ == "__main__":
    main()
