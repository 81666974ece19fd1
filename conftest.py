"""Nets are tested, and their examples run, where torch and skorch are installed."""

from importlib.util import find_spec

import pytest
from threadpoolctl import threadpool_limits

from ensembles import _engine

collect_ignore_glob = []
if not (find_spec("torch") and find_spec("skorch")):
    collect_ignore_glob = ["ensembles/nets/*", "tests/nets/*", "docs/guide/nets.rst"]


@pytest.fixture(autouse=True)
def _twins_of_trees(monkeypatch):
    """Trees are grown by twins but in their own tests: kernels are compiled there."""
    monkeypatch.setattr(_engine, "_SECONDS_TO_LOAD", float("inf"))


@pytest.fixture
def by_numpy(monkeypatch):
    """Function that runs another one by numpy alone."""

    def run(function):
        with monkeypatch.context() as inner:
            inner.setattr(_engine, "_SECONDS_TO_LOAD", float("inf"))
            return function()

    return run


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    """Tables of tests are too small for more, and two workers share the cores."""
    with threadpool_limits(1):
        yield
