"""Compiled kernels or their numpy twins: which of them does a piece of work.

Both give the same bits. Loading kernels takes as long as many small fits, and compiling
them on a fresh install longer. So numpy does the work until it has taken about as long
as loading would.
"""

from __future__ import annotations

import threading
from functools import cache
from importlib import import_module
from typing import Any

__all__ = ["kernels_for"]

# What numba takes to start with kernels compiled, in seconds.
_SECONDS_TO_LOAD = 0.7


class _Spent:
    """Seconds that twins have taken in this process, as callers guessed them."""

    seconds = 0.0
    lock = threading.Lock()

    @classmethod
    def add(cls, seconds: float) -> float:
        with cls.lock:
            cls.seconds += seconds
            return cls.seconds


def kernels_for(package: str, name: str, plain_seconds: float) -> Any:
    """Return the module with the kernels of this name, or with their twins.

    Parameters
    ----------
    package : str
        Which package of the library they are in.
    name : str
        ``"bins"`` for ``_kernels_bins`` and ``_plain_bins``, and so on.
    plain_seconds : float
        What numpy would take for the work, roughly.

    Returns
    -------
    module
        With the same functions either way.
    """
    is_small = _Spent.add(plain_seconds) < _SECONDS_TO_LOAD
    kind = "plain" if is_small else "kernels"
    return _module(f"ensembles.{package}._{kind}_{name}")


@cache
def _module(path: str) -> Any:
    return import_module(path)
