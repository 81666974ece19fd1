"""Boosting by compiled kernels, unless a test asks for their twins."""

import numpy as np
import pytest

from ensembles import _engine


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
