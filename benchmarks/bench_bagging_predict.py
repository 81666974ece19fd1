"""Time and peak memory of a bag's predict against scikit-learn's, side by side.

Both predict with the same fitted trees, interleaved in one process; a ratio is the
peer's figure over ours. The answers are compared before any time counts. Peak memory is
what `tracemalloc` sees above what stood before the call.

    python benchmarks/bench_bagging_predict.py --rows 50000 --columns 40 --members 20
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
import tracemalloc

import numpy as np
import sklearn
import sklearn.ensemble
from joblib import cpu_count
from sklearn.datasets import make_classification
from sklearn.tree import DecisionTreeClassifier

import ensembles


def peak_bytes(call):
    """Bytes allocated at the peak of a call, above what stood before it."""
    tracemalloc.start()
    call()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak


def seconds(call):
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--columns", type=int, default=40)
    parser.add_argument("--members", type=int, default=20)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--repeats", type=int, default=9)
    options = parser.parse_args()

    X, y = make_classification(
        options.rows, options.columns, n_informative=10, random_state=0
    )
    tree = DecisionTreeClassifier(max_depth=options.depth)
    bags = {
        "scikit-learn": sklearn.ensemble.BaggingClassifier,
        "ensembles": ensembles.BaggingClassifier,
    }
    calls = {}
    for name, bag in bags.items():
        fitted = bag(tree, options.members, random_state=0).fit(X[:5000], y[:5000])
        calls[name] = lambda fitted=fitted: fitted.predict_proba(X)
    np.testing.assert_array_equal(calls["scikit-learn"](), calls["ensembles"]())

    times = {name: [] for name in calls}
    for _ in range(options.repeats):
        for name, call in calls.items():
            times[name].append(seconds(call))
    peaks = {name: peak_bytes(call) for name, call in calls.items()}

    print(f"python {platform.python_version()}, numpy {np.__version__}, scikit-learn")
    print(f"{sklearn.__version__}, ensembles {ensembles.__version__}, ", end="")
    print(f"{cpu_count()} cores, n_jobs=1, X {X.nbytes / 2**20:.1f} MiB {X.dtype}")
    for name in calls:
        median = statistics.median(times[name])
        print(f"{name:13} {1e3 * median:7.1f} ms {peaks[name] / 2**20:7.2f} MiB peak")
    ratios = [a / b for a, b in zip(*times.values(), strict=True)]
    memory = peaks["scikit-learn"] / peaks["ensembles"]
    print(
        f"ratio         time {statistics.median(ratios):.1f} "
        f"({min(ratios):.1f} to {max(ratios):.1f}), memory {memory:.1f}"
    )


if __name__ == "__main__":
    main()
