"""Boosting by compiled kernels, unless a test asks for their twins."""

import pytest

from ensembles import _engine


@pytest.fixture(autouse=True)
def _kernels(_twins_of_trees, monkeypatch):
    monkeypatch.setattr(_engine, "_SECONDS_TO_LOAD", 0.0)
