"""What nets need that are members of an ensemble like any other estimator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import RLock
from typing import Any

import numpy as np
from sklearn.base import is_regressor

from ensembles._random import MAX_SEED
from ensembles._typing import Estimator, Table

__all__ = [
    "is_net",
    "seeded",
    "seeded_run",
    "seeded_torch",
    "still_torch",
    "target_for",
]

_one_at_a_time = RLock()  # a net may be boosted within a booster


def _last_step(estimator: Estimator) -> Estimator:
    """The estimator, or the last step of a pipeline."""
    while hasattr(estimator, "steps"):
        estimator = estimator.steps[-1][1]
    return estimator


def is_net(estimator: Estimator) -> bool:
    """Whether it, or the last step of a pipeline, is a net of skorch."""
    kinds = type(_last_step(estimator)).mro()
    return any(kind.__module__.startswith("skorch.") for kind in kinds)


@contextmanager
def seeded_torch(seed: int, device: Any) -> Iterator[None]:
    """Seed torch's generators of the CPU and of `device`, and restore both after.

    They belong to the whole process, so that one thread at a time may do this.
    `torch.manual_seed` would also seed every other accelerator, for good.

    Parameters
    ----------
    seed : int
        Seed.
    device : str, torch.device or None
        None is the CPU.
    """
    torch = import_module("torch")
    target = torch.device("cpu" if device is None else device)
    with _one_at_a_time:
        if target.type == "cpu":
            with torch.random.fork_rng(devices=[]):
                torch.default_generator.manual_seed(seed)
                yield
            return
        backend = getattr(torch, target.type)
        index = backend.current_device() if target.index is None else target.index
        with torch.random.fork_rng(devices=[index], device_type=target.type):
            torch.default_generator.manual_seed(seed)
            with backend.device(index):
                backend.manual_seed(seed)
            yield


@contextmanager
def seeded_run(seed: int, device: Any) -> Iterator[None]:
    """The same for a training run, and of numpy's generator: splits draw from that.

    Parameters
    ----------
    seed : int
        Seed.
    device : str, torch.device or None
        None is the CPU.
    """
    with seeded_torch(seed, device):
        kept = np.random.get_state()  # noqa: NPY002 - the one that skorch draws from
        np.random.seed(seed % 2**32)  # noqa: NPY002, TID251
        try:
            yield
        finally:
            np.random.set_state(kept)  # noqa: NPY002


@contextmanager
def still_torch(device: Any) -> Iterator[None]:
    """Leave torch's generators of the CPU and of `device` where they are.

    Parameters
    ----------
    device : str, torch.device or None
        None is the CPU.
    """
    torch = import_module("torch")
    target = torch.device("cpu" if device is None else device)
    if target.type == "cpu":
        with torch.random.fork_rng(devices=[]):
            yield
        return
    backend = getattr(torch, target.type)
    index = backend.current_device() if target.index is None else target.index
    with torch.random.fork_rng(devices=[index], device_type=target.type):
        yield


@contextmanager
def seeded(estimator: Estimator, seed: int | np.random.RandomState) -> Iterator[None]:
    """Let a net draw its weights and batches from a seed, and nobody else notice.

    Nets have no ``random_state``: they draw from torch's own generators. Other
    estimators are left alone.

    Parameters
    ----------
    estimator : estimator
        About to be fitted.
    seed : int or RandomState
        A RandomState gives one.
    """
    if not is_net(estimator):
        yield
        return
    own = seed if isinstance(seed, int) else int(seed.randint(MAX_SEED))
    with seeded_torch(own, getattr(_last_step(estimator), "device", None)):
        yield


def target_for(estimator: Estimator, X: Table, y: Any) -> Any:
    """Values as one column of the precision of X for a skorch regressor; else y.

    torch would take a row of values for one, and compare each prediction with each.

    Parameters
    ----------
    estimator : estimator
        About to be fitted.
    X : table of shape (n_samples, n_features)
        What it is fitted to.
    y : ndarray of shape (n_samples,)
        Labels or values.
    """
    if not (is_net(estimator) and is_regressor(_last_step(estimator))):
        return y
    dtype = getattr(X, "dtype", None)
    is_double = dtype is not None and dtype == np.float64
    return y.astype(np.float64 if is_double else np.float32).reshape(-1, 1)
