"""The one joblib call of the library."""

import io
import os
import re
import threading
import time
import warnings
from contextlib import redirect_stdout

import joblib
import numpy as np
import pytest
import threadpoolctl
from sklearn import config_context, get_config
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, ExtraTreeRegressor
from sklearn.utils._user_interface import _message_with_time

from ensembles import _parallel
from ensembles._parallel import elapsed_time, map_members, preferred_workers


@pytest.fixture(autouse=True)
def _several_threads():
    """As outside of tests: a limit to one is seen, and so is one that stays."""
    with threadpoolctl.threadpool_limits(3):
        yield


every_pool = pytest.mark.parametrize(
    ("n_jobs", "prefer"),
    [(None, None), (1, None), (1, "processes"), (2, "threads"), (2, "processes")],
)


def slower_when_smaller(i):
    time.sleep(0.002 * max(0, 5 - i))
    return i, np.random.default_rng(i).random()


def fail_at_three(i):
    if i == 3:
        raise ZeroDivisionError(f"member {i} failed")
    return i


def where(i):
    time.sleep(0.01)
    return os.getpid(), threading.get_ident()


def working_memory(i):
    return get_config()["working_memory"]


def warns(message):
    with warnings.catch_warnings(record=True) as caught:
        warnings.warn(message, FutureWarning, stacklevel=1)
    return len(caught)


def openmp_threads(i):
    pools = threadpoolctl.threadpool_info()
    return [pool["num_threads"] for pool in pools if pool["user_api"] == "openmp"]


@every_pool
def test_results_come_in_the_order_of_the_tasks(n_jobs, prefer):
    tasks = [(i,) for i in range(20)]
    results = list(
        map_members(slower_when_smaller, tasks, n_jobs=n_jobs, prefer=prefer)
    )
    assert results == [slower_when_smaller(i) for i in range(20)]


@every_pool
def test_no_tasks_give_no_results(n_jobs, prefer):
    assert list(map_members(fail_at_three, [], n_jobs=n_jobs, prefer=prefer)) == []


def test_results_before_the_error_are_there():
    results = map_members(fail_at_three, [(i,) for i in range(6)])
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ZeroDivisionError, match="member 3 failed"):
        next(results)


def test_one_worker_takes_a_task_only_when_its_result_is_asked_for():
    taken = []

    def tasks():
        for i in range(5):
            taken.append(i)
            yield (i,)

    results = map_members(slower_when_smaller, tasks(), n_jobs=1)
    assert taken == []
    next(results)
    assert taken == [0]


def test_prefer_says_which_workers_run():
    here = os.getpid(), threading.get_ident()
    tasks = [(i,) for i in range(6)]
    assert set(map_members(where, tasks, n_jobs=1, prefer="processes")) == {here}
    threads = set(map_members(where, tasks, n_jobs=2, prefer="threads"))
    assert {pid for pid, _ in threads} == {here[0]}
    assert here not in threads
    processes = set(map_members(where, tasks, n_jobs=2, prefer="processes"))
    assert here[0] not in {pid for pid, _ in processes}


def test_a_backend_that_the_user_set_wins():
    tasks = [(i,) for i in range(6)]
    with joblib.parallel_config("threading", n_jobs=2):
        seen = set(map_members(where, tasks, prefer="processes"))
    assert {pid for pid, _ in seen} == {os.getpid()}
    assert (os.getpid(), threading.get_ident()) not in seen


@every_pool
def test_scikit_learn_s_configuration_reaches_the_workers(n_jobs, prefer):
    with config_context(working_memory=77):
        seen = map_members(working_memory, [(0,), (1,)], n_jobs=n_jobs, prefer=prefer)
        assert list(seen) == [77, 77]


def test_worker_threads_leave_the_filters_of_warnings_alone():
    before = _parallel._filters()
    kept = list(before)
    for _ in range(3):
        list(map_members(where, [(0,)] * 50, n_jobs=2, prefer="threads"))
    assert _parallel._filters() is before
    assert before == kept


def test_openmp_threads_within_worker_threads_share_the_cores(monkeypatch):
    if not openmp_threads(0):
        pytest.skip("no OpenMP library is loaded")
    monkeypatch.setattr(_parallel, "cpu_count", lambda: 2)
    before = threadpoolctl.threadpool_info()
    tasks = [(i,) for i in range(4)]
    for counts in map_members(openmp_threads, tasks, n_jobs=2, prefer="threads"):
        assert set(counts) == {1}
    assert threadpoolctl.threadpool_info() == before


def test_limits_are_lifted_after_an_error():
    before = threadpoolctl.threadpool_info()
    with pytest.raises(ZeroDivisionError, match="member 3 failed"):
        list(map_members(fail_at_three, [(3,), (4,)], n_jobs=2, prefer="threads"))
    assert threadpoolctl.threadpool_info() == before


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_verbose_shows_joblib_s_progress(n_jobs, capsys):
    tasks = [(i,) for i in range(4)]
    shown = map_members(
        slower_when_smaller, tasks, n_jobs=n_jobs, prefer="threads", verbose=51
    )
    assert [i for i, _ in shown] == [0, 1, 2, 3]
    printed = "".join(capsys.readouterr())
    assert re.search(r"\[Parallel\(n_jobs=\d\)\]: Done +4", printed)


