"""Threads that share the work of one fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any, Self, TypeVar, final

import numpy as np

from ensembles._typing import IntArray

__all__ = ["Crew"]

Result = TypeVar("Result")


@final
class Crew:
    """Some threads, the caller's among them, that sleep while there is no work.

    A round of boosting has many short steps. To hand one out takes some twenty
    microseconds here, where a call of joblib takes a millisecond; and a thread that
    waits holds no processor, where those of OpenMP spin and keep a busy neighbour from
    the work that they wait for.

    Parameters
    ----------
    n_threads : int
        How many, the caller's included.
    """

    def __init__(self, n_threads: int) -> None:
        self.n_threads = n_threads
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        """Return the crew."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the threads go."""
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def run(
        self, function: Callable[..., Result], tasks: Sequence[tuple[Any, ...]]
    ) -> list[Result]:
        """Call a function with each of some tuples of arguments; results in order."""
        if len(tasks) == 1 or self.n_threads == 1:
            return [function(*task) for task in tasks]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self.n_threads - 1)
        others = [self._pool.submit(function, *task) for task in tasks[1:]]
        try:
            first = function(*tasks[0])
        finally:
            wait(others)
        return [first, *(other.result() for other in others)]

    def shares(self, n: int) -> list[tuple[int, int]]:
        """Where the share of each thread of n things begins and ends."""
        bounds: IntArray = np.linspace(0, n, min(self.n_threads, n) + 1).astype(int)
        return list(zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True))
