import sys
from pathlib import Path

import numpy as np
import pytest

# Tests share one list of instances; importlib mode puts no folder on the path.
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


# Folders of tests that compile kernels.
COMPILED = ("boosting", "trees")
# Groups of most tests are handed out first: what takes longest is not to come last.
GROUPS = {"test_drop_in.py": "scikit-learn", "test_contract.py": "scikit-learn"}


def group_of(nodeid):
    file = nodeid.partition("::")[0].removeprefix("tests/")
    folder = file.partition("/")[0]
    return folder if folder in COMPILED else GROUPS.get(file, file)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """One worker runs a file, or a folder whose kernels are to be compiled once.

    xdist 3.8 hands out each test alone under pytest 9.2, whatever its group: it writes
    the group to where pytest no longer reads it.
    """
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling

    class ByFile(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return group_of(nodeid)

    return ByFile(config, log)


@pytest.fixture
def rng():
    return np.random.default_rng(0)
