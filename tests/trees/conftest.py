"""Trees by compiled kernels, unless a test asks for their twins."""

from pathlib import Path

import pytest

from ensembles import _engine

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items):
    """One worker runs these tests, so that kernels are compiled once."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.xdist_group("trees"))


@pytest.fixture(autouse=True)
def _kernels(_twins_of_trees, monkeypatch):
    monkeypatch.setattr(_engine, "_SECONDS_TO_LOAD", 0.0)
