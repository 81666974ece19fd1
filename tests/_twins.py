"""Statistics by name, each with the plain function of arrays that it must equal."""

import numpy as np

from ensembles.resampling import (
    BayesianBootstrap,
    Bootstrap,
    CircularBlockBootstrap,
    GroupBootstrap,
    MovingBlockBootstrap,
    PoissonBootstrap,
    StationaryBootstrap,
)

N = 24
_rng = np.random.default_rng(5)
X = _rng.gamma(2.0, size=N)
Z = X + _rng.normal(size=N)
TABLE = np.column_stack([X, Z, _rng.normal(size=N)])
LABELS = np.arange(N) % 3
GROUPS = np.sort(_rng.integers(0, 7, size=N))[_rng.permutation(N)]


def gini(x):
    """Mean difference of two rows over twice the mean."""
    return np.abs(x[:, None] - x).mean() / (2 * x.mean())


def ratio(u, v):
    return u.mean() / v.mean()


def corr(u, v):
    return np.corrcoef(u, v)[0, 1]


def corr_of_table(t):
    return np.corrcoef(t, rowvar=False)[np.triu_indices(t.shape[1], 1)]


def median(x):
    return np.median(x)


def ols(t, y):
    design = np.column_stack([np.ones(len(t)), t])
    return np.linalg.lstsq(design, y, rcond=None)[0]


# By statistic: its arrays, and a function of them that knows neither weights nor axes.
TWINS = {
    "mean": ((X,), lambda x: x.mean()),
    "var": ((X,), lambda x: x.var()),
    ("var", 1): ((X,), lambda x: x.var(ddof=1)),
    "std": ((X,), lambda x: x.std()),
    ("std", 1): ((X,), lambda x: x.std(ddof=1)),
    "ratio": ((X, Z + 5), ratio),
    "corr": ((X, Z), corr),
    "gini": ((X,), gini),
    "ols": ((TABLE[:, 1:], X), ols),
    "median": ((X,), median),
    ("quantile", 0.8): ((X,), lambda x: np.quantile(x, 0.8)),
}
OF_TABLES = {
    "mean": ((TABLE,), lambda t: t.mean(axis=0)),
    "var": ((TABLE,), lambda t: t.var(axis=0)),
    ("std", 1): ((TABLE,), lambda t: t.std(axis=0, ddof=1)),
    "corr": ((TABLE,), corr_of_table),
}
CASES = [(name, *case) for name, case in TWINS.items()]
CASES += [(name, *case) for name, case in OF_TABLES.items()]
CASE_IDS = [str(name) for name, *_ in CASES[: len(TWINS)]]
CASE_IDS += [f"{name} of columns" for name, *_ in CASES[len(TWINS) :]]

# Schemes that draw rows, and what they want besides the data.
ROW_SCHEMES = {
    "rows": (Bootstrap(), None),
    "strata": (Bootstrap(stratify=LABELS), None),
    "balanced": (Bootstrap(balanced=True), None),
    "balanced strata": (Bootstrap(balanced=True, stratify=LABELS), None),
    "15 of 24": (Bootstrap(max_samples=15), None),
    "15 of 24 in strata": (Bootstrap(max_samples=15, stratify=LABELS), None),
    "without replacement": (Bootstrap(max_samples=15, replace=False), None),
    "groups": (GroupBootstrap(), GROUPS),
    "Poisson": (PoissonBootstrap(), None),
    "moving": (MovingBlockBootstrap(block_length=5), None),
    "circular": (CircularBlockBootstrap(block_length=5), None),
    "stationary": (StationaryBootstrap(block_length=3.5), None),
}
SCHEMES = {**ROW_SCHEMES, "Bayesian": (BayesianBootstrap(), None)}
