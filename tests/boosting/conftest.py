"""Kernels of boosters are compiled by the worker that compiles those of trees."""

from pathlib import Path

import numpy as np
import pytest

from ensembles import _engine

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("trees"))


@pytest.fixture(autouse=True)
def _kernels(_twins_of_trees, monkeypatch):
    monkeypatch.setattr(_engine, "_SECONDS_TO_LOAD", 0.0)


@pytest.fixture
def by_numpy(monkeypatch):
    """Function that runs another one by numpy alone."""

    def run(function):
        with monkeypatch.context() as inner:
            inner.setattr(_engine, "_SECONDS_TO_LOAD", np.inf)
            return function()

    return run
