"""The one joblib call of the library.

Only ``prefer=`` is passed on, so a backend that the user chose with
``joblib.parallel_config`` (dask and ray too) wins, and results come back in the order
of the tasks, whatever the number of workers.
"""

from __future__ import annotations

import os
import platform
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import cache
from itertools import chain
from typing import Any, Literal, NamedTuple, TypeVar

from joblib import Parallel, cpu_count, delayed, effective_n_jobs
from sklearn import config_context, get_config
from threadpoolctl import ThreadpoolController

from ensembles._typing import Estimator

# Few enough to send little, enough for workers that are done to find more to do.
_BATCHES_A_WORKER = 4
# Below this many seconds in all, starting workers costs more than they save.
_WORTH_WORKERS = 0.05

__all__ = [
    "elapsed_time",
    "map_members",
    "map_where_worth",
    "preferred_workers",
    "threads_for",
]

Result = TypeVar("Result")
Workers = Literal["threads", "processes"]

# Their fit and predict release the interpreter lock for nearly all of their time.
_RELEASES_THE_LOCK = (
    "sklearn.tree",
    "sklearn.ensemble",
    "ensembles.boosting._distribution_regressor",
    "ensembles.boosting._hist_classifier",
    "ensembles.boosting._hist_regressor",
    "ensembles.boosting._quantile_regressor",
    "ensembles.trees",
    "lightgbm",
    "xgboost",
    "catboost",
)


def preferred_workers(estimator: Estimator) -> Workers | None:
    """Say which workers suit the estimator: threads where its code runs unlocked."""
    while hasattr(estimator, "steps"):
        estimator = estimator.steps[-1][1]
    module = type(estimator).__module__
    return "threads" if module.startswith(_RELEASES_THE_LOCK) else None


def threads_for(n_jobs: int | None) -> int:
    """How many threads of this machine a number of workers means.

    Parameters
    ----------
    n_jobs : int or None
        Number of workers, as everywhere in scikit-learn: a context of joblib's or a
        worker of it may say how many None and negative numbers are.

    Returns
    -------
    int
        At least one.
    """
    n_workers = int(effective_n_jobs(n_jobs))
    is_counted = n_jobs is not None and n_jobs > 0
    # A cluster may have more.
    return n_workers if is_counted else max(1, min(n_workers, int(cpu_count())))


