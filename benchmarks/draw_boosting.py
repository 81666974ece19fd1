"""Time of boosting against rows, features and rounds, drawn beside its peers.

Processor time of whole fits, one thread, of two classes; what is not on the axis is
10,000 rows, 20 features, 100 rounds. Kernels have run once before.

    python benchmarks/draw_boosting.py boosting.png
"""

from __future__ import annotations

import argparse
import warnings
from functools import partial

import matplotlib.pyplot as plt
from bench_boosting import ours_of, peers_of, task
from bench_trees import least_seconds
from threadpoolctl import threadpool_limits

KIND = "two classes"
USUAL = {"rows": 10_000, "features": 20, "rounds": 100}
AXES = {
    "rows": [1000, 3000, 10_000, 30_000, 100_000, 300_000],
    "features": [8, 20, 50, 100, 200],
    "rounds": [10, 30, 100, 300, 1000],
}
# Of a pair of policies the one that is faster at the usual size.
LEFT_OUT = "XGBoost leaf-wise"
MARKS = "osD^"


def curves(name, values, repeats):
    """Seconds of each library at each value of an axis."""
    seconds = {}
    for value in values:
        size = {**USUAL, name: value}
        X, y, *_ = task(KIND, size["rows"], size["features"])
        peers = peers_of(KIND, None, size["rounds"])
        models = {"ensembles": ours_of(KIND, None, size["rounds"]), **peers}
        del models[LEFT_OUT]
        with threadpool_limits(1):
            fits = [partial(model.fit, X, y) for model in models.values()]
            times = least_seconds(fits, repeats)
        for model, own in zip(models, times, strict=True):
            seconds.setdefault(model, []).append(own)
        print(name, value, *(f"{own:.2f}" for own in times), flush=True)
    return seconds


def draw(name, values, seconds, ax):
    """One panel."""
    for mark, (model, times) in zip(MARKS, seconds.items(), strict=True):
        ours = model == "ensembles"
        ax.plot(
            values,
            times,
            marker=mark,
            markersize=5,
            label=model,
            linewidth=2.5 if ours else 1.2,
            zorder=3 if ours else 2,
        )
    ax.set(xscale="log", yscale="log", xlabel=name)
    ax.grid(which="major", alpha=0.3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("picture")
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # LightGBM's, of names of features
    ours_of(KIND, None, 30).fit(*task(KIND, 2000)[:2])
    figure, panels = plt.subplots(
        ncols=len(AXES), figsize=(10, 3.6), sharey=True, layout="constrained"
    )
    for (name, values), ax in zip(AXES.items(), panels, strict=True):
        draw(name, values, curves(name, values, options.repeats), ax)
    panels[0].set_ylabel("seconds of a fit")
    panels[0].legend(frameon=False)
    figure.savefig(options.picture, dpi=150)


if __name__ == "__main__":
    main()
