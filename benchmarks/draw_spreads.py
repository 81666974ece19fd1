"""Intervals of a booster of distributions and curves of componentwise boosting, drawn.

python benchmarks/draw_spreads.py spreads.png
"""

from __future__ import annotations

import argparse

import matplotlib.pyplot as plt
import numpy as np

from ensembles import ComponentwiseBoostingRegressor, DistributionBoostingRegressor


def draw_intervals(ax):
    """Intervals that widen where noise does, of rows not learned from."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0.0, 10.0, 3000)
    y = np.sin(x) + (0.05 + 0.08 * x) * rng.normal(size=3000)
    booster = DistributionBoostingRegressor(learning_rate=0.05, random_state=0)
    booster.fit(x[:2000, None], y[:2000])
    grid = np.linspace(0.0, 10.0, 500)[:, None]
    for level, alpha in (0.9, 0.25), (0.5, 0.4):
        low, high = booster.predict_interval(grid, level).T
        label = f"{level:.0%} of targets"
        ax.fill_between(grid[:, 0], low, high, alpha=alpha, color="C0", label=label)
    ax.plot(
        x[2000:], y[2000:], ".", color="0.3", markersize=2, label="not learned from"
    )
    ax.plot(grid[:, 0], booster.predict(grid), color="C0", label="mean")
    ax.set(xlabel="x", ylabel="y", title="DistributionBoostingRegressor")
    ax.legend(frameon=False, fontsize=8, loc="upper left")


def draw_curves(ax):
    """Effects of three features as componentwise boosting has found them."""
    rng = np.random.default_rng(0)
    X = rng.uniform(-2.0, 2.0, size=(500, 10))
    y = X[:, 0] - 2.0 * X[:, 1] + np.sin(2.0 * X[:, 2]) + 0.5 * rng.normal(size=500)
    booster = ComponentwiseBoostingRegressor(("linear", "spline"), n_estimators=200)
    booster.fit(X, y)
    grid = np.linspace(-2.0, 2.0, 200)
    parts = booster.predict_parts(np.repeat(grid[:, None], 10, axis=1))
    truths = (lambda x: x, lambda x: -2.0 * x, lambda x: np.sin(2.0 * x))
    for j, true in enumerate(truths):
        effect = true(grid) - true(X[:, j]).mean()  # effects are centred
        ax.plot(grid, effect, ":", color=f"C{j}", linewidth=1)
        ax.plot(grid, parts[:, j], color=f"C{j}", label=f"feature {j}")
    ax.plot(grid, parts[:, 3:], color="0.6", linewidth=1)
    ax.plot([], [], color="0.6", linewidth=1, label="the other seven")
    ax.plot([], [], ":", color="0.3", linewidth=1, label="true effects")
    title = "ComponentwiseBoostingRegressor"
    ax.set(xlabel="value of a feature", ylabel="effect", title=title)
    ax.legend(frameon=False, fontsize=8)


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("picture")
    options = parser.parse_args()
    figure, panels = plt.subplots(ncols=2, figsize=(10, 3.8), layout="constrained")
    draw_intervals(panels[0])
    draw_curves(panels[1])
    figure.savefig(options.picture, dpi=150)


if __name__ == "__main__":
    main()