def test_silence_without_verbose(capsys):
    list(map_members(slower_when_smaller, [(1,), (2,)], n_jobs=2, prefer="threads"))
    assert "".join(capsys.readouterr()) == ""


def test_n_jobs_zero_is_joblib_s_error():
    with pytest.raises(ValueError, match="n_jobs == 0 in Parallel has no meaning"):
        list(map_members(slower_when_smaller, [(1,)], n_jobs=0))


@pytest.mark.parametrize(
    ("estimator", "expected"),
    [
        (DecisionTreeClassifier(), "threads"),
        (ExtraTreeRegressor(), "threads"),
        (RandomForestClassifier(), "threads"),
        (HistGradientBoostingRegressor(), "threads"),
        (LogisticRegression(), None),
        (KNeighborsClassifier(), None),
        (make_pipeline(StandardScaler(), DecisionTreeClassifier()), "threads"),
        (make_pipeline(StandardScaler(), LogisticRegression()), None),
        (
            make_pipeline(
                DecisionTreeClassifier(), make_pipeline(DecisionTreeClassifier())
            ),
            "threads",
        ),
        (make_pipeline(DecisionTreeClassifier(), LogisticRegression()), None),
        (Pipeline([("tree", DecisionTreeClassifier()), ("end", "passthrough")]), None),
        (GridSearchCV(DecisionTreeClassifier(), {}), None),
        (None, None),
    ],
    ids=[
        "tree",
        "extra tree",
        "forest",
        "hist",
        "logistic",
        "neighbours",
        "pipeline of a tree",
        "pipeline of a line",
        "nested pipeline",
        "tree before a line",
        "passthrough",
        "search",
        "none",
    ],
)
def test_threads_are_preferred_where_the_last_step_releases_the_lock(
    estimator, expected
):
    assert preferred_workers(estimator) == expected


def test_other_libraries_that_release_the_lock():
    for module in ("lightgbm.sklearn", "xgboost.sklearn", "catboost.core"):
        model = type("Model", (), {"__module__": module})
        assert preferred_workers(model()) == "threads"


@pytest.mark.parametrize("seconds", [0.04, 1.26, 59.96, 61.0, 754.3, 36000.0])
@pytest.mark.parametrize("message", ["(1 of 3) Processing lr", "x" * 80], ids=len)
def test_the_line_is_the_one_that_scikit_learn_writes(monkeypatch, seconds, message):
    clock = iter([100.0, 100.0 + seconds])
    monkeypatch.setattr(_parallel.time, "perf_counter", lambda: next(clock))
    written = io.StringIO()
    with redirect_stdout(written), elapsed_time("Voting", message):
        pass
    expected = _message_with_time("Voting", message, seconds)
    assert written.getvalue() == expected + "\n"


def test_the_line_is_70_characters_long(capsys):
    with elapsed_time("Bagging", "done"):
        pass
    line = capsys.readouterr().out
    assert len(line) == 71
    assert re.fullmatch(r"\[Bagging\] \.+ done, total=   0\.0s\n", line)


def test_without_message_nothing_is_written(capsys):
    with elapsed_time("Bagging", None):
        pass
    assert capsys.readouterr().out == ""


def test_a_block_that_fails_was_not_done(capsys):
    with pytest.raises(ZeroDivisionError), elapsed_time("Bagging", "done"):
        fail_at_three(3)
    assert capsys.readouterr().out == ""


def fails_first(i):
    if i == 0:
        raise ZeroDivisionError
    time.sleep(0.2)


def test_a_failing_task_leaves_no_limit_on_blas_behind():
    def blas():
        pools = threadpoolctl.threadpool_info()
        return [pool["num_threads"] for pool in pools if pool["user_api"] == "blas"]

    before = blas()
    with pytest.raises(ZeroDivisionError):
        list(map_members(fails_first, [(0,), (1,)], n_jobs=2, prefer="threads"))
    time.sleep(0.5)  # until the task that was still running has left its own limit
    assert blas() == before


# Last, since an error in a process ends its pool, which takes seconds to start.


@every_pool
def test_an_error_in_a_task_reaches_the_caller(n_jobs, prefer):
    tasks = [(i,) for i in range(6)]
    with pytest.raises(ZeroDivisionError, match="member 3 failed"):
        list(map_members(fail_at_three, tasks, n_jobs=n_jobs, prefer=prefer))


@every_pool
def test_filters_of_warnings_reach_the_workers(n_jobs, prefer):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.filterwarnings("ignore", message="never .*", category=FutureWarning)
        warnings.filterwarnings("error", message="deadly")
        seen = map_members(
            warns, [("shown",), ("never shown",)], n_jobs=n_jobs, prefer=prefer
        )
        assert list(seen) == [1, 0]
        with pytest.raises(FutureWarning, match="deadly"):
            list(map_members(warns, [("deadly",)] * 2, n_jobs=n_jobs, prefer=prefer))
