"""Kernels or twins: the same bits, whichever does the work."""

import logging
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numba
import numpy as np
import pytest
from numba.core.caching import CacheImpl, UserProvidedCacheLocator
from numpy.testing import assert_allclose, assert_array_equal

from ensembles import HistForestRegressor, _compiled, _engine
from ensembles.trees import (
    BinnedMatrix,
    Binner,
    HistTreeClassifier,
    HistTreeRegressor,
    _kernels_bins,
    _kernels_grow,
    _kernels_leaves,
    _kernels_rows,
)

CASES = {
    "values": (HistTreeRegressor(), 1),
    "two classes": (HistTreeClassifier(), 2),
    "four classes": (HistTreeClassifier(criterion="entropy", max_depth=4), 4),
    "cuts drawn": (HistTreeRegressor(splitter="random", max_features=2), 1),
    "some features": (HistTreeClassifier(max_features="sqrt"), 2),
    "best first": (HistTreeRegressor(max_leaf_nodes=7), 1),
}


def data(n_classes):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 5))
    X[rng.random(X.shape) < 0.1] = np.nan
    y = np.nan_to_num(X[:, 0]) + rng.normal(size=200)
    cuts = np.quantile(y, np.linspace(0, 1, n_classes + 1)[1:-1])
    return X, y if n_classes == 1 else np.digitize(y, cuts)


def fit(case):
    tree, n_classes = CASES[case]
    X, y = data(n_classes)
    tree = tree.set_params(random_state=3).fit(X, y)
    return tree.tree_, tree.predict(X)


@pytest.mark.parametrize("case", CASES)
def test_twins_grow_the_same_tree(case, monkeypatch):
    compiled, predicted = fit(case)
    monkeypatch.setattr(_engine, "_SECONDS_TO_LOAD", float("inf"))
    plain, also_predicted = fit(case)
    assert_array_equal(compiled.words, plain.words)
    assert_array_equal(compiled.leaf_values, plain.leaf_values)
    assert_array_equal(predicted, also_predicted)


def test_the_mean_of_trees_sends_missing_values_to_their_sides():
    X, y = data(1)
    forest = HistForestRegressor(10, random_state=0).fit(X, y)
    members = forest.predict_members(X)
    assert_allclose(forest.predict(X), members.mean(axis=0))


def test_memory_that_may_not_be_written_to_compiles_nothing_anew(tmp_path):
    """joblib hands large arrays to processes as memory-mapped files."""
    X, y = data(1)
    binned, tree = Binner().fit(X).bin(X), HistTreeRegressor(max_depth=5)
    weights = np.random.default_rng(0).integers(0, 3, len(y)) * 1.0
    task = tree._task(binned, y)
    words = task.grow(weights, 7).words
    kernels = [
        _kernels_grow._grow_from,
        _kernels_grow._enter,
        _kernels_rows.scan_rows,
        _kernels_rows.write_words,
        _kernels_leaves.sum_leaves,
    ]
    variants = [list(kernel.signatures) for kernel in kernels]

    def mapped(array):
        file = tmp_path / f"{id(array)}.npy"
        np.save(file, array)
        return np.load(file, mmap_mode="r")

    read_only = replace(
        task,
        binned=BinnedMatrix(mapped(binned.rows), mapped(binned.columns), binned.binner),
        target=replace(task.target, values=mapped(task.target.values)),
    )
    assert not read_only.target.values.flags.writeable
    assert_array_equal(read_only.grow(mapped(weights), 7).words, words)
    assert [list(kernel.signatures) for kernel in kernels] == variants


def run(code, **environment):
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, env=environment or None
    ).stdout


SMALL_FIT = """
import sys
import numpy as np
from ensembles import HistTreeRegressor
X = np.arange(40.0).reshape(20, 2)
for _ in range({fits}):
    HistTreeRegressor().fit(X, X[:, 0]).predict(X)
print("numba" in sys.modules)
"""


def test_a_small_fit_does_not_load_the_compiler():
    assert run(SMALL_FIT.format(fits=1)).strip() == "False"


@pytest.mark.slow
def test_many_small_fits_do():
    assert run(SMALL_FIT.format(fits=800)).strip() == "True"


def test_compiling_is_said_once_and_of_our_kernels_alone(caplog):
    class Event:
        def __init__(self, function):
            self.data = {"dispatcher": SimpleNamespace(py_func=function)}

    announcer = _compiled._Announcer()
    with caplog.at_level(logging.WARNING, logger="ensembles"):
        announcer.on_start(Event(np.mean))
        assert not caplog.records
        announcer.on_start(Event(_kernels_bins.assign_bins.py_func))
        announcer.on_start(Event(_kernels_bins.bin_values.py_func))
    (record,) = caplog.records
    assert "once for this install" in record.message


def test_where_nothing_can_be_kept_kernels_are_kept_with_temporary_files(monkeypatch):
    locators = [UserProvidedCacheLocator]
    monkeypatch.setattr(CacheImpl, "_locator_classes", locators)
    monkeypatch.setattr(numba.core.config, "CACHE_DIR", "")

    with pytest.raises(RuntimeError, match="no locator"):
        numba.njit(cache=True)(double)
    kept = _compiled.keep_compiled()(double)
    assert kept(2) == 4
    assert Path(tempfile.gettempdir()) in Path(kept.stats.cache_path).parents
    assert numba.core.config.CACHE_DIR == ""


def double(x):
    return 2 * x
