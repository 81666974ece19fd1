import importlib
import sys

import pytest

from ensembles.exceptions import MissingDependencyError

pytest.importorskip("torch")
pytestmark = pytest.mark.nets


@pytest.mark.parametrize("missing", ["torch", "skorch"])
def test_import_without_a_dependency_names_the_extra(monkeypatch, missing):
    for name in [name for name in sys.modules if name.startswith("ensembles.nets")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingDependencyError, match=r'"ensembles\[nets\]"') as caught:
        importlib.import_module("ensembles.nets")
    assert f"needs {missing}" in str(caught.value)


def test_public_names_are_sorted_and_there():
    nets = importlib.import_module("ensembles.nets")
    assert nets.__all__ == sorted(nets.__all__)
    assert all(hasattr(nets, name) for name in nets.__all__)