def map_members(
    function: Callable[..., Result],
    tasks: Sequence[tuple[Any, ...]],
    *,
    n_jobs: int | None = None,
    prefer: Workers | None = None,
    verbose: int = 0,
) -> Iterator[Result]:
    """Yield ``function(*task)`` for each task, in the order of the tasks.

    Parameters
    ----------
    function : callable
        Importable by a worker process; pure.
    tasks : sequence of tuple
        Arguments of each call.
    n_jobs : int or None, default=None
        Number of workers, as everywhere in scikit-learn.
    prefer : {"threads", "processes"} or None, default=None
        Soft hint to joblib; a backend that the user has set wins.
    verbose : int, default=0
        joblib's progress messages.

    Yields
    ------
    result
        Each as soon as it and all before it are done.
    """
    n_workers = effective_n_jobs(n_jobs)
    if n_workers == 1 and not verbose:
        for task in tasks:
            yield function(*task)
        return
    inner = max(1, cpu_count() // n_workers)
    _controller.cache_clear()  # libraries may have been loaded since the last call
    # What tasks share is sent once a batch to workers that are processes.
    batch_size = max(1, len(tasks) // (_BATCHES_A_WORKER * n_workers))
    settings = {
        "n_jobs": n_jobs,
        "prefer": prefer,
        "verbose": verbose,
        "batch_size": batch_size,
    }
    try:
        pool = Parallel(**settings, return_as="generator")
    except ValueError:  # a backend that hands results out only together
        pool = Parallel(**settings)
    call, caller = delayed(_call_in_worker), _Caller.here()
    with _limited(inner, "blas") if n_workers > 1 else nullcontext():
        yield from pool(call(function, task, inner, caller) for task in tasks)


def map_where_worth(
    function: Callable[..., Result],
    tasks: Sequence[tuple[Any, ...]],
    *,
    n_jobs: int | None = None,
    prefer: Workers | None = None,
) -> Iterator[Result]:
    """`map_members`, with workers only where they save time.

    The first task is done here and timed.

    Parameters
    ----------
    function, tasks, n_jobs, prefer : object
        As of `map_members`; there is a task at least.

    Returns
    -------
    iterator
        Results in the order of the tasks.
    """
    start = time.perf_counter()
    first = function(*tasks[0])
    expected = (time.perf_counter() - start) * (len(tasks) - 1)
    workers = n_jobs if expected > _WORTH_WORKERS else 1
    rest = map_members(function, tasks[1:], n_jobs=workers, prefer=prefer)
    return chain([first], rest)


class _Caller(NamedTuple):
    """What a worker takes over from the thread that calls.

    scikit-learn's own Parallel hands filters of warnings to threads too, where they are
    those of the whole process: threads that set and restore them side by side leave
    others behind, or none, whereupon each task warns.
    """

    config: dict[str, Any]
    filters: Sequence[tuple[Any, ...]]
    process: tuple[str, int]

    @classmethod
    def here(cls) -> _Caller:
        return cls(get_config(), tuple(_filters()), _process())

    @contextmanager
    def settings(self) -> Iterator[None]:
        """Context in which scikit-learn and warnings are set as they were there."""
        with config_context(**self.config):
            if _process() == self.process:
                yield
                return
            with warnings.catch_warnings():
                warnings.resetwarnings()
                for action, message, category, module, line in reversed(self.filters):
                    patterns = [
                        getattr(one, "pattern", one) for one in (message, module)
                    ]
                    about, where = (one or "" for one in patterns)
                    warnings.filterwarnings(action, about, category, where, line)
                yield


def _filters() -> Sequence[tuple[Any, ...]]:
    """Filters of warnings of this thread, or of the process where they are its."""
    in_context = getattr(warnings, "_get_filters", None)
    return warnings.filters if in_context is None else in_context()


def _process() -> tuple[str, int]:
    """What tells this process from those on other machines, too."""
    return platform.node(), os.getpid()


def _call_in_worker(
    function: Callable[..., Result],
    task: tuple[Any, ...],
    n_threads: int,
    caller: _Caller,
) -> Result:
    """Call as the caller would, with OpenMP held to `n_threads` in this thread alone.

    The BLAS limit belongs to the whole process, so worker threads must not set it each
    for itself: the last to leave would restore what another had set.
    """
    with _limited(n_threads, "openmp"), caller.settings():
        return function(*task)


def _limited(n_threads: int, user_api: str) -> Any:
    """Context in which native libraries of one kind use at most `n_threads`.

    Selected first: a limit on all libraries would restore, at its end, the number of
    threads of the other kind too, which another thread may have set meanwhile.
    """
    return _controller().select(user_api=user_api).limit(limits=n_threads)


@cache
def _controller() -> ThreadpoolController:
    """Handle on the native thread pools of this process, found once a call."""
    return ThreadpoolController()


@contextmanager
def elapsed_time(source: str, message: str | None) -> Iterator[None]:
    """Write one line with the time that the block took to standard output.

    Parameters
    ----------
    source : str
        Who speaks; stands in brackets at the start of the line.
    message : str or None
        What was done. None keeps silent.
    """
    start = time.perf_counter()
    yield
    if message is not None:
        seconds = time.perf_counter() - start
        took = f"{seconds / 60:4.1f}min" if seconds > 60 else f"{seconds:6.1f}s"
        end = f" {message}, total={took}"
        sys.stdout.write(f"[{source}] ".ljust(70 - len(end), ".") + f"{end}\n")
