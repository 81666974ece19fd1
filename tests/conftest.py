import sys
from pathlib import Path

import numpy as np
import pytest

# Tests share one list of instances; importlib mode puts no folder on the path.
HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))


# Folders and files whose tests compile the kernels of trees: two workers that begin
# with them would both compile all of these, which takes minutes.
COMPILED = ("boosting", "trees", "test_contract.py", "test_drop_in.py")


def group_of(nodeid):
    """Tests that one worker runs; groups of most tests are handed out first."""
    file = nodeid.partition("::")[0].removeprefix("tests/")
    return "kernels" if file.partition("/")[0] in COMPILED else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """One worker runs a file, or all that compiles the kernels of trees.

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
