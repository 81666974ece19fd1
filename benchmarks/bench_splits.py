"""Splits of many rows in time: ours alone at 1e7 rows, and against peers.

A ratio is the peer's time over ours for all folds, least of the repeats each, in one
process. Labels of ours and purgedcv end some rows later; skfolio, which knows no label
ends, purges as many rows. That sets of rows are equal is checked first.

    pip install "ensembles[bench]"
    python benchmarks/bench_splits.py
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from itertools import pairwise
from statistics import median

import numpy as np
import pandas as pd
import purgedcv
import skfolio.model_selection as skfolio

from ensembles import (
    CombinatorialPurgedKFold,
    HVBlock,
    PurgedKFold,
    RandomOrigin,
    RollingOrigin,
)

LENGTH = 50  # rows that a label looks ahead
START = np.datetime64("2000-01-01")


class Rows:
    """So many rows, and nothing else; splitters need no more of X."""

    def __init__(self, n):
        self.shape = (n, 1)

    def __len__(self):
        return self.shape[0]


def minutes(n):
    times = (START + np.arange(n).astype("timedelta64[m]")).astype("datetime64[ns]")
    return times, times + np.timedelta64(LENGTH, "m")


def seconds_a_fold(folds):
    """Time of each fold from a fresh iterator; they are let go at once."""
    start = time.perf_counter()
    at = [start, *(time.perf_counter() for _ in folds)]
    return [b - a for a, b in pairwise(at)]


def alone(n):
    """First fold, median of the others, and memory above what was given.

    Everything has run once before: memory that a process has never touched is slow.
    """
    times, label_end = minutes(n)
    cases = {
        "RollingOrigin(20)": RollingOrigin(20),
        'RollingOrigin("365D")': RollingOrigin(None, test_size="365D"),
        "PurgedKFold(10)": PurgedKFold(10, embargo=0.001),
        "CombinatorialPurgedKFold(6, 2)": CombinatorialPurgedKFold(6, 2),
        "HVBlock(v=n/20)": HVBlock(v=n // 20),
        "RandomOrigin(10)": RandomOrigin(10, random_state=0),
    }
    print(f"{n:,} rows in order, times and label ends given")
    print(f"{'':32}{'first':>10}{'others':>10}{'memory':>12}")
    for name, cv in cases.items():
        given = {"times": times, "label_end": label_end}
        seconds_a_fold(cv.split(Rows(n), **given))
        spent = seconds_a_fold(cv.split(Rows(n), **given))
        tracemalloc.start()
        for fold in cv.split(Rows(n), **given):
            del fold
        peak = tracemalloc.get_traced_memory()[1] / (8 * n)
        tracemalloc.stop()
        print(
            f"{name:32}{spent[0]:8.2f} s{median(spent[1:]) * 1e3:7.1f} ms"
            f"{peak:8.1f} n x 8 B",
            flush=True,
        )


def against(n, repeats):
    """All folds of a combinatorial split."""
    times, label_end = minutes(n)
    ours = CombinatorialPurgedKFold(6, 2)
    theirs = purgedcv.CombinatorialPurgedCV(
        n_splits=6,
        n_test_groups=2,
        prediction_times=pd.Series(times),
        evaluation_times=pd.Series(label_end),
    )
    X = np.zeros((n, 1))
    races = {
        "purgedcv, label ends": (
            lambda: list(ours.split(X, times=times, label_end=label_end)),
            lambda: list(theirs.split(X)),
        ),
        "skfolio, purged rows": (
            lambda: list(CombinatorialPurgedKFold(6, 2, purge=LENGTH - 1).split(X)),
            lambda: [
                (train, np.concatenate(tests))
                for train, tests in skfolio.CombinatorialPurgedCV(
                    n_folds=6, n_test_folds=2, purged_size=LENGTH - 1
                ).split(X)
            ],
        ),
    }
    for name, (own, other) in races.items():
        for mine, its in zip(own(), other(), strict=True):
            for a, b in zip(mine, its, strict=True):
                assert np.array_equal(np.sort(a), np.sort(b)), name
        times_of = {own: [], other: []}
        for _ in range(repeats):
            for call, spent in times_of.items():
                start = time.perf_counter()
                call()
                spent.append(time.perf_counter() - start)
        mine, its = min(times_of[own]), min(times_of[other])
        print(
            f"{name:32}{n:10,d} rows{mine * 1e3:9.1f} ms{its * 1e3:11.1f} ms"
            f"{its / mine:9.1f}  goal 20",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    alone(10_000_000)
    against(300_000, options.repeats)


if __name__ == "__main__":
    main()
